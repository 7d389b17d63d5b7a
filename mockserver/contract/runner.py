"""Runs contract cases against a target: sends requests, polls, reads pages, and checks every answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from ..definitions import Definitions, Example, Operation
from ..errors import InputError, shortened
from ..exchanges.exchange import Exchange
from ..exchanges.job_view import JobView, job_views
from ..model import Request
from .cases import Case, Profile, request_of
from .checks.errors import is_error, name_of
from .findings import Finding, finding
from .result import Judgement
from .session import Session


@dataclass(frozen=True)
class Endpoint:
    """The target of cases: `send` a request (with a credential or without), its time `now` (ms), how to wait (s).

    Answers of different namespaces are never compared.
    """

    send: Callable[[Request, bool], Exchange]
    now: Callable[[], int]
    sleep: Callable[[float], None]
    namespace: str = ""


@dataclass(frozen=True)
class Pace:
    """How to poll: seconds between polls, by how much they grow, their limit, and how many polls at most."""

    interval: float = 5.0
    growth: float = 1.0
    longest: float = 600.0
    polls: int = 60

    def waits(self) -> Iterable[float]:
        """The waits between polls (s)."""
        wait = self.interval
        for _ in range(self.polls - 1):
            yield wait
            wait = min(wait * self.growth, self.longest)


def run_case(case: Case, session: Session, target: Endpoint, profile: Profile, pace: Pace) -> list[Finding]:
    """All findings of one case, including those about what it expects. Raises InputError if it can't be run."""
    operation = session.definitions.operation(case.operation)
    request = request_of(case, operation, profile, target.now())

    def ask(new_request: Request) -> tuple[Judgement, Exchange]:
        exchange = target.send(new_request, case.credential)
        judgement = session.check(
            exchange, case.name, namespace=target.namespace, expected_operation=operation, request=_should_be_served(case)
        )
        return judgement, exchange

    judgements = [ask(request)]
    if case.poll:
        judgements += _poll(case, operation, request, judgements[0][1], ask, target, pace)
    for _ in range(case.pages - 1):
        next_request = _next_page(operation, request, judgements[-1][1])
        if next_request is None:
            break
        request = next_request
        judgements.append(ask(request))
    last_judgement, exchange = judgements[-1]
    case_findings = _check_expectation(case, operation, exchange) + (
        _check_end(case, operation, [item for _, item in judgements]) if case.poll else []
    )
    reported = session.add(last_judgement, exchange, *(replace(item, operation=operation.id) for item in case_findings))
    return [item for answer, _ in judgements[:-1] for item in answer.findings] + list(reported.findings)


def _should_be_served(case: Case) -> bool:
    """True if the case expects its request to be served; otherwise a mistake in the request is not a finding."""
    expects_refusal = case.expect.get("problem") or case.expect.get("error") or case.expect.get("status", 200) >= 400
    return case.request is None and not expects_refusal


def _poll(
    case: Case,
    operation: Operation,
    request: Request,
    first: Exchange,
    ask: Callable[[Request], tuple[Judgement, Exchange]],
    target: Endpoint,
    pace: Pace,
) -> list[tuple[Judgement, Exchange]]:
    """Poll until the newest job has ended or is in the expected status, or the limit is reached."""
    polls, last_exchange = [], first
    for wait in pace.waits():
        views = _jobs(operation, last_exchange)
        if views and (views[0].terminal or views[0].state == case.expect.get("state", "")):
            break
        target.sleep(wait)
        judgement, last_exchange = ask(request)
        polls.append((judgement, last_exchange))
    return polls


def _json_of(exchange: Exchange) -> Any:
    try:
        return json.loads(exchange.response.body)
    except (ValueError, RecursionError):
        return None


def _jobs(operation: Operation, exchange: Exchange) -> list[JobView]:
    body = _json_of(exchange)
    return [] if is_error(operation, exchange.response.status, body) else list(job_views(operation, body))


def _next_page(operation: Operation, request: Request, exchange: Exchange) -> Request | None:
    """The request for the page after this one; None after the last."""
    rows = len(_jobs(operation, exchange))
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if rows == 0 or rows < int(query.get("limit", "0")):
        return None
    query["offset"] = str(int(query.get("offset", "0")) + rows)
    return replace(request, query=urlencode(query, quote_via=quote))


def _check_expectation(case: Case, operation: Operation, exchange: Exchange) -> list[Finding]:
    """Findings for departures from the case's expectation."""
    status, body, expect = exchange.response.status, _json_of(exchange), case.expect
    findings, actual = [], f"{status} {shortened(exchange.response.body.decode('utf-8', 'replace'))}"
    if "status" in expect and status != expect["status"]:
        findings.append(finding("answer-unexpected", "status", "", actual, f"{expect['status']} (case {case.name})"))
    error = _expected_error(operation, expect)
    if error is not None and name_of(operation, status, body) not in _equal_errors(operation, error):
        code = error.error["code"] if error.error else ""
        documented = f"the error {error.name} ({code}, {'/'.join(map(str, error.statuses))}; case {case.name})"
        is_made_up = expect.get("problem") == "unknown-id" and status < 300 and not is_error(operation, status, body)
        name = "id-made-up" if is_made_up else "answer-unexpected"
        findings.append(finding(name, "body", "", actual, documented, operation.place, error.provenance))
    expects_success = error is None and expect.get("status", 200) < 400
    if expects_success and status == expect.get("status", status) and is_error(operation, status, body):
        findings.append(
            finding("answer-unexpected", "body", "", actual, f"an answer that is not an error (case {case.name})")
        )
    return findings


def _expected_error(operation: Operation, expect: Any) -> Example | None:
    if expect.get("error") is not None:
        return operation.examples[expect["error"]]
    return operation.problems[expect["problem"]] if expect.get("problem") is not None else None


def _equal_errors(operation: Operation, expected: Example) -> set[str]:
    """The errors that look the same as the expected one: the same code in the same form."""
    code = expected.error["code"] if expected.error else None
    return {
        error.name
        for error in operation.errors()
        if error.error and error.error["code"] == code and error.envelope == expected.envelope
    }


def _check_end(case: Case, operation: Operation, exchanges: list[Exchange]) -> list[Finding]:
    """Findings if a polled job didn't end, or not in the expected status."""
    views = [jobs[0] for exchange in exchanges if (jobs := _jobs(operation, exchange))]
    place = f"{operation.place}/x-job"
    if not views:
        documented = f"a job to poll (case {case.name})"
        return [finding("answer-unexpected", "polls", "", "no job", documented, place)] if case.expect.get("ends") else []
    last = views[-1]
    if "state" in case.expect and last.state != case.expect["state"]:
        documented = f"{case.expect['state']} in the end (case {case.name})"
        return [finding("answer-unexpected", "polls", last.pointer, str(last.state or last.sent), documented, place)]
    if last.terminal or not case.expect.get("ends"):
        return []
    state = f"{last.state or last.sent} after {len(exchanges)} polls"
    ends = ", ".join(name for name, item in operation.job.states.items() if item.terminal) if operation.job else ""
    if all(view.node == last.node for view in views) and len(views) > 1:
        actual = f"{state}, and every answer the same: the job never ends"
        return [finding("job-never-ends", "polls", last.pointer, actual, f"an end: {ends}", place)]
    return [finding("job-unfinished", "polls", last.pointer, state, f"an end: {ends}", place)]


def run(
    cases: list[Case],
    session: Session,
    target_for: Callable[[Case], Endpoint | str],
    profile: Profile,
    pace: Pace,
    progress: Callable[[int, Case], None] = lambda _number, _case: None,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Run cases. Returns those that were skipped, and those that could not be run, with the reasons.

    `target_for` gives a case its target, or the reason why it is skipped; `progress` gets the number of each case.
    """
    skipped, failed = [], []
    for number, case in enumerate(cases, 1):
        progress(number, case)
        target = target_for(case)
        if isinstance(target, str):
            skipped.append((case.name, target))
            continue
        try:
            run_case(case, session, target, profile, pace)
        except InputError as error:
            failed.append((case.name, str(error)))
    return skipped, failed


def uses_only_methods(definitions: Definitions, case: Case, methods: Iterable[str]) -> bool:
    """True if a case sends only these methods."""
    method = case.request["method"] if case.request is not None else definitions.operation(case.operation).method
    return method in methods
