"""What urllib3's connections read and write exactly: the client's own head goes out, and only whole heads come in."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Mapping
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from .headers import Header


class WrongAnswer(http.client.HTTPException):
    """What a service sent is not HTTP/1.1, or can be read in two ways."""


class RequestHead(dict[str, str]):
    """Target and headers as they go out: urllib3 would put the target into a form of its own, and group the headers.

    `timeout` is for how many seconds the service may take nothing of the body.
    """

    def __init__(self, target: str, headers: Iterable[Header], timeout: float) -> None:
        super().__init__()
        self.target, self.headers, self.timeout = target, list(headers), timeout

    def copy(self) -> RequestHead:
        """Another head with the same lines."""
        return RequestHead(self.target, self.headers, self.timeout)

    def update(self, others: Mapping[str, str]) -> None:  # type: ignore[override]  # urllib3 adds headers for a proxy so
        """Add headers at the end."""
        self.headers += others.items()


class _HeadReader:
    """A file whose last line is remembered: an empty one says that the connection ended within a head."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = self.file.readline(limit)
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class _FinalResponse(http.client.HTTPResponse):
    """Interim answers (103 and their kin) are overlooked; a head that is cut or malformed is an error."""

    def begin(self) -> None:
        reader = _HeadReader(self.fp)
        self.fp = reader  # type: ignore[assignment]
        super().begin()
        if self.fp is not None:
            self.fp = reader.file
        if not reader.last:
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
            if status in (100, 101) or status >= 200:  # http.client overlooks 100 by itself
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Connection(HTTPConnection):
    """What goes out is the `RequestHead`, and no header of anybody else's."""

    response_class = _FinalResponse

    def request(  # type: ignore[override]  # only urllib3's pools call it
        self, method: str, _url: str, body: Any, headers: RequestHead, **options: Any
    ) -> None:
        self._head = headers
        if self.is_closed:
            self.connect()
        self.timeout = headers.timeout  # so far it was that of connecting
        super().request(method, headers.target, body, {}, **options)

    def putheader(self, header: Any, *values: Any) -> None:
        """Nothing: urllib3 and http.client would add headers of their own."""

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
