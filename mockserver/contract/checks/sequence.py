"""Several answers about one job: what may change from one poll to the next, and what must not."""

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
"""So many jobs are remembered: those that were looked at last."""
Span = tuple[float, float]
"""When a request was sent and when its answer was received (ms since 1970)."""


@dataclass
class JobHistory:
    """What is remembered of a job: its last look, when that was received (ms), and whether it was found last time."""

    look: JobView
    received: float | None
    lost: bool = False

    def follows(self, span: Span | None) -> bool:
        """Whether an answer is surely later than the last look: its request was sent after that was received.

        Which of two polls that overlap was answered first nobody can tell, so they are not compared.
        """
        return span is None or self.received is None or span[0] >= self.received


@dataclass
class JobHistories:
    """The jobs that were looked at last, by who they are: `JOBS` of them."""

    by_job: OrderedDict[Hashable, JobHistory] = field(default_factory=OrderedDict)

    def look(
        self, operation: Operation, key: Hashable, look: JobView, span: Span | None, mode: Strictness
    ) -> tuple[str | None, list[Finding]]:
        """Remember a look; the change of state since the last one (`FROM -> TO`, None: none), and what is wrong with it.

        A look that is older than the last one, or overlaps with it, is judged by itself only.
        """
        track = self.by_job.get(key)
        if track is None:
            if len(self.by_job) >= JOBS:
                self.by_job.popitem(last=False)
            self.by_job[key] = JobHistory(look, span and span[1])
            return None, []
        self.by_job.move_to_end(key)
        if not track.follows(span):
            return None, []
        before, track.look, track.received, track.lost = track.look, look, span and span[1], False
        if before is look:  # the same answer once more
            return None, []
        change = f"{before.state} -> {look.state}" if before.state and look.state and before.state != look.state else None
        if _is_new_run(operation, before, look):
            return change, [*_check_counts(operation, before, look, always=True), *_check_new_run(operation, before, look)]
        return change, [*_check_run(operation, before, look), *_check_change(operation, before, look, mode)]

    def lose(self, operation: Operation, key: Hashable, span: Span | None) -> list[Finding]:
        """The job is not found: wrong where it was found before and hadn't ended; reported once."""
        track = self.by_job.get(key)
        if track is None or track.lost or track.look.terminal or not track.follows(span):
            return []
        track.lost = True
        actual = f"not found, after it was {track.look.state or excerpt(track.look.sent)}"
        provenance = operation.job.provenance if operation.job else None
        place = f"{operation.place}/x-job"
        return [finding("job-vanished", "polls", "", actual, "the job, until it has ended", place, provenance)]


def _changed_run(before: JobView, look: JobView) -> list[bool]:
    """Of what tells runs apart and both answers show, whether it changed; a time that comes as a number here and as text
    there (C-1 of CDM) is the same time."""
    pairs = zip(before.run, look.run, strict=True)
    return [str(old) != str(new) for old, new in pairs if MISSING not in (old, new)]


def _is_new_run(operation: Operation, before: JobView, look: JobView) -> bool:
    """Whether it is another run in every respect: all that tells runs apart changed, and none of it went back."""
    return all(changed := _changed_run(before, look)) and bool(changed) and not _went_back(operation, before, look)


def _went_back(operation: Operation, before: JobView, look: JobView) -> bool:
    """Whether something that tells runs apart and only grows has fallen: a time, or a count of runs."""
    assert operation.observation is not None
    old, new = ({**dict(view.times), **dict(view.counts)} for view in (before, look))
    pairs = [(old.get(place), new.get(place)) for place in operation.observation.run]
    pairs += [(earlier, later) for earlier, later in zip(before.run, look.run, strict=True) if _are_numbers(earlier, later)]
    return any(earlier is not None and later is not None and later < earlier for earlier, later in pairs)


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _check_new_run(operation: Operation, before: JobView, look: JobView) -> Iterator[Finding]:
    """A new run that has ended, of which every time is the last one's: only what counts the runs is new."""
    observation = operation.observation
    assert observation is not None
    if not (before.terminal and look.terminal):  # one that is tried again goes on
        return
    planned = {time.at for time in observation.times if time.planned}
    new = dict(look.times)
    times = [
        (place, old, new[place]) for place, old in before.times if place not in planned and None not in (old, new[place])
    ]
    if len(times) > 1 and all(old == later for _, old, later in times):
        place, old, later = observation.run[0], before.run[0], look.run[0]
        what = f"{excerpt(old)}, then {excerpt(later)}, while {' and '.join(name[1:] for name, _, _ in times)} stay"
        pointer = look.pointer + place
        documented = "a new run has times of its own"
        yield finding("run-mixed", "polls", pointer, what, documented, _place(operation), observation.provenance)


def _check_run(operation: Operation, before: JobView, look: JobView) -> Iterator[Finding]:
    """What tells runs apart changed in part: neither the same run nor a new one; times and counts are judged as such."""
    observation = operation.observation
    assert observation is not None
    judged = {*(time.at for time in observation.times), *observation.counts, *observation.constant}
    for place, old, new in zip(observation.run, before.run, look.run, strict=True):
        if str(old) != str(new) and MISSING not in (old, new) and place not in judged:
            what = f"{excerpt(old)}, then {excerpt(new)}, while {_other_changes(observation.run, place, before, look)}"
            documented = f"a new run changes {' and '.join(name[1:] for name in observation.run)}, forward"
            pointer = look.pointer + place
            yield finding("run-mixed", "polls", pointer, what, documented, _place(operation), observation.provenance)


def _other_changes(run: tuple[str, ...], place: str, before: JobView, look: JobView) -> str:
    others = [
        f"{name[1:]} {'stays' if old == new else f'goes from {excerpt(old)} to {excerpt(new)}'}"
        for name, old, new in zip(run, before.run, look.run, strict=True)
        if name != place and MISSING not in (old, new)
    ]
    return " and ".join(others) or "nothing else changes"


def _check_change(operation: Operation, before: JobView, look: JobView, mode: Strictness) -> Iterator[Finding]:
    yield from _check_state(operation, before, look)
    yield from _check_progress(operation, before, look, mode)
    yield from _check_counts(operation, before, look)
    yield from _check_times(operation, before, look)
    yield from _check_constant(operation, before, look)


def _place(operation: Operation) -> str:
    return f"{operation.place}/x-observation"


def _check_state(operation: Operation, before: JobView, look: JobView) -> Iterator[Finding]:
    job = operation.job
    if (
        job is None
        or before.state is None
        or look.state is None
        or before.state == look.state
        or operation.observation is None
    ):
        return
    pointer, what = look.pointer + operation.observation.status, f"{before.state}, then {look.state}"
    if before.terminal:
        yield finding(
            "terminal-left", "polls", pointer, what, f"{before.state} is an end", f"{operation.place}/x-job", job.provenance
        )
    elif look.state not in reachable(job, before.state):
        after = ", ".join(sorted(job.transitions[before.state]))
        documented = f"after {before.state}: {after}, and what follows them"
        yield finding(
            "transition-undocumented", "polls", pointer, what, documented, f"{operation.place}/x-job", job.provenance
        )


def reachable(job: JobLife, state: str) -> set[str]:
    """The states that a job can come to from here, over any number of changes between two polls."""
    collected: set[str] = set()
    todo = [state]
    while todo:
        new = job.transitions[todo.pop()] - collected
        collected |= new
        todo += new
    return collected


def _check_progress(operation: Operation, before: JobView, look: JobView, mode: Strictness) -> Iterator[Finding]:
    observation = operation.observation
    if observation is None or observation.progress is None or before.progress is None or look.progress is None:
        return
    if look.terminal and mode.accepts(observation.progress_accepted):
        return
    if look.progress < before.progress:
        what = f"{_number_text(before.progress)}, then {_number_text(look.progress)}"
        pointer = look.pointer + observation.progress
        yield finding("progress-fell", "polls", pointer, what, "progress grows", _place(operation), observation.provenance)


def _number_text(value: float) -> str:
    """A number as it is, without rounding."""
    return str(int(value)) if value.is_integer() else repr(value)


def _check_counts(operation: Operation, before: JobView, look: JobView, always: bool = False) -> Iterator[Finding]:
    """Counts within a run; `always`: only those that go on from run to run, because they count the runs."""
    assert operation.observation is not None
    remaining = [place for place in operation.observation.counts if place in operation.observation.run or not always]
    now = dict(look.counts)
    for place, count in before.counts:
        if place in remaining and place in now and now[place] < count:
            what = f"{excerpt(count)}, then {excerpt(now[place])}"
            pointer = look.pointer + place
            yield finding(
                "count-fell", "polls", pointer, what, "counts grow", _place(operation), operation.observation.provenance
            )


def _check_times(operation: Operation, before: JobView, look: JobView) -> Iterator[Finding]:
    assert operation.observation is not None
    moving = {time.at for time in operation.observation.times if time.moves}
    for (place, earlier), (_, later) in zip(before.times, look.times, strict=True):
        if earlier is None:
            continue
        gone, moved = later is None, later is not None and later != earlier
        if gone or (moved and (place not in moving or (later or 0) < earlier)):
            what = f"{excerpt(_seen(before, place))}, then {'nothing' if gone else excerpt(_seen(look, place))}"
            documented = "a time that only goes forward" if place in moving else "a time that stays as it is"
            pointer = look.pointer + place
            yield finding(
                "time-changed", "polls", pointer, what, documented, _place(operation), operation.observation.provenance
            )


def _seen(look: JobView, place: str) -> object:
    value = value_at(look.node, place)
    return None if value is MISSING else value


def _check_constant(operation: Operation, before: JobView, look: JobView) -> Iterator[Finding]:
    now = dict(look.constant)
    assert operation.observation is not None
    for place, value in before.constant:
        if place in now and now[place] != value and decode_embedded(str(now[place])) != value:
            what = f"{excerpt(value)}, then {excerpt(now[place])}"
            pointer = look.pointer + place
            yield finding(
                "identity-changed",
                "polls",
                pointer,
                what,
                "always the same",
                _place(operation),
                operation.observation.provenance,
            )
