"""How an answer is sent, action by action; used by the server and by the interception inside this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ..model import Delivery


@dataclass(frozen=True, slots=True)
class Wait:
    """Send nothing for so many real seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Send nothing until the client gives up, the server stops, or so many real seconds are over (None: no limit)."""

    seconds: float | None


class End(Enum):
    """How a connection ends: normally (FIN), or by a reset (RST)."""

    CLOSE = "close"
    RESET = "reset"


Action = bytes | Wait | Hang | End
"""Bytes are sent. Actions without an `End` leave the connection open for the next request."""
Send = Callable[[bytes, bytes, Delivery], Iterator[Action]]
"""Gives the actions that send the head and the body of an answer as a plan says."""


def send_all(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """Send everything, and keep the connection open."""
    yield head + body


def dribble(head: bytes, body: bytes, plan: Delivery) -> Iterator[Action]:
    """Send the head, then the body in pieces."""
    yield head
    for index in range(plan.chunks):
        yield Wait((plan.seconds or 0.0) / plan.chunks)
        yield body[len(body) * index // plan.chunks : len(body) * (index + 1) // plan.chunks]


def hang(_head: bytes, _body: bytes, plan: Delivery) -> Iterator[Action]:
    """Send nothing, as long as the client waits or the limit allows."""
    yield Hang(plan.seconds)
    yield End.CLOSE


def close(_head: bytes, _body: bytes, _plan: Delivery) -> Iterator[Action]:
    """Close the connection without sending a byte."""
    yield End.CLOSE


def reset(_head: bytes, _body: bytes, _plan: Delivery) -> Iterator[Action]:
    """Reset the connection without sending a byte."""
    yield End.RESET


def send_half(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """Send half of the body, then reset the connection."""
    yield head + body[: len(body) // 2]
    yield End.RESET


def send_without_head(_head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """Send the body without a head, then close the connection."""
    yield body
    yield End.CLOSE


def send_and_close(head: bytes, body: bytes, _plan: Delivery) -> Iterator[Action]:
    """Send everything, then close the connection."""
    yield head + body
    yield End.CLOSE
