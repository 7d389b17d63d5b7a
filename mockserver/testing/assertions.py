"""What can be asserted of the code under test: pure functions over what it was shown. Each raises AssertionError."""

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
    """The operations of this id, or of this service. Raises InputError that names the nearest."""
    matches = [operation for operation in definitions.operations if name in (operation.id, operation.service)]
    if not matches:
        allowed = [allowed for operation in definitions.operations for allowed in (operation.id, operation.service)]
        raise InputError(f"{name!r} is neither an operation nor a service{_nearest(name, list(dict.fromkeys(allowed)))}")
    return matches


def _nearest(name: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, allowed, 1)
    return f"; did you mean {near[0]!r}? Allowed: {', '.join(allowed)}" if near else f"; allowed: {', '.join(allowed)}"


def calls(
    definitions: Definitions,
    seen: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> list[RecordedCall]:
    """The calls of an operation or a service with these parameters and headers among theirs. Raises InputError."""
    expected = {operation.id for operation in operations_named(definitions, name)}
    _check_parameters(operations_named(definitions, name), params or {})
    return [call for call in seen if call.operation in expected and not _differences(call, params, headers)]


def _check_parameters(operations: Sequence[Operation], params: Mapping[str, Any]) -> None:
    allowed = list(dict.fromkeys(parameter.name for operation in operations for parameter in operation.parameters))
    for name in params:
        if name not in allowed:
            raise InputError(f"{operations[0].service} has no parameter {name!r}{_nearest(name, allowed)}")


def _differences(call: RecordedCall, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> list[str]:
    return [
        f"{what} {name}: wanted {expected!r}, {_sent(sent)}"
        for what, supplied, result in (("parameter", params, call.parameters), ("header", headers, call.headers))
        for name, expected in (supplied or {}).items()
        if not _is_expected(expected, sent := result.get(name if what == "parameter" else name.lower()))
    ]


def _is_expected(expected: Any, sent: str | None) -> bool:
    """Whether what was sent is what was wanted: equal as text, or by an `==` of its own, such as `unittest.mock.ANY`'s."""
    return sent is not None and bool(expected == sent or (isinstance(expected, str | int | float) and str(expected) == sent))


def _sent(value: str | None) -> str:
    if value is None:
        return "not sent"
    return "sent a secret, which isn't kept (unittest.mock.ANY matches any)" if HIDDEN in value else f"sent {value!r}"


def assert_called(
    definitions: Definitions,
    seen: Sequence[RecordedCall],
    name: str,
    times: int | None = None,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> None:
    """The operation (or any of the service) was called with these parameters and headers; `times` times, where given."""
    __tracebackhide__ = True
    result = calls(definitions, seen, name, params, headers)
    if len(result) == times or (times is None and result):
        return
    expected = "at least once" if times is None else f"{times} times"
    lines = [f"{_call_text(name, params, headers)} was called {len(result)} times, wanted {expected}"]
    lines += [line(item) for item in result[:_LISTED]]
    lines += [f"  ... and {len(result) - _LISTED} more"] if len(result) > _LISTED else []
    raise AssertionError("\n".join([*lines, *_near_miss(definitions, seen, result, name, params, headers)]))


def assert_not_called(
    definitions: Definitions,
    seen: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> None:
    """No call of the operation, or of the service, had these parameters and headers."""
    __tracebackhide__ = True
    result = calls(definitions, seen, name, params, headers)
    if result:
        more = [f"  ... and {len(result) - _LISTED} more"] if len(result) > _LISTED else []
        head = f"{_call_text(name, params, headers)} was called {len(result)} times, wanted never"
        raise AssertionError("\n".join([head, *map(line, result[:_LISTED]), *more]))


def _call_text(name: str, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> str:
    supplied = ", ".join(f"{key}={value!r}" for key, value in {**(params or {}), **(headers or {})}.items())
    return f"{name} with {supplied}" if supplied else name


def line(call: RecordedCall) -> str:
    """An exchange in one line."""
    return f"  #{call.number} {clock_time(call.time)}  {call.method} {call.path}  {call.summary}"


def _near_miss(
    definitions: Definitions,
    seen: Sequence[RecordedCall],
    result: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None,
    headers: Mapping[str, Any] | None,
) -> list[str]:
    """The request that came nearest, and in what it differs."""
    if not seen:
        return ["nothing was asked at all: is the client pointed at the mock?"]
    expected = {operation.id for operation in operations_named(definitions, name)}
    others = [call for call in seen if call not in result]
    if not others:
        return []
    nearest = min(others, key=lambda call: (call.operation not in expected, _distance(call, params, headers)))
    differing = _differences(nearest, params, headers)
    if nearest.operation not in expected:
        differing.insert(0, f"operation: wanted {name}, sent {nearest.operation or 'none that is known'}")
    return ["nearest:", line(nearest), *(f"    {text}" for text in differing)]


def _distance(call: RecordedCall, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> float:
    """How far a request is from what was wanted: one for each difference, less where the texts are alike."""
    requested = [*((call.parameters.get(name), value) for name, value in (params or {}).items())]
    requested += [(call.headers.get(name.lower()), value) for name, value in (headers or {}).items()]
    return sum(
        1 - difflib.SequenceMatcher(None, sent[:200], str(expected)[:200]).ratio() / 2 if sent else 1
        for sent, expected in requested
        if not _is_expected(expected, sent)
    )


def polls_of(
    definitions: Definitions, seen: Sequence[RecordedCall], service: str, expected: Mapping[str, Any]
) -> dict[tuple[str, ...], list[RecordedCall]]:
    """The polls of each job of a service that has these parts of an identity, oldest first. Raises InputError.

    Of a list, only requests for its first page are polls: turning pages is none.
    """
    operation = _with_jobs(definitions, service)
    collected: dict[tuple[str, ...], list[RecordedCall]] = defaultdict(list)
    for call in calls(definitions, seen, operation.id, expected):
        if call.poll:
            collected[identity(operation, call.parameters)].append(call)
    return dict(collected)


def _with_jobs(definitions: Definitions, service: str) -> Operation:
    matches = [operation for operation in operations_named(definitions, service) if operation.job]
    if not matches:
        allowed_text = ", ".join(operation.service for operation in definitions.operations if operation.job)
        raise InputError(f"{service!r} has no jobs to poll; allowed: {allowed_text}")
    return matches[0]


def rules_and_identity(definitions: Definitions, service: str, options: Mapping[str, Any]) -> tuple[Rules, dict[str, Any]]:
    """What is asked of the poller, and of which job. Raises InputError for a name that is neither, with the nearest."""
    operation = _with_jobs(definitions, service)
    names, parameters = [field.name for field in fields(Rules)], [parameter.name for parameter in operation.parameters]
    for name in options:
        if name not in names and name not in parameters:
            raise InputError(
                f"{name!r} is neither a rule nor a parameter of {service}{_nearest(name, [*names, *parameters])}"
            )
    rules = Rules(**{name: value for name, value in options.items() if name in names})
    return rules, {name: value for name, value in options.items() if name not in names}


def assert_polled(definitions: Definitions, seen: Sequence[RecordedCall], service: str, **supplied: Any) -> None:
    """The service's jobs with these parts of an identity were polled, each by the given `Rules`.

    Raises AssertionError with a timeline of the polls, InputError for a rule or a name that makes no sense.
    """
    __tracebackhide__ = True
    rules, expected = rules_and_identity(definitions, service, supplied)
    result = polls_of(definitions, seen, service, expected)
    findings([], rules)  # rules that make no sense are refused, polls or none
    if not result:
        if rules.max_polls == 0:
            return
        missed = _near_miss(definitions, seen, [], service, expected, None)
        raise AssertionError("\n".join([f"{_call_text(service, expected, None)} was never polled", *missed]))
    broken = {who: wrong for who, polls in result.items() if (wrong := findings(polls, rules))}
    if broken:
        operation = _with_jobs(definitions, service)
        texts = [_broken(_title(operation, who), result[who], wrong) for who, wrong in broken.items()]
        raise AssertionError("\n\n".join(texts))


def _title(operation: Operation, who: tuple[str, ...]) -> str:
    names = identity_names(operation)
    return f"{operation.service} " + ", ".join(f"{name}={value}" for name, value in zip(names, who, strict=True) if value)


def _broken(title: str, polls: Sequence[RecordedCall], wrong: Sequence[BrokenRule]) -> str:
    by_rule: dict[str, list[BrokenRule]] = defaultdict(list)
    notes: dict[int, list[str]] = defaultdict(list)
    for broken in wrong:
        by_rule[broken.rule].append(broken)
        if broken.index is not None:
            notes[broken.index].append(f"{broken.rule}: {broken.text}")
    lines = [f"{title} was not polled as wanted:"]
    for rule, some in by_rule.items():
        more = f" (and {len(some) - 1} more)" if len(some) > 1 else ""
        where = f"poll {some[0].index + 1}: " if some[0].index is not None else ""
        lines.append(f"  {rule}: {where}{some[0].text}{more}")
    return "\n".join([*lines, "the polls, on the mock's clock:", table(polls, notes)])


def exchanges_drawn(seen: Sequence[RecordedCall]) -> list[str]:
    """A line for each exchange, oldest first; one for several in a row that are alike."""
    lines: list[str] = []
    alike = [list(group) for _, group in groupby(seen, key=lambda item: (item.method, item.path, item.summary))]
    for group in alike:
        lines.append(line(group[0]).strip())
        lines += [f"    why: {group[0].problem[:300]}"] if group[0].problem else []
        if len(group) > 2:
            lines.append(f"  ... {len(group) - 2} like it")
        if len(group) > 1:
            lines.append(line(group[-1]).strip())
    return lines


def jobs_drawn(definitions: Definitions, seen: Sequence[RecordedCall]) -> str:
    """Bars of all jobs that were asked for, for a report."""
    drawn = []
    for operation in definitions.operations:
        if operation.job and any(call.operation == operation.id for call in seen):
            jobs = polls_of(definitions, seen, operation.id, {})
            drawn += [bars(_title(operation, who), polls) for who, polls in jobs.items()]
    return "\n".join(drawn)
