"""What is done with a connection to deliver an answer as a fault wants it: a script, for whoever holds the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ..model import Delivery

HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")
"""A TLS record: alert, fatal, handshake_failure (RFC 8446, 6; 5.1 for the record)."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing, for so many real seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing, until the client gives up, the server stops, or so many real seconds are over (None: never)."""

    seconds: float | None


class End(Enum):
    """How a connection ends: in order (FIN), or reset (RST)."""

    CLOSE = "close"
    RESET = "reset"


Action = bytes | Wait | Hang | End
"""Bytes are sent. A script that has no `End` leaves the connection open for the next request."""
Break = Callable[[bytes, bytes, Delivery], Iterator[Action]]


def script(head: bytes, body: bytes, plan: Delivery) -> Iterator[Action]:
    """What to do, in order, to deliver this answer by this plan."""
    if plan.delay:
        yield Wait(plan.delay)
    yield from _BREAKS[plan.fault](head, body, plan)


def _whole(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    yield head + body


def _dribbled(head: bytes, body: bytes, plan: Delivery) -> Iterator[Action]:
    yield head
    for index in range(plan.chunks):
        yield Wait((plan.seconds or 0.0) / plan.chunks)
        yield body[len(body) * index // plan.chunks : len(body) * (index + 1) // plan.chunks]


def _hung(_head: bytes, _body: bytes, plan: Delivery) -> Iterator[Action]:
    yield Hang(plan.seconds)
    yield End.CLOSE


def _empty(_head: bytes, _body: bytes, _plan: Delivery) -> Iterator[Action]:
    yield End.CLOSE


def _reset(_head: bytes, _body: bytes, _plan: Delivery) -> Iterator[Action]:
    yield End.RESET


def _half(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    yield head + body[: len(body) // 2]
    yield End.RESET


def _bare(_head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    yield body
    yield End.CLOSE


def _last(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    yield head + body
    yield End.CLOSE


_BREAKS: Mapping[str | None, Break] = {
    None: _whole,
    "SLOW_DRIBBLE": _dribbled,
    "HANG": _hung,
    "EMPTY_RESPONSE": _empty,
    "CONNECTION_RESET_BY_PEER": _reset,
    "CLOSE_MID_BODY": _half,
    "RANDOM_DATA_THEN_CLOSE": _bare,
    "MALFORMED_RESPONSE_CHUNK": _last,
    "SHORT_BODY": _last,
}
