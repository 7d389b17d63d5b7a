"""The mock's one clock: real, frozen or scaled, in whole milliseconds since 1970."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timezone

from ..errors import InputError

SECOND = 1_000
DAY = 86_400 * SECOND
LATEST = 32_503_679_999_999
"""The end of the year 2999: not every platform, and not every answer, can hold later times."""


class Clock:
    """A clock that tests control. Thread-safe.

    Parameters: `start`, its time in milliseconds (None: the real time); `speed`, how many of its seconds pass in a real
    one (0: frozen); `tick`, by how many seconds each answered poll moves it on.
    """

    def __init__(self, start: int | None = None, speed: float = 1.0, tick: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._watchers: tuple[Callable[[], None], ...] = ()
        self._origin = (start, not_negative("speed", speed), not_negative("tick", tick))
        self.restart()

    def restart(self) -> None:
        """Begin anew, as the clock was made."""
        with self._lock:
            start, self._speed, self._tick = self._origin
            self._real = _real()
            self._shown = self._real if start is None else start
        self._tell()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this whenever someone moved the clock, in the thread that did; time that passes by itself is not told."""
        with self._lock:
            self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call it no more."""
        with self._lock:
            self._watchers = tuple(other for other in self._watchers if other != watcher)

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()

    def now(self) -> int:
        """The time, in milliseconds since 1970."""
        with self._lock:
            return self._at(_real())

    def _at(self, real: int) -> int:
        return min(LATEST, self._shown + int(min((real - self._real) * self._speed, LATEST)))

    @property
    def speed(self) -> float:
        """How many of its seconds pass in a real one; 0 is frozen."""
        return self._speed

    @property
    def tick(self) -> float:
        """By how many seconds each answered poll moves the clock on."""
        return self._tick

    @tick.setter
    def tick(self, seconds: float) -> None:
        self._tick = not_negative("tick", seconds)

    def set(self, time_ms: int) -> None:
        """Jump to a time, forwards or back. Raises InputError for one before 1970 or after 2999."""
        with self._lock:
            self._shown, self._real = in_range(time_ms), _real()
        self._tell()

    def advance(self, seconds: float) -> None:
        """Jump forwards. Raises InputError for negative seconds, and for more than lead to the year 3000."""
        not_negative("advance", seconds)
        with self._lock:
            real = _real()
            self._shown, self._real = in_range(self._at(real) + round(min(seconds, LATEST) * SECOND)), real
        self._tell()

    def poll(self) -> None:
        """Move on by the tick, at most to the end of the year 2999."""
        with self._lock:
            real = _real()
            self._shown, self._real = min(LATEST, self._at(real) + round(self._tick * SECOND)), real
        self._tell()

    def advance_to(self, time_ms: int) -> None:
        """Jump forwards to a time; a time that has passed changes nothing."""
        with self._lock:
            real = _real()
            self._shown, self._real = max(self._at(real), time_ms), real
        self._tell()

    def freeze(self) -> None:
        """Stand still; `advance` and `set` still move it."""
        self.run(0.0)

    def drive(self) -> AbstractContextManager[Clock]:
        """Take over sleeping and monotonic time of the code under test for a `with` block: see `jobs/drive.py`.

        Raises RuntimeError where a clock drives already.
        """
        from .drive import drive  # it knows the clock

        return drive(self)

    def run(self, speed: float = 1.0) -> None:
        """Go on from where it stands. Raises InputError for a negative speed."""
        not_negative("speed", speed)
        with self._lock:
            real = _real()
            self._shown, self._real, self._speed = self._at(real), real, speed
        self._tell()


class Stopwatch:
    """Real time since it was made, whatever clock drives: for waiting on other processes."""

    def __init__(self) -> None:
        self._began = _monotonic()

    def seconds(self) -> float:
        """Real seconds since it was made."""
        return _monotonic() - self._began

    def pause(self, seconds: float) -> None:
        """Wait for real seconds."""
        _sleep(seconds)


def not_negative(what: str, number: float) -> float:
    """The number, if a clock can go by it. Raises InputError, which says what it was for."""
    if not 0 <= number <= LATEST:  # Python has integers that are no floats
        raise InputError(f"{what} is {number}; allowed: 0 or more, at most {LATEST}")
    return number


_time_ns, _monotonic, _sleep = time.time_ns, time.monotonic, time.sleep  # as they are now: `drive` may replace them later


def _real() -> int:
    return _time_ns() // 1_000_000


def in_range(time_ms: int) -> int:
    """The time, if it lies in the years 1970 to 2999. Raises InputError."""
    if not 0 <= time_ms <= LATEST:
        raise InputError(f"{time_ms} ms since 1970 is too far from now; allowed: the years 1970 to 2999")
    return time_ms


def parse_time(text: object) -> int:
    """Milliseconds of an ISO 8601 time (without a zone: UTC). Raises InputError."""
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise InputError(f"{text!r} is not a time; allowed: ISO 8601, such as 2026-11-21T08:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    if not 1970 <= moment.year < 3000:
        raise InputError(f"{text!r} is too far from now; allowed: the years 1970 to 2999")
    return in_range(round(moment.timestamp() * SECOND))


def utc(time_ms: int) -> datetime:
    """The time as a datetime in UTC."""
    return datetime.fromtimestamp(time_ms // SECOND, timezone.utc).replace(microsecond=time_ms % SECOND * 1_000)
