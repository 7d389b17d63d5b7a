"""In place of the vendors' public hosts: what `requests` sends there is answered in this process, on no socket.

The seam is the connection under urllib3, so that all above it stays as it is with a real server: retries and Retry-After,
timeouts, the exceptions that `requests` makes of a broken answer.
"""

from __future__ import annotations

import errno
import io
import os
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from ..mock import Mock
from ..model import Request, Response, request_from
from ..server.delivery import Action, End, Hang, Wait, script
from ..server.encoding import encode
from ..server.reading import whole_request
from ..steps.route import BODY_LIMIT
from ..steps.select_namespace import HEADER
from .hosts import is_vendors

_CONNECTIONS = 100


class _Wire:
    """What a connection takes for its socket: the bytes sent are answered once somebody reads."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle
        self._sent = bytearray()
        self._timeout: float | None = None

    def sendall(self, data: Any) -> None:
        """Take bytes of a request."""
        self._sent += data

    def makefile(self, *_args: Any, **_kwargs: Any) -> io.BytesIO:
        """The answer to what was sent, as a stream of bytes. Raises the OSError of a fault that leaves none."""
        sent, self._sent = bytes(self._sent), bytearray()
        raw = whole_request(sent, BODY_LIMIT)
        answer = self._handle(request_from(raw))
        head, body = encode(raw, answer)
        return io.BytesIO(_arrived(script(head, body, answer.delivery), self._timeout) if answer.delivery else head + body)

    def settimeout(self, seconds: float | None) -> None:
        """Remember how long the client waits for bytes."""
        self._timeout = seconds

    def shutdown(self, how: int = 0) -> None:
        """There is nothing to shut."""

    def close(self) -> None:
        """There is nothing to close."""


def _arrived(actions: Iterable[Action], timeout: float | None) -> bytes:
    """The bytes of an answer that a fault leaves to the client.

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
        elif action is End.RESET and not sent:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    return sent


def _wait(seconds: float, timeout: float | None) -> None:
    if timeout is not None and seconds >= timeout:
        raise TimeoutError("timed out")
    if seconds:
        threading.Event().wait(seconds)


class _Connection(HTTPConnection):
    """A connection to the mock in this process. `line` is what it goes over."""

    def __init__(self, *args: Any, line: _Line, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line

    def connect(self) -> None:
        """Take a wire for a socket. Raises what a faulty port raises: NewConnectionError, ssl.SSLError."""
        if self._line.has_fault("TLS_ERROR") and self._line.tls:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "sslv3 alert handshake failure")
        if self._line.has_fault("CONNECTION_REFUSED"):
            raise NewConnectionError(self, f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}")
        self.sock: Any = _Wire(self._line.handle)

    @property
    def is_connected(self) -> bool:
        """Whether there is a wire, and the port is still open."""
        return self.sock is not None and not self._line.has_fault("CONNECTION_REFUSED")


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class InProcessAdapter(HTTPAdapter):
    """A transport adapter for `requests`: all that it is given is answered by the mock, in a namespace.

    `session.mount("https://", InProcessAdapter(mock, "default"))`.
    """

    def __init__(self, mock: Mock, namespace: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pools = _Pools(mock, namespace)

    def get_connection_with_tls_context(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Any:
        """The pool of connections for a request's host."""
        return self._pools.of(str(request.url))


@dataclass(frozen=True)
class _Line:
    """The way from a client to a namespace of a mock; `tls` is how the client believes to speak."""

    mock: Mock
    namespace: str
    tls: bool

    def handle(self, request: Request) -> Response:
        """The answer, in the namespace, unless the request names another one."""
        return self.mock.handle(replace(request, headers={HEADER: self.namespace, **request.headers}))

    def has_fault(self, kind: str) -> bool:
        """Whether a fault of the whole port is declared; those are the default namespace's."""
        return self.mock.namespace().faults.listening(kind, self.mock.clock.now()) is not None


class _Pools:
    """Connections by scheme and host."""

    def __init__(self, mock: Mock, namespace: str) -> None:
        self._mock, self._namespace = mock, namespace
        self._lock = threading.Lock()
        self._by_host: dict[tuple[str, str], _Pool] = {}

    def of(self, url: str) -> _Pool:
        """The pool for a URL's host."""
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        with self._lock:
            if key not in self._by_host:
                line = _Line(self._mock, self._namespace, parts.scheme == "https")
                self._by_host[key] = _Pool(parts.hostname or "", parts.port, maxsize=_CONNECTIONS, line=line)
            return self._by_host[key]


@contextmanager
def intercept(mock: Mock, namespace: str, more: Sequence[str] = ()) -> Iterator[None]:
    """Answer requests of `requests` to the vendors' hosts, and to those of more patterns, while the block runs."""
    pools = _Pools(mock, namespace)
    original = HTTPAdapter.get_connection_with_tls_context

    def get_connection(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        url = str(request.url)
        if is_vendors(urlsplit(url).hostname or "", more):
            return pools.of(url)
        return original(adapter, request, *args, **kwargs)

    HTTPAdapter.get_connection_with_tls_context = get_connection  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        HTTPAdapter.get_connection_with_tls_context = original  # type: ignore[method-assign]
