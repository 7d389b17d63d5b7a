"""Operations that are like others (`x-like`): written out in full before anything reads them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import DefinitionError
from .model import Document
from .pointer import at, join, parts_of

LIKE = "x-like"
_ITS_OWN = ("x-documented-request", "description", "x-provenance")
_PATH_PARAMETER: Mapping[str, Any] = {
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "x-provenance": {"kind": "invented", "note": "No pattern is documented."},
}


def written_out(documents: Mapping[str, Document]) -> dict[str, Document]:
    """The documents with each operation that has `x-like` written out: what it doesn't say itself is the other's.

    It has the other's parameters, but of those in the path only the ones that its path has, and a plain one for each other
    part of its path; its `x-action` is the other's, with facts of its own. Raises DefinitionError for an operation that no
    document has, or that is like another one itself.
    """
    allowed_names = {
        node["operationId"]: (name, node) for name, _, node in _operations_of(documents) if "operationId" in node
    }
    new = {name: copy.deepcopy(document) for name, document in documents.items() if _has_like(document)}
    for name, (path, method), node in _operations_of(documents):
        if LIKE in node:
            base_name, base = allowed_names.get(node[LIKE], ("", {}))
            if not base or LIKE in base:
                actual = f"{node[LIKE]!r}, which {'is like another one itself' if base else 'no document has'}"
                allowed = "the operationId of an operation that is written out"
                raise DefinitionError(name, join("paths", path, method, LIKE), actual, allowed)
            full = {**base, "parameters": [_resolved(documents[base_name], item) for item in base.get("parameters", ())]}
            new[name]["paths"][path][method] = _merged(full if base_name == name else _absolute(full, base_name), node, path)
    return {**documents, **new}


def _resolved(document: Document, node: Any) -> Any:
    """A parameter, or the one in the same document that it refers to."""
    reference = node.get("$ref", "") if isinstance(node, dict) else ""
    try:
        return at(document, parts_of(reference[1:])) if reference.startswith("#/") else node
    except KeyError:
        return node  # reported where references are checked


def _has_like(document: Document) -> bool:
    return any(LIKE in node for _, _, node in _operations_of({"": document}))


def _operations_of(documents: Mapping[str, Document]) -> Iterator[tuple[str, tuple[str, str], dict[str, Any]]]:
    for name, document in documents.items():
        paths = document.get("paths", {})
        for path, item in paths.items() if isinstance(paths, dict) else ():
            for method, node in item.items() if isinstance(item, dict) else ():
                if isinstance(node, dict):
                    yield name, (path, method), node


def _absolute(node: Any, name: str) -> Any:
    """A copy whose references to its own document, or to one beside it, work from any document, without its marks."""
    if isinstance(node, list):
        return [_absolute(child, name) for child in node]
    if not isinstance(node, dict):
        return node
    folder = name.rpartition("/")[0]
    return {
        key: _from_anywhere(value, name, folder) if key == "$ref" and isinstance(value, str) else _absolute(value, name)
        for key, value in node.items()
        if key not in ("x-provenance", "x-provenance-of")  # which name sources of that document
    }


def _from_anywhere(reference: str, name: str, folder: str) -> str:
    file, _, pointer = reference.partition("#")
    return f"/{folder}/{file}#{pointer}" if file else f"/{name}#{pointer}"


def _merged(base: Mapping[str, Any], own: Mapping[str, Any], path: str) -> dict[str, Any]:
    merged = {key: value for key, value in base.items() if key not in _ITS_OWN}
    merged |= {key: value for key, value in own.items() if key != LIKE}
    merged["parameters"] = list(_merged_parameters(base, own, path))
    if "responses" not in own:
        merged["responses"] = _told_whose(base["responses"], own)
    if "x-action" in own and "x-action" in base:
        facts = {**base["x-action"].get("facts", {}), **own["x-action"].get("facts", {})}
        merged["x-action"] = {**base["x-action"], **own["x-action"], "facts": facts}
    return merged


def _told_whose(responses: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """The other's responses, whose examples of what is served are no longer where they come from.

    Where they only refer to examples elsewhere, they are the other's very object: it is compiled once for all.
    """
    if not any("content" in response for status, response in responses.items() if status < "300"):
        return responses
    source = own.get("x-provenance") or {"kind": "invented", "note": f"As {own[LIKE]} has it."}
    result = copy.deepcopy(dict(responses))
    for status, response in result.items():
        for content in response.get("content", {}).values() if status < "300" else ():
            for example in content.get("examples", {}).values():
                example["x-provenance"] = source
    return result


def _merged_parameters(base: Mapping[str, Any], own: Mapping[str, Any], path: str) -> Iterator[Any]:
    left = re.findall(r"{(\w+)}", path)
    mine = own.get("parameters", ())
    theirs = [item for item in base["parameters"] if item.get("in") != "path" or item.get("name") in left]
    names = {item.get("name") for item in (*mine, *theirs)}
    yield from theirs
    yield from ({"name": name, **_PATH_PARAMETER} for name in left if name not in names)
    yield from mine
