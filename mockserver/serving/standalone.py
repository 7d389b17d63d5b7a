"""`mockserver serve --server threaded`: the threaded door as a process of its own."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from ..mock import Mock
from ..settings import Settings
from .access_log import log_exchange
from .threaded import ThreadedServer


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; the exit status. Prints one line on stdout once the server answers.

    Raises InputError for a busy port, a host that can't be bound, a wrong setting or definition.
    """
    mock = Mock(settings, on_exchange=log_exchange if settings.access_log else None)
    told = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        told.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with ThreadedServer(mock, settings.host, settings.port) as server:
            print(f"mockserver ready on {server.url}", flush=True)
            told.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
