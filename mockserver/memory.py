"""A cache of limited size: values used lately stay, the others are forgotten."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Values by key. Thread-safe: it has no lock, so two threads may both make the same value.

    It has two generations. When the young one is full, it becomes the old one, and the values of the old one that were not
    used since are forgotten. So a lookup costs one dictionary access, and nothing is sorted.

    Args:
        size: The largest number of values; 0: it holds none.
    """

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value; None if there is none."""
        value = self._young.get(key)
        if value is None:
            value = self._old.pop(key, None)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: K, value: V) -> bool:
        """Remember a value. Returns True if older values may have been forgotten for it."""
        if not self._half:
            return False
        is_full = len(self._young) >= self._half
        if is_full:
            self._old, self._young = self._young, {}
        self._young[key] = value
        return is_full

    def clear(self) -> None:
        """Forget all values."""
        self._young, self._old = {}, {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
