"""The runs of recurring jobs: arithmetic, so that a page of a long history costs what a page of a short one does."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunSeries(Generic[T]):
    """Runs of one source, `period` milliseconds apart.

    `first` is when the oldest began, `count` how many there are, `number` what the oldest is called.
    """

    source: T
    first: int
    period: int
    count: int
    number: int = 0

    def born(self, index: int) -> int:
        """When a run began; index 0 is the oldest."""
        return self.first + index * self.period

    def before(self, time: int) -> int:
        """How many runs began before this time."""
        if self.period == 0:
            return self.count if self.first < time else 0
        return min(self.count, max(0, -((self.first - time) // self.period)))

    def between(self, low: int, high: int) -> RunSeries[T]:
        """The runs that began at `low` or later and at `high` or before."""
        start, stop = self.before(low), self.before(high + 1)
        return RunSeries(self.source, self.born(start), self.period, max(0, stop - start), self.number + start)


def total(stretches: Sequence[RunSeries[T]]) -> int:
    """How many runs there are."""
    return sum(stretch.count for stretch in stretches)


def page(stretches: Sequence[RunSeries[T]], offset: int, limit: int) -> list[tuple[T, int, int]]:
    """A page of all runs, newest first: (source, number, when it began). Of two born together the later stretch's is newer.

    Costs the logarithm of the time that the runs span, not their number.
    """
    filled = [stretch for stretch in stretches if stretch.count]
    if offset >= total(filled) or limit <= 0:
        return []
    if len(filled) == 1 and filled[0].period:
        return _back_from(filled, filled[0].born(filled[0].count - 1 - offset), 0, limit)
    oldest = min(stretch.first for stretch in filled)
    newest = max(stretch.born(stretch.count - 1) for stretch in filled)
    # The page begins at the latest time since which more than `offset` runs began.
    times = range(oldest, newest + 1)
    start = times[bisect_left(times, True, key=lambda time: _since(filled, time) <= offset) - 1]
    return _back_from(filled, start, offset - _since(filled, start + 1), limit)


def _since(stretches: Sequence[RunSeries[T]], time: int) -> int:
    return sum(stretch.count - stretch.before(time) for stretch in stretches)


def _back_from(stretches: Sequence[RunSeries[T]], start: int, skip: int, limit: int) -> list[tuple[T, int, int]]:
    """The newest `limit` runs that began at `start` or before, without the first `skip` of them."""
    lefts = [stretch.before(start + 1) for stretch in stretches]
    heads = [(-stretches[place].born(left - 1), -place, left) for place, left in enumerate(lefts) if left]
    heapify(heads)
    collected: list[tuple[T, int, int]] = []
    while heads and len(collected) < skip + limit:
        born, place, left = heads[0]
        stretch = stretches[-place]
        collected.append((stretch.source, stretch.number + left - 1, -born))
        if left > 1:
            heapreplace(heads, (-stretch.born(left - 2), place, left - 1))
        else:
            heappop(heads)
    return collected[skip:]
