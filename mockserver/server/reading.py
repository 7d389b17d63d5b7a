"""Requests from a stream of bytes: llhttp reads them; what it can't know is checked here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

import httptools

from ..model import RawRequest

LINE_LIMIT = 64 * 1024
"""Of a target or a header, in bytes: what is longer than a gateway takes, but not by far, is for the handler to refuse."""
HEAD_LIMIT = 256 * 1024
HEADERS_LIMIT = 256
TLS = b"\x16"
"""What a TLS client's first record begins with (RFC 8446, 5.1)."""
_START = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ \t\r\n]+) (HTTP/1\.[01])\r\n")
_HIGH = re.compile(rb"[\x80-\xff]")
_METHODS: dict[bytes, str] = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Bytes that are no request that the server takes: the `status` to answer with, and the `detail`, one line."""

    status: int
    detail: str


class Sink(Protocol):
    """What a reader tells of what it read."""

    def request_read(self, request: RawRequest) -> None:
        """A request is whole, or its body is too large."""

    def body_awaited(self) -> None:
        """The client waits for `100 Continue` before it sends its body."""

    def refused(self, refusal: Refusal) -> None:
        """What came is not a request, and nothing more can be read."""


class _Refused(Exception):
    """Raised to stop the parser: the refusal, if there is one."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        super().__init__()
        self.refusal = refusal


class RequestReader:
    """Reads the requests of one connection.

    Args:
        sink: Gets each request.
        body_limit: The largest body that is kept, in bytes. Of a larger one only the size is given, `keep_alive` is False,
            and nothing after it is read.
    """

    __slots__ = (
        "_body",
        "_body_limit",
        "_events",
        "_expects",
        "_fed",
        "_headers",
        "_in_head",
        "_length",
        "_method",
        "_parser",
        "_resuming",
        "_sink",
        "_size",
        "_target",
        "in_message",
        "over",
    )  # fmt: skip

    def __init__(self, sink: Sink, body_limit: int) -> None:
        self._sink = sink
        self._body_limit = body_limit
        self._parser: Any = httptools.HttpRequestParser(self)
        self._resuming = False
        self._method = ""
        self._events = 0
        self.over = False
        self._clear()
        self.in_message = False

    def feed(self, data: bytes) -> None:
        """Read what came."""
        if self.over:
            return
        try:
            self._feed(data)
        except _Refused as stop:
            self.over = True
            if stop.refusal:
                self._sink.refused(stop.refusal)

    def end(self) -> None:
        """The client sends no more: a request that is not whole is refused."""
        if self.over or not self.in_message:
            return
        self.over = True
        if not self._in_head:
            whole = f" of {self._length}" if self._length else ""
            self._sink.refused(Refusal(400, f"the body ends after {self._size}{whole} bytes"))
        elif self._headers:
            self._sink.refused(Refusal(400, "the request ends within its headers"))

    def _feed(self, data: bytes) -> None:
        before = self._events if not self.in_message else -1
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._refuse_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            assert error.__context__ is not None
            raise error.__context__ from None
        except httptools.HttpParserError as error:
            if self.over:  # the client said that it would send no more
                return
            translated = self._translated(data) if self._events == before else None
            if translated is None:
                raise _Refused(_refusal(error, data)) from None
            self._feed(translated)
        if self._in_head and self.in_message:
            self._fed += len(data)
            _limit(self._fed, HEAD_LIMIT, "the headers are")

    def _refuse_upgrade(self, rest: bytes) -> None:
        """Go on in HTTP/1.1 with a client that offered another protocol. Its body, if any, was not read yet."""
        self._parser = httptools.HttpRequestParser(self)
        if self.in_message:
            self._resuming = True
            size = b"Content-Length: %d" % self._length if self._length else b"Transfer-Encoding: chunked"
            self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % size)
        if rest:
            self._feed(rest)

    def _translated(self, data: bytes) -> bytes | None:
        """A request as llhttp takes it, which knows a list of methods and no raw UTF-8 in a target."""
        match = _START.match(data)
        if match is None or self._method:
            return None
        method, target, version = match.groups()
        if target[:1] not in (b"/", b"*") and b"://" not in target:
            return None
        self._parser = httptools.HttpRequestParser(self)
        self._method = method.decode("ascii")
        target = _HIGH.sub(lambda byte: b"%%%02X" % byte[0][0], target)
        return b"POST %b %b\r\n%b" % (target, version, data[match.end() :])

    # What the parser calls

    def on_message_begin(self) -> None:
        """A request begins."""
        if not self._resuming:
            self._clear()

    def _clear(self) -> None:
        self.in_message = self._in_head = True
        self._expects = False
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._fed = self._size = self._length = 0

    def on_url(self, part: bytes) -> None:
        """The target, or a part of it."""
        if not self._resuming:
            self._target += part
            _limit(len(self._target), LINE_LIMIT, "the target is")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if self._in_head and not self._resuming:  # else a trailer
            _limit(len(name) + len(value), LINE_LIMIT, "a header is")
            if len(self._headers) == HEADERS_LIMIT:
                raise _Refused(Refusal(431, f"there are more than {HEADERS_LIMIT} headers"))
            self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The end of the head."""
        if self._resuming:
            return
        chunked = self._check_head()
        self._in_head = False
        if self._length > self._body_limit:
            self._give_up(self._length)
        if self._expects and (self._length or chunked):
            self._sink.body_awaited()

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._size += len(part)
        if self._size > self._body_limit:
            self._give_up(self._size)
        self._body.append(part)

    def on_message_complete(self) -> None:
        """The end of the request."""
        if self._parser.should_upgrade() and self._has_body():
            return  # llhttp believes that another protocol follows: see _refuse_upgrade
        keep_alive = self._parser.should_keep_alive()
        self._tell(keep_alive)
        if not keep_alive:
            self.over = True

    def _has_body(self) -> bool:
        return self._length > 0 or any(name.lower() == b"transfer-encoding" for name, _ in self._headers)

    def _give_up(self, size: int) -> None:
        self._body, self._size = [], size
        self._tell(keep_alive=False)
        raise _Refused

    def _tell(self, keep_alive: bool) -> None:
        allowed = self._parser.get_method()
        method = self._method or _METHODS.get(allowed) or _METHODS.setdefault(allowed, allowed.decode("ascii"))
        self.in_message = self._resuming = False
        self._method = ""
        self._events += 1
        old = self._parser.get_http_version() == "1.0"
        body = b"".join(self._body)
        self._sink.request_read(RawRequest(method, self._target, tuple(self._headers), body, self._size, keep_alive, old))

    def _check_head(self) -> bool:
        """Read what the head says of the body; whether it comes in chunks. Raises _Refused."""
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise _Refused(Refusal(505, "the version is not HTTP/1.1 or HTTP/1.0"))
        hosts = total = 0
        chunked = False
        for name, value in self._headers:
            total += len(name) + len(value)
            lower = name.lower()
            if lower == b"host":
                hosts += 1
            elif lower == b"content-length":
                self._length = int(value)
            elif lower == b"transfer-encoding":
                chunked = True
                if value.lower() != b"chunked":
                    raise _Refused(Refusal(501, f"Transfer-Encoding is {value[:40].decode('latin-1')!a}; allowed: chunked"))
            elif lower == b"expect":
                self._expects = value.lower() == b"100-continue"
        _limit(total, HEAD_LIMIT, "the headers are")
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            reported = "was sent twice" if hosts else "is missing, which HTTP/1.1 needs"
            raise _Refused(Refusal(400, f"the header Host {reported}"))
        return chunked


class _One:
    """Keeps the one request that is read."""

    request: RawRequest | None = None

    def request_read(self, request: RawRequest) -> None:
        self.request = request

    def body_awaited(self) -> None:
        pass

    def refused(self, refusal: Refusal) -> None:
        raise ValueError(refusal.detail)


def whole_request(data: bytes, body_limit: int) -> RawRequest:
    """The request that these bytes are. Raises ValueError where they are none, or not the whole of one."""
    sink = _One()
    reader = RequestReader(sink, body_limit)
    reader.feed(data)
    reader.end()
    if sink.request is None:
        raise ValueError("the request is not whole")
    return sink.request


def _limit(size: int, limit: int, what: str) -> None:
    if size > limit:
        raise _Refused(Refusal(431, f"{what} larger than {limit} bytes"))


def _refusal(error: httptools.HttpParserError, data: bytes) -> Refusal:
    """What to say of bytes that llhttp doesn't take."""
    if data[:1] == TLS:
        return Refusal(400, "the client speaks TLS, but this port speaks plain HTTP: use http://")
    words = str(error)
    if "HTTP version" in words or re.match(rb"[^\r\n]* HTTP/[02-9]\S*\r?\n", data):
        return Refusal(505, "the version is not HTTP/1.1 or HTTP/1.0")
    line = data.partition(b"\n")[0][:80].decode("latin-1")
    return Refusal(400, f"what came is no HTTP/1.1 request ({words}); it begins with {line!a}")
