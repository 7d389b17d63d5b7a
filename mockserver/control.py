"""The control API under `/_mock/`, by which tests and developers drive the mock. One function for each call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .control_access import check_access
from .control_document import control_document
from .declare_job import DeclaredJob, declare, handle, handles
from .definitions.bundle import bundle
from .errors import ControlError, InputError, did_you_mean
from .faults.registry import ActiveFault
from .fixtures import schema
from .jobs.clock import SECOND, Clock, in_range, not_negative, parse_time, utc
from .jobs.duration import seconds
from .journal import MAX_ENTRIES
from .mock import Mock
from .model import Answer
from .namespace import Namespace
from .settings import CONTROL_PREFIX
from .steps.select_namespace import HEADER
from .user_files import check
from .version import __version__

PREFIX = CONTROL_PREFIX
_ACTIONS = ("rerun", "cancel", "fail")
_NAMESPACE_SETTINGS = ("seed", "auth", "unknown_ids", "unknown_query", "progress", "epoch", "time", "speed", "tick",
                   "credentials", "apps")  # fmt: skip


@dataclass(frozen=True)
class ControlCall:
    """A call of the control API: its namespace, the path's parameters, its query, its body and its Host header."""

    mock: Mock
    namespace: Namespace
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: bytes
    host: str = ""


def show_health(call: ControlCall) -> Answer:
    """The server's status, version and clock, and how many lines of its log are lost."""
    lost = call.mock.log_lines_lost()
    return Answer(
        200, {"status": "pass", "version": __version__, "time": call.namespace.clock.now(), "log_lines_lost": lost}
    )


def show_openapi(call: ControlCall) -> Answer:
    """All vendors' operations as one OpenAPI document."""
    url = f"http://{call.host}" if call.host else "/"
    return Answer(200, bundle(call.mock.definitions.documents, __version__, url))


def show_control_document(call: ControlCall) -> Answer:
    """The control API's own OpenAPI document."""
    return Answer(200, control_document(call.mock.definitions))


def list_exchanges(call: ControlCall) -> Answer:
    """The last exchanges of the journal."""
    limit = call.query.get("limit", str(MAX_ENTRIES))
    _check_names("query parameter", call.query, ("limit",))
    if not re.fullmatch(r"[0-9]{1,5}", limit) or int(limit) > MAX_ENTRIES:
        raise ControlError("Invalid parameter", f"limit is {limit[:40]!r}; allowed: 0 to {MAX_ENTRIES}")
    return Answer(200, {"exchanges": [exchange.as_json() for exchange in call.namespace.journal.last(int(limit))]})


def reset(call: ControlCall) -> Answer:
    """Delete this namespace's declared jobs, faults and journal."""
    call.mock.reset(call.namespace.name)
    return Answer(204, None)


def list_jobs(call: ControlCall) -> Answer:
    """The declared jobs."""
    return Answer(200, {"jobs": [job.as_json() for job in handles(call.mock.definitions, call.namespace)]})


def declare_job(call: ControlCall) -> Answer:
    """Declare a job."""
    fixture_schema, body = schema(), _object(call.body)
    check(body, {**fixture_schema["$defs"]["job"], "$defs": fixture_schema["$defs"]}, "body")
    fields = {name: value for name, value in body.items() if name != "service"}
    return Answer(201, declare(call.mock.definitions, call.namespace, body["service"], fields).as_json())


def show_job(call: ControlCall) -> Answer:
    """A declared job."""
    return Answer(200, _job(call).as_json())


def delete_job(call: ControlCall) -> Answer:
    """Delete a declared job."""
    _job(call).delete()
    return Answer(204, None)


def change_job(call: ControlCall) -> Answer:
    """Rerun, cancel or fail a declared job."""
    body = _object(call.body)
    _check_names("member", body, ("action",))
    if body.get("action") not in _ACTIONS:
        raise ControlError("Invalid body", f"action is {body.get('action')!r}; allowed: {', '.join(_ACTIONS)}")
    job = _job(call)
    try:
        return Answer(200, getattr(job, body["action"])().as_json())
    except InputError as error:
        raise ControlError("Conflict", str(error), 409) from error


def _job(call: ControlCall) -> DeclaredJob:
    try:
        return handle(call.mock.definitions, call.namespace, call.path["number"])
    except InputError as error:
        raise ControlError("Not found", str(error), 404) from error


def list_faults(call: ControlCall) -> Answer:
    """The declared faults."""
    return Answer(200, {"faults": [fault.as_json() for fault in call.namespace.faults.entries]})


def declare_fault(call: ControlCall) -> Answer:
    """Declare a fault."""
    fixture_schema, body = schema(), _object(call.body)
    check(body, {**fixture_schema["$defs"]["fault"], "$defs": fixture_schema["$defs"]}, "body")
    fields = {name: value for name, value in body.items() if name != "target"}
    if body.get("fault") == "CONNECTION_REFUSED":
        _check_it_ends(call.namespace.clock, body)
    return Answer(201, call.mock.fail(body["target"], namespace=call.namespace.name, **fields).as_json())


def _check_it_ends(clock: Clock, body: Mapping[str, Any]) -> None:
    window = body.get("window") or (None, None)
    if window[1] is None or clock.speed == 0:
        raise ControlError(
            "Invalid body",
            "CONNECTION_REFUSED closes the port to this API, too, so it has to end by itself: give it a window with an end,"
            " while the clock runs (from Python, any will do)",
        )


def delete_faults(call: ControlCall) -> Answer:
    """Delete all faults."""
    call.namespace.faults.clear()
    return Answer(204, None)


def show_fault(call: ControlCall) -> Answer:
    """A declared fault, and how many requests got it."""
    return Answer(200, _fault(call).as_json())


def delete_fault(call: ControlCall) -> Answer:
    """Delete a fault."""
    call.namespace.faults.remove(_fault(call).number)
    return Answer(204, None)


def _fault(call: ControlCall) -> ActiveFault:
    try:
        return call.namespace.faults.get(call.path["number"])
    except InputError as error:
        raise ControlError("Not found", str(error), 404) from error


def show_clock(call: ControlCall) -> Answer:
    """What the clock shows and how it runs."""
    return Answer(200, _clock_state(call.namespace.clock))


def change_clock(call: ControlCall) -> Answer:
    """Freeze, set, run or advance the clock, or let polls move it. Several changes in one call are made in one order."""
    body, clock = _object(call.body), call.namespace.clock
    _check_names("member", body, ("set", "freeze", "speed", "tick", "advance"))
    if body.get("freeze", True) is not True:
        raise ControlError("Invalid body", f"freeze is {body['freeze']!r}; allowed: true (speed 1 lets the clock run again)")
    steps: list[Callable[[], None]] = []  # all read before the first is done: a mistake changes nothing
    if body.get("freeze"):
        steps.append(clock.freeze)
    if "set" in body:  # once it is frozen: it shows exactly this time
        steps.append(partial(clock.set, parse_time(body["set"])))
    if "speed" in body:
        steps.append(partial(clock.run, not_negative("speed", _query_number("speed", body["speed"]))))
    if "tick" in body:
        steps.append(partial(setattr, clock, "tick", seconds(body["tick"])))
    if "advance" in body:
        steps.append(partial(clock.advance, seconds(body["advance"])))
    _check_it_stays_in_range(clock, body)
    for step in steps:
        step()
    return Answer(200, _clock_state(clock))


def _check_it_stays_in_range(clock: Clock, body: Mapping[str, Any]) -> None:
    """Refuse values that are valid one by one, but lead beyond the range of times together."""
    start = parse_time(body["set"]) if "set" in body else clock.now()
    try:
        in_range(start + round(seconds(body.get("advance", 0)) * SECOND))
    except InputError as error:
        raise ControlError("Conflict", str(error), 409) from error


def _clock_state(clock: Clock) -> dict[str, Any]:
    now = clock.now()
    return {"time": now, "iso": utc(now).isoformat(timespec="milliseconds"), "speed": clock.speed, "tick": clock.tick}


def _query_number(name: str, value: Any) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except OverflowError:  # an integer that no float can hold
        pass
    raise ControlError("Invalid body", f"{name} is {value!r}; allowed: a number, 0 or more")


def list_namespaces(call: ControlCall) -> Answer:
    """The names of all namespaces."""
    return Answer(200, {"namespaces": call.mock.namespace_names()})


def add_namespace(call: ControlCall) -> Answer:
    """Make a namespace, or replace one: `name`, and settings that differ from the server's."""
    body = _object(call.body)
    _check_names("member", body, ("name", *_NAMESPACE_SETTINGS))
    if not isinstance(body.get("name"), str):
        raise ControlError("Invalid body", f"name is {body.get('name')!r}; allowed: 1 to 128 of A-Z a-z 0-9 . _ -")
    chosen = {name: value for name, value in body.items() if name != "name"}
    namespace = call.mock.namespace(body["name"], **{"seed": call.mock.settings.seed, **chosen})
    return Answer(201, {"name": namespace.name, "seed": namespace.settings.seed, "time": namespace.clock.now()})


def delete_namespace(call: ControlCall) -> Answer:
    """Delete a namespace."""
    if call.path["name"] not in call.mock.namespace_names():
        raise ControlError("Not found", f"there is no namespace {call.path['name']!r}", 404)
    call.mock.delete_namespace(call.path["name"])
    return Answer(204, None)


Handler = Callable[[ControlCall], Answer]

ROUTES: Mapping[tuple[str, str], Handler] = {
    ("GET", "/health"): show_health,
    ("GET", "/openapi.json"): show_openapi,
    ("GET", "/control.json"): show_control_document,
    ("GET", "/journal"): list_exchanges,
    ("POST", "/reset"): reset,
    ("GET", "/jobs"): list_jobs,
    ("POST", "/jobs"): declare_job,
    ("GET", "/jobs/<int:number>"): show_job,
    ("DELETE", "/jobs/<int:number>"): delete_job,
    ("POST", "/jobs/<int:number>"): change_job,
    ("GET", "/faults"): list_faults,
    ("POST", "/faults"): declare_fault,
    ("DELETE", "/faults"): delete_faults,
    ("GET", "/faults/<int:number>"): show_fault,
    ("DELETE", "/faults/<int:number>"): delete_fault,
    ("GET", "/clock"): show_clock,
    ("PATCH", "/clock"): change_clock,
    ("GET", "/namespaces"): list_namespaces,
    ("POST", "/namespaces"): add_namespace,
    ("DELETE", "/namespaces/<name>"): delete_namespace,
}
"""Every call, by method and path under the prefix."""


def path_of(handler: Handler) -> str:
    """A handler's path under the prefix, as `ROUTES` has it."""
    return next(path for (_, path), routed in ROUTES.items() if routed is handler)


def answer(
    mock: Mock,
    handler: Handler,
    path: Mapping[str, Any],
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
) -> Answer:
    """Answer a call. Raises ControlError for a call that is invalid or not allowed."""
    check_access(mock.settings, path_of(handler), headers)
    namespace = mock.namespace(headers.get(HEADER, mock.default_namespace))
    try:
        return handler(ControlCall(mock, namespace, path, query, body, headers.get("host", "")))
    except InputError as error:
        raise ControlError("Invalid input", str(error)) from error


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body) if body else None
    except (ValueError, RecursionError):
        raise ControlError("Invalid body", "the body is not JSON") from None
    if not isinstance(value, dict):
        raise ControlError(
            "Invalid body", f"the body is {'empty' if value is None else 'not an object'}; allowed: a JSON object"
        )
    return value


def _check_names(what: str, fields: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for name in fields:
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise ControlError("Unknown member", f"{what} {name[:80]!r}{hint}; allowed: {', '.join(allowed)}")
