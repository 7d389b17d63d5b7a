"""Signals that come while a block is set up or put back: their handlers are called once that is done."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Collection
from types import CodeType, FrameType
from typing import Any


class DeferredSignals:
    """Handlers of Python run between any two lines of the main thread; not between those of some functions.

    Args:
        protected: The code of these functions. After them, `deliver` is called.
        brief: The code of functions that take or give back a lock: between any two of their lines it would stay locked.
            After them, `deliver_between` is called.
        interrupt: Handles SIGINT where the process ignores it, as one in the background does.
    """

    def __init__(
        self,
        protected: Collection[CodeType],
        brief: Collection[CodeType],
        interrupt: Callable[[int, FrameType | None], object],
    ) -> None:
        self._protected, self._brief, self._interrupt = frozenset(protected), frozenset(brief), interrupt
        self._handlers: dict[int, Any] = {}
        self._before: dict[int, Any] = {}
        self.pending: list[int] = []

    def install(self) -> None:
        """From now on, defer."""
        if threading.current_thread() is not threading.main_thread():
            return  # handlers run in the main thread alone
        for number in signal.valid_signals():
            handler = before = signal.getsignal(number)
            if number == signal.SIGINT and before == signal.SIG_IGN:
                handler = self._interrupt
            if callable(handler):
                self._handlers[number], self._before[number] = handler, before
                signal.signal(number, self._handle)

    def remove(self) -> None:
        """No more; who has set a handler of their own keeps it."""
        for number, before in self._before.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, before)

    def drop(self, number: int) -> None:
        """Forget a signal that came meanwhile."""
        self.pending[:] = [other for other in self.pending if other != number]

    def deliver(self) -> None:
        """Call the handlers of what came meanwhile. Raises what they raise."""
        while self.pending:
            number = self.pending.pop(0)
            self._handlers[number](number, sys._getframe())

    def deliver_between(self) -> None:
        """The same, where it isn't for a function further out to do so."""
        if threading.current_thread() is threading.main_thread() and not _is_within(sys._getframe(), self._protected):
            self.deliver()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if _is_within(frame, self._protected | self._brief):
            self.pending.append(number)
        else:
            self._handlers[number](number, frame)


def _is_within(frame: FrameType | None, codes: frozenset[CodeType]) -> bool:
    while frame is not None:
        if frame.f_code in codes:
            return True
        frame = frame.f_back
    return False
