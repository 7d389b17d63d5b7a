"""Jobs that a test declared: which requests they answer, how they move on, and what can be done to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from ..definitions import JobLife, Life
from ..errors import InputError
from ..record import record
from .clock import SECOND
from .trajectory import Moment, Progress, moment_after, moment_at_end, moment_of, shortest_way

WAITING = "NOT STARTED"
"""The status, for tests, of a job that waits for its start where the service has no status for that."""

MADE_UP = 0
"""The number of what nobody declared."""

Names = tuple[str, ...]
Values = tuple[str, ...]


@record
class JobSpec:
    """What was said of a job. Parts of its identity that were left out match any.

    `life` is None where chance gives each run its own. `born` and `visible` are milliseconds; `count` and `every`
    (milliseconds) make it the newest of many runs. `owner` is whose job it is (None: anybody's), `narrow` what a list's
    optional filters find it by; `facts` replace what would be made up. `run` counts how often it was rerun; `plan` is the
    life and the progress that it was declared with, once it was stopped: a rerun goes back to them. `place` is where it was
    declared: `file:line` or `file#pointer`, where that is known.

    `waiting`: nothing has started it yet. `history` are its runs that have ended, the oldest first; `ends` is, by number,
    the life of a list's runs that were stopped. `made_by` is the operation whose call made it, where a call did. `hidden` is
    how long a started run can't be seen, in milliseconds (None: as the call that starts it says).
    """

    number: int
    service: str
    match: Mapping[str, str]
    life: Life | None
    progress: Progress
    born: int
    visible: int
    count: int = 1
    every: int = 0
    owner: str | None = None
    narrow: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    run: int = 0
    plan: tuple[Life | None, Progress] | None = None
    place: str = ""
    waiting: bool = False
    history: tuple[JobSpec, ...] = ()
    ends: Mapping[int, Life] = field(default_factory=dict)
    made_by: str = ""
    hidden: int | None = None

    def first_born(self) -> int:
        """When the oldest of its runs was born."""
        return self.born - (self.count - 1) * self.every


@dataclass(slots=True)
class _Polls:
    """How far polling has brought a job: when it entered each step, and how often it was answered in the last one."""

    times: list[int]
    in_step: int = 0


class JobRegistry:
    """The declared jobs of a namespace. Thread-safe. A later declaration comes before an earlier one.

    `changes` grows with each change, and each poll that counts.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._by_number: dict[int, JobSpec] = {}
        self._index: dict[tuple[str, Names], dict[Values, dict[int, None]]] = {}
        self._deleted: dict[tuple[str, Names], set[Values]] = {}
        self._polls: dict[int, dict[Values, _Polls]] = {}
        self._next = 1
        self.changes = 0

    def add(self, declaration: JobSpec) -> JobSpec:
        """Declare a job; it gets its number."""
        with self._lock:
            numbered = replace(declaration, number=self._next)
            self._next += 1
            self.changes += 1
            self._by_number[numbered.number] = numbered
            place, values = _place(numbered)
            self._index.setdefault(place, {}).setdefault(values, {})[numbered.number] = None
            self._deleted.get(place, set()).discard(values)
            return numbered

    def get(self, number: int) -> JobSpec:
        """The declaration with this number. Raises InputError where there is none."""
        with self._lock:
            if number not in self._by_number:
                allowed_text = ", ".join(map(str, list(self._by_number)[:20])) or "none"
                raise InputError(f"there is no declared job {number}; declared: {allowed_text}")
            return self._by_number[number]

    def find(self, number: int) -> JobSpec | None:
        """The declaration with this number; None where there is none."""
        with self._lock:
            return self._by_number.get(number)

    @property
    def last(self) -> int:
        """The number of the newest declaration; 0 where there was none."""
        with self._lock:
            return self._next - 1

    def all(self) -> list[JobSpec]:
        """Every declaration, the oldest first."""
        with self._lock:
            return list(self._by_number.values())

    def matching(self, service: str, parameters: Mapping[str, Any]) -> list[JobSpec]:
        """The declarations that answer a request, the newest first."""
        if not self._index:
            return []
        with self._lock:
            numbers = [number for bucket in self._buckets(service, parameters) for number in bucket]
            return [self._by_number[number] for number in sorted(numbers, reverse=True)]

    def deleted(self, service: str, parameters: Mapping[str, Any]) -> bool:
        """Whether a job like this was declared and then deleted."""
        if not self._deleted:
            return False
        with self._lock:
            return any(
                _identity_values(names, parameters) in values
                for (other, names), values in self._deleted.items()
                if other == service
            )

    def _buckets(self, service: str, parameters: Mapping[str, Any]) -> Iterator[dict[int, None]]:
        for (other, names), buckets in self._index.items():
            values = _identity_values(names, parameters) if other == service else None
            if values in buckets:
                yield buckets[values]

    def delete(self, number: int) -> None:
        """Take a job away: from now on nobody knows it. Raises InputError for an unknown number."""
        with self._lock:
            declaration = self.get(number)
            self.changes += 1
            place, values = _place(declaration)
            del self._by_number[number]
            bucket = self._index[place][values]
            del bucket[number]
            if not bucket:
                del self._index[place][values]
                self._deleted.setdefault(place, set()).add(values)

    def update(self, number: int, **changes: Any) -> JobSpec:
        """Give a job another course; polls are counted again. Raises InputError for an unknown number."""
        with self._lock:
            before = self.get(number)
            changed = replace(before, **changes)
            self.changes += 1
            self._by_number[number] = changed
            if changed.match != before.match:
                self._move(before, changed)
            self._polls.pop(number, None)
            return changed

    def _move(self, before: JobSpec, changed: JobSpec) -> None:
        place, values = _place(before)
        del self._index[place][values][before.number]
        place, values = _place(changed)
        self._index.setdefault(place, {}).setdefault(values, {})[changed.number] = None

    def one_at_a_time(self) -> AbstractContextManager[bool]:
        """For a `with` block, let nobody else declare, start or stop a job."""
        return self._lock

    def moment(
        self, definition: JobLife, declared: JobSpec, life: Life, who: Values, now: int, born: int, poll: bool = True
    ) -> Moment:
        """Where a job stands; `who` is its whole identity, `poll` whether this is an answer that counts."""
        if declared.waiting:
            return Moment(definition.unstarted or WAITING, False, born, now, ((definition.unstarted or WAITING, born),), 0.0)
        if declared.progress.kind == "time":
            return moment_of(definition, life, born, now)
        if declared.progress.kind == "immediate":
            return moment_at_end(definition, life, born, now)
        with self._lock:
            polls = self._polls.setdefault(declared.number, {}).setdefault(who, _Polls([born]))
            now = max(now, polls.times[-1])  # of two requests at once, the later one may come here first
            if poll:
                self.changes += 1
                polls.in_step += 1
                if polls.in_step > declared.progress.polls and len(polls.times) < len(life.steps):
                    polls.times.append(now)
                    polls.in_step = 1
            times, requested = tuple(polls.times), max(polls.in_step, 1)
        return moment_after(definition, life, born, now, times, requested, declared.progress.polls)

    def furthest(self, definition: JobLife, declared: JobSpec, life: Life, now: int) -> Moment:
        """Where a job stands, without a poll: of one that moves with polls, the identity that was asked for most."""
        with self._lock:
            mine = self._polls.get(declared.number, {})
            counts = [(len(polls.times), polls.in_step, who) for who, polls in mine.items()]
        who = max(counts)[2] if counts else ()
        return self.moment(definition, declared, life, who, now, declared.born, poll=False)

    def clear(self) -> None:
        """Forget all; numbers begin at 1 again."""
        with self._lock:
            self._by_number.clear()
            self._index.clear()
            self._deleted.clear()
            self._polls.clear()
            self._next = 1
            self.changes += 1


def _place(declaration: JobSpec) -> tuple[tuple[str, Names], Values]:
    names = tuple(sorted(declaration.match))
    return (declaration.service, names), tuple(declaration.match[name] for name in names)


def _identity_values(names: Names, parameters: Mapping[str, Any]) -> Values:
    return tuple(str(parameters.get(name)) for name in names)


def truncate_life(definition: JobLife, action: str, moment: Moment) -> Life:
    """The life of a job that is stopped at this moment: what it was so far, then the shortest documented way out.

    `action` is `cancel` or `fail`. Raises InputError for a job that has ended, or a service that knows no such state.
    """
    goal = definition.actions.get(action)
    if goal is None:
        allowed_text = ", ".join(definition.actions) or "none"
        raise InputError(f"the service documents no state for {action!r}; it has: {allowed_text}")
    return ended_in(definition, goal, moment)


def ended_in(definition: JobLife, goal: str, moment: Moment) -> Life:
    """The life of a job that is led to this state from where it stands, by the shortest documented way.

    Raises InputError for a job that hasn't been started, or has ended, and where no way leads there.
    """
    if moment.status == WAITING:
        raise InputError("the job waits for its start")
    if moment.terminal:
        raise InputError(f"the job has ended ({moment.status}); rerun it first")
    way = shortest_way(definition, moment.status, goal)
    if way is None:
        raise InputError(f"no documented way leads from {moment.status} to {goal}")
    starts = [time for _, time in moment.entered] + [moment.now]
    lengths = [(later - earlier) / SECOND for earlier, later in pairwise(starts)]
    lived = [(status, length) for (status, _), length in zip(moment.entered, lengths, strict=True)]
    rest: list[tuple[str, float | None]] = [(status, 0.0) for status in way[:-1]] + [(way[-1], None)]
    return Life("stopped", f"Led to {goal}.", 0, (*lived, *rest), moment.fraction)


def as_lived(moment: Moment) -> Life:
    """The life that a job had up to this moment, however it came there."""
    lengths = [(later - earlier) / SECOND for (_, earlier), (_, later) in pairwise(moment.entered)]
    steps = [(status, length) for (status, _), length in zip(moment.entered, [*lengths, None], strict=True)]
    return Life("lived", "As it was.", 0, tuple(steps))


def next_run(declared: JobSpec, moment: Moment, now: int) -> JobSpec:
    """The same job, started again now: the run so far becomes history."""
    life, progress = declared.plan or (declared.life, declared.progress)
    past = replace(declared, life=as_lived(moment), progress=Progress(), plan=None, history=())
    runs = declared.history if declared.waiting or not moment.terminal else (*declared.history, past)
    run = declared.run + (0 if declared.waiting else 1)
    return replace(
        declared, life=life, progress=progress, plan=None, born=now, visible=now, run=run, waiting=False, history=runs
    )
