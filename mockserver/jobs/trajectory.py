"""Where a job stands at an instant: a pure function of its life, its birth and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..definitions import JobLife, Life
from .clock import SECOND


@dataclass(frozen=True, slots=True)
class Moment:
    """A job at an instant. Times are milliseconds since 1970.

    `entered` says when each step so far began; `fraction` is how much of the present step has passed (0 to 1; 0 where the
    step lasts for ever), `last` the time of the last change a caller can see.
    """

    status: str
    terminal: bool
    born: int
    now: int
    entered: tuple[tuple[str, int], ...]
    fraction: float

    @property
    def since(self) -> int:
        """When the present step began."""
        return self.entered[-1][1]

    @property
    def ended(self) -> int | None:
        """When the job ended; None while it hasn't."""
        return self.since if self.terminal else None

    def first(self, *statuses: str) -> int | None:
        """When the job first entered one of these states; None where it hasn't."""
        return next((time for status, time in self.entered if status in statuses), None)

    def times(self, status: str) -> int:
        """How often the job has entered this state."""
        return sum(entered == status for entered, _ in self.entered)


@dataclass(frozen=True, slots=True)
class Job:
    """What a service module draws: who the job is, what was made up for it, where it stands, the wire codes of states."""

    identity: Mapping[str, str]
    profile: Mapping[str, Any]
    moment: Moment
    definition: JobLife


def moment_of(definition: JobLife, life: Life, born: int, now: int) -> Moment:
    """The job's moment. Before its birth a job shows its first state, not yet begun."""
    entered = []
    start = born
    for status, seconds in life.steps:
        entered.append((status, start))
        length = None if seconds is None else round(seconds * SECOND)
        if length is None or now < start + length:
            break
        start += length
    fraction = 0.0 if not length else min(max((now - start) / length, 0.0), 1.0)
    return Moment(status, definition.states[status].terminal, born, now, tuple(entered), fraction)
