"""How much of a hand-written operation a draft has: its parameters, members and statuses, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..definitions import Operation
from ..definitions.by_status import ByStatus
from ..definitions.styles import types_of

_DEEPEST = 6


@dataclass(frozen=True)
class Score:
    """`same` are fields that the draft has with the definition's type, `typed` those of another type, `missing` the others;
    `more` is what only the draft has."""

    same: tuple[str, ...]
    typed: tuple[str, ...]
    missing: tuple[str, ...]
    more: tuple[str, ...]

    def __str__(self) -> str:
        total = len(self.same) + len(self.typed) + len(self.missing)
        counts = f"{len(self.typed)} of another type, {len(self.missing)} missing, {len(self.more)} more"
        return f"{len(self.same)} of {total} fields, {counts}"


def score(draft: Operation, definition: Operation) -> Score:
    """The draft's operation beside the definition's."""
    mine, theirs = dict(_fields(draft)), dict(_fields(definition))
    same = tuple(name for name, kind in theirs.items() if mine.get(name) == kind)
    typed = tuple(name for name, kind in theirs.items() if name in mine and mine[name] != kind)
    return Score(same, typed, tuple(theirs.keys() - mine.keys()), tuple(mine.keys() - theirs.keys()))


def _fields(operation: Operation) -> Iterator[tuple[str, str]]:
    for parameter in operation.parameters:
        yield (
            f"{parameter.location} {parameter.name}",
            f"{parameter.type} {'required' if parameter.required else 'optional'}",
        )
    assert isinstance(operation.answers, ByStatus)
    for status in operation.answers.statuses:
        yield f"status {status}", ""
    success = operation.answers.get(200)
    if success is not None:
        yield from _members(success.schema, "answer", 0)


def _members(schema: Any, place: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    for branch in (schema, *schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if not isinstance(branch, Mapping):
            continue
        for name, child in branch.get("properties", {}).items():
            yield f"{place} {name}", " or ".join(types_of(child))
            yield from _members(child, f"{place} {name}", depth + 1)
        if "items" in branch:
            yield from _members(branch["items"], f"{place} *", depth + 1)
