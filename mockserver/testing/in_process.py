"""The mock in the place of a network: what a client sends over a connection is answered in this process."""

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
from ..server.reading import whole_request
from ..steps.route import BODY_LIMIT
from ..steps.select_namespace import HEADER


@dataclass(frozen=True)
class Line:
    """The way from a client to a namespace of a mock; `tls` is how the client believes to speak."""

    mock: Mock
    namespace: str
    tls: bool

    def handle(self, request: Request) -> Response:
        """The answer, in the namespace, unless the request names another one."""
        return self.mock.handle(request, self.namespace)

    def is_sound(self, headers: Collection[str]) -> bool:
        """Whether no fault is declared that a request with these headers (their names) could get."""
        faulty = self.mock.namespace(self.namespace).faults.entries or self.mock.namespace().faults.entries
        return not faulty and HEADER not in headers

    def has_fault(self, kind: str) -> bool:
        """Whether a fault of the whole port is declared; those are the default namespace's."""
        return self.mock.namespace().faults.listening(kind, self.mock.clock.now()) is not None


class Wire:
    """What a connection takes for its socket: the bytes sent are answered once somebody reads."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle
        self._sent = bytearray()
        self._timeout: float | None = None
        self.was_reset = False
        """Whether the connection is reset after what arrived."""

    def sendall(self, data: Any) -> None:
        """Take bytes of a request."""
        self._sent += data

    def makefile(self, *_args: Any, **_kwargs: Any) -> io.BytesIO:
        """The answer to what was sent, as a stream of bytes. Raises the OSError of a fault that leaves none."""
        sent, self._sent = bytes(self._sent), bytearray()
        raw = whole_request(sent, BODY_LIMIT)
        answer = self._handle(request_from(raw))
        head, body = encode(raw, answer)
        if answer.delivery is None:
            return io.BytesIO(head + body)
        arrived, self.was_reset = _arrived(delivery_actions(head, body, answer.delivery), self._timeout)
        return io.BytesIO(arrived)

    def settimeout(self, seconds: float | None) -> None:
        """Remember how long the client waits for bytes."""
        self._timeout = seconds

    def shutdown(self, how: int = 0) -> None:
        """There is nothing to shut."""

    def close(self) -> None:
        """There is nothing to close."""


def _arrived(actions: Iterable[Action], timeout: float | None) -> tuple[bytes, bool]:
    """The bytes of an answer that a fault leaves to the client, and whether it is reset after them.

    Raises TimeoutError, at once, where the client would wait longer than it wants to, and ConnectionResetError.
    """
    sent = b""
    for action in actions:
        if isinstance(action, bytes):
            sent += action
        elif isinstance(action, Wait | Hang):
            if action.seconds is None:
                raise TimeoutError("the mock hangs")  # on a socket, a client without a timeout would wait for ever
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
