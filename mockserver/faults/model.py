"""Faults as plain values: which requests they are for, when, and what they do to the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .patch import Step


@dataclass(frozen=True, slots=True)
class Delay:
    """How long an answer is delayed: `kind` is fixed (`low` seconds), uniform (`low` to `high`) or lognormal (`low` is the
    median in seconds, `high` is sigma). `mock`: the mock's clock moves on by the delay, and nobody waits."""

    kind: str
    low: float
    high: float = 0.0
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` calls pass in each window of `per` milliseconds of the clock; `error` names the error of further calls."""

    limit: int
    per: int
    error: str | None = None


@dataclass(frozen=True)
class Fault:
    """A fault as it was declared. Parts that it doesn't have are None, or empty.

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
        """True if its window is open at this time (ms since 1970)."""
        begin, end = self.window
        return (begin is None or now >= begin) and (end is None or now < end)
