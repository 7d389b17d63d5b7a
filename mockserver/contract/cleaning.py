"""What is kept of an exchange that was judged, and of its findings: nothing that the redactor takes out."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace

from ..definitions.pointer import parts_of
from ..exchanges.exchange import Exchange
from ..redaction import redact
from ..redaction.names import is_secret_name
from ..redaction.redactor import Redactor
from .checks.odd_characters import odd_characters
from .checks.request import REMEMBERED
from .findings import Finding


class Cleaning:
    """Cleans exchanges and findings. Not for several threads at a time."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._asked: dict[Hashable, Exchange] = {}

    def bare(self, exchange: Exchange) -> Exchange:
        """What a result says of an exchange that nothing is wrong with: what was asked, and the status, cleaned.

        Polls that ask the same share it: long runs need the room.
        """
        request, response = exchange.request, exchange.response
        key = request.method, request.path, request.query, exchange.origin, response.status, response.problem
        bare = self._asked.get(key)
        if bare is None:
            bare = self._redactor.for_exchange(_without_contents(exchange))[0]
            if len(self._asked) >= REMEMBERED:
                self._asked.clear()
            self._asked[key] = bare
        return Exchange(
            bare.request, bare.response, exchange.time, exchange.duration, exchange.source, bare.origin, exchange.sent
        )

    def redacted(
        self, findings: list[Finding], exchange: Exchange, operation: str | None
    ) -> tuple[Exchange, tuple[Finding, ...]]:
        """The exchange and its findings without what the redactor takes out."""
        cleaned, clean = self._redactor.for_exchange(exchange)
        return cleaned, tuple(
            replace(
                item,
                operation=operation,
                pointer=clean(item.pointer),
                found=clean(_quoted(item) + odd_characters(item)),
                documented=clean(item.documented),
                job=clean(item.job),
            )
            for item in findings
        )


def _without_contents(exchange: Exchange) -> Exchange:
    request = replace(exchange.request, headers={}, body=b"")
    return replace(exchange, request=request, response=replace(exchange.response, headers=(), body=b""))


def _quoted(finding: Finding) -> str:
    """What was found; nothing of a secret, and of a text that was cut off no half of a word, which none would know again."""
    return redact.HIDDEN if _is_secret(finding) else re.sub(r"[\w-]+\.\.\.$", "...", finding.found)


def _is_secret(finding: Finding) -> bool:
    """Whether what was found is the value of something that is named like a secret, or stands in it."""
    if finding.part == "request" or finding.found == "nothing":
        return False
    return any(is_secret_name(part) for part in parts_of(finding.pointer))
