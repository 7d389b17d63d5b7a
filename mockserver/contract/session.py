"""A run of checks: each exchange by itself, and beside those that came before it."""

from __future__ import annotations

import re
import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..definitions import Definitions, Operation
from ..definitions.pointer import parts_of
from ..errors import excerpt
from ..exchanges.exchange import Exchange
from ..exchanges.job_view import JobView, job_views
from ..exchanges.json_path import MISSING, value_at
from ..redaction import redact
from ..redaction.content_coding import without_coding
from ..redaction.names import is_secret_name
from ..redaction.redactor import Redactor
from .checks.body import check_numbers, read_body
from .checks.body_checks import BodyChecks
from .checks.errors import check_error, is_error, name_of
from .checks.http import check_headers, check_status
from .checks.jobs import answered_at, check_jobs
from .checks.known_answers import KnownAnswers
from .checks.odd_characters import odd_characters
from .checks.paging import PageWalks
from .checks.request import REMEMBERED, ParsedRequest, RequestChecks
from .checks.sequence import JobHistories, Span
from .coverage import Coverage
from .findings import Finding
from .result import Judged, Poll, Result, Timeline
from .strictness import AS_DOCUMENTED, Strictness

_PAGING = ("offset", "limit")
_ILLEGAL = ("terminal-left", "transition-undocumented")
_TIMELINES = 10_000


@dataclass
class _Polls:
    """The polls of one job, for its timeline."""

    operation: str
    job: str
    polls: list[Poll] = field(default_factory=list)


class Session:
    """Judges exchanges against the definitions and remembers what they showed. Thread-safe.

    Parameters: `definitions`, loaded with `strict` where `mode` has contradictions; `mode`; `redactor`, what takes secrets
    (and ids of tenants) out of an exchange and its findings before they are kept; by default, secrets alone.
    """

    def __init__(self, definitions: Definitions, mode: Strictness = AS_DOCUMENTED, redactor: Redactor | None = None) -> None:
        self.definitions = definitions
        self.mode = mode
        self.coverage = Coverage(definitions)
        self._redactor = redactor or Redactor(keep_ids=True)
        self._lock = threading.Lock()
        self._judged: list[Judged] = []
        self._tracks, self._walks, self._bodies = JobHistories(), PageWalks(), BodyChecks(definitions)
        self._requests, self._known = RequestChecks(definitions), KnownAnswers()
        self._asked: dict[Hashable, Exchange] = {}
        self._timelines: dict[Hashable, _Polls] = {}

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

        It is kept for the result, cleaned; of one without findings neither headers nor bodies are: long runs need the room.

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
            number = len(self._judged) + 1
            if operation is not None and answer:
                match += self._judge_answer(operation, exchange, parsed, number)
            name = operation.id if operation else None
            remaining, reported = self._redacted(match, exchange, name) if match else (self._bare(exchange), ())
            judged = Judged(number, remaining, name, reported, case)
            self._judged.append(judged)
        return judged

    def add(self, judged: Judged, exchange: Exchange, *findings: Finding) -> Judged:
        """Add findings to an exchange that was judged: what only its case could know."""
        if not findings:
            return judged
        remaining, reported = self._redacted(list(findings), exchange, judged.operation)
        changed = replace(judged, exchange=remaining, findings=(*judged.findings, *reported))
        with self._lock:
            self._judged[judged.number - 1] = changed
        return changed

    def result(self, target: str, seconds: float = 0.0) -> Result:
        """What the run has found so far. `target` says what was judged, `seconds` how long it took."""
        with self._lock:
            lines = [
                Timeline(timeline.operation, timeline.job, tuple(timeline.polls)) for timeline in self._timelines.values()
            ]
            return Result(target, self.mode.name, self.coverage, list(self._judged), lines, seconds=seconds)

    def _bare(self, exchange: Exchange) -> Exchange:
        """What a result says of an exchange that nothing is wrong with: what was asked, and the status, cleaned.

        Polls that ask the same share it: long runs need the room.
        """
        request, response = exchange.request, exchange.response
        key = request.method, request.path, request.query, exchange.origin, response.status, response.problem
        bare = self._asked.get(key)
        if bare is None:
            bare = self._redactor.for_exchange(_bare(exchange))[0]
            if len(self._asked) >= REMEMBERED:
                self._asked.clear()
            self._asked[key] = bare
        return Exchange(
            bare.request, bare.response, exchange.time, exchange.duration, exchange.source, bare.origin, exchange.sent
        )

    def _redacted(
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

    def _judge_answer(self, operation: Operation, exchange: Exchange, parsed: ParsedRequest, number: int) -> list[Finding]:
        response = exchange.response
        answers = operation.answers.get(response.status)
        self.coverage.count(operation.id, "http", str(response.status))
        findings = check_status(operation, response, self.mode)
        findings += check_headers(operation, exchange.request, response, answers)
        if any(item.code == "content-encoding-wrong" for item in findings):  # what the body holds, nobody can say
            self._polled(operation, parsed, exchange, number, [])
            return findings
        key = self._known.key(parsed, response)
        known = self._known.find(key, answered_at(exchange))
        if known is not None:
            self._polled(operation, parsed, exchange, number, known.views)
            return findings + self._over_time(operation, exchange, parsed, known.total, known.views)
        body, wrong = read_body(response, answers)
        findings += wrong
        if body is MISSING:
            self._polled(operation, parsed, exchange, number, [])
            return findings
        source = answers.place if answers else operation.place
        numbers = check_numbers(response.body.decode("utf-8", "replace"), body, source)
        if is_error(operation, response.status, body):
            return _told_once(findings + self._judge_error(operation, exchange, parsed, body, number), numbers)
        if answers is not None and answers.schema is not None:
            findings += self._bodies.check(operation, answers, response, body)
        seen = list(job_views(operation, body))
        jobs = check_jobs(operation, exchange, parsed, body, seen, self.mode)
        self._polled(operation, parsed, exchange, number, seen)
        observation = operation.observation
        total = value_at(body, observation.total) if observation and observation.total else MISSING
        if not findings and not numbers and not jobs:
            self._known.add(key, answered_at(exchange), tuple(seen), total)
        return _told_once(findings, [*numbers, *jobs]) + self._over_time(operation, exchange, parsed, total, seen)

    def _judge_error(
        self, operation: Operation, exchange: Exchange, parsed: ParsedRequest, body: Any, number: int
    ) -> list[Finding]:
        status = exchange.response.status
        findings = check_error(self.definitions, operation, status, body)
        answers = operation.answers.get(status)
        judged = any(item.code in ("error-status-wrong", "envelope-wrong") for item in findings)
        if answers is None:  # the status alone is the cause
            findings = [item for item in findings if item.code != "error-status-wrong"]
        if answers is not None and answers.schema is not None and not judged:
            findings += self._bodies.check(operation, answers, exchange.response, body)
        self._polled(operation, parsed, exchange, number, [])
        name = name_of(operation, status, body)
        self.coverage.count(operation.id, "errors", name or "an error that is not documented")
        unknown = operation.problems.get("unknown-id")
        if name is not None and unknown is not None and name == unknown.name and operation.job:
            findings += self._tracks.record_missing(operation, _key(operation, parsed, ""), _span(exchange))
        return findings

    def _over_time(
        self, operation: Operation, exchange: Exchange, parsed: ParsedRequest, total: Any, seen: Sequence[JobView]
    ) -> list[Finding]:
        findings: list[Finding] = []
        span = _span(exchange)
        for look in seen:
            self.coverage.count(operation.id, "states", look.state or excerpt(look.sent))
            change, wrong = self._tracks.record(operation, _key(operation, parsed, look.id), look, span, self.mode)
            findings += [replace(broken, job=_job_name(operation, parsed, look.id)) for broken in wrong]
            if change is not None and (_direct(operation, change) or any(broken.code in _ILLEGAL for broken in wrong)):
                self.coverage.count(operation.id, "transitions", change)
        offset = parsed.values.get("offset")
        if isinstance(offset, int) and isinstance(total, int):
            findings += self._walks.page(operation, _list_key(operation, parsed), offset, total, seen, span)
        return findings

    def _polled(
        self, operation: Operation, parsed: ParsedRequest, exchange: Exchange, number: int, seen: Sequence[JobView]
    ) -> None:
        """The timeline of each job in the answer; of an error, that of the job which was asked for."""
        if operation.job is None or operation.observation is None:
            return
        time = exchange.time if exchange.time is not None else answered_at(exchange) or 0
        http = exchange.response.status
        for look in seen:
            state = look.state or (None if look.sent is None else str(look.sent))
            poll = Poll(time, state, http, number, look.terminal, look.progress)
            self._polls_of_row(operation, parsed, look.id).append(poll)
        if not seen and operation.observation.id is None:
            self._polls_of_row(operation, parsed, "").append(Poll(time, None, http, number))

    def _polls_of_row(self, operation: Operation, parsed: ParsedRequest, row: str) -> list[Poll]:
        key = _key(operation, parsed, row)
        if key not in self._timelines and len(self._timelines) >= _TIMELINES:
            return []
        return self._timelines.setdefault(key, _Polls(operation.id, _job_name(operation, parsed, row))).polls


def _span(exchange: Exchange) -> Span | None:
    """When it was sent and received (ms); where nobody noted that, both are when it was answered by its own Date."""
    answered = answered_at(exchange)
    return exchange.span() or (None if answered is None else (answered, answered))


_ECHOES = ("time-impossible", "out-of-range")


def _told_once(findings: list[Finding], more: list[Finding]) -> list[Finding]:
    """The findings with more of them, except those that only say again that a value is invalid."""
    places = {item.pointer for item in findings if item.part == "body"}
    return findings + [item for item in more if item.code not in _ECHOES or item.pointer not in places]


def _decoded(exchange: Exchange) -> Exchange:
    """The exchange with the answer's body as its Content-Encoding says; as it is where the body isn't so coded."""
    response = exchange.response
    if sum(name.lower() == "content-encoding" for name, _ in response.headers) != 1:  # sent twice, it says nothing
        return exchange
    headers, body = without_coding(response.headers, response.body)
    return replace(exchange, response=replace(response, headers=headers, body=body))


def _bare(exchange: Exchange) -> Exchange:
    """What a result says of an exchange that nothing is wrong with: what was asked, and the status."""
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


def _identity(operation: Operation, parsed: ParsedRequest) -> tuple[str, ...]:
    names = operation.job.identity if operation.job else ()
    return tuple(parsed.texts.get(name, "") for name in names)


def _key(operation: Operation, parsed: ParsedRequest, row: str) -> Hashable:
    return (parsed.namespace, operation.id, *((row,) if row else _identity(operation, parsed)))


def _list_key(operation: Operation, parsed: ParsedRequest) -> Hashable:
    return (
        parsed.namespace,
        operation.id,
        tuple(sorted((name, text) for name, text in parsed.texts.items() if name not in _PAGING)),
    )


def _job_name(operation: Operation, parsed: ParsedRequest, row: str) -> str:
    """Who a job is, for people: the last part of its identity, or a row's id."""
    return row or next((text for text in reversed(_identity(operation, parsed)) if text), "")


def _direct(operation: Operation, change: str) -> bool:
    before, _, after = change.partition(" -> ")
    return operation.job is not None and after in operation.job.transitions[before]
