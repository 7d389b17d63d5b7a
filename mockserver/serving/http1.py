"""HTTP/1.1 on the wire: requests from a stream of bytes, answers to bytes (RFC 9112). For the threaded server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote_to_bytes

from ..model import Request
from ..steps.route import BODY_LIMIT

LINE_LIMIT = 64 * 1024
"""Of one line, in bytes: what is longer than a gateway takes, but not by far, is for the mock to refuse."""
HEAD_LIMIT = 256 * 1024

_START = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ \t\r\n]+) HTTP/1\.([01])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
TLS = b"\x16"
"""What a TLS client's first record begins with (RFC 8446, 5.1)."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Unreadable(Exception):
    """Bytes that are no HTTP request: the `status` to answer with (400, or a nearer one), and the `detail`, one line."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class SpeaksTls(Unreadable):
    """The client greets in TLS."""

    def __init__(self) -> None:
        super().__init__("the client speaks TLS, but this port speaks plain HTTP: use http://")


class Stream(Protocol):
    """What requests are read from: a buffered file of bytes."""

    def readline(self, size: int = ..., /) -> bytes: ...

    def read(self, size: int = ..., /) -> bytes: ...

    def peek(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. `keep_alive`: the client wants to go on; `drained`: its body was read to the end."""

    request: Request
    keep_alive: bool
    drained: bool
    old: bool


def receive(stream: Stream, send: Callable[[bytes], object]) -> Received | None:
    """The next request; None where the client has none any more.

    `send` takes the answer `100 Continue`, where the client waits for it before it sends its body. A body larger than the
    gateway's limit isn't read: only its size is told. Raises Unreadable for what is no request, OSError of the stream.
    """
    if stream.peek(1)[:1] == TLS:  # before a line is read: there is none
        raise SpeaksTls
    start = _line(stream)
    for _ in range(8):  # RFC 9112, 2.2: empty lines before a request are to be ignored
        if start is None or start:
            break
        start = _line(stream)
    if start is None:
        return None
    match = _START.fullmatch(start)
    if match is None:
        raise _bad_start(start)
    method, target, minor = match.groups()
    headers = _headers(stream)
    old = minor == b"0"
    if not old and "host" not in headers:
        raise Unreadable("an HTTP/1.1 request needs the header Host")
    body, size, drained = _body(stream, headers, send)
    path, query = _place(target)
    request = Request(method.decode("ascii"), path, query, headers, body, size)
    return Received(request, drained and _keeps(headers, old), drained, old)


def _line(stream: Stream) -> bytes | None:
    line = stream.readline(LINE_LIMIT + 1)
    if not line.endswith(b"\n"):
        if len(line) > LINE_LIMIT:
            raise Unreadable(f"a line is longer than {LINE_LIMIT} bytes", 431)
        return None  # the client is gone
    return line[:-2] if line.endswith(b"\r\n") else line[:-1]


def _bad_start(line: bytes) -> Unreadable:
    if re.fullmatch(rb".* HTTP/[02-9]\S*", line, re.DOTALL):
        return Unreadable("the version is not HTTP/1.1 or HTTP/1.0", 505)
    return Unreadable(f"the request line is {line[:80].decode('latin-1')!a}; allowed: METHOD TARGET HTTP/1.1")


def _headers(stream: Stream) -> dict[str, str]:
    found: dict[str, str] = {}
    left = HEAD_LIMIT
    while line := _line(stream):
        left -= len(line)
        if left < 0:
            raise Unreadable(f"the headers are larger than {HEAD_LIMIT} bytes", 431)
        match = _FIELD.fullmatch(line)
        if match is None or b"\r" in line or b"\0" in line:
            raise Unreadable(f"a header is {line[:80].decode('latin-1')!a}; allowed: NAME: VALUE")
        name, value = match[1].decode("ascii").lower(), match[2].decode("latin-1")
        if name in found:
            if name in ("content-length", "host", "transfer-encoding"):
                raise Unreadable(f"the header {name} was sent twice")
            value = found[name] + ("; " if name == "cookie" else ",") + value
        found[name] = value
    if line is None:
        raise Unreadable("the request ends within its headers")
    return found


def _body(stream: Stream, headers: dict[str, str], send: Callable[[bytes], object]) -> tuple[bytes, int, bool]:
    """The body, its size, and whether it was read to the end."""
    coding, announced = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is None and announced is None:
        return b"", 0, True
    size = 0
    if coding is not None:
        if announced is not None:
            raise Unreadable("the request has both Content-Length and Transfer-Encoding")
        if coding.lower() != "chunked":
            raise Unreadable(f"Transfer-Encoding is {coding[:40]!a}; allowed: chunked", 501)
    else:
        if not (announced and announced.isascii() and announced.isdecimal()):
            raise Unreadable(f"Content-Length is {(announced or '')[:40]!a}; allowed: a number of bytes")
        size = int(announced.lstrip("0")[:20] or "0")
        if size > BODY_LIMIT:
            return b"", size, False
    if headers.get("expect", "").lower() == "100-continue":
        send(_CONTINUE)
    if coding is not None:
        return _chunks(stream)
    body = stream.read(size)
    if len(body) < size:
        raise Unreadable(f"the body ends after {len(body)} of {size} bytes")
    return body, size, True


def _chunks(stream: Stream) -> tuple[bytes, int, bool]:
    parts: list[bytes] = []
    size = 0
    while True:
        line = _line(stream)
        match = None if line is None else _CHUNK.fullmatch(line)
        if match is None:
            raise Unreadable("a chunk of the body has no size, or the body ends within it")
        wanted = int(match[1], 16)
        if wanted == 0:
            break
        size += wanted
        if size > BODY_LIMIT:
            return b"", size, False
        part = stream.read(wanted)
        if len(part) < wanted or stream.readline(3) not in (b"\r\n", b"\n"):
            raise Unreadable("a chunk of the body is longer or shorter than its size says")
        parts.append(part)
    _headers(stream)  # trailers
    return b"".join(parts), size, True


def _place(target: bytes) -> tuple[str, str]:
    """Path, percent-decoded, and query, raw; of a target in absolute form, those after the authority."""
    if target[:1] != b"/" and (match := _ABSOLUTE.match(target)):
        target = target[match.end() :]
        target = target if target[:1] == b"/" else b"/" + target
    path, _, query = target.partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    return path.decode("utf-8", "surrogateescape"), query.decode("utf-8", "surrogateescape")


def _keeps(headers: dict[str, str], old: bool) -> bool:
    asked = headers.get("connection")
    if asked is None:
        return not old
    options = {option.strip() for option in asked.lower().split(",")}
    return "keep-alive" in options if old else "close" not in options


def head(status: int | str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of an answer, up to and with the empty line. `status` is a number, or a whole line of WSGI's."""
    line = status if isinstance(status, str) else f"{status} {phrase(status)}"
    lines = [f"HTTP/1.1 {line}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def phrase(status: int) -> str:
    """The usual words for a status."""
    return _PHRASES.get(status, "Error")
