"""The mock's one clock: real, frozen or scaled, in whole milliseconds since 1970."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timezone

from .. import real_time
from ..errors import InputError
from .duration import seconds

Time = int | float | str | datetime
"""A time, as tests give it: milliseconds since 1970, ISO 8601 text, or a datetime."""

SECOND = 1_000
DAY = 86_400 * SECOND
WATCHDOG_SECONDS = 30.0
"""So long a driven clock may stand still, in real time."""
LATEST = 32_503_679_999_999
"""The end of the year 2999: not every platform, and not every answer, can hold later times."""


class Clock:
    """A clock that tests control. Thread-safe.

    Args:
        start: The time it begins at: ISO 8601 text, a datetime, or milliseconds since 1970. Default: the real time.
        speed: How many of its seconds pass in a real one; 0: frozen.
        tick: By how much each answered poll moves it on: seconds, or text such as `30s`.

    Raises:
        InputError: A value that is not allowed.
    """

    def __init__(self, start: Time | None = None, speed: float = 1.0, tick: float | str = 0.0) -> None:
        self._lock = threading.Lock()
        self.watchdog = WATCHDOG_SECONDS
        self._watchers: tuple[Callable[[], None], ...] = ()
        began = None if start is None else milliseconds(start)
        self._origin = (began, not_negative("speed", speed), length("tick", tick))
        self.restart()

    def __repr__(self) -> str:
        pace = "frozen" if self.speed == 0 else f"speed {self.speed:g}"
        tick = f", {self.tick:g} s a poll" if self.tick else ""
        return f"<Clock {utc(self.now()).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}, {pace}{tick}>"

    def restart(self) -> None:
        """Begin again, as the clock was made."""
        with self._lock:
            start, self._speed, self._tick = self._origin
            self._real = _real()
            self._base = self._real if start is None else start
        self._tell()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this whenever someone moved the clock, in the thread that did; time that passes by itself is not reported."""
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
            return self._time_at(_real())

    def _time_at(self, real: int) -> int:
        return min(LATEST, self._base + int(min((real - self._real) * self._speed, LATEST)))

    @property
    def speed(self) -> float:
        """How many of its seconds pass in a real one; 0 is frozen."""
        return self._speed

    @property
    def tick(self) -> float:
        """By how many seconds each answered poll moves the clock on."""
        return self._tick

    @tick.setter
    def tick(self, seconds: float | str) -> None:
        self._tick = length("tick", seconds)

    def set(self, time: Time) -> None:
        """Jump to a time, forwards or back.

        Args:
            time: ISO 8601 text such as `2026-11-21T08:00:00Z` (without a zone: UTC), a datetime, or milliseconds since 1970.

        Raises:
            InputError: No such time, or one before 1970 or after 2999.
        """
        moment = milliseconds(time)
        with self._lock:
            self._base, self._real = moment, _real()
        self._tell()

    def advance(self, duration: float | str) -> None:
        """Jump forwards.

        Args:
            duration: Seconds, or text such as `90s`, `2h`, `1h30m`.

        Raises:
            InputError: No such duration, a negative one, or one that leads beyond the year 2999.
        """
        seconds = length("advance", duration)
        with self._lock:
            real = _real()
            self._base, self._real = in_range(self._time_at(real) + round(min(seconds, LATEST) * SECOND)), real
        self._tell()

    def poll(self) -> None:
        """Move on by the tick, at most to the end of the year 2999."""
        with self._lock:
            real = _real()
            self._base, self._real = min(LATEST, self._time_at(real) + round(self._tick * SECOND)), real
        self._tell()

    def advance_to(self, time_ms: int) -> None:
        """Jump forwards to a time; a time that has passed changes nothing."""
        with self._lock:
            real = _real()
            self._base, self._real = max(self._time_at(real), time_ms), real
        self._tell()

    def freeze(self) -> None:
        """Stand still; `advance` and `set` still move it."""
        self.run(0.0)

    def drive(self) -> AbstractContextManager[Clock]:
        """Virtual time for a `with` block: who waits moves this clock on, instead of waiting; docs/virtual-time.md.

        Raises:
            AlreadyDriven: A clock drives already (a RuntimeError).
            CannotDrive: Somebody waits in a way that can't be driven.
        """
        from ..virtualtime import virtual_time  # it knows the clock

        return virtual_time(self)

    def run(self, speed: float = 1.0) -> None:
        """Go on from where it stands. Raises InputError for a negative speed."""
        not_negative("speed", speed)
        with self._lock:
            real = _real()
            self._base, self._real, self._speed = self._time_at(real), real, speed
        self._tell()


class Stopwatch:
    """Real time since it was made, whatever clock drives: for waiting on other processes."""

    def __init__(self) -> None:
        self._began = real_time.monotonic()

    def seconds(self) -> float:
        """Real seconds since it was made."""
        return real_time.monotonic() - self._began

    def pause(self, seconds: float) -> None:
        """Wait for real seconds."""
        real_time.sleep(seconds)


def not_negative(what: str, number: float) -> float:
    """The number, if a clock can go by it. Raises InputError, which says what it was for."""
    if not 0 <= number <= LATEST:  # Python has integers that are not floats
        raise InputError(f"{what} is {number}; allowed: 0 or more, at most {LATEST}")
    return number


def length(what: str, value: float | str) -> float:
    """Seconds from a number of them or from text such as `2h`. Raises InputError, which says what it was for."""
    if isinstance(value, str):
        try:
            return seconds(value)
        except InputError as error:
            raise InputError(f"{what}: {error}") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{what} is {value!r}; allowed: seconds (90), or text such as 90s, 2h, 1h30m")
    return not_negative(what, value)


def milliseconds(time: Time) -> int:
    """Milliseconds since 1970 of a time, in whatever form it comes. Raises InputError.

    A number below 100 days is refused: it is rather seconds, or how long to move on, than a time in January 1970.
    """
    if isinstance(time, bool) or not isinstance(time, int | float):
        return parse_time(time.isoformat() if isinstance(time, datetime) else time)
    if 0 < time < 100 * DAY:
        raise InputError(
            f"{time} ms since 1970 would be in the first days of 1970; allowed: milliseconds, or text such as"
            " 2026-11-21T08:00:00Z; to move on by a length of time, use advance"
        )
    return in_range(round(time))


def _real() -> int:
    return real_time.time_ns() // 1_000_000


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
