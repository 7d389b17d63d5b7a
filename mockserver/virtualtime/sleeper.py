"""Somebody who waits, and until when."""

from __future__ import annotations

from collections.abc import Callable


def nothing(*_: object) -> None:
    """Do nothing."""


def never() -> bool:
    """No."""
    return False


class Sleeper:
    """Somebody who waits.

    Args:
        until: When it is to wake, in nanoseconds of the block; None: never by itself.
        what: What it waits in, for messages.
        wake: Wakes it; called once, with the engine's lock held.
        is_ready: Whether what it waits for has happened, so that it is about to go on.
    """

    __slots__ = ("due", "is_ready", "looked_after", "until", "wake", "what")

    def __init__(
        self, until: int | None, what: str, wake: Callable[[], object], is_ready: Callable[[], bool] = never
    ) -> None:
        self.until, self.what, self.wake, self.is_ready = until, what, wake, is_ready
        self.due = False
        self.looked_after = False
