"""The polls of a job as a lane of a drawing: coloured spans of time, marks, an axis. Positions are in percent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ...definitions import Operation, State
from ..result import Poll, Timeline
from .text import counted, lasting

MARKS = 400
"""About so many marks are drawn at most; changes of status, errors, the first and the last poll are always drawn."""
TONES = 10
_STEPS_SHOWN = 8
_TICKS = 4
_SPACE_AFTER = 0.1
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TICK_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class StatusSpan:
    """A span of time with one status; `tone` is s0 to s9, or `odd` if the status is not documented."""

    left: float
    width: float
    label: str
    tone: str
    polls: int
    lasted: float

    @property
    def title(self) -> str:
        """The span in words."""
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
    """A labelled position on the axis."""

    left: float
    label: str


@dataclass(frozen=True, slots=True)
class JobLane:
    """The drawing of a job, and the same in words (`steps`, `outcome`)."""

    job: str
    begin: str
    spans: tuple[StatusSpan, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    polls: int
    errors: int
    ended: bool
    outcome: str

    @property
    def steps(self) -> tuple[StatusSpan, ...]:
        """The first statuses of the job, in order."""
        return self.spans[:_STEPS_SHOWN]

    @property
    def more(self) -> int:
        """How many spans come after `steps`."""
        return len(self.spans) - len(self.steps)


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: int
    span: float

    def left(self, time: float) -> float:
        return round(100.0 * (time - self.begin) / self.span, 3)


def lane_of(timeline: Timeline, operation: Operation) -> JobLane | None:
    """The lane of a job; None if it was never polled."""
    polls = sorted(timeline.polls, key=lambda poll: (poll.time, poll.number))
    if not polls:
        return None
    begin, end = polls[0].time, polls[-1].time
    scale = _Scale(begin, max(end - begin, 1) * (1 + _SPACE_AFTER))
    states = _states_by_name(operation)
    runs = list(_runs(polls))
    errors = sum(poll.times for poll in polls if poll.state is None)
    last = next((poll for poll in reversed(polls) if poll.state is not None), None)
    return JobLane(
        timeline.job,
        _time_text(begin),
        tuple(_spans(runs, begin + scale.span, scale, states)),
        tuple(_mark_of(poll, scale, states) for poll in _thin_out(polls, {id(run[0]) for run in runs})),
        tuple(_axis_ticks(end - begin, scale)),
        sum(poll.times for poll in polls),
        errors,
        bool(last and last.terminal),
        _outcome_text(last, states, (end - begin) / 1000),
    )


def _states_by_name(operation: Operation) -> dict[str, tuple[int, State]]:
    """The states of the operation's jobs, with their positions, by name and by the value that is sent."""
    states = list(enumerate(operation.job.states.values() if operation.job else ()))
    return {str(state.code): (position, state) for position, state in states} | {
        state.name: (position, state) for position, state in states
    }


def _state_name(sent: str, states: dict[str, tuple[int, State]]) -> str:
    state = states[sent][1].name if sent in states else sent
    return state if state == sent else f"{state} ({sent})"


def _runs(polls: list[Poll]) -> Iterator[list[Poll]]:
    """Groups of consecutive polls with the same status; polls that got an error belong to the status before."""
    run: list[Poll] = []
    for poll in polls:
        if poll.state is not None and run and run[0].state is not None and poll.state != run[0].state:
            yield run
            run = []
        if run and run[0].state is None and poll.state is not None:  # errors before the first status
            run = []
        run.append(poll)
    yield run


def _spans(runs: list[list[Poll]], end: float, scale: _Scale, states: dict[str, tuple[int, State]]) -> Iterator[StatusSpan]:
    for position, run in enumerate(runs):
        sent = run[0].state
        if sent is None:
            continue
        end_time = runs[position + 1][0].time if position + 1 < len(runs) else end
        left = scale.left(run[0].time)
        tone = f"s{states[sent][0] % TONES}" if sent in states else "odd"
        poll_count = sum(poll.times for poll in run if poll.state is not None)
        lasted = (min(end_time, run[-1].time if position + 1 == len(runs) else end_time) - run[0].time) / 1000
        yield StatusSpan(left, round(scale.left(end_time) - left, 3), _state_name(sent, states), tone, poll_count, lasted)


def _thin_out(polls: list[Poll], changes: set[int]) -> list[Poll]:
    if len(polls) <= MARKS:
        return polls
    interval = -(-len(polls) // MARKS)
    last = len(polls) - 1
    drawn = [
        poll
        for position, poll in enumerate(polls)
        if position % interval == 0 or position == last or id(poll) in changes or poll.state is None
    ]
    return drawn[:: -(-len(drawn) // (5 * MARKS))]  # for a job that changes with every poll


def _mark_of(poll: Poll, scale: _Scale, states: dict[str, tuple[int, State]]) -> Mark:
    kind = "error" if poll.state is None else "end" if poll.terminal else "poll"
    status = "an error" if poll.state is None else _state_name(poll.state, states)
    progress = "" if poll.progress is None else f", progress {poll.progress:g}"
    after = lasting((poll.time - scale.begin) / 1000)
    return Mark(scale.left(poll.time), kind, f"{after}: {status}{progress}, HTTP {poll.http} (exchange {poll.number})")


def _axis_ticks(span: int, scale: _Scale) -> Iterator[Tick]:
    seconds = span / 1000
    step = next((step for step in _TICK_STEPS if seconds / step <= _TICKS), None)
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
    except OverflowError:  # after the calendar's last year
        return f"{time} ms since 1970"
