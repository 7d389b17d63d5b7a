"""Which status followed which: a table of documented and seen transitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...definitions import Operation
from .view import Share

_ARROW = " -> "
_UNDOCUMENTED_PREFIX = "transitions: "


@dataclass(frozen=True, slots=True)
class Cell:
    """A transition from one status to another; `kind`: seen, missing (documented, not seen), odd (seen, not documented), or
    none (neither)."""

    kind: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Matrix:
    """A row for each status that another one follows, a column for each status that follows another one."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def matrix_of(operation: Operation, shares: Sequence[Share], undocumented: Sequence[tuple[str, int]]) -> Matrix | None:
    """The matrix of an operation's jobs; None if it has no jobs, or no transitions."""
    share = next((share for share in shares if share.kind == "transitions"), None)
    if operation.job is None or share is None:
        return None
    cells = {_before_and_after(name): Cell("missing") for name in share.missing}
    cells |= {_before_and_after(name): Cell("seen", times) for name, times in share.seen}
    undocumented_cells = {
        _before_and_after(name.removeprefix(_UNDOCUMENTED_PREFIX)): Cell("odd", times)
        for name, times in undocumented
        if name.startswith(_UNDOCUMENTED_PREFIX) and name.count(_ARROW) == 1
    }
    cells |= undocumented_cells
    names = list(dict.fromkeys([*operation.job.states, *(state for states in undocumented_cells for state in states)]))
    columns = tuple(name for name in names if any(after == name for _, after in cells))
    rows = tuple(
        (before, tuple(cells.get((before, after), Cell("none")) for after in columns))
        for before in names
        if any(start == before for start, _ in cells)
    )
    return Matrix(columns, rows)


def _before_and_after(name: str) -> tuple[str, str]:
    before, _, after = name.partition(_ARROW)
    return before, after
