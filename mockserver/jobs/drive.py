"""Time taken over: while a clock drives, sleeping in the code under test moves the clock instead of waiting.

A loop that polls every 30 s for two hours is through in milliseconds, and the mock's time keeps step with it. Replaced are
`time.sleep`, `time.time`, `time.time_ns`, `time.monotonic`, `time.monotonic_ns`, `asyncio.sleep` and the timers of event
loops, for code that calls them by these names; what is compiled, such as `datetime.now`, stays real. Several threads and
tasks may sleep at once: the clock goes to the earliest time that one of them waits for, once the others have had a moment
to fall asleep, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from .clock import LATEST, SECOND, Clock

_real_sleep, _real_monotonic, _real_async_sleep = time.sleep, time.monotonic, asyncio.sleep
_GRACE = 0.005
"""Real seconds that others get to fall asleep before the clock moves."""
_NAP = _GRACE / 50

_one_driver = threading.Lock()


class _Sleepers:
    """Who sleeps until when, in milliseconds of the clock; and the timers of event loops, which must ring in between."""

    def __init__(self, clock: Clock, on_sleep: Callable[[], object], bystanders: frozenset[int]) -> None:
        self._clock = clock
        self.on_sleep = on_sleep
        self.bystanders = bystanders
        self._before = {thread.ident for thread in threading.enumerate()} if bystanders else None
        self._lock = threading.RLock()
        self._until: dict[int, int] = {}
        self._seen: set[int] = set()
        self._timers: list[tuple[int, asyncio.TimerHandle]] = []
        self._loops: weakref.WeakSet[asyncio.BaseEventLoop] = weakref.WeakSet()
        self._stirred = _real_monotonic()

    def lie_down(self, who: int, seconds: float) -> None:
        """Begin to sleep."""
        with self._lock:
            self._until[who] = min(LATEST, self._clock.now() + math.ceil(min(seconds, LATEST) * SECOND))
            self._seen.add(who)
            self._stirred = _real_monotonic()

    def ring(self) -> None:
        """Wake the event loops: the clock was moved, and a timer of theirs may be due."""
        with self._lock:
            loops = list(self._loops)
        for loop in loops:
            with contextlib.suppress(RuntimeError):  # it has been closed
                loop.call_soon_threadsafe(_nothing)

    def set_timer(self, seconds: float, loop: asyncio.BaseEventLoop, handle: asyncio.TimerHandle) -> None:
        """Remember a timer of a loop that rings in so many seconds of the clock."""
        with self._lock:
            self._loops.add(loop)
            now = self._clock.now()
            live = [entry for entry in self._timers if entry[0] > now and not entry[1].cancelled()]
            self._timers = [*live, (now + math.ceil(seconds * SECOND), handle)]

    def gets_up(self, who: int, awake: set[int]) -> bool:
        """Whether this sleeper's time has come. Where it is the first to wake, and all others sleep, the clock moves on.

        `awake` are those who may stir, asleep or not.
        """
        with self._lock:
            until = self._until[who]
            now = self._clock.now()
            if now < until and until <= min(self._until.values()) and self._quiet(awake):
                rings = [time for time, handle in self._timers if now < time < until and not handle.cancelled()]
                now = min(rings, default=until)
                self._clock.advance_to(now)
                self._stirred = _real_monotonic()
            return now >= until

    def leave(self, who: int) -> None:
        """Be up again, or interrupted."""
        with self._lock:
            self._until.pop(who, None)
            self._stirred = _real_monotonic()

    def slept_before(self, who: int) -> bool:
        """Whether this one has slept at all."""
        return who in self._seen

    def serves(self, thread: threading.Thread) -> bool:
        """Whether a thread serves others: a daemon; with bystanders, one of ours, or one that was there before."""
        if self._before is None or not thread.daemon:
            return thread.daemon
        return thread.ident in self._before or thread.name.startswith("mockserver")

    def _quiet(self, awake: set[int]) -> bool:
        """Whether all others sleep, or nobody has stirred for a moment."""
        return awake <= set(self._until) or _real_monotonic() - self._stirred >= _GRACE


@contextmanager
def drive(
    clock: Clock, on_sleep: Callable[[], object] | None = None, bystanders: Collection[int] = frozenset()
) -> Iterator[Clock]:
    """Take time over for the block. The clock stands still meanwhile but for sleepers, and then runs on as before.

    Parameters: `on_sleep`, called by whoever is about to sleep: what it raises comes out of the sleep; `bystanders`, the ids
    of threads that nobody waits for, because they don't sleep by these names; with them, daemons that are started in the
    block are waited for. Raises RuntimeError where a clock drives already: there is only one time in a process.
    """
    if not _one_driver.acquire(blocking=False):
        raise RuntimeError("time is already driven by a clock in this process; leave that block first")
    speed = clock.speed
    clock.freeze()
    sleepers = _Sleepers(clock, on_sleep or _nothing, frozenset(bystanders))
    replaced = _replacements(clock, sleepers)
    saved = {(module, name): getattr(module, name) for module, name in replaced}
    try:
        for (module, name), function in replaced.items():
            setattr(module, name, function)
        clock.watch(sleepers.ring)
        yield clock
    finally:
        clock.unwatch(sleepers.ring)
        for (module, name), function in saved.items():
            setattr(module, name, function)
        clock.run(speed)
        _one_driver.release()


def _nothing() -> None:
    pass


def _replacements(clock: Clock, sleepers: _Sleepers) -> dict[tuple[Any, str], Callable[..., Any]]:
    started, real_started = clock.now(), time.monotonic_ns()

    def monotonic_ns() -> int:
        return real_started + (clock.now() - started) * 1_000_000

    def monotonic() -> float:
        return monotonic_ns() / 1_000_000_000

    return {
        (time, "sleep"): _sleep(sleepers),
        (time, "time"): lambda: clock.now() / SECOND,
        (time, "time_ns"): lambda: clock.now() * 1_000_000,
        (time, "monotonic"): monotonic,
        (time, "monotonic_ns"): monotonic_ns,
        (asyncio, "sleep"): _async_sleep(sleepers),
        (asyncio.BaseEventLoop, "call_at"): _call_at(sleepers, monotonic),
    }


def _sleep(sleepers: _Sleepers) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        sleepers.on_sleep()
        who = threading.get_ident()
        sleepers.lie_down(who, seconds)
        try:
            while not sleepers.gets_up(who, _threads(sleepers)):
                _real_sleep(_NAP)
        finally:
            sleepers.leave(who)

    return sleep


def _threads(sleepers: _Sleepers) -> set[int]:
    """Threads that may be about to sleep: the main one, those that slept before, and those started for work of their own."""
    found = set()
    for thread in threading.enumerate():
        service = sleepers.serves(thread) or thread.name.startswith("ThreadPoolExecutor")
        if (
            thread.ident is not None
            and thread.ident not in sleepers.bystanders
            and (sleepers.slept_before(thread.ident) or not service)
        ):
            found.add(thread.ident)
    return found


def _async_sleep(sleepers: _Sleepers) -> Callable[..., Any]:
    async def sleep(delay: float, result: Any = None) -> Any:
        sleepers.on_sleep()
        if delay <= 0:
            return await _real_async_sleep(0, result)
        who = id(asyncio.current_task())
        sleepers.lie_down(who, delay)
        try:
            while not sleepers.gets_up(who, {id(task) for task in asyncio.all_tasks()}):
                _real_sleep(_NAP)  # the loop's own timers run on the clock, which may stand still
                await _real_async_sleep(0)
                await _real_async_sleep(0)  # a timer that rings now is run after this task: let it cancel us
        finally:
            sleepers.leave(who)
        return result

    return sleep


def _call_at(sleepers: _Sleepers, monotonic: Callable[[], float]) -> Callable[..., asyncio.TimerHandle]:
    original = asyncio.BaseEventLoop.call_at

    def call_at(loop: asyncio.BaseEventLoop, when: float, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        handle = original(loop, when, *args, **kwargs)
        sleepers.set_timer(max(0.0, when - monotonic()), loop, handle)
        return handle

    return call_at
