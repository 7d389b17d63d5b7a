"""The engine: who sleeps until when. Once everybody who could act sleeps, time moves on to the first who is to wake."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .. import activity
from .. import real_time as real
from .at_rest import State, ThreadStates
from .block_time import LATEST, SECOND, BlockTime
from .errors import CannotDrive
from .sleeper import Sleeper, nothing
from .turnstile import Turnstile

if TYPE_CHECKING:
    from ..jobs.clock import Clock


_SETTLING_SECONDS = 0.1
_HANDLER_SECONDS = 1.0
"""So long, in real time, a signal's handler may take before time goes on without it."""


class Engine:
    """The time of one block. Thread-safe.

    Args:
        clock: The mock's clock, which keeps step.
        driver: The thread that began the block.
        on_sleep: Called by whoever is about to wait, and has waited; what it raises comes out of the wait.
        bystanders: Threads that take no part: their time is the real one.
        on_move: Called with the nanoseconds by which time moves on.

    `interrupted` says whether the block's thread was sent SIGINT for the sake of `error`.
    """

    def __init__(
        self,
        clock: Clock,
        driver: threading.Thread,
        on_sleep: Callable[[], object] = nothing,
        bystanders: Collection[threading.Thread] = (),
        on_move: Callable[[int], object] = nothing,
    ) -> None:
        self.on_sleep, self.driver = on_sleep, driver
        self.over = False
        self.error: CannotDrive | None = None
        self.interrupted = False
        self.moves = 0
        self.sleepers: dict[threading.Thread, Sleeper] = {}
        self.timers: dict[object, Sleeper] = {}
        self.polling: set[threading.Thread] = set()
        self._awake: dict[threading.Thread, None] = {}
        self.alarm: Callable[[], object] = nothing
        self.holds: list[Callable[[], bool]] = [activity.busy, self._has_open_signal]
        self._signalled: tuple[threading.Thread, str, float] | None = None
        self.lock = Turnstile()
        self._bystanders = frozenset(bystanders)
        self._states = ThreadStates(driver)
        self._time = BlockTime(clock, on_move)

    # Looking at the time

    def look(self) -> int:
        """Nanoseconds since the block began."""
        with self.lock:
            return self._time.creep()

    def after(self, seconds: float) -> int:
        """The time in so many seconds."""
        return min(LATEST, self.look() + int(min(seconds, LATEST / SECOND) * SECOND) + 1)

    def takes_part(self, thread: threading.Thread) -> bool:
        """Whether a thread lives in virtual time: all but the mock's own, bystanders, and who tells the clock's watchers."""
        return thread not in self._bystanders and thread is not self._time.mover and not real.is_mocks_own(thread)

    # Waiting

    def wait(self, sleeper: Sleeper, block: Callable[[], object]) -> None:
        """Wait in this thread: `block` returns once the sleeper was woken. Raises CannotDrive where time can't be driven."""
        self.on_sleep()
        me = threading.current_thread()
        _left_behind.discard(me)
        with self.lock:
            outer = self.sleepers.get(me)  # a signal's handler waits while its thread does
            self.sleepers[me] = sleeper
            self._awake.pop(me, None)
            try:
                self.move_on()
            except BaseException:
                self._leave(me, outer)
                raise
        try:
            if not sleeper.due:
                self.alarm()
                block()
        finally:
            with self.lock:
                self._leave(me, outer)
        if self.error:
            raise self.error
        if self.over:
            _left_behind.add(me)
        else:
            self.on_sleep()

    def _leave(self, me: threading.Thread, outer: Sleeper | None) -> None:
        if outer is None:
            self.sleepers.pop(me, None)
            self._awake[me] = None
        else:
            self.sleepers[me] = outer

    def sleep(self, seconds: float, what: str) -> bool:
        """Sleep in this thread. Whether the time is over; not so where the block was left before."""
        gate = real.Lock()
        gate.acquire()
        sleeper = Sleeper(self.after(seconds), what, gate.release)
        self.wait(sleeper, gate.acquire)
        return not self.over

    def left(self, sleeper: Sleeper) -> float | None:
        """The seconds that a sleeper has still to wait; None: for ever."""
        return None if sleeper.until is None else max(0, sleeper.until - self._time.elapsed) / SECOND

    # Moving on

    def move_on(self) -> bool:
        """Wake who is due, where everybody who could act waits: first those whose time has come, else the earliest."""
        with self.lock:
            if self.over or self.error or not (self._all_rest() and self._all_rest()):
                return False
            everyone = [*self.sleepers.values(), *self.timers.values()]
            first = min((item.until for item in everyone if item.until is not None), default=None)
            if first is None:
                return False
            self.moves += 1
            self._time.move_to(first)
            for sleeper in everyone:
                if sleeper.until is not None and sleeper.until <= self._time.elapsed:
                    self._wake(sleeper)
            return True

    def look_after(self) -> bool:
        """Wake those who wait for something that tells nobody when it happens. Whether there is one."""
        with self.lock:
            ready = [item for item in self.sleepers.values() if item.looked_after and not item.due and item.is_ready()]
            for sleeper in ready:
                self._wake(sleeper)
            return bool(ready)

    def _wake(self, sleeper: Sleeper) -> None:
        if not sleeper.due:
            sleeper.due = True
            sleeper.wake()

    def follow(self) -> None:
        """Somebody else moved the mock's clock: forwards, time goes with it; back, only the clock does."""
        with self.lock:
            if self._time.mover is not threading.current_thread() and self._time.follow_clock():
                self.moves += 1

    def _all_rest(self) -> bool:
        """Whether everybody who could act waits. Those who ran last are looked at first."""
        if self.lock.is_wanted() or any(item.due for item in (*self.sleepers.values(), *self.timers.values())):
            return False
        if self._is_held() or not (self._awake_rest() and self._others_rest()):
            return False
        return not (self._is_held() or any(item.is_ready() for item in self.sleepers.values()) or self.lock.is_wanted())

    def _is_held(self) -> bool:
        return any(holds() for holds in self.holds)

    def _awake_rest(self) -> bool:
        for thread in list(self._awake):
            if not thread.is_alive():
                self._awake.pop(thread, None)
            elif not self._rests(thread):
                return False
        return True

    def _others_rest(self) -> bool:
        others = (thread for thread in threading.enumerate() if thread not in self.sleepers and thread not in self._awake)
        return all(self._rests(thread) for thread in others if self.takes_part(thread))

    def _rests(self, thread: threading.Thread) -> bool:
        state = self._states.of(thread)
        if thread in _left_behind and state is not State.RUNS:
            return True
        if state in (State.TIMED_LOCK, State.C_SLEEP) and self._states.lasts(thread):
            self.fail(CannotDrive.of_thread(thread, state.value))
        return state is State.RESTS or (state is State.POLLS and thread in self.polling)

    # Signals

    def send_signal(self, thread: threading.Thread, number: int) -> None:
        """Send a signal to a thread that waits. Time stands still until its handler has run, and the thread waits again."""
        until = real.monotonic() + _SETTLING_SECONDS
        while self._states.of(thread) is State.RUNS and real.monotonic() < until:
            real.sleep(0.001)  # it is on its way into its wait
        begun = self._states.waits_begun(thread)
        if begun and callable(signal.getsignal(number)):
            self._signalled = thread, begun, real.monotonic() + _HANDLER_SECONDS
        assert thread.ident is not None
        signal.pthread_kill(thread.ident, number)

    def _has_open_signal(self) -> bool:
        if self._signalled is None:
            return False
        thread, begun, until = self._signalled
        waits_again = self._states.waits_begun(thread) != begun and self._states.of(thread) is not State.RUNS
        if waits_again or real.monotonic() > until:
            self._signalled = None
        return self._signalled is not None

    # What others may know

    def is_stuck(self) -> bool:
        """Whether everybody waits, and nobody for a time."""
        with self.lock:
            everyone = [*self.sleepers.values(), *self.timers.values()]
            return bool(everyone) and all(item.until is None for item in everyone) and self._all_rest()

    def descriptions(self) -> dict[threading.Thread, str]:
        """What each thread does, for messages: those that don't wait hold time up."""
        with self.lock:
            others = {thread: self._states.of(thread) for thread in threading.enumerate() if self.takes_part(thread)}
            waiting = {thread: f"waits in {sleeper.what}" for thread, sleeper in self.sleepers.items()}
        return {thread: state.value for thread, state in others.items()} | waiting

    def is_computing(self, thread: threading.Thread) -> bool:
        """Whether a thread runs, and isn't blocked in a call."""
        with self.lock:
            return not self.over and self._states.is_computing(thread)

    def wake(self, thread: threading.Thread) -> None:
        """Let a thread return from its wait."""
        with self.lock:
            if (sleeper := self.sleepers.get(thread)) is not None:
                self._wake(sleeper)

    # The end

    def fail(self, error: CannotDrive) -> None:
        """Let every wait raise this; the first error counts."""
        with self.lock:
            self.error = self.error or error
            self._wake_everybody()

    def end(self) -> None:
        """Time is the real one from now on: who still waits, waits on for real."""
        with self.lock:
            self.over = True
            self._states.close()
            self._wake_everybody()

    def _wake_everybody(self) -> None:
        for sleeper in [*self.sleepers.values(), *self.timers.values()]:
            self._wake(sleeper)

    def renew_lock(self) -> None:
        """In a forked child: whoever held the lock isn't there."""
        self.lock = Turnstile()


_left_behind: WeakSet[threading.Thread] = WeakSet()
"""Threads that an ended block left in a wait, which they go on with for real. They are no later block's."""
active: Engine | None = None
"""The engine of the block that this process is in: there is one time in a process."""


def engine_of_thread() -> Engine | None:
    """The engine that drives the calling thread; None where its time is the real one."""
    engine = active
    if engine is None or engine.over:
        return None
    thread = threading._active.get(threading.get_ident())  # type: ignore[attr-defined]  # not a dummy: it would wait, too
    return engine if thread is not None and engine.takes_part(thread) else None


def activate(engine: Engine | None) -> None:
    """Make an engine the one that drives this process; None: no one."""
    global active  # noqa: PLW0603 - there is one time in a process
    active = engine


Patch = tuple[Any, str, Any]
"""What is replaced while time is driven: the owner, the attribute's name, what takes its place."""
