"""`signal.alarm` and `signal.setitimer` in a block: the signal comes once virtual time is there."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable
from typing import Any

from . import engine as engines
from .engine import Engine, Patch
from .sleeper import Sleeper

_setitimer: Any = getattr(signal, "setitimer", None)
_getitimer: Any = getattr(signal, "getitimer", None)
_alarm: Any = getattr(signal, "alarm", None)
_KEY = "signal.alarm"
_intervals: dict[Engine, float] = {}


def alarm(seconds: int, /) -> int:
    """See `signal.alarm`."""
    engine = engines.engine_of_thread()
    return int(_alarm(seconds)) if engine is None else math.ceil(_set(engine, seconds, 0.0)[0])


def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
    """See `signal.setitimer`; those of the processor's time are the real ones."""
    engine = engines.engine_of_thread()
    if engine is None or which != signal.ITIMER_REAL:
        before: tuple[float, float] = _setitimer(which, seconds, interval)
        return before
    return _set(engine, seconds, interval)


def getitimer(which: int, /) -> tuple[float, float]:
    """See `signal.getitimer`."""
    engine = engines.engine_of_thread()
    if engine is None or which != signal.ITIMER_REAL:
        left: tuple[float, float] = _getitimer(which)
        return left
    return _left(engine)


def patches() -> list[Patch]:
    """What sets the timer of the process."""
    functions = (alarm, setitimer, getitimer)
    return [(signal, function.__name__, function) for function in functions if hasattr(signal, function.__name__)]


def begin(engine: Engine) -> Callable[[], None]:
    """Returns what lets the timer run on for real, unless somebody has set the real one before the block."""

    def end() -> None:
        left, interval = _left(engine)
        engine.timers.pop(_KEY, None)
        _intervals.pop(engine, None)
        if left and _getitimer(signal.ITIMER_REAL) == (0.0, 0.0):
            _setitimer(signal.ITIMER_REAL, left, interval)

    return end


def _left(engine: Engine) -> tuple[float, float]:
    with engine.lock:
        timer = engine.timers.get(_KEY)
        return (0.0, 0.0) if timer is None else (engine.left(timer) or 0.0, _intervals.get(engine, 0.0))


def _set(engine: Engine, seconds: float, interval: float) -> tuple[float, float]:
    """Raises ValueError for a negative time, as the real one does."""
    if seconds < 0 or interval < 0:
        raise ValueError(f"a timer of {seconds:g} seconds; allowed: 0 (none) or more")
    with engine.lock:
        before = _left(engine)
        engine.timers.pop(_KEY, None)
        _intervals[engine] = interval
        if seconds:
            _arm(engine, seconds)
    return before


def _arm(engine: Engine, seconds: float) -> None:
    def ring() -> None:
        if engine.over or engine.error:
            return  # everybody is woken
        engine.timers.pop(_KEY, None)
        if interval := _intervals.get(engine):
            _arm(engine, interval)
        thread = threading.main_thread()
        if thread is threading.current_thread():
            signal.raise_signal(signal.SIGALRM)
        else:
            engine.send_signal(thread, signal.SIGALRM)

    engine.timers[_KEY] = Sleeper(engine.after(seconds), "signal.alarm", ring)
