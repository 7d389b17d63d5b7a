"""A value that a schema describes: its examples and defaults, or made up from the seed and a key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..definitions.model import Errors
from ..definitions.node import Node
from ..generate import Fake
from .made_texts import number_for, text_for
from .schema_view import SchemaView, view

_RICH = 4
"""Down to this depth members that may be left out are there."""

_DEEPEST = 24
_MOST_VALUES = 1_500
_MOST_ITEMS = 50


@dataclass
class _Way:
    """How a value is made: with the schema's own `examples`, members that may be left out (`rich`), by which `branch`."""

    fake: Fake
    examples: bool
    rich: bool
    branch: int
    requested: Mapping[str, Any] = field(default_factory=dict)
    left: int = _MOST_VALUES


_TRIES = (
    (True, True, 0),
    (False, True, 0),
    (True, False, 0),
    (False, False, 0),
    (False, True, 1),
    (False, False, 1),
    (False, False, 2),
)


def sample(place: Node, errors: Errors, fake: Fake, requested: Mapping[str, Any] | None = None) -> Any:
    """A value that the schema at `place` allows.

    Args:
        place: The schema.
        errors: Judges values by it.
        fake: Where made-up facts come from.
        requested: Values of the request, which members of the same name have as well.

    Returns:
        The first value made that is valid; where none of some tries is, the last of them.
    """
    value: Any = None
    for number, (examples, rich, branch) in enumerate(_TRIES):
        for names in (requested, None) if requested else (None,):
            way = _Way(fake.of("sample", place.uri, number), examples, rich, branch, names or {})
            value = _sample_value(place, way, "", 0)
            if next(iter(errors(value)), None) is None:
                return value
    return value


def _sample_value(
    place: Node, way: _Way, name: str, depth: int, named: Mapping[str, str] | None = None, also: Sequence[Node] = ()
) -> Any:
    """A value for the schema at `place`, and for those that say more about the same value (`also`)."""
    if also and (place.value is True or place.value == {}):
        place, also = also[0], also[1:]
    if place.value is True or place.value == {}:
        return text_for(way.fake, name, {})
    if not isinstance(place.value, dict) or depth > _DEEPEST:
        return None
    way.left -= 1
    schema = view((place, *also), way.branch)
    kind = schema.kind()
    is_fixed, value = _fixed_value(schema, kind, way, name, depth, named or {})
    if is_fixed:
        return value
    if kind == "object" or (kind == "any" and not name):
        return _object(schema, way, depth)
    if kind == "string" and schema.embedded is not None:
        return json.dumps(_sample_value(schema.embedded, way, name, depth + 1), ensure_ascii=False)
    return _array(schema, way, name, depth) if kind == "array" else _scalar(schema, kind, way, name)


def _fixed_value(
    schema: SchemaView, kind: str, way: _Way, name: str, depth: int, named: Mapping[str, str]
) -> tuple[bool, Any]:
    """A value that a discriminator, the request or the schema itself names, and whether one of them does."""
    if name in named:
        return True, named[name]
    if name and depth <= 2 and name in way.requested and kind not in ("object", "array"):
        return True, _as(kind, way.requested[name])
    return _value_of_schema(schema, way)


def _value_of_schema(schema: SchemaView, way: _Way) -> tuple[bool, Any]:
    """A value that the schema itself names, and whether it names one."""
    if "const" in schema.keywords:
        return True, schema.keywords["const"]
    if way.examples:
        if "example" in schema.keywords:
            return True, schema.keywords["example"]
        examples = schema.keywords.get("examples")
        if isinstance(examples, list) and examples:
            return True, examples[0]
    if schema.values:
        real = [value for value in schema.values if value is not None] or schema.values
        return True, real[way.fake.integer(0, len(real) - 1)]
    if way.examples and schema.keywords.get("default") is not None:
        return True, schema.keywords["default"]
    return False, None


def _as(kind: str, value: Any) -> Any:
    if kind == "string":
        return value if isinstance(value, str) else str(value)
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return value
    return value


def _object(schema: SchemaView, way: _Way, depth: int) -> dict[str, Any]:
    members: dict[str, Any] = {}
    room = way.rich and depth < _RICH and way.left > 0
    most = schema.keywords.get("maxProperties", 1_000)
    for name, (place, *also) in schema.properties.items():
        node = place.resolved().value
        hidden = isinstance(node, dict) and node.get("writeOnly") is True and name not in schema.required
        if (name in schema.required or (room and len(members) < most)) and not hidden and node is not False:
            members[name] = _sample_value(place, way, name, depth + 1, schema.discriminators, also)
    brought = [name for member in (*members, *schema.required) for name in schema.dependent.get(member, ())]
    for name in (*schema.required, *brought):
        if name in members:
            continue
        if name in schema.properties:
            place, *also = schema.properties[name]
            members[name] = _sample_value(place, way, name, depth + 1, schema.discriminators, also)
        else:
            extra = schema.extra if isinstance(schema.extra, Node) else None
            members[name] = (
                _sample_value(extra, way, name, depth + 1)
                if extra
                else schema.discriminators.get(name, text_for(way.fake, name, {}))
            )
    for name in schema.discriminators:
        members.setdefault(name, schema.discriminators[name])
    _extra(schema, members, way, depth)
    return members


def _extra(schema: SchemaView, members: dict[str, Any], way: _Way, depth: int) -> None:
    """Members that no schema names, where there must be more, or nothing else is there."""
    expected = schema.keywords.get("minProperties", 0)
    if not members and isinstance(schema.extra, Node) and way.rich and depth < _RICH:
        expected = max(expected, 1)
    tries = 0
    pattern = next(iter(schema.patterns), None)
    while len(members) < expected and tries < 2 * _MOST_ITEMS:
        tries += 1
        if pattern is not None:
            place: Any = schema.patterns[pattern]
            name = text_for(way.fake, "", {"pattern": pattern}) + ("" if pattern.endswith("$") else way.fake.word())
        else:
            named = schema.member_names
            name = str(_sample_value(named, way, "", depth + 1)) if named is not None else way.fake.name(1)
            place = schema.extra
        members.setdefault(name, _sample_value(place, way, name, depth + 1) if isinstance(place, Node) else way.fake.word())


def _array(schema: SchemaView, way: _Way, name: str, depth: int) -> list[Any]:
    low, high = int(schema.keywords.get("minItems", 0)), int(schema.keywords.get("maxItems", _MOST_ITEMS))
    count = max(low, min(high, 2 if way.rich and depth < _RICH and way.left > 0 else 0))
    single = name[:-1] if name.endswith("s") else name
    items = [_sample_value(place, way, single, depth + 1) for place in schema.prefix[: max(count, low)]]
    if schema.contains is not None:
        also = () if schema.items is None else (schema.items,)
        least = min(_MOST_ITEMS, schema.keywords["minContains"])
        items += [_sample_value(schema.contains, way, single, depth + 1, None, also) for _ in range(least)]
    unique, tries = schema.keywords.get("uniqueItems") is True, 0
    while len(items) < min(count, _MOST_ITEMS) and tries < 4 * _MOST_ITEMS:
        tries += 1
        item = _sample_value(schema.items, way, single, depth + 1) if schema.items is not None else way.fake.word()
        if not unique or item not in items:
            items.append(item)
    return items


def _scalar(schema: SchemaView, kind: str, way: _Way, name: str) -> Any:
    if kind == "null":
        return None
    if kind == "boolean":
        return way.fake.integer(0, 1) == 1
    if kind in ("integer", "number"):
        number = number_for(way.fake, name, kind, schema.keywords)
        return number + 0.5 if way.branch and kind == "number" else number  # of integer or number, this is one
    return text_for(way.fake, name, schema.keywords)
