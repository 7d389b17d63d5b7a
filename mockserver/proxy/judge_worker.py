"""The judging process: records and judges the exchanges that the proxy sends, and sends back the findings."""

from __future__ import annotations

import contextlib
import pickle
import queue
import signal
import socket
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.session import Session
from ..contract.strictness import Strictness
from ..definitions import load
from ..errors import InputError
from ..exchanges.exchange import Exchange
from ..exchanges.recording import Recorder
from ..jobs.clock import Clock
from ..redaction.redactor import Redactor
from .exchange_judge import JUDGED_SECONDS, ExchangeJudge
from .judge_queue import QUEUED, Backlog, size_of
from .notices import Notices

_PROGRESS_EVERY = 50


@dataclass(frozen=True)
class JudgeSettings:
    """The settings of the judging process.

    Args:
        definitions: Files of the user's own definitions.
        strict: The contradictions that are read strictly.
        keep_ids: Keep the ids of tenants in recordings and reports.
        record: The recording to write or to append to; None: nothing is recorded.
        target: The recorded service, for the recording's header.
        judged: Whether exchanges are judged at all.
        seconds: The limit of CPU time for each exchange.
    """

    definitions: tuple[str, ...] = ()
    strict: frozenset[str] = frozenset()
    keep_ids: bool = False
    record: str | None = None
    target: str = ""
    judged: bool = True
    seconds: float = JUDGED_SECONDS


@dataclass(frozen=True)
class Finish:
    """Says that no more exchanges come, and asks for the result; `target` and `seconds` are for the result."""

    target: str
    seconds: float


class _Worker:
    """Records each exchange as soon as it arrives, and judges it when there is nothing to record."""

    def __init__(self, settings: JudgeSettings, send: Any) -> None:
        mode = Strictness(settings.strict)
        definitions = load((Path(path) for path in settings.definitions), mode.ids)
        redactor = Redactor(settings.keep_ids, definitions=definitions)
        path = settings.record
        self.recorder = Recorder(Path(path), redactor, settings.target, Clock().now()) if path else None
        self._session = Session(definitions, mode, redactor)
        self._notices = Notices(lambda line: send(("line", line)))
        judge, record_exchange = self._session if settings.judged else None, self.recorder.add if self.recorder else None
        self._judge = ExchangeJudge(judge, record_exchange, self._notices, settings.seconds)
        self._send = send
        self._unjudged: deque[Exchange] = deque()
        self._backlog = Backlog()
        self._done = 0
        self._interrupted = False
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_signal: object) -> None:
        self._interrupted = True

    def run(self, incoming: queue.Queue[Any]) -> None:
        """Work until `Finish` arrives, or the proxy is gone."""
        while True:
            item = self._next_item(incoming)
            if isinstance(item, Exchange):
                self._record_and_judge(item)
            elif self._unjudged and item is None:
                self._judge_next()
            elif item is not None:
                break
        while isinstance(item, Finish) and self._unjudged and not self._interrupted:
            self._judge_next()
        if self.recorder:
            self.recorder.close()
        if isinstance(item, Finish):
            self._finish(item)

    def _next_item(self, incoming: queue.Queue[Any]) -> Any:
        """The next item; None if there is none and an exchange waits to be judged."""
        try:
            return incoming.get(block=not self._unjudged)
        except queue.Empty:
            return None

    def _record_and_judge(self, exchange: Exchange) -> None:
        self._judge.record(exchange)
        if self._backlog.take(size_of(exchange)):
            self._unjudged.append(exchange)
        else:
            self._send_progress()

    def _judge_next(self) -> None:
        exchange = self._unjudged.popleft()
        self._judge.judge(exchange)
        self._backlog.done(size_of(exchange))
        self._send_progress()

    def _send_progress(self) -> None:
        self._done += 1
        if not self._unjudged or self._done % _PROGRESS_EVERY == 0:
            self._send(("done", self._done))

    def _finish(self, finish: Finish) -> None:
        if self._backlog.left_out:
            reason = "exchanges were recorded, but not judged: they came faster than that goes"
            self._notices.fail("proxy", f"{self._backlog.left_out} {reason}")
        result = self._session.result(finish.target, finish.seconds)
        self._notices.finish(result)
        parts = result.mode, result.judged, result.timelines, result.skipped, result.failed, result.seconds, result.more
        self._send(("result", (result.coverage.as_json(), parts)))


def main(number: int) -> None:
    """Run the process; `number` is the file number of the socket to the proxy."""
    proxy_socket = socket.socket(fileno=number)
    file, lock = proxy_socket.makefile("rb"), threading.Lock()

    def send(message: tuple[str, Any]) -> None:
        with lock, contextlib.suppress(OSError):  # the proxy was killed: its exchanges are still recorded
            proxy_socket.sendall(pickle.dumps(message))

    try:
        worker = _Worker(pickle.load(file), send)  # noqa: S301 - from the process that started this one
    except InputError as error:
        send(("refused", str(error)))
        return
    send(("ready", worker.recorder.notes if worker.recorder else []))
    incoming: queue.Queue[Any] = queue.Queue(QUEUED)

    def read() -> None:
        try:
            while True:
                incoming.put(pickle.load(file))  # noqa: S301
        except (EOFError, OSError, pickle.UnpicklingError):
            incoming.put(EOFError())

    threading.Thread(target=read, daemon=True).start()
    worker.run(incoming)
