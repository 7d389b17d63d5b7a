"""The socket door: the app on granian, a production WSGI server."""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from ..app import create_app
from ..mock import Mock
from ..settings import Settings
from .access_log import log_exchange
from .address import bind, url_of

# granian starts threads as requests need them: each holds one slow answer, and none holds up another.
_THREADS = 256
_STOP_SECONDS = 1
_LOG_TO_STDERR = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}
_BUILT: list[Flask] = []


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; the exit status. Prints one line on stdout once the server answers.

    Raises InputError for a busy port, a host that can't be bound, a wrong setting or definition.
    """
    address, port = _free_address(settings.host, settings.port)
    _BUILT.append(build(settings))
    server = MPServer(
        "mockserver",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=_THREADS,
        workers=1,  # one namespace: what one worker was told, the next would not know
        workers_kill_timeout=_STOP_SECONDS,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=_LOG_TO_STDERR,
    )
    url = url_of(settings.host, port)
    announce = partial(_announce, address, port, url)
    try:
        server.serve(target_loader=partial(_worker_app, settings, announce, os.getpid()), wrap_loader=False)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def build(settings: Settings) -> Flask:
    """The app as `serve` runs it, with an access log where the settings want one; faults delay answers, but break none."""
    mock = Mock(settings, on_exchange=log_exchange if settings.access_log else None, sockets=False)
    return create_app(mock=mock, deliver=True)


def _worker_app(settings: Settings, announce: Callable[[], None], parent: int, *_args: Any) -> Flask:
    # Not before the fork: a worker would wait for ever for the locks of imports that such a thread is in the midst of.
    threading.Thread(target=announce, daemon=True).start()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # A forked worker inherits the app; a spawned one (Windows, macOS) has to build it.
    return _BUILT[0] if _BUILT else build(settings)


def _end_with(parent: int) -> None:
    """End this worker once its parent is gone (killed, it can't say so), or the port would stay busy."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _free_address(host: str, port: int) -> tuple[str, int]:
    """The IP address and the port to listen on. Bound here first, because granian shares a busy port and knows no names."""
    with bind(host, port) as probe:
        address, found = probe.getsockname()[:2]
        return str(address), int(found)


def _announce(address: str, port: int, url: str) -> None:
    """Say so on stdout once the server answers."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared with, not bound to
    while True:
        connection = http.client.HTTPConnection(target, port, timeout=5)
        try:
            connection.request("GET", "/_mock/health")
            if connection.getresponse().status == 200:
                print(f"mockserver ready on {url}", flush=True)
                return
        except OSError:
            pass  # not yet
        finally:
            connection.close()
        time.sleep(0.01)
