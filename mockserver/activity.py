"""Whether the mock has an exchange in its hands: virtual time must not move meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

IsBusy = Callable[[], bool]

_lock = threading.Lock()
Ports = Callable[[], Collection[int]]
_sources: tuple[tuple[IsBusy, Ports | None], ...] = ()


def watch(is_busy: IsBusy, ports: Ports | None = None) -> Callable[[], None]:
    """Ask this source, too, whether anything is under way.

    Args:
        is_busy: Returns True while a request is being received, answered or sent, or waits unread in a socket. It is
            called from any thread, often, and must not block. An answer that never comes (HANG) is not under way; one that
            is late is: its delay takes real time, and virtual time stands still meanwhile.

    Returns:
        A function that removes the source again.
    """
    global _sources  # noqa: PLW0603 - there is one time in a process, so there is one list of what holds it
    source = (is_busy, ports)
    with _lock:
        _sources = (*_sources, source)

    def unwatch() -> None:
        global _sources  # noqa: PLW0603
        with _lock:
            _sources = tuple(other for other in _sources if other is not source)

    return unwatch


def busy() -> bool:
    """Whether any source has an exchange under way."""
    return any(is_busy() for is_busy, _ in _sources)


def ports() -> frozenset[int]:
    """The ports of this machine that the sources answer on, as far as they are known; empty: none is known."""
    return frozenset(port for _, ports in _sources if ports for port in ports())
