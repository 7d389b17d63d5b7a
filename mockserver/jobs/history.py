"""The runs of a recurring job: arithmetic, so that a page of a long history costs what a page of a short one does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class History:
    """Runs that begin every `period` milliseconds, from `first` on; run 0 is the oldest."""

    first: int
    period: int

    def born(self, run: int) -> int:
        """When a run began."""
        return self.first + run * self.period

    def between(self, low: int, high: int) -> range:
        """The runs that began at `low` or later and at `high` or before, oldest first."""
        start = max(0, -((self.first - low) // self.period))
        stop = (high - self.first) // self.period + 1
        return range(start, max(start, stop))


def newest_first(runs: range, offset: int, limit: int) -> list[int]:
    """A page of runs."""
    stop = len(runs) - offset
    return list(reversed(runs[max(0, stop - limit) : max(0, stop)]))
