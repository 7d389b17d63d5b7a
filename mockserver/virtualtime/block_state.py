"""What others may know of a block: who waits for ever, who computes, where a thread stands."""

from __future__ import annotations

import sys
import threading

from . import engine as engines
from .errors import CannotDrive, place_of
from .turnstile import LOCK_CODE


def for_ever() -> bool:
    """Whether everybody waits, and nobody for a time: nothing will ever happen any more."""
    engine = engines.active
    return engine is not None and engine.is_stuck()


def error() -> CannotDrive | None:
    """Why the block can't be driven on."""
    engine = engines.active
    return None if engine is None else engine.error


def computes(thread: threading.Thread) -> bool:
    """Whether a thread is busy with computing, and not waiting in a call of the system."""
    engine = engines.active
    return engine is not None and engine.is_computing(thread)


def place(thread: threading.Thread) -> str:
    """The file and line where a thread is now, in code that is its own."""
    return place_of(sys._current_frames().get(thread.ident or 0))


def wake(thread: threading.Thread) -> None:
    """Let a thread return from its wait, where it is in one: what is raised in it comes out then."""
    engine = engines.active
    if engine is not None:
        engine.wake(thread)


def takes_lock(thread: threading.Thread) -> bool:
    """Whether a thread is just taking or giving back the engine's lock: an exception thrown there would leave it locked."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code in LOCK_CODE
