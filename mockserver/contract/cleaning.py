"""Cleans judged exchanges and their findings before they are stored: takes out everything that the redactor hides."""

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


class ExchangeCleaner:
    """Cleans exchanges and findings. Not for several threads at a time."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._clean_exchanges: dict[Hashable, Exchange] = {}

    def without_contents(self, exchange: Exchange) -> Exchange:
        """The redacted exchange without headers and bodies, for exchanges without findings.

        Equal polls share one object, to save memory in long runs.
        """
        request, response = exchange.request, exchange.response
        key = request.method, request.path, request.query, exchange.origin, response.status, response.problem
        clean_exchange = self._clean_exchanges.get(key)
        if clean_exchange is None:
            clean_exchange = self._redactor.for_exchange(_without_contents(exchange))[0]
            if len(self._clean_exchanges) >= REMEMBERED:
                self._clean_exchanges.clear()
            self._clean_exchanges[key] = clean_exchange
        return Exchange(
            clean_exchange.request,
            clean_exchange.response,
            exchange.time,
            exchange.duration,
            exchange.source,
            clean_exchange.origin,
            exchange.sent,
        )

    def redacted(
        self, findings: list[Finding], exchange: Exchange, operation: str | None
    ) -> tuple[Exchange, tuple[Finding, ...]]:
        """The exchange and its findings, redacted."""
        redacted_exchange, clean = self._redactor.for_exchange(exchange)
        return redacted_exchange, tuple(
            replace(
                finding,
                operation=operation,
                pointer=clean(finding.pointer),
                found=clean(_found_text(finding) + odd_characters(finding)),
                documented=clean(finding.documented),
                job=clean(finding.job),
            )
            for finding in findings
        )


def _without_contents(exchange: Exchange) -> Exchange:
    request = replace(exchange.request, headers={}, body=b"")
    return replace(exchange, request=request, response=replace(exchange.response, headers=(), body=b""))


def _found_text(finding: Finding) -> str:
    """The finding's text, without secrets. A word cut off at its end is removed, because the redactor can't recognise it."""
    return redact.HIDDEN if _is_secret(finding) else re.sub(r"[\w-]+\.\.\.$", "...", finding.found)


def _is_secret(finding: Finding) -> bool:
    """True if the text is the value of a member that is named like a secret, or stands inside one."""
    if finding.part == "request" or finding.found == "nothing":
        return False
    return any(is_secret_name(part) for part in parts_of(finding.pointer))
