"""A draft of an OpenAPI document from a HAR file (or a recording): what it shows of each operation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..definitions import load
from ..definitions.operation_forms import PATH_NAME
from ..diff.schema_from_recording import inferred
from ..errors import InputError
from ..exchanges.har import read_any


def draft_of_har(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The draft, and its gaps in words. Raises InputError for a file that can't be read, or holds no exchanges."""
    result = read_any(path)
    if not result.exchanges:
        raise InputError(f"{path} holds no exchanges; record some with `mockserver record`, or save them in a browser")
    source = inferred(str(path), result.exchanges, load())
    document: dict[str, Any] = next(dict(value) for value in source.documents.values())
    document["info"] = {"title": path.stem, "version": "0"}
    document["x-sources"] = {"recording": {"title": path.name}}
    document["x-provenance"] = {"kind": "analogous", "source": "recording", "note": "Read from recorded answers."}
    gaps = [str(note) for note in result.notes]
    for place, item in document["paths"].items():
        for method, node in item.items():
            gaps += _complete(place, method, node)
    return document, gaps


def _complete(path: str, method: str, node: dict[str, Any]) -> list[str]:
    declared_names = {parameter.get("name") for parameter in node.get("parameters", ())}
    missing_names = [name for name in PATH_NAME.findall(path) if name not in declared_names]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in missing_names]
    if parameters:
        node["parameters"] = [*node.get("parameters", ()), *parameters]
    where = f"{method.upper()} {path}"
    gaps = [f"{where}: the name and the form of {{{name}}} are a guess" for name in missing_names]
    if not any(status.startswith("4") for status in node.get("responses", {})):
        gaps.append(f"{where}: no error was recorded")
    if not any(status.startswith("2") for status in node.get("responses", {})):
        gaps.append(f"{where}: no success was recorded")
    return gaps
