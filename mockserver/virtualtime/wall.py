"""The wall clock: time-machine shows it to everybody, `datetime` and imported names too, and it goes on with the block."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import time_machine

if TYPE_CHECKING:
    from ..jobs.clock import Clock


_MICROSECOND = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
Move = Callable[[int], None]
"""Moves the wall clock on by so many nanoseconds."""


def begin(clock: Clock) -> tuple[Move, Callable[[], None]]:
    """Show everybody the mock's time, or the time of the user's own freezegun or time-machine block.

    Returns:
        What moves the wall clock on, and what ends it.
    """
    frozen = _freezegun()
    if frozen is not None:
        return (lambda step: frozen.tick(timedelta(microseconds=step / _MICROSECOND))), lambda: None
    travelling = time_machine.escape_hatch.is_travelling()
    start = datetime.now(timezone.utc) if travelling else _EPOCH + timedelta(milliseconds=clock.now())
    travel = time_machine.travel(start, tick=False)
    traveller = travel.start()
    left = [0]

    def move(step: int) -> None:
        whole, left[0] = divmod(left[0] + step, _MICROSECOND)
        for shown in (traveller, *_ticking_above(traveller)):
            shown.shift(timedelta(microseconds=whole))

    return move, travel.stop


def _ticking_above(traveller: Any) -> list[Any]:
    """The user's own blocks of time-machine within ours that tick: they go on from their time."""
    name = "traveller_stack" if hasattr(time_machine, "traveller_stack") else "coordinates_stack"
    stack: list[Any] = list(getattr(time_machine, name, ()))
    above = stack[stack.index(traveller) + 1 :] if traveller in stack else []
    return [other for other in above if other._tick]


def _freezegun() -> Any:
    """The time that freezegun shows now, where it is active."""
    api: Any = sys.modules.get("freezegun.api")
    return api.freeze_factories[-1] if api is not None and getattr(api, "freeze_factories", None) else None
