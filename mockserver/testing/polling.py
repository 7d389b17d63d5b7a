"""Rules of polling, and what breaks them: pure functions over the times at which a job was asked for."""

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
"""Milliseconds that an interval may be short of what was wanted: the clock counts whole ones."""


@dataclass(frozen=True)
class Rules:
    """What is asked of a poller; None and False ask nothing. Lengths of time are seconds, or text such as `2h`.

    `min_interval` between two polls; `max_polls` in all; `backoff`: True, intervals never shrink, or a factor by which each
    must grow until it is as long as the longest; `honours_retry_after`: no poll before the time that an answer's
    Retry-After names; `stops_after_terminal`: none after the job was shown in a terminal state; `gives_up_within`: from the
    first poll to the last; `retries_within`: a call so soon after one that failed is a retry of the same poll, which
    `min_interval` doesn't judge.
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
    """A rule that was broken: at which poll (an index; None: by all of them together), and how."""

    rule: str
    index: int | None
    text: str


def findings(polls: Sequence[RecordedCall], rules: Rules) -> list[BrokenRule]:
    """What in the polls of one job, oldest first, breaks the rules. Raises InputError for a rule that makes no sense."""
    collected: list[BrokenRule] = []
    if rules.min_interval is not None:
        collected += _too_soon(polls, _milliseconds(rules.min_interval), _milliseconds(rules.retries_within))
    if rules.max_polls is not None and len(polls) > _count(rules.max_polls):
        collected.append(BrokenRule("max_polls", rules.max_polls, f"{len(polls)} polls, wanted {rules.max_polls} at most"))
    if rules.backoff is not None and rules.backoff is not False:
        collected += _shrinking(polls, _factor(rules.backoff))
    if rules.honours_retry_after:
        collected += _before_allowed(polls)
    if rules.stops_after_terminal:
        collected += _after_terminal(polls)
    if rules.gives_up_within is not None:
        collected += _too_long(polls, round(seconds(rules.gives_up_within) * SECOND))
    return collected


def _milliseconds(length: float | str | None) -> int:
    return -1 if length is None else round(seconds(length) * SECOND)


def _count(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"max_polls is {value!r}; allowed: a whole number, 0 or more")
    return value


def _factor(value: float) -> float:
    if value is True:
        return 1.0
    if not isinstance(value, int | float) or not 1 <= value < float("inf"):
        raise InputError(f"backoff is {value!r}; allowed: True (intervals never shrink) or a factor of 1 or more")
    return float(value)


def _too_soon(polls: Sequence[RecordedCall], least: int, retries: int) -> Iterator[BrokenRule]:
    for index, (before, poll) in enumerate(pairwise(polls), 1):
        gap = poll.time - before.time
        is_retry = before.failed and gap <= retries
        if gap < least - ROUNDING and not is_retry:
            yield BrokenRule("min_interval", index, f"{span(gap)} after the poll before, wanted {span(least)}")


def _shrinking(polls: Sequence[RecordedCall], factor: float) -> Iterator[BrokenRule]:
    gaps = [later.time - earlier.time for earlier, later in pairwise(polls)]
    longest = max(gaps, default=0)
    grown = bool(gaps) and longest > gaps[0] + ROUNDING  # a first interval is not a ceiling that was reached
    for index, (before, gap) in enumerate(pairwise(gaps), 2):
        at_ceiling = grown and gap >= longest - ROUNDING
        if gap < before * factor - ROUNDING * factor and not at_ceiling:
            expected = f"{span(round(before * factor))} or more"
            yield BrokenRule("backoff", index, f"{span(gap)} after an interval of {span(before)}, wanted {expected}")


def _before_allowed(polls: Sequence[RecordedCall]) -> Iterator[BrokenRule]:
    allowed = 0
    for index, poll in enumerate(polls):
        if poll.time < allowed - ROUNDING:
            yield BrokenRule("honours_retry_after", index, f"{span(allowed - poll.time)} before Retry-After had passed")
        allowed = max(allowed, poll.retry_at or 0)


def _after_terminal(polls: Sequence[RecordedCall]) -> Iterator[BrokenRule]:
    ended = next((index for index, poll in enumerate(polls) if poll.terminal), len(polls))
    for index in range(ended + 1, len(polls)):
        state = polls[ended].runs[0].state
        yield BrokenRule("stops_after_terminal", index, f"asked again after poll {ended + 1} had shown {state}")


def _too_long(polls: Sequence[RecordedCall], most: int) -> Iterator[BrokenRule]:
    first = polls[0].time if polls else 0
    late = [index for index, poll in enumerate(polls) if poll.time - first > most + ROUNDING]
    if late:
        took = span(polls[-1].time - first)
        yield BrokenRule(
            "gives_up_within", late[0], f"still asked after {span(most)}: the last poll came {took} after the first"
        )
