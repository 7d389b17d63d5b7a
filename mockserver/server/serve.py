"""`mockserver serve` and `replay`: the server as a process of its own."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType
from typing import Any

from ..journal import JournalEntry
from ..mock import Mock
from ..settings import Settings
from .access_log import access_line
from .log_writer import LogHandler, LogWriter
from .mock_http_server import MockHttpServer

LOG_LOST = 3
"""The exit status where lines of the log were lost."""
_LOG_SECONDS = 1.0


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Prints one line on stdout once the server answers.

    Returns:
        The exit status: 0, or 3 where stderr couldn't take all lines of the log.

    Raises:
        InputError: For a busy port, a host that can't be bound, a wrong setting, definition or fixture.
    """
    writer = LogWriter()
    handler = LogHandler(writer)
    logging.getLogger().addHandler(handler)
    try:
        _serve(settings, writer)
    finally:
        logging.getLogger().removeHandler(handler)
        lost = writer.close(_LOG_SECONDS)
    return LOG_LOST if lost else 0


def _serve(settings: Settings, writer: LogWriter) -> None:
    def log(exchange: JournalEntry) -> None:
        writer.write(access_line(exchange))

    mock = Mock(settings, on_exchange=log if settings.access_log else None)
    mock.log_lines_lost = writer.lost
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before: dict[int, Any] = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with MockHttpServer(mock, settings.host, settings.port, quick=True) as server:
            _announce(f"mockserver ready on {server.url}")
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:  # nobody reads it: no reason not to serve
        sys.stdout = None  # or Python complains about it at the end
