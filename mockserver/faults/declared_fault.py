"""The handle of a fault that a test declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .registry import ActiveFault, FaultRegistry


@dataclass(frozen=True)
class DeclaredFault:
    """A fault that a test declared; the journal names it by its `number`."""

    faults: FaultRegistry
    entry: ActiveFault

    def __repr__(self) -> str:
        return f"<fault #{self.number} {self.entry.fault.kind} for {self.entry.fault.target}, served {self.served}>"

    @property
    def number(self) -> int:
        """Counted from 1 in each namespace."""
        return self.entry.number

    @property
    def served(self) -> int:
        """How many requests have got it so far."""
        return self.entry.served

    def remove(self) -> None:
        """Remove it; nothing happens if it is already gone, such as after a reset."""
        if self.entry in self.faults.entries:
            self.faults.remove(self.entry.number)

    def as_json(self) -> dict[str, Any]:
        """The fault as `/_mock/faults` shows it."""
        return self.entry.as_json()
