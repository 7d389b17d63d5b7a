"""Answers judged: each by itself, and beside those about the same job before it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from ..definitions import Definitions, Operation
from ..errors import excerpt
from ..exchanges.exchange import Exchange
from ..exchanges.job_view import JobView, job_views
from ..exchanges.json_path import MISSING, value_at
from .checks.body import check_numbers, read_body
from .checks.body_checks import BodyChecks
from .checks.errors import check_error, is_error, name_of
from .checks.http import check_headers, check_status
from .checks.jobs import answered_at, check_jobs
from .checks.known_answers import KnownAnswers
from .checks.paging import PageWalks
from .checks.request import ParsedRequest
from .checks.sequence import JobHistories, Span
from .coverage import Coverage
from .findings import Finding
from .result import Poll
from .strictness import Strictness
from .timelines import Timelines

_PAGING = ("offset", "limit")
_ILLEGAL = ("terminal-left", "transition-undocumented")
_ECHOES = ("time-impossible", "out-of-range")


class AnswerChecks:
    """Judges answers and remembers what they showed. Not for several threads at a time."""

    def __init__(self, definitions: Definitions, mode: Strictness) -> None:
        self.coverage = Coverage(definitions)
        self.timelines = Timelines()
        self._definitions, self._mode = definitions, mode
        self._tracks, self._walks, self._bodies = JobHistories(), PageWalks(), BodyChecks(definitions)
        self._known = KnownAnswers()

    def judge(self, operation: Operation, exchange: Exchange, parsed: ParsedRequest, number: int) -> list[Finding]:
        """What is wrong with the answer, by itself and beside the ones before it; `number` is the exchange's."""
        response = exchange.response
        answers = operation.answers.get(response.status)
        self.coverage.count(operation.id, "http", str(response.status))
        findings = check_status(operation, response, self._mode)
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
        jobs = check_jobs(operation, exchange, parsed, body, seen, self._mode)
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
        findings = check_error(self._definitions, operation, status, body)
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
            change, wrong = self._tracks.record(operation, _key(operation, parsed, look.id), look, span, self._mode)
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
        polls = [
            (look.id, Poll(time, look.state or _sent(look), http, number, look.terminal, look.progress)) for look in seen
        ]
        if not seen and operation.observation.id is None:
            polls = [("", Poll(time, None, http, number))]
        for row, poll in polls:
            self.timelines.add(_key(operation, parsed, row), operation.id, _job_name(operation, parsed, row), poll)


def _sent(look: JobView) -> str | None:
    return None if look.sent is None else str(look.sent)


def _span(exchange: Exchange) -> Span | None:
    """When it was sent and received (ms); where nobody noted that, both are when it was answered by its own Date."""
    answered = answered_at(exchange)
    return exchange.span() or (None if answered is None else (answered, answered))


def _told_once(findings: list[Finding], more: list[Finding]) -> list[Finding]:
    """The findings with more of them, except those that only say again that a value is invalid."""
    places = {item.pointer for item in findings if item.part == "body"}
    return findings + [item for item in more if item.code not in _ECHOES or item.pointer not in places]


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
