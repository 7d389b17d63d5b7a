"""What a document's operations and schemas are, read leniently: references within the document followed, `allOf` merged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .pointer import at, parts_of

Node = Mapping[str, Any]


def operation_named(document: Node, name: str) -> tuple[str, Node]:
    """The path and the operation of this id, or written as `GET /path`; empty where there is none."""
    for path, item in document.get("paths", {}).items():
        for method, node in item.items() if isinstance(item, dict) else ():
            if isinstance(node, dict) and name in (node.get("operationId"), f"{method.upper()} {path}"):
                return str(path), node
    return "", {}


def parameters_of(document: Node, node: Node) -> list[Node]:
    """An operation's parameters."""
    return [followed(document, item) for item in node.get("parameters", ())]


def success_response(document: Node, node: Node) -> Node:
    """An operation's answer to a request that is in order."""
    responses = node.get("responses", {})
    best = next((key for key in sorted(responses) if key.startswith("2")), "default")
    return followed(document, responses.get(best, {}))


def schema_of(document: Node, holder: Any) -> Node:
    """The schema of a body's JSON, its own references followed and `allOf` put together; empty where there is none."""
    content = followed(document, holder).get("content", {})
    media: Any = next((value for name, value in content.items() if "json" in name or name == "*/*"), {})
    return whole_schema(document, media.get("schema", {}))


def whole_schema(document: Node, schema: Any, depth: int = 0) -> Node:
    """A schema with the properties of those that `allOf` adds; of alternatives with null, the other one."""
    node = followed(document, schema)
    for keyword in ("anyOf", "oneOf"):
        others = [item for item in node.get(keyword, ()) if isinstance(item, Mapping) and item.get("type") != "null"]
        if depth <= 8 and len(others) == 1:
            return {**node, **whole_schema(document, others[0], depth + 1)}
    if depth > 8 or "allOf" not in node:
        return node
    parts = [whole_schema(document, part, depth + 1) for part in node["allOf"]]
    merged = {key: value for part in parts for key, value in part.items()}
    properties = {name: child for part in [*parts, node] for name, child in part.get("properties", {}).items()}
    return {**merged, **node, "properties": properties}


def types_of_schema(document: Node, schema: Any) -> set[str]:
    """The types that a schema names."""
    named = whole_schema(document, schema).get("type", [])
    return {named} if isinstance(named, str) else set(named)


def followed(document: Node, node: Any) -> Node:
    """What a node's references within the document lead to; empty for one that leads out of it."""
    for _ in range(20):
        if not isinstance(node, Mapping) or not isinstance(node.get("$ref"), str):
            break
        reference = node["$ref"]
        try:
            node = at(document, parts_of(reference[1:])) if reference.startswith("#/") else {}
        except KeyError:
            return {}
    return node if isinstance(node, Mapping) else {}
