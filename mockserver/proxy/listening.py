"""The proxy's own door: connections of clients, each in a thread of its own."""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..steps.render import header_text
from . import wire
from .framing import of_request
from .passage import Gone, Passage, Refused, parse_request
from .wire import Malformed, Wire, head_bytes, read_head

_IDLE_SECONDS = 600.0
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 64 * 1024 * 1024

Handle = Callable[[Wire, Passage], bool]
"""Passes a request on and its answer back; whether the client's connection can go on."""


class Listener(socketserver.ThreadingTCPServer):
    """Takes connections until it is stopped.

    Parameters: `address`, as of a socket (an IPv6 one has four parts); `make`, a Passage of method, target and head (raises
    Refused where nobody is asked); `handle`. Raises OSError where the address can't be bound.
    """

    allow_reuse_address = sys.platform != "win32"
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, family: int, address: Any, make: Callable[..., Passage], handle: Handle) -> None:
        self.address_family = family
        self.make, self.handle = make, handle
        self._lock = threading.Lock()
        self._open: dict[Wire, bool] = {}
        self._stopping = False
        super().__init__(address, _Connection)

    def at_work(self, client: Wire, busy: bool) -> bool:
        """Note whether a connection is in the midst of an exchange; False where the proxy stops and it may not be."""
        with self._lock:
            self._open[client] = busy
            return not self._stopping or not busy

    def left(self, client: Wire) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.pop(client, None)

    def busy(self) -> bool:
        """Whether any connection is in the midst of an exchange."""
        with self._lock:
            return any(self._open.values())

    def stop(self, grace: float) -> int:
        """Take no more requests, let those at work end for `grace` seconds; how many were cut off then."""
        self.shutdown()
        self.server_close()
        with self._lock:
            self._stopping = True
        until = time.monotonic() + grace
        while True:
            with self._lock:
                idle = [client for client, busy in self._open.items() if not busy]
                busy = len(self._open) - len(idle)
            for client in idle:
                client.shut()
            if not busy or time.monotonic() > until:
                break
            time.sleep(0.02)
        with self._lock:
            for client in self._open:
                client.shut()
        return busy

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A bug on one connection: said in a line; the others go on."""
        error = sys.exc_info()[1]
        sys.stderr.write(f"mockserver proxy: a connection failed: {type(error).__name__} (a bug, please report it)\n")


class _Connection(socketserver.BaseRequestHandler):
    """One client's connection: request after request."""

    request: socket.socket
    server: Listener

    def handle(self) -> None:
        """Answer until either side has enough."""
        client = Wire(self.request, _IDLE_SECONDS)
        try:
            while self._one(client):
                pass
        except (OSError, EOFError, Gone):
            pass  # the client is gone; the exchange was noted where there was one
        finally:
            self.server.left(client)

    def _one(self, client: Wire) -> bool:
        self.server.at_work(client, False)
        method = ""
        try:
            head = read_head(client)
            began = time.monotonic()
            if head is None or not self.server.at_work(client, True):
                return False
            method, target = parse_request(head)
            passage = self.server.make(head, method, target, of_request(head), began)
            keep = self.server.handle(client, passage)
        except Malformed as error:
            _refuse(client, Refused(error.status, "Can't pass this on", str(error)), method)
            return False
        except Refused as error:
            _refuse(client, error, method)
            return False
        if passage.early:
            _linger(client)
        return keep


def _refuse(client: Wire, error: Refused, method: str) -> None:
    """Say as RFC 9457 has it that the proxy answers, not the service; let the client read that although it still sends."""
    detail = f"mockserver proxy: {error.detail}"
    body = json.dumps({"type": "about:blank", "title": error.title, "status": error.status, "detail": detail}).encode()
    fields = [
        wire.field("Content-Type", "application/problem+json"),
        wire.field("Content-Length", str(len(body))),
        wire.field("X-Mock-Problem", header_text(detail)),
        wire.field("Connection", "close"),
    ]
    start = f"HTTP/1.1 {error.status} {error.title}".encode()
    client.send(head_bytes(start, fields) + (b"" if method == "HEAD" else body))
    _linger(client)


def _linger(client: Wire) -> None:
    """End our side, and read on for a while: closed at once, the connection would be reset and the answer lost."""
    left = _LINGER_BYTES
    with suppress(OSError):
        client.sock.shutdown(socket.SHUT_WR)
        client.sock.settimeout(_LINGER_SECONDS)
        while left > 0 and (data := client.sock.recv(65_536)):
            left -= len(data)
