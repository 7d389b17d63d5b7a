"""Which status followed which: a table of what is documented and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...definitions import Operation
from .view import Share

_ARROW = " -> "
_STRANGE = "transitions: "


@dataclass(frozen=True, slots=True)
class Cell:
    """From one status to another: `kind` is seen, missing (documented, not seen), odd (seen, not documented) or none."""

    kind: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Matrix:
    """A row for each status that others follow, a column for each that follows one."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def matrix_of(operation: Operation, shares: Sequence[Share], strange: Sequence[tuple[str, int]]) -> Matrix | None:
    """The matrix of an operation's jobs; None where it has none, or no transition."""
    share = next((share for share in shares if share.kind == "transitions"), None)
    if operation.job is None or share is None:
        return None
    cells = {_ends(name): Cell("missing") for name in share.missing}
    cells |= {_ends(name): Cell("seen", times) for name, times in share.seen}
    odd = {
        _ends(name.removeprefix(_STRANGE)): Cell("odd", times)
        for name, times in strange
        if name.startswith(_STRANGE) and name.count(_ARROW) == 1
    }
    cells |= odd
    names = list(dict.fromkeys([*operation.job.states, *(end for ends in odd for end in ends)]))
    columns = tuple(name for name in names if any(after == name for _, after in cells))
    rows = tuple(
        (before, tuple(cells.get((before, after), Cell("none")) for after in columns))
        for before in names
        if any(start == before for start, _ in cells)
    )
    return Matrix(columns, rows)


def _ends(name: str) -> tuple[str, str]:
    before, _, after = name.partition(_ARROW)
    return before, after
