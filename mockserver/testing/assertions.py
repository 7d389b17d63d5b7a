"""The assertions about the code under test: pure functions over its calls, which raise AssertionError."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any

from ..definitions import Definitions, Operation
from ..errors import InputError
from ..redaction.redact import HIDDEN
from .poll_timeline import bars, clock_time, table
from .polling import BrokenRule, Rules, findings
from .recorded_call import RecordedCall, identity, identity_names

_LISTED = 10


def operations_named(definitions: Definitions, name: str) -> list[Operation]:
    """The operations with this id, or of this service. Raises InputError, which names the nearest one."""
    matches = [operation for operation in definitions.operations if name in (operation.id, operation.service)]
    if not matches:
        names = [names for operation in definitions.operations for names in (operation.id, operation.service)]
        raise InputError(f"{name!r} is neither an operation nor a service{_nearest(name, list(dict.fromkeys(names)))}")
    return matches


def _nearest(name: str, allowed: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, allowed, 1)
    return f"; did you mean {nearest[0]!r}? Allowed: {', '.join(allowed)}" if nearest else f"; allowed: {', '.join(allowed)}"


def calls(
    definitions: Definitions,
    all_calls: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> list[RecordedCall]:
    """The calls of an operation or a service that have these parameters and headers. Raises InputError."""
    operation_ids = {operation.id for operation in operations_named(definitions, name)}
    _check_parameters(operations_named(definitions, name), params or {})
    return [call for call in all_calls if call.operation in operation_ids and not _differences(call, params, headers)]


def _check_parameters(operations: Sequence[Operation], params: Mapping[str, Any]) -> None:
    allowed = list(dict.fromkeys(parameter.name for operation in operations for parameter in operation.parameters))
    for name in params:
        if name not in allowed:
            raise InputError(f"{operations[0].service} has no parameter {name!r}{_nearest(name, allowed)}")


def _differences(call: RecordedCall, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> list[str]:
    return [
        f"{kind} {name}: wanted {expected!r}, {_sent_text(sent)}"
        for kind, expected_values, sent_values in (("parameter", params, call.parameters), ("header", headers, call.headers))
        for name, expected in (expected_values or {}).items()
        if not _is_expected(expected, sent := sent_values.get(name if kind == "parameter" else name.lower()))
    ]


def _is_expected(expected: Any, sent: str | None) -> bool:
    """True if the sent text is equal to the expected value, as text or by the value's own `==` (`unittest.mock.ANY`)."""
    return sent is not None and bool(expected == sent or (isinstance(expected, str | int | float) and str(expected) == sent))


def _sent_text(value: str | None) -> str:
    if value is None:
        return "not sent"
    return "sent a secret, which isn't kept (unittest.mock.ANY matches any)" if HIDDEN in value else f"sent {value!r}"


def assert_called(
    definitions: Definitions,
    all_calls: Sequence[RecordedCall],
    name: str,
    times: int | None = None,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> None:
    """Assert that the operation (or the service) was called with these parameters and headers, `times` times if given."""
    __tracebackhide__ = True
    matches = calls(definitions, all_calls, name, params, headers)
    if len(matches) == times or (times is None and matches):
        return
    expected_count = "at least once" if times is None else f"{times} times"
    lines = [f"{_call_text(name, params, headers)} was called {len(matches)} times, wanted {expected_count}"]
    lines += [line(call) for call in matches[:_LISTED]]
    lines += [f"  ... and {len(matches) - _LISTED} more"] if len(matches) > _LISTED else []
    raise AssertionError("\n".join([*lines, *_near_miss(definitions, all_calls, matches, name, params, headers)]))


def assert_not_called(
    definitions: Definitions,
    all_calls: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> None:
    """Assert that no call of the operation, or of the service, had these parameters and headers."""
    __tracebackhide__ = True
    matches = calls(definitions, all_calls, name, params, headers)
    if matches:
        more = [f"  ... and {len(matches) - _LISTED} more"] if len(matches) > _LISTED else []
        head = f"{_call_text(name, params, headers)} was called {len(matches)} times, wanted never"
        raise AssertionError("\n".join([head, *map(line, matches[:_LISTED]), *more]))


def _call_text(name: str, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> str:
    values_text = ", ".join(f"{key}={value!r}" for key, value in {**(params or {}), **(headers or {})}.items())
    return f"{name} with {values_text}" if values_text else name


def line(call: RecordedCall) -> str:
    """An exchange in one line."""
    return f"  #{call.number} {clock_time(call.time)}  {call.method} {call.path}  {call.summary}"


def _near_miss(
    definitions: Definitions,
    all_calls: Sequence[RecordedCall],
    matches: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None,
    headers: Mapping[str, Any] | None,
) -> list[str]:
    """Lines about the nearest other request, and how it differs."""
    if not all_calls:
        return ["nothing was asked at all: is the client pointed at the mock?"]
    operation_ids = {operation.id for operation in operations_named(definitions, name)}
    others = [call for call in all_calls if call not in matches]
    if not others:
        return []
    nearest = min(others, key=lambda call: (call.operation not in operation_ids, _distance(call, params, headers)))
    differences = _differences(nearest, params, headers)
    if nearest.operation not in operation_ids:
        differences.insert(0, f"operation: wanted {name}, sent {nearest.operation or 'none that is known'}")
    return ["nearest:", line(nearest), *(f"    {text}" for text in differences)]


def _distance(call: RecordedCall, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> float:
    """How far a request is from the expected one: 1 for each difference, less if the texts are similar."""
    pairs = [*((call.parameters.get(name), value) for name, value in (params or {}).items())]
    pairs += [(call.headers.get(name.lower()), value) for name, value in (headers or {}).items()]
    return sum(
        1 - difflib.SequenceMatcher(None, sent[:200], str(expected)[:200]).ratio() / 2 if sent else 1
        for sent, expected in pairs
        if not _is_expected(expected, sent)
    )


def polls_of(
    definitions: Definitions, all_calls: Sequence[RecordedCall], service: str, identity_parts: Mapping[str, Any]
) -> dict[tuple[str, ...], list[RecordedCall]]:
    """The polls of each job of a service whose identity has these parts, oldest first. Raises InputError.

    Of a list, only requests for the first page are polls, not those for further pages.
    """
    operation = _with_jobs(definitions, service)
    polls_by_job: dict[tuple[str, ...], list[RecordedCall]] = defaultdict(list)
    for call in calls(definitions, all_calls, operation.id, identity_parts):
        if call.poll:
            polls_by_job[identity(operation, call.parameters)].append(call)
    return dict(polls_by_job)


def _with_jobs(definitions: Definitions, service: str) -> Operation:
    matches = [operation for operation in operations_named(definitions, service) if operation.job]
    if not matches:
        allowed = ", ".join(operation.service for operation in definitions.operations if operation.job)
        raise InputError(f"{service!r} has no jobs to poll; allowed: {allowed}")
    return matches[0]


def rules_and_identity(definitions: Definitions, service: str, options: Mapping[str, Any]) -> tuple[Rules, dict[str, Any]]:
    """The rules for the poller, and the identity of the job. Raises InputError for an unknown name, with the nearest."""
    operation = _with_jobs(definitions, service)
    rule_names, parameter_names = (
        [field.name for field in fields(Rules)],
        [parameter.name for parameter in operation.parameters],
    )
    for name in options:
        if name not in rule_names and name not in parameter_names:
            raise InputError(
                f"{name!r} is neither a rule nor a parameter of {service}{_nearest(name, [*rule_names, *parameter_names])}"
            )
    rules = Rules(**{name: value for name, value in options.items() if name in rule_names})
    return rules, {name: value for name, value in options.items() if name not in rule_names}


def assert_polled(definitions: Definitions, all_calls: Sequence[RecordedCall], service: str, **options: Any) -> None:
    """Assert that the service's jobs whose identities have these parts were polled, each by the given `Rules`.

    Raises AssertionError with a timeline of the polls, InputError for an invalid rule or name.
    """
    __tracebackhide__ = True
    rules, identity_parts = rules_and_identity(definitions, service, options)
    polls_by_job = polls_of(definitions, all_calls, service, identity_parts)
    findings([], rules)  # refuses invalid rules even without polls
    if not polls_by_job:
        if rules.max_polls == 0:
            return
        near_miss = _near_miss(definitions, all_calls, [], service, identity_parts, None)
        raise AssertionError("\n".join([f"{_call_text(service, identity_parts, None)} was never polled", *near_miss]))
    broken_by_job = {job: broken_rules for job, polls in polls_by_job.items() if (broken_rules := findings(polls, rules))}
    if broken_by_job:
        operation = _with_jobs(definitions, service)
        texts = [
            _broken_rules_text(_title(operation, job), polls_by_job[job], broken_rules)
            for job, broken_rules in broken_by_job.items()
        ]
        raise AssertionError("\n\n".join(texts))


def _title(operation: Operation, job: tuple[str, ...]) -> str:
    names = identity_names(operation)
    return f"{operation.service} " + ", ".join(f"{name}={value}" for name, value in zip(names, job, strict=True) if value)


def _broken_rules_text(title: str, polls: Sequence[RecordedCall], broken_rules: Sequence[BrokenRule]) -> str:
    by_rule: dict[str, list[BrokenRule]] = defaultdict(list)
    notes: dict[int, list[str]] = defaultdict(list)
    for broken_rule in broken_rules:
        by_rule[broken_rule.rule].append(broken_rule)
        if broken_rule.index is not None:
            notes[broken_rule.index].append(f"{broken_rule.rule}: {broken_rule.text}")
    lines = [f"{title} was not polled as wanted:"]
    for rule, of_this_rule in by_rule.items():
        more = f" (and {len(of_this_rule) - 1} more)" if len(of_this_rule) > 1 else ""
        place = f"poll {of_this_rule[0].index + 1}: " if of_this_rule[0].index is not None else ""
        lines.append(f"  {rule}: {place}{of_this_rule[0].text}{more}")
    return "\n".join([*lines, "the polls, on the mock's clock:", table(polls, notes)])


def exchanges_drawn(all_calls: Sequence[RecordedCall]) -> list[str]:
    """A line for each exchange, oldest first; several equal ones in a row are summarized."""
    lines: list[str] = []
    groups = [list(group) for _, group in groupby(all_calls, key=lambda call: (call.method, call.path, call.summary))]
    for group in groups:
        lines.append(line(group[0]).strip())
        lines += [f"    why: {group[0].problem[:300]}"] if group[0].problem else []
        if len(group) > 2:
            lines.append(f"  ... {len(group) - 2} like it")
        if len(group) > 1:
            lines.append(line(group[-1]).strip())
    return lines


def jobs_drawn(definitions: Definitions, all_calls: Sequence[RecordedCall]) -> str:
    """Bars for all jobs that were polled, for a report."""
    texts = []
    for operation in definitions.operations:
        if operation.job and any(call.operation == operation.id for call in all_calls):
            jobs = polls_of(definitions, all_calls, operation.id, {})
            texts += [bars(_title(operation, job), polls) for job, polls in jobs.items()]
    return "\n".join(texts)
