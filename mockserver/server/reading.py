"""Reads requests from a stream of bytes: llhttp parses them, and this module checks the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

import httptools

from ..model import RawRequest

LINE_LIMIT = 64 * 1024
"""The longest target or header, in bytes; a gateway takes less, but then the handler refuses the request."""
HEAD_LIMIT = 256 * 1024
HEADERS_LIMIT = 256
TLS = b"\x16"
"""The first byte of a TLS client (RFC 8446, 5.1)."""
_START = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ \t\r\n]+) (HTTP/1\.[01])\r\n")
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_METHODS: dict[bytes, str] = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why bytes are not a request that the server takes: the `status` to answer with, and the `detail` in one line."""

    status: int
    detail: str


class Sink(Protocol):
    """Gets the requests that a reader has read."""

    def request_read(self, request: RawRequest) -> None:
        """A request is complete, or its body is too large."""

    def body_awaited(self) -> None:
        """The client waits for `100 Continue` before it sends its body."""

    def request_refused(self, refusal: Refusal) -> None:
        """The bytes are not a request, and nothing more can be read."""


class _Refused(Exception):
    """Stops the parser, with the refusal if there is one."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        super().__init__()
        self.refusal = refusal


class RequestReader:
    """Reads the requests of one connection.

    Args:
        sink: Gets each request.
        body_limit: The largest body that is read, in bytes. A request with a larger one has only its size, its `keep_alive`
            is False, and nothing after it is read.
    """

    __slots__ = (
        "_announced_length",
        "_awaits_continue",
        "_body",
        "_body_limit",
        "_body_size",
        "_fed_size",
        "_headers",
        "_in_head",
        "_is_resuming",
        "_method",
        "_parser",
        "_request_count",
        "_sink",
        "_target",
        "in_message",
        "is_over",
    )  # fmt: skip

    def __init__(self, sink: Sink, body_limit: int) -> None:
        self._sink = sink
        self._body_limit = body_limit
        self._parser: Any = httptools.HttpRequestParser(self)
        self._is_resuming = False
        self._method = ""
        self._request_count = 0
        self.is_over = False
        self._clear()
        self.in_message = False

    def feed(self, data: bytes) -> None:
        """Read bytes from the client."""
        if self.is_over:
            return
        try:
            self._feed(data)
        except _Refused as stop:
            self.is_over = True
            if stop.refusal:
                self._sink.request_refused(stop.refusal)

    def end(self) -> None:
        """The client has sent everything: an incomplete request is refused."""
        if self.is_over or not self.in_message:
            return
        self.is_over = True
        if not self._in_head:
            expected_size = f" of {self._announced_length}" if self._announced_length else ""
            self._sink.request_refused(Refusal(400, f"the body ends after {self._body_size}{expected_size} bytes"))
        elif self._headers:
            self._sink.request_refused(Refusal(400, "the request ends within its headers"))

    def _feed(self, data: bytes) -> None:
        before = self._request_count if not self.in_message else -1
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._refuse_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            assert error.__context__ is not None
            raise error.__context__ from None
        except httptools.HttpParserError as error:
            if self.is_over:  # the client had announced that this was its last request
                return
            translated = self._translate_for_parser(data) if self._request_count == before else None
            if translated is None:
                raise _Refused(_refusal(error, data)) from None
            self._feed(translated)
        if self._in_head and self.in_message:
            self._fed_size += len(data)
            _check_limit(self._fed_size, HEAD_LIMIT, "the headers are")

    def _refuse_upgrade(self, rest: bytes) -> None:
        """Go on in HTTP/1.1 with a client that offered another protocol. Its body, if it has one, was not read yet."""
        self._parser = httptools.HttpRequestParser(self)
        if self.in_message:
            self._is_resuming = True
            length_header = (
                b"Content-Length: %d" % self._announced_length if self._announced_length else b"Transfer-Encoding: chunked"
            )
            self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % length_header)
        if rest:
            self._feed(rest)

    def _translate_for_parser(self, data: bytes) -> bytes | None:
        """The request in a form that llhttp accepts: it knows only some methods, and no raw UTF-8 in a target."""
        match = _START.match(data)
        if match is None or self._method:
            return None
        method, target, version = match.groups()
        if target[:1] not in (b"/", b"*") and b"://" not in target:
            return None
        self._parser = httptools.HttpRequestParser(self)
        self._method = method.decode("ascii")
        target = _NON_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], target)
        return b"POST %b %b\r\n%b" % (target, version, data[match.end() :])

    # Called by the parser

    def on_message_begin(self) -> None:
        """A request begins."""
        if not self._is_resuming:
            self._clear()

    def _clear(self) -> None:
        self.in_message = self._in_head = True
        self._awaits_continue = False
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._fed_size = self._body_size = self._announced_length = 0

    def on_url(self, part: bytes) -> None:
        """The target, or a part of it."""
        if not self._is_resuming:
            self._target += part
            _check_limit(len(self._target), LINE_LIMIT, "the target is")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if self._in_head and not self._is_resuming:  # otherwise it is a trailer
            _check_limit(len(name) + len(value), LINE_LIMIT, "a header is")
            if len(self._headers) == HEADERS_LIMIT:
                raise _Refused(Refusal(431, f"there are more than {HEADERS_LIMIT} headers"))
            self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The end of the head."""
        if self._is_resuming:
            return
        chunked = self._check_head()
        self._in_head = False
        if self._announced_length > self._body_limit:
            self._end_with_large_body(self._announced_length)
        if self._awaits_continue and (self._announced_length or chunked):
            self._sink.body_awaited()

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._body_size += len(part)
        if self._body_size > self._body_limit:
            self._end_with_large_body(self._body_size)
        self._body.append(part)

    def on_message_complete(self) -> None:
        """The end of the request."""
        if self._parser.should_upgrade() and self._has_body():
            return  # llhttp assumes that another protocol follows: see _refuse_upgrade
        keep_alive = self._parser.should_keep_alive()
        self._pass_on(keep_alive)
        if not keep_alive:
            self.is_over = True

    def _has_body(self) -> bool:
        return self._announced_length > 0 or any(name.lower() == b"transfer-encoding" for name, _ in self._headers)

    def _end_with_large_body(self, size: int) -> None:
        self._body, self._body_size = [], size
        self._pass_on(keep_alive=False)
        raise _Refused

    def _pass_on(self, keep_alive: bool) -> None:
        parser_method = self._parser.get_method()
        method = (
            self._method or _METHODS.get(parser_method) or _METHODS.setdefault(parser_method, parser_method.decode("ascii"))
        )
        self.in_message = self._is_resuming = False
        self._method = ""
        self._request_count += 1
        is_http_1_0 = self._parser.get_http_version() == "1.0"
        body = b"".join(self._body)
        self._sink.request_read(
            RawRequest(method, self._target, tuple(self._headers), body, self._body_size, keep_alive, is_http_1_0)
        )

    def _check_head(self) -> bool:
        """Read what the headers say about the body; returns True if it comes in chunks. Raises _Refused."""
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise _Refused(Refusal(505, "the version is not HTTP/1.1 or HTTP/1.0"))
        host_count = total_size = 0
        chunked = False
        for name, value in self._headers:
            total_size += len(name) + len(value)
            lower_name = name.lower()
            if lower_name == b"host":
                host_count += 1
            elif lower_name == b"content-length":
                self._announced_length = int(value)
            elif lower_name == b"transfer-encoding":
                chunked = True
                if value.lower() != b"chunked":
                    raise _Refused(Refusal(501, f"Transfer-Encoding is {value[:40].decode('latin-1')!a}; allowed: chunked"))
            elif lower_name == b"expect":
                self._awaits_continue = value.lower() == b"100-continue"
        _check_limit(total_size, HEAD_LIMIT, "the headers are")
        if host_count > 1 or (host_count == 0 and version == "1.1"):
            mistake = "was sent twice" if host_count else "is missing, which HTTP/1.1 needs"
            raise _Refused(Refusal(400, f"the header Host {mistake}"))
        return chunked


class _SingleRequestSink:
    """Holds the request that was read."""

    request: RawRequest | None = None

    def request_read(self, request: RawRequest) -> None:
        self.request = request

    def body_awaited(self) -> None:
        pass

    def request_refused(self, refusal: Refusal) -> None:
        raise ValueError(refusal.detail)


def complete_request(data: bytes, body_limit: int) -> RawRequest:
    """The request in these bytes. Raises ValueError if they are not exactly one complete request."""
    sink = _SingleRequestSink()
    reader = RequestReader(sink, body_limit)
    reader.feed(data)
    reader.end()
    if sink.request is None:
        raise ValueError("the request is not whole")
    return sink.request


def _check_limit(size: int, limit: int, subject: str) -> None:
    if size > limit:
        raise _Refused(Refusal(431, f"{subject} larger than {limit} bytes"))


def _refusal(error: httptools.HttpParserError, data: bytes) -> Refusal:
    """The refusal of bytes that llhttp doesn't accept."""
    if data[:1] == TLS:
        return Refusal(400, "the client speaks TLS, but this port speaks plain HTTP: use http://")
    parser_message = str(error)
    if "HTTP version" in parser_message or re.match(rb"[^\r\n]* HTTP/[02-9]\S*\r?\n", data):
        return Refusal(505, "the version is not HTTP/1.1 or HTTP/1.0")
    line = data.partition(b"\n")[0][:80].decode("latin-1")
    return Refusal(400, f"what came is no HTTP/1.1 request ({parser_message}); it begins with {line!a}")
