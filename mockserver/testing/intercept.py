"""In place of the vendors' public hosts: what clients send there is answered in this process, on no socket.

The seam is the connection under urllib3, so that all above it stays as it is with a real server: retries and Retry-After,
timeouts, the exceptions that `requests` makes of a broken answer. Where nothing can go wrong and nobody retries, urllib3 has
nothing to do, and `direct.py` answers in its place.
"""

from __future__ import annotations

import errno
import os
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from queue import LifoQueue
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from ..mock import Mock
from ..when_imported import when_imported
from .direct import direct_answer
from .hosts import is_vendors
from .in_process import Line, Wire


class _Connection(HTTPConnection):
    """A connection to the mock in this process. `line` is what it goes over."""

    def __init__(self, *args: Any, line: Line, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line

    def connect(self) -> None:
        """Take a wire for a socket. Raises what a faulty port raises: NewConnectionError, ssl.SSLError."""
        if self._line.has_fault("TLS_ERROR") and self._line.tls:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "sslv3 alert handshake failure")
        if self._line.has_fault("CONNECTION_REFUSED"):
            raise NewConnectionError(self, f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}")
        self.sock: Any = Wire(self._line.handle)

    @property
    def is_connected(self) -> bool:
        """Whether there is a wire, and the port is still open."""
        return self.sock is not None and not self._line.has_fault("CONNECTION_REFUSED")


class _Unlimited(LifoQueue[Any]):
    """Connections at rest, however many: urllib3 fills a queue of its own with a place for each one that there may be."""

    def __init__(self, _size: int) -> None:
        super().__init__()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection
    QueueCls = _Unlimited  # type: ignore[assignment]  # urllib3 declares its own queue, and makes any


class InProcessAdapter(HTTPAdapter):
    """A transport adapter for `requests`: all that it is given is answered by the mock, in a namespace.

    `session.mount("https://", InProcessAdapter(mock, "default"))`.
    """

    def __init__(self, mock: Mock, namespace: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pools = _Pools(Line(mock, namespace, tls=True))

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """The mock's answer."""
        answer = direct_answer(self, request, self._pools.line)
        return super().send(request, *args, **kwargs) if answer is None else answer

    def get_connection_with_tls_context(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Any:
        """The pool of connections for a request's host."""
        return self._pools.of(str(request.url))


class _Pools:
    """Connections by scheme and host, over a line."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._lock = threading.Lock()
        self._by_host: dict[tuple[str, str], _Pool] = {}

    def of(self, url: str) -> _Pool:
        """The pool for a URL's host."""
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        with self._lock:
            if key not in self._by_host:
                line = replace(self.line, tls=parts.scheme == "https")
                self._by_host[key] = _Pool(parts.hostname or "", parts.port, line=line)
            return self._by_host[key]


def _requests_patches(line: Line, is_intercepted: Callable[[str], bool]) -> list[tuple[Any, str, Any]]:
    pools = _Pools(line)
    original, original_send = HTTPAdapter.get_connection_with_tls_context, HTTPAdapter.send

    def send(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        answer = direct_answer(adapter, request, line) if is_intercepted(_host(request)) else None
        return original_send(adapter, request, *args, **kwargs) if answer is None else answer

    def get_connection(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        if is_intercepted(_host(request)):
            return pools.of(str(request.url))
        return original(adapter, request, *args, **kwargs)

    return [(HTTPAdapter, "get_connection_with_tls_context", get_connection), (HTTPAdapter, "send", send)]


def _host(request: PreparedRequest) -> str:
    return urlsplit(str(request.url)).hostname or ""


@contextmanager
def intercept(mock: Mock, namespace: str, more: Sequence[str] = ()) -> Iterator[None]:
    """Answer what `requests`, httpx and aiohttp send to the vendors' hosts, while the block runs.

    Args:
        mock: Answers it.
        namespace: The namespace of requests that name none.
        more: Patterns of more hosts.
    """

    def is_intercepted(host: str) -> bool:
        return is_vendors(host, more)

    line = Line(mock, namespace, tls=True)
    with ExitStack() as undo:
        _patch(undo, _requests_patches(line, is_intercepted))
        for client in ("httpx", "aiohttp"):  # whoever has them imports them, before or in the block
            undo.callback(when_imported(client, partial(_patch_client, undo, client, line, is_intercepted)))
        yield


def _patch_client(undo: ExitStack, client: str, line: Line, is_intercepted: Callable[[str], bool]) -> None:
    module = import_module(f".intercept_{client}", __package__)
    _patch(undo, module.patches(line, is_intercepted))


def _patch(undo: ExitStack, patches: Iterable[tuple[Any, str, Any]]) -> None:
    for owner, name, function in patches:
        undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, function)
