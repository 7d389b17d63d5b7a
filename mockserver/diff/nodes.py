"""Places in documents that may be anybody's: references are followed, and what has the wrong form is named by its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..definitions.bundle import ADDED
from ..definitions.pointer import at, document_of, join, parts_of
from ..errors import DefinitionError, excerpt

Documents = Mapping[str, Mapping[str, Any]]

ANNOTATIONS = frozenset((
    "$anchor", "$comment", "$defs", "$id", "$schema", "default", "definitions", "deprecated", "description", "discriminator",
    "example", "examples", "externalDocs", "nullable", "readOnly", "summary", "title", "writeOnly", "xml",
))  # fmt: skip
"""Keywords of a schema that say nothing about which values are valid (`nullable` is read together with `type`)."""
_EXPANDED = 5_000


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document and where it stands: `name` of the document, `parts` of the pointer, unescaped."""

    documents: Documents
    name: str
    parts: tuple[str, ...]
    value: Any

    @property
    def where(self) -> str:
        """The place as `file#pointer`."""
        return f"{self.name}#{join(*self.parts)}"

    @property
    def label(self) -> str:
        """The last part of the pointer; of a bundled component, without the service's name before it."""
        return self.parts[-1].rpartition(".")[2] if self.parts else ""

    def error(self, actual: str, allowed: str) -> DefinitionError:
        """The error that says what is wrong here."""
        return DefinitionError(self.name, join(*self.parts), actual, allowed)

    def child(self, part: str | int) -> Node:
        """A member or an item, which must exist; references are not followed."""
        return Node(self.documents, self.name, (*self.parts, str(part)), self.value[part])

    def added(self, part: str) -> bool:
        """Whether the mock added this member, and no definition has it (`x-added`)."""
        names = self.value.get(ADDED) if isinstance(self.value, Mapping) else None
        return part == ADDED or (isinstance(names, list) and part in names)

    def get(self, part: str) -> Node | None:
        """A member with its reference followed; None where there is none."""
        if not isinstance(self.value, Mapping) or part not in self.value:
            return None
        return self.child(part).resolved()

    def plain(self, part: str, default: Any = None) -> Any:
        """The value of a member, its reference followed, or the default."""
        node = self.get(part)
        return default if node is None else node.value

    def members(self, part: str) -> dict[str, Node]:
        """The members of an object-valued member, references followed. Raises DefinitionError where it is no object."""
        holder = self.get(part)
        if holder is None:
            return {}
        return {key: holder.child(key).resolved() for key in holder.as_object().value}

    def items(self, part: str) -> list[Node]:
        """The items of a list-valued member, references followed. Raises DefinitionError where it is no list."""
        holder = self.get(part)
        if holder is None:
            return []
        if not isinstance(holder.value, list):
            raise holder.error(excerpt(holder.value), "a list")
        return [holder.child(index).resolved() for index in range(len(holder.value))]

    def as_object(self) -> Node:
        """This node. Raises DefinitionError where it is no object."""
        if not isinstance(self.value, Mapping):
            raise self.error(excerpt(self.value), "an object")
        return self

    def as_text(self) -> str:
        """This node's text. Raises DefinitionError where it is none."""
        if not isinstance(self.value, str):
            raise self.error(excerpt(self.value), "a text")
        return self.value

    def resolved(self) -> Node:
        """Where `$ref` leads to, or this node. Raises DefinitionError for a reference to nowhere or to itself."""
        node, seen = self, set[tuple[str, tuple[str, ...]]]()
        while isinstance(node.value, Mapping) and isinstance(node.value.get("$ref"), str):
            if (node.name, node.parts) in seen:
                raise self.error("a reference to itself", "a reference that ends somewhere")
            seen.add((node.name, node.parts))
            node = node.followed()
        return node

    def followed(self) -> Node:
        """Where this node's `$ref` leads to, one step. Raises DefinitionError for a reference to nowhere."""
        reference = self.value["$ref"]
        if not isinstance(reference, str):
            raise self.error(f"$ref {excerpt(reference)}", "a text")
        pointer = reference.partition("#")[2]
        name = document_of(reference, self.name, self.documents)
        if name not in self.documents or (pointer and not pointer.startswith("/")):
            raise self.error(f"a reference to {reference!r}", f"a JSON pointer into one of {', '.join(self.documents)}")
        parts = _parts(pointer)
        try:
            return Node(self.documents, name, parts, at(self.documents[name], parts))
        except KeyError as missing:
            raise self.error(f"{reference!r}, but there is no {missing}", "a reference to what exists") from None


@lru_cache(maxsize=4_096)
def _parts(pointer: str) -> tuple[str, ...]:
    return tuple(parts_of(pointer))


def root_of(documents: Documents, name: str) -> Node:
    """A whole document."""
    return Node(documents, name, (), documents[name])


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
