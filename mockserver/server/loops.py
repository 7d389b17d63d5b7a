"""Event loops on real time, even inside a block of virtual time."""

from __future__ import annotations

import asyncio
import selectors

from .. import real_time

_select = selectors.DefaultSelector.select


class _Selector(selectors.DefaultSelector):
    """A selector that counts its sleeps, and knows whether it is asleep."""

    is_asleep = False
    sleep_count = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.sleep_count += 1
        self.is_asleep = timeout is None or timeout > 0
        try:
            return _select(self, timeout)
        finally:
            self.is_asleep = False


class RealTimeLoop(asyncio.SelectorEventLoop):
    """The standard library's loop on real time; any thread may ask whether it is at rest."""

    mockserver_real_time = True
    call_later = asyncio.SelectorEventLoop.call_later
    call_at = asyncio.SelectorEventLoop.call_at

    def __init__(self) -> None:
        self._sleeper = _Selector()
        super().__init__(self._sleeper)

    def time(self) -> float:
        """Real seconds."""
        return real_time.monotonic()

    def sleep_number(self) -> int | None:
        """The number of the sleep that the loop is in; None if it is awake. With the same number again, it did nothing."""
        number = self._sleeper.sleep_count
        return number if self._sleeper.is_asleep else None


def quick_loop() -> asyncio.AbstractEventLoop:
    """The quickest loop: uvloop's if that is installed (its time is libuv's, and so real)."""
    try:
        import uvloop
    except ImportError:
        return RealTimeLoop()

    class _QuickLoop(uvloop.Loop):
        mockserver_real_time = True

    return _QuickLoop()


class ReadableSockets:
    """A set of sockets; any thread may ask whether one of them has bytes, or a client, that wasn't read or accepted yet."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, *numbers: int) -> None:
        """Add sockets, by their file numbers."""
        for number in numbers:
            if number not in self._selector.get_map():
                self._selector.register(number, selectors.EVENT_READ)

    def discard(self, *numbers: int) -> None:
        """Remove sockets, by their file numbers."""
        for number in numbers:
            if number in self._selector.get_map():
                self._selector.unregister(number)

    def any(self) -> bool:
        """True if one of them has something to read."""
        return bool(_select(self._selector, 0))

    def close(self) -> None:
        """Close the selector."""
        self._selector.close()
