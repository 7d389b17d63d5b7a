"""Declaring faults, from Python, the control API and fixture files alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..definitions import Definitions, Operation
from ..errors import InputError, did_you_mean
from . import fields as read
from .model import GATEWAY, KINDS, NETWORK, SERVICE, Fault
from .patch import read_patch

EFFECTS = ("error", "status", "quota", "fault", "patch", "body")
"""What a fault does: one of these, except that `body` may go with `status`. Without any: `delay`, `headers`."""
OPTIONS = (*EFFECTS, "times", "after", "share", "window", "delay", "clock", "retry_after", "headers", "content_type")
EVERYTHING = "*"
_FRAMING = ("content-length", "transfer-encoding", "connection")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def fault_from(definitions: Definitions, target: str, fields: Mapping[str, Any], now: int) -> Fault:
    """A fault from the fields of `Mock.fail`. `now` is the namespace's time in milliseconds, which durations count from.

    Raises InputError for an unknown target, field, error, kind of fault
    or value, and for fields that don't go together, saying what is allowed.
    """
    operations = _operations(definitions, target)
    given = {name: value for name, value in fields.items() if value is not None}
    _check_names(target, operations, given)
    kind, parts = _effect(operations, given)
    chosen = parts.pop("operations", operations)
    fault = Fault(
        target=target,
        kind=kind,
        operations=frozenset(operation.id for operation in chosen),
        match={name: str(value) for name, value in given.items() if name not in OPTIONS},
        fields=read.plain(given),
        after=read.whole("after", given.get("after", 0), 0),
        times=read.whole("times", given["times"], 1) if "times" in given else None,
        share=read.share(given["share"]) if "share" in given else None,
        window=read.window(given.get("window"), now),
        delay=_delay(given),
        retry_after=_retry_after(given),
        headers=_headers(given.get("headers", {})),
        **parts,
    )
    _check_together(fault, given)
    return fault


def _operations(definitions: Definitions, target: str) -> list[Operation]:
    found = [one for one in definitions.operations if target in (EVERYTHING, one.id, one.service)]
    if not found:
        services = list(dict.fromkeys(one.service for one in definitions.operations))
        known = [*services, *(one.id for one in definitions.operations)]
        allowed = f"{', '.join(known)}, or {EVERYTHING} for all"
        raise InputError(
            f"{target!r} is neither a service nor an operation{did_you_mean(target, known)}; allowed: {allowed}"
        )
    return found


def _check_names(target: str, operations: Sequence[Operation], given: Mapping[str, Any]) -> None:
    parameters = dict.fromkeys(
        parameter.name for one in operations for parameter in one.parameters if parameter.location in ("path", "query")
    )
    known = [*parameters, *OPTIONS]
    for name, value in given.items():
        if name not in known:
            raise InputError(f"a fault of {target} has no {name!r}{did_you_mean(name, known)}; allowed: {', '.join(known)}")
        if name not in OPTIONS and not isinstance(value, str | int | float):
            raise InputError(f"{name} is {value!r}; allowed: the text that the parameter must have")


def _effect(operations: list[Operation], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What the fault is called, and the members of it that say what it does."""
    chosen = [name for name in EFFECTS if name in given]
    if chosen == ["status", "body"]:
        chosen = ["status"]
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(chosen)} are each a fault of its own; give one of them (body goes with status)")
    readers: dict[str, Callable[[list[Operation], Mapping[str, Any]], tuple[str, dict[str, Any]]]] = {
        "error": _error, "status": _status, "quota": _quota, "fault": _fault, "patch": _patch, "body": _body,
    }  # fmt: skip
    if chosen:
        return readers[chosen[0]](operations, given)
    if "headers" in given:
        return "headers", {"stage": SERVICE}
    if "delay" in given:
        return "delay", {"stage": NETWORK}
    raise InputError(f"the fault does nothing; give one of {', '.join((*EFFECTS, 'headers', 'delay'))}")


def _error(operations: list[Operation], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    found = _with_error("error", operations, given["error"])
    return f"error:{given['error']}", {"stage": SERVICE, "error": given["error"], "operations": found}


def _with_error(what: str, operations: list[Operation], name: object) -> list[Operation]:
    found = [one for one in operations if name in {error.name for error in one.errors()}]
    if not found:
        known = list(dict.fromkeys(error.name for one in operations for error in one.errors()))
        whose = operations[0].id if len(operations) == 1 else "any of these operations"
        raise InputError(
            f"{what} is {name!r}, which is no documented error of {whose}{did_you_mean(name, known)}; "
            f"allowed: {', '.join(known)}"
        )
    return found


def _status(_operations: list[Operation], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    status = read.whole("status", given["status"], 200, 599)
    if status < 400 and "body" not in given:
        raise InputError(f"status is {status}, which is no error; allowed: 400 to 599, or 200 to 599 with a body")
    body, content_type = read.body(given) if "body" in given else (None, "")
    if body and status in (204, 304):
        raise InputError(f"an answer with status {status} has no body; allowed: body '' with it, or another status")
    return f"status:{status}", {"stage": GATEWAY, "status": status, "body": body, "content_type": content_type}


def _quota(operations: list[Operation], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    quota = read.quota(given["quota"])
    chosen = operations if quota.error is None else _with_error("quota/error", operations, quota.error)
    return "quota", {"stage": GATEWAY, "quota": quota, "operations": chosen}


def _fault(_operations: list[Operation], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    value = given["fault"]
    options = {"type": value} if isinstance(value, str) else value
    name = options.get("type") if isinstance(options, Mapping) else None
    if not isinstance(name, str) or name not in KINDS:
        raise InputError(f"fault is {name or value!r}{did_you_mean(str(name).upper(), KINDS)}; allowed: {', '.join(KINDS)}")
    kind = KINDS[name]
    seconds, chunks = read.fault_options(name, options)
    return name, {"stage": kind.stage, "fault": name, "listener": kind.listener, "seconds": seconds, "chunks": chunks}


def _patch(_operations: list[Operation], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "patch", {"stage": SERVICE, "patch": read_patch(given["patch"])}


def _body(_operations: list[Operation], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    body, content_type = read.body(given)
    return "body", {"stage": GATEWAY, "status": 200, "body": body, "content_type": content_type}


def _delay(given: Mapping[str, Any]) -> Any:
    if "clock" in given and "delay" not in given:
        raise InputError("clock says whose time a delay takes; give a delay, too")
    return read.delay(given["delay"], given.get("clock", "real")) if "delay" in given else None


def _retry_after(given: Mapping[str, Any]) -> str | bool | None:
    if "retry_after" not in given:
        return None
    if not {"status", "error", "quota"} & set(given):
        raise InputError("retry_after is a header of refusals; allowed: with status, error or quota")
    return read.retry_after(given["retry_after"], "quota" in given)


def _headers(value: Any) -> tuple[tuple[str, str], ...]:
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


def _check_together(fault: Fault, given: Mapping[str, Any]) -> None:
    if "content_type" in given and "body" not in given:
        raise InputError("content_type goes with body; give both")
    kind = KINDS.get(fault.fault or "")
    if kind is None:
        return
    if fault.headers and (kind.stage == GATEWAY and fault.fault not in ("EMPTY_BODY", "HTML_200")):
        raise InputError(f"{fault.fault} sends no headers; leave headers out")
    if kind.listener:
        counted = [name for name in ("times", "after", "share", "delay") if name in given]
        if fault.target != EVERYTHING or fault.match:
            raise InputError(f"{fault.fault} is about the port, not one operation; allowed: target {EVERYTHING!r} alone")
        if counted:
            raise InputError(f"{fault.fault} can't be counted: no request comes so far; leave out {', '.join(counted)}")
