"""Exchanges judged behind the traffic's back: a queue and one worker, so that no check holds up or breaks an answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Protocol

from ..contract.findings import Finding
from ..contract.result import Judged, Result
from ..exchanges.exchange import Exchange
from ..redaction import redact
from ..steps.render import one_line

Keep = Callable[[Exchange], None]
"""Records an exchange, taking secrets out itself."""

QUEUED = 20_000
QUEUED_BYTES = 256 * 1024 * 1024
_LINE = 1_000
_LAST_SECONDS = 5.0


class Judge(Protocol):
    """What the proxy needs of `contract.session.Session`."""

    def check(self, exchange: Exchange, case: str = "") -> Judged:
        """Judge an exchange."""

    def result(self, target: str, seconds: float = 0) -> Result:
        """All that was found."""


class Watch:
    """Judges and records exchanges in the order in which they were answered. Thread-safe.

    Parameters: `judge`; `keep`, records an exchange (None: nobody does); `say`, shows a line to the user.
    """

    def __init__(self, judge: Judge, keep: Keep | None, say: Callable[[str], None]) -> None:
        self._judge, self._keep, self._say = judge, keep, say
        self._queue: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = self._bytes = self._dropped = 0
        self._interrupted = False
        self._done = threading.Event()
        self.failed: list[tuple[str, str]] = []
        self.skipped: list[tuple[str, str]] = []
        self._thread = threading.Thread(target=self._work, name="mockserver-judge", daemon=True)
        self._thread.start()

    def put(self, exchange: Exchange) -> None:
        """Have an exchange judged, soon. Never waits: where too many wait already it is left out, and said so at the end."""
        size = len(exchange.request.body) + len(exchange.response.body)
        with self._lock:
            if self._waiting >= QUEUED or (self._waiting and self._bytes + size > QUEUED_BYTES):
                self._dropped += 1
                return
            self._waiting += 1
            self._bytes += size
        self._queue.put(exchange)

    def note(self, name: str, reason: str) -> None:
        """Show and keep that an exchange has nothing to judge."""
        with self._lock:
            self.skipped.append((name, reason))
        self.tell(f"{name}: {reason}")

    def tell(self, text: str) -> None:
        """Show one line of printable ASCII."""
        line = one_line(" ".join(text.split()))
        self._say(line if len(line) <= _LINE else f"{line[: _LINE - 3]}...")

    def waiting(self) -> int:
        """How many exchanges are still to be judged."""
        with self._lock:
            return self._waiting

    def finish(self, target: str, seconds: float) -> Result:
        """Judge all that waits; the result, with what could not be judged. Ctrl-C ends the judging early."""
        self._queue.put(None)
        try:
            while not self._done.wait(0.2):  # not join: Ctrl-C within makes Python 3.11 take the thread for ended
                pass
        except KeyboardInterrupt:
            self._interrupted = True
            self._done.wait(_LAST_SECONDS)
            self.failed.append(("proxy", f"{self.waiting()} exchanges were not judged: interrupted"))
        result = self._judge.result(target, seconds)
        result.skipped += self.skipped
        result.failed += self.failed
        if self._dropped:
            reason = (
                f"{self._dropped} exchanges passed, but were neither judged nor recorded: they came faster than that goes"
            )
            result.failed.append(("proxy", reason))
        return result

    def _work(self) -> None:
        while (exchange := self._queue.get()) is not None and not self._interrupted:
            self._one(exchange)
            with self._lock:
                self._waiting -= 1
                self._bytes -= len(exchange.request.body) + len(exchange.response.body)
        self._done.set()

    def _one(self, exchange: Exchange) -> None:
        if self._keep is not None:
            self._try("recorded", exchange, lambda: self._keep and self._keep(exchange))
        self._try("judged", exchange, lambda: self._show(exchange, self._judge.check(exchange)))

    def _try(self, done: str, exchange: Exchange, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # whatever is wrong with a check or a disk: the traffic goes on, and the end says so
            reason = f"could not be {done}: {type(error).__name__}: {_clean(exchange, str(error))}"
            with self._lock:
                self.failed.append((name_of(exchange), reason))
            self.tell(f"{name_of(exchange)}: {reason}")

    def _show(self, exchange: Exchange, judged: Judged) -> None:
        for finding in judged.findings:
            self.tell(_line(exchange, judged, finding))


def _line(exchange: Exchange, judged: Judged, finding: Finding) -> str:
    where = f"#{judged.number} {judged.operation or name_of(exchange)} {exchange.response.status}"
    return f"{where}: {_clean(exchange, str(finding))}"


def name_of(exchange: Exchange) -> str:
    """What was asked, without its query."""
    request = exchange.request
    return f"{request.method} {_clean(exchange, request.path)}"


def _clean(exchange: Exchange, text: str) -> str:
    return redact.text(text, redact.secrets_of(exchange.request.headers))
