"""Checks for undeclared and doubled members: JSON Schema lets both pass, and with them every misspelled name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...definitions import ResponseSpec
from ...definitions.inlined import PLACE
from ...definitions.pointer import join
from ...errors import excerpt
from ...exchanges.json_path import MISSING, DuplicateKeys, decode_embedded
from ..findings import Finding, finding

_COMBINED = ("allOf", "anyOf", "oneOf")
_CONDITIONAL = ("if", "then", "else")
_KEYWORDS_FOR_OTHER_MEMBERS = ("additionalProperties", "unevaluatedProperties", "patternProperties")

Schemas = list[Mapping[str, Any]]


@dataclass(frozen=True)
class Shape:
    """The members that a value may have, by all schemas that may apply to it; `source` is where these were written.

    Inner shapes are made when first needed, and kept: one shape serves all bodies of an answer.
    """

    schemas: Schemas
    source: str

    @cached_property
    def members(self) -> dict[str, Shape]:
        """The shapes of the declared members."""
        all_properties = [schema["properties"] for schema in self.schemas if "properties" in schema]
        names = dict.fromkeys(name for properties in all_properties for name in properties)
        return {
            name: self._inner_shape([properties[name] for properties in all_properties if name in properties])
            for name in names
        }

    @cached_property
    def is_closed(self) -> bool:
        """True if the schemas list members and say nothing of other members."""
        return bool(self.members) and not any(
            keyword in schema for schema in self.schemas for keyword in _KEYWORDS_FOR_OTHER_MEMBERS
        )

    @cached_property
    def items(self) -> Shape:
        """The shape of a list's items."""
        return self._inner_shape([schema["items"] for schema in self.schemas if "items" in schema])

    @cached_property
    def embedded(self) -> Shape | None:
        """The shape of the JSON that a string holds; None if it isn't documented to hold JSON."""
        schemas = [schema["contentSchema"] for schema in self.schemas if "contentSchema" in schema]
        return self._inner_shape(schemas) if schemas else None

    def _inner_shape(self, schemas: list[Any]) -> Shape:
        return shape_of(schemas, self.source)


def shape_of(schemas: list[Any], source: str) -> Shape:
    """The shape by these schemas and all their parts, whichever of them applies."""
    collected: Schemas = []
    remaining = [schema for schema in schemas if isinstance(schema, dict)]
    while remaining:
        schema = remaining.pop()
        collected.append(schema)
        parts = [part for keyword in _COMBINED for part in schema.get(keyword, ())]
        parts += [schema[keyword] for keyword in _CONDITIONAL if keyword in schema]
        remaining += [part for part in parts if isinstance(part, dict)]
    return Shape(collected, next((schema[PLACE] for schema in collected if PLACE in schema), source))


class Shapes:
    """The shapes of bodies, each made once. Not for several threads at a time."""

    def __init__(self) -> None:
        self._by_place: dict[str, Shape] = {}

    def check(self, response_spec: ResponseSpec, body: Any) -> list[Finding]:
        """A finding for each doubled member, and for each member of a closed object that no schema lists."""
        shape = self._by_place.get(response_spec.place)
        if shape is None:
            shape = self._by_place[response_spec.place] = shape_of([response_spec.schema], response_spec.place)
        return list(_check_value(body, shape, ""))


def _check_value(value: Any, shape: Shape, pointer: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        yield from _check_members(value, shape, pointer)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list | str):
                yield from _check_value(item, shape.items, pointer + join(index))
    elif isinstance(value, str) and shape.embedded is not None:
        embedded = decode_embedded(value)
        if embedded is not MISSING and not isinstance(embedded, str):
            yield from _check_value(embedded, shape.embedded, pointer)


def _check_members(value: Mapping[str, Any], shape: Shape, pointer: str) -> Iterator[Finding]:
    for name, child in value.items():
        member_shape = shape.members.get(name)
        if member_shape is not None:
            if isinstance(child, dict | list) or member_shape.embedded is not None:
                yield from _check_value(child, member_shape, pointer + join(name))
        elif shape.is_closed:
            nearest = difflib.get_close_matches(name, shape.members, 1, cutoff=0.6)
            count_text = f"no such member among {len(shape.members)}"
            documented = f"no such member; the nearest is {nearest[0]!r}" if nearest else count_text
            actual = f"{name!r}: {excerpt(child)}"
            yield finding("member-undeclared", "body", pointer + join(name), actual, documented, shape.source)
    if isinstance(value, DuplicateKeys):
        for name in value.names:
            yield finding("member-doubled", "body", pointer + join(name), "twice", "each member once", shape.source)
