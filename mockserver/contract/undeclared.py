"""Members that no schema declares: JSON Schema lets them pass, and with them every misspelled name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ..definitions import Answers
from ..definitions.pointer import PLACE, join
from .findings import Finding, finding, shown
from .places import MISSING, unfolded

_COMBINED = ("allOf", "anyOf", "oneOf")
_CONDITIONAL = ("if", "then", "else")
_OPEN = ("additionalProperties", "unevaluatedProperties", "patternProperties")

Schemas = list[Mapping[str, Any]]


def check_undeclared(answers: Answers, body: Any) -> list[Finding]:
    """A finding for each member of an object whose schema lists its members and says nothing of others."""
    return list(_walk(body, _applying([answers.schema]), "", answers.place))


def _walk(value: Any, schemas: Schemas, pointer: str, source: str) -> Iterator[Finding]:
    source = next((schema[PLACE] for schema in schemas if PLACE in schema), source)
    if isinstance(value, dict):
        yield from _members(value, schemas, pointer, source)
    elif isinstance(value, list):
        inner = _applying([schema["items"] for schema in schemas if "items" in schema])
        for index, item in enumerate(value):
            yield from _walk(item, inner, pointer + join(index), source)
    elif isinstance(value, str):
        inner = _applying([schema["contentSchema"] for schema in schemas if "contentSchema" in schema])
        held = unfolded(value) if inner else MISSING
        if held is not MISSING:
            yield from _walk(held, inner, pointer, source)


def _members(value: Mapping[str, Any], schemas: Schemas, pointer: str, source: str) -> Iterator[Finding]:
    listed = [schema["properties"] for schema in schemas if "properties" in schema]
    known = {name for properties in listed for name in properties}
    closed = bool(known) and not any(keyword in schema for schema in schemas for keyword in _OPEN)
    for name, child in value.items():
        if name in known:
            inner = _applying([properties[name] for properties in listed if name in properties])
            yield from _walk(child, inner, pointer + join(name), source)
        elif closed:
            near = difflib.get_close_matches(name, known, 1, cutoff=0.6)
            documented = f"no such member; the nearest is {near[0]!r}" if near else f"no such member among {len(known)}"
            yield finding("member-undeclared", "body", pointer + join(name), f"{name!r}: {shown(child)}", documented, source)


def _applying(schemas: list[Any]) -> Schemas:
    """The schemas and all that they are made of, whichever of them may hold."""
    found: Schemas = []
    todo = [schema for schema in schemas if isinstance(schema, dict)]
    while todo:
        schema = todo.pop()
        found.append(schema)
        parts = [part for keyword in _COMBINED for part in schema.get(keyword, ())]
        parts += [schema[keyword] for keyword in _CONDITIONAL if keyword in schema]
        todo += [part for part in parts if isinstance(part, dict)]
    return found


class Shapes:
    """What a session asks about members that no schema declares."""

    def check(self, answers: Answers, body: Any) -> list[Finding]:
        """The findings of `check_undeclared`."""
        return check_undeclared(answers, body)
