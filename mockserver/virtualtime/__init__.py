"""Virtual time: a block in which everybody's waiting moves the mock's clock, and takes no real time.

engine.py says who waits until when, and when time moves; what waits comes from time_functions.py (sleeping, clocks),
locks.py (threads), sockets.py, loops.py, trio_loops.py; wall.py shows the wall clock; conductor.py watches in real time;
block.py puts it all in place, and back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from .errors import AlreadyDriven, CannotDrive
from .sleeper import nothing

if TYPE_CHECKING:
    from ..jobs.clock import Clock


def virtual_time(
    clock: Clock,
    on_sleep: Callable[[], object] = nothing,
    bystanders: Collection[threading.Thread] = (),
    watchdog: float | None = None,
) -> AbstractContextManager[Clock]:
    """Take time over for a `with` block: whoever waits in this process moves the clock on instead of waiting.

    The clock stands still while anything is under way, moves once everybody who could act waits, and runs on as before
    after the block.

    Args:
        clock: The clock that keeps step with the time of the block.
        on_sleep: Called by whoever is about to wait, and has waited; what it raises comes out of the wait.
        bystanders: Threads that take no part: their time is the real one, and nobody waits for them.
        watchdog: Real seconds in which time may stand still before the block fails; 0: for ever. By default the clock's.

    Raises:
        AlreadyDriven: A clock drives already: there is only one time in a process.
        CannotDrive: Somebody waits in a way that can't be driven; it says where.
    """
    from .block import VirtualTime  # it imports much, for those who use it

    return VirtualTime(clock, on_sleep, bystanders, clock.watchdog if watchdog is None else watchdog)


drive = virtual_time
"""The earlier name."""

__all__ = ["AlreadyDriven", "CannotDrive", "drive", "virtual_time"]
