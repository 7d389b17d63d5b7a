"""A request and its answer, as all modules use them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import unquote_to_bytes

from .record import record

_AUTHORITY = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@record
class Request:
    """An HTTP request.

    `path` is percent-decoded (bytes that are not UTF-8 become surrogates), `query` is raw, header names are in lower case.
    `body_size` is the announced Content-Length if the body was too large to be read. `segments` are set if a segment of the
    path holds a slash that was sent as `%2F`; otherwise the segments are `path` split at its slashes.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    body_size: int = 0
    segments: tuple[str, ...] = ()


@record
class RawRequest:
    """An HTTP request as it was received, before it is interpreted.

    Attributes:
        method: In capitals, as sent.
        target: The raw target of the request line: `/path?query`, or in absolute form.
        headers: Names and values as sent, in order, including doubled ones.
        body: Without its framing (chunks are joined); empty if it was larger than the server takes.
        body_size: The size that was announced or counted, in bytes, also of a body that was too large.
        keep_alive: Whether the connection goes on after the answer.
        http_1_0: Whether the client speaks HTTP/1.0.
    """

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    body_size: int = 0
    keep_alive: bool = True
    http_1_0: bool = False

    def __repr__(self) -> str:
        """A text without target, headers and body, because they may hold secrets."""
        return f"<RawRequest {self.method} of {len(self.headers)} headers and {self.body_size} bytes>"

    def header(self, name: bytes) -> bytes | None:
        """The first header with this name (in lower case), or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def request_from(raw: RawRequest, headers: Mapping[str, str] | None = None) -> Request:
    """The request as the steps read it: path percent-decoded, header names in lower case, values as Latin-1, doubled headers
    joined. `headers`: the result of `headers_from`, if the caller has it already."""
    path, query = split_target(raw.target)
    if headers is None:
        headers = headers_from(raw.headers)
    return Request(raw.method, path, query, headers, raw.body, raw.body_size, _segments(raw.target))


def headers_from(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by name in lower case, values as Latin-1; headers with the same name are joined (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            value = headers[name] + ("; " if name == "cookie" else ",") + value
        headers[name] = value
    return headers


def split_target(target: bytes) -> tuple[str, str]:
    """The percent-decoded path and the raw query of a request's target (in origin form or absolute form)."""
    path, _, query = origin_form(target).partition(b"?")
    return _text_of_bytes(unquote_to_bytes(path) if b"%" in path else path), _text_of_bytes(query)


def origin_form(target: bytes) -> bytes:
    """A request's target without scheme and host, as a client sends it to a server that is not a proxy."""
    if target[:1] != b"/" and (authority := _AUTHORITY.match(target)):
        target = target[authority.end() :]
        return target if target[:1] == b"/" else b"/" + target
    return target


def _segments(target: bytes) -> tuple[str, ...]:
    """The path's segments if one of them holds an encoded slash (`/a/b%2Fc` has two, not three); else ()."""
    if b"%2" not in target:
        return ()
    path = origin_form(target).partition(b"?")[0]
    if b"%2f" not in path.lower():
        return ()
    return tuple(_text_of_bytes(unquote_to_bytes(segment)) for segment in path.split(b"/"))


def _text_of_bytes(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


@record
class Delivery:
    """How an answer is to be sent, if not at once and complete.

    `delay`: real seconds to wait before; `fault`: how to break it, a key of `faults.kinds.KINDS`, or None; `seconds`: how
    long SLOW_DRIBBLE takes to send its `chunks`, or when HANG gives up (None: never).
    """

    delay: float = 0.0
    fault: str | None = None
    seconds: float | None = None
    chunks: int = 0


@record
class ServedFault:
    """The declared fault that an answer had: its number and its kind, such as `error:job-not-found` or `HANG`."""

    number: int
    kind: str


@record
class Response:
    """An HTTP answer.

    Attributes:
        status: The HTTP status; 0 for a fault that answers with no HTTP at all.
        headers: Names and values, in order.
        body: The body.
        problem: The line of `X-Mock-Problem`, if there is one.
        delivery: How to send it, if not simply: servers do that; direct callers of `Mock.handle` may read it.
        fault: The declared fault that it had.
        error: The name of the documented error that it is.
        wire: The whole answer as bytes, for a GET over HTTP/1.1 with keep-alive, if it was prepared.
        reason: The phrase after the status, if it isn't the standard one.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    problem: str | None = None
    delivery: Delivery | None = None
    fault: ServedFault | None = None
    error: str | None = None
    wire: bytes | None = field(default=None, repr=False, compare=False)
    reason: str | None = None

    def header(self, name: str) -> str | None:
        """The first header with this name, in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@record
class Caller:
    """The sender of a request: `kind` is `token`, `signature`, `app` or `anonymous`; `name` an access key, app key or user.

    `check_time` must be called for each request with the time (ms since 1970): it raises RequestProblem if the credential
    has expired. None: it never expires.
    """

    kind: str
    name: str = ""
    project: str = ""
    check_time: Callable[[int], None] | None = field(default=None, repr=False, compare=False)


ANONYMOUS = Caller("anonymous")


@record
class Answer:
    """The answer of a step: a status and a JSON body, without the common headers.

    `headers` are added to the common ones; an empty `content_type` sends none; `raw` is a body that is sent as it is;
    `error` is the name of the documented error, if it is one.

    `until` is when time alone changes the answer to the same request (ms since 1970; 0: it holds only at its own time).
    Until then, `body_at` makes the body for a time and a request's id; None: the body stays the same.
    """

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    problem: str | None = None
    raw: bytes | None = None
    error: str | None = None
    until: int = 0
    body_at: Callable[[int, str], Any] | None = field(default=None, repr=False, compare=False)
