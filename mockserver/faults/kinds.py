"""The kinds of faults: what each one answers, how it changes an answer, and how that is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..model import Answer, Delivery, Response
from . import delivery
from .delivery import Action, Send
from .page import page
from .response_headers import with_headers

GATEWAY = "gateway"
"""The fault itself answers, in front of the service, before credentials and parameters are checked."""
NETWORK = "network"
"""The service answers as usual, and the answer breaks on its way."""
SERVICE = "service"
"""The fault is in the service itself, so only requests that are in order get it."""

_MISSING_BYTES = 1_000
_MALFORMED = b"\xff\xfe"


def _empty_answer(_noise: bytes) -> Answer:
    return Answer(0, None, raw=b"")


def _unchanged(response: Response) -> Response:
    return response


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: a value of `fault=`.

    Attributes:
        stage: Where it happens: `GATEWAY` or `NETWORK`.
        summary: What it does, in words.
        answer: For a fault of the gateway: makes its answer, from 512 bytes of noise. Status 0 is no HTTP at all.
        mangle: Changes the answer before it is sent.
        send: How the answer is sent.
        socket: True if it needs a server that holds the connection.
        listener: True if it is about the whole port, not about one request.
        options: The members that it may have beside `type`.
    """

    stage: str
    summary: str
    answer: Callable[[bytes], Answer] = _empty_answer
    mangle: Callable[[Response], Response] = _unchanged
    send: Send = delivery.send_all
    socket: bool = False
    listener: bool = False
    options: tuple[str, ...] = ()

    @property
    def has_headers(self) -> bool:
        """True if its answer has headers, so that a test can add to them."""
        return self.stage == NETWORK or (self.answer is not _empty_answer and not self.socket)


def _as_gateway_page(response: Response) -> Response:
    answer = page(500)
    body = answer.raw or b""
    kept_headers = tuple(header for header in response.headers if header[0].lower() in ("date", "connection"))
    length, media_type = ("Content-Length", str(len(body))), ("Content-Type", answer.content_type)
    return replace(response, status=500, headers=(*kept_headers, *answer.headers, media_type, length), body=body, error=None)


def _with_chunked_header(response: Response) -> Response:
    headers = tuple(header for header in response.headers if header[0] != "Content-Length")
    return replace(response, headers=(*headers, ("Transfer-Encoding", "chunked")))


def _with_too_long_length(response: Response) -> Response:
    return _with_body(response, response.body, len(response.body) + _MISSING_BYTES)


def _cut_body(response: Response) -> Response:
    half = len(response.body) // 2
    return _with_body(response, response.body[:half], half)


def _with_invalid_utf8(response: Response) -> Response:
    """The response with two bytes in its first string value that are never valid in UTF-8."""
    body = response.body + _MALFORMED
    for mark in (b':"', b'"'):
        before, separator, after = response.body.partition(mark)
        if separator:
            body = before + separator + _MALFORMED + after
            break
    media_type = (response.header("Content-Type") or "application/json").partition(";")[0]
    return _with_body(response, body, len(body), (("Content-Type", f"{media_type}; charset=utf-8"),))


def _with_body(response: Response, body: bytes, length: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    changed = with_headers(response.headers, (*headers, ("Content-Length", str(length))))
    return replace(response, body=body, headers=changed)


KINDS: Mapping[str, FaultKind] = {
    "EMPTY_RESPONSE": FaultKind(GATEWAY, "the connection is closed without a byte", send=delivery.close, socket=True),
    "MALFORMED_RESPONSE_CHUNK": FaultKind(
        GATEWAY, "200 and Transfer-Encoding: chunked, then garbage, then close",
        lambda noise: Answer(200, None, raw=noise), _with_chunked_header, delivery.send_and_close, socket=True,
    ),
    "RANDOM_DATA_THEN_CLOSE": FaultKind(
        GATEWAY, "garbage instead of HTTP, then close",
        lambda noise: Answer(0, None, raw=noise), send=delivery.send_without_head, socket=True,
    ),
    "CONNECTION_RESET_BY_PEER": FaultKind(
        GATEWAY, "the connection is reset (RST) without a byte", send=delivery.reset, socket=True
    ),
    "HANG": FaultKind(
        GATEWAY, "no answer until the client gives up, the server stops or `limit` is over",
        send=delivery.hang, options=("limit",),
    ),
    "CLOSE_MID_BODY": FaultKind(NETWORK, "half of the body, then a reset", send=delivery.send_half, socket=True),
    "SHORT_BODY": FaultKind(
        NETWORK, "the body, but Content-Length announces more; then close",
        mangle=_with_too_long_length, send=delivery.send_and_close, socket=True,
    ),
    "TRUNCATED_JSON": FaultKind(NETWORK, "a complete HTTP answer whose JSON is cut in the middle", mangle=_cut_body),
    "LATE_500": FaultKind(
        NETWORK, "the service does its work, and the answer is the gateway's HTML page with status 500",
        mangle=_as_gateway_page,
    ),
    "EMPTY_BODY": FaultKind(GATEWAY, "200 without a body", lambda _noise: Answer(200, None, raw=b"")),
    "HTML_200": FaultKind(GATEWAY, "an HTML error page with status 200", lambda _noise: page(200, "502 Bad Gateway")),
    "WRONG_ENCODING": FaultKind(NETWORK, "charset=utf-8 is announced, but the body is no UTF-8", mangle=_with_invalid_utf8),
    "SLOW_DRIBBLE": FaultKind(
        NETWORK, "the body in `chunks` pieces over a `duration` of real time",
        send=delivery.dribble, options=("chunks", "duration"),
    ),
    "CONNECTION_REFUSED": FaultKind(
        GATEWAY, "the port is closed, and open connections too", socket=True, listener=True
    ),
    "TLS_ERROR": FaultKind(
        GATEWAY, "a client that speaks TLS gets the alert handshake_failure", socket=True, listener=True
    ),
}  # fmt: skip
"""The values of `fault=`. The first four are WireMock's names."""


def delivery_actions(head: bytes, body: bytes, plan: Delivery) -> Iterator[Action]:
    """The actions that deliver this answer as the plan says, in order."""
    if plan.delay:
        yield delivery.Wait(plan.delay)
    send = KINDS[plan.fault].send if plan.fault else delivery.send_all
    yield from send(head, body, plan)
