"""Members that belong together, and the answer against its request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ...definitions import Operation
from ...definitions.job_model import EchoRule, JobMapping, NestedResponse
from ...definitions.json_regex import compile_pattern
from ...errors import excerpt, shortened
from ...exchanges.exchange import Exchange
from ...exchanges.job_view import JobView
from ...exchanges.json_path import MISSING, value_at
from ...exchanges.vendor_times import FORMS
from ..findings import Finding, finding
from ..strictness import Strictness
from .request import ParsedRequest

_SECONDS_AS_MS = 2**31  # what counts seconds since 1970 is below this until 2038
_SKEW = 300_000  # milliseconds by which clocks may differ before a time counts as in the future


def check_jobs(
    operation: Operation, exchange: Exchange, parsed: ParsedRequest, body: Any, seen: Sequence[JobView], mode: Strictness
) -> list[Finding]:
    """Everything that one successful answer says of its jobs, held together and against the request."""
    observation = operation.observation
    if observation is None:
        return []
    source = f"{operation.place}/x-observation"
    now = answered_at(exchange)
    findings = list(_check_wrapped(operation, observation.wrapped, exchange, body, mode)) if observation.wrapped else []
    for look in seen:
        findings += _check_possible(observation, look, source)
        findings += [*_check_order(observation, look, source), *_check_future(observation, look, now, source)]
        findings += [*_check_limits(observation, look, source), *_check_inner_totals(observation, look, source)]
        for same in observation.same:
            findings += _check_same(same, look, parsed, source)
        findings += _check_window(observation, look, parsed, now, source)
    if observation.total is not None:
        findings += _check_page(observation, parsed, body, seen, source)
    return findings


def answered_at(exchange: Exchange) -> int | None:
    """When the answer was made, in milliseconds: by its own Date, or else by the clock of who recorded it."""
    date = exchange.response.header("Date")
    time = _milliseconds(date) if date else None
    return exchange.time if time is None else time


@lru_cache(maxsize=4_096)
def _milliseconds(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp() * 1_000)
    except (ValueError, TypeError, OverflowError):
        return None


def _check_possible(observation: JobMapping, look: JobView, source: str) -> Iterator[Finding]:
    forms = {time.at: time.form for time in observation.times}
    for place in look.impossible:
        documented = f"a time in the form {forms[place]}"
        result = excerpt(value_at(look.node, place))
        yield finding("time-impossible", "body", look.pointer + place, result, documented, source, observation.provenance)
    for place, time in look.times:
        if time is not None and 0 < time < _SECONDS_AS_MS and forms[place] == "epoch-ms":
            result = f"{excerpt(value_at(look.node, place))}, in January 1970"
            yield finding(
                "time-impossible", "body", look.pointer + place, result, "milliseconds since 1970, not seconds", source,
                observation.provenance,
            )  # fmt: skip


def _check_limits(observation: JobMapping, look: JobView, source: str) -> Iterator[Finding]:
    for limit in observation.limits:
        count, most = value_at(look.node, limit.at), value_at(look.node, limit.limit)
        if _is_count(count) and _is_count(most) and count > most:
            documented = f"at most {limit.limit[1:]}, {most}"
            yield finding(
                "limit-exceeded", "body", look.pointer + limit.at, str(count), documented, source, limit.provenance
            )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_inner_totals(observation: JobMapping, look: JobView, source: str) -> Iterator[Finding]:
    for inner in observation.inner_totals:
        total, rows = value_at(look.node, inner.at), value_at(look.node, inner.rows)
        if _is_count(total) and isinstance(rows, list) and total != len(rows):
            documented = f"{len(rows)}, the rows beside it"
            yield finding("total-wrong", "body", look.pointer + inner.at, str(total), documented, source, inner.provenance)


def _check_order(observation: JobMapping, look: JobView, source: str) -> Iterator[Finding]:
    allowed = [(place, time) for place, time in look.times if time is not None]
    forms = {time.at: time.form for time in observation.times}
    for (before, earlier), (after, later) in pairwise(allowed):
        rounding = max(FORMS[forms[before]].rounding, FORMS[forms[after]].rounding)
        if later < earlier - rounding:
            what = f"{before[1:]} {excerpt(value_at(look.node, before))}, {after[1:]} {excerpt(value_at(look.node, after))}"
            documented = f"{after[1:]} is not before {before[1:]}"
            yield finding("times-disordered", "body", look.pointer + after, what, documented, source, observation.provenance)


def _check_future(observation: JobMapping, look: JobView, now: int | None, source: str) -> Iterator[Finding]:
    planned = {time.at for time in observation.times if time.planned}
    for place, time in look.times:
        if now is not None and time is not None and place not in planned and time > now + _SKEW:
            what = f"{excerpt(value_at(look.node, place))}, {(time - now) // 1_000} s after the answer"
            yield finding("time-in-future", "body", look.pointer + place, what, "a time that has passed", source)


def _check_same(same: EchoRule, look: JobView, parsed: ParsedRequest, source: str) -> Iterator[Finding]:
    expected = parsed.texts.get(same.parameter)
    if not expected or (same.when and not compile_pattern(same.when).search(expected)):
        return
    supplied = [(place, _counting(same, value_at(look.node, place))) for place in same.at]
    there = [(place, value) for place, value in supplied if value is not None]
    blank = [place for place, value in there if not value.strip()]
    if there and (blank or all(value != expected for _, value in there)):
        place = blank[0] if blank else there[0][0]
        documented = f"{same.parameter} of the request: {expected!r}"
        result = excerpt(value_at(look.node, place))
        yield finding(same.code, "body", look.pointer + place, result, documented, source, same.provenance)


def _counting(same: EchoRule, value: Any) -> str | None:
    """What of a place must equal the parameter; None where there is nothing to compare."""
    if value is MISSING or value is None:
        return None
    if same.part is None:
        return str(value)  # an empty one, too: it names no job
    match = compile_pattern(same.part).search(str(value))
    return match[1] if match else None


def _check_window(
    observation: JobMapping, look: JobView, parsed: ParsedRequest, now: int | None, source: str
) -> Iterator[Finding]:
    window = observation.window
    allowed = [time for _, time in look.times if time is not None]
    if window is None or not allowed or window.start not in parsed.values or window.end not in parsed.values:
        return
    start, end = parsed.values[window.start], parsed.values[window.end]
    last = max(allowed) if look.terminal or now is None else max(now, *allowed)
    if last < start or min(allowed) > end:
        what = f"a run from {min(allowed)} to {last}"
        documented = f"{window.start} {start} to {window.end} {end}"
        pointer = look.pointer + observation.times[0].at
        yield finding("filter-ignored", "body", pointer, what, documented, source, window.provenance)


def _check_page(
    observation: JobMapping, parsed: ParsedRequest, body: Any, seen: Sequence[JobView], source: str
) -> Iterator[Finding]:
    total = value_at(body, observation.total or "")
    offset, limit = parsed.values.get("offset"), parsed.values.get("limit")
    rows, list_at = len(seen), observation.jobs.removesuffix("/*")
    first: dict[str, int] = {}
    for index, look in enumerate(seen):
        if look.id and first.setdefault(look.id, index) != index:
            place = look.pointer + (observation.id or "")
            yield finding("page-overlap", "body", place, f"{look.id} twice on a page", "each row once", source)
    if isinstance(limit, int) and rows > limit:
        yield finding("page-too-long", "body", list_at, f"{rows} rows", f"at most limit = {limit}", source)
    if not isinstance(total, int) or isinstance(total, bool) or not isinstance(offset, int):
        return
    if rows and offset + rows > total:
        what, documented = f"total {total}", f"at least offset {offset} + {rows} rows"
        yield finding("total-wrong", "body", observation.total or "", what, documented, source, observation.provenance)
    elif isinstance(limit, int) and rows < min(limit, total - offset):
        what, documented = f"{rows} rows", f"{min(limit, total - offset)}: limit {limit}, offset {offset}, total {total}"
        yield finding("page-too-short", "body", list_at, what, documented, source, observation.provenance)


def _check_wrapped(
    operation: Operation, wrapped: NestedResponse, exchange: Exchange, body: Any, mode: Strictness
) -> Iterator[Finding]:
    source = f"{operation.place}/x-observation/wrapped"
    inner = value_at(body, wrapped.body)
    length = value_at(body, wrapped.length) if wrapped.length else MISSING
    if isinstance(inner, str) and isinstance(length, str) and re.fullmatch("[0-9]+", length):
        right = len(inner.encode("utf-8", "surrogatepass"))
        if (length.lstrip("0") or "0") != str(right) and not (
            mode.accepts(wrapped.accepted) and _is_example(operation, wrapped, inner, length)
        ):
            result, documented = shortened(length), f"{right}, the bytes of {wrapped.body[1:]}"
            yield finding("inner-length-wrong", "body", wrapped.length or "", result, documented, source)
    status = value_at(body, wrapped.status) if wrapped.status else MISSING
    if isinstance(status, int) and status != exchange.response.status:
        documented = f"{exchange.response.status}, the HTTP status"
        yield finding(
            "inner-status-wrong", "body", wrapped.status or "", str(status), documented, source, wrapped.provenance
        )


def _is_example(operation: Operation, wrapped: NestedResponse, inner: str, length: str) -> bool:
    """Whether this pair is what a documented example shows."""
    shown_so: list[Mapping[str, Any]] = [example.value for example in operation.examples.values() if example.error is None]
    return any(
        (value_at(value, wrapped.body), value_at(value, wrapped.length or "")) == (inner, length) for value in shown_so
    )
