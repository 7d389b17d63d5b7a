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
    found = [operation for operation in definitions.operations if name in (operation.id, operation.service)]
    if not found:
        known = [known for operation in definitions.operations for known in (operation.id, operation.service)]
        raise InputError(f"{name!r} is neither an operation nor a service{_nearest(name, list(dict.fromkeys(known)))}")
    return found


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}? Allowed: {', '.join(known)}" if near else f"; allowed: {', '.join(known)}"


def calls(
    definitions: Definitions,
    seen: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> list[RecordedCall]:
    """The calls of an operation or a service with these parameters and headers among theirs. Raises InputError."""
    wanted = {operation.id for operation in operations_named(definitions, name)}
    _check_parameters(operations_named(definitions, name), params or {})
    return [one for one in seen if one.operation in wanted and not _differences(one, params, headers)]


def _check_parameters(operations: Sequence[Operation], params: Mapping[str, Any]) -> None:
    known = list(dict.fromkeys(parameter.name for operation in operations for parameter in operation.parameters))
    for name in params:
        if name not in known:
            raise InputError(f"{operations[0].service} has no parameter {name!r}{_nearest(name, known)}")


def _differences(one: RecordedCall, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> list[str]:
    return [
        f"{what} {name}: wanted {wanted!r}, {_sent(sent)}"
        for what, given, found in (("parameter", params, one.parameters), ("header", headers, one.headers))
        for name, wanted in (given or {}).items()
        if not _same(wanted, sent := found.get(name if what == "parameter" else name.lower()))
    ]


def _same(wanted: Any, sent: str | None) -> bool:
    """Whether what was sent is what was wanted: equal as text, or by an `==` of its own, such as `unittest.mock.ANY`'s."""
    return sent is not None and bool(wanted == sent or (isinstance(wanted, str | int | float) and str(wanted) == sent))


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
    found = calls(definitions, seen, name, params, headers)
    if len(found) == times or (times is None and found):
        return
    wanted = "at least once" if times is None else f"{times} times"
    lines = [f"{_asked(name, params, headers)} was called {len(found)} times, wanted {wanted}"]
    lines += [line(one) for one in found[:_LISTED]]
    lines += [f"  ... and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
    raise AssertionError("\n".join([*lines, *_near_miss(definitions, seen, found, name, params, headers)]))


def assert_not_called(
    definitions: Definitions,
    seen: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> None:
    """No call of the operation, or of the service, had these parameters and headers."""
    __tracebackhide__ = True
    found = calls(definitions, seen, name, params, headers)
    if found:
        more = [f"  ... and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
        head = f"{_asked(name, params, headers)} was called {len(found)} times, wanted never"
        raise AssertionError("\n".join([head, *map(line, found[:_LISTED]), *more]))


def _asked(name: str, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> str:
    given = ", ".join(f"{key}={value!r}" for key, value in {**(params or {}), **(headers or {})}.items())
    return f"{name} with {given}" if given else name


def line(one: RecordedCall) -> str:
    """An exchange in one line."""
    return f"  #{one.number} {clock_time(one.time)}  {one.method} {one.path}  {one.shown}"


def _near_miss(
    definitions: Definitions,
    seen: Sequence[RecordedCall],
    found: Sequence[RecordedCall],
    name: str,
    params: Mapping[str, Any] | None,
    headers: Mapping[str, Any] | None,
) -> list[str]:
    """The request that came nearest, and in what it differs."""
    if not seen:
        return ["nothing was asked at all: is the client turned to the mock?"]
    wanted = {operation.id for operation in operations_named(definitions, name)}
    others = [one for one in seen if one not in found]
    if not others:
        return []
    nearest = min(others, key=lambda one: (one.operation not in wanted, _distance(one, params, headers)))
    differing = _differences(nearest, params, headers)
    if nearest.operation not in wanted:
        differing.insert(0, f"operation: wanted {name}, sent {nearest.operation or 'none that is known'}")
    return ["nearest:", line(nearest), *(f"    {text}" for text in differing)]


def _distance(one: RecordedCall, params: Mapping[str, Any] | None, headers: Mapping[str, Any] | None) -> float:
    """How far a request is from what was wanted: one for each difference, less where the texts are alike."""
    asked = [*((one.parameters.get(name), value) for name, value in (params or {}).items())]
    asked += [(one.headers.get(name.lower()), value) for name, value in (headers or {}).items()]
    return sum(
        1 - difflib.SequenceMatcher(None, sent[:200], str(wanted)[:200]).ratio() / 2 if sent else 1
        for sent, wanted in asked
        if not _same(wanted, sent)
    )


def polls_of(
    definitions: Definitions, seen: Sequence[RecordedCall], service: str, wanted: Mapping[str, Any]
) -> dict[tuple[str, ...], list[RecordedCall]]:
    """The polls of each job of a service that has these parts of an identity, oldest first. Raises InputError.

    Of a list, only requests for its first page are polls: turning pages is none.
    """
    operation = _with_jobs(definitions, service)
    found: dict[tuple[str, ...], list[RecordedCall]] = defaultdict(list)
    for one in calls(definitions, seen, operation.id, wanted):
        if one.poll:
            found[identity(operation, one.parameters)].append(one)
    return dict(found)


def _with_jobs(definitions: Definitions, service: str) -> Operation:
    found = [operation for operation in operations_named(definitions, service) if operation.job]
    if not found:
        known = ", ".join(operation.service for operation in definitions.operations if operation.job)
        raise InputError(f"{service!r} has no jobs to poll; allowed: {known}")
    return found[0]


def rules_and_identity(definitions: Definitions, service: str, given: Mapping[str, Any]) -> tuple[Rules, dict[str, Any]]:
    """What is asked of the poller, and of which job. Raises InputError for a name that is neither, with the nearest."""
    operation = _with_jobs(definitions, service)
    names, parameters = [field.name for field in fields(Rules)], [parameter.name for parameter in operation.parameters]
    for name in given:
        if name not in names and name not in parameters:
            raise InputError(
                f"{name!r} is neither a rule nor a parameter of {service}{_nearest(name, [*names, *parameters])}"
            )
    rules = Rules(**{name: value for name, value in given.items() if name in names})
    return rules, {name: value for name, value in given.items() if name not in names}


def assert_polled(definitions: Definitions, seen: Sequence[RecordedCall], service: str, **given: Any) -> None:
    """The service's jobs with these parts of an identity were polled, each by the given `Rules`.

    Raises AssertionError with a timeline of the polls, InputError for a rule or a name that makes no sense.
    """
    __tracebackhide__ = True
    rules, wanted = rules_and_identity(definitions, service, given)
    found = polls_of(definitions, seen, service, wanted)
    findings([], rules)  # rules that make no sense are refused, polls or none
    if not found:
        if rules.max_polls == 0:
            return
        missed = _near_miss(definitions, seen, [], service, wanted, None)
        raise AssertionError("\n".join([f"{_asked(service, wanted, None)} was never polled", *missed]))
    broken = {who: wrong for who, polls in found.items() if (wrong := findings(polls, rules))}
    if broken:
        operation = _with_jobs(definitions, service)
        texts = [_broken(_title(operation, who), found[who], wrong) for who, wrong in broken.items()]
        raise AssertionError("\n\n".join(texts))


def _title(operation: Operation, who: tuple[str, ...]) -> str:
    names = identity_names(operation)
    return f"{operation.service} " + ", ".join(f"{name}={value}" for name, value in zip(names, who, strict=True) if value)


def _broken(title: str, polls: Sequence[RecordedCall], wrong: Sequence[BrokenRule]) -> str:
    by_rule: dict[str, list[BrokenRule]] = defaultdict(list)
    notes: dict[int, list[str]] = defaultdict(list)
    for one in wrong:
        by_rule[one.rule].append(one)
        if one.index is not None:
            notes[one.index].append(f"{one.rule}: {one.text}")
    lines = [f"{title} was not polled as wanted:"]
    for rule, some in by_rule.items():
        more = f" (and {len(some) - 1} more)" if len(some) > 1 else ""
        where = f"poll {some[0].index + 1}: " if some[0].index is not None else ""
        lines.append(f"  {rule}: {where}{some[0].text}{more}")
    return "\n".join([*lines, "the polls, on the mock's clock:", table(polls, notes)])


def exchanges_drawn(seen: Sequence[RecordedCall]) -> list[str]:
    """A line for each exchange, oldest first; one for several in a row that are alike."""
    lines: list[str] = []
    alike = [list(group) for _, group in groupby(seen, key=lambda one: (one.method, one.path, one.shown))]
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
        if operation.job and any(one.operation == operation.id for one in seen):
            jobs = polls_of(definitions, seen, operation.id, {})
            drawn += [bars(_title(operation, who), polls) for who, polls in jobs.items()]
    return "\n".join(drawn)
