"""A proposal of how a document's jobs live: found by names, formats and the conventions of long-running operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from .job_shorthand import CANCEL, FAILURE, SUCCESS, schema_of, success_response, whole_schema
from .notes import Notes
from .operation_forms import PATH_NAME
from .read import read_users

_STATUS = re.compile(
    r"^(status|state|phase|job_?status|job_?state|provisioning_?state|life_?cycle_?state|instance_?status|result_?status)$",
    re.IGNORECASE,
)
_PROGRESS = re.compile(r"progress|percent", re.IGNORECASE)
_RESULT = re.compile(r"result|output|download|artifact|response", re.IGNORECASE)
_ERROR = re.compile(r"^(error|fail)|(error|reason)(_?(message|detail|details|code))?$", re.IGNORECASE)
_TIMES = (
    ("created", re.compile(r"creat|submi|queued_?at|inserted", re.IGNORECASE)),
    ("started", re.compile(r"start|begin", re.IGNORECASE)),
    ("ended", re.compile(r"end|finish|complet|done_?at|stopped", re.IGNORECASE)),
    ("updated", re.compile(r"updat|modif|last", re.IGNORECASE)),
)
_STOP = re.compile(r"cancel|stop|abort|terminate|kill", re.IGNORECASE)
_LONG = ("location", "operation-location", "azure-asyncoperation", "retry-after")


def proposal(path: Path) -> str:
    """The text of a `mockserver.yaml`. Raises InputError where no operation reads a job."""
    notes = Notes()
    documents = read_users(path, notes)
    name, document = next((name, value) for name, value in documents.items() if "openapi" in value)
    jobs = [text for place in _places(document) for text in _job(document, place)]
    if not jobs:
        raise InputError(
            f"{path}: no operation reads one thing by an id in its path, with a status whose values have an end; write"
            " mockserver.yaml by hand (docs/your-api.md)"
        )
    head = [
        "# How the jobs of this document live: proposed by `mockserver init`, to be checked by you (docs/your-api.md).",
        f"document: {Path(name).name}",
        f"service: {document['x-service']['name']}",
        "jobs:",
    ]
    return "\n".join([*head, *jobs]) + "\n"


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The paths of single things that can be read, and how."""
    for path, item in document.get("paths", {}).items():
        node = item.get("get") if isinstance(item, Mapping) else None
        if isinstance(node, Mapping) and PATH_NAME.search(path):
            yield path, node


def _job(document: Mapping[str, Any], place: tuple[str, Mapping[str, Any]]) -> Iterator[str]:
    path, node = place
    schema = schema_of(document, success_response(document, node))
    base, held = _holder(document, schema)
    if held is None:
        return
    properties, status, states = held
    yield f"  {_quoted(str(node['operationId']))}:  # GET {path}"
    if base:
        yield f"    job: {base}"
    yield f"    status: /{status}"
    yield "    states:"
    yield from (f"      {line}" for line in states)
    for name, child in properties.items():
        if _PROGRESS.search(name) and _types(document, child) & {"integer", "number", "string"}:
            yield f"    progress: /{name}"
            break
    times = _times(document, properties)
    if times:
        yield "    times: {" + ", ".join(f"{kind}: {place}" for kind, place in times.items()) + "}"
    only = _only(properties, status, states)
    if only:
        yield "    only: {" + ", ".join(f"/{name}: {state}" for name, state in only.items()) + "}"
    yield from _deeds(document, path)


def _holder(
    document: Mapping[str, Any], schema: Mapping[str, Any], base: str = ""
) -> tuple[str, tuple[Mapping[str, Any], str, list[str]] | None]:
    """Where the job stands in the answer: at the top, or one level below."""
    properties = schema.get("properties", {})
    for name, child in properties.items():
        states = _states(document, name, child)
        if states:
            return base, (properties, name, states)
    for name, child in properties.items() if not base else ():
        inner = whole_schema(document, child)
        below, result = _holder(document, inner, f"/{name}") if inner.get("properties") else ("", None)
        if result:
            return below, result
    return base, None


def _states(document: Mapping[str, Any], name: str, child: Any) -> list[str]:
    """The states that a member's values are, each as a line; nothing where it is no status."""
    schema = whole_schema(document, child)
    if name == "done" and "boolean" in _types(document, child):
        return ["running: {for: 10s, code: false}", "succeeded: {end: true, code: true}", "failed: {end: true, code: true}"]
    values = [value for value in schema.get("enum", ()) if value is not None]
    if not _STATUS.match(name) or len(values) < 2 or not all(isinstance(value, str) for value in values):
        return []
    ends = [value for value in values if SUCCESS.search(value) or FAILURE.search(value) or CANCEL.search(value)]
    ends = [value for value in ends if not re.search(r"ing$|^not|^un|^in_?progress", value, re.IGNORECASE)]
    if not ends or len(ends) == len(values):
        return []
    return [f"{_quoted(value)}: {'end' if value in ends else '10s'}" for value in values]


def _types(document: Mapping[str, Any], child: Any) -> set[str]:
    named = whole_schema(document, child).get("type", [])
    return {named} if isinstance(named, str) else set(named)


def _times(document: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, str]:
    times: dict[str, str] = {}
    for name, child in properties.items():
        schema = whole_schema(document, child)
        epoch = bool(_types(document, child) & {"integer"}) and bool(re.search(r"time|_at$|At$|date", name))
        if schema.get("format") != "date-time" and not epoch:
            continue
        kind = next((kind for kind, pattern in _TIMES if pattern.search(name) and kind not in times), None)
        if kind is not None:
            times[kind] = f"[/{name}, epoch-ms]" if epoch else f"/{name}"
    return times


def _only(properties: Mapping[str, Any], status: str, states: list[str]) -> dict[str, str]:
    names = [re.split(r":", line)[0].strip("'") for line in states]
    good = next((name for name in names if SUCCESS.search(name) and not FAILURE.search(name)), None)
    bad = next((name for name in names if FAILURE.search(name)), None)
    only: dict[str, str] = {}
    for name in properties:
        if name == status or _PROGRESS.search(name):
            continue
        if bad and _ERROR.search(name):
            only[name] = _quoted(bad)
        elif good and _RESULT.search(name):
            only[name] = _quoted(good)
    return only


def _deeds(document: Mapping[str, Any], path: str) -> Iterator[str]:
    """What starts, lists and stops the job: by the paths around it."""
    collection = path.rpartition("/")[0]
    start = document["paths"].get(collection, {}).get("post") or _long_running(document, path)
    if start:
        yield f"    start: {_quoted(str(start['operationId']))}"
    listed = document["paths"].get(collection, {}).get("get")
    if listed and _lists(document, listed):
        yield f"    list: {_quoted(str(listed['operationId']))}"
    for other, item in document["paths"].items():
        action = other.removeprefix(path) if other.startswith(path) else ""
        if action and _STOP.search(action) and "{" not in action and isinstance(item.get("post"), Mapping):
            yield f"    stop: {_quoted(str(item['post']['operationId']))}"
            return
    delete = document["paths"].get(path, {}).get("delete")
    if delete:
        deed = "stop" if _STOP.search(str(delete["operationId"])) else "delete"
        yield f"    {deed}: {_quoted(str(delete['operationId']))}"


def _lists(document: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    schema = schema_of(document, success_response(document, node))
    return "array" in _types(document, schema) or any(
        "array" in _types(document, child) for child in schema.get("properties", {}).values()
    )


def _long_running(document: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    """The only operation that answers 202 with a header that leads to a status, where the path's own collection has none."""
    matches = []
    for item in document["paths"].values():
        for method, node in item.items() if isinstance(item, Mapping) else ():
            if method in ("post", "put", "patch") and isinstance(node, Mapping):
                headers = {name.lower() for name in (node.get("responses", {}).get("202") or {}).get("headers", {})}
                if headers & set(_LONG):
                    matches.append(node)
    return matches[0] if len(matches) == 1 and re.search(r"operation|job|task|status", path, re.IGNORECASE) else None


def _quoted(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and text.lower() not in (
        "true",
        "false",
        "null",
        "yes",
        "no",
        "on",
        "off",
    )
    return text if plain else "'" + text.replace("'", "''") + "'"
