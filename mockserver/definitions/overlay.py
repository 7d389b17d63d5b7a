"""`mockserver.yaml`: how the operations of a document live, said beside it, so that the document stays the vendor's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DefinitionError, did_you_mean
from .files import file_beside, read_value
from .job_shorthand import job_extensions
from .walk import METHODS

INSIDE = "x-mockserver"
"""The member of a document that holds the same."""

_MEMBERS = ("document", "service", "jobs", "operations")
_EXTENSIONS = ("x-job", "x-observation", "x-action", "x-magic", "x-documented-request")


@dataclass(frozen=True)
class Overlay:
    """What is said beside a document: where it stands, and the value."""

    source: str
    pointer: str
    value: dict[str, Any]

    @property
    def service(self) -> str | None:
        """The name that the service gets."""
        name = self.value.get("service")
        return name if isinstance(name, str) else None

    def error(self, actual: str, allowed: str, *parts: str) -> DefinitionError:
        """The error that says what is wrong in it."""
        from .pointer import join

        return DefinitionError(self.source, self.pointer + join(*parts), actual, allowed)


def beside(path: Path, document: Any) -> Overlay | None:
    """What is said of a document, inside it or in `mockserver.yaml` beside it; None where nothing is."""
    if isinstance(document, dict) and INSIDE in document:
        value = document.pop(INSIDE)
        source, pointer = path.as_posix(), "/" + INSIDE
    else:
        file = file_beside(path)
        if file is None:
            return None
        source, pointer, value = file.as_posix(), "", read_value(file, file.as_posix())
    if not isinstance(value, dict):
        raise DefinitionError(source, pointer, f"a {type(value).__name__}", "an object with service and jobs")
    overlay = Overlay(source, pointer, value)
    for name in value:
        if name not in _MEMBERS:
            raise overlay.error(repr(name), f"one of {', '.join(_MEMBERS)}", name)
    named = value.get("document")
    return None if isinstance(named, str) and named != path.name else overlay


def lay_over(document: dict[str, Any], overlay: Overlay) -> None:
    """Writes what the overlay says into the operations of the document. Raises DefinitionError for what makes no sense."""
    for name, extensions in _entries(overlay, "operations"):
        node = _find_operation(document, overlay, name, "operations", name)[1]
        for keyword, value in extensions.items():
            if keyword not in _EXTENSIONS:
                raise overlay.error(repr(keyword), f"one of {', '.join(_EXTENSIONS)}", "operations", name, keyword)
            node[keyword] = value
    for name, job in _entries(overlay, "jobs"):
        path, node = _find_operation(document, overlay, name, "jobs", name)
        try:
            own, actions = job_extensions(document, path, node, job)
        except ValueError as error:
            result, _, allowed = str(error).partition("|")
            raise overlay.error(result, allowed or "as docs/your-api.md has it", "jobs", name) from None
        node.update(own)
        for (verb, other), action in actions.items():
            _find_operation(document, overlay, other, "jobs", name, verb)[1]["x-action"] = action


def _entries(overlay: Overlay, member: str) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = overlay.value.get(member, {})
    if not isinstance(entries, dict):
        raise overlay.error(repr(entries)[:80], "an object, by operation", member)
    for name, value in entries.items():
        if not isinstance(value, dict):
            raise overlay.error(repr(value)[:80], "an object", member, name)
        yield name, value


def _find_operation(document: Mapping[str, Any], overlay: Overlay, name: str, *parts: str) -> tuple[str, dict[str, Any]]:
    """The operation with this id, or written as `GET /path`, and its path."""
    allowed = []
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            node = item.get(method) if isinstance(item, dict) else None
            if isinstance(node, dict):
                if name in (node.get("operationId"), f"{method.upper()} {path}"):
                    return path, node
                allowed.append(str(node.get("operationId")))
    raise overlay.error(f"no operation {name!r}{did_you_mean(name, allowed)}", f"one of {', '.join(allowed[:30])}", *parts)
