"""Judges answers: each one by itself, and compared with earlier answers about the same job."""

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
_TRANSITION_CODES = ("terminal-left", "transition-undocumented")
_REPEATED_CODES = ("time-impossible", "out-of-range")


class AnswerChecks:
    """Judges answers, and remembers the jobs in them. Not for several threads at a time."""

    def __init__(self, definitions: Definitions, mode: Strictness) -> None:
        self.coverage = Coverage(definitions)
        self.timelines = Timelines()
        self._definitions, self._mode = definitions, mode
        self._histories, self._walks, self._bodies = JobHistories(), PageWalks(), BodyChecks(definitions)
        self._known = KnownAnswers()

    def judge(self, operation: Operation, exchange: Exchange, parsed: ParsedRequest, number: int) -> list[Finding]:
        """The findings about an answer, by itself and compared with those before it; `number` is the exchange's number."""
        response = exchange.response
        response_spec = operation.answers.get(response.status)
        self.coverage.count(operation.id, "http", str(response.status))
        findings = check_status(operation, response, self._mode)
        findings += check_headers(operation, exchange.request, response, response_spec)
        if any(finding.code == "content-encoding-wrong" for finding in findings):  # then the body can't be read
            self._record_polls(operation, parsed, exchange, number, [])
            return findings
        key = self._known.key(parsed, response)
        known = self._known.find(key, answered_at(exchange))
        if known is not None:
            self._record_polls(operation, parsed, exchange, number, known.views)
            return findings + self._check_over_time(operation, exchange, parsed, known.total, known.views)
        body, body_findings = read_body(response, response_spec)
        findings += body_findings
        if body is MISSING:
            self._record_polls(operation, parsed, exchange, number, [])
            return findings
        source = response_spec.place if response_spec else operation.place
        number_findings = check_numbers(response.body.decode("utf-8", "replace"), body, source)
        if is_error(operation, response.status, body):
            return _without_repeats(findings + self._judge_error(operation, exchange, parsed, body, number), number_findings)
        if response_spec is not None and response_spec.schema is not None:
            findings += self._bodies.check(operation, response_spec, response, body)
        views = list(job_views(operation, body))
        job_findings = check_jobs(operation, exchange, parsed, body, views, self._mode)
        self._record_polls(operation, parsed, exchange, number, views)
        observation = operation.observation
        total = value_at(body, observation.total) if observation and observation.total else MISSING
        if not findings and not number_findings and not job_findings:
            self._known.add(key, answered_at(exchange), tuple(views), total)
        return _without_repeats(findings, [*number_findings, *job_findings]) + self._check_over_time(
            operation, exchange, parsed, total, views
        )

    def _judge_error(
        self, operation: Operation, exchange: Exchange, parsed: ParsedRequest, body: Any, number: int
    ) -> list[Finding]:
        status = exchange.response.status
        findings = check_error(self._definitions, operation, status, body)
        response_spec = operation.answers.get(status)
        has_form_finding = any(finding.code in ("error-status-wrong", "envelope-wrong") for finding in findings)
        if response_spec is None:  # the undocumented status is already reported
            findings = [finding for finding in findings if finding.code != "error-status-wrong"]
        if response_spec is not None and response_spec.schema is not None and not has_form_finding:
            findings += self._bodies.check(operation, response_spec, exchange.response, body)
        self._record_polls(operation, parsed, exchange, number, [])
        name = name_of(operation, status, body)
        self.coverage.count(operation.id, "errors", name or "an error that is not documented")
        unknown_id_error = operation.problems.get("unknown-id")
        if name is not None and unknown_id_error is not None and name == unknown_id_error.name and operation.job:
            findings += self._histories.record_missing(operation, _key(operation, parsed, ""), _span_of(exchange))
        return findings

    def _check_over_time(
        self, operation: Operation, exchange: Exchange, parsed: ParsedRequest, total: Any, views: Sequence[JobView]
    ) -> list[Finding]:
        findings: list[Finding] = []
        span = _span_of(exchange)
        for view in views:
            self.coverage.count(operation.id, "states", view.state or excerpt(view.sent))
            key = _key(operation, parsed, view.id)
            change, view_findings = self._histories.record(operation, key, view, span, self._mode)
            findings += [replace(finding, job=_job_name(operation, parsed, view.id)) for finding in view_findings]
            is_illegal = any(finding.code in _TRANSITION_CODES for finding in view_findings)
            if change is not None and (is_illegal or _is_documented_transition(operation, change)):
                self.coverage.count(operation.id, "transitions", change)
        offset = parsed.values.get("offset")
        if isinstance(offset, int) and isinstance(total, int):
            findings += self._walks.page(operation, _list_key(operation, parsed), offset, total, views, span)
        return findings

    def _record_polls(
        self, operation: Operation, parsed: ParsedRequest, exchange: Exchange, number: int, views: Sequence[JobView]
    ) -> None:
        """Add a poll to the timeline of each job in the answer; for an error, to that of the requested job."""
        if operation.job is None or operation.observation is None:
            return
        time = exchange.time if exchange.time is not None else answered_at(exchange) or 0
        http = exchange.response.status
        polls = [
            (view.id, Poll(time, view.state or _sent_status(view), http, number, view.terminal, view.progress))
            for view in views
        ]
        if not views and operation.observation.id is None:
            polls = [("", Poll(time, None, http, number))]
        for row, poll in polls:
            self.timelines.add(_key(operation, parsed, row), operation.id, _job_name(operation, parsed, row), poll)


def _sent_status(view: JobView) -> str | None:
    return None if view.sent is None else str(view.sent)


def _span_of(exchange: Exchange) -> Span | None:
    """When it was sent and received (ms since 1970); if that is unknown, both are the time of its Date header."""
    answered = answered_at(exchange)
    return exchange.span() or (None if answered is None else (answered, answered))


def _without_repeats(findings: list[Finding], more: list[Finding]) -> list[Finding]:
    """The findings and `more`, without those of `more` that report a value again that is already reported."""
    pointers = {finding.pointer for finding in findings if finding.part == "body"}
    return findings + [finding for finding in more if finding.code not in _REPEATED_CODES or finding.pointer not in pointers]


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
    """A job's name for people: the row's id, or the last part of the job's identity."""
    return row or next((text for text in reversed(_identity(operation, parsed)) if text), "")


def _is_documented_transition(operation: Operation, change: str) -> bool:
    before, _, after = change.partition(" -> ")
    return operation.job is not None and after in operation.job.transitions[before]
