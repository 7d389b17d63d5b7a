"""How large a user's document may be: what takes for ever to read is refused by name instead."""

from __future__ import annotations

from typing import Any

FILE_BYTES = 64 * 1_024 * 1_024
"""The largest file that is read."""

NODES = 3_000_000
"""The most values in a file, aliases counted as often as they are used."""

DEPTH = 150
"""The deepest that objects and lists may be nested."""

FILES = 10_000
"""The most files that one document's references lead to."""

INLINED = 5_000
"""The most values of a schema that are put in the place of its references; beyond, the references stay."""

STEPS = 5_000
"""The most references and alternatives that judging one value may follow, and `STEPS_EACH` more for each value in it."""

STEPS_EACH = 100

PATTERN_SECONDS = 0.1
"""The longest that a pattern may look at one text (seconds)."""

PATTERN_LENGTH = 20_000
"""The longest pattern (characters)."""


def size_of(value: Any) -> int:
    """How many values there are in a value, itself included."""
    size, waiting = 0, [value]
    while waiting:
        node = waiting.pop()
        size += 1
        waiting.extend(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
    return size


def too_large(value: Any) -> str | None:
    """What is too much of a value: its depth or its number of values; None where nothing is."""
    seen, waiting = 0, [(value, 0)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, dict | list):
            continue
        if depth >= DEPTH:
            return f"values nested deeper than {DEPTH} levels"
        children = list(node.values()) if isinstance(node, dict) else node
        seen += len(children)
        if seen > NODES:
            return f"more than {NODES:,} values"
        waiting += [(child, depth + 1) for child in children]
    return None
