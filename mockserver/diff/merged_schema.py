"""What a schema says of a value, read into one place: references followed, plain `allOf` merged, OpenAPI 3.0 as 3.1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..definitions.node import Node
from .schema_text import ANNOTATIONS, canonical, expanded

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_PLAIN = ("format", "pattern", "contentEncoding", "contentMediaType")
_SUBSCHEMAS = ("items", "contentSchema", "additionalProperties")
_READ = {
    *LOWER, *UPPER, *_PLAIN, *_SUBSCHEMAS,
    "$ref", "allOf", "anyOf", "oneOf", "const", "enum", "properties", "required", "type",
}  # fmt: skip
_CONDITIONAL = {"if", "then", "else", "not", "dependentSchemas", "dependentRequired"}
_UNITS = re.compile(
    r"milliseconds?|microseconds?|seconds?|minutes?|hours?|days?|percent|bytes?|[kmg]b\b|epoch|utc|[+-]\d\d:\d\d"
    r"|毫秒|微秒|秒|分钟|小时|天|字节|百分比",
    re.IGNORECASE,
)


@dataclass
class Shape:
    """What one or several schemas say together of a value.

    `types` is None where any JSON type may come; null counts in `nullable` alone. `values` are those of enum and const
    (None: any). `places` says where each keyword stands. `rules` are the conditions and other keywords that are compared as
    text; `alternatives` the branches of anyOf or oneOf; `seen` the values that a recording had.
    """

    node: Node
    types: frozenset[str] | None = None
    nullable: bool = False
    values: list[Any] | None = None
    bounds: dict[str, float] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    properties: dict[str, list[Node]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    below: dict[str, list[Node]] = field(default_factory=dict)
    closed: bool = False
    alternatives: list[list[Node]] = field(default_factory=list)
    rules: dict[str, tuple[Any, Node]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Node] = field(default_factory=dict)

    def place(self, keyword: str) -> Node:
        """Where a keyword stands, or the schema itself."""
        return self.places.get(keyword, self.node)

    @property
    def units(self) -> set[str]:
        """The units and zones that the description of a scalar names."""
        if self.types is None or self.types & {"object", "array"}:
            return set()
        text = f"{self.notes.get('description', '')} {self.notes.get('x-unit', '')}"
        return {word.lower().removesuffix("s") for word in _UNITS.findall(text)}

    @property
    def inferred(self) -> bool:
        """Whether it was read from a recording."""
        return bool(self.notes.get("x-inferred"))


def shape_of(nodes: list[Node]) -> Shape:
    """What these schemas say together. Raises DefinitionError for what is not a schema."""
    shape = Shape(nodes[0].resolved())
    for node in nodes:
        _absorb(shape, node, ())
    _finish(shape)
    return shape


def _absorb(shape: Shape, node: Node, above: tuple[str, ...]) -> None:
    value = node.value
    if value is True:
        return
    if value is False:
        shape.rules["false"] = (False, node)
        return
    if "$ref" in node.as_object().value:
        target = node.followed()
        if target.where in above:
            raise node.error("a reference to itself", "a reference that ends somewhere")
        _absorb(shape, target, (*above, target.where))
    for index, member in enumerate(_list(node, "allOf")):
        if _is_plain(member):
            _absorb(shape, member, (*above, node.child("allOf").child(index).where))
        else:
            _rule(shape, expanded(member), member)
    _own(shape, node)


def _is_plain(member: Node) -> bool:
    value = member.resolved().value
    return isinstance(value, bool) or (isinstance(value, Mapping) and not _CONDITIONAL & value.keys())


def _list(node: Node, keyword: str) -> list[Node]:
    if keyword not in node.value:
        return []
    holder = node.child(keyword)
    if not isinstance(holder.value, list):
        raise holder.error(canonical(holder.value), "a list")
    return [holder.child(index) for index in range(len(holder.value))]


def _rule(shape: Shape, text: str, node: Node) -> None:
    shape.rules[text] = (node.value, node)


def _own(shape: Shape, node: Node) -> None:
    value: Mapping[str, Any] = node.value
    _types(shape, node)
    _add_values(shape, node)
    for keyword in (*LOWER, *UPPER):
        if keyword in value:
            _bound(shape, node, keyword)
    for keyword in _PLAIN:
        if keyword in value:
            if shape.plain.setdefault(keyword, node.child(keyword).as_text()) != value[keyword]:
                _rule(shape, f"{keyword} {value[keyword]}", node.child(keyword))
            shape.places.setdefault(keyword, node.child(keyword))
    for keyword in _SUBSCHEMAS:
        if keyword in value:
            shape.below.setdefault(keyword, []).append(node.child(keyword))
    if "properties" in value:
        holder = node.child("properties").as_object()
        for name in holder.value:
            shape.properties.setdefault(name, []).append(holder.child(name))
    for name in _list(node, "required"):
        shape.required.add(name.as_text())
        shape.places[f"required {name.value}"] = name
    _alternatives(shape, node)
    _add_conditions(shape, node)


def _types(shape: Shape, node: Node) -> None:
    value = node.value
    if value.get("nullable") is True:
        shape.nullable = True
    if "type" not in value:
        return
    named = value["type"] if isinstance(value["type"], list) else [value["type"]]
    if not all(isinstance(name, str) for name in named):
        raise node.child("type").error(canonical(value["type"]), "a JSON type, or a list of them")
    shape.nullable = shape.nullable or "null" in named
    types = frozenset(named) - {"null"}
    both = shape.types is None or not types & shape.types
    shape.types = types if both or shape.types is None else types & shape.types
    shape.places["type"] = node.child("type")


def _add_values(shape: Shape, node: Node) -> None:
    for keyword in ("enum", "const"):
        if keyword in node.value:
            values = [item.value for item in _list(node, "enum")] if keyword == "enum" else [node.value["const"]]
            if shape.values is not None:
                keep = {canonical(value) for value in shape.values}
                values = [value for value in values if canonical(value) in keep]
            shape.values = values
            shape.places["enum"] = node.child(keyword)


def _bound(shape: Shape, node: Node, keyword: str) -> None:
    limit = node.value[keyword]
    if isinstance(limit, bool):  # OpenAPI 3.0: whether minimum or maximum is itself allowed
        if limit:
            _rule(shape, f"{keyword} true", node.child(keyword))
        return
    if not isinstance(limit, int | float):
        raise node.child(keyword).error(canonical(limit), "a number")
    tightest = max if keyword in LOWER else min
    shape.bounds[keyword] = tightest(shape.bounds.get(keyword, limit), limit)
    shape.places[keyword] = node.child(keyword)


def _alternatives(shape: Shape, node: Node) -> None:
    for keyword in ("oneOf", "anyOf"):
        alternatives = _list(node, keyword)
        if alternatives and shape.alternatives:
            _rule(shape, expanded(node.child(keyword)), node.child(keyword))
        elif alternatives:
            shape.alternatives = [[alternative] for alternative in alternatives]
            shape.places["alternatives"] = node.child(keyword)


def _add_conditions(shape: Shape, node: Node) -> None:
    group = {key: child for key, child in node.value.items() if key in ("if", "then", "else")}
    if group:
        text = canonical({key: expanded(node.child(key)) for key in group})
        shape.rules[text] = (group, node)
    for keyword, value in node.value.items():
        if keyword in ANNOTATIONS or keyword.startswith("x-"):
            shape.notes[keyword] = value
            shape.places[keyword] = node.child(keyword)
        elif keyword not in _READ and keyword not in group:
            _rule(shape, f"{keyword} {expanded(node.child(keyword))}", node.child(keyword))


def _finish(shape: Shape) -> None:
    """Null out of values and alternatives; types that other keywords tell; a single alternative is no alternative."""
    if shape.values is not None:
        value_types = frozenset(json_type(value) for value in shape.values) - {"null"}
        if any(value is None for value in shape.values) and shape.types is None:
            shape.nullable = True
        if shape.types is None and shape.values:
            shape.types = value_types  # none but null: as `type: "null"`, which allows no other type either
        shape.values = [value for value in shape.values if value is not None]
        if not shape.values and shape.types == frozenset() and shape.nullable:
            shape.values = None  # null alone, which `type: "null"` says as well
    if shape.types is None and shape.properties:
        shape.types = frozenset(["object"])
    if shape.types is None and "items" in shape.below:
        shape.types = frozenset(["array"])
    if all(node.value in ({}, True) for node in shape.below.get("items", ())):
        shape.below.pop("items", None)  # says nothing
    extra = shape.below.get("additionalProperties", [])
    shape.closed = any(node.value is False for node in extra)
    if extra and not any(isinstance(node.value, Mapping) and node.value for node in extra):
        del shape.below["additionalProperties"]
    nulls = [alternative for alternative in shape.alternatives if _is_null(alternative[0])]
    if nulls:
        shape.nullable = True
        shape.alternatives = [alternative for alternative in shape.alternatives if alternative not in nulls]
    if len(shape.alternatives) == 1:
        (single,), shape.alternatives = shape.alternatives, []
        _absorb(shape, single[0], ())


def _is_null(node: Node) -> bool:
    value = node.resolved().value
    return isinstance(value, Mapping) and (value.get("type") in ("null", ["null"]) or value.get("const", 0) is None)


def json_type(value: Any) -> str:
    """The JSON type of a value; a number without a fraction part is an integer, 1.0 is a number."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]
