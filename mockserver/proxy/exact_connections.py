"""urllib3 connections that send the client's own head unchanged, and accept only complete heads of answers."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Mapping
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from .headers import Header


class WrongAnswer(http.client.HTTPException):
    """A service's answer is not HTTP/1.1, or is ambiguous."""


class RequestHead(dict[str, str]):
    """Target and headers exactly as they are sent: urllib3 would normalize the target, and group the headers.

    `timeout`: for how many seconds the service may stop reading the body.
    """

    def __init__(self, target: str, headers: Iterable[Header], timeout: float) -> None:
        super().__init__()
        self.target, self.headers, self.timeout = target, list(headers), timeout

    def copy(self) -> RequestHead:
        """A copy of the head."""
        return RequestHead(self.target, self.headers, self.timeout)

    def update(self, others: Mapping[str, str]) -> None:  # type: ignore[override]  # urllib3 calls it to add headers for a proxy
        """Add headers at the end."""
        self.headers += others.items()


class _HeadReader:
    """A file that remembers its last line: if that is empty, the connection ended inside a head."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.last_line = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last_line = self.file.readline(limit)
        return self.last_line

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class _FinalResponse(http.client.HTTPResponse):
    """Skips interim answers (such as 103), and raises for a head that is cut or malformed."""

    def begin(self) -> None:
        reader = _HeadReader(self.fp)
        self.fp = reader  # type: ignore[assignment]
        super().begin()
        if self.fp is not None:
            self.fp = reader.file
        if not reader.last_line:
            raise http.client.RemoteDisconnected("before it answered")
        if self.msg.defects:
            raise WrongAnswer("a header line has no name, or one with characters that no name has")
        lengths = {part.strip() for value in self.msg.get_all("content-length", []) for part in value.split(",")}
        if len(lengths) > 1 or not all(length.isascii() and length.isdecimal() for length in lengths):
            raise WrongAnswer("Content-Length is not one number")

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            try:
                version, status, reason = super()._read_status()  # type: ignore[misc]
            except http.client.RemoteDisconnected:
                raise http.client.RemoteDisconnected("without an answer") from None
            except (http.client.UnknownProtocol, http.client.BadStatusLine):
                raise WrongAnswer("it begins with no status line") from None
            if status in (100, 101) or status >= 200:  # http.client skips 100 by itself
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Connection(HTTPConnection):
    """Sends the `RequestHead`, and no other headers."""

    response_class = _FinalResponse

    def request(  # type: ignore[override]  # only urllib3's pools call it
        self, method: str, _url: str, body: Any, headers: RequestHead, **options: Any
    ) -> None:
        self._head = headers
        if self.is_closed:
            self.connect()
        self.timeout = headers.timeout  # before, it was the timeout for connecting
        super().request(method, headers.target, body, {}, **options)

    def putheader(self, header: Any, *values: Any) -> None:
        """Do nothing: urllib3 and http.client would add headers of their own."""

    def endheaders(self, *arguments: Any, **options: Any) -> None:
        for name, value in self._head.headers:
            super().putheader(name, value)
        super().endheaders(*arguments, **options)

    def _encode_request(self, request: str) -> bytes:
        return request.encode("latin-1")


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class ExactHTTPPool(urllib3.HTTPConnectionPool):
    """Connections that send the client's own head."""

    ConnectionCls = _Connection  # type: ignore[assignment]  # urllib3 declares a protocol that its own class misses


class ExactHTTPSPool(urllib3.HTTPSConnectionPool):
    """Connections that send the client's own head, through TLS."""

    ConnectionCls = _TLSConnection  # type: ignore[assignment]
