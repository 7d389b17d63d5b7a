"""JSON pointers that go on through strings which hold JSON: `/body/rows/0/status`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..definitions.pointer import join, parts_of

MISSING: Any = object()
"""What stands where nothing stands."""


@lru_cache(maxsize=64)
def unfolded(text: str) -> Any:
    """The JSON that a string holds; MISSING where it holds none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return MISSING


def _step(value: Any, part: str) -> Any:
    if isinstance(value, str):
        value = unfolded(value)
    if isinstance(value, dict):
        return value.get(part, MISSING)
    if isinstance(value, list) and part.isdecimal() and part.isascii() and int(part) < len(value):
        return value[int(part)]
    return MISSING


def at(value: Any, pointer: str) -> Any:
    """What stands at a pointer; MISSING where nothing does."""
    for part in parts_of(pointer):
        value = _step(value, part)
        if value is MISSING:
            return MISSING
    return value


def matches(value: Any, pattern: str) -> Iterator[tuple[str, Any]]:
    """The places that a pointer with `*` (every item of a list, or the value itself where it is no list) leads to."""
    found = [("", value)]
    for part in parts_of(pattern):
        found = [place for pointer, here in found for place in _children(pointer, here, part)]
    yield from found


def _children(pointer: str, here: Any, part: str) -> Iterator[tuple[str, Any]]:
    if part != "*":
        child = _step(here, part)
        if child is not MISSING:
            yield pointer + join(part), child
        return
    items = unfolded(here) if isinstance(here, str) else here
    if isinstance(items, list):
        yield from ((pointer + join(index), item) for index, item in enumerate(items))
    elif items is not MISSING:
        yield pointer, items
