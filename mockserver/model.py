"""A request and its answer, whatever door they come through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RawRequest:
    """An HTTP request as it came.

    Args:
        method: The method, as sent.
        target: The request target, as sent: percent-encoded, with its query; in absolute form, too.
        headers: (name, value) of each header line, in order, as sent, without the blanks around a value.
        body: The whole body; empty where it was too large to be read.
        size: The body's size in bytes, also where it was too large to be read.
    """

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = field(default=b"", repr=False)
    size: int = 0


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a door is to send an answer, where it isn't sent at once and whole.

    `delay`: real seconds to wait before; `fault`: how to break it, a name of `faults.model.KINDS`, or None; `seconds`: over
    how long SLOW_DRIBBLE sends its `chunks`, or after how long HANG gives up (None: never).
    """

    delay: float = 0.0
    fault: str | None = None
    seconds: float | None = None
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class ServedFault:
    """Which declared fault an answer had: its number, and what it is called, such as `error:job-not-found` or `HANG`."""

    number: int
    kind: str


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer. `problem` is the line of `X-Mock-Problem`, where there is one; `error` the documented error's name.

    `delivery` says how to send it where it isn't simply sent: doors carry it out, direct callers of `Mock.handle` look at
    it. `fault` is the declared fault that it had. Status 0 is what a fault has that answers with no HTTP at all. `wire` is
    the whole answer as bytes, as a GET on a connection that is kept alive gets it; empty where it isn't prepared.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    problem: str | None = None
    delivery: Delivery | None = None
    fault: ServedFault | None = None
    error: str | None = None
    wire: bytes = field(default=b"", repr=False, compare=False)

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its case; None where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a step found to say: a status and a JSON body, before headers.

    `headers` come on top of the usual ones; an empty `content_type` is none; `raw` is a body sent as it is; `error` is
    the name of the documented error that it is, if it is one.
    """

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    problem: str | None = None
    raw: bytes | None = None
    error: str | None = None
