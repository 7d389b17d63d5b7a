"""Definition documents, from files to dicts in the mock's one form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import DefinitionError
from ..package_data import folder
from .files import Files, files_under, read_value
from .model import Document
from .normal_form import Taken, normalise
from .notes import Notes
from .overlay import beside, lay_over

CONTROL = "mockserver/control.json"


def read_documents(extra: Iterable[Path] = (), notes: Notes | None = None) -> dict[str, Document]:
    """The shipped documents and the user's, by name: `vendor/file.json`, or the path of a user's file.

    Args:
        extra: files (JSON or YAML: OpenAPI 3.x or Swagger 2.0) or folders of them.
        notes: takes what of the user's documents is left out, or read otherwise than written.

    Raises:
        DefinitionError: for a file that can't be read, or is no OpenAPI document.
    """
    root = folder("schemas")
    shipped = {
        path.relative_to(root).as_posix(): _shipped(path, path.relative_to(root).as_posix())
        for path in sorted(root.glob("*/*.json"))
        if path.parent.name != "mockserver"  # the mock's own control API and the shape of definitions
    }
    return {**shipped, **read_more(shipped, extra, notes)}


def read_more(shipped: Mapping[str, Document], extra: Iterable[Path], notes: Notes | None = None) -> dict[str, Document]:
    """The user's documents, which may refer to the shipped ones. As `read_documents`."""
    users: dict[str, Document] = {}
    for path in extra:
        documents = {**shipped, **users}
        names = {document["x-service"]["name"] for document in documents.values() if "x-service" in document}
        taken = Taken()
        for name, document in documents.items():
            taken.add(document, shipped=name in shipped)
        users |= read_users(path, notes if notes is not None else Notes(), names, taken)
    return users


def read_users(path: Path, notes: Notes, services: Collection[str] = (), taken: Taken | None = None) -> dict[str, Document]:
    """A user's documents, and what they refer to, in the normal form.

    `services` are names that services have already, `taken` is what else other documents have.
    """
    files = Files(path if path.is_dir() else path.parent)
    names = [files.read(file) for file in files_under(path)]
    if path.is_dir():
        roots = [name for name in names if isinstance(files.documents[name], dict) and _is_document(files.documents[name])]
        names = roots or names
    used, taken = set(services), taken or Taken()
    for name in names:
        overlay = beside(Path(name), files.documents[name])
        authored = isinstance(files.documents[name], dict) and "x-service" in files.documents[name]
        normalise(files, name, notes, overlay.service if overlay else None, taken)
        service = files.documents[name].get("x-service", {})
        if not authored and overlay is None:
            service["name"] = _free(service["name"], used)
        used.add(str(service.get("name")) if isinstance(service, dict) else "")
        if overlay is not None:
            lay_over(files.documents[name], overlay)
        taken.add(files.documents[name])
    documents = {name: document for name, document in files.documents.items() if isinstance(document, dict)}
    for name in documents.keys() - set(names):
        documents[name].pop("openapi", None)  # a whole document that is only referred to is a part: its paths aren't served
    return documents


def is_fragment(document: Document) -> bool:
    """Whether a document is only a part that others refer to."""
    return "openapi" not in document


def read_control() -> Document:
    """The control API's own document."""
    return _shipped(folder("schemas") / CONTROL, CONTROL)


def _shipped(path: Path, name: str) -> Document:
    value = read_value(path, name)
    if not isinstance(value, dict):
        raise DefinitionError(name, "", f"a {type(value).__name__}", "an OpenAPI 3.1 document (an object)")
    return value


def _is_document(value: dict[str, Any]) -> bool:
    return bool({"openapi", "swagger"} & value.keys())


def _free(name: str, used: Collection[str]) -> str:
    number, free = 2, name
    while free in used:
        free, number = f"{name}-{number}", number + 1
    return free
