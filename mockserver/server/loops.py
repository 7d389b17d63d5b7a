"""Event loops whose time is real, whatever virtual time does to the rest of the process."""

from __future__ import annotations

import asyncio
import selectors

from .. import real_time

_select = selectors.DefaultSelector.select


class _Selector(selectors.DefaultSelector):
    """Counts how often it slept, and knows whether it does."""

    asleep = False
    sleeps = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.sleeps += 1
        self.asleep = timeout is None or timeout > 0
        try:
            return _select(self, timeout)
        finally:
            self.asleep = False


class RealTimeLoop(asyncio.SelectorEventLoop):
    """The standard library's loop, on real time; any thread may ask whether it is at rest."""

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
        """Which of its sleeps the loop is in: as long as it is the same one, the loop did nothing. None: it is awake."""
        number = self._sleeper.sleeps
        return number if self._sleeper.asleep else None


def quick_loop() -> asyncio.AbstractEventLoop:
    """The quickest loop there is: uvloop's, whose time is libuv's own, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return RealTimeLoop()

    class _QuickLoop(uvloop.Loop):
        mockserver_real_time = True

    return _QuickLoop()


class ReadableSockets:
    """Sockets, of which any thread may ask whether one has bytes, or a client, that nobody took yet."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, *numbers: int) -> None:
        """More sockets, by their file numbers."""
        for number in numbers:
            if number not in self._selector.get_map():
                self._selector.register(number, selectors.EVENT_READ)

    def discard(self, *numbers: int) -> None:
        """Fewer."""
        for number in numbers:
            if number in self._selector.get_map():
                self._selector.unregister(number)

    def any(self) -> bool:
        """Whether one has something to read."""
        return bool(_select(self._selector, 0))

    def close(self) -> None:
        """Look no more."""
        self._selector.close()
