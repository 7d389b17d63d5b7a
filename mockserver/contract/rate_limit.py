"""How fast requests are sent, and how long to wait before a refused one is sent again."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import timezone
from email.utils import parsedate_to_datetime

from ..errors import InputError

POLITE = 2.0
"""Requests per second to a host that isn't this machine, by default."""

_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(s|sec|second|m|min|minute|h|hour)")
_PER_SECOND = {"s": 1, "m": 60, "h": 3_600}


def parse_rate(text: str) -> float:
    """Requests per second from `2/s`, `30/min`, `100/hour`, or `none` (0: no limit). Raises InputError for anything else."""
    if text.strip().lower() in ("none", "unlimited"):
        return 0.0
    match = _RATE.fullmatch(text.strip().lower())
    rate = float(match[1]) / _PER_SECOND[match[2][0]] if match else 0.0
    if not rate:
        raise InputError(f"{text!r} is not a rate; allowed: 2/s, 30/min, 100/hour, or none for no limit")
    return rate


class RateLimit:
    """Lets requests through at even intervals. Thread-safe.

    Args:
        rate: Requests per second (0: no limit).
        now: The clock to read: seconds that only go up.
        sleep: How to wait.
    """

    def __init__(
        self, rate: float, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        if not self._gap:
            return
        with self._lock:
            now = self._now()
            start = max(now, self._next)
            self._next = start + self._gap
        if start > now:
            self._sleep(start - now)


def retry_after(value: str | None, now: int) -> float | None:
    """The seconds that a Retry-After header asks for: a number, or an HTTP date. `now` is in ms since 1970.

    None if there is no header, or if it is neither. Source: RFC 9110, section 10.2.3.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=timezone.utc)
        return max(0.0, date.timestamp() - now / 1000)
    except (ValueError, OverflowError):  # not a date, or a year that doesn't exist
        return None


def backoff(attempt: int) -> float:
    """Seconds to wait after the `attempt`th refusal without a Retry-After: 1, 2, 4, 8 ..."""
    return float(2 ** (attempt - 1))
