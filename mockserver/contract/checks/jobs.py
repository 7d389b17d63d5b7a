"""Checks of a job's members against each other, and of the answer against its request."""

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

_SECONDS_AS_MS = 2**31  # seconds since 1970 are below this until 2038
_CLOCK_SKEW = 300_000  # ms by which clocks may differ before a time counts as in the future


def check_jobs(
    operation: Operation, exchange: Exchange, parsed: ParsedRequest, body: Any, views: Sequence[JobView], mode: Strictness
) -> list[Finding]:
    """Check everything that one successful answer says of its jobs, each part against the others and the request."""
    observation = operation.observation
    if observation is None:
        return []
    source = f"{operation.place}/x-observation"
    now = answered_at(exchange)
    findings = (
        list(_check_nested_response(operation, observation.wrapped, exchange, body, mode)) if observation.wrapped else []
    )
    for view in views:
        findings += _check_possible_times(observation, view, source)
        findings += [*_check_time_order(observation, view, source), *_check_future_times(observation, view, now, source)]
        findings += [*_check_limits(observation, view, source), *_check_inner_totals(observation, view, source)]
        for echo_rule in observation.same:
            findings += _check_echo(echo_rule, view, parsed, source)
        findings += _check_window(observation, view, parsed, now, source)
    if observation.total is not None:
        findings += _check_page(observation, parsed, body, views, source)
    return findings


def answered_at(exchange: Exchange) -> int | None:
    """When the answer was made (ms since 1970): by its Date header, or else by the recorder's clock."""
    date = exchange.response.header("Date")
    time = _milliseconds(date) if date else None
    return exchange.time if time is None else time


@lru_cache(maxsize=4_096)
def _milliseconds(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp() * 1_000)
    except (ValueError, TypeError, OverflowError):
        return None


def _check_possible_times(observation: JobMapping, view: JobView, source: str) -> Iterator[Finding]:
    forms = {field.at: field.form for field in observation.times}
    for pointer in view.impossible:
        documented = f"a time in the form {forms[pointer]}"
        actual = excerpt(value_at(view.node, pointer))
        yield finding("time-impossible", "body", view.pointer + pointer, actual, documented, source, observation.provenance)
    for pointer, milliseconds in view.times:
        if milliseconds is not None and 0 < milliseconds < _SECONDS_AS_MS and forms[pointer] == "epoch-ms":
            actual = f"{excerpt(value_at(view.node, pointer))}, in January 1970"
            yield finding(
                "time-impossible", "body", view.pointer + pointer, actual, "milliseconds since 1970, not seconds", source,
                observation.provenance,
            )  # fmt: skip


def _check_limits(observation: JobMapping, view: JobView, source: str) -> Iterator[Finding]:
    for limit in observation.limits:
        count, maximum = value_at(view.node, limit.at), value_at(view.node, limit.limit)
        if _is_count(count) and _is_count(maximum) and count > maximum:
            documented = f"at most {limit.limit[1:]}, {maximum}"
            yield finding(
                "limit-exceeded", "body", view.pointer + limit.at, str(count), documented, source, limit.provenance
            )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_inner_totals(observation: JobMapping, view: JobView, source: str) -> Iterator[Finding]:
    for inner_total in observation.inner_totals:
        total, rows = value_at(view.node, inner_total.at), value_at(view.node, inner_total.rows)
        if _is_count(total) and isinstance(rows, list) and total != len(rows):
            documented = f"{len(rows)}, the rows beside it"
            yield finding(
                "total-wrong", "body", view.pointer + inner_total.at, str(total), documented, source, inner_total.provenance
            )


def _check_time_order(observation: JobMapping, view: JobView, source: str) -> Iterator[Finding]:
    times = [(place, time) for place, time in view.times if time is not None]
    forms = {field.at: field.form for field in observation.times}
    for (first, earlier), (second, later) in pairwise(times):
        rounding = max(FORMS[forms[first]].rounding, FORMS[forms[second]].rounding)
        if later < earlier - rounding:
            actual = (
                f"{first[1:]} {excerpt(value_at(view.node, first))}, {second[1:]} {excerpt(value_at(view.node, second))}"
            )
            documented = f"{second[1:]} is not before {first[1:]}"
            yield finding(
                "times-disordered", "body", view.pointer + second, actual, documented, source, observation.provenance
            )


def _check_future_times(observation: JobMapping, view: JobView, now: int | None, source: str) -> Iterator[Finding]:
    planned = {field.at for field in observation.times if field.planned}
    for pointer, time in view.times:
        if now is not None and time is not None and pointer not in planned and time > now + _CLOCK_SKEW:
            actual = f"{excerpt(value_at(view.node, pointer))}, {(time - now) // 1_000} s after the answer"
            yield finding("time-in-future", "body", view.pointer + pointer, actual, "a time that has passed", source)


def _check_echo(rule: EchoRule, view: JobView, parsed: ParsedRequest, source: str) -> Iterator[Finding]:
    expected = parsed.texts.get(rule.parameter)
    if not expected or (rule.when and not compile_pattern(rule.when).search(expected)):
        return
    echoes = [(pointer, _echoed_text(rule, value_at(view.node, pointer))) for pointer in rule.at]
    present = [(pointer, value) for pointer, value in echoes if value is not None]
    blank_pointers = [pointer for pointer, value in present if not value.strip()]
    if present and (blank_pointers or all(value != expected for _, value in present)):
        pointer = blank_pointers[0] if blank_pointers else present[0][0]
        documented = f"{rule.parameter} of the request: {expected!r}"
        actual = excerpt(value_at(view.node, pointer))
        yield finding(rule.code, "body", view.pointer + pointer, actual, documented, source, rule.provenance)


def _echoed_text(rule: EchoRule, value: Any) -> str | None:
    """The part of a job's value that must equal the parameter; None if there is nothing to compare."""
    if value is MISSING or value is None:
        return None
    if rule.part is None:
        return str(value)  # an empty text too: it names no job
    match = compile_pattern(rule.part).search(str(value))
    return match[1] if match else None


def _check_window(
    observation: JobMapping, view: JobView, parsed: ParsedRequest, now: int | None, source: str
) -> Iterator[Finding]:
    window = observation.window
    times = [time for _, time in view.times if time is not None]
    if window is None or not times or window.start not in parsed.values or window.end not in parsed.values:
        return
    start, end = parsed.values[window.start], parsed.values[window.end]
    last = max(times) if view.terminal or now is None else max(now, *times)
    if last < start or min(times) > end:
        actual = f"a run from {min(times)} to {last}"
        documented = f"{window.start} {start} to {window.end} {end}"
        pointer = view.pointer + observation.times[0].at
        yield finding("filter-ignored", "body", pointer, actual, documented, source, window.provenance)


def _check_page(
    observation: JobMapping, parsed: ParsedRequest, body: Any, views: Sequence[JobView], source: str
) -> Iterator[Finding]:
    total = value_at(body, observation.total or "")
    offset, limit = parsed.values.get("offset"), parsed.values.get("limit")
    rows, list_pointer = len(views), observation.jobs.removesuffix("/*")
    first_index: dict[str, int] = {}
    for index, view in enumerate(views):
        if view.id and first_index.setdefault(view.id, index) != index:
            pointer = view.pointer + (observation.id or "")
            yield finding("page-overlap", "body", pointer, f"{view.id} twice on a page", "each row once", source)
    if isinstance(limit, int) and rows > limit:
        yield finding("page-too-long", "body", list_pointer, f"{rows} rows", f"at most limit = {limit}", source)
    if not isinstance(total, int) or isinstance(total, bool) or not isinstance(offset, int):
        return
    if rows and offset + rows > total:
        actual, documented = f"total {total}", f"at least offset {offset} + {rows} rows"
        yield finding("total-wrong", "body", observation.total or "", actual, documented, source, observation.provenance)
    elif isinstance(limit, int) and rows < min(limit, total - offset):
        actual, documented = f"{rows} rows", f"{min(limit, total - offset)}: limit {limit}, offset {offset}, total {total}"
        yield finding("page-too-short", "body", list_pointer, actual, documented, source, observation.provenance)


def _check_nested_response(
    operation: Operation, nested: NestedResponse, exchange: Exchange, body: Any, mode: Strictness
) -> Iterator[Finding]:
    source = f"{operation.place}/x-observation/wrapped"
    body_text = value_at(body, nested.body)
    length = value_at(body, nested.length) if nested.length else MISSING
    if isinstance(body_text, str) and isinstance(length, str) and re.fullmatch("[0-9]+", length):
        byte_count = len(body_text.encode("utf-8", "surrogatepass"))
        if (length.lstrip("0") or "0") != str(byte_count) and not (
            mode.accepts(nested.accepted) and _is_example(operation, nested, body_text, length)
        ):
            actual, documented = shortened(length), f"{byte_count}, the bytes of {nested.body[1:]}"
            yield finding("inner-length-wrong", "body", nested.length or "", actual, documented, source)
    status = value_at(body, nested.status) if nested.status else MISSING
    if isinstance(status, int) and status != exchange.response.status:
        documented = f"{exchange.response.status}, the HTTP status"
        yield finding("inner-status-wrong", "body", nested.status or "", str(status), documented, source, nested.provenance)


def _is_example(operation: Operation, nested: NestedResponse, body_text: str, length: str) -> bool:
    """True if a documented example shows exactly this body with this length."""
    examples: list[Mapping[str, Any]] = [example.value for example in operation.examples.values() if example.error is None]
    return any(
        (value_at(value, nested.body), value_at(value, nested.length or "")) == (body_text, length) for value in examples
    )
