"""In the place of `time.sleep` and the clocks of `time`: they go by the block that is active, and are the real ones else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .. import real_time as real
from . import engine as engines
from .block_time import SECOND
from .forked import refuse_in_child

_ctime, _asctime = time.ctime, time.asctime
_clock_gettime, _clock_gettime_ns = getattr(time, "clock_gettime", None), getattr(time, "clock_gettime_ns", None)
_MONOTONIC_NAMES = ("CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME", "CLOCK_UPTIME_RAW")
_MONOTONIC = {getattr(time, name) for name in _MONOTONIC_NAMES if hasattr(time, name)}
_started = {"monotonic": 0, "perf_counter": 0}


def begin() -> None:
    """Let the clocks go on from where they are."""
    _started.update(monotonic=real.monotonic_ns(), perf_counter=real.perf_counter_ns())


def sleep(seconds: float, /) -> None:
    """See `time.sleep`."""
    engine = engines.engine_of_thread()
    if engine is None or not 0 < seconds < float("inf"):
        refuse_in_child("time.sleep", seconds > 0)
        if engine is not None and seconds == 0:
            engine.on_sleep()
        real.sleep(seconds)
        return
    until = engine.after(seconds)
    if not engine.sleep(seconds, "time.sleep"):
        real.sleep(max(0, until - engine.look()) / SECOND)


def monotonic() -> float:
    """See `time.monotonic`."""
    return monotonic_ns() / SECOND


def monotonic_ns() -> int:
    """See `time.monotonic_ns`."""
    engine = engines.engine_of_thread()
    return real.monotonic_ns() if engine is None else _started["monotonic"] + engine.look()


def perf_counter() -> float:
    """See `time.perf_counter`."""
    return perf_counter_ns() / SECOND


def perf_counter_ns() -> int:
    """See `time.perf_counter_ns`."""
    engine = engines.engine_of_thread()
    return real.perf_counter_ns() if engine is None else _started["perf_counter"] + engine.look()


def clock_gettime(clock: int, /) -> float:
    """See `time.clock_gettime`."""
    return clock_gettime_ns(clock) / SECOND


def clock_gettime_ns(clock: int, /) -> int:
    """See `time.clock_gettime_ns`; time-machine has the wall clock."""
    assert _clock_gettime_ns is not None
    return int(_clock_gettime_ns(clock)) if clock not in _MONOTONIC or engines.engine_of_thread() is None else monotonic_ns()


def ctime(seconds: float | None = None, /) -> str:
    """See `time.ctime`."""
    return _asctime(time.localtime()) if seconds is None else _ctime(seconds)


def asctime(moment: Any = None, /) -> str:
    """See `time.asctime`."""
    return _asctime(time.localtime() if moment is None else moment)


def pairs() -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    """What `time` has now (the real ones, or freezegun's), and what takes their place."""
    ours = (sleep, monotonic, monotonic_ns, perf_counter, perf_counter_ns, clock_gettime, clock_gettime_ns, ctime, asctime)
    return [(getattr(time, function.__name__), function) for function in ours if hasattr(time, function.__name__)]
