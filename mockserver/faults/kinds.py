"""The kinds of faults: what each answers, what it makes of an answer, and how that is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..model import Answer, Delivery, Response
from . import delivery
from .delivery import Action, Send
from .page import page
from .response_headers import with_headers

GATEWAY = "gateway"
"""The fault is the answer: it comes from in front of the service, before anyone looks at credentials or parameters."""
NETWORK = "network"
"""The service answers as ever, whatever it has to say, and the answer breaks on its way."""
SERVICE = "service"
"""The service's own doing: only requests that are in order come that far."""

_BEYOND = 1_000
_MALFORMED = b"\xff\xfe"


def _nothing(_noise: bytes) -> Answer:
    return Answer(0, None, raw=b"")


def _unchanged(response: Response) -> Response:
    return response


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A value of `fault=`.

    Attributes:
        stage: Where it comes from: `GATEWAY` or `NETWORK`.
        summary: What it does.
        answer: Of a gateway's fault: its answer, from 512 bytes of noise. Status 0 is no HTTP at all.
        mangle: What it makes of an answer that is sent.
        send: How that is sent.
        socket: Whether only a server that holds the connection can do it.
        listener: Whether it is about the whole port, not about one request.
        options: The members that it has beside `type`.
    """

    stage: str
    summary: str
    answer: Callable[[bytes], Answer] = _nothing
    mangle: Callable[[Response], Response] = _unchanged
    send: Send = delivery.whole
    socket: bool = False
    listener: bool = False
    options: tuple[str, ...] = ()

    @property
    def has_headers(self) -> bool:
        """Whether its answer has headers that a test can add to."""
        return self.stage == NETWORK or (self.answer is not _nothing and not self.socket)


def _failed_late(response: Response) -> Response:
    answer = page(500)
    body = answer.raw or b""
    kept = tuple(header for header in response.headers if header[0].lower() in ("date", "connection"))
    length, kind = ("Content-Length", str(len(body))), ("Content-Type", answer.content_type)
    return replace(response, status=500, headers=(*kept, *answer.headers, kind, length), body=body, error=None)


def _chunked(response: Response) -> Response:
    headers = tuple(header for header in response.headers if header[0] != "Content-Length")
    return replace(response, headers=(*headers, ("Transfer-Encoding", "chunked")))


def _shorter_body(response: Response) -> Response:
    return _with_body(response, response.body, len(response.body) + _BEYOND)


def _cut(response: Response) -> Response:
    half = len(response.body) // 2
    return _with_body(response, response.body[:half], half)


def _not_utf8(response: Response) -> Response:
    """The response with two bytes in its first string value that no UTF-8 has."""
    wrong = response.body + _MALFORMED
    for mark in (b':"', b'"'):
        before, separator, after = response.body.partition(mark)
        if separator:
            wrong = before + separator + _MALFORMED + after
            break
    kind = (response.header("Content-Type") or "application/json").partition(";")[0]
    return _with_body(response, wrong, len(wrong), (("Content-Type", f"{kind}; charset=utf-8"),))


def _with_body(response: Response, body: bytes, length: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    changed = with_headers(response.headers, (*headers, ("Content-Length", str(length))))
    return replace(response, body=body, headers=changed)


KINDS: Mapping[str, FaultKind] = {
    "EMPTY_RESPONSE": FaultKind(GATEWAY, "the connection is closed without a byte", send=delivery.close, socket=True),
    "MALFORMED_RESPONSE_CHUNK": FaultKind(
        GATEWAY, "200 and Transfer-Encoding: chunked, then garbage, then close",
        lambda noise: Answer(200, None, raw=noise), _chunked, delivery.last, socket=True,
    ),
    "RANDOM_DATA_THEN_CLOSE": FaultKind(
        GATEWAY, "garbage instead of HTTP, then close",
        lambda noise: Answer(0, None, raw=noise), send=delivery.bare, socket=True,
    ),
    "CONNECTION_RESET_BY_PEER": FaultKind(
        GATEWAY, "the connection is reset (RST) without a byte", send=delivery.reset, socket=True
    ),
    "HANG": FaultKind(
        GATEWAY, "no answer until the client gives up, the server stops or `limit` is over",
        send=delivery.hang, options=("limit",),
    ),
    "CLOSE_MID_BODY": FaultKind(NETWORK, "half of the body, then a reset", send=delivery.half, socket=True),
    "SHORT_BODY": FaultKind(
        NETWORK, "the body, but Content-Length announces more; then close",
        mangle=_shorter_body, send=delivery.last, socket=True,
    ),
    "TRUNCATED_JSON": FaultKind(NETWORK, "a complete HTTP answer whose JSON is cut in the middle", mangle=_cut),
    "LATE_500": FaultKind(
        NETWORK, "the service does its work, and the answer is the gateway's HTML page with status 500", mangle=_failed_late
    ),
    "EMPTY_BODY": FaultKind(GATEWAY, "200 without a body", lambda _noise: Answer(200, None, raw=b"")),
    "HTML_200": FaultKind(GATEWAY, "an HTML error page with status 200", lambda _noise: page(200, "502 Bad Gateway")),
    "WRONG_ENCODING": FaultKind(NETWORK, "charset=utf-8 is announced, but the body is no UTF-8", mangle=_not_utf8),
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


def script(head: bytes, body: bytes, plan: Delivery) -> Iterator[Action]:
    """What to do, in order, to deliver this answer by this plan."""
    if plan.delay:
        yield delivery.Wait(plan.delay)
    send = KINDS[plan.fault].send if plan.fault else delivery.whole
    yield from send(head, body, plan)
