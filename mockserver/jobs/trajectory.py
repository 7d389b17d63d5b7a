"""Where a job stands at an instant: a pure function of its life, its birth and the time (or the number of polls)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..definitions import JobLife, Life
from ..errors import InputError, nearest_or_allowed
from ..record import record
from .clock import LATEST
from .duration import seconds


@record
class Moment:
    """A job at an instant. Times are milliseconds since 1970.

    `entered` says when each step so far began; `fraction` is how much of the present step has passed (0 to 1; 0 where the
    step lasts for ever). `until` is when time alone brings the job to its next step: `LATEST`, where it never does. `cut` is
    how much of the last step before the end had passed when the job was stopped.
    """

    status: str
    terminal: bool
    born: int
    now: int
    entered: tuple[tuple[str, int], ...]
    fraction: float
    until: int = LATEST
    cut: float = 1.0

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
        for status, time in self.entered:
            if status in statuses:
                return time
        return None

    def times(self, status: str) -> int:
        """How often the job has entered this state."""
        return sum(entered == status for entered, _ in self.entered)


@record
class Job:
    """What a service module draws: who the job is, what was made up for it, where it stands, the wire codes of states.

    `run` counts how often it was rerun.
    """

    identity: Mapping[str, str]
    profile: Mapping[str, Any]
    moment: Moment
    definition: JobLife
    run: int = 0


@record
class Progress:
    """What moves a job on, in moto's words: `time` on the clock, a number of `polls` for each status, or `immediate`."""

    kind: str = "time"
    polls: int = 1

    @classmethod
    def parse(cls, text: str) -> Progress:
        """`time`, `immediate`, `polls` or `polls:N`. Raises InputError."""
        match = re.fullmatch(r"(time|immediate|polls)(?::([1-9]\d{0,8}))?", text) if isinstance(text, str) else None
        if match is None or (match[2] and match[1] != "polls"):
            raise InputError(f"{text!r} is not a progress; allowed: time, immediate, polls, polls:N (answers per status)")
        return cls(match[1], int(match[2] or 1))


def moment_of(definition: JobLife, life: Life, born: int, now: int) -> Moment:
    """The moment of a job that moves with time. Before its birth a job shows its first state, not yet begun."""
    starts = life.starts
    at = max(1, bisect_right(starts, now - born))
    entered = tuple([(step[0], born + start) for step, start in zip(life.steps, starts[:at], strict=False)])
    status, start = entered[-1]
    terminal = definition.states[status].terminal
    if at == len(starts):
        return Moment(status, terminal, born, now, entered, 0.0, LATEST, life.cut)
    until = born + starts[at]
    fraction = max((now - start) / (until - start), 0.0) if until > start else 0.0
    return Moment(status, terminal, born, now, entered, fraction, until, life.cut)


def moment_at_end(definition: JobLife, life: Life, born: int, now: int) -> Moment:
    """The moment of a job that has come to the end of its life as soon as it was born."""
    entered = tuple((status, born) for status, _ in life.steps)
    status = entered[-1][0]
    return Moment(status, definition.states[status].terminal, born, now, entered, 0.0)


def moment_after(
    definition: JobLife, life: Life, born: int, now: int, times: Sequence[int], requested: int, polls: int
) -> Moment:
    """The moment of a job that moves with polls.

    `times` says when each step so far was entered, `asked` how often the present one was answered, of `polls` times.
    """
    entered = tuple((status, time) for (status, _), time in zip(life.steps, times, strict=False))
    status = entered[-1][0]
    fraction = 0.0 if len(entered) == len(life.steps) else (requested - 1) / polls
    return Moment(status, definition.states[status].terminal, born, now, entered, fraction)


def life_from(definition: JobLife, value: object) -> Life:
    """A life by its name, or from a list of steps: a status, or (status, duration); None lasts for ever.

    Raises InputError for a life, a status or a transition that is not documented, and for steps that make no sense.
    """
    if isinstance(value, str):
        if value not in definition.lives:
            raise InputError(f"{value!r} is not a life{nearest_or_allowed(value, list(definition.lives))}")
        return definition.lives[value]
    if not isinstance(value, list | tuple) or not value:
        raise InputError(f"{value!r} is not a life; allowed: a name, or a list of (status, duration)")
    steps = [_step_of(definition, step) for step in value]
    for (before, length), (after, _) in pairwise(steps):
        if after not in definition.transitions[before]:
            allowed = ", ".join(sorted(definition.transitions[before])) or "nothing: it is terminal"
            raise InputError(f"a life can't go from {before} to {after}; allowed: {allowed}")
        if length is None:
            raise InputError(f"the step {before} lasts for ever, but {after} comes after it; give it a duration")
    steps[-1] = (steps[-1][0], None)
    return Life("declared", "Declared by the user.", 0, tuple(steps))


def _step_of(definition: JobLife, step: object) -> tuple[str, float | None]:
    if not isinstance(step, str) and not (isinstance(step, list | tuple) and len(step) == 2):
        raise InputError(f"{step!r} is not a step; allowed: a status, or (status, duration)")
    status = step if isinstance(step, str) else str(step[0])
    if status not in definition.states:
        raise InputError(f"{status!r} is not a status{nearest_or_allowed(status, list(definition.states))}")
    if isinstance(step, str):
        return status, definition.states[status].seconds
    return status, None if step[1] is None else seconds(step[1])


def shortest_way(definition: JobLife, start: str, goal: str) -> list[str] | None:
    """The states after `start` on the shortest documented way to `goal`; None where there is no way."""
    ways = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] == goal:
            return way[1:]
        for follower in sorted(definition.transitions[way[-1]] - seen):
            seen.add(follower)
            ways.append([*way, follower])
    return None
