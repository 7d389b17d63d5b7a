"""Reads declarations of faults, which come from Python, the control API and fixture files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..definitions import Definitions, Operation
from ..errors import InputError, did_you_mean, shortened
from . import fields as read
from .kinds import GATEWAY, KINDS, NETWORK, SERVICE
from .model import Fault
from .patch import read_patch

EFFECTS = ("error", "status", "quota", "fault", "patch", "body")
"""The effects: a fault has at most one of these (but `body` may go with `status`). Without any: `delay`, `headers`."""
EFFECTIVE = (*EFFECTS, "headers", "delay")
"""Each fault has at least one of these."""
OPTIONS = (*EFFECTS, "times", "after", "share", "window", "delay", "clock", "retry_after", "headers", "content_type")
EVERYTHING = "*"
_FRAMING = ("content-length", "transfer-encoding", "connection")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def fault_from(definitions: Definitions, target: str, fields: Mapping[str, Any], now: int) -> Fault:
    """A fault from the fields of `Mock.fail`. Durations count from `now`, the namespace's time (ms since 1970).

    Raises InputError for an unknown target, field, error, kind of fault or value, and for fields that don't go together; the
    text says what is allowed.
    """
    operations = _target_operations(definitions, target)
    options = {name: value for name, value in fields.items() if value is not None}
    _check_names(target, operations, options)
    kind, effect_fields = _effect(operations, options)
    chosen_operations = effect_fields.pop("operations", operations)
    fault = Fault(
        target=target,
        kind=kind,
        operations=frozenset(operation.id for operation in chosen_operations),
        match={name: str(value) for name, value in options.items() if name not in OPTIONS},
        fields=read.as_json_values(options),
        after=read.whole_number("after", options.get("after", 0), 0),
        times=read.whole_number("times", options["times"], 1) if "times" in options else None,
        share=read.share(options["share"]) if "share" in options else None,
        window=read.window(options.get("window"), now),
        delay=_delay(options),
        retry_after=_retry_after(options),
        headers=_header_pairs(options.get("headers", {})),
        **effect_fields,
    )
    _check_combination(fault, options)
    return fault


def _target_operations(definitions: Definitions, target: str) -> list[Operation]:
    operations = [
        operation for operation in definitions.operations if target in (EVERYTHING, operation.id, operation.service)
    ]
    if not operations:
        services = list(dict.fromkeys(operation.service for operation in definitions.operations))
        hint = did_you_mean(target, [*services, *(operation.id for operation in definitions.operations)])
        allowed = f"{', '.join(services)}, {EVERYTHING} for all, or an operation's id (`mockserver operations` lists them)"
        raise InputError(f"{shortened(target)!r} is neither a service nor an operation{hint}; allowed: {allowed}")
    return operations


def _check_names(target: str, operations: Sequence[Operation], options: Mapping[str, Any]) -> None:
    parameters = dict.fromkeys(
        parameter.name
        for operation in operations
        for parameter in operation.parameters
        if parameter.location in ("path", "query")
    )
    allowed = [*parameters, *OPTIONS]
    for name, value in options.items():
        if name not in allowed:
            raise InputError(
                f"a fault of {target} has no {name!r}{did_you_mean(name, allowed)}; allowed: {', '.join(allowed)}"
            )
        if name not in OPTIONS and not isinstance(value, str | int | float):
            raise InputError(f"{name} is {value!r}; allowed: the text that the parameter must have")


def _effect(operations: list[Operation], options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name of the fault's kind, and the members of `Fault` that say what it does."""
    effects = [name for name in EFFECTS if name in options]
    if effects == ["status", "body"]:
        effects = ["status"]
    if len(effects) > 1:
        raise InputError(f"{' and '.join(effects)} are each a fault of its own; give one of them (body goes with status)")
    readers: dict[str, Callable[[list[Operation], Mapping[str, Any]], tuple[str, dict[str, Any]]]] = {
        "error": _error_fault, "status": _status_fault, "quota": _quota_fault, "fault": _kind_fault,
        "patch": _patch_fault, "body": _body_fault,
    }  # fmt: skip
    if effects:
        return readers[effects[0]](operations, options)
    if "headers" in options:
        return "headers", {"stage": SERVICE}
    if "delay" in options:
        return "delay", {"stage": NETWORK}
    raise InputError(f"the fault does nothing; give one of {', '.join(EFFECTIVE)}")


def _error_fault(operations: list[Operation], options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    operations_with_error = _operations_with_error("error", operations, options["error"])
    return f"error:{options['error']}", {"stage": SERVICE, "error": options["error"], "operations": operations_with_error}


def _operations_with_error(field: str, operations: list[Operation], name: object) -> list[Operation]:
    operations_with_error = [operation for operation in operations if name in {error.name for error in operation.errors()}]
    if not operations_with_error:
        allowed = list(dict.fromkeys(error.name for operation in operations for error in operation.errors()))
        owner = operations[0].id if len(operations) == 1 else "any of these operations"
        raise InputError(
            f"{field} is {name!r}, which is not a documented error of {owner}{did_you_mean(name, allowed)}; "
            f"allowed: {', '.join(allowed)}"
        )
    return operations_with_error


def _status_fault(_target_operations: list[Operation], options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    status = read.whole_number("status", options["status"], 200, 599)
    if status < 400 and "body" not in options:
        raise InputError(f"status is {status}, which is not an error; allowed: 400 to 599, or 200 to 599 with a body")
    body, content_type = read.body(options) if "body" in options else (None, "")
    if body and status in (204, 304):
        raise InputError(f"an answer with status {status} has no body; allowed: body '' with it, or another status")
    return f"status:{status}", {"stage": GATEWAY, "status": status, "body": body, "content_type": content_type}


def _quota_fault(operations: list[Operation], options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    quota = read.quota(options["quota"])
    targets = operations if quota.error is None else _operations_with_error("quota/error", operations, quota.error)
    return "quota", {"stage": GATEWAY, "quota": quota, "operations": targets}


def _kind_fault(_target_operations: list[Operation], fields: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    value = fields["fault"]
    options = {"type": value} if isinstance(value, str) else value
    name = options.get("type") if isinstance(options, Mapping) else None
    if not isinstance(name, str) or name not in KINDS:
        raise InputError(f"fault is {name or value!r}{did_you_mean(str(name).upper(), KINDS)}; allowed: {', '.join(KINDS)}")
    kind = KINDS[name]
    seconds, chunks = read.fault_options(name, options, kind.options)
    return name, {"stage": kind.stage, "fault": name, "listener": kind.listener, "seconds": seconds, "chunks": chunks}


def _patch_fault(_target_operations: list[Operation], options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "patch", {"stage": SERVICE, "patch": read_patch(options["patch"])}


def _body_fault(_target_operations: list[Operation], options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    body, content_type = read.body(options)
    return "body", {"stage": GATEWAY, "status": 200, "body": body, "content_type": content_type}


def _delay(options: Mapping[str, Any]) -> Any:
    if "clock" in options and "delay" not in options:
        raise InputError("clock says whose time a delay takes; give a delay, too")
    return read.delay(options["delay"], options.get("clock", "real")) if "delay" in options else None


def _retry_after(options: Mapping[str, Any]) -> str | bool | None:
    if "retry_after" not in options:
        return None
    if not {"status", "error", "quota"} & set(options):
        raise InputError("retry_after is a header of refusals; allowed: with status, error or quota")
    return read.retry_after(options["retry_after"], "quota" in options)


def _header_pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise InputError(f"headers is {value!r}; allowed: an object of names and texts")
    for name, text in value.items():
        if not isinstance(name, str) or not _HEADER.fullmatch(name):
            raise InputError(f"headers has {name!r}; allowed: a header's name, letters, digits and -")
        if name.lower() in _FRAMING:
            raise InputError(
                f"headers has {name}, which the server writes; allowed: any other (SHORT_BODY has a wrong length)"
            )
        if not isinstance(text, str) or not all(" " <= char <= "\xff" and char != "\x7f" for char in text):
            raise InputError(f"the header {name} is {text!r}; allowed: text in latin-1, without line breaks")
    return tuple(value.items())


def _check_combination(fault: Fault, options: Mapping[str, Any]) -> None:
    if "content_type" in options and "body" not in options:
        raise InputError("content_type goes with body; give both")
    kind = KINDS.get(fault.fault or "")
    if kind is None:
        return
    if fault.headers and not kind.has_headers:
        raise InputError(f"{fault.fault} sends no headers; leave headers out")
    if kind.listener:
        counters = [name for name in ("times", "after", "share", "delay") if name in options]
        if fault.target != EVERYTHING or fault.match:
            raise InputError(f"{fault.fault} is about the port, not one operation; allowed: target {EVERYTHING!r} alone")
        if counters:
            raise InputError(f"{fault.fault} can't be counted: no request comes so far; leave out {', '.join(counters)}")
