"""The time of a block of virtual time, with which the mock's clock and the wall clock keep step.

It is counted in nanoseconds since the block began. It creeps by a microsecond whenever somebody looks, so that a loop that
waits for what is left of its time comes to an end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..jobs.clock import Clock

SECOND = 1_000_000_000
LATEST = 1 << 62
_MILLISECOND = 1_000_000
_CREEP, _SEEN_CREEP = 1_000, 16_000
"""A look at monotonic time moves it on; so much later, the wall clock follows."""


class BlockTime:
    """Not thread-safe: the engine calls it with its lock held.

    Args:
        clock: The mock's clock.
        on_move: Called with the nanoseconds by which time moves on.

    `mover` is the thread that tells the watchers of the mock's clock of a move.
    """

    def __init__(self, clock: Clock, on_move: Callable[[int], object]) -> None:
        self._clock, self._on_move = clock, on_move
        self.elapsed = self._wall_elapsed = 0
        self._clock_ms = clock.now()
        self._wall = self._clock_ms * _MILLISECOND
        self.mover: threading.Thread | None = None

    def creep(self) -> int:
        """The nanoseconds since the block began, a little later than at the last look."""
        self.elapsed += _CREEP
        if self.elapsed - self._wall_elapsed >= _SEEN_CREEP:
            self._move_wall()
        return self.elapsed

    def move_to(self, time: int) -> None:
        """Go forward to a time, in nanoseconds since the block began; an earlier one changes nothing."""
        if time <= self.elapsed:
            return
        self.elapsed = time
        self._clock_ms = (self._wall + time) // _MILLISECOND
        self.mover = threading.current_thread()
        try:
            self._clock.advance_to(self._clock_ms)
        finally:
            self.mover = None
        self._move_wall()

    def follow_clock(self) -> bool:
        """Somebody else moved the mock's clock: forwards, time goes with it; back, only the wall clock does.

        Returns:
            Whether time went with it.
        """
        step = (self._clock.now() - self._clock_ms) * _MILLISECOND
        self._clock_ms = self._clock.now()
        if step > 0:
            self.elapsed += step
            self._move_wall()
        else:
            self._wall += step
            self._on_move(step)
        return step > 0

    def _move_wall(self) -> None:
        step, self._wall_elapsed = self.elapsed - self._wall_elapsed, self.elapsed
        self._on_move(step)
