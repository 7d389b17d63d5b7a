"""Which calls around a job start, list, stop and remove it: by the paths, the answers and the schemas that they share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .operation_forms import PATH_NAME
from .propose_states import quoted
from .schema_lookup import Node, parameters_of, schema_of, success_response, types_of_schema, whole_schema

_STOP = re.compile(r"cancel|stop|abort|terminate|kill", re.IGNORECASE)
_RERUN = re.compile(r"re-?run|restart|retry", re.IGNORECASE)
_STARTS = re.compile(r"start|run|submit|create|launch|trigger|execute|export|import|new|begin", re.IGNORECASE)
_CHANGES = re.compile(r"^(?i:update|modify|patch|edit|rename|replace|set)|[a-z_](Update|Modify|Patch|Edit)")
_READS = re.compile(r"(?i:(get|describe|show|read|fetch|retrieve))(?:_|(?=[A-Z]))(.+)")
_START_VERBS = "start|create|submit|launch|begin|trigger"
_LIST_VERBS = "list|get_all|query"
_STOP_VERBS = "cancel|stop|abort"
_ABOUT = re.compile(r"/(status|state|progress|result|info|details?)/?$", re.IGNORECASE)
_LONG = ("location", "operation-location", "azure-asyncoperation", "retry-after")
_WRITES = ("post", "put", "patch", "delete")


def calls_around(document: Node, path: str, read: Node) -> Iterator[str]:
    """Lines of the proposal: `start`, `list`, `stop`, `rerun`, `delete`."""
    paths, item = document["paths"], _ABOUT.sub("", path)
    collection = item.rpartition("/")[0] if item.endswith("}") else path
    around: Node = paths.get(collection) or paths.get(f"{collection}/") or {}
    start = around.get("post") or _made_in_place(paths.get(item, {})) or _starter(document, path, read)
    start = start or _named(document, read, _START_VERBS)
    if start:
        yield _call_line("start", start)
    listed = around.get("get")
    if listed is read or not (listed and _row_schema(document, listed)):
        listed = _lister(document, read) or _named(document, read, _LIST_VERBS, "(e?s)")
    if listed:
        yield _call_line("list", listed)
    on_the_job = list(_on_the_job(paths, path))
    stop = None if any(line.startswith("    stop:") for line in on_the_job) else _named(document, read, _STOP_VERBS)
    yield from on_the_job
    if stop and _names_all(document, stop, PATH_NAME.findall(path)):
        yield _call_line("stop", stop)
    delete = paths.get(path, {}).get("delete")
    if delete and delete is not stop:
        yield _call_line("stop" if _STOP.search(str(delete["operationId"])) else "delete", delete)


def _names_all(document: Node, node: Node, names: list[str]) -> bool:
    """Whether a call's parameters and body have all these names."""
    parameters = {item.get("name") for item in parameters_of(document, node)}
    body: Node = schema_of(document, node.get("requestBody", {})).get("properties", {})
    return all(name in parameters or name in body for name in names)


def _named(document: Node, read: Node, verbs: str, plural: str = "") -> Node | None:
    """The call whose id says that it does this to what `read` reads: CancelJob for GetJob."""
    noun = _READS.match(str(read["operationId"]))
    wanted = re.compile(f"({verbs})_?{re.escape(noun[2])}{plural}", re.IGNORECASE) if noun else None
    nodes = (node for _, node in _operations_of(document) if node is not read)
    return next((node for node in nodes if wanted and wanted.fullmatch(str(node["operationId"]))), None)


def _made_in_place(item: Node) -> Node | None:
    """The call at the thing's own path that makes it."""
    nodes = [item[method] for method in _WRITES[:2] if isinstance(item.get(method), Mapping)]
    return next((node for node in nodes if re.search(r"create", str(node["operationId"]), re.IGNORECASE)), None)


def _call_line(verb: str, node: Node) -> str:
    return f"    {verb}: {quoted(str(node['operationId']))}"


def _on_the_job(paths: Node, path: str) -> Iterator[str]:
    """`POST .../{id}/cancel` or `{id}:cancel`, and the like."""
    for verb, pattern in (("stop", _STOP), ("rerun", _RERUN)):
        for other, item in paths.items():
            action = other.removeprefix(path) if other.startswith(path) else ""
            node = item.get("post") or item.get("put") or item.get("patch")
            if action and pattern.search(action) and "{" not in action and isinstance(node, Mapping):
                yield _call_line(verb, node)
                break


def _starter(document: Node, path: str, read: Node) -> Node | None:
    """A call elsewhere that starts the job: its answer names the id in the path, or the job itself; or 202 leads to it."""
    name = path.rpartition("{")[2].partition("}")[0]
    shown = _schema_name(document, read)
    candidates = [node for method, node in _operations_of(document) if method in _WRITES[:3] and node is not read]
    candidates = [node for node in candidates if not _CHANGES.search(str(node["operationId"]))]
    candidates.sort(key=lambda node: not _STARTS.match(str(node["operationId"])))
    for node in candidates:
        schema = schema_of(document, success_response(document, node))
        same = shown is not None and _schema_name(document, node) == shown and _STARTS.search(str(node["operationId"]))
        if same or (name.lower() not in ("id", "name") and name in schema.get("properties", {})):
            return node
    long = [node for node in candidates if _long_running(node)]
    if len(long) == 1 and re.search(r"operation|job|task|status|run", path, re.IGNORECASE):
        return long[0]
    return _nearest(document, path, long)


def _nearest(document: Node, path: str, nodes: list[Node]) -> Node | None:
    """The one call whose path goes along with this one for longest, into the segment before the id at least."""
    places = {id(node): other for other, item in document["paths"].items() for node in item.values()}
    shared = [_shared_length(path, places[id(node)]) for node in nodes]
    longest = max(shared, default=0)
    before = path.rpartition("/{")[0].rpartition("/")[0]
    return nodes[shared.index(longest)] if longest > len(before) + 1 and shared.count(longest) == 1 else None


def _shared_length(first: str, second: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(first), len(second)))


def _long_running(node: Node) -> bool:
    """Whether it answers 202 with a header that leads to a status."""
    accepted = node.get("responses", {}).get("202") or {}
    return bool({name.lower() for name in accepted.get("headers", {})} & set(_LONG))


def _lister(document: Node, read: Node) -> Node | None:
    """The only call that answers a list of what `read` shows."""
    shown = _schema_name(document, read)
    listing = [
        node
        for method, node in _operations_of(document)
        if method == "get" and node is not read and shown and _row_schema(document, node) == shown
    ]
    return listing[0] if len(listing) == 1 else None


def _schema_name(document: Node, node: Node) -> str | None:
    """The name (`$ref`) of the schema that an operation answers."""
    content = success_response(document, node).get("content", {})
    media: Any = next((value for name, value in content.items() if "json" in name or name == "*/*"), {})
    return _reference(media.get("schema"))


def _row_schema(document: Node, node: Node) -> str | None:
    """What a list has rows of: the name of their schema, "" where it has none; None for no list."""
    schema = schema_of(document, success_response(document, node))
    for child in [schema, *schema.get("properties", {}).values()]:
        if "array" in types_of_schema(document, child):
            return _reference(whole_schema(document, child).get("items")) or ""
    return None


def _reference(schema: Any) -> str | None:
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    return reference if isinstance(reference, str) else None


def _operations_of(document: Node) -> Iterator[tuple[str, Node]]:
    for item in document["paths"].values():
        for method, node in item.items() if isinstance(item, Mapping) else ():
            if isinstance(node, Mapping) and "operationId" in node:
                yield method, node
