"""Members that no schema declares, or that stand twice: JSON Schema lets both pass, and with them every misspelled name."""

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
_OPEN = ("additionalProperties", "unevaluatedProperties", "patternProperties")

Schemas = list[Mapping[str, Any]]


@dataclass(frozen=True)
class Shape:
    """Which members a value may have, by all schemas that may apply to it: `source` is where they were written.

    Shapes of what is inside come into being when first asked for, and stay: one shape serves all bodies of an answer.
    """

    schemas: Schemas
    source: str

    @cached_property
    def members(self) -> dict[str, Shape]:
        """The shapes of the declared members."""
        listed = [schema["properties"] for schema in self.schemas if "properties" in schema]
        names = dict.fromkeys(name for properties in listed for name in properties)
        return {name: self._inside([item[name] for item in listed if name in item]) for name in names}

    @cached_property
    def is_closed(self) -> bool:
        """Whether the schemas list members and say nothing of others."""
        return bool(self.members) and not any(keyword in schema for schema in self.schemas for keyword in _OPEN)

    @cached_property
    def items(self) -> Shape:
        """The shape of a list's items."""
        return self._inside([schema["items"] for schema in self.schemas if "items" in schema])

    @cached_property
    def held(self) -> Shape | None:
        """The shape of what a string holds; None where it isn't documented to hold JSON."""
        held = [schema["contentSchema"] for schema in self.schemas if "contentSchema" in schema]
        return self._inside(held) if held else None

    def _inside(self, schemas: list[Any]) -> Shape:
        return shape_of(schemas, self.source)


def shape_of(schemas: list[Any], source: str) -> Shape:
    """The shape that these schemas and all that they are made of give, whichever of them may hold."""
    result: Schemas = []
    todo = [schema for schema in schemas if isinstance(schema, dict)]
    while todo:
        schema = todo.pop()
        result.append(schema)
        parts = [part for keyword in _COMBINED for part in schema.get(keyword, ())]
        parts += [schema[keyword] for keyword in _CONDITIONAL if keyword in schema]
        todo += [part for part in parts if isinstance(part, dict)]
    return Shape(result, next((schema[PLACE] for schema in result if PLACE in schema), source))


class Shapes:
    """The shapes of answers' bodies, each made once. Not for several threads at a time."""

    def __init__(self) -> None:
        self._by_place: dict[str, Shape] = {}

    def check(self, answers: ResponseSpec, body: Any) -> list[Finding]:
        """A finding for each member that stands twice, and for each one that no schema of a closed object lists."""
        shape = self._by_place.get(answers.place)
        if shape is None:
            shape = self._by_place[answers.place] = shape_of([answers.schema], answers.place)
        return list(_walk(body, shape, ""))


def _walk(value: Any, shape: Shape, pointer: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        yield from _check_members(value, shape, pointer)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list | str):
                yield from _walk(item, shape.items, pointer + join(index))
    elif isinstance(value, str) and shape.held is not None:
        held = decode_embedded(value)
        if held is not MISSING and not isinstance(held, str):
            yield from _walk(held, shape.held, pointer)


def _check_members(value: Mapping[str, Any], shape: Shape, pointer: str) -> Iterator[Finding]:
    for name, child in value.items():
        inner = shape.members.get(name)
        if inner is not None:
            if isinstance(child, dict | list) or inner.held is not None:
                yield from _walk(child, inner, pointer + join(name))
        elif shape.is_closed:
            near = difflib.get_close_matches(name, shape.members, 1, cutoff=0.6)
            allowed = f"no such member among {len(shape.members)}"
            documented = f"no such member; the nearest is {near[0]!r}" if near else allowed
            actual = f"{name!r}: {excerpt(child)}"
            yield finding("member-undeclared", "body", pointer + join(name), actual, documented, shape.source)
    if isinstance(value, DuplicateKeys):
        for name in value.names:
            yield finding("member-doubled", "body", pointer + join(name), "twice", "each member once", shape.source)
