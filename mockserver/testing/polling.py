"""Rules of polling, and checks for them: pure functions over the polls of a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..errors import InputError
from ..jobs.clock import SECOND
from ..jobs.duration import seconds
from .poll_timeline import span
from .recorded_call import RecordedCall

ROUNDING = 1
"""Milliseconds by which an interval may be too short, because the clock counts whole milliseconds."""


@dataclass(frozen=True)
class Rules:
    """The rules for a poller; None and False require nothing. Durations are seconds, or text such as `2h`.

    Attributes:
        min_interval: The least time between two polls.
        max_polls: The largest number of polls.
        backoff: True: intervals never shrink; or a factor by which each must grow, until it is as long as the longest.
        honours_retry_after: No poll before the time that an answer's Retry-After names.
        stops_after_terminal: No poll after an answer has shown the job in a terminal state.
        gives_up_within: The longest time from the first poll to the last.
        retries_within: A call so soon after a failed one is a retry of the same poll, to which `min_interval` doesn't apply.
    """

    min_interval: float | str | None = None
    max_polls: int | None = None
    backoff: bool | float | None = None
    honours_retry_after: bool = False
    stops_after_terminal: bool = False
    gives_up_within: float | str | None = None
    retries_within: float | str | None = None


@dataclass(frozen=True)
class BrokenRule:
    """A broken rule: at which poll (its index; None: by all polls together), and how."""

    rule: str
    index: int | None
    text: str


def findings(polls: Sequence[RecordedCall], rules: Rules) -> list[BrokenRule]:
    """The rules that the polls of one job (oldest first) break. Raises InputError for an invalid rule."""
    broken_rules: list[BrokenRule] = []
    if rules.min_interval is not None:
        broken_rules += _check_min_interval(polls, _milliseconds(rules.min_interval), _milliseconds(rules.retries_within))
    if rules.max_polls is not None and len(polls) > _check_count(rules.max_polls):
        broken_rules.append(
            BrokenRule("max_polls", rules.max_polls, f"{len(polls)} polls, wanted {rules.max_polls} at most")
        )
    if rules.backoff is not None and rules.backoff is not False:
        broken_rules += _check_backoff(polls, _factor(rules.backoff))
    if rules.honours_retry_after:
        broken_rules += _check_retry_after(polls)
    if rules.stops_after_terminal:
        broken_rules += _check_stops(polls)
    if rules.gives_up_within is not None:
        broken_rules += _check_duration(polls, round(seconds(rules.gives_up_within) * SECOND))
    return broken_rules


def _milliseconds(length: float | str | None) -> int:
    return -1 if length is None else round(seconds(length) * SECOND)


def _check_count(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"max_polls is {value!r}; allowed: a whole number, 0 or more")
    return value


def _factor(value: float) -> float:
    if value is True:
        return 1.0
    if not isinstance(value, int | float) or not 1 <= value < float("inf"):
        raise InputError(f"backoff is {value!r}; allowed: True (intervals never shrink) or a factor of 1 or more")
    return float(value)


def _check_min_interval(polls: Sequence[RecordedCall], minimum: int, retries: int) -> Iterator[BrokenRule]:
    for index, (before, poll) in enumerate(pairwise(polls), 1):
        gap = poll.time - before.time
        is_retry = before.failed and gap <= retries
        if gap < minimum - ROUNDING and not is_retry:
            yield BrokenRule("min_interval", index, f"{span(gap)} after the poll before, wanted {span(minimum)}")


def _check_backoff(polls: Sequence[RecordedCall], factor: float) -> Iterator[BrokenRule]:
    gaps = [later.time - earlier.time for earlier, later in pairwise(polls)]
    longest = max(gaps, default=0)
    has_grown = bool(gaps) and longest > gaps[0] + ROUNDING  # otherwise the first interval is not the longest allowed one
    for index, (before, gap) in enumerate(pairwise(gaps), 2):
        at_ceiling = has_grown and gap >= longest - ROUNDING
        if gap < before * factor - ROUNDING * factor and not at_ceiling:
            expected_gap = f"{span(round(before * factor))} or more"
            yield BrokenRule("backoff", index, f"{span(gap)} after an interval of {span(before)}, wanted {expected_gap}")


def _check_retry_after(polls: Sequence[RecordedCall]) -> Iterator[BrokenRule]:
    earliest = 0
    for index, poll in enumerate(polls):
        if poll.time < earliest - ROUNDING:
            yield BrokenRule("honours_retry_after", index, f"{span(earliest - poll.time)} before Retry-After had passed")
        earliest = max(earliest, poll.retry_at or 0)


def _check_stops(polls: Sequence[RecordedCall]) -> Iterator[BrokenRule]:
    end_index = next((index for index, poll in enumerate(polls) if poll.terminal), len(polls))
    for index in range(end_index + 1, len(polls)):
        state = polls[end_index].runs[0].state
        yield BrokenRule("stops_after_terminal", index, f"asked again after poll {end_index + 1} had shown {state}")


def _check_duration(polls: Sequence[RecordedCall], maximum: int) -> Iterator[BrokenRule]:
    first = polls[0].time if polls else 0
    late_indexes = [index for index, poll in enumerate(polls) if poll.time - first > maximum + ROUNDING]
    if late_indexes:
        duration = span(polls[-1].time - first)
        yield BrokenRule(
            "gives_up_within",
            late_indexes[0],
            f"still asked after {span(maximum)}: the last poll came {duration} after the first",
        )
