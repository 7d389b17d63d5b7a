"""What clients made by a document's own paths: POST makes, GET reads, PUT and PATCH change, DELETE removes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

Collection = tuple[str, tuple[str, ...]]
"""A collection's path template, and the values in it."""


class Resources:
    """The things of a namespace, by their collections. Thread-safe. The oldest of more than `limit` is forgotten.

    `changes` grows with each change.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._things: dict[Collection, dict[str, dict[str, Any]]] = {}
        self._deleted: set[tuple[Collection, str]] = set()
        self._made = 0
        self.changes = 0

    def next_number(self) -> int:
        """A number that no other thing was made with."""
        with self._lock:
            self.changes += 1
            self._made += 1
            return self._made

    def put(self, collection: Collection, name: str, thing: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a thing, or change what is kept of it; what is kept now."""
        with self._lock:
            self.changes += 1
            things = self._things.setdefault(collection, {})
            things[name] = {**things.get(name, {}), **thing}
            self._deleted.discard((collection, name))
            if len(things) > self._limit:
                del things[next(iter(things))]
            return things[name]

    def get(self, collection: Collection, name: str) -> dict[str, Any] | None:
        """What is stored of a thing; None if it was never created."""
        with self._lock:
            return self._things.get(collection, {}).get(name)

    def all(self, collection: Collection) -> list[dict[str, Any]]:
        """The things of a collection, the oldest first."""
        with self._lock:
            return list(self._things.get(collection, {}).values())

    def delete(self, collection: Collection, name: str) -> None:
        """Take a thing away: from now on nobody knows it."""
        with self._lock:
            self.changes += 1
            self._things.get(collection, {}).pop(name, None)
            self._deleted.add((collection, name))

    def was_deleted(self, collection: Collection, name: str) -> bool:
        """Whether a thing was taken away, and not made again."""
        with self._lock:
            return (collection, name) in self._deleted

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._things.clear()
            self._deleted.clear()
            self._made = 0
            self.changes += 1
