"""trio: its clock tells how long its loop may sleep; what it sleeps for is a timer of the engine."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import engine as engines
from .engine import Engine, Patch
from .sleeper import Sleeper, nothing


def patches() -> list[Patch]:
    """What makes trio's loops wait by virtual time: loops that run already, and those to come."""
    run: Any = sys.modules.get("trio._core._run")
    if run is None or not hasattr(run, "SystemClock"):
        return []
    original = run.SystemClock.deadline_to_sleep_time

    def deadline_to_sleep_time(self: Any, deadline: float) -> float:
        engine = engines.engine_of_thread()
        if engine is None:
            return float(original(self, deadline))
        return _sleep(engine, deadline - self.current_time(), self)

    return [(run.SystemClock, "deadline_to_sleep_time", deadline_to_sleep_time)]


def _sleep(engine: Engine, seconds: float, clock: Any) -> float:
    """How long the loop may sleep in the kernel: until it is woken, since its time is not the kernel's."""
    if engine.error:
        raise engine.error
    if seconds <= 0:
        return 0.0
    engine.on_sleep()
    until = None if math.isinf(seconds) else engine.after(seconds)
    with engine.lock:
        engine.timers[clock] = Sleeper(until, "trio's event loop", _waker())
        engine.polling.add(threading.current_thread())
    engine.alarm()
    return math.inf


def _waker() -> Callable[[], object]:
    trio: Any = sys.modules["trio"]
    token = trio.lowlevel.current_trio_token()

    def wake() -> None:
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(nothing)

    return wake
