"""Judges exchanges in a thread of this process; for tests, which read the judge directly."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Protocol

from ..contract.result import Result
from ..exchanges.exchange import Exchange
from .exchange_judge import ExchangeJudge, Judge
from .notices import Notices

QUEUED = 20_000
QUEUED_BYTES = 256 * 1024 * 1024
LEFT_OUT = "passed, but were neither judged nor recorded: they came faster than that goes"
_LAST_SECONDS = 5.0


class Judging(Protocol):
    """The interface of `JudgeQueue` and `JudgeProcess`."""

    notices: Notices

    def put(self, exchange: Exchange) -> None:
        """Add an exchange that is to be recorded and judged. Never waits."""

    def waiting(self) -> int:
        """The number of exchanges that are still to be judged."""

    def finish(self, target: str, seconds: float) -> Result:
        """Wait until everything is judged; returns the result, with what could not be judged. Ctrl-C ends it early."""


class Backlog:
    """Counts the exchanges that wait, and those that are left out because too many wait. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0
        self.count = self.left_out = 0

    def take(self, size: int) -> bool:
        """Add an item of so many bytes. Returns False if there is no room for it; then it is counted as left out."""
        with self._lock:
            if self.count >= QUEUED or (self.count and self._bytes + size > QUEUED_BYTES):
                self.left_out += 1
                return False
            self.count += 1
            self._bytes += size
            return True

    def done(self, size: int) -> None:
        """Remove an item of so many bytes."""
        with self._lock:
            self.count -= 1
            self._bytes -= size


def size_of(exchange: Exchange) -> int:
    """The size of an exchange: the bytes of its bodies."""
    return len(exchange.request.body) + len(exchange.response.body)


class JudgeQueue:
    """Judges exchanges in the order of their answers. Thread-safe.

    Args:
        judge: Judges the exchanges.
        print_line: Takes lines for the user, as for `Notices`.
    """

    def __init__(self, judge: Judge, print_line: Callable[[str], None] | None = None) -> None:
        self.notices = Notices(print_line)
        self._judge, self._worker = judge, ExchangeJudge(judge, None, self.notices)
        self._backlog = Backlog()
        self._queue: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._interrupted = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._judge_queued, name="mockserver-judge", daemon=True)
        self._thread.mockserver_real_time = True  # type: ignore[attr-defined]
        self._thread.start()

    def put(self, exchange: Exchange) -> None:
        """Add an exchange that is to be judged. Never waits: if too many wait already, it is left out, and reported."""
        if self._backlog.take(size_of(exchange)):
            self._queue.put(exchange)

    def waiting(self) -> int:
        """The number of exchanges that are still to be judged."""
        return self._backlog.count

    def finish(self, target: str, seconds: float) -> Result:
        """Wait until everything is judged; returns the result, with what could not be judged. Ctrl-C ends it early."""
        self._queue.put(None)
        try:
            while not self._done.wait(0.2):  # not join: after Ctrl-C in it, Python 3.11 believes that the thread has ended
                pass
        except KeyboardInterrupt:
            self._interrupted = True
            self._done.wait(_LAST_SECONDS)
        if self._interrupted:
            self.notices.fail("proxy", f"{self.waiting()} exchanges were not judged: interrupted")
        if self._backlog.left_out:
            self.notices.fail("proxy", f"{self._backlog.left_out} exchanges {LEFT_OUT}")
        result = self._judge.result(target, seconds)
        self.notices.finish(result)
        return result

    def _judge_queued(self) -> None:
        while (exchange := self._queue.get()) is not None and not self._interrupted:
            self._worker.judge(exchange)
            self._backlog.done(size_of(exchange))
        self._done.set()
