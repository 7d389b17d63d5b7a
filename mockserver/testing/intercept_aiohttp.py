"""In place of the vendors' public hosts, for aiohttp: what it sends there is answered in this process, on no socket.

The seam is the connection that a connector makes: aiohttp's own protocol, on a transport that leads to the mock.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from .in_process import Line, Wire

_LENGTH = re.compile(rb"^content-length:[ \t]*(\d+)", re.I | re.M)
_CHUNKED = re.compile(rb"^transfer-encoding:.*chunked", re.I | re.M)


def is_whole(sent: bytes) -> bool:
    """Whether these bytes are a whole request, as aiohttp sends them."""
    head, end, body = sent.partition(b"\r\n\r\n")
    if not end:
        return False
    if _CHUNKED.search(head):
        return body.endswith(b"0\r\n\r\n")
    length = _LENGTH.search(head)
    return len(body) >= (int(length[1]) if length else 0)


class _Transport(asyncio.Transport):
    """Takes what aiohttp writes, and gives its protocol the answer."""

    def __init__(self, line: Line, protocol: ResponseHandler, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._wire = Wire(line.handle)
        self._protocol, self._loop = protocol, loop
        self._sent = bytearray()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    def write(self, data: Any) -> None:
        """Take bytes; a whole request is answered."""
        self._sent += data
        if is_whole(bytes(self._sent)):
            sent, self._sent = bytes(self._sent), bytearray()
            self._task = self._loop.create_task(self._answer_request(sent))

    async def _answer_request(self, sent: bytes) -> None:
        self._wire.sendall(sent)
        try:
            answer = await asyncio.to_thread(self._wire.answer)
        except TimeoutError:
            return  # it hangs: the client's own timeout ends it
        except OSError as error:
            self._lose(error)
            return
        self._protocol.data_received(answer.read())
        self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        if not self._closed:
            self._closed = True
            self._loop.call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Close it."""
        if self._task is not None:
            self._task.cancel()
        self._lose(None)

    abort = close

    def pause_reading(self) -> None:
        """There is one answer, and it comes as a whole."""

    def resume_reading(self) -> None:
        """There is one answer, and it comes as a whole."""


def _error_of(line: Line, request: Any) -> Exception | None:
    """What a faulty port lets a client see."""
    key = request.connection_key
    if line.has_fault("TLS_ERROR") and request.is_ssl():
        return aiohttp.ClientConnectorSSLError(key, ssl.SSLError(ssl.SSL_ERROR_SSL, "sslv3 alert handshake failure"))
    if line.has_fault("CONNECTION_REFUSED"):
        return aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "Connection refused"))
    return None


def patches(line: Line, is_intercepted: Callable[[str], bool]) -> Iterable[tuple[Any, str, Any]]:
    """What takes the place of a connector's way to make connections: owner, name, function."""
    create = aiohttp.TCPConnector._create_connection

    async def create_connection(self: aiohttp.TCPConnector, req: Any, *args: Any, **kwargs: Any) -> ResponseHandler:
        if not is_intercepted(req.url.raw_host or ""):
            return await create(self, req, *args, **kwargs)
        if (error := _error_of(line, req)) is not None:
            raise error
        loop = asyncio.get_running_loop()
        protocol = ResponseHandler(loop=loop)
        protocol.connection_made(_Transport(line, protocol, loop))
        return protocol

    return [(aiohttp.TCPConnector, "_create_connection", create_connection)]
