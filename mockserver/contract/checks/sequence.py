"""Checks of several answers about one job: what may change from one poll to the next, and what must not."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from ...definitions import JobLife, Operation
from ...errors import excerpt
from ...exchanges.job_view import JobView
from ...exchanges.json_path import MISSING, decode_embedded, value_at
from ..findings import Finding, finding
from ..strictness import Strictness

JOBS = 10_000
"""At most so many jobs are remembered: those that were polled last."""
Span = tuple[float, float]
"""When a request was sent and when its answer was received (ms since 1970)."""


@dataclass
class JobHistory:
    """What is remembered of a job: its last view, when that was received (ms), and whether the last poll didn't find it."""

    view: JobView
    received: float | None
    is_missing: bool = False

    def follows(self, span: Span | None) -> bool:
        """True if an answer is surely later than the last view: its request was sent after that was received.

        Of two polls that overlap, nobody can tell which was answered first, so they are not compared.
        """
        return span is None or self.received is None or span[0] >= self.received


@dataclass
class JobHistories:
    """The histories of the jobs that were polled last, by their identities: at most `JOBS`."""

    by_job: OrderedDict[Hashable, JobHistory] = field(default_factory=OrderedDict)

    def record(
        self, operation: Operation, key: Hashable, view: JobView, span: Span | None, mode: Strictness
    ) -> tuple[str | None, list[Finding]]:
        """Remember a view; returns the change of state since the last view (`FROM -> TO`, or None), and the findings.

        A view that is older than the last one, or overlaps with it, is not compared.
        """
        history = self.by_job.get(key)
        if history is None:
            if len(self.by_job) >= JOBS:
                self.by_job.popitem(last=False)
            self.by_job[key] = JobHistory(view, span and span[1])
            return None, []
        self.by_job.move_to_end(key)
        if not history.follows(span):
            return None, []
        before, history.view, history.received, history.is_missing = history.view, view, span and span[1], False
        if before is view:  # the same answer once more
            return None, []
        change = f"{before.state} -> {view.state}" if before.state and view.state and before.state != view.state else None
        if _is_new_run(operation, before, view):
            return change, [
                *_check_counts(operation, before, view, across_runs=True),
                *_check_new_run(operation, before, view),
            ]
        return change, [*_check_same_run(operation, before, view), *_check_changes(operation, before, view, mode)]

    def record_missing(self, operation: Operation, key: Hashable, span: Span | None) -> list[Finding]:
        """Remember that a job was not found: a finding, reported once, if it was found before and hadn't ended."""
        history = self.by_job.get(key)
        if history is None or history.is_missing or history.view.terminal or not history.follows(span):
            return []
        history.is_missing = True
        actual = f"not found, after it was {history.view.state or excerpt(history.view.sent)}"
        provenance = operation.job.provenance if operation.job else None
        place = f"{operation.place}/x-job"
        return [finding("job-vanished", "polls", "", actual, "the job, until it has ended", place, provenance)]


def _run_changes(before: JobView, view: JobView) -> list[bool]:
    """For each value that tells runs apart and that both answers have: did it change? A time that is once a number and once
    a text (C-1 of CDM) is the same time."""
    pairs = zip(before.run, view.run, strict=True)
    return [str(old) != str(new) for old, new in pairs if MISSING not in (old, new)]


def _is_new_run(operation: Operation, before: JobView, view: JobView) -> bool:
    """True if it is surely another run: every value that tells runs apart changed, and none went back."""
    return all(changed := _run_changes(before, view)) and bool(changed) and not _run_went_back(operation, before, view)


def _run_went_back(operation: Operation, before: JobView, view: JobView) -> bool:
    """True if a value that tells runs apart and should only grow has fallen: a time, or a count of runs."""
    assert operation.observation is not None
    old, new = ({**dict(view.times), **dict(view.counts)} for view in (before, view))
    pairs = [(old.get(place), new.get(place)) for place in operation.observation.run]
    pairs += [(earlier, later) for earlier, later in zip(before.run, view.run, strict=True) if _are_numbers(earlier, later)]
    return any(earlier is not None and later is not None and later < earlier for earlier, later in pairs)


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _check_new_run(operation: Operation, before: JobView, view: JobView) -> Iterator[Finding]:
    """A finding for a new run that has ended with all times of the run before: only the count of runs is new."""
    observation = operation.observation
    assert observation is not None
    if not (before.terminal and view.terminal):  # a run that is tried again goes on with its times
        return
    planned = {time.at for time in observation.times if time.planned}
    new = dict(view.times)
    same_times = [
        (place, old, new[place]) for place, old in before.times if place not in planned and None not in (old, new[place])
    ]
    if len(same_times) > 1 and all(old == later for _, old, later in same_times):
        old, later = before.run[0], view.run[0]
        actual = f"{excerpt(old)}, then {excerpt(later)}, while {' and '.join(name[1:] for name, _, _ in same_times)} stay"
        pointer = view.pointer + observation.run[0]
        documented = "a new run has times of its own"
        yield finding("run-mixed", "polls", pointer, actual, documented, _source(operation), observation.provenance)


def _check_same_run(operation: Operation, before: JobView, view: JobView) -> Iterator[Finding]:
    """Findings where some values that tell runs apart changed and others didn't: neither the same run nor a new one.

    Times and counts have checks of their own.
    """
    observation = operation.observation
    assert observation is not None
    checked_elsewhere = {*(time.at for time in observation.times), *observation.counts, *observation.constant}
    for place, old, new in zip(observation.run, before.run, view.run, strict=True):
        if str(old) != str(new) and MISSING not in (old, new) and place not in checked_elsewhere:
            actual = f"{excerpt(old)}, then {excerpt(new)}, while {_other_changes(observation.run, place, before, view)}"
            documented = f"a new run changes {' and '.join(name[1:] for name in observation.run)}, forward"
            pointer = view.pointer + place
            yield finding("run-mixed", "polls", pointer, actual, documented, _source(operation), observation.provenance)


def _other_changes(run: tuple[str, ...], place: str, before: JobView, view: JobView) -> str:
    others = [
        f"{name[1:]} {'stays' if old == new else f'goes from {excerpt(old)} to {excerpt(new)}'}"
        for name, old, new in zip(run, before.run, view.run, strict=True)
        if name != place and MISSING not in (old, new)
    ]
    return " and ".join(others) or "nothing else changes"


def _check_changes(operation: Operation, before: JobView, view: JobView, mode: Strictness) -> Iterator[Finding]:
    yield from _check_state(operation, before, view)
    yield from _check_progress(operation, before, view, mode)
    yield from _check_counts(operation, before, view)
    yield from _check_times(operation, before, view)
    yield from _check_constant(operation, before, view)


def _source(operation: Operation) -> str:
    return f"{operation.place}/x-observation"


def _check_state(operation: Operation, before: JobView, view: JobView) -> Iterator[Finding]:
    job = operation.job
    if (
        job is None
        or before.state is None
        or view.state is None
        or before.state == view.state
        or operation.observation is None
    ):
        return
    pointer, actual = view.pointer + operation.observation.status, f"{before.state}, then {view.state}"
    if before.terminal:
        yield finding(
            "terminal-left",
            "polls",
            pointer,
            actual,
            f"{before.state} is an end",
            f"{operation.place}/x-job",
            job.provenance,
        )
    elif view.state not in reachable(job, before.state):
        documented_followers = ", ".join(sorted(job.transitions[before.state]))
        documented = f"after {before.state}: {documented_followers}, and what follows them"
        yield finding(
            "transition-undocumented", "polls", pointer, actual, documented, f"{operation.place}/x-job", job.provenance
        )


def reachable(job: JobLife, state: str) -> set[str]:
    """The states that a job can reach from this one, by any number of changes between two polls."""
    states: set[str] = set()
    unvisited = [state]
    while unvisited:
        unseen = job.transitions[unvisited.pop()] - states
        states |= unseen
        unvisited += unseen
    return states


def _check_progress(operation: Operation, before: JobView, view: JobView, mode: Strictness) -> Iterator[Finding]:
    observation = operation.observation
    if observation is None or observation.progress is None or before.progress is None or view.progress is None:
        return
    if view.terminal and mode.accepts(observation.progress_accepted):
        return
    if view.progress < before.progress:
        actual = f"{_number_text(before.progress)}, then {_number_text(view.progress)}"
        pointer = view.pointer + observation.progress
        yield finding(
            "progress-fell", "polls", pointer, actual, "progress grows", _source(operation), observation.provenance
        )


def _number_text(value: float) -> str:
    """The number without rounding."""
    return str(int(value)) if value.is_integer() else repr(value)


def _check_counts(operation: Operation, before: JobView, view: JobView, across_runs: bool = False) -> Iterator[Finding]:
    """Counts must grow within a run. `across_runs`: check only those that count the runs, and so must never fall."""
    assert operation.observation is not None
    pointers = [place for place in operation.observation.counts if place in operation.observation.run or not across_runs]
    now = dict(view.counts)
    for place, count in before.counts:
        if place in pointers and place in now and now[place] < count:
            actual = f"{excerpt(count)}, then {excerpt(now[place])}"
            pointer = view.pointer + place
            yield finding(
                "count-fell", "polls", pointer, actual, "counts grow", _source(operation), operation.observation.provenance
            )


def _check_times(operation: Operation, before: JobView, view: JobView) -> Iterator[Finding]:
    assert operation.observation is not None
    moving_times = {time.at for time in operation.observation.times if time.moves}
    for (place, earlier), (_, later) in zip(before.times, view.times, strict=True):
        if earlier is None:
            continue
        is_gone, has_moved = later is None, later is not None and later != earlier
        if is_gone or (has_moved and (place not in moving_times or (later or 0) < earlier)):
            actual = (
                f"{excerpt(_sent_value(before, place))}, then {'nothing' if is_gone else excerpt(_sent_value(view, place))}"
            )
            documented = "a time that only goes forward" if place in moving_times else "a time that stays as it is"
            pointer = view.pointer + place
            yield finding(
                "time-changed", "polls", pointer, actual, documented, _source(operation), operation.observation.provenance
            )


def _sent_value(view: JobView, place: str) -> object:
    value = value_at(view.node, place)
    return None if value is MISSING else value


def _check_constant(operation: Operation, before: JobView, view: JobView) -> Iterator[Finding]:
    now = dict(view.constant)
    assert operation.observation is not None
    for place, value in before.constant:
        if place in now and now[place] != value and decode_embedded(str(now[place])) != value:
            actual = f"{excerpt(value)}, then {excerpt(now[place])}"
            pointer = view.pointer + place
            yield finding(
                "identity-changed",
                "polls",
                pointer,
                actual,
                "always the same",
                _source(operation),
                operation.observation.provenance,
            )
