"""All parts of a document that an operation can come to, each once and by its kind, in whatever file they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ..errors import DefinitionError, excerpt
from .files import Files
from .pointer import at, join, parts_of
from .schema_forms import LISTS, MAPS, SINGLES
from .swagger2 import moved

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")

_CONTAINERS = {"components": 2, "paths": 1, "info": 9, "servers": 9, "tags": 9, "definitions": 1, "x-service": 9}
"""What holds parts of documents, and so many levels below, and is none itself."""

_ONE, _LIST, _MAP = "one", "list", "map"
_MEDIA = {"schema": (_ONE, "schema"), "examples": (_MAP, "example")}
_PARTS: dict[str, dict[str, tuple[str, str]]] = {
    "document": {"paths": (_MAP, "pathItem"), "components": (_ONE, "components")},
    "components": {
        "schemas": (_MAP, "schema"),
        "parameters": (_MAP, "parameter"),
        "headers": (_MAP, "header"),
        "responses": (_MAP, "response"),
        "requestBodies": (_MAP, "requestBody"),
        "examples": (_MAP, "example"),
        "securitySchemes": (_MAP, "securityScheme"),
        "pathItems": (_MAP, "pathItem"),
    },
    "pathItem": {**dict.fromkeys(METHODS, (_ONE, "operation")), "parameters": (_LIST, "parameter")},
    "operation": {
        "parameters": (_LIST, "parameter"),
        "requestBody": (_ONE, "requestBody"),
        "responses": (_MAP, "response"),
    },
    "parameter": {**_MEDIA, "content": (_MAP, "mediaType")},
    "header": {**_MEDIA, "content": (_MAP, "mediaType")},
    "requestBody": {"content": (_MAP, "mediaType")},
    "response": {"content": (_MAP, "mediaType"), "headers": (_MAP, "header")},
    "mediaType": _MEDIA,
    "schema": {
        **dict.fromkeys(MAPS, (_MAP, "schema")),
        **dict.fromkeys(LISTS, (_LIST, "schema")),
        **dict.fromkeys(SINGLES, (_ONE, "schema")),
    },
    "example": {},
    "securityScheme": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document: its file, where it stands in it, what kind it is, and the object itself."""

    name: str
    parts: tuple[str, ...]
    kind: str
    node: dict[str, Any]

    @property
    def pointer(self) -> str:
        """Where it stands."""
        return join(*self.parts)

    def error(self, actual: str, allowed: str, *below: str) -> DefinitionError:
        """The error that says what is wrong here, or below."""
        return DefinitionError(self.name, join(*self.parts, *below), actual, allowed)


class Walk:
    """Visits parts: `before` sees each before what is below it, and may change it.

    `was_swagger` says of a document, read just now or before, whether its pointers are Swagger 2.0's; `elsewhere` may mend a
    part whose reference leads to another kind, and says whether it did.
    """

    def __init__(
        self,
        files: Files,
        was_swagger: Callable[[str], bool],
        before: Callable[[Part], None],
        elsewhere: Callable[[Part, str], bool],
    ) -> None:
        self._files = files
        self._was_swagger = was_swagger
        self._before = before
        self._elsewhere = elsewhere
        self._kinds: dict[int, str] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._passed: dict[str, dict[str, str]] = {}

    def visit(self, name: str) -> None:
        """All that the document `name` leads to. Raises DefinitionError for a reference to nowhere."""
        waiting, seen = [Part(name, (), "document", self._files.documents[name])], set[int]()
        while waiting:
            part = waiting.pop()
            kind = self._kinds.setdefault(id(part.node), part.kind)
            if kind != part.kind and {kind, part.kind} != {"parameter", "header"}:
                raise part.error(f"a {kind} in the place of a {part.kind}", f"a {part.kind}")
            if id(part.node) in seen:
                continue
            seen.add(id(part.node))
            if "$ref" in part.node and (part.kind != "schema" or isinstance(part.node["$ref"], str)):
                target = self.followed(part)
                kind = _kind_at(target.parts) if self._is_document(target.name) else part.kind
                if kind in (part.kind, "") or not self._elsewhere(part, kind):
                    waiting.append(target)
                    if part.kind != "schema":
                        continue
            self._passed.setdefault(part.name, {}).update((name, part.pointer) for name in _names_of(part.node))
            self._before(part)
            waiting += reversed(list(_below(part)))

    def resolved(self, part: Part) -> Part:
        """What a part's reference leads to at last; the part itself where it has none."""
        steps = 0
        while "$ref" in part.node:
            part, steps = self.followed(part), steps + 1
            if steps > 100:
                raise part.error("a reference to itself", "a reference that ends somewhere")
        return part

    def followed(self, part: Part) -> Part:
        """What a part's reference leads to, one step. Raises DefinitionError where it leads nowhere."""
        reference = part.node["$ref"]
        if not isinstance(reference, str):
            raise part.error(f"$ref {excerpt(reference)}", "a text", "$ref")
        if "%" in reference.partition("#")[2]:
            reference = part.node["$ref"] = f"{reference.partition('#')[0]}#{unquote(reference.partition('#')[2])}"
        reference = self._within(part, reference)
        name, fragment = self._files.target(part.name, part.pointer, reference)
        if self._was_swagger(name):
            pointer = moved(fragment)
            if pointer != fragment:
                part.node["$ref"] = f"{reference.partition('#')[0]}#{pointer}"
                fragment = pointer
        if fragment and not fragment.startswith("/"):
            fragment = self._pointer_of(name, f"#{fragment}") or fragment
            part.node["$ref"] = f"{reference.partition('#')[0]}#{fragment}"
        elif fragment == "/" and "" not in self._files.documents[name]:  # many write it for the whole file
            fragment = ""
            part.node["$ref"] = f"{reference.partition('#')[0]}#"
        if fragment and not fragment.startswith("/"):
            raise part.error(f"a reference to {reference!r}", "a JSON pointer, such as #/components/schemas/Job", "$ref")
        parts = parts_of(fragment)
        try:
            node = at(self._files.documents[name], parts)
        except KeyError as missing:
            raise part.error(f"{reference!r}, but there is no {missing}", "a reference to what exists", "$ref") from None
        if part.kind == "schema" and isinstance(node, bool):
            node = {}
        if not isinstance(node, dict):
            raise part.error(f"{reference!r}, which leads to {excerpt(node)}", f"a reference to a {part.kind}", "$ref")
        if parts and parts[0] in _CONTAINERS and len(parts) <= _CONTAINERS[parts[0]]:
            raise part.error(f"{reference!r}, which leads to no {part.kind}", f"a reference to a {part.kind}", "$ref")
        return Part(name, parts, part.kind, node)

    def _is_document(self, name: str) -> bool:
        document = self._files.documents[name]
        return isinstance(document, dict) and "openapi" in document

    def _within(self, part: Part, reference: str) -> str:
        """The reference; one by the `$id` of a schema in the same document as one by its place."""
        base, _, fragment = reference.partition("#")
        place = self._pointer_of(part.name, base) if base else None
        if place is None:
            return reference
        anchored = bool(fragment) and not fragment.startswith("/")
        part.node["$ref"] = f"#{fragment}" if anchored else f"#{place}{fragment}"
        return str(part.node["$ref"])

    def _pointer_of(self, name: str, named: str) -> str | None:
        """The pointer to the schema of a document that has this `$id`, or (`#name`) `$anchor`."""
        if name not in self._names:
            self._names[name] = dict(_named_schemas(self._files.documents[name]))
        return self._names[name].get(named, self._passed.get(name, {}).get(named))


def _names_of(node: dict[str, Any]) -> Iterator[str]:
    """What references may call a schema by, beside its place."""
    if "$id" in node or "$anchor" in node or "$dynamicAnchor" in node:
        for keyword, form in (("$id", "{}"), ("$anchor", "#{}"), ("$dynamicAnchor", "#{}")):
            if isinstance(node.get(keyword), str):
                yield form.format(node[keyword])


def _named_schemas(document: Any) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while waiting:
        parts, node = waiting.pop()
        if isinstance(node, dict):
            yield from ((name, join(*parts)) for name in _names_of(node))
            waiting += [((*parts, str(key)), child) for key, child in node.items()]
        elif isinstance(node, list):
            waiting += [((*parts, str(index)), child) for index, child in enumerate(node)]


def _kind_at(parts: Sequence[str]) -> str:
    """The kind of what stands at a pointer into an OpenAPI document; "" where that is not known."""
    kind, index = "document", 0
    while index < len(parts):
        form, kind = _PARTS.get(kind, {}).get(parts[index], ("", ""))
        index += 1 if form == _ONE else 2
    return kind if index == len(parts) else ""


def _below(part: Part) -> Iterator[Part]:
    for member, (form, kind) in _PARTS[part.kind].items():
        if member not in part.node:
            continue
        value = part.node[member]
        if form == _ONE:
            children: list[tuple[tuple[str, ...], Any]] = [((member,), value)]
        elif form == _LIST and isinstance(value, list):
            children = [((member, str(index)), child) for index, child in enumerate(value)]
        elif form == _MAP and isinstance(value, dict):
            children = [((member, str(key)), child) for key, child in value.items() if not str(key).startswith("x-")]
        else:
            raise part.error(excerpt(value), "a list" if form == _LIST else "an object", member)
        for below, child in children:
            if isinstance(child, dict):
                yield Part(part.name, (*part.parts, *below), kind, child)
            elif kind != "schema" or not isinstance(child, bool):
                raise part.error(excerpt(child), f"an object ({kind})", *below)
