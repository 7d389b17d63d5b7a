"""One end of a connection: bytes read into a buffer, heads of HTTP/1.x messages kept as they were written.

Source: RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass

HEAD_LIMIT = 256 * 1024
_PIECE = 65_536
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Malformed(Exception):
    """What was read is not HTTP/1.x, or can be read in two ways. `status` is what a server answers to such a request."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Field:
    """A header: its name in lower case, its value, and the line as it was written."""

    name: bytes
    value: bytes
    line: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a message: its first line and its headers, in order."""

    start: bytes
    fields: tuple[Field, ...]

    def values(self, name: bytes) -> list[bytes]:
        """The values of all headers of this (lower-case) name."""
        return [field.value for field in self.fields if field.name == name]

    def tokens(self, name: bytes) -> list[bytes]:
        """The comma-separated members of these headers, in lower case."""
        parts = (part.strip().lower() for value in self.values(name) for part in value.split(b","))
        return [part for part in parts if part]


class Wire:
    """A socket with a buffer in front. `before_fill` is called before it waits for bytes."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        sock.settimeout(timeout)
        with contextlib.suppress(OSError):  # a pair of sockets has no TCP
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.buffer = bytearray()
        self.before_fill: Callable[[], None] | None = None
        self.received = 0

    def fill(self) -> bool:
        """Wait for more bytes; False at the end. Raises OSError."""
        if self.before_fill:
            self.before_fill()
        return self._take(self.sock.recv(_PIECE))

    def poll(self) -> bool | None:
        """Take what is there without waiting: True more, False the end, None nothing. Raises OSError."""
        timeout = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            return self._take(self.sock.recv(_PIECE))
        except (BlockingIOError, ssl.SSLWantReadError):  # TLS has messages of its own, which hold no bytes of ours
            return None
        finally:
            self.sock.settimeout(timeout)

    def _take(self, data: bytes) -> bool:
        self.buffer += data
        self.received += len(data)
        return bool(data)

    def some(self, limit: int = _PIECE) -> bytes:
        """At least one byte and at most `limit`; nothing at the end."""
        if not self.buffer and not self.fill():
            return b""
        data = bytes(self.buffer[: min(limit, _PIECE)])
        del self.buffer[: len(data)]
        return data

    def line(self, limit: int) -> bytes:
        """The next line without its end; Malformed where it is longer, EOFError where there is none."""
        start = 0
        while (end := self.buffer.find(b"\n", start)) < 0:
            start = len(self.buffer)
            if start > limit:
                raise Malformed(f"a line is longer than {limit} bytes", 431)
            if not self.fill():
                raise EOFError
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        if len(line) > limit:
            raise Malformed(f"a line is longer than {limit} bytes", 431)
        return line.rstrip(b"\r\n")

    def send(self, data: bytes | bytearray) -> None:
        """Write all of it. Raises OSError."""
        self.sock.sendall(data)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):  # it is gone already
            self.sock.close()

    def shut(self) -> None:
        """End the connection from another thread: whoever waits for it wakes up."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def read_head(wire: Wire) -> Head | None:
    """The next head; None where the connection ends before it begins. Raises Malformed, OSError, EOFError in its midst."""
    left = HEAD_LIMIT
    start = b""
    while not start:  # empty lines before a message are overlooked
        if not wire.buffer and not wire.fill():
            return None
        start = wire.line(left)
    left -= len(start)
    lines: list[bytes] = []
    while line := wire.line(left):
        left -= len(line) + 2
        if left < 0:
            raise Malformed(f"the headers are larger than {HEAD_LIMIT} bytes", 431)
        if line[:1] in b" \t" and lines:
            lines[-1] += b" " + line.strip(b" \t")  # RFC 9112, 5.2: a folded line is unfolded before it is passed on
        else:
            lines.append(line)
    return Head(start, tuple(map(_field, lines)))


def _field(line: bytes) -> Field:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name):
        raise Malformed("a header line has no name, or one with characters that no name has")
    if b"\0" in value or b"\r" in value:
        raise Malformed(f"the header {name.decode('ascii')} holds a control character")
    return Field(name.lower(), value.strip(b" \t"), line)


def field(name: str, value: str) -> Field:
    """A header of ours."""
    return Field(name.lower().encode(), value.encode("latin-1"), f"{name}: {value}".encode("latin-1"))


def head_bytes(start: bytes, fields: Iterable[Field]) -> bytes:
    """A head as it goes over the wire."""
    return b"\r\n".join([start, *(one.line for one in fields), b"", b""])
