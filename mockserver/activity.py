"""Whether the mock has an exchange in its hands: virtual time must not move meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

IsBusy = Callable[[], bool]

_lock = threading.Lock()
_sources: tuple[IsBusy, ...] = ()


def watch(is_busy: IsBusy) -> Callable[[], None]:
    """Ask this source, too, whether anything is under way.

    Args:
        is_busy: Returns True while a request is being received, answered or sent, or waits unread in a socket. It is
            called from any thread, often, and must not block. An answer that is held back on purpose (a delay, HANG) is
            not under way.

    Returns:
        A function that removes the source again.
    """
    global _sources  # noqa: PLW0603 - there is one time in a process, so there is one list of what holds it
    with _lock:
        _sources = (*_sources, is_busy)

    def unwatch() -> None:
        global _sources  # noqa: PLW0603
        with _lock:
            _sources = tuple(source for source in _sources if source is not is_busy)

    return unwatch


def busy() -> bool:
    """Whether any source has an exchange under way."""
    return any(is_busy() for is_busy in _sources)
