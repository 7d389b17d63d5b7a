"""The control API under `/_mock/`: what a test or a developer asks of the mock itself. One function for each call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .control_access import check_access
from .control_document import control_document
from .declare_job import declare, handle, handles
from .definitions.bundle import bundle
from .errors import ControlError, InputError, did_you_mean
from .faults.registry import ActiveFault
from .fixtures import schema
from .jobs.clock import SECOND, Clock, in_range, not_negative, parse_time, utc
from .jobs.duration import seconds
from .journal import KEPT
from .mock import Mock
from .model import Answer
from .namespace import Namespace
from .settings import CONTROL_PREFIX
from .steps.select_namespace import HEADER
from .user_files import check
from .version import __version__

PREFIX = CONTROL_PREFIX
_ACTIONS = ("rerun", "cancel", "fail")
_WORLD_SETTINGS = ("seed", "auth", "unknown_ids", "unknown_query", "progress", "epoch", "time", "speed", "tick",
                   "credentials", "apps")  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """A call of the control API: its namespace, its path's parts, its query, its body and the host that was asked."""

    mock: Mock
    namespace: Namespace
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: bytes
    host: str = ""


def health(ask: Ask) -> Answer:
    """Whether the server answers, its version, its clock, and how much of its log is lost."""
    lost = ask.mock.log_lines_lost()
    return Answer(200, {"status": "pass", "version": __version__, "time": ask.namespace.clock.now(), "log_lines_lost": lost})


def openapi(ask: Ask) -> Answer:
    """All vendors' operations as one OpenAPI document."""
    url = f"http://{ask.host}" if ask.host else "/"
    return Answer(200, bundle(ask.mock.definitions.documents, __version__, url))


def control(ask: Ask) -> Answer:
    """The control API's own OpenAPI document."""
    return Answer(200, control_document(ask.mock.definitions))


def journal(ask: Ask) -> Answer:
    """The last exchanges."""
    text = ask.query.get("limit", str(KEPT))
    _check_names("query parameter", ask.query, ("limit",))
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > KEPT:
        raise ControlError("Invalid parameter", f"limit is {text[:40]!r}; allowed: 0 to {KEPT}")
    return Answer(200, {"exchanges": [exchange.as_json() for exchange in ask.namespace.journal.last(int(text))]})


def reset(ask: Ask) -> Answer:
    """Forget what was declared, asked and answered in this namespace."""
    ask.mock.reset(ask.namespace.name)
    return Answer(204, None)


def jobs(ask: Ask) -> Answer:
    """The declared jobs."""
    return Answer(200, {"jobs": [job.as_json() for job in handles(ask.mock.definitions, ask.namespace)]})


def declare_job(ask: Ask) -> Answer:
    """Declare a job."""
    against, body = schema(), _object(ask.body)
    check(body, {**against["$defs"]["job"], "$defs": against["$defs"]}, "body")
    fields = {name: value for name, value in body.items() if name != "service"}
    return Answer(201, declare(ask.mock.definitions, ask.namespace, body["service"], fields).as_json())


def show_job(ask: Ask) -> Answer:
    """A declared job."""
    return Answer(200, _declare_job(ask).as_json())


def delete_job(ask: Ask) -> Answer:
    """Take a declared job away."""
    _declare_job(ask).delete()
    return Answer(204, None)


def change_job(ask: Ask) -> Answer:
    """Rerun, cancel or fail a declared job."""
    body = _object(ask.body)
    _check_names("member", body, ("action",))
    if body.get("action") not in _ACTIONS:
        raise ControlError("Invalid body", f"action is {body.get('action')!r}; allowed: {', '.join(_ACTIONS)}")
    job = _declare_job(ask)
    try:
        return Answer(200, getattr(job, body["action"])().as_json())
    except InputError as error:
        raise ControlError("Conflict", str(error), 409) from error


def _declare_job(ask: Ask) -> Any:
    try:
        return handle(ask.mock.definitions, ask.namespace, ask.path["number"])
    except InputError as error:
        raise ControlError("Not found", str(error), 404) from error


def faults(ask: Ask) -> Answer:
    """The declared faults."""
    return Answer(200, {"faults": [fault.as_json() for fault in ask.namespace.faults.entries]})


def declare_fault(ask: Ask) -> Answer:
    """Declare a fault."""
    against, body = schema(), _object(ask.body)
    check(body, {**against["$defs"]["fault"], "$defs": against["$defs"]}, "body")
    fields = {name: value for name, value in body.items() if name != "target"}
    if body.get("fault") == "CONNECTION_REFUSED":
        _check_it_ends(ask.namespace.clock, body)
    return Answer(201, ask.mock.fail(body["target"], namespace=ask.namespace.name, **fields).as_json())


def _check_it_ends(text: Clock, body: Mapping[str, Any]) -> None:
    window = body.get("window") or (None, None)
    if window[1] is None or text.speed == 0:
        raise ControlError(
            "Invalid body",
            "CONNECTION_REFUSED closes the port to this API, too, so it has to end by itself: give it a window with an end,"
            " while the clock runs (from Python, any will do)",
        )


def delete_faults(ask: Ask) -> Answer:
    """Take all faults away."""
    ask.namespace.faults.clear()
    return Answer(204, None)


def show_fault(ask: Ask) -> Answer:
    """A declared fault, and how many requests got it."""
    return Answer(200, _fault(ask).as_json())


def delete_fault(ask: Ask) -> Answer:
    """Take a fault away."""
    ask.namespace.faults.remove(_fault(ask).number)
    return Answer(204, None)


def _fault(ask: Ask) -> ActiveFault:
    try:
        return ask.namespace.faults.get(ask.path["number"])
    except InputError as error:
        raise ControlError("Not found", str(error), 404) from error


def clock(ask: Ask) -> Answer:
    """What the clock shows and how it runs."""
    return Answer(200, _clock(ask.namespace.clock))


def change_clock(ask: Ask) -> Answer:
    """Set, advance, freeze or run the clock, or let polls move it. Several at once are done in this order."""
    body, text = _object(ask.body), ask.namespace.clock
    _check_names("member", body, ("set", "freeze", "speed", "tick", "advance"))
    if body.get("freeze", True) is not True:
        raise ControlError("Invalid body", f"freeze is {body['freeze']!r}; allowed: true (speed 1 lets the clock run again)")
    steps: list[Callable[[], None]] = []  # all read before the first is done: a mistake changes nothing
    if "set" in body:
        steps.append(partial(text.set, parse_time(body["set"])))
    if body.get("freeze"):
        steps.append(text.freeze)
    if "speed" in body:
        steps.append(partial(text.run, not_negative("speed", _query_number("speed", body["speed"]))))
    if "tick" in body:
        steps.append(partial(setattr, text, "tick", seconds(body["tick"])))
    if "advance" in body:
        steps.append(partial(text.advance, seconds(body["advance"])))
    _check_it_stays_in_range(text, body)
    for step in steps:
        step()
    return Answer(200, _clock(text))


def _check_it_stays_in_range(text: Clock, body: Mapping[str, Any]) -> None:
    """Each value is all right, but together they may lead too far."""
    start = parse_time(body["set"]) if "set" in body else text.now()
    try:
        in_range(start + round(seconds(body.get("advance", 0)) * SECOND))
    except InputError as error:
        raise ControlError("Conflict", str(error), 409) from error


def _clock(text: Clock) -> dict[str, Any]:
    now = text.now()
    return {"time": now, "iso": utc(now).isoformat(timespec="milliseconds"), "speed": text.speed, "tick": text.tick}


def _query_number(name: str, value: Any) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except OverflowError:  # an integer that no float can hold
        pass
    raise ControlError("Invalid body", f"{name} is {value!r}; allowed: a number, 0 or more")


def namespaces(ask: Ask) -> Answer:
    """The namespaces there are."""
    return Answer(200, {"namespaces": ask.mock.namespace_names()})


def add_namespace(ask: Ask) -> Answer:
    """Make a namespace, or one again: `name`, and settings that differ from the server's."""
    body = _object(ask.body)
    _check_names("member", body, ("name", *_WORLD_SETTINGS))
    if not isinstance(body.get("name"), str):
        raise ControlError("Invalid body", f"name is {body.get('name')!r}; allowed: 1 to 128 of A-Z a-z 0-9 . _ -")
    chosen = {name: value for name, value in body.items() if name != "name"}
    namespace = ask.mock.namespace(body["name"], **{"seed": ask.mock.settings.seed, **chosen})
    return Answer(201, {"name": namespace.name, "seed": namespace.settings.seed, "time": namespace.clock.now()})


def delete_namespace(ask: Ask) -> Answer:
    """Forget a namespace."""
    if ask.path["name"] not in ask.mock.namespace_names():
        raise ControlError("Not found", f"there is no namespace {ask.path['name']!r}", 404)
    ask.mock.delete_namespace(ask.path["name"])
    return Answer(204, None)


ROUTES: Mapping[tuple[str, str], Callable[[Ask], Answer]] = {
    ("GET", "/health"): health,
    ("GET", "/openapi.json"): openapi,
    ("GET", "/control.json"): control,
    ("GET", "/journal"): journal,
    ("POST", "/reset"): reset,
    ("GET", "/jobs"): jobs,
    ("POST", "/jobs"): declare_job,
    ("GET", "/jobs/<int:number>"): show_job,
    ("DELETE", "/jobs/<int:number>"): delete_job,
    ("POST", "/jobs/<int:number>"): change_job,
    ("GET", "/faults"): faults,
    ("POST", "/faults"): declare_fault,
    ("DELETE", "/faults"): delete_faults,
    ("GET", "/faults/<int:number>"): show_fault,
    ("DELETE", "/faults/<int:number>"): delete_fault,
    ("GET", "/clock"): clock,
    ("PATCH", "/clock"): change_clock,
    ("GET", "/namespaces"): namespaces,
    ("POST", "/namespaces"): add_namespace,
    ("DELETE", "/namespaces/<name>"): delete_namespace,
}
"""Every call, by method and path under the prefix."""


def path_of(call: Callable[[Ask], Answer]) -> str:
    """A call's path under the prefix, as `ROUTES` has it."""
    return next(path for (_, path), allowed in ROUTES.items() if allowed is call)


def answer(
    mock: Mock,
    call: Callable[[Ask], Answer],
    path: Mapping[str, Any],
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
) -> Answer:
    """Answer a call. Raises ControlError for one that makes no sense, or that may not pass."""
    check_access(mock.settings, path_of(call), headers)
    namespace = mock.namespace(headers.get(HEADER, mock.default_namespace))
    try:
        return call(Ask(mock, namespace, path, query, body, headers.get("host", "")))
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
