"""A forked child has no time to drive: what waits there for virtual time fails at once, and the test hears of it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable

from . import engine as engines
from .engine import Engine
from .errors import CannotDrive

_BYTES = 4096
_ADVICE = (
    "it is a forked child, and time is driven in the process that began the block alone: poll in a thread, or move the"
    " clock yourself (mockserver.clock.advance) instead of driving it"
)


class _Fork:
    """The block's shared memory, and whether this process is a child of the one that began it."""

    def __init__(self) -> None:
        self.message: mmap.mmap | None = None
        self.is_child = False
        self.engine: Engine | None = None


_fork = _Fork()


def begin(engine: Engine) -> Callable[[], None]:
    """Let children tell this block what they can't do. Returns what ends that."""
    message = mmap.mmap(-1, _BYTES)
    _fork.message, _fork.engine = message, engine
    engine.holds.append(lambda: _has_failed(engine))

    def end() -> None:
        _fork.message = _fork.engine = None
        message.close()

    return end


def _has_failed(engine: Engine) -> bool:
    """Whether a child has failed; then the block does."""
    message = _fork.message
    if message is None or not message[0]:
        return False
    where, pid, advice = message[:].rstrip(b"\0").decode("utf-8", "replace").split("; ", 2)
    engine.fail(CannotDrive(f"time can't be driven in the process {pid}: {where}; {advice}", where))
    return True


def refuse_in_child(what: str, waits: bool = True) -> None:
    """Raises CannotDrive in a forked child of a driven block that is about to wait for a time."""
    if not (_fork.is_child and waits):
        return
    error = CannotDrive.here(what, _ADVICE)
    message = _fork.message
    if message is not None and not message[0]:
        text = f"{error.where}; {os.getpid()}; {_ADVICE}".encode()[: _BYTES - 1]
        message[: len(text)] = text
    raise error


def _in_child() -> None:
    if _fork.engine is not None:
        _fork.engine.renew_lock()
        _fork.engine = None
        _fork.is_child = True
        engines.activate(None)


os.register_at_fork(after_in_child=_in_child)
