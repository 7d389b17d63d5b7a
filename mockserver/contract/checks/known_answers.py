"""Answers that were in order: the same answer at a later time is in order too."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from ...exchanges.job_view import JobView
from ...model import Response
from .request import REMEMBERED, ParsedRequest

_LARGEST_BODY = 65_536


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """The jobs in an answer, and the total that it names; `since` is when it was first in order (ms)."""

    views: tuple[JobView, ...]
    total: Any
    since: int


class KnownAnswers:
    """Remembers answers in order, by their requests and digests of their bodies: most polls get the last poll's answer.

    A time in an answer can only be wrong by being in the future, so an answer that was in order stays so. Not for several
    threads at a time.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, KnownAnswer] = {}

    def key(self, parsed: ParsedRequest, response: Response) -> Hashable:
        """The key of an answer; None if its body is too large for its jobs to be remembered."""
        if len(response.body) > _LARGEST_BODY:
            return None
        return parsed.key, response.status, blake2b(response.body, digest_size=16).digest()

    def find(self, key: Hashable, now: int | None) -> KnownAnswer | None:
        """The same answer, judged before; None if it wasn't judged, or only at a later time."""
        known = self._known.get(key)
        return known if known is not None and now is not None and now >= known.since else None

    def add(self, key: Hashable, now: int | None, views: tuple[JobView, ...], total: Any) -> None:
        """Remember an answer that is in order now."""
        if key is None or now is None:
            return
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = KnownAnswer(views, total, now)
