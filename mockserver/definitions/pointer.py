"""JSON pointers (RFC 6901) and references between documents."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import DefinitionError
from .limits import INLINED
from .model import Document, Provenance


def join(*parts: str | int) -> str:
    """A pointer made of unescaped parts: `join("a/b", 0)` is `/a~1b/0`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parts_of(pointer: str) -> list[str]:
    """The unescaped parts of a pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def at(value: Any, parts: Iterable[str]) -> Any:
    """What stands there. Raises KeyError, with the part that leads nowhere."""
    for part in parts:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError(part) from None
    return value


def document_of(reference: str, name: str, documents: Collection[str]) -> str:
    """The name of the document that a reference in the document `name` leads to.

    A file is looked for beside the document; `/huaweicloud/gaussdb.json` is a shipped document, from anywhere.
    """
    file = unquote(reference.partition("#")[0])
    if not file:
        return name
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
    return file[1:] if beside not in documents and file[:1] == "/" and file[1:] in documents else beside


class Place:
    """A node of a document that knows where it stands, and follows `$ref`."""

    __slots__ = ("documents", "name", "parts", "value")

    def __init__(self, documents: Mapping[str, Document], name: str, parts: tuple[str, ...] = ()) -> None:
        self.documents = documents
        self.name = name
        self.parts = parts
        self.value = at(documents[name], parts)

    @property
    def pointer(self) -> str:
        return join(*self.parts)

    @property
    def uri(self) -> str:
        return f"{uri_of(self.name)}#{self.pointer}"

    def __truediv__(self, part: str | int) -> Place:
        """The child, with references followed. Raises DefinitionError where there is none."""
        try:
            child = Place(self.documents, self.name, (*self.parts, str(part)))
        except KeyError:
            raise DefinitionError(self.name, self.pointer, f"nothing at {str(part)!r}", f"a member {str(part)!r}") from None
        return child.resolved()

    def resolved(self) -> Place:
        """The place that `$ref` points to, or this one. Raises DefinitionError for a reference to nowhere."""
        place, seen = self, set[str]()
        while isinstance(place.value, dict) and isinstance(place.value.get("$ref"), str):
            if place.uri in seen:
                raise DefinitionError(self.name, self.pointer, "a reference to itself", "a reference that ends somewhere")
            seen.add(place.uri)
            place = place.followed()
        return place

    def followed(self) -> Place:
        """Where the reference here leads to, one step. Raises DefinitionError where it leads nowhere."""
        reference: str = self.value["$ref"]
        pointer = reference.partition("#")[2]
        name = document_of(reference, self.name, self.documents)
        if name not in self.documents:
            allowed_text = ", ".join(self.documents)
            raise DefinitionError(self.name, f"{self.pointer}/$ref", f"a reference to {name!r}", f"one of {allowed_text}")
        try:
            return Place(self.documents, name, tuple(parts_of(pointer)))
        except KeyError as missing:
            actual = f"{reference!r}, but there is no {missing}"
            raise DefinitionError(self.name, f"{self.pointer}/$ref", actual, "a reference to what exists") from None

    def get(self, part: str, default: Any = None) -> Any:
        """The plain value of a member, references followed, or the default."""
        return (self / part).value if isinstance(self.value, dict) and part in self.value else default

    def children(self, part: str) -> dict[str, Place]:
        """The members of an object-valued member, or nothing."""
        value = self.value.get(part, {})
        return {key: self / part / key for key in value}

    def inherited(self, keyword: str) -> Any:
        """The keyword's value here, or at the nearest node around this one; None where nothing has it."""
        for length in range(len(self.parts), -1, -1):
            value = at(self.documents[self.name], self.parts[:length])
            if isinstance(value, dict) and keyword in value:
                return value[keyword]
        return None


def provenance_of(place: Place) -> Provenance:
    """Where a fact comes from: its own `x-provenance`, or the nearest one around it.

    A keyword of a schema may have one of its own, in `x-provenance-of` beside it.
    """
    keyword = place.parts[-1] if place.parts else ""
    around = at(place.documents[place.name], place.parts[:-1])
    own = around.get("x-provenance-of", {}).get(keyword) if isinstance(around, dict) else None
    return Provenance(**(own or place.inherited("x-provenance") or {"kind": "invented"}))


PLACE = "x-place"
"""In inlined schemas: where a part was written that came by reference (`file#pointer`)."""

NOTHING: Mapping[str, Any] = {"not": {}}
"""As good as `false`, but the validator's errors tell the member where `false` stands, not only the object around it."""

_ANNOTATIONS = {"$comment", "deprecated", "description", "examples", "title"}
_DATA = ("const", "default", "enum", "example", "examples")


def inlined(place: Place, above: tuple[str, ...] = (), budget: Iterator[int] | None = None) -> Any:
    """A schema with what its references point to in their stead.

    A reference that leads back into itself stays, as a full URI; so do all once the schema has grown to `INLINED` values.
    """
    budget = iter(range(INLINED)) if budget is None else budget
    value = place.value
    if isinstance(value, list):
        return [inlined(_child(place, index), above, budget) for index in range(len(value))]
    if not isinstance(value, dict):
        return NOTHING if value is False and place.parts[-2:-1] == ("properties",) else value
    spent = next(budget, None) is None
    here = {
        key: child if key in _DATA or key == "$ref" else inlined(_child(place, key), above, budget)
        for key, child in value.items()
    }
    if not isinstance(value.get("$ref"), str):
        return here
    target = place.resolved()
    if target.uri in above or spent:
        return {**here, "$ref": target.uri}
    del here["$ref"]
    there = inlined(target, (*above, target.uri), budget)
    if isinstance(there, dict):
        there = {**there, PLACE: f"{target.name}#{target.pointer}"}
    if isinstance(there, dict) and (set(here) <= _ANNOTATIONS or not here):
        return {**there, **here}
    return {**here, "allOf": [*here.get("allOf", []), there]}


def _child(place: Place, part: str | int) -> Place:
    return Place(place.documents, place.name, (*place.parts, str(part)))


def uri_of(name: str) -> str:
    """The URI under which a document's schemas refer to each other."""
    path = name.lstrip("/").replace("#", "%23").replace("?", "%3F")
    return f"https://definitions.invalid/{path}"
