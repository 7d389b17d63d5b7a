"""Runs the proxy for the command, until a signal comes."""

from __future__ import annotations

import contextlib
import signal
import threading
from types import FrameType
from typing import Any

from ..contract.result import Result
from ..definitions import Definitions
from .judge_queue import Judging
from .proxy import Proxy, ProxyOptions


def serve_proxy(options: ProxyOptions, definitions: Definitions, judging: Judging) -> Result:
    """Run a proxy until SIGINT or SIGTERM, and return the result. Prints one line on stdout once it listens.

    A second SIGINT stops the judging of the exchanges that still wait; the result says so. Raises InputError like `Proxy`.
    """
    proxy = Proxy(options, definitions, judging, quick=True)
    stop = threading.Event()

    def stop_on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    handlers: dict[int, Any] = {number: signal.signal(number, stop_on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        proxy.start()
        with contextlib.suppress(OSError):  # nobody reads stdout
            print(f"mockserver proxy ready on {proxy.url} for {proxy.target}", flush=True)
        while not stop.wait(0.5):
            pass
        return proxy.stop()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
