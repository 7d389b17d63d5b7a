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
    """One value's keywords.

    `names` are those of the component schemas that it comes from; `properties` has all that is said of each member, `items`,
    `contains`, `extra` and so on are schemas by place; `dependent` is what members bring with them; `chosen` is what a
    discriminator wants to hear; `embedded` is the schema of the JSON that a text holds.
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
    chosen: dict[str, str] = field(default_factory=dict)
    embedded: Node | None = None

    def kind(self) -> str:
        """The JSON type to make: the first one that isn't null; what the keywords tell where none is named."""
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
    seen = SchemaView()
    for place in places:
        for node, here in _parts(place, seen, branch, [_MOST_PARTS], set()):
            _add_schema(seen, node, here)
    return seen


def _parts(
    place: Node, seen: SchemaView, branch: int, left: list[int], above: set[str]
) -> Iterator[tuple[Mapping[str, Any], Node]]:
    """All schemas that hold for the value at once, each with its place."""
    node, left[0] = place.value, left[0] - 1
    if not isinstance(node, dict) or left[0] < 0 or place.uri in above:
        return
    above = above | {place.uri}
    if place.parts[:2] == ("components", "schemas") and len(place.parts) == 3:
        seen.names.add(place.parts[2])
    if isinstance(node.get("$ref"), str):
        yield from _parts(place.followed(), seen, branch, left, above)
    yield node, place
    for index in range(len(node.get("allOf", ()))):
        yield from _parts(_child(place, "allOf", index), seen, branch, left, above)
    for child in _conditional(place, node, branch):
        yield from _parts(child, seen, branch, left, above)
    for keyword in ("oneOf", "anyOf"):
        branches = [_child(place, keyword, index) for index in range(len(node.get(keyword, ())))]
        usable = [limb for limb in branches if not _is_null(limb)] or branches
        if usable:
            chosen = usable[branch % len(usable)]
            _discriminate(seen, node, chosen)
            yield from _parts(chosen, seen, branch, left, above)


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


def _discriminate(seen: SchemaView, node: Mapping[str, Any], chosen: Node) -> None:
    name = (node.get("discriminator") or {}).get("propertyName")
    reference = chosen.value.get("$ref") if isinstance(chosen.value, dict) else None
    if not isinstance(name, str) or not isinstance(reference, str):
        return
    mapping = node["discriminator"].get("mapping") or {}
    label = reference.rpartition("/")[2]
    seen.chosen[name] = next((key for key, target in mapping.items() if target in (reference, label)), label)


def _add_schema(seen: SchemaView, node: Mapping[str, Any], place: Node) -> None:
    if "type" in node:
        named = (node["type"],) if isinstance(node["type"], str) else tuple(node["type"])
        both = [name for name in seen.types or named if name in named or (name == "number" and "integer" in named)]
        seen.types = (
            tuple("integer" if name == "number" and "integer" in named and "number" not in named else name for name in both)
            or named
        )
    if isinstance(node.get("enum"), list):
        seen.values = (
            node["enum"] if seen.values is None else [value for value in seen.values if value in node["enum"]] or seen.values
        )
    for keyword in (*_LOWER, *_UPPER):
        if keyword in node:
            tightest = max if keyword in _LOWER else min
            seen.keywords[keyword] = tightest(seen.keywords.get(keyword, node[keyword]), node[keyword])
    for keyword in _FIRST:
        if keyword in node:
            seen.keywords.setdefault(keyword, node[keyword])
    _add_members(seen, node, place)
    _add_items(seen, node, place)
    if "contentSchema" in node and node.get("contentMediaType") == "application/json":
        seen.embedded = _child(place, "contentSchema")


def _add_members(seen: SchemaView, node: Mapping[str, Any], place: Node) -> None:
    for name in node.get("properties", {}):
        seen.properties.setdefault(name, []).append(_child(place, "properties", name))
    for pattern in node.get("patternProperties", {}):
        seen.patterns.setdefault(pattern, _child(place, "patternProperties", pattern))
    for name, brought in node.get("dependentRequired", {}).items():
        seen.dependent.setdefault(name, []).extend(brought)
    if "propertyNames" in node and seen.member_names is None:
        seen.member_names = _child(place, "propertyNames")
    seen.required += [name for name in node.get("required", ()) if name not in seen.required]
    if "additionalProperties" in node and seen.extra is None:
        extra = node["additionalProperties"]
        seen.extra = extra if isinstance(extra, bool) else _child(place, "additionalProperties")


def _add_items(seen: SchemaView, node: Mapping[str, Any], place: Node) -> None:
    if "items" in node and seen.items is None:
        seen.items = _child(place, "items")
    if "contains" in node and seen.contains is None:
        seen.contains = _child(place, "contains")
        seen.keywords["minContains"] = node.get("minContains", 1)
    if "prefixItems" in node and not seen.prefix:
        seen.prefix = [_child(place, "prefixItems", index) for index in range(len(node["prefixItems"]))]
