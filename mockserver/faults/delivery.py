"""How an answer is sent, step by step, for whoever holds the connection: the server's, or the one in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ..model import Delivery


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
Send = Callable[[bytes, bytes, Delivery], Iterator[Action]]
"""Sends the head and the body of an answer as a plan says."""


def whole(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """All of it, and the connection stays open."""
    yield head + body


def dribble(head: bytes, body: bytes, plan: Delivery) -> Iterator[Action]:
    """The head, then the body in pieces."""
    yield head
    for index in range(plan.chunks):
        yield Wait((plan.seconds or 0.0) / plan.chunks)
        yield body[len(body) * index // plan.chunks : len(body) * (index + 1) // plan.chunks]


def hang(_head: bytes, _body: bytes, plan: Delivery) -> Iterator[Action]:
    """Nothing, for as long as the client waits or the limit allows."""
    yield Hang(plan.seconds)
    yield End.CLOSE


def close(_head: bytes, _body: bytes, _plan: Delivery) -> Iterator[Action]:
    """The connection is closed without a byte."""
    yield End.CLOSE


def reset(_head: bytes, _body: bytes, _plan: Delivery) -> Iterator[Action]:
    """The connection is reset without a byte."""
    yield End.RESET


def half(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """Half of the body, then a reset."""
    yield head + body[: len(body) // 2]
    yield End.RESET


def bare(_head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """The body without a head, then the end."""
    yield body
    yield End.CLOSE


def last(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """All of it, then the end of the connection."""
    yield head + body
    yield End.CLOSE
