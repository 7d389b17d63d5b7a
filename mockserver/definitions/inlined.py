"""Schemas with what their references point to in their stead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .limits import INLINED
from .node import Node
from .schema_forms import MAPS

PLACE = "x-place"
"""In inlined schemas: where a part was written that came by reference (`file#pointer`)."""

NOTHING: Mapping[str, Any] = {"not": {}}
"""As good as `false`, but the validator's errors tell the member where `false` stands, not only the object around it."""

_ANNOTATIONS = {"$comment", "deprecated", "description", "examples", "title"}
_DATA = ("const", "default", "enum", "example", "examples")


def inlined(place: Node, above: tuple[str, ...] = (), budget: Iterator[int] | None = None, by_name: bool = False) -> Any:
    """A schema with what its references point to in their stead.

    A reference that leads back into itself stays, as a full URI; so do all once the schema has grown to `INLINED` values.
    `by_name`: what stands here are schemas by their names, such as `properties`.
    """
    budget = iter(range(INLINED)) if budget is None else budget
    value = place.value
    if isinstance(value, list):
        return [
            inlined(place.child(index), above, budget) if isinstance(item, dict | list) else item
            for index, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    spent = next(budget, None) is None
    members: dict[str, Any] = {}
    for key, child in value.items():
        if not isinstance(child, dict | list):
            members[key] = NOTHING if by_name and child is False else child
        elif key in _DATA and not by_name:
            members[key] = child
        else:
            members[key] = inlined(place.child(key), above, budget, not by_name and key in MAPS)
    if by_name or not isinstance(value.get("$ref"), str):
        return members
    target = place.resolved()
    if target.uri in above or spent:
        return {**members, "$ref": target.uri}
    del members["$ref"]
    there = inlined(target, (*above, target.uri), budget)
    if isinstance(there, dict):
        there = {**there, PLACE: target.where}
    if isinstance(there, dict) and (set(members) <= _ANNOTATIONS or not members):
        return {**there, **members}
    return {**members, "allOf": [*members.get("allOf", []), there]}
