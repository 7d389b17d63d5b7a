"""Faults as plain values: which requests they are for, when, and what happens to the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .patch import Step

GATEWAY = "gateway"
"""The fault is the answer: it comes from in front of the service, before anyone looks at credentials or parameters."""
NETWORK = "network"
"""The service answers as ever, whatever it has to say, and the answer breaks on its way."""
SERVICE = "service"
"""The service's own doing: only requests that are in order come that far."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A value of `fault=`: at which `stage`, whether only a server that holds the `socket` can do it, and what it does.

    A `listener` fault is about the whole port, not about one request.
    """

    stage: str
    socket: bool
    summary: str
    listener: bool = False


KINDS: Mapping[str, FaultKind] = {
    "EMPTY_RESPONSE": FaultKind(GATEWAY, True, "the connection is closed without a byte"),
    "MALFORMED_RESPONSE_CHUNK": FaultKind(GATEWAY, True, "200 and Transfer-Encoding: chunked, then garbage, then close"),
    "RANDOM_DATA_THEN_CLOSE": FaultKind(GATEWAY, True, "garbage instead of HTTP, then close"),
    "CONNECTION_RESET_BY_PEER": FaultKind(GATEWAY, True, "the connection is reset (RST) without a byte"),
    "HANG": FaultKind(GATEWAY, False, "no answer until the client gives up, the server stops or `limit` is over"),
    "CLOSE_MID_BODY": FaultKind(NETWORK, True, "half of the body, then a reset"),
    "SHORT_BODY": FaultKind(NETWORK, True, "the body, but Content-Length announces more; then close"),
    "TRUNCATED_JSON": FaultKind(NETWORK, False, "a complete HTTP answer whose JSON is cut in the middle"),
    "EMPTY_BODY": FaultKind(GATEWAY, False, "200 without a body"),
    "HTML_200": FaultKind(GATEWAY, False, "an HTML error page with status 200"),
    "WRONG_ENCODING": FaultKind(NETWORK, False, "charset=utf-8 is announced, but the body is no UTF-8"),
    "SLOW_DRIBBLE": FaultKind(NETWORK, False, "the body in `chunks` pieces over a `duration` of real time"),
    "CONNECTION_REFUSED": FaultKind(GATEWAY, True, "the port is closed, and open connections too", listener=True),
    "TLS_ERROR": FaultKind(GATEWAY, True, "a client that speaks TLS gets the alert handshake_failure", listener=True),
}
"""The values of `fault=`. The first four are WireMock's names."""


@dataclass(frozen=True, slots=True)
class Delay:
    """How long an answer takes more: `kind` is fixed (`low` seconds), uniform (`low` to `high`) or lognormal
    (`low` is the median in seconds, `high` sigma). `mock`: the mock's clock goes on by it, and nobody waits."""

    kind: str
    low: float
    high: float = 0.0
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """How many calls (`limit`) pass in each window of `per` milliseconds of the clock; `error` names what others get."""

    limit: int
    per: int
    error: str | None = None


@dataclass(frozen=True)
class Fault:
    """A fault as it was declared. What isn't part of it is None, or empty.

    `operations` are ids, `match` the values that parameters must have; `after`, `times`, `share` (0 to 1) and `window`
    (milliseconds of the clock, the end excluded) say when. `fields` are what the user wrote. `retry_after` is the header's
    text, or True: what is left of the quota's window. `seconds` is SLOW_DRIBBLE's duration, or HANG's limit.
    """

    target: str
    kind: str
    stage: str
    operations: frozenset[str]
    match: Mapping[str, str]
    fields: Mapping[str, Any]
    after: int = 0
    times: int | None = None
    share: float | None = None
    window: tuple[int | None, int | None] = (None, None)
    error: str | None = None
    status: int | None = None
    retry_after: str | bool | None = None
    quota: Quota | None = None
    delay: Delay | None = None
    fault: str | None = None
    seconds: float | None = None
    chunks: int = 0
    patch: tuple[Step, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = ""
    listener: bool = False

    def open_at(self, now: int) -> bool:
        """Whether its window is open at this time, in milliseconds."""
        begin, end = self.window
        return (begin is None or now >= begin) and (end is None or now < end)
