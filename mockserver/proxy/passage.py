"""A request on its way through the proxy: what it is, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from ..model import Request
from .framing import Framing
from .upstream import Upstream
from .wire import Head, Malformed, Wire

KEPT = 32 * 1024 * 1024
"""How many bytes of a body are kept to be judged. Longer ones pass as well, unjudged."""


class Refused(Exception):
    """An answer of the proxy's own: `status`, a title, and what went wrong where, with advice."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


class Gone(Exception):
    """The client ended the connection, or what it sent was cut."""


@dataclass
class Kept:
    """A body as far as it is kept: `whole` is whether that is all of it."""

    data: bytearray = field(default_factory=bytearray)
    size: int = 0

    @property
    def whole(self) -> bool:
        """Whether all that came is kept."""
        return self.size == len(self.data)

    def add(self, data: bytes) -> None:
        """Keep these bytes, if the body is not too long already."""
        self.size += len(data)
        if len(self.data) + len(data) <= KEPT and self.whole_before(data):
            self.data += data

    def whole_before(self, data: bytes) -> bool:
        """Whether nothing was left out before these bytes."""
        return self.size - len(data) == len(self.data)


@dataclass
class Passage:
    """A request on its way: what came of it, as far as it came.

    `began` is when its head was read (monotonic seconds), `answered` when the answer's was (ms since 1970), `seconds` how
    long all took; `early` says that the service answered before it had the whole request, `cut` how its answer ended too
    soon.
    """

    head: Head
    method: str
    target: str
    framing: Framing
    upstream: Upstream
    began: float
    sent: Kept = field(default_factory=Kept)
    answer: Head | None = None
    status: int = 0
    received: Kept = field(default_factory=Kept)
    early: bool = False
    cut: str = ""
    answered: int = 0
    seconds: float = 0.0

    @property
    def old(self) -> bool:
        """Whether the client speaks HTTP/1.0."""
        return self.head.start.endswith(b"/1.0")

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        path = self.target.partition("?")[0].encode("latin-1")
        return unquote_to_bytes(path).decode("utf-8", "surrogateescape")

    def request(self) -> Request:
        """The request as the kit has it."""
        headers: dict[str, str] = {}
        for one in self.head.fields:
            name, value = one.name.decode("ascii"), one.value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        query = self.target.partition("?")[2]
        return Request(self.method, self.path, query, headers, bytes(self.sent.data), self.sent.size)


def parse_request(head: Head) -> tuple[str, str]:
    """Method and target (without scheme and host). Raises Malformed."""
    parts = head.start.split(b" ")
    if len(parts) != 3 or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0") or not parts[0].isascii():
        raise Malformed("the first line is not METHOD TARGET HTTP/1.1", 400)
    method, target = parts[0].decode("ascii"), parts[1].decode("latin-1")
    if method == "CONNECT":
        raise Malformed("CONNECT: this proxy stands for the service; give its URL as the endpoint, not as HTTPS_PROXY", 501)
    for scheme in ("http://", "https://"):
        if target.lower().startswith(scheme):
            target = "/" + target[len(scheme) :].partition("/")[2]
    if not target.startswith("/") and target != "*":
        raise Malformed("the target of the request is not a path", 400)
    return method, target


def status_of(head: Head) -> int:
    """The status of an answer. Raises Malformed."""
    parts = head.start.split(b" ", 2)
    if len(parts) < 2 or parts[0] not in (b"HTTP/1.1", b"HTTP/1.0") or not (len(parts[1]) == 3 and parts[1].isdigit()):
        raise Malformed("it begins with no status line")
    return int(parts[1])


def to_client(client: Wire, data: bytes | bytearray) -> None:
    """Write to the client. Raises Gone where it doesn't wait."""
    try:
        client.send(data)
    except OSError as error:
        raise Gone("the client ended the connection before it had the answer") from error
