"""Answers that were found in order: the same again, at a later time, is in order too."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from ...exchanges.job_view import JobView
from ...model import Response
from .request import REMEMBERED, ParsedRequest

_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What an answer showed: its jobs, and how many there are in all; `since` is when it was first in order (ms)."""

    seen: tuple[JobView, ...]
    total: Any
    since: int


class KnownAnswers:
    """Remembers answers in order by what was asked and by digests of their bodies: most polls have the answer of the last.

    What an answer says of times can be wrong only because it was too early, so one that was in order stays so. Not for
    several threads at a time.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, KnownAnswer] = {}

    def key(self, parsed: ParsedRequest, response: Response) -> Hashable:
        """What an answer is remembered by; None for a body that is too large to keep its jobs."""
        if len(response.body) > _LARGEST:
            return None
        return parsed.key, response.status, blake2b(response.body, digest_size=16).digest()

    def find(self, key: Hashable, now: int | None) -> KnownAnswer | None:
        """The same answer, judged before; None where it wasn't, or only for a later time."""
        known = self._known.get(key)
        return known if known is not None and now is not None and now >= known.since else None

    def add(self, key: Hashable, now: int | None, seen: tuple[JobView, ...], total: Any) -> None:
        """Remember an answer that is in order at this time."""
        if key is None or now is None:
            return
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = KnownAnswer(seen, total, now)
