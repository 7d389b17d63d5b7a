"""In place of the vendors' public hosts, for httpx: what it sends there is answered in this process, on no socket.

The seam is the network under httpcore, so that all above it stays as it is with a real server.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import anyio.to_thread
import httpcore
import httpx

from .in_process import Line, Wire

_REFUSED = "[Errno 111] Connection refused"
_RESET = "[Errno 104] Connection reset by peer"
_ALERT = "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure"


@contextmanager
def _as_httpcore() -> Iterator[None]:
    """Raise what httpcore makes of an error of a socket."""
    try:
        yield
    except TimeoutError as error:
        raise httpcore.ReadTimeout(str(error)) from error
    except OSError as error:
        raise httpcore.ReadError(str(error)) from error


class _Talk:
    """What goes over one connection: both kinds of stream have it."""

    def __init__(self, line: Line) -> None:
        self._line, self._wire = line, Wire(line.handle)
        self._answer: io.BytesIO | None = None

    def send(self, data: bytes) -> None:
        self._answer = None
        self._wire.sendall(data)

    def receive(self, most: int, timeout: float | None) -> bytes:
        if self._answer is None:
            self._wire.settimeout(timeout)
            with _as_httpcore():
                self._answer = self._wire.answer()
        data = self._answer.read(most)
        if not data and self._wire.was_reset:
            raise httpcore.ReadError(_RESET)
        return data

    def check_tls(self) -> None:
        if self._line.has_fault("TLS_ERROR"):
            raise httpcore.ConnectError(_ALERT)

    def info(self, name: str) -> Any:
        return self._line.has_fault("CONNECTION_REFUSED") if name == "is_readable" else None


class _Stream(httpcore.NetworkStream):
    def __init__(self, line: Line) -> None:
        self._talk = _Talk(line)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._talk.receive(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - httpcore's signature
        self._talk.send(buffer)

    def close(self) -> None:
        """There is nothing to close."""

    def start_tls(self, *_args: Any, **_kwargs: Any) -> httpcore.NetworkStream:
        self._talk.check_tls()
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._talk.info(info)


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, line: Line) -> None:
        self._talk = _Talk(line)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await anyio.to_thread.run_sync(self._talk.receive, max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._talk.send(buffer)

    async def aclose(self) -> None:
        """There is nothing to close."""

    async def start_tls(self, *_args: Any, **_kwargs: Any) -> httpcore.AsyncNetworkStream:
        self._talk.check_tls()
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._talk.info(info)


def _check_port(line: Line) -> None:
    if line.has_fault("CONNECTION_REFUSED"):
        raise httpcore.ConnectError(_REFUSED)


class _Network(httpcore.NetworkBackend):
    def __init__(self, line: Line) -> None:
        self._line = line

    def connect_tcp(self, host: str, port: int, *_args: Any, **_kwargs: Any) -> httpcore.NetworkStream:  # noqa: ARG002
        _check_port(self._line)
        return _Stream(self._line)


class _AsyncNetwork(httpcore.AsyncNetworkBackend):
    def __init__(self, line: Line) -> None:
        self._line = line

    async def connect_tcp(self, host: str, port: int, *_args: Any, **_kwargs: Any) -> httpcore.AsyncNetworkStream:  # noqa: ARG002
        _check_port(self._line)
        return _AsyncStream(self._line)


def patches(line: Line, is_intercepted: Callable[[str], bool]) -> Iterable[tuple[Any, str, Any]]:
    """What takes the place of httpx's transports: owner, name, function."""
    sync, asynchronous = httpx.HTTPTransport, httpx.AsyncHTTPTransport
    send, send_async = sync.handle_request, asynchronous.handle_async_request
    twins: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def twin(transport: Any, pool: Any) -> Any:
        if transport not in twins:
            twins[transport] = object.__new__(sync if isinstance(transport, sync) else asynchronous)
            twins[transport]._pool = pool
        return twins[transport]

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if is_intercepted(request.url.host):
            return send(twin(self, httpcore.ConnectionPool(network_backend=_Network(line))), request)
        return send(self, request)

    async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if is_intercepted(request.url.host):
            return await send_async(twin(self, httpcore.AsyncConnectionPool(network_backend=_AsyncNetwork(line))), request)
        return await send_async(self, request)

    return [(sync, "handle_request", handle_request), (asynchronous, "handle_async_request", handle_async_request)]
