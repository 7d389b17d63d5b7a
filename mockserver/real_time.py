"""Real time and real waiting, whatever anybody has replaced: what the mock itself goes by."""

from __future__ import annotations

import sys
import threading
import time
from _thread import allocate_lock
from typing import Any, NamedTuple


class _Functions(NamedTuple):
    sleep: Any
    monotonic: Any
    monotonic_ns: Any
    perf_counter: Any
    perf_counter_ns: Any
    time_ns: Any


_freezegun: Any = sys.modules.get("freezegun.api")
_real = _Functions(*(getattr(_freezegun, f"real_{name}", getattr(time, name)) for name in _Functions._fields))
"""The functions as they were first, in a tuple: names, and what is in dictionaries, may be replaced."""
Lock, RLock = allocate_lock, threading.RLock


def sleep(seconds: float) -> None:
    """Sleep for real seconds."""
    _real.sleep(seconds)


def monotonic() -> float:
    """Real seconds of a clock that never goes back."""
    return float(_real.monotonic())


def monotonic_ns() -> int:
    """The same in nanoseconds."""
    return int(_real.monotonic_ns())


def perf_counter() -> float:
    """Real seconds of the most exact clock."""
    return float(_real.perf_counter())


def perf_counter_ns() -> int:
    """The same in nanoseconds."""
    return int(_real.perf_counter_ns())


def time_ns() -> int:
    """Nanoseconds since 1970 by the machine's clock, whatever time-machine or freezegun show to others."""
    time_machine: Any = sys.modules.get("time_machine")
    if time_machine is not None and time_machine.escape_hatch.is_travelling():
        try:
            return int(time_machine.escape_hatch.time.time_ns())
        except ValueError:
            pass  # another thread has just ended it
    return int(_real.time_ns())


def is_mocks_own(thread: threading.Thread) -> bool:
    """Whether a thread is the mock's own: its time is always the real one."""
    return thread.name.startswith("mockserver") or getattr(thread, "mockserver_real_time", False)
