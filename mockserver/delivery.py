"""Sending answers the way faults want them sent: late, in pieces, broken, or never."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace

from .faults.effects import page
from .model import Delivery, Response

HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")
"""A TLS record: alert, fatal, handshake_failure (RFC 8446, 6; 5.1 for the record)."""

_WSGI_HANG_SECONDS = 600.0
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def deliver(connection: socket.socket, head: bytes, body: bytes, plan: Delivery, stopping: threading.Event) -> bool:
    """Send an answer as planned; whether the connection can carry another one.

    `stopping` is set when the server stops: nothing is waited for any longer. Raises OSError of the socket.
    """
    if plan.delay and stopping.wait(plan.delay):
        return False
    if plan.fault is None:
        connection.sendall(head + body)
        return True
    if plan.fault == "SLOW_DRIBBLE":
        connection.sendall(head)
        for piece in _pieces(body, plan.chunks):
            if stopping.wait((plan.seconds or 0.0) / plan.chunks):
                return False
            connection.sendall(piece)
        return True
    _break(connection, head, body, plan)
    return False


def _break(connection: socket.socket, head: bytes, body: bytes, plan: Delivery) -> None:
    """Do what ends the connection; it is closed by whoever opened it."""
    if plan.fault == "HANG":
        _hang(connection, plan.seconds)
    elif plan.fault == "CONNECTION_RESET_BY_PEER":
        reset_on_close(connection)
    elif plan.fault == "CLOSE_MID_BODY":
        connection.sendall(head + body[: len(body) // 2])
        reset_on_close(connection)
    elif plan.fault == "RANDOM_DATA_THEN_CLOSE":
        connection.sendall(body)
    elif plan.fault in ("MALFORMED_RESPONSE_CHUNK", "SHORT_BODY"):
        connection.sendall(head + body)
    else:
        assert plan.fault == "EMPTY_RESPONSE", plan.fault


def _hang(connection: socket.socket, limit: float | None) -> None:
    """Wait until the client gives up, the server shuts the connection down or the limit (seconds) is over."""
    connection.settimeout(limit or None)
    with contextlib.suppress(TimeoutError):
        while connection.recv(65_536):
            pass


def reset_on_close(connection: socket.socket) -> None:
    """Let closing the connection reset it (RST), instead of ending it in order (FIN)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _pieces(body: bytes, count: int) -> Iterator[bytes]:
    """The body in so many pieces; some are empty where it has fewer bytes."""
    for index in range(count):
        yield body[len(body) * index // count : len(body) * (index + 1) // count]


def deliverable(response: Response, wait: bool) -> Response:
    """The response as a WSGI server can send it, after its delay where one is to `wait`; what is left to do, dribbling,
    stays its delivery. Where nobody waits, the header `X-Mock-Delivery` has the plan, as JSON.

    HANG holds the thread for its limit, by default ten minutes, and then answers 504: WSGI can't hang up. What only a
    server that holds the socket can do, such as a reset, is a 502 that says so.
    """
    plan = response.delivery
    assert plan is not None
    if wait and plan.delay:
        threading.Event().wait(plan.delay)
    if wait and plan.fault == "HANG":
        threading.Event().wait(plan.seconds or _WSGI_HANG_SECONDS)
    shown = {name: value for name, value in asdict(plan).items() if value}
    extra = () if wait else (("X-Mock-Delivery", json.dumps(shown)),)
    if plan.fault in (None, "SLOW_DRIBBLE"):
        return replace(response, headers=(*response.headers, *extra), delivery=plan if plan.fault else None)
    status = 504 if plan.fault == "HANG" else 502
    told = page(status)
    body = told.raw or b""
    note = f"fault {plan.fault}: WSGI can't deliver it; ThreadedServer and --server threaded do"
    headers = (("Content-Type", told.content_type), ("Content-Length", str(len(body))), ("X-Mock-Problem", note), *extra)
    return Response(status, headers, body, fault=response.fault)


def dribbled(body: bytes, plan: Delivery) -> Iterator[bytes]:
    """The body in pieces, for WSGI: each comes after its share of the plan's seconds."""
    for piece in _pieces(body, plan.chunks):
        threading.Event().wait((plan.seconds or 0.0) / plan.chunks)
        yield piece
