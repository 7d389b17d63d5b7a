"""`mockserver.yaml`: how the operations of a document live, said beside it, so that the document stays the vendor's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DefinitionError
from .files import BESIDE, read_value

INSIDE = "x-mockserver"
"""The member of a document that holds the same."""


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


def beside(path: Path, document: Any) -> Overlay | None:
    """What is said of a document, inside it or in `mockserver.yaml` beside it; None where nothing is."""
    if isinstance(document, dict) and INSIDE in document:
        value = document.pop(INSIDE)
        source, pointer = path.as_posix(), "/" + INSIDE
    else:
        file = next((path.with_name(name) for name in BESIDE if path.with_name(name).is_file()), None)
        if file is None or path.name in BESIDE:
            return None
        source, pointer, value = file.as_posix(), "", read_value(file, file.as_posix())
    if not isinstance(value, dict):
        raise DefinitionError(source, pointer, f"a {type(value).__name__}", "an object with service and jobs")
    named = value.get("document")
    if isinstance(named, str) and named != path.name:
        return None
    return Overlay(source, pointer, value)


def lay_over(document: dict[str, Any], overlay: Overlay) -> None:
    """Writes what the overlay says into the document."""
