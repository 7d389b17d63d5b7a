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
    """The answer. Raises RequestProblem for a thing that was deleted, or that nobody made where unknown ids are refused."""
    item, collection = _collection(operation, context)
    if collection is None:
        return _made(operation, context, _scalars(context.body))
    if item is None:
        return (
            _create(operation, context, collection) if operation.method == "POST" else _list(operation, context, collection)
        )
    if operation.method in ("GET", "HEAD"):
        return _with(operation, _made(operation, context), _existing(context, collection, item))
    if operation.method == "DELETE":
        _existing(context, collection, item)
        context.namespace.resources.delete(collection, item)
        return _made(operation, context)
    if operation.method == "PATCH":
        _existing(context, collection, item)
    remaining = context.namespace.resources.put(collection, item, context.body if isinstance(context.body, dict) else {})
    return _with(operation, _made(operation, context), remaining)


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
    remaining = resources.get(collection, item)
    if remaining is None and resources.was_deleted(collection, item):
        raise RequestProblem("unknown-id", f"{item!r} was deleted")
    if remaining is None and context.namespace.settings.unknown_ids == "reject":
        raise RequestProblem("unknown-id", f"nobody made {item!r}; POST one, or use --unknown-ids create")
    return remaining or {}


def _scalars(body: Any) -> dict[str, Any]:
    """What of a request's body an answer may repeat."""
    members = body.items() if isinstance(body, dict) else ()
    return {name: value for name, value in members if isinstance(value, str | int)}


def _made(operation: Operation, context: Context, extra: Mapping[str, Any] | None = None, *key: object) -> Answer:
    requested = {**(extra or {}), **requested_values(operation, context.parameters)}
    identity = tuple(str(context.parameters.get(name)) for name in operation.path_names)
    fake = Fake(context.namespace.settings.seed, operation.service, operation.id, *identity, *key)
    return made_answer(operation, success_of(operation), fake, requested, context.accept)


def _with(operation: Operation, made: Answer, remaining: Mapping[str, Any]) -> Answer:
    """The answer with what is kept of a thing, as far as the schema allows it."""
    if not remaining or not isinstance(made.body, dict):
        return made
    body = {**made.body, **remaining}
    if _valid(operation, made.status, body):
        return replace(made, body=body)
    body = dict(made.body)
    for name, value in remaining.items():
        if name in body and _valid(operation, made.status, {**body, name: value}):
            body[name] = value
    return replace(made, body=body)


def _valid(operation: Operation, status: int, body: Any) -> bool:
    return status not in operation.responses or next(iter(operation.responses[status](body)), None) is None


def _create(operation: Operation, context: Context, collection: Collection) -> Answer:
    sent = context.body if isinstance(context.body, dict) else {}
    resources = context.namespace.resources
    made = _made(
        operation,
        context,
        _scalars(sent),
        resources.next_number(),
    )
    name_in_path = next(
        path for path in operation.source.documents[operation.source.name]["paths"] if path.startswith(collection[0] + "/{")
    )
    member = name_in_path.rpartition("{")[2].rstrip("}")
    thing = {**sent, **(made.body if isinstance(made.body, dict) else {})}
    item = next((str(thing[name]) for name in (member, "id", "name", "uuid") if isinstance(thing.get(name), str | int)), "")
    item = item or Fake(context.namespace.settings.seed, operation.id, resources.next_number()).hex(16)
    resources.put(collection, item, {**thing, **({member: item} if member in thing else {})})
    place = "/".join((context.request.path.rstrip("/"), item))
    documented = operation.source.members("responses").get(str(made.status))
    names = [name for name in (documented.members("headers") if documented else {}) if name.lower() in _LOCATIONS]
    headers = [(name, place) for name in names] or ([("Location", place)] if made.status in (201, 202) else [])
    return replace(made, headers=(*made.headers, *headers))


def _list(operation: Operation, context: Context, collection: Collection) -> Answer:
    made = _made(operation, context)
    things = context.namespace.resources.all(collection)
    if not things:
        return made
    if isinstance(made.body, list):
        rows = _filled_rows(made.body, things)
        return replace(made, body=rows) if _valid(operation, made.status, rows) else made
    if not isinstance(made.body, dict):
        return made
    for name, value in made.body.items():
        if isinstance(value, list) and (not value or isinstance(value[0], dict)):
            counts = {
                key: len(things)
                for key, count in made.body.items()
                if key.lower() in ("total", "count", "total_count") and isinstance(count, int)
            }
            body = {**made.body, name: _filled_rows(value, things), **counts}
            return replace(made, body=body) if _valid(operation, made.status, body) else made
    return made


def _filled_rows(rows: list[Any], things: list[dict[str, Any]]) -> list[Any]:
    like = rows[0] if rows and isinstance(rows[0], dict) else {}
    return [{**like, **{name: value for name, value in thing.items() if not like or name in like}} for thing in things]
