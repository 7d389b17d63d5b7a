"""All services as one OpenAPI document, with nothing outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .model import Document
from .pointer import document_of, join, parts_of

_FILES = "x-files"
"""Where parts of documents stand that have a file of their own, among the components."""

_SECTIONS = ("schemas", "responses", "parameters", "examples", "headers", "securitySchemes", "requestBodies", "links")
_CATALOGUES = ("x-sources", "x-switches", "x-contradictions")


def bundle(documents: Mapping[str, Document], version: str) -> Document:
    """One OpenAPI 3.1 document. Components are renamed `<service>.<name>`, so that no two collide."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": "mockserver", "version": version, "summary": "Every operation that this mock answers."},
        "servers": [{"url": "/"}],
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
            merged["paths"].setdefault(path, {}).update(local.rewritten(item))
        for section in _SECTIONS:
            for key, value in document.get("components", {}).get(section, {}).items():
                new = key if section == "securitySchemes" else f"{service}.{key}"
                rewritten = local.rewritten(value)
                if rewritten != {"$ref": "#" + join("components", section, new)}:  # the same scheme, of another document
                    merged["components"][section].setdefault(new, rewritten)
        for catalogue in _CATALOGUES:
            if catalogue in document:
                merged.setdefault(catalogue, {})[service] = document[catalogue]
    merged["components"] = {section: values for section, values in merged["components"].items() if values}
    return merged


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
        parts = parts_of(pointer)
        if "openapi" not in self._documents[target]:
            return "#" + join("components", _FILES, target, *parts)
        if parts[:1] == ["components"] and parts[1] != "securitySchemes":
            parts[2] = f"{self._documents[target]['x-service']['name']}.{parts[2]}"
        return "#" + join(*parts)
