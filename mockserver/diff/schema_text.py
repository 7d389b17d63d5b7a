"""Schemas as text to compare: references replaced, annotations left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..definitions.bundle import ADDED
from ..definitions.node import Node

ANNOTATIONS = frozenset((
    "$anchor", "$comment", "$defs", "$id", "$schema", "default", "definitions", "deprecated", "description", "discriminator",
    "example", "examples", "externalDocs", "nullable", "readOnly", "summary", "title", "writeOnly", "xml",
))  # fmt: skip
"""Keywords of a schema that say nothing about which values are valid (`nullable` is read together with `type`)."""
_EXPANDED = 5_000


def is_added(node: Node, part: str) -> bool:
    """Whether the mock added this member, and no definition has it (`x-added`)."""
    names = node.value.get(ADDED) if isinstance(node.value, Mapping) else None
    return part == ADDED or (isinstance(names, list) and part in names)


def canonical(value: Any) -> str:
    """A value as JSON that equal values have in common, and `1` and `true` do not."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def expanded(node: Node) -> str:
    """What a schema says of values, as text: references replaced by what they lead to, annotations left out."""
    budget = iter(range(_EXPANDED))
    return canonical(_expanded(node, (), budget))


def _expanded(node: Node, above: tuple[str, ...], budget: Iterator[int]) -> Any:
    value = node.value
    if next(budget, None) is None:
        return "..."
    if isinstance(value, list):
        return [_expanded(node.child(index), above, budget) for index in range(len(value))]
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("$ref"), str):
        target = node.followed()
        if target.where in above:
            return {"$ref": target.label}
        rest = {key: child for key, child in value.items() if key != "$ref" and not is_note(key)}
        there = _expanded(target, (*above, target.where), budget)
        return {"allOf": [there], **rest} if rest else there
    names = node.parts[-1:] == ("properties",) or node.parts[-1:] == ("patternProperties",)
    if not names:
        value = in_plain_words(value)
    return {
        key: child if key in ("const", "enum", "type") and not names else _expanded(node.child(key), above, budget)
        for key, child in value.items()
        if names or not is_note(key)
    }


def in_plain_words(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without what says nothing (`items` that take anything), and `const: null` as `type: "null"`."""
    if schema.get("items", False) in ({}, True):
        schema = {key: value for key, value in schema.items() if key != "items"}
    if "const" in schema and schema["const"] is None and schema.get("type", "null") == "null":
        schema = {**{key: value for key, value in schema.items() if key != "const"}, "type": "null"}
    return schema


def is_note(keyword: str) -> bool:
    """Whether a keyword of a schema only tells something to readers."""
    return keyword in ANNOTATIONS or keyword.startswith("x-")
