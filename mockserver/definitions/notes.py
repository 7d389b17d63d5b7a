"""What of a user's document is left out or read in another way than written, by its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from .pointer import join


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on a document: where (`source`, `pointer`), what was found, what the mock makes of it."""

    source: str
    pointer: str
    found: str
    done: str

    def __str__(self) -> str:
        return f"{self.source}#{self.pointer}: found {self.found}; {self.done}"


@dataclass
class Notes:
    """The remarks made so far, each once."""

    entries: dict[Note, None] = field(default_factory=dict)

    def add(self, source: str, parts: tuple[str, ...], actual: str, done: str) -> None:
        """Remark on the place `parts` of the document `source`."""
        self.entries[Note(source, join(*parts), actual, done)] = None

    def all(self) -> tuple[Note, ...]:
        """All remarks, in order."""
        return tuple(self.entries)
