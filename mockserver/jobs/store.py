"""The little that can't be computed: when an id was first asked for and by whom, who holds which token or list."""

from __future__ import annotations

import threading

from ..memory import Memory
from ..record import record

Key = tuple[str, ...]
REMEMBERED = 32_768
"""Made-up jobs that are remembered at most (and tokens, and lists being paged): in 5 MiB."""


@record
class Birth:
    """When a made-up job's life began (milliseconds), and whose it is."""

    time: int
    owner: str


class Store:
    """The state of a mock, in memory. Thread-safe.

    Of made-up jobs, tokens and lists, each, it holds `REMEMBERED` at most: those that were asked for lately. A job that is
    forgotten begins its life again when it is asked for again; no job is, as long as fewer than half as many others are
    asked for between two of its polls.

    `changes` grows with each answer that depends on what was asked before, so that it isn't taken for the answer to the
    same request later.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._births: Memory[int, Birth | int] = Memory(REMEMBERED)
        self._tokens: Memory[str, tuple[str, int]] = Memory(REMEMBERED)
        self._views: Memory[Key, tuple[int, int]] = Memory(REMEMBERED)
        self.changes = 0

    def birth(self, key: Key, time: int, owner: str = "") -> Birth:
        """The birth of the job with this key: the one given first counts."""
        with self._lock:
            number = hash(key)  # in 8 bytes: of a million keys, two are the same with a chance of 1 to 30 million
            birth = self._births.get(number)
            if birth is None:
                birth = Birth(time, owner) if owner else time
                if self._births.put(number, birth):
                    self.changes += 1  # who is answered from memory is to ask again, so that it is known who is in use
            return birth if isinstance(birth, Birth) else Birth(birth, "")

    def known_birth(self, key: Key) -> Birth | None:
        """The birth of the job with this key; None where nobody has asked for it."""
        with self._lock:
            birth = self._births.get(hash(key))
            return Birth(birth, "") if isinstance(birth, int) else birth

    def token(self, app: str, now: int) -> tuple[str, int] | None:
        """The app's token and when it expires (milliseconds), while it is good."""
        with self._lock:
            stored = self._tokens.get(app)
            return stored if stored and now < stored[1] else None

    def keep_token(self, app: str, token: str, expires: int) -> None:
        """Remember the app's token until `expires` (milliseconds)."""
        with self._lock:
            self._tokens.put(app, (token, expires))
            self.changes += 1

    def as_of(self, key: Key, offset: int, now: int, last: int) -> tuple[int, int]:
        """Up to which time, and up to which declaration (`last`: the newest one's number), a page lists runs.

        Up to those of the first page of this list (`offset` 0), asked for before: so runs that begin, or are declared,
        while a caller turns the pages don't shift them.
        """
        with self._lock:
            if offset == 0:
                self._views.put(key, (now, last))
            else:
                self.changes += 1  # what this page shows depends on when the first one was asked for
            latest, seen = self._views.get(key) or (now, last)
            return min(latest, now), seen

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._births.clear()
            self._tokens.clear()
            self._views.clear()
            self.changes += 1
