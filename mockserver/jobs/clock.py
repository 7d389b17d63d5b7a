"""The mock's one clock: real, frozen or scaled, in whole milliseconds since 1970."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone

from ..errors import InputError

SECOND = 1_000
DAY = 86_400 * SECOND
_YEARS = range(1970, 3000)  # not every platform, and not every answer, can hold all others


class Clock:
    """A clock that tests control. Thread-safe.

    Parameters: `start`, its time in milliseconds (None: the real time); `speed`, how many of its seconds pass in a real
    one (0: frozen).
    """

    def __init__(self, start: int | None = None, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._speed = speed
        self._shown = _real() if start is None else start
        self._real = _real()

    def now(self) -> int:
        """The time, in milliseconds since 1970."""
        with self._lock:
            return self._at(_real())

    def _at(self, real: int) -> int:
        return self._shown + int((real - self._real) * self._speed)

    def set(self, time_ms: int) -> None:
        """Jump to a time, forwards or back."""
        with self._lock:
            self._shown, self._real = time_ms, _real()

    def advance(self, seconds: float) -> None:
        """Jump forwards. Raises ValueError for negative seconds."""
        if seconds < 0:
            raise ValueError(f"a clock advances by 0 seconds or more, not by {seconds}")
        with self._lock:
            real = _real()
            self._shown, self._real = self._at(real) + int(seconds * SECOND), real

    def freeze(self) -> None:
        """Stand still; `advance` and `set` still move it."""
        self.run(0.0)

    def run(self, speed: float = 1.0) -> None:
        """Go on from where it stands. Raises ValueError for a negative speed."""
        if speed < 0:
            raise ValueError(f"a clock runs at a speed of 0 or more, not at {speed}")
        with self._lock:
            real = _real()
            self._shown, self._real, self._speed = self._at(real), real, speed


def _real() -> int:
    return time.time_ns() // 1_000_000


def parse_time(text: str) -> int:
    """Milliseconds of an ISO 8601 time (without a zone: UTC). Raises InputError."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise InputError(f"{text!r} is not a time; allowed: ISO 8601, such as 2026-11-21T08:00:00Z") from None
    if moment.year not in _YEARS:
        raise InputError(f"{text!r} is too far from now; allowed: the years {_YEARS[0]} to {_YEARS[-1]}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * SECOND)


def utc(time_ms: int) -> datetime:
    """The time as a datetime in UTC."""
    return datetime.fromtimestamp(time_ms // SECOND, timezone.utc).replace(microsecond=time_ms % SECOND * 1_000)
