"""Jobs as an answer shows them, read by the operation's `x-observation`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import vendor_times
from .json_path import MISSING, matches, value_at

if TYPE_CHECKING:
    from ..definitions import Operation

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


@dataclass(frozen=True, slots=True)
class JobView:
    """One job in one answer.

    `pointer` is where it stands; `state` its status by name (None: not a documented one), `sent` the status as it came;
    `times` are (place, milliseconds or None) in the definition's order; `impossible` are places of what is there, but is no
    time; `counts` and `constant` are (place, value) of what
    is there; `run` tells the runs of one job apart; `progress` is a percentage (None: not shown, or -1).
    """

    pointer: str
    node: Any
    state: str | None
    sent: Any
    terminal: bool
    id: str
    progress: float | None
    run: tuple[Any, ...]
    times: tuple[tuple[str, int | None], ...]
    impossible: tuple[str, ...]
    counts: tuple[tuple[str, float], ...]
    constant: tuple[tuple[str, Any], ...]


def job_views(operation: Operation, body: Any) -> Iterator[JobView]:
    """The jobs in a body of a successful answer; nothing where the operation has no `x-observation`."""
    observation = operation.observation
    if observation is None:
        return
    for pointer, job in matches(body, observation.jobs):
        if not isinstance(job, dict):
            continue
        sent = value_at(job, observation.status)
        state = _state(operation, sent, job)
        terminal = bool(state and operation.job and operation.job.states[state].terminal)
        name = value_at(job, observation.id) if observation.id else ""
        sent_times = [(time, _none_if_missing(value_at(job, time.at))) for time in observation.times]
        times = tuple((time.at, vendor_times.parse(time.form, value)) for time, value in sent_times)
        yield JobView(
            pointer=pointer,
            node=job,
            state=state,
            sent=None if sent is MISSING else sent,
            terminal=terminal,
            id="" if name is MISSING else str(name),
            progress=_progress_of(value_at(job, observation.progress)) if observation.progress else None,
            run=tuple(value_at(job, place) for place in observation.run),
            times=times,
            impossible=tuple(
                time.at
                for (time, value), (_, read) in zip(sent_times, times, strict=True)
                if read is None and _is_set(value)
            ),
            counts=tuple((place, value_at(job, place)) for place in observation.counts if _is_number(value_at(job, place))),
            constant=tuple(
                (place, value_at(job, place)) for place in observation.constant if value_at(job, place) is not MISSING
            ),
        )


def state_of(operation: Operation, body: Any) -> str | None:
    """The state of the only job in a body; None where there is none, or its status is not a documented one."""
    return next((look.state for look in job_views(operation, body)), None)


def _none_if_missing(value: Any) -> Any:
    return None if value is MISSING else value


def _is_set(value: Any) -> bool:
    """Whether something stands where a time should, of a type that times have."""
    return isinstance(value, str | int) and not isinstance(value, bool) and value not in ("", 0, "0")


def _is_number(value: Any) -> bool:
    """Whether it is a count or a share: not -1, which is: not available; nor what no 64 bits hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**63


def _state(operation: Operation, sent: Any, job: Any) -> str | None:
    """The state that a status stands for; of several, the first that what is beside the status doesn't contradict."""
    if operation.job is None:
        return None
    states = operation.job.states.items()
    names = [name for name, state in states if type(sent) is type(state.code) and sent == state.code]
    if len(names) < 2 or operation.job.drawing is None:
        return next(iter(names), None)
    drawing = operation.job.drawing
    present = [states for place, states in drawing.only.items() if value_at(job, place) not in (MISSING, None)]
    values = [(by_state, value_at(job, place)) for place, by_state in drawing.values.items()]
    fitting = (
        name
        for name in names
        if all(name in states for states in present)
        and all(value == by_state.get(name, value) for by_state, value in values)
    )
    return next(fitting, names[0])


def _progress_of(value: Any) -> float | None:
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value)
        return float(match[1]) if match and len(value) < 20 else None
    return float(value) if _is_number(value) else None
