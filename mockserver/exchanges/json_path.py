"""JSON pointers that also lead into strings that hold JSON: `/body/rows/0/status`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..definitions.json_regex import refuse_constant
from ..definitions.pointer import join, parts_of

MISSING: Any = object()
"""The value for a pointer that leads to nothing."""


class DuplicateKeys(dict[str, Any]):
    """An object with doubled members: `names` are their names. The last value of each counts."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.names = sorted(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)


def parsed(text: str) -> Any:
    """The JSON in a text; objects with doubled members become `DuplicateKeys`.

    Raises ValueError (also for NaN and Infinity, which Python's parser would accept) or RecursionError.
    """
    return _parse(text)


def _object_of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    return value if len(value) == len(pairs) else DuplicateKeys(pairs)


_parse = json.JSONDecoder(object_pairs_hook=_object_of_pairs, parse_constant=refuse_constant).decode


@lru_cache(maxsize=64)
def decode_embedded(text: str) -> Any:
    """The JSON that a string holds; MISSING if it holds none."""
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        return MISSING


def _child(value: Any, part: str) -> Any:
    if isinstance(value, str):
        value = decode_embedded(value)
    if isinstance(value, dict):
        return value.get(part, MISSING)
    if isinstance(value, list) and part.isdecimal() and part.isascii() and int(part) < len(value):
        return value[int(part)]
    return MISSING


def value_at(value: Any, pointer: str) -> Any:
    """The value at a pointer; MISSING if there is none."""
    for part in parts_of(pointer):
        value = _child(value, part)
        if value is MISSING:
            return MISSING
    return value


def matches(value: Any, pattern: str) -> Iterator[tuple[str, Any]]:
    """The (pointer, value) pairs that match a pointer with `*`: every item of a list, or the value itself if no list."""
    pairs = [("", value)]
    for part in parts_of(pattern):
        pairs = [pair for pointer, node in pairs for pair in _children(pointer, node, part)]
    yield from pairs


def _children(pointer: str, node: Any, part: str) -> Iterator[tuple[str, Any]]:
    if part != "*":
        child = _child(node, part)
        if child is not MISSING:
            yield pointer + join(part), child
        return
    items = decode_embedded(node) if isinstance(node, str) else node
    if isinstance(items, list):
        yield from ((pointer + join(index), item) for index, item in enumerate(items))
    elif items is not MISSING:
        yield pointer, items
