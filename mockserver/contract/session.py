"""A run of checks: each exchange by itself, and beside those that came before it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

from ..definitions import Definitions, Operation
from ..exchanges.exchange import Exchange
from ..redaction.content_coding import without_coding
from ..redaction.redactor import Redactor
from .checks.request import RequestChecks
from .cleaning import Cleaning
from .coverage import Coverage
from .findings import Finding
from .judging import AnswerChecks
from .result import Judged, Result
from .strictness import AS_DOCUMENTED, Strictness

CLEAN = 5_000
"""Exchanges without findings that a result has; of more, it has the number."""


class Session:
    """Judges exchanges against the definitions and remembers what they showed. Thread-safe.

    Parameters: `definitions`, loaded with `strict` where `mode` has contradictions; `mode`; `redactor`, what takes secrets
    (and ids of tenants) out of an exchange and its findings before they are kept; by default, secrets alone.
    """

    def __init__(self, definitions: Definitions, mode: Strictness = AS_DOCUMENTED, redactor: Redactor | None = None) -> None:
        self.definitions = definitions
        self.mode = mode
        self._cleaning = Cleaning(redactor or Redactor(keep_ids=True))
        self._lock = threading.Lock()
        self._count = 0
        self._judged: dict[int, Judged] = {}
        self._clean = 0
        self._more: Counter[str | None] = Counter()
        self._requests, self._answers = RequestChecks(definitions), AnswerChecks(definitions, mode)

    @property
    def coverage(self) -> Coverage:
        """What of the documentation was seen."""
        return self._answers.coverage

    def check(
        self,
        exchange: Exchange,
        case: str = "",
        *,
        namespace: str = "",
        meant: Operation | None = None,
        request: bool = True,
        answer: bool = True,
    ) -> Judged:
        """Judge an exchange by itself and beside the ones before it.

        It is kept for the result, cleaned; of one without findings neither headers nor bodies are, and of many such ones
        only their number: long runs need the room.

        Parameters: `case`, whose exchange it is; `namespace`, where its jobs live: jobs of two namespaces are never
        compared; `meant`, the operation whose answers are right for a request that misses every operation; `request` and
        `answer`, whether these are judged: an answer that isn't leaves no trace among those of its job.
        """
        exchange = _decoded(exchange)
        with self._lock:
            parsed, match = self._requests.read(exchange.request)
            if parsed.operation is None and meant is not None:
                parsed = replace(parsed, operation=meant)
            operation, match = parsed.operation, match if request else []
            if namespace:
                parsed = replace(parsed, namespace=namespace)
            self._count += 1
            if operation is not None and answer:
                match += self._answers.judge(operation, exchange, parsed, self._count)
            name = operation.id if operation else None
            remaining, reported = self._cleaning.redacted(match, exchange, name) if match else (None, ())
            judged = Judged(self._count, remaining or self._cleaning.bare(exchange), name, reported, case)
            self._keep(judged)
        return judged

    def _keep(self, judged: Judged) -> None:
        if not judged.findings and self._clean >= CLEAN:
            self._more[judged.operation] += 1
            return
        self._clean += not judged.findings
        self._judged[judged.number] = judged

    def add(self, judged: Judged, exchange: Exchange, *findings: Finding) -> Judged:
        """Add findings to an exchange that was judged: what only its case could know."""
        if not findings:
            return judged
        with self._lock:
            remaining, reported = self._cleaning.redacted(list(findings), exchange, judged.operation)
            changed = replace(judged, exchange=remaining, findings=(*judged.findings, *reported))
            if judged.number not in self._judged:
                self._more[judged.operation] -= 1
            self._judged[judged.number] = changed
        return changed

    def result(self, target: str, seconds: float = 0.0) -> Result:
        """What the run has found so far. `target` says what was judged, `seconds` how long it took."""
        with self._lock:
            judged = [self._judged[number] for number in sorted(self._judged)]
            more, lines = Counter(self._more), self._answers.timelines.all()
            return Result(target, self.mode.name, self.coverage, judged, lines, seconds=seconds, more=more)


def _decoded(exchange: Exchange) -> Exchange:
    """The exchange with the answer's body as its Content-Encoding says; as it is where the body isn't so coded."""
    response = exchange.response
    if sum(name.lower() == "content-encoding" for name, _ in response.headers) != 1:  # sent twice, it says nothing
        return exchange
    headers, body = without_coding(response.headers, response.body)
    return replace(exchange, response=replace(response, headers=headers, body=body))
