"""All services as one OpenAPI document, with nothing outside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .model import Document
from .node import document_of
from .pointer import join, parts_of

_FILES = "x-files"
"""Where parts of documents stand that have a file of their own, among the components."""

ADDED = "x-added"
"""Names the members of an object that no definition has: the mock added them for tools."""

_IDS = ("1", "0605767a5780d5762fc5c0118072a564")
"""Examples of ids that no document has an example of."""
_SECTIONS = ("schemas", "responses", "parameters", "examples", "headers", "securitySchemes", "requestBodies", "links")
_CATALOGUES = ("x-sources", "x-switches", "x-contradictions")


def bundle(documents: Mapping[str, Document], version: str, url: str = "/") -> Document:
    """One OpenAPI 3.1 document. Components are renamed `<service>.<name>`, so that no two collide.

    `url` is where the server was asked. Parameters have an `example`, from the operation's documented request, so that tools
    which send requests send good ones. `x-added` beside it, and beside the server's `url`, says that no vendor wrote it.
    """
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": "mockserver", "version": version, "summary": "Every operation that this mock answers."},
        "servers": [{"url": url, ADDED: ["url"]}],
        "paths": {},
        "components": {section: {} for section in _SECTIONS},
    }
    for name, document in documents.items():
        if "openapi" not in document:  # a part that others refer to
            merged["components"].setdefault(_FILES, {})[name] = _Renamer(documents, name).rewritten(document)
            continue
        service = document["x-service"]["name"]
        local = _Renamer(documents, name)
        for path, item in document.get("paths", {}).items():
            merged["paths"].setdefault(path, {}).update(_for_generators(local.rewritten(item)))
        for section in _SECTIONS:
            for key, value in document.get("components", {}).get(section, {}).items():
                new = key if section == "securitySchemes" else f"{service}.{key}"
                rewritten = _for_generators(local.rewritten(value))
                if rewritten != {"$ref": "#" + join("components", section, new)}:  # the same scheme, of another document
                    merged["components"][section].setdefault(new, rewritten)
        for catalogue in _CATALOGUES:
            if catalogue in document:
                merged.setdefault(catalogue, {})[service] = _for_generators(document[catalogue])
    merged["components"] = {section: values for section, values in merged["components"].items() if values}
    _add_examples(merged)
    return {
        **merged,
        "paths": _without_deep(merged, merged["paths"]),
        "components": _without_deep(merged, merged["components"]),
    }


def _without_deep(merged: Document, node: Any) -> Any:
    """The same, with references into the middle of a component replaced by what stands there: generators can't follow."""
    if isinstance(node, list):
        return [_without_deep(merged, child) for child in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/components/") and len(parts_of(reference[1:])) > 3:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _without_deep(merged, {**_resolved(merged, {"$ref": reference}), **rest})
    return {key: _without_deep(merged, value) for key, value in node.items()}


def _add_examples(merged: Document) -> None:
    """Values of the operation's documented request, or of another one's that has a parameter of this name; values of
    headers; the names of all tags."""
    operations = [element for item in merged["paths"].values() for element in item.values() if isinstance(element, dict)]
    others: dict[str, Any] = {}
    for operation in operations:
        others = {**operation.get("x-documented-request", {}), **others}
    for operation in operations:
        if "parameters" in operation:
            own, parameters = operation.get("x-documented-request", {}), operation["parameters"]
            operation["parameters"] = [_with_example(merged, parameter, own, others) for parameter in parameters]
    headers = merged["components"].get("headers", {})
    for name, header in headers.items():  # tools that make answers up have no other way to keep to a pattern
        sample = _sample(_resolved(merged, header.get("schema", {})))
        if sample is not None and "example" not in header:
            headers[name] = {**header, "example": sample, ADDED: ["example"]}
    tags = dict.fromkeys(tag for operation in operations for tag in operation.get("tags", ()))
    merged["tags"] = [{"name": tag} for tag in tags]


def _with_example(merged: Document, parameter: Document, own: Mapping[str, Any], others: Mapping[str, Any]) -> Document:
    node = _resolved(merged, parameter)
    sample, name = _sample(_resolved(merged, node.get("schema", {}))), node["name"]
    value = own.get(name, others.get(name, sample) if sample in (None, *_IDS) else sample)
    if value is None or "example" in node or "examples" in node:
        return parameter
    return {**node, "example": _typed(value, node.get("schema", {}).get("type")), ADDED: ["example"]}


def _sample(schema: Document) -> Any:
    """A value that the schema names; None where it names none."""
    values = [schema.get("const"), schema.get("default"), *schema.get("examples", ()), *schema.get("enum", ())]
    values += [text for text in _IDS if schema.get("type") == "string" and re.search(schema.get("pattern", ""), text)]
    values += [schema.get("minimum", 0)] if schema.get("type") in ("integer", "number") else []
    return next((value for value in values if value is not None), None)


def _resolved(merged: Document, node: Document) -> Document:
    while "$ref" in node:
        result: Any = merged
        for part in parts_of(node["$ref"].partition("#")[2]):
            result = result[part]
        node = result
    return node


def _typed(value: Any, kind: Any) -> Any:
    """A documented request's text, as the parameter's type has it."""
    try:
        return {"integer": int, "number": float}.get(kind, lambda text: text)(value)
    except ValueError:
        return value


def _for_generators(node: Any) -> Any:
    """The same schemas, in words that all readers know: `null` alone as a constant, arrays with items."""
    if isinstance(node, list):
        return [_for_generators(child) for child in node]
    if not isinstance(node, dict):
        return node
    result = {key: _for_generators(value) for key, value in node.items()}
    if result.get("type") == "null":
        result = {**{key: value for key, value in result.items() if key != "type"}, "const": None}
    if result.get("type") == "array" and "items" not in result:
        result["items"] = {}
    return result


class _Renamer:
    """Rewrites the references of one document to the merged one's names."""

    def __init__(self, documents: Mapping[str, Document], name: str) -> None:
        self._documents = documents
        self._name = name

    def rewritten(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.rewritten(child) for child in node]
        if not isinstance(node, dict):
            return node
        return {
            key: self._reference(value) if key == "$ref" and isinstance(value, str) else self.rewritten(value)
            for key, value in node.items()
        }

    def _reference(self, reference: str) -> str:
        pointer = reference.partition("#")[2]
        target = document_of(reference, self._name, self._documents)
        parts = list(parts_of(pointer))
        if "openapi" not in self._documents[target]:
            return "#" + join("components", _FILES, target, *parts)
        if parts[:1] == ["components"] and parts[1] != "securitySchemes":
            parts[2] = f"{self._documents[target]['x-service']['name']}.{parts[2]}"
        return "#" + join(*parts)
