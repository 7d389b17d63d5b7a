"""Jobs as an answer shows them, read as the operation's `x-observation` says."""

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

    Places are JSON pointers inside the job.

    Attributes:
        pointer: The job's pointer in the body.
        node: The job's JSON.
        state: The name of its status; None: not a documented one.
        sent: The status as it was sent.
        terminal: Whether the status is an end.
        id: The job's id in the answer, or "".
        progress: In percent; None: not shown, or -1.
        run: The values that tell the runs of one job apart.
        times: (place, milliseconds or None), in the definition's order.
        impossible: Places of values that should be times, but are not.
        counts: (place, value) of the counts that the job has.
        constant: (place, value) of the members that never change.
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
    """The jobs in the body of a successful answer; none if the operation has no `x-observation`."""
    observation = operation.observation
    if observation is None:
        return
    for pointer, job in matches(body, observation.jobs):
        if not isinstance(job, dict):
            continue
        status = value_at(job, observation.status)
        state = _state_name(operation, status, job)
        terminal = bool(state and operation.job and operation.job.states[state].terminal)
        job_id = value_at(job, observation.id) if observation.id else ""
        raw_times = [(field, _none_if_missing(value_at(job, field.at))) for field in observation.times]
        times = tuple((field.at, vendor_times.parse(field.form, value)) for field, value in raw_times)
        yield JobView(
            pointer=pointer,
            node=job,
            state=state,
            sent=None if status is MISSING else status,
            terminal=terminal,
            id="" if job_id is MISSING else str(job_id),
            progress=_progress_of(value_at(job, observation.progress)) if observation.progress else None,
            run=tuple(value_at(job, place) for place in observation.run),
            times=times,
            impossible=tuple(
                field.at
                for (field, value), (_, parsed) in zip(raw_times, times, strict=True)
                if parsed is None and _is_set(value)
            ),
            counts=tuple((place, value_at(job, place)) for place in observation.counts if _is_number(value_at(job, place))),
            constant=tuple(
                (place, value_at(job, place)) for place in observation.constant if value_at(job, place) is not MISSING
            ),
        )


def state_of(operation: Operation, body: Any) -> str | None:
    """The state of the first job in a body; None if there is no job, or its status is not documented."""
    return next((view.state for view in job_views(operation, body)), None)


def _none_if_missing(value: Any) -> Any:
    return None if value is MISSING else value


def _is_set(value: Any) -> bool:
    """True if the value has a type that times have, and isn't empty."""
    return isinstance(value, str | int) and not isinstance(value, bool) and value not in ("", 0, "0")


def _is_number(value: Any) -> bool:
    """True if it is a count or a share: not -1, which means not available, and not more than 64 bits can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**63


def _state_name(operation: Operation, sent: Any, job: Any) -> str | None:
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
