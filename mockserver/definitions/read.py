"""Definition documents, from files to dicts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import DefinitionError
from ..package_data import folder
from .model import Document

CONTROL = "mockserver/control.json"
_SUFFIXES = (".json", ".yaml", ".yml")


def read_documents(extra: Iterable[Path] = ()) -> dict[str, Document]:
    """The shipped documents and the user's, by name: `vendor/file.json`, or the path of a user's file.

    `extra` names files (JSON or YAML) or folders of them. Raises DefinitionError for a file that can't be read.
    """
    root = folder("schemas")
    documents = {
        path.relative_to(root).as_posix(): _read(path, path.relative_to(root).as_posix())
        for path in sorted(root.glob("*/*.json"))
        if path.parent.name != "mockserver"  # the mock's own control API and the shape of definitions
    }
    for path in extra:
        for file in _files(path):
            documents[file.as_posix()] = _read(file, str(file))
    return documents


def read_control() -> Document:
    """The control API's own document."""
    return _read(folder("schemas") / CONTROL, CONTROL)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES)
        if not found:
            raise DefinitionError(str(path), "", "a folder without definitions", "*.json, *.yaml or *.yml in it")
        return found
    return [path]


def _read(path: Path, name: str) -> Document:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(name, "", f"a file that can't be read ({error})", "a JSON or YAML file in UTF-8") from error
    value = _parse(text, name, path.suffix)
    if not isinstance(value, dict):
        raise DefinitionError(name, "", f"a {type(value).__name__}", "an OpenAPI 3.1 document (an object)")
    return value


def _parse(text: str, name: str, suffix: str) -> Any:
    if suffix not in _SUFFIXES:
        raise DefinitionError(name, "", f"a file named *{suffix}", "*.json, *.yaml or *.yml")
    if suffix == ".json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DefinitionError(name, "", f"a file that is not JSON ({error})", "an OpenAPI 3.1 document") from error
    return _parse_yaml(text, name)


def _parse_yaml(text: str, name: str) -> Any:
    """What JSON can say of YAML: keys are text (`200:` as well), and so is what looks like a date."""
    import yaml  # only users' own documents are YAML, and it takes 20 ms

    forms = {
        first: [(tag, form) for tag, form in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        loader = type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": forms})
        return json.loads(json.dumps(yaml.load(text, loader)))  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        where = " ".join(str(error).split())
        raise DefinitionError(name, "", f"a file that is not YAML ({where})", "an OpenAPI 3.1 document") from error
