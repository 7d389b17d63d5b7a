"""What the schemas of one value say together: references followed, `allOf` put together, one alternative chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..definitions.node import Node, node_at

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_FIRST = ("format", "pattern", "multipleOf", "uniqueItems", "contentMediaType", "example", "examples", "default", "const")
_MOST_PARTS = 200


@dataclass
class SchemaView:
    """The keywords of all schemas of one value, put together.

    `names` are those of the component schemas that it comes from; `properties` has all that is said of each member, `items`,
    `contains`, `extra` and so on are schemas by place; `dependent` is what members bring with them; `discriminators` are
    the values that name the chosen alternative; `embedded` is the schema of the JSON that a text holds.
    """

    types: tuple[str, ...] | None = None
    values: list[Any] | None = None
    keywords: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, list[Node]] = field(default_factory=dict)
    patterns: dict[str, Node] = field(default_factory=dict)
    member_names: Node | None = None
    dependent: dict[str, list[str]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    items: Node | None = None
    contains: Node | None = None
    prefix: list[Node] = field(default_factory=list)
    extra: Node | bool | None = None
    names: set[str] = field(default_factory=set)
    discriminators: dict[str, str] = field(default_factory=dict)
    embedded: Node | None = None

    def kind(self) -> str:
        """The JSON type to make: the first one that isn't null; by the keywords where no type is named."""
        types = [name for name in self.types or () if name != "null"]
        if types:
            return types[0]
        if self.types == ("null",):
            return "null"
        if self.properties or self.required or self.patterns or self.extra not in (None, False):
            return "object"
        if self.items is not None or self.prefix or self.contains is not None:
            return "array"
        if self.keywords.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
            return "number"
        return "string" if self.keywords.keys() & {"format", "pattern", "minLength", "maxLength"} else "any"


def view(places: Iterable[Node], branch: int = 0) -> SchemaView:
    """What schemas say together. `branch` is which alternative counts where there are several."""
    merged = SchemaView()
    for place in places:
        for node, node_place in _parts(place, merged, branch, [_MOST_PARTS], set()):
            _add_schema(merged, node, node_place)
    return merged


def _parts(
    place: Node, merged: SchemaView, branch: int, left: list[int], above: set[str]
) -> Iterator[tuple[Mapping[str, Any], Node]]:
    """All schemas that hold for the value at once, each with its place."""
    node, left[0] = place.value, left[0] - 1
    if not isinstance(node, dict) or left[0] < 0 or place.uri in above:
        return
    above = above | {place.uri}
    if place.parts[:2] == ("components", "schemas") and len(place.parts) == 3:
        merged.names.add(place.parts[2])
    if isinstance(node.get("$ref"), str):
        yield from _parts(place.followed(), merged, branch, left, above)
    yield node, place
    for index in range(len(node.get("allOf", ()))):
        yield from _parts(_child(place, "allOf", index), merged, branch, left, above)
    for child in _conditional(place, node, branch):
        yield from _parts(child, merged, branch, left, above)
    for keyword in ("oneOf", "anyOf"):
        branches = [_child(place, keyword, index) for index in range(len(node.get(keyword, ())))]
        usable = [alternative for alternative in branches if not _is_null(alternative)] or branches
        if usable:
            chosen = usable[branch % len(usable)]
            _discriminate(merged, node, chosen)
            yield from _parts(chosen, merged, branch, left, above)


def _conditional(place: Node, node: Mapping[str, Any], branch: int) -> Iterator[Node]:
    """The schemas that hold, too, if the value is made for them: `if` with `then`, or `else`; those of required members."""
    if "if" in node:
        way = ("else",) if branch % 2 else ("if", "then")
        yield from (_child(place, keyword) for keyword in way if keyword in node)
    for name in node.get("dependentSchemas", {}):
        if name in node.get("required", ()):
            yield _child(place, "dependentSchemas", name)


def _child(place: Node, *parts: str | int) -> Node:
    return node_at(place.documents, place.name, (*place.parts, *map(str, parts)))


def _is_null(place: Node) -> bool:
    return isinstance(place.value, dict) and place.value.get("type") in ("null", ["null"])


def _discriminate(merged: SchemaView, node: Mapping[str, Any], chosen: Node) -> None:
    name = (node.get("discriminator") or {}).get("propertyName")
    reference = chosen.value.get("$ref") if isinstance(chosen.value, dict) else None
    if not isinstance(name, str) or not isinstance(reference, str):
        return
    mapping = node["discriminator"].get("mapping") or {}
    label = reference.rpartition("/")[2]
    merged.discriminators[name] = next((key for key, target in mapping.items() if target in (reference, label)), label)


def _add_schema(merged: SchemaView, node: Mapping[str, Any], place: Node) -> None:
    if "type" in node:
        named = (node["type"],) if isinstance(node["type"], str) else tuple(node["type"])
        both = [name for name in merged.types or named if name in named or (name == "number" and "integer" in named)]
        merged.types = (
            tuple("integer" if name == "number" and "integer" in named and "number" not in named else name for name in both)
            or named
        )
    if isinstance(node.get("enum"), list):
        merged.values = (
            node["enum"]
            if merged.values is None
            else [value for value in merged.values if value in node["enum"]] or merged.values
        )
    for keyword in (*_LOWER, *_UPPER):
        if keyword in node:
            tightest = max if keyword in _LOWER else min
            merged.keywords[keyword] = tightest(merged.keywords.get(keyword, node[keyword]), node[keyword])
    for keyword in _FIRST:
        if keyword in node:
            merged.keywords.setdefault(keyword, node[keyword])
    _add_members(merged, node, place)
    _add_items(merged, node, place)
    if "contentSchema" in node and node.get("contentMediaType") == "application/json":
        merged.embedded = _child(place, "contentSchema")


def _add_members(merged: SchemaView, node: Mapping[str, Any], place: Node) -> None:
    for name in node.get("properties", {}):
        merged.properties.setdefault(name, []).append(_child(place, "properties", name))
    for pattern in node.get("patternProperties", {}):
        merged.patterns.setdefault(pattern, _child(place, "patternProperties", pattern))
    for name, brought in node.get("dependentRequired", {}).items():
        merged.dependent.setdefault(name, []).extend(brought)
    if "propertyNames" in node and merged.member_names is None:
        merged.member_names = _child(place, "propertyNames")
    merged.required += [name for name in node.get("required", ()) if name not in merged.required]
    if "additionalProperties" in node and merged.extra is None:
        extra = node["additionalProperties"]
        merged.extra = extra if isinstance(extra, bool) else _child(place, "additionalProperties")


def _add_items(merged: SchemaView, node: Mapping[str, Any], place: Node) -> None:
    if "items" in node and merged.items is None:
        merged.items = _child(place, "items")
    if "contains" in node and merged.contains is None:
        merged.contains = _child(place, "contains")
        merged.keywords["minContains"] = node.get("minContains", 1)
    if "prefixItems" in node and not merged.prefix:
        merged.prefix = [_child(place, "prefixItems", index) for index in range(len(node["prefixItems"]))]
