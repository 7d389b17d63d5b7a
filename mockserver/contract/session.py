"""A session judges exchanges: each one by itself, and compared with those before it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

from ..definitions import Definitions, Operation
from ..exchanges.exchange import Exchange
from ..redaction.content_coding import without_coding
from ..redaction.redactor import Redactor
from .checks.request import RequestChecks
from .cleaning import ExchangeCleaner
from .coverage import Coverage
from .findings import Finding
from .judging import AnswerChecks
from .result import Judgement, Result
from .strictness import AS_DOCUMENTED, Strictness

MOST_CLEAN_EXCHANGES = 5_000
"""A result lists at most so many exchanges without findings; of further ones, it only has the number."""


class Session:
    """Judges exchanges against the definitions, and remembers the jobs in them. Thread-safe.

    Args:
        definitions: Loaded with the contradictions that `mode` reads strictly.
        mode: How strictly documents are read.
        redactor: Takes secrets (and ids of tenants) out of exchanges and findings before these are stored. Default: only
            secrets.
    """

    def __init__(self, definitions: Definitions, mode: Strictness = AS_DOCUMENTED, redactor: Redactor | None = None) -> None:
        self.definitions = definitions
        self.mode = mode
        self._cleaner = ExchangeCleaner(redactor or Redactor(keep_ids=True))
        self._lock = threading.Lock()
        self._count = 0
        self._judged: dict[int, Judgement] = {}
        self._clean_count = 0
        self._uncounted_clean: Counter[str | None] = Counter()
        self._requests, self._answers = RequestChecks(definitions), AnswerChecks(definitions, mode)

    @property
    def coverage(self) -> Coverage:
        """How much of the documentation was seen."""
        return self._answers.coverage

    def check(
        self,
        exchange: Exchange,
        case: str = "",
        *,
        namespace: str = "",
        expected_operation: Operation | None = None,
        request: bool = True,
        answer: bool = True,
    ) -> Judgement:
        """Judge an exchange by itself, and compared with those before it.

        The redacted exchange is stored for the result. To save memory in long runs, exchanges without findings are stored
        without headers and bodies, and of very many of them only the number is stored.

        Args:
            exchange: The exchange.
            case: The contract case that it belongs to.
            namespace: The namespace of its jobs: jobs of different namespaces are never compared.
            expected_operation: The operation to judge the answer by, if the request matches no operation.
            request: Whether the request is judged.
            answer: Whether the answer is judged; if not, it isn't compared with later ones either.
        """
        exchange = _with_unpacked_body(exchange)
        with self._lock:
            parsed, findings = self._requests.read(exchange.request)
            if parsed.operation is None and expected_operation is not None:
                parsed = replace(parsed, operation=expected_operation)
            operation, findings = parsed.operation, findings if request else []
            if namespace:
                parsed = replace(parsed, namespace=namespace)
            self._count += 1
            if operation is not None and answer:
                findings += self._answers.judge(operation, exchange, parsed, self._count)
            name = operation.id if operation else None
            redacted, redacted_findings = self._cleaner.redacted(findings, exchange, name) if findings else (None, ())
            judgement = Judgement(
                self._count, redacted or self._cleaner.without_contents(exchange), name, redacted_findings, case
            )
            self._store(judgement)
        return judgement

    def _store(self, judgement: Judgement) -> None:
        if not judgement.findings and self._clean_count >= MOST_CLEAN_EXCHANGES:
            self._uncounted_clean[judgement.operation] += 1
            return
        self._clean_count += not judgement.findings
        self._judged[judgement.number] = judgement

    def add(self, judgement: Judgement, exchange: Exchange, *findings: Finding) -> Judgement:
        """Add findings that only the contract case can know to an exchange that was judged."""
        if not findings:
            return judgement
        with self._lock:
            redacted, redacted_findings = self._cleaner.redacted(list(findings), exchange, judgement.operation)
            changed = replace(judgement, exchange=redacted, findings=(*judgement.findings, *redacted_findings))
            if judgement.number not in self._judged:
                self._uncounted_clean[judgement.operation] -= 1
            self._judged[judgement.number] = changed
        return changed

    def result(self, target: str, seconds: float = 0.0) -> Result:
        """The result so far. `target` says what was judged, `seconds` how long it took."""
        with self._lock:
            judgements = [self._judged[number] for number in sorted(self._judged)]
            more, timelines = Counter(self._uncounted_clean), self._answers.timelines.all()
            return Result(target, self.mode.name, self.coverage, judgements, timelines, seconds=seconds, more=more)


def _with_unpacked_body(exchange: Exchange) -> Exchange:
    """The exchange with the answer's body unpacked as its Content-Encoding says, if that is possible."""
    response = exchange.response
    if sum(name.lower() == "content-encoding" for name, _ in response.headers) != 1:  # a doubled header has no meaning
        return exchange
    headers, body = without_coding(response.headers, response.body)
    return replace(exchange, response=replace(response, headers=headers, body=body))
