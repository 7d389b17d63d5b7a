"""Locks whose timeouts go by virtual time, and with them all that threads wait in: conditions, events, queues, joins."""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any

from .. import real_time as real
from . import engine as engines
from .engine import Engine, Patch
from .forked import refuse_in_child
from .sleeper import Sleeper

_FOREVER = threading.TIMEOUT_MAX


class DrivenLock:
    """In the place of `threading.Lock` for locks that are made while time is driven; afterwards a lock like any other."""

    def __init__(self) -> None:
        self._lock = real.Lock()
        self._waiting: deque[Any] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; see `threading.Lock`."""
        if self._lock.acquire(False):
            return True
        if not blocking or timeout == 0:
            return self._lock.acquire(blocking, timeout)
        engine = engines.engine_of_thread()
        if engine is None:
            refuse_in_child("lock.acquire(timeout=...)", timeout >= 0)
            return self._lock.acquire(True, timeout)
        return self._wait(engine, timeout)

    def _wait(self, engine: Engine, timeout: float) -> bool:
        """Raises ValueError for an invalid timeout."""
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        gate = real.Lock()
        gate.acquire()
        until = None if timeout == -1 else engine.after(timeout)
        self._waiting.append(gate)
        try:
            while not self._lock.acquire(False):
                sleeper = Sleeper(until, "a lock, condition, event, queue or future", _opener(gate), self._is_free)
                engine.wait(sleeper, gate.acquire)
                if self._lock.acquire(False):
                    break
                if engine.over:
                    left = engine.left(sleeper)
                    return self._lock.acquire(True, -1 if left is None else min(left, _FOREVER))
                if sleeper.due:
                    return False
        finally:
            self._waiting.remove(gate)
        return True

    def _is_free(self) -> bool:
        return not self._lock.locked()

    def release(self) -> None:
        """Give it back; see `threading.Lock`."""
        self._lock.release()
        for gate in list(self._waiting):
            _open(gate)

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._lock = real.Lock()
        self._waiting = deque()


def _open(gate: Any) -> None:
    with suppress(RuntimeError):  # it is open
        gate.release()


def _opener(gate: Any) -> Any:
    return lambda: _open(gate)


_join = threading.Thread.join


def join(self: threading.Thread, timeout: float | None = None) -> None:
    """In the place of `Thread.join`."""
    engine = engines.engine_of_thread()
    if timeout is None or timeout <= 0 or engine is None or not self.is_alive() or self is threading.current_thread():
        _join(self, timeout)
        return
    gate = real.Lock()
    gate.acquire()
    sleeper = Sleeper(engine.after(timeout), "Thread.join", _opener(gate), lambda: not self.is_alive())
    sleeper.looked_after = True
    engine.wait(sleeper, gate.acquire)
    if engine.over:
        _join(self, engine.left(sleeper))


def patches() -> list[Patch]:
    """What makes threads wait by virtual time."""
    return [
        (threading, "_allocate_lock", DrivenLock),
        (threading, "Lock", DrivenLock),
        (threading.Thread, "join", join),
        (queue, "SimpleQueue", queue._PySimpleQueue),  # type: ignore[attr-defined]
    ]
