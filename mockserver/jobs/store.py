"""The little that can't be computed: when an id was first asked for and by whom, who holds which token or list."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Birth:
    """When a made-up job's life began (milliseconds), and whose it is."""

    time: int
    owner: str


class Store:
    """The state of a mock, in memory. Thread-safe. The oldest of more than `limit` entries is forgotten.

    `changes` grows with each answer that depends on what was asked before, so that it isn't taken for the answer to the
    same request later.
    """

    def __init__(self, limit: int = 1_000_000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._births: OrderedDict[Key, Birth] = OrderedDict()
        self._tokens: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._views: OrderedDict[Key, tuple[int, int]] = OrderedDict()
        self.changes = 0

    def birth(self, key: Key, time: int, owner: str = "") -> Birth:
        """The birth of the job with this key: the one given first counts."""
        with self._lock:
            birth = self._births.setdefault(key, Birth(time, owner))
            if len(self._births) > self._limit:
                self._births.popitem(last=False)
            return birth

    def known_birth(self, key: Key) -> Birth | None:
        """The birth of the job with this key; None where nobody has asked for it."""
        with self._lock:
            return self._births.get(key)

    def token(self, app: str, now: int) -> tuple[str, int] | None:
        """The app's token and when it expires (milliseconds), while it is good."""
        with self._lock:
            held = self._tokens.get(app)
            return held if held and now < held[1] else None

    def keep_token(self, app: str, token: str, expires: int) -> None:
        """Remember the app's token until `expires` (milliseconds)."""
        with self._lock:
            self._tokens[app] = (token, expires)
            self.changes += 1
            if len(self._tokens) > self._limit:
                self._tokens.popitem(last=False)

    def as_of(self, key: Key, offset: int, now: int, last: int) -> tuple[int, int]:
        """Up to which time, and up to which declaration (`last`: the newest one's number), a page lists runs.

        Up to those of the first page of this list (`offset` 0), asked for before: so runs that begin, or are declared,
        while a caller turns the pages don't shift them.
        """
        with self._lock:
            if offset == 0:
                self._views[key] = (now, last)
                if len(self._views) > self._limit:
                    self._views.popitem(last=False)
            else:
                self.changes += 1  # what this page shows depends on when the first one was asked for
            text, seen = self._views.get(key, (now, last))
            return min(text, now), seen

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._births.clear()
            self._tokens.clear()
            self._views.clear()
            self.changes += 1
