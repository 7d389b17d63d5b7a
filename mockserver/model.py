"""A request and its answer, whatever door they come through."""

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

    `path` is percent-decoded (bytes that are not UTF-8 stand in it as surrogates), `query` is raw, header names are in
    lower case. `body_size` is what Content-Length announced, where the body was too large to be read. `segments` are the
    path's, where one of them holds a slash that was sent as `%2F`; else they are `path` split at its slashes.
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
    """An HTTP request as it came, before anybody made anything of it.

    Attributes:
        method: In capitals, as sent.
        target: What the request line asks for, raw: `/path?query`, or in absolute form.
        headers: Names and values as sent, in their order, doubled ones too.
        body: Without its framing (chunks are joined); empty where it was larger than the server takes.
        body_size: The size that was announced or counted, in bytes, also of a body that was too large to be kept.
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
        """Without target, headers and body: they hold secrets."""
        return f"<RawRequest {self.method} of {len(self.headers)} headers and {self.body_size} bytes>"

    def header(self, name: bytes) -> bytes | None:
        """The first header of this name, given in lower case; None where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def request_from(raw: RawRequest, headers: Mapping[str, str] | None = None) -> Request:
    """The request as the steps read it: percent-decoded path, header names in lower case, values as latin-1, doubled
    headers joined. `headers` are those of `headers_from`, where the caller has them already."""
    path, query = split_target(raw.target)
    if headers is None:
        headers = headers_from(raw.headers)
    return Request(raw.method, path, query, headers, raw.body, raw.body_size, _segments(raw.target))


def headers_from(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in lower case, values as latin-1; those of the same name are joined (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            value = headers[name] + ("; " if name == "cookie" else ",") + value
        headers[name] = value
    return headers


def split_target(target: bytes) -> tuple[str, str]:
    """The path, percent-decoded, and the query, raw, of a request's target, in origin form or absolute form."""
    path, _, query = origin_form(target).partition(b"?")
    return _text_of_bytes(unquote_to_bytes(path) if b"%" in path else path), _text_of_bytes(query)


def origin_form(target: bytes) -> bytes:
    """A request's target without scheme and host, as a server gets it from a client that takes it for no proxy."""
    if target[:1] != b"/" and (authority := _AUTHORITY.match(target)):
        target = target[authority.end() :]
        return target if target[:1] == b"/" else b"/" + target
    return target


def _segments(target: bytes) -> tuple[str, ...]:
    """The path's segments, where one of them holds an encoded slash: `/a/b%2Fc` is of two, not three."""
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
    """How a door is to send an answer, where it isn't sent at once and whole.

    `delay`: real seconds to wait before; `fault`: how to break it, a name of `faults.kinds.KINDS`, or None; `seconds`: over
    how long SLOW_DRIBBLE sends its `chunks`, or after how long HANG gives up (None: never).
    """

    delay: float = 0.0
    fault: str | None = None
    seconds: float | None = None
    chunks: int = 0


@record
class ServedFault:
    """Which declared fault an answer had: its number, and what it is called, such as `error:job-not-found` or `HANG`."""

    number: int
    kind: str


@record
class Response:
    """An HTTP answer. `problem` is the line of `X-Mock-Problem`, where there is one; `error` the documented error's name.

    `delivery` says how to send it where it isn't simply sent: doors carry it out, direct callers of `Mock.handle` look at
    it. `fault` is the declared fault that it had. Status 0 is what a fault has that answers with no HTTP at all. `wire` is
    the whole answer as HTTP/1.1 has it for a GET on a connection that is kept, where somebody prepared it; `reason` the
    phrase after the status, where it isn't the usual one.
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
        """The first header of this name, whatever its case; None where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@record
class Caller:
    """Who sent the request: `kind` is `token`, `signature`, `app` or `anonymous`, `name` an access key, app key or user.

    `check_time` is what is to be looked at each time that the request comes: it raises RequestProblem where the credential
    has expired by then (milliseconds). None: it is good for ever.
    """

    kind: str
    name: str = ""
    project: str = ""
    check_time: Callable[[int], None] | None = field(default=None, repr=False, compare=False)


ANONYMOUS = Caller("anonymous")


@record
class Answer:
    """What a step found to say: a status and a JSON body, before headers.

    `headers` come on top of the usual ones; an empty `content_type` sends none; `raw` is a body sent as it is; `error` is
    the name of the documented error that it is, if it is one.

    `until` is when the same request gets another answer, as far as time alone decides (milliseconds; 0: it holds at its
    own time only). `body_at` makes the body that it has meanwhile at a time, for a request's id; None: the body stays.
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
