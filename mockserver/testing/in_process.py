"""Replaces the network by the mock: the bytes that a client sends are answered in this process."""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ..faults.delivery import Action, End, Hang, Wait
from ..faults.kinds import delivery_actions
from ..mock import Mock
from ..model import Request, Response, request_from
from ..server.encoding import encode
from ..server.reading import complete_request
from ..steps.route import BODY_LIMIT
from ..steps.select_namespace import HEADER


@dataclass(frozen=True)
class Line:
    """The connection from clients to a namespace of a mock; `tls`: the client believes that it speaks TLS."""

    mock: Mock
    namespace: str
    tls: bool

    def handle(self, request: Request) -> Response:
        """The mock's answer, in this namespace unless the request names another one."""
        return self.mock.handle(request, self.namespace)

    def is_sound(self, headers: Collection[str]) -> bool:
        """True if no fault is declared that a request with these headers (their names) could get."""
        faulty = self.mock.namespace(self.namespace).faults.entries or self.mock.namespace().faults.entries
        return not faulty and HEADER not in headers

    def has_fault(self, kind: str) -> bool:
        """True if a fault of the whole port is declared (in the default namespace)."""
        return self.mock.namespace().faults.listening(kind, self.mock.clock.now()) is not None


class Wire:
    """Stands for a connection's socket: the bytes sent are answered when the client reads."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle
        self._sent = bytearray()
        self._timeout: float | None = None
        self.was_reset = False
        """Whether the connection is reset after the bytes that arrived."""

    def sendall(self, data: Any) -> None:
        """Collect bytes of a request."""
        self._sent += data

    def makefile(self, *_args: Any, **_kwargs: Any) -> io.BytesIO:
        """The answer to the bytes sent, as `http.client` reads it: the OSError of a fault is raised when it reads."""
        try:
            return self.answer()
        except OSError as error:
            return _BrokenStream(error)

    def answer(self) -> io.BytesIO:
        """The answer to the bytes sent, as a stream. Raises OSError if a fault leaves no answer."""
        sent, self._sent = bytes(self._sent), bytearray()
        raw = complete_request(sent, BODY_LIMIT)
        answer = self._handle(request_from(raw))
        head, body = encode(raw, answer)
        if answer.delivery is None:
            return io.BytesIO(head + body)
        received, self.was_reset = _received_bytes(delivery_actions(head, body, answer.delivery), self._timeout)
        return io.BytesIO(received)

    def settimeout(self, seconds: float | None) -> None:
        """Set how long the client waits for bytes (s)."""
        self._timeout = seconds

    def shutdown(self, how: int = 0) -> None:
        """Do nothing: there is nothing to shut down."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class _BrokenStream(io.BytesIO):
    """A stream that raises an error when it is read."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def readline(self, _size: int | None = -1, /) -> bytes:
        """Raise the error: `http.client` reads a line first."""
        raise self._error


def _received_bytes(actions: Iterable[Action], timeout: float | None) -> tuple[bytes, bool]:
    """The bytes of an answer that reach the client in spite of a fault, and whether the connection is reset after them.

    Raises ConnectionResetError, and TimeoutError (at once) if the client would have to wait longer than its timeout.
    """
    sent = b""
    for action in actions:
        if isinstance(action, bytes):
            sent += action
        elif isinstance(action, Wait | Hang):
            if action.seconds is None:
                raise TimeoutError("the mock hangs")  # on a socket, a client without a timeout would wait forever
            _wait(action.seconds, timeout)
        elif action is End.RESET:
            if not sent:
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            return sent, True
    return sent, False


def _wait(seconds: float, timeout: float | None) -> None:
    if timeout is not None and seconds >= timeout:
        raise TimeoutError("timed out")
    if seconds:
        threading.Event().wait(seconds)
