"""In place of the vendors' public hosts: what `requests` sends there is answered in this process, on no socket.

The seam is the connection under urllib3, so that all above it stays as it is with a real server: retries and Retry-After,
timeouts, the exceptions that `requests` makes of a broken answer.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from ..http1 import head, receive
from ..mock import Mock
from ..model import Request, Response
from ..steps.namespace import HEADER
from .hosts import is_vendors

Handle = Callable[[Request], Response]
_CONNECTIONS = 100


class _Wire:
    """What a connection takes for its socket: the bytes sent are answered once somebody reads."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._sent = bytearray()

    def sendall(self, data: Any) -> None:
        """Take bytes of a request."""
        self._sent += data

    def makefile(self, *_args: Any, **_kwargs: Any) -> io.BufferedIOBase:
        """The answer to what was sent, as a stream of bytes."""
        sent, self._sent = bytes(self._sent), bytearray()
        received = receive(io.BufferedReader(io.BytesIO(sent)), lambda _data: None)
        if received is None:
            return io.BytesIO()
        answer = self._handle(received.request)
        bare = received.request.method == "HEAD" or answer.status in (204, 304)
        return io.BytesIO(head(answer.status, answer.headers) + (b"" if bare else answer.body))

    def settimeout(self, seconds: float | None) -> None:
        """Nothing takes time here."""

    def shutdown(self, how: int = 0) -> None:
        """There is nothing to shut."""

    def close(self) -> None:
        """There is nothing to close."""


class _Connection(HTTPConnection):
    """A connection to the mock in this process."""

    def __init__(self, *args: Any, handle: Handle, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answer = handle

    def connect(self) -> None:
        """Take a wire for a socket."""
        self.sock: Any = _Wire(self._answer)

    @property
    def is_connected(self) -> bool:
        """Whether there is a wire: it never breaks between two requests."""
        return self.sock is not None


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


class _Pools:
    def __init__(self, mock: Mock, namespace: str) -> None:
        self._mock, self._namespace = mock, namespace
        self._lock = threading.Lock()
        self._by_host: dict[str, _Pool] = {}

    def of(self, url: str) -> _Pool:
        parts = urlsplit(url)
        with self._lock:
            if parts.netloc not in self._by_host:
                pool = _Pool(parts.hostname or "", parts.port, maxsize=_CONNECTIONS, handle=self._handle)
                self._by_host[parts.netloc] = pool
            return self._by_host[parts.netloc]

    def _handle(self, request: Request) -> Response:
        headers = {HEADER: self._namespace, **request.headers}
        return self._mock.handle(
            Request(request.method, request.path, request.query, headers, request.body, request.body_size)
        )


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
