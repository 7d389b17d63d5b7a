"""The engine's lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from .. import real_time as real


def _nothing() -> None:
    """Do nothing."""


class Turnstile:
    """The engine's lock, which knows who waits for it: they run, although the kernel sees them wait.

    Signals that came while it was taken or given back wait in `signals`; `deliver` calls their handlers.
    """

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.deliver: Callable[[], object] = _nothing
        self._lock = real.RLock()
        self._waiting: dict[int, None] = {}

    def __enter__(self) -> None:
        if self._lock.acquire(False):
            return
        me = threading.get_ident()
        self._waiting[me] = None
        try:
            self._lock.acquire()
        finally:
            self._waiting.pop(me, None)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()
        if self.signals:
            self.deliver()

    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        return bool(self._waiting)


LOCK_CODE = frozenset((Turnstile.__enter__.__code__, Turnstile.__exit__.__code__))
"""The code in which a thread takes or gives back the engine's lock."""
