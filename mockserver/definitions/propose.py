"""A proposal of how a document's jobs live: found by names, formats and the conventions of long-running operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from .job_words import FAILURE, SUCCESS
from .notes import Notes
from .operation_forms import PATH_NAME
from .propose_calls import calls_around
from .propose_states import Status, quoted, status_of
from .read import read_users
from .schema_lookup import Node, parameters_of, schema_of, success_response, types_of_schema, whole_schema

_PROGRESS = re.compile(
    r"progress|^percent(age)?$|percent(age)?_?(complete|done|finished)|(complete|completion|done)_?percent", re.IGNORECASE
)
_SETTING = re.compile(
    r"(config|configuration|format|settings?|options?|type|count|policy|handling|strategy|threshold|mode|action)$",
    re.IGNORECASE,
)
_OTHER_TIMES = re.compile(r"interval|window|schedul|plann?ed|expir|valid|due|next|estimat|expect|previous", re.IGNORECASE)
_AROUND_TIMES = re.compile(
    r"^(.*(status|stat(istic)?s|state|times?|timing|metadata|attributes|properties|execution|run|job|task))$", re.IGNORECASE
)
_ID = re.compile(r"(^|_)id$|[a-z]Id$|^(job|task|run|operation|request)(_?(name|key))?$|token$")
_RESULT = re.compile(r"result|output|download|artifact|response", re.IGNORECASE)
_ERROR = re.compile(r"^(error|fail)|(error|reason)(_?(message|detail|details|code|info))?$", re.IGNORECASE)
_TIMES = (
    ("created", re.compile(r"creat|submi|queued|inserted|requested", re.IGNORECASE)),
    ("started", re.compile(r"start|begin|began", re.IGNORECASE)),
    ("ended", re.compile(r"(^|_)(?i:end)|[a-z0-9]End|(?i:finish|complet|done_?at|stopped)")),
    ("updated", re.compile(r"updat|modif|last_?(chang|action|activ)", re.IGNORECASE)),
)
_EPOCH = re.compile(r"time|_at$|[a-z]At$|date|_ms$|timestamp", re.IGNORECASE)
_SECONDS = re.compile(r"(?<!milli)(?<!micro)seconds|epoch_?s\b|unix", re.IGNORECASE)
_DEPTH = 2


def proposal(path: Path) -> str:
    """The text of a `mockserver.yaml`. Raises InputError where no operation reads a job."""
    documents = read_users(path, Notes())
    name, document = next((name, value) for name, value in documents.items() if "openapi" in value)
    jobs = [text for place in _places(document) for text in _job_lines(document, place)]
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


def finds_jobs(document: Node) -> bool:
    """Whether a proposal would find any."""
    return any(_status(document, node) for _, node in _places(document))


def _places(document: Node) -> Iterator[tuple[str, Node]]:
    """The paths of single things that can be read, and how."""
    for path, item in document.get("paths", {}).items():
        node = item.get("get") if isinstance(item, Mapping) else None
        if isinstance(node, Mapping) and (PATH_NAME.search(path) or _query_id(document, path, node)):
            yield path, node


def _query_id(document: Node, path: str, node: Node) -> str | None:
    """The parameter in the query that says which thing is meant, where none in the path does."""
    parameters = parameters_of(document, node)
    names = [str(item.get("name")) for item in parameters if item.get("in") == "query" and item.get("required") is True]
    matching = [name for name in names if _ID.search(name)]
    return matching[0] if len(matching) == 1 and not path.endswith("}") else None


def _status(document: Node, node: Node) -> Status | None:
    return status_of(document, schema_of(document, success_response(document, node)))


def _job_lines(document: Node, place: tuple[str, Node]) -> Iterator[str]:
    path, node = place
    status = _status(document, node)
    if status is None:
        return
    yield f"  {quoted(str(node['operationId']))}:  # GET {path}"
    if status.base:
        yield f"    job: {status.base}"
    query = _query_id(document, path, node)
    if query is not None and not PATH_NAME.search(path):
        yield f"    id: {quoted(query)}"
    yield f"    status: {status.place}"
    yield "    states:"
    yield from (f"      {line}" for line in status.lines)
    members = dict(_members_by_pointer(document, status.holder))
    for at, child in members.items():
        name = at.rpartition("/")[2]
        if _PROGRESS.search(name) and types_of_schema(document, child) & {"integer", "number", "string"}:
            yield f"    progress: {at}"
            break
    times = _times(document, members)
    if times:
        yield "    times: {" + ", ".join(f"{kind}: {place}" for kind, place in times.items()) + "}"
    only = _only(document, members, status)
    if only:
        yield "    only: {" + ", ".join(f"{at}: {state}" for at, state in only.items()) + "}"
    yield from calls_around(document, path, node)


def _members_by_pointer(document: Node, schema: Node, base: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    """The members of a job and of the objects in it, by their pointers; those of the job itself first."""
    properties = schema.get("properties", {})
    yield from ((f"{base}/{name}", child) for name, child in properties.items())
    for name, child in properties.items() if depth < _DEPTH else ():
        if not _ERROR.search(name) and not _RESULT.search(name):
            yield from _members_by_pointer(document, whole_schema(document, child), f"{base}/{name}", depth + 1)


def _times(document: Node, members: Mapping[str, Any]) -> dict[str, str]:
    times: dict[str, str] = {}
    for at, child in members.items():
        name, schema = at.rpartition("/")[2], whole_schema(document, child)
        epoch = "integer" in types_of_schema(document, child) and bool(_EPOCH.search(name))
        around = at.split("/")[1:-1]
        is_time = (schema.get("format") == "date-time" or epoch) and not _OTHER_TIMES.search(name)
        if not is_time or not all(map(_AROUND_TIMES.match, around)):
            continue
        kind = next((kind for kind, pattern in _TIMES if pattern.search(name) and kind not in times), None)
        if kind is not None:
            times[kind] = f"[{at}, {_form(schema)}]" if epoch else at
    return times


def _form(schema: Node) -> str:
    """Whether a number counts milliseconds or seconds since 1970, by its example and description."""
    example = schema.get("example") or next(iter(schema.get("examples", ())), None)
    if isinstance(example, int) and example:
        return "epoch-ms" if example > 99_999_999_999 else "epoch-s"
    in_seconds = _SECONDS.search(str(schema.get("description", ""))) or schema.get("format") == "int32"
    return "epoch-s" if in_seconds else "epoch-ms"


def _only(document: Node, members: Mapping[str, Any], status: Status) -> dict[str, str]:
    """What is there at an end alone: results at a success, errors at a failure."""
    good = [name for name in status.ends if SUCCESS.search(name) and not FAILURE.search(name)]
    bad = [name for name in status.ends if FAILURE.search(name)]
    only: dict[str, str] = {}
    for at in members:
        name = at.rpartition("/")[2]
        if at in (status.place, *status.set_places) or _PROGRESS.search(name) or "/status" in at[1:]:
            continue
        if bad and _ERROR.search(name) and not _SETTING.search(name):
            only[at] = _listed(bad)
        elif good and at.count("/") == 1 and _is_result(document, name, members[at]):
            only[at] = _listed(good)
    return only


def _is_result(document: Node, name: str, schema: Any) -> bool:
    """Whether a member is what a job leaves behind, and no setting of how it shall."""
    return bool(_RESULT.search(name) and not _SETTING.search(name) and "boolean" not in types_of_schema(document, schema))


def _listed(names: list[str]) -> str:
    return quoted(names[0]) if len(names) == 1 else "[" + ", ".join(map(quoted, names)) + "]"
