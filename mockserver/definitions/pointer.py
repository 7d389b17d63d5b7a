"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any


def join(*parts: str | int) -> str:
    """A pointer made of unescaped parts: `join("a/b", 0)` is `/a~1b/0`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


@lru_cache(maxsize=4_096)
def parts_of(pointer: str) -> tuple[str, ...]:
    """The unescaped parts of a pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def at(value: Any, parts: Iterable[str]) -> Any:
    """What stands there. Raises KeyError, with the part that leads nowhere."""
    for part in parts:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError(part) from None
    return value
