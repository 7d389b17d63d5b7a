"""Where a message's body ends, and its bytes as they come: passed on as they are, and seen without their framing.

Source: RFC 9112, sections 6 and 7 (message body, transfer codings); RFC 9110, section 7.6.1 (hop-by-hop headers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .wire import HEAD_LIMIT, Field, Head, Malformed, Wire

_LINE = 16 * 1024
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;.*)?")
_HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"}
_FRAMING = {b"content-length", b"transfer-encoding", b"host"}


@dataclass(frozen=True, slots=True)
class Framing:
    """How a body ends: `none`, after a `length`, `chunked`, or when the connection does (`close`)."""

    kind: str
    length: int = 0


NONE = Framing("none")


class Cut(Exception):
    """The connection ended before the body did."""


def of_request(head: Head) -> Framing:
    """How a request's body ends. Raises Malformed where two readers could read it differently."""
    coding = head.tokens(b"transfer-encoding")
    if coding:
        if head.values(b"content-length"):
            raise Malformed("both Content-Length and Transfer-Encoding were sent")
        if coding[-1] != b"chunked" or b"chunked" in coding[:-1]:
            raise Malformed("the last Transfer-Encoding is not chunked", 501)
        return Framing("chunked")
    return _length(head) or NONE


def of_response(head: Head, method: str, status: int) -> Framing:
    """How an answer's body ends. Raises Malformed for lengths that contradict each other."""
    if method == "HEAD" or status < 200 or status in (204, 304):
        return NONE
    coding = head.tokens(b"transfer-encoding")
    if coding:
        return Framing("chunked" if coding[-1] == b"chunked" else "close")
    return _length(head) or Framing("close")


def _length(head: Head) -> Framing | None:
    lengths = {part.strip() for value in head.values(b"content-length") for part in value.split(b",")}
    if not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch(rb"\d{1,18}", (one := lengths.pop())):
        raise Malformed("Content-Length is not one number")
    return Framing("length", int(one))


def end_to_end(head: Head, coded: bool = False) -> list[Field]:
    """The headers that are passed on. `coded`: the body is chunked, and a Content-Length beside that means nothing."""
    named = set(head.tokens(b"connection")) - _FRAMING
    gone = _HOP_BY_HOP | named | ({b"content-length"} if coded else set())
    return [field for field in head.fields if field.name not in gone]


def pieces(wire: Wire, framing: Framing) -> Iterator[tuple[bytes, bytes]]:
    """The body as (bytes on the wire, bytes of the body). Raises Cut, Malformed, OSError."""
    if framing.kind == "length":
        yield from _counted(wire, framing.length)
    elif framing.kind == "chunked":
        yield from _chunks(wire)
    elif framing.kind == "close":
        while data := wire.some():
            yield data, data


def _counted(wire: Wire, length: int) -> Iterator[tuple[bytes, bytes]]:
    left = length
    while left:
        data = wire.some(left)
        if not data:
            raise Cut(f"after {length - left} of {length} bytes")
        left -= len(data)
        yield data, data


def _chunks(wire: Wire) -> Iterator[tuple[bytes, bytes]]:
    read = 0
    try:
        while True:
            line = wire.line(_LINE)
            match = _CHUNK.fullmatch(line)
            if match is None:
                raise Malformed("a chunk does not begin with its length")
            size = int(match[1], 16)
            yield line + b"\r\n", b""
            if not size:
                break
            for data, _ in _counted(wire, size):
                read += len(data)
                yield data, data
            if wire.line(2):
                raise Malformed("a chunk is longer than its length")
            yield b"\r\n", b""
        left = HEAD_LIMIT
        while line := wire.line(left):  # trailers
            left -= len(line)
            yield line + b"\r\n", b""
        yield b"\r\n", b""
    except (EOFError, Cut):
        raise Cut(f"after {read} bytes, before the last chunk") from None
