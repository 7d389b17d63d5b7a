"""What a test holds of a fault that it declared, and what faults look at in a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ..model import Request
from .active import Active, Faults


@dataclass(frozen=True)
class DeclaredFault:
    """A declared fault: `number` is the one that the journal names."""

    faults: Faults
    entry: Active

    @property
    def number(self) -> int:
        """Counted from 1 in each namespace."""
        return self.entry.number

    @property
    def served(self) -> int:
        """How many requests got it so far."""
        return self.entry.served

    def remove(self) -> None:
        """Take it away; nothing happens where it is gone already, such as by a reset."""
        if self.entry in self.faults.entries:
            self.faults.remove(self.entry.number)

    def as_json(self) -> dict[str, Any]:
        """The fault as `/_mock/faults` shows it."""
        return self.entry.as_json()


def values_of(request: Request, path_values: Mapping[str, str]) -> dict[str, str]:
    """A request's parameters by name, as text: those of its path, and of its query the first of each name."""
    pairs = parse_qsl(request.query, keep_blank_values=True, errors="replace")
    return {**dict(reversed(pairs)), **path_values}
