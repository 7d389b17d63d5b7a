"""A bounded memory: what was used lately stays, the rest is forgotten."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Values by key. Thread-safe: it is read and written without a lock, so two threads may both make a value.

    It holds two generations: once the young one is full, it becomes the old one, and what was there and not used since
    is forgotten. So a look costs one dictionary access, and nothing is sorted.

    Args:
        size: How many values it holds at most; 0: none.
    """

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value; None if there is none, or it has expired."""
        value = self._young.get(key)
        if value is None:
            value = self._old.pop(key, None)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: K, value: V) -> bool:
        """Remember a value. Returns whether older ones may have been forgotten for it."""
        if not self._half:
            return False
        full = len(self._young) >= self._half
        if full:
            self._old, self._young = self._young, {}
        self._young[key] = value
        return full

    def clear(self) -> None:
        """Forget all."""
        self._young, self._old = {}, {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
