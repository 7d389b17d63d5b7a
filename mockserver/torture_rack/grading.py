"""What a poller's end is worth: its verdict, whether its error says enough, and the grade."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..definitions import Definitions
from ..errors import InputError
from ..exchanges.job_view import state_of
from ..jobs.clock import SECOND
from ..testing.poll_timeline import span
from ..testing.recorded_call import RecordedCall
from .service_profiles import FAILED, SUCCEEDED, UNKNOWN, VERDICTS, ServiceProfile

RIGHT = "returned right"
CLEAR = "raised a clear error"
UNCLEAR = "raised an unclear error"
WRONG = "wrong verdict"
TWICE = "started it twice"
ENDLESS = "never ended"
HAMMERED = "hammered the server"
UNDRIVEN = "cannot be driven"
GRADES = (RIGHT, CLEAR, UNCLEAR, WRONG, TWICE, ENDLESS, HAMMERED, UNDRIVEN)

Verdict = Callable[[Any], str | None]
"""Says what a value that a poller returned means: one of `VERDICTS`; None: as by default."""

SLIPS = (KeyError, IndexError, TypeError, AttributeError, NameError, UnboundLocalError, ZeroDivisionError, RecursionError,
         StopIteration, NotImplementedError)  # fmt: skip
"""Exceptions of these very classes are slips in the program, whatever they say: classes made of them are not meant."""
_NETWORK = re.compile(
    r"timed? ?out|refused|reset|aborted|broken|unreachable|closed|without response|incomplete|max retries|redirect", re.I
)
_GOOD_WORDS = ("succeeded", "success", "successful", "completed", "complete", "done", "finished", "ok")
_BAD_WORDS = ("failed", "failure", "fail", "error", "canceled", "cancelled", "terminated", "timeout", "stopped")
_LEAST_POLLS = 10
_PAUSE = SECOND


def verdict_of(value: Any, profile: ServiceProfile, mapping: Verdict | None = None) -> str:
    """What a returned value says of the job. Raises InputError for a mapping's answer that is not a verdict.

    True and None say succeeded, False failed. An answer says what its status says. Else it is the status that the value is,
    or has as `status`, `state` or `payload`, as a member or an attribute: its documented meaning, whatever its case; or a
    word such as `done` or `error`.
    """
    reported = mapping(value) if mapping else None
    if reported is not None:
        if reported not in VERDICTS:
            raise InputError(
                f"verdict= gave {reported!r} for {value!r}; allowed: {', '.join(VERDICTS)}, or None: as by default"
            )
        return reported
    if value is None or isinstance(value, bool):
        return FAILED if value is False else SUCCEEDED
    state = state_of(profile.operation, value) if isinstance(value, Mapping) else None
    return _verdict_of(state or _status_in(value), profile)


def _status_in(value: Any) -> Any:
    for _ in range(4):  # an event holds a payload, which holds a state, which is an enum
        inner = _inner(value)
        if inner is None:
            return value
        value = inner
    return value


def _inner(value: Any) -> Any:
    for name in ("status", "state", "payload"):
        result = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        if result is not None and not callable(result):
            return result
    return None if isinstance(value, str | int) else getattr(value, "value", None)


def _verdict_of(value: Any, profile: ServiceProfile) -> str:
    text = str(value).strip().casefold()
    states = {profile.succeeded: SUCCEEDED, profile.failed: FAILED, **profile.verdicts}
    meant = {state.casefold(): verdict for state, verdict in states.items()}
    words = dict.fromkeys(_GOOD_WORDS, SUCCEEDED) | dict.fromkeys(_BAD_WORDS, FAILED)
    return (words | _meanings_of_codes(profile) | meant).get(text, UNKNOWN)


def _meanings_of_codes(profile: ServiceProfile) -> dict[str, str]:
    """What the values mean that stand for ends in answers, where they aren't the ends' names; a shared one means nothing."""
    collected: dict[str, set[str]] = {}
    for state in profile.terminal_states():
        code = str(profile.job.states[state].code).strip().casefold()
        collected.setdefault(code, set()).add(profile.means(state) or UNKNOWN)
    return {code: next(iter(verdicts)) for code, verdicts in collected.items() if len(verdicts) == 1}


def success_was_shown(calls: Sequence[RecordedCall], profile: ServiceProfile, more: Collection[str] = ()) -> bool:
    """Whether any answer said that a job has succeeded; `more` are the words that a hazard says it in."""
    words = {profile.succeeded.casefold(), *(word.strip().casefold() for word in more)}
    return any(run.state.strip().casefold() in words for call in calls for run in call.runs)


def is_clear(
    error: BaseException, calls: Sequence[RecordedCall], definitions: Definitions, more: Collection[str] = ()
) -> bool:
    """Whether an error names the job, a status or an HTTP status that was shown, the vendor's code, or what broke.

    Its text and arguments are looked at, and those of its cause (`raise ... from`); of vendors' exceptions `status_code`,
    `error_code` and `error_msg`. A slip, such as KeyError, isn't clear, whatever it says. `more` are words that serve, too.
    """
    if type(error) in SLIPS:
        return False
    text = " ".join(_error_words(error))
    return bool(_NETWORK.search(text)) or any(
        _has_word(text, word) for word in (*more, *_facts_in_answers(calls, definitions))
    )


def _error_words(error: BaseException) -> Iterator[str]:
    for item in (error, error.__cause__):
        if item is not None and type(item) not in SLIPS:
            yield str(item)
            yield from (str(arg) for arg in item.args)
            yield from (str(getattr(item, name, "")) for name in ("status_code", "error_code", "error_msg"))


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _facts_in_answers(calls: Sequence[RecordedCall], definitions: Definitions) -> set[str]:
    """What an error may name: the jobs' names, statuses, HTTP statuses of errors, codes."""
    operations = {operation.id: operation for operation in definitions.operations}
    collected: set[str] = set()
    for call in calls:
        operation = operations.get(str(call.operation))
        job = None if operation is None else operation.job or (operation.action and operation.action.status.job)
        if operation is None or not job:
            continue
        names = [*job.identity, "job_id"]
        collected |= {call.parameters[name] for name in names if len(call.parameters.get(name, "")) > 2}
        collected |= {run.state.strip() for run in call.runs if run.state.strip()}
        if call.status >= 300:
            collected.add(str(call.status))
        if call.error:
            example = operation.examples.get(call.error)
            collected |= {call.error, str(example.error["code"])} if example and example.error else {call.error}
    return collected


def hammering(polls: Sequence[RecordedCall]) -> str:
    """How the calls, oldest first, hammered the server; "" where they didn't.

    More than one a second on average (of ten or more), one after a 429 before its Retry-After, or without any pause.
    """
    for before, after in pairwise(polls):
        gap = after.time - before.time
        if before.status == 429 and before.retry_at is not None and after.time < before.retry_at - 1:
            return f"it asked again {span(gap)} after a 429 that said to wait for {span(before.retry_at - before.time)}"
        if before.status == 429 and gap < _PAUSE:
            return f"it asked again {span(gap)} after a 429"
    duration = polls[-1].time - polls[0].time if polls else 0
    if len(polls) >= _LEAST_POLLS and (len(polls) - 1) * SECOND > max(duration, 0):
        return f"{len(polls)} calls in {span(duration)}: more than one a second"
    return ""


def grade_of(
    outcome: tuple[str, Any], right: Collection[str], verdict: str | None, clear: bool, hammered: bool, twice: bool = False
) -> str:
    """The grade. `outcome` is (returned | raised | stopped, what); of a stop, the grade that it stands for.

    `right` are the verdicts that are right for a hazard, `verdict` what a returned value says of the job. `twice`: it
    started the job more than once.
    """
    how, what = outcome
    if how == "stopped":
        return str(what)
    if how == "returned" and verdict not in right:
        return WRONG
    if twice:
        return TWICE
    if hammered:
        return HAMMERED
    if how == "returned":
        return RIGHT
    return CLEAR if clear else UNCLEAR
