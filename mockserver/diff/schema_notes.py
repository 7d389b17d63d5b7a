"""Compares what a schema says beside its rules: conditions, descriptions, defaults, values that were seen, extensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..definitions.node import Node
from .change import ABSENT
from .merged_schema import Shape
from .schema_text import canonical

Emit = Callable[[str, str, tuple[Node, Node], Any, Any, str], None]
"""Takes what happened, the place for a reader, the nodes in OLD and NEW, the values, and a word more."""


def compare_conditions(emit: Emit, old: Shape, new: Shape, at: str) -> None:
    """Emit the conditions that came or went."""
    gone = [text for text in old.rules if text not in new.rules]
    come = [text for text in new.rules if text not in old.rules]
    for index in range(max(len(gone), len(come))):
        before = old.rules[gone[index]] if index < len(gone) else (ABSENT, old.node)
        after = new.rules[come[index]] if index < len(come) else (ABSENT, new.node)
        emit("condition-changed", at, (before[1], after[1]), before[0], after[0], "")


def compare_notes(emit: Emit, old: Shape, new: Shape, at: str) -> None:
    """Emit what changed in descriptions, defaults and extensions."""
    for keyword in sorted(old.notes.keys() | new.notes.keys()):
        before, after = old.notes.get(keyword, ABSENT), new.notes.get(keyword, ABSENT)
        if keyword in ("nullable", "$defs", "definitions", "x-inferred") or canonical(before) == canonical(after):
            continue
        places = (old.place(keyword), new.place(keyword))
        if keyword == "x-seen":
            _seen_values(emit, before, after, at, places)
        else:
            emit(_note_kind(keyword), at, places, before, after, keyword)


def _seen_values(emit: Emit, before: Any, after: Any, at: str, places: tuple[Node, Node]) -> None:
    if not isinstance(before, list) or not isinstance(after, list):
        return  # too many values on one side to be a small set
    for value in after:
        if value not in before:
            emit("seen-value-added", at, places, ABSENT, value, "")
    for value in before:
        if value not in after:
            emit("seen-value-removed", at, places, value, ABSENT, "")


def _note_kind(keyword: str) -> str:
    if keyword == "default":
        return "default-changed"
    if keyword in ("x-provenance", "x-provenance-of"):
        return "provenance-changed"
    if keyword == "x-page-rows":
        return "page-rows-changed"
    return "mock-only-changed" if keyword.startswith("x-") else "docs-changed"
