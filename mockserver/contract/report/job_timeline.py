"""The polls of a job as a lane of a drawing: coloured stretches of time, marks, an axis. Places are in percent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ...definitions import Operation, State
from ..result import Poll, Timeline
from .text import counted, lasting

MARKS = 400
"""At most about so many marks are drawn; changes of status, errors, the first and the last poll always are."""
TONES = 10
_STEPS_SHOWN = 8
_TICKS = 4
_AFTER = 0.1
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NICE = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class StatusSpan:
    """A time of one status: `tone` is s0 to s9, or `odd` where the status is not documented."""

    left: float
    width: float
    label: str
    tone: str
    polls: int
    lasted: float

    @property
    def title(self) -> str:
        """In words."""
        odd = ", not documented" if self.tone == "odd" else ""
        return f"{self.label}{odd}: {counted(self.polls, 'poll')}, {lasting(self.lasted)}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A poll: `kind` is poll, error or end."""

    left: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place of the axis."""

    left: float
    label: str


@dataclass(frozen=True, slots=True)
class JobLane:
    """A job's drawing, and the same in words (`steps`, `outcome`)."""

    job: str
    begin: str
    stretches: tuple[StatusSpan, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    polls: int
    errors: int
    ended: bool
    outcome: str

    @property
    def steps(self) -> tuple[StatusSpan, ...]:
        """The first statuses of the job, in order."""
        return self.stretches[:_STEPS_SHOWN]

    @property
    def more(self) -> int:
        """How many changes of status come after `steps`."""
        return len(self.stretches) - len(self.steps)


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: int
    span: float

    def left(self, time: float) -> float:
        return round(100.0 * (time - self.begin) / self.span, 3)


def lane_of(timeline: Timeline, operation: Operation) -> JobLane | None:
    """The lane of a job; None where it was never polled."""
    polls = sorted(timeline.polls, key=lambda poll: (poll.time, poll.number))
    if not polls:
        return None
    begin, end = polls[0].time, polls[-1].time
    scale = _Scale(begin, max(end - begin, 1) * (1 + _AFTER))
    states = _states_by_name(operation)
    runs = list(_runs(polls))
    errors = sum(poll.times for poll in polls if poll.state is None)
    last = next((poll for poll in reversed(polls) if poll.state is not None), None)
    return JobLane(
        timeline.job,
        _time_text(begin),
        tuple(_stretches(runs, begin + scale.span, scale, states)),
        tuple(_mark(poll, scale, states) for poll in _thinned(polls, {id(run[0]) for run in runs})),
        tuple(_ticks(end - begin, scale)),
        sum(poll.times for poll in polls),
        errors,
        bool(last and last.terminal),
        _outcome_text(last, states, (end - begin) / 1000),
    )


def _states_by_name(operation: Operation) -> dict[str, tuple[int, State]]:
    """The states of the operation's jobs, with their place among all, by name and by value on the wire."""
    states = list(enumerate(operation.job.states.values() if operation.job else ()))
    return {str(state.code): (place, state) for place, state in states} | {
        state.name: (place, state) for place, state in states
    }


def _state_name(sent: str, states: dict[str, tuple[int, State]]) -> str:
    state = states[sent][1].name if sent in states else sent
    return state if state == sent else f"{state} ({sent})"


def _runs(polls: list[Poll]) -> Iterator[list[Poll]]:
    """Polls that show one status in a row; those that got an error belong to the status before."""
    run: list[Poll] = []
    for poll in polls:
        if poll.state is not None and run and run[0].state is not None and poll.state != run[0].state:
            yield run
            run = []
        if run and run[0].state is None and poll.state is not None:  # errors before the first status
            run = []
        run.append(poll)
    yield run


def _stretches(
    runs: list[list[Poll]], end: float, scale: _Scale, states: dict[str, tuple[int, State]]
) -> Iterator[StatusSpan]:
    for place, run in enumerate(runs):
        sent = run[0].state
        if sent is None:
            continue
        until = runs[place + 1][0].time if place + 1 < len(runs) else end
        left = scale.left(run[0].time)
        tone = f"s{states[sent][0] % TONES}" if sent in states else "odd"
        seen = sum(poll.times for poll in run if poll.state is not None)
        lasted = (min(until, run[-1].time if place + 1 == len(runs) else until) - run[0].time) / 1000
        yield StatusSpan(left, round(scale.left(until) - left, 3), _state_name(sent, states), tone, seen, lasted)


def _thinned(polls: list[Poll], changes: set[int]) -> list[Poll]:
    if len(polls) <= MARKS:
        return polls
    every = -(-len(polls) // MARKS)
    last = len(polls) - 1
    thinned = [
        poll
        for place, poll in enumerate(polls)
        if place % every == 0 or place == last or id(poll) in changes or poll.state is None
    ]
    return thinned[:: -(-len(thinned) // (5 * MARKS))]  # a job that does nothing but change


def _mark(poll: Poll, scale: _Scale, states: dict[str, tuple[int, State]]) -> Mark:
    kind = "error" if poll.state is None else "end" if poll.terminal else "poll"
    status = "an error" if poll.state is None else _state_name(poll.state, states)
    progress = "" if poll.progress is None else f", progress {poll.progress:g}"
    after = lasting((poll.time - scale.begin) / 1000)
    return Mark(scale.left(poll.time), kind, f"{after}: {status}{progress}, HTTP {poll.http} (exchange {poll.number})")


def _ticks(span: int, scale: _Scale) -> Iterator[Tick]:
    seconds = span / 1000
    step = next((nice for nice in _NICE if seconds / nice <= _TICKS), None)
    if step is None:
        step = 86_400 * -(-seconds // (86_400 * _TICKS))
    count = int(seconds / step) if seconds else 0
    for number in range(count + 1):
        yield Tick(scale.left(scale.begin + number * step * 1000), lasting(number * step))


def _outcome_text(last: Poll | None, states: dict[str, tuple[int, State]], seconds: float) -> str:
    if last is None or last.state is None:
        return f"Never showed a status in {lasting(seconds)}."
    if last.terminal:
        return f"Ended as {_state_name(last.state, states)}."
    return f"Not ended: still {_state_name(last.state, states)} after {lasting(seconds)}."


def _time_text(time: int) -> str:
    try:
        return (_EPOCH + timedelta(milliseconds=time)).strftime("%Y-%m-%d %H:%M:%S UTC")
    except OverflowError:  # later than the calendar's last year
        return f"{time} ms since 1970"
