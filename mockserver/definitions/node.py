"""Places in documents, and references between them."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ..errors import DefinitionError, excerpt
from .pointer import at, join, parts_of

Documents = Mapping[str, Mapping[str, Any]]


def document_of(reference: str, name: str, documents: Collection[str]) -> str:
    """The name of the document that a reference in the document `name` leads to.

    A file is looked for beside the document; `/huaweicloud/gaussdb.json` is a shipped document, from anywhere.
    """
    file = unquote(reference.partition("#")[0])
    if not file:
        return name
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
    return file[1:] if beside not in documents and file[:1] == "/" and file[1:] in documents else beside


def uri_of(name: str) -> str:
    """The URI under which a document's schemas refer to each other."""
    path = name.lstrip("/").replace("#", "%23").replace("?", "%3F")
    return f"https://definitions.invalid/{path}"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value in a document and where it stands; it follows `$ref`.

    Attributes:
        documents: All documents, by name: references lead from one to another.
        name: The document's.
        parts: The unescaped parts of the pointer to the value.
        value: The value.
    """

    documents: Documents = field(repr=False)
    name: str
    parts: tuple[str, ...]
    value: Any

    @property
    def pointer(self) -> str:
        """The JSON pointer to it."""
        return join(*self.parts)

    @property
    def where(self) -> str:
        """The place as `file#pointer`."""
        return f"{self.name}#{self.pointer}"

    @property
    def uri(self) -> str:
        """The place as a URI."""
        return f"{uri_of(self.name)}#{self.pointer}"

    @property
    def label(self) -> str:
        """The last part of the pointer; of a bundled component, without the service's name before it."""
        return self.parts[-1].rpartition(".")[2] if self.parts else ""

    def error(self, actual: str, allowed: str) -> DefinitionError:
        """The error that says what is wrong here."""
        return DefinitionError(self.name, self.pointer, actual, allowed)

    def child(self, part: str | int) -> Node:
        """A member or an item; references are not followed. Raises KeyError where there is none."""
        return Node(self.documents, self.name, (*self.parts, str(part)), at(self.value, (str(part),)))

    def __truediv__(self, part: str | int) -> Node:
        """The child, with references followed. Raises DefinitionError where there is none."""
        try:
            child = self.child(part)
        except KeyError:
            raise self.error(f"nothing at {str(part)!r}", f"a member {str(part)!r}") from None
        return child.resolved()

    def find(self, part: str) -> Node | None:
        """A member, with references followed; None where there is none."""
        if not isinstance(self.value, Mapping) or part not in self.value:
            return None
        return self.child(part).resolved()

    def get(self, part: str, default: Any = None) -> Any:
        """The value of a member, references followed, or the default."""
        node = self.find(part)
        return default if node is None else node.value

    def members(self, part: str) -> dict[str, Node]:
        """The members of an object-valued member, references followed. Raises DefinitionError where it is not an object."""
        holder = self.find(part)
        if holder is None:
            return {}
        return {key: holder.child(key).resolved() for key in holder.as_object().value}

    def items(self, part: str) -> list[Node]:
        """The items of a list-valued member, references followed. Raises DefinitionError where it is not a list."""
        holder = self.find(part)
        if holder is None:
            return []
        if not isinstance(holder.value, list):
            raise holder.error(excerpt(holder.value), "a list")
        return [holder.child(index).resolved() for index in range(len(holder.value))]

    def as_object(self) -> Node:
        """This node. Raises DefinitionError where it is not an object."""
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
        """Where the reference here leads to, one step. Raises DefinitionError where it leads nowhere."""
        reference = self.value["$ref"]
        if not isinstance(reference, str):
            raise self.error(f"$ref {excerpt(reference)}", "a text")
        pointer = reference.partition("#")[2]
        name = document_of(reference, self.name, self.documents)
        where = f"{self.pointer}/$ref"
        if name not in self.documents:
            raise DefinitionError(self.name, where, f"a reference to {name!r}", f"one of {', '.join(self.documents)}")
        if pointer and not pointer.startswith("/"):
            raise DefinitionError(self.name, where, f"a reference to {reference!r}", "a JSON pointer, as #/components/x")
        try:
            return node_at(self.documents, name, parts_of(pointer))
        except KeyError as missing:
            actual = f"{reference!r}, but there is no {missing}"
            raise DefinitionError(self.name, where, actual, "a reference to what exists") from None

    def inherited(self, keyword: str) -> Any:
        """The keyword's value here, or at the nearest node around this one; None where nothing has it."""
        for length in range(len(self.parts), -1, -1):
            value = at(self.documents[self.name], self.parts[:length])
            if isinstance(value, dict) and keyword in value:
                return value[keyword]
        return None


def node_at(documents: Documents, name: str, parts: tuple[str, ...] = ()) -> Node:
    """A place in a document; without `parts`, the whole document. Raises KeyError where nothing stands there."""
    return Node(documents, name, parts, at(documents[name], parts))
