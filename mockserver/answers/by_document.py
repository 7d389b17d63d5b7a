"""The answers of an operation that only its document describes, and what it does to the things that clients made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..definitions import Operation
from ..errors import RequestProblem
from ..generate import Fake
from ..model import Answer
from ..services.base import Context
from .made_answer import made_answer, requested_values, success_of
from .resources import Collection

_LOCATIONS = ("location", "operation-location", "azure-asyncoperation")


def answer(operation: Operation, context: Context) -> Answer:
    """The answer. Raises RequestProblem for a resource that was deleted, or never created where unknown ids are refused."""
    item, collection = _collection(operation, context)
    if collection is None:
        return _sample_answer(operation, context, _scalars(context.body))
    if item is None:
        return (
            _create(operation, context, collection) if operation.method == "POST" else _list(operation, context, collection)
        )
    if operation.method in ("GET", "HEAD"):
        return _with_stored_members(operation, _sample_answer(operation, context), _existing(context, collection, item))
    if operation.method == "DELETE":
        _existing(context, collection, item)
        context.namespace.resources.delete(collection, item)
        return _sample_answer(operation, context)
    if operation.method == "PATCH":
        _existing(context, collection, item)
    stored = context.namespace.resources.put(collection, item, context.body if isinstance(context.body, dict) else {})
    return _with_stored_members(operation, _sample_answer(operation, context), stored)


def _collection(operation: Operation, context: Context) -> tuple[str | None, Collection | None]:
    """The thing's name and its collection; no collection where the path is neither a thing's nor a collection's."""
    values = {name: str(context.parameters[name]) for name in operation.path_names if name in context.parameters}
    head, _, last = operation.path.rpartition("/")
    paths = operation.source.documents[operation.source.name].get("paths", {})
    if last.startswith("{") and last.endswith("}") and last.count("{") == 1:
        name = last[1:-1]
        if name not in values:
            return None, None
        return values[name], (head, tuple(value for other, value in values.items() if other != name))
    things = [
        path
        for path in paths
        if path.startswith(operation.path.rstrip("/") + "/{")
        and path.count("/") == operation.path.rstrip("/").count("/") + 1
    ]
    if things and operation.method in ("GET", "POST"):
        return None, (operation.path.rstrip("/"), tuple(values.values()))
    return None, None


def _existing(context: Context, collection: Collection, item: str) -> Mapping[str, Any]:
    resources = context.namespace.resources
    stored = resources.get(collection, item)
    if stored is None and resources.was_deleted(collection, item):
        raise RequestProblem("unknown-id", f"{item!r} was deleted")
    if stored is None and context.namespace.settings.unknown_ids == "reject":
        raise RequestProblem("unknown-id", f"{item!r} was never created; POST one, or use --unknown-ids create")
    return stored or {}


def _scalars(body: Any) -> dict[str, Any]:
    """What of a request's body an answer may repeat."""
    members = body.items() if isinstance(body, dict) else ()
    return {name: value for name, value in members if isinstance(value, str | int)}


def _sample_answer(operation: Operation, context: Context, extra: Mapping[str, Any] | None = None, *key: object) -> Answer:
    requested = {**(extra or {}), **requested_values(operation, context.parameters)}
    identity = tuple(str(context.parameters.get(name)) for name in operation.path_names)
    fake = Fake(context.namespace.settings.seed, operation.service, operation.id, *identity, *key)
    return made_answer(operation, success_of(operation), fake, requested, context.accept)


def _with_stored_members(operation: Operation, sample: Answer, stored: Mapping[str, Any]) -> Answer:
    """The answer with what is kept of a thing, as far as the schema allows it."""
    if not stored or not isinstance(sample.body, dict):
        return sample
    body = {**sample.body, **stored}
    if _valid(operation, sample.status, body):
        return replace(sample, body=body)
    body = dict(sample.body)
    for name, value in stored.items():
        if name in body and _valid(operation, sample.status, {**body, name: value}):
            body[name] = value
    return replace(sample, body=body)


def _valid(operation: Operation, status: int, body: Any) -> bool:
    return status not in operation.responses or next(iter(operation.responses[status](body)), None) is None


def _create(operation: Operation, context: Context, collection: Collection) -> Answer:
    sent = context.body if isinstance(context.body, dict) else {}
    resources = context.namespace.resources
    sample = _sample_answer(
        operation,
        context,
        _scalars(sent),
        resources.next_number(),
    )
    name_in_path = next(
        path for path in operation.source.documents[operation.source.name]["paths"] if path.startswith(collection[0] + "/{")
    )
    member = name_in_path.rpartition("{")[2].rstrip("}")
    thing = {**sent, **(sample.body if isinstance(sample.body, dict) else {})}
    item = next((str(thing[name]) for name in (member, "id", "name", "uuid") if isinstance(thing.get(name), str | int)), "")
    item = item or Fake(context.namespace.settings.seed, operation.id, resources.next_number()).hex(16)
    resources.put(collection, item, {**thing, **({member: item} if member in thing else {})})
    place = "/".join((context.request.path.rstrip("/"), item))
    response = operation.source.members("responses").get(str(sample.status))
    names = [name for name in (response.members("headers") if response else {}) if name.lower() in _LOCATIONS]
    headers = [(name, place) for name in names] or ([("Location", place)] if sample.status in (201, 202) else [])
    return replace(sample, headers=(*sample.headers, *headers))


def _list(operation: Operation, context: Context, collection: Collection) -> Answer:
    sample = _sample_answer(operation, context)
    things = context.namespace.resources.all(collection)
    if not things:
        return sample
    if isinstance(sample.body, list):
        rows = _filled_rows(sample.body, things)
        return replace(sample, body=rows) if _valid(operation, sample.status, rows) else sample
    if not isinstance(sample.body, dict):
        return sample
    for name, value in sample.body.items():
        if isinstance(value, list) and (not value or isinstance(value[0], dict)):
            counts = {
                key: len(things)
                for key, count in sample.body.items()
                if key.lower() in ("total", "count", "total_count") and isinstance(count, int)
            }
            body = {**sample.body, name: _filled_rows(value, things), **counts}
            return replace(sample, body=body) if _valid(operation, sample.status, body) else sample
    return sample


def _filled_rows(rows: list[Any], things: list[dict[str, Any]]) -> list[Any]:
    template = rows[0] if rows and isinstance(rows[0], dict) else {}
    return [
        {**template, **{name: value for name, value in thing.items() if not template or name in template}}
        for thing in things
    ]
