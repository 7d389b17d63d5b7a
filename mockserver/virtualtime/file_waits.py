"""Waiting for files and sockets, and for a time, at once: the thread waits in the kernel, and the engine can wake it."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from .engine import Engine
from .sleeper import Sleeper

_pipes: list[tuple[int, int]] = []
_POLL = select.poll
Watched = Sequence[tuple[int, int]]
"""File descriptors, each with the events of `select.poll` to wait for."""
READ = select.POLLIN | select.POLLPRI | select.POLLHUP | select.POLLERR
WRITE = select.POLLOUT


def is_ready(watched: Watched) -> bool:
    """Whether one of the files is ready now."""
    return bool(_registered(watched).poll(0))


def _registered(watched: Watched) -> select.poll:
    poll = _POLL()
    for file, events in watched:
        poll.register(file, events)
    return poll


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """A pipe to wake by, which is empty again afterwards."""
    try:
        pipe = _pipes.pop()
    except IndexError:
        pipe = os.pipe()
        os.set_blocking(pipe[0], False)
    try:
        yield pipe
    finally:
        with suppress(BlockingIOError):
            os.read(pipe[0], 16)
        _pipes.append(pipe)


def wait_for_files(engine: Engine, watched: Watched, until: int | None, what: str) -> float | None:
    """Wait until one of the files is ready, or for a time of the block.

    Returns:
        0: nothing is left to wait for; else the real seconds that are left, since the block was left meanwhile (None: for
        ever). Raises CannotDrive.
    """
    alone = _registered(watched)
    if alone.poll(0):
        return 0.0
    with _pipe() as (reader, writer):
        poll = _registered(watched)
        poll.register(reader, select.POLLIN)
        sleeper = Sleeper(until, what, lambda: os.write(writer, b"1"), lambda: bool(alone.poll(0)))
        engine.wait(sleeper, poll.poll)
        if engine.over and not alone.poll(0):
            return engine.left(sleeper)
    return 0.0
