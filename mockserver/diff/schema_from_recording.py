"""From a recording to the document that it would be an example of, so that recordings are compared as documents are."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from ..definitions import Definitions, Operation
from ..exchanges.exchange import Exchange
from ..exchanges.job_view import job_views
from .classify import PAGE_NAME
from .schema_inference import Page, Sample
from .schema_text import canonical
from .schemas import STATUS_NAME
from .sources import Source

_ID = re.compile(r"(?=.*\d)[A-Za-z0-9_.~-]{6,}|\d+|[0-9a-fA-F-]{32,36}")
_VERSION = re.compile(r"v\d+(?:\.\d+)*")
_SKIPPED = re.compile(r"^(?:offset|page|marker|start|end|from|to|.*_time)$", re.IGNORECASE)
_CODES = ("error_code", "errCode", "errorCode", "code")
_IDS = ("id", "job_id", "jobId", "instanceId", "instance_id", "job_instance_id", "name", "job-name")


@dataclass
class _RecordedOperation:
    """What a recording has of one operation."""

    method: str
    path: str
    operation: Operation | None
    bodies: dict[str, dict[str, Sample | None]] = field(default_factory=dict)
    errors: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    states: dict[str, Any] = field(default_factory=dict)
    ends: set[str] = field(default_factory=set)
    follows: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    last: dict[Hashable, str] = field(default_factory=dict)


def inferred(name: str, exchanges: Iterable[Exchange], definitions: Definitions) -> Source:
    """The source that a recording makes. Operations are found in the definitions; others are told apart by method and path,
    in which what looks like an id counts for any.
    """
    observed: dict[tuple[str, str], _RecordedOperation] = {}
    ordered = list(exchanges)
    if all(exchange.time is not None for exchange in ordered):
        ordered.sort(key=lambda exchange: exchange.time or 0)
    for exchange in ordered:
        _add_exchange(observed, exchange, definitions)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for (method, path), recorded in observed.items():
        paths[path][method.lower()] = _operation_document(recorded)
    document = {"openapi": "3.1.0", "info": {"title": "A recording", "version": "1"}, "paths": dict(paths)}
    return Source(name, {name.rpartition("/")[2]: document}, name.rpartition("/")[0], inferred=True)


def _add_exchange(observed: dict[tuple[str, str], _RecordedOperation], exchange: Exchange, definitions: Definitions) -> None:
    request = exchange.request
    operation = definitions.operation_at(request.method, request.path, request.query)
    path = operation.path if operation else _template(request.path)
    recorded = observed.setdefault((request.method, path), _RecordedOperation(request.method, path, operation))
    media = (exchange.response.header("content-type") or "application/json").partition(";")[0].strip().lower()
    status = str(exchange.response.status)
    recorded.bodies.setdefault(status, {})
    try:
        body = json.loads(exchange.response.body)
    except (ValueError, RecursionError):
        if exchange.response.body:
            recorded.bodies[status].setdefault(media, None)
        return
    code = _error_code(body, exchange.response.status)
    if code is not None:
        recorded.errors[code].add(status)
    if code is None or exchange.response.status >= 400:
        sample = recorded.bodies[status].get(media) or Sample()
        recorded.bodies[status][media] = sample
        sample.add(body, _page_of_query(request.query))
    else:
        recorded.bodies[status].setdefault(media, None)
    if code is None:
        _states(recorded, exchange, body)


def _template(path: str) -> str:
    parts = path.split("/")
    return "/".join("{id}" if _ID.fullmatch(part) and not _VERSION.fullmatch(part) else part for part in parts)


def _error_code(body: Any, status: int) -> str | None:
    """The code of an error; under a 2xx it is one where there is no data, as EnOS answers."""
    if not isinstance(body, dict):
        return None
    holder = body["error"] if isinstance(body.get("error"), dict) else body
    code = next((holder[name] for name in _CODES if isinstance(holder.get(name), str | int)), None)
    if status < 400 and (code in (None, 0, "0", 200, "200") or body.get("data", ...) is not None):
        return None
    return None if code is None else str(code)


def _page_of_query(query: str) -> Page:
    values = dict(parse_qsl(query))
    limit = next((value for name, value in values.items() if PAGE_NAME.match(name)), "")
    offset = values.get("offset", "0")
    return Page(int(limit) if _is_number(limit) else None, int(offset) if _is_number(offset) else 0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _states(recorded: _RecordedOperation, exchange: Exchange, body: Any) -> None:
    """The statuses of the jobs in an answer, and what they followed."""
    parameters = [(name, value) for name, value in parse_qsl(exchange.request.query) if not _left_out(name)]
    request_key = (exchange.request.path, *sorted(parameters))
    for job_key, name, sent, terminal in _jobs(recorded.operation, body):
        recorded.states[name] = sent
        if terminal:
            recorded.ends.add(name)
        key = (request_key, job_key)
        before = recorded.last.get(key)
        if before is not None and before != name:
            recorded.follows[before].add(name)
        recorded.last[key] = name


def _left_out(name: str) -> bool:
    return bool(PAGE_NAME.match(name) or _SKIPPED.match(name))


def _jobs(operation: Operation | None, body: Any) -> Iterator[tuple[Hashable, str, Any, bool]]:
    """Who, status by name, status as sent, whether it is an end: of each job in an answer."""
    if operation is not None and operation.observation is not None:
        for look in job_views(operation, body):
            if look.sent is not None:
                yield (look.id, canonical(look.run)), look.state or str(look.sent), look.sent, look.terminal
        return
    for pointer, node in _objects(body, ""):
        name = next((key for key in node if STATUS_NAME.search(key) and isinstance(node[key], str)), None)
        if name is not None:
            job_key = next((canonical(node[key]) for key in _IDS if key in node), pointer)
            yield job_key, node[name], node[name], False


def _objects(value: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, dict):
        yield pointer, value
        for name, child in value.items():
            yield from _objects(child, f"{pointer}/{name}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _objects(child, f"{pointer}/{index}")


def _operation_document(recorded: _RecordedOperation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, bodies in sorted(recorded.bodies.items()):
        content = {media: {"schema": sample.schema()} if sample else {} for media, sample in bodies.items()}
        responses[status] = {"content": content} if content else {}
    for code, statuses in sorted(recorded.errors.items()):
        for status in sorted(statuses):
            for media in responses[status].get("content", {}).values():
                media.setdefault("examples", {})[code] = {"x-error": {"code": code}}
    operation: dict[str, Any] = {"responses": responses}
    if recorded.operation is not None:
        operation["operationId"] = recorded.operation.id
    if recorded.states:
        operation["x-job"] = {
            "x-inferred": True,
            "states": {
                name: {"code": sent, "terminal": name in recorded.ends} for name, sent in sorted(recorded.states.items())
            },
            "transitions": {name: sorted(after) for name, after in sorted(recorded.follows.items())},
        }
    return operation
