"""One change between two documents, and the collector that counts what many operations share once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from ..definitions.node import Node
from ..errors import excerpt
from .rules import LEVELS, RULES
from .schema_text import canonical


class Nothing(Enum):
    """The value of what is not there: unlike null, no value at all."""

    ABSENT = "nothing"


ABSENT = Nothing.ABSENT


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Parameters: `code`, a key of `RULES`; `operations`, the ids of those that it touches; `at`, the place for a reader
    (`response 200 /submissions/*/status`); `old_at` and `new_at`, `file#pointer` into OLD and NEW (where one side has
    nothing, of what would hold it); `old` and `new`, the values, or ABSENT; `detail`, a word more, where the code
    alone leaves a question.
    """

    code: str
    operations: tuple[str, ...]
    at: str
    old_at: str
    new_at: str
    old: Any = ABSENT
    new: Any = ABSENT
    detail: str = ""

    @property
    def level(self) -> str:
        """breaking, risky or harmless."""
        return RULES[self.code].level

    @property
    def why(self) -> str:
        """What it does to a poller."""
        return RULES[self.code].why

    def __str__(self) -> str:
        place = f"{', '.join(self.operations)}: {self.at}" if self.operations else self.at
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.level} {self.code} at {place}{detail}: {text_of(self.old)} -> {text_of(self.new)}. {self.why}"

    def as_json(self) -> dict[str, Any]:
        """The change as the JSON report has it; `old` and `new` are left out where there is nothing."""
        values = {key: value for key, value in (("old", self.old), ("new", self.new)) if value is not ABSENT}
        return {
            "code": self.code,
            "class": self.level,
            "operations": list(self.operations),
            "at": self.at,
            "old_at": self.old_at,
            "new_at": self.new_at,
            **values,
            "detail": self.detail,
            "why": self.why,
        }


def text_of(value: Any, limit: int = 160) -> str:
    """A value as a reader sees it."""
    return "nothing" if value is ABSENT else excerpt(value, limit)


class Changes:
    """Collects changes; one at the same two places of the documents is one change, whichever operations it reaches."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, ...], Change] = {}

    def add(
        self,
        code: str,
        operation: str,
        at: str,
        places: tuple[Node, Node],
        old: Any = ABSENT,
        new: Any = ABSENT,
        *,
        detail: str = "",
    ) -> None:
        """Add a change of an operation ("" where it is the document's); `places` are those in OLD and NEW."""
        old_at, new_at = (place.where for place in places)
        key = (code, old_at, new_at, canonical(old), canonical(new), detail)
        previous = self._by_key.get(key)
        if previous is None:
            self._by_key[key] = Change(code, (operation,) if operation else (), at, old_at, new_at, old, new, detail)
        elif operation and operation not in previous.operations:
            self._by_key[key] = replace(previous, operations=(*previous.operations, operation))

    def sorted(self) -> list[Change]:
        """All, the worst first, else in the order found."""
        return sorted(self._by_key.values(), key=lambda change: LEVELS.index(change.level))

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def touched(self) -> set[str]:
        """The documents, of OLD and NEW, in which something was found."""
        return {place.partition("#")[0] for change in self._by_key.values() for place in (change.old_at, change.new_at)}


def at_least(changes: Iterable[Change], level: str) -> list[Change]:
    """Those of this class, or of a worse one."""
    return [change for change in changes if LEVELS.index(change.level) <= LEVELS.index(level)]
