"""How alike two names, values or alternatives are: what became of a thing that is gone."""

from __future__ import annotations

import difflib
import re
from typing import Any

from ..definitions.node import Node
from .merged_schema import shape_of
from .schema_text import expanded

_NAMES_ALIKE = 0.6


def covers(wide: frozenset[str] | None, narrow: frozenset[str] | None) -> bool:
    """Whether all of the narrow types are among the wide ones; None: any type."""
    if wide is None or narrow is None:
        return wide is None
    return all(name in wide or (name == "integer" and "number" in wide) for name in narrow)


def folded_name(name: str) -> str:
    """A name without its case and its signs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def alike(name: str, other: str) -> bool:
    """Whether a name could be another one's new form."""
    return difflib.SequenceMatcher(None, name, other).ratio() >= _NAMES_ALIKE


def renamed_values(removed: list[Any], added: list[Any]) -> list[tuple[Any, Any]]:
    """Values that are the same but for case, `_` and `-`, or nearly so (CANCELED, CANCELLED)."""
    renames, free = [], [value for value in added if isinstance(value, str)]
    for value in [value for value in removed if isinstance(value, str)]:
        near = difflib.get_close_matches(folded_name(value), map(folded_name, free), 1, 0.85) if value else []
        if near:
            other = next(candidate for candidate in free if folded_name(candidate) == near[0])
            renames.append((value, other))
            free.remove(other)
    return renames


def likeness(old: Node, new: Node) -> float:
    """How much alike two alternatives are; 0: not the same one."""
    first, second = old.resolved(), new.resolved()
    a, b = shape_of([old]), shape_of([new])
    if a.types is not None and b.types is not None and not (covers(a.types, b.types) or covers(b.types, a.types)):
        return 0
    if expanded(old) == expanded(new):
        return 4
    if first.label == second.label and first.where != old.where and second.where != new.where:
        return 3
    if a.properties or b.properties:
        shared = a.properties.keys() & b.properties.keys()
        share = len(shared) / len(a.properties.keys() | b.properties.keys())
        return 1 + share if share >= 0.3 else 0
    return 1 if a.types == b.types else 0.5
