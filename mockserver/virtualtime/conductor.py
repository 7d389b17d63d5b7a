"""The conductor: a thread in real time that looks again and again whether time may move, and ends a block where it can't."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress

from .. import real_time as real
from .engine import Engine
from .errors import ADVICE, CannotDrive, stacks

_PATIENCE = 1.0
"""Real seconds that an error may take to come out of the block by itself."""
_SHORTEST, _LONGEST, _IDLE = 0.0005, 0.004, 0.05
"""Real seconds between two looks: soon after a look that was needed, later, and where nobody sleeps."""


class Conductor:
    """Looks after an engine from a thread of its own.

    Args:
        watchdog: Real seconds in which time may stand still; 0: for ever.
    """

    def __init__(self, engine: Engine, watchdog: float) -> None:
        self._engine, self._watchdog = engine, watchdog
        self._bell = real.Lock()
        self._bell.acquire()
        self._thread = threading.Thread(target=self._conduct, name="mockserver-time", daemon=True)
        self._pause = _SHORTEST
        self._patience = _PATIENCE

    def start(self) -> None:
        """Begin."""
        self._engine.alarm = self.ring
        self._thread.start()

    def stop(self) -> None:
        """End; the engine is over."""
        self._wake()
        self._thread.join()

    def ring(self) -> None:
        """Look soon: somebody has fallen asleep. Who falls asleep last moves time on without us, mostly."""
        if self._pause > _LONGEST:
            self._wake()

    def _wake(self) -> None:
        self._pause = _SHORTEST
        with suppress(RuntimeError):  # it rings
            self._bell.release()

    def _conduct(self) -> None:
        engine, moves, since = self._engine, -1, real.monotonic()
        while not engine.over:
            self._bell.acquire(True, self._pause)
            moved = engine.move_on() or engine.look_after()
            waits = bool(engine.sleepers or engine.timers)
            self._pause = _SHORTEST if moved else min(self._pause * 2, _LONGEST if waits else _IDLE)
            if moves != engine.moves:
                moves, since = engine.moves, real.monotonic()
            elif self._watchdog and not engine.error and real.monotonic() - since > self._watchdog:
                engine.fail(self._stood_still())
                since = real.monotonic()
            if engine.error:
                self._interrupt()

    def _stood_still(self) -> CannotDrive:
        text = stacks(self._engine.descriptions())
        return CannotDrive(
            f"time has stood still for {self._watchdog:g} real seconds (setting drive_watchdog): somebody runs, or waits for"
            f" what never comes, and {ADVICE}\n{text}"
        )

    def _interrupt(self) -> None:
        """The thread of the block may wait where nobody can wake it: a signal does, in the main thread."""
        engine, main = self._engine, threading.main_thread()
        if engine.driver is not main or not hasattr(signal, "pthread_kill"):
            return
        watch = real.monotonic()
        while not engine.over and real.monotonic() - watch < self._patience:
            real.sleep(0.01)
        self._patience *= 2  # it may be cleaning up
        if not engine.over and main.ident and callable(signal.getsignal(signal.SIGINT)):
            engine.interrupted = True
            signal.pthread_kill(main.ident, signal.SIGINT)
