"""Documents read strictly: where an example contradicts its field table, the table counts (`x-contradictions`)."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import InputError
from .model import Document
from .pointer import at, parts_of

ALL = "all"


def strict_ids(documents: Mapping[str, Document]) -> dict[str, str]:
    """The contradictions that can be read strictly: what was found, by id."""
    return {entry["id"]: entry["found"] for _, entry in _strict(documents)}


def strictly(documents: Mapping[str, Document], ids: Collection[str]) -> dict[str, Document]:
    """The documents with these contradictions (`all`: every one) read strictly. Raises InputError for an unknown id."""
    allowed = strict_ids(documents)
    for name in ids:
        if name not in allowed and name != ALL:
            raise InputError(f"{name!r} is not a contradiction that can be read strictly; known: all, {', '.join(allowed)}")
    changed = copy.deepcopy(dict(documents))
    for name, entry in _strict(documents):
        if ALL in ids or entry["id"] in ids:
            for pointer, schema in entry["strict"].items():
                _tighten(at(changed[name], parts_of(pointer)), schema, entry)
    return changed


def _strict(documents: Mapping[str, Document]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, entry)
        for name, document in documents.items()
        for entry in document.get("x-contradictions", ())
        if "strict" in entry
    ]


def _tighten(node: dict[str, Any], schema: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    note = f"{entry['id']}, read strictly: {entry['found']}"
    node["allOf"] = [*node.get("allOf", ()), {**schema, "$comment": note}]
