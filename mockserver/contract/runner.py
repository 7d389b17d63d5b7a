"""Runs cases against a target: asks, polls, turns pages, and holds every answer against the definitions."""

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
    """What is asked: `send` a request, with a credential or without; what time it is there (ms); how to wait (s).

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
        """The pauses between polls."""
        wait = self.interval
        for _ in range(self.polls - 1):
            yield wait
            wait = min(wait * self.growth, self.longest)


def run_case(case: Case, session: Session, target: Endpoint, profile: Profile, pace: Pace) -> list[Finding]:
    """All findings of one case, those about what it expects included. Raises InputError where it can't be run."""
    operation = session.definitions.operation(case.operation)
    request = request_of(case, operation, profile, target.now())

    def ask(requested: Request) -> tuple[Judgement, Exchange]:
        exchange = target.send(requested, case.credential)
        judged = session.check(
            exchange, case.name, namespace=target.namespace, expected_operation=operation, request=_is_meant_well(case)
        )
        return judged, exchange

    judged = [ask(request)]
    if case.poll:
        judged += _poll(case, operation, request, judged[0][1], ask, target, pace)
    for _ in range(case.pages - 1):
        following = _next_page(operation, request, judged[-1][1])
        if following is None:
            break
        request = following
        judged.append(ask(request))
    last, exchange = judged[-1]
    unexpected = _expected(case, operation, exchange) + (
        _ended(case, operation, [item for _, item in judged]) if case.poll else []
    )
    reported = session.add(last, exchange, *(replace(item, operation=operation.id) for item in unexpected))
    return [item for answer, _ in judged[:-1] for item in answer.findings] + list(reported.findings)


def _is_meant_well(case: Case) -> bool:
    """Whether the case means its request to be served by anyone: else what is wrong with it is not a finding."""
    refused = case.expect.get("problem") or case.expect.get("error") or case.expect.get("status", 200) >= 400
    return case.request is None and not refused


def _poll(
    case: Case,
    operation: Operation,
    request: Request,
    first: Exchange,
    ask: Callable[[Request], tuple[Judgement, Exchange]],
    target: Endpoint,
    pace: Pace,
) -> list[tuple[Judgement, Exchange]]:
    """Polls until the newest job has ended or is in the expected status, or the limit is reached."""
    requested, latest = [], first
    for wait in pace.waits():
        seen = _jobs(operation, latest)
        if seen and (seen[0].terminal or seen[0].state == case.expect.get("state", "")):
            break
        target.sleep(wait)
        judged, latest = ask(request)
        requested.append((judged, latest))
    return requested


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


def _expected(case: Case, operation: Operation, exchange: Exchange) -> list[Finding]:
    """What departs from the case's expectation."""
    status, body, expect = exchange.response.status, _json_of(exchange), case.expect
    result, text = [], f"{status} {shortened(exchange.response.body.decode('utf-8', 'replace'))}"
    if "status" in expect and status != expect["status"]:
        result.append(finding("answer-unexpected", "status", "", text, f"{expect['status']} (case {case.name})"))
    expected = _expected_error(operation, expect)
    if expected is not None and name_of(operation, status, body) not in _alike(operation, expected):
        code = expected.error["code"] if expected.error else ""
        documented = f"the error {expected.name} ({code}, {'/'.join(map(str, expected.statuses))}; case {case.name})"
        made_up = expect.get("problem") == "unknown-id" and status < 300 and not is_error(operation, status, body)
        name = "id-made-up" if made_up else "answer-unexpected"
        result.append(finding(name, "body", "", text, documented, operation.place, expected.provenance))
    served = expected is None and expect.get("status", 200) < 400
    if served and status == expect.get("status", status) and is_error(operation, status, body):
        result.append(finding("answer-unexpected", "body", "", text, f"an answer that is not an error (case {case.name})"))
    return result


def _expected_error(operation: Operation, expect: Any) -> Example | None:
    if expect.get("error") is not None:
        return operation.examples[expect["error"]]
    return operation.problems[expect["problem"]] if expect.get("problem") is not None else None


def _alike(operation: Operation, expected: Example) -> set[str]:
    """The errors that an answer can't tell from the wanted one: the same code in the same form."""
    code = expected.error["code"] if expected.error else None
    return {
        error.name
        for error in operation.errors()
        if error.error and error.error["code"] == code and error.envelope == expected.envelope
    }


def _ended(case: Case, operation: Operation, exchanges: list[Exchange]) -> list[Finding]:
    """Whether a polled job came to its end, and to the expected one."""
    seen = [jobs[0] for exchange in exchanges if (jobs := _jobs(operation, exchange))]
    place = f"{operation.place}/x-job"
    if not seen:
        expected = f"a job to poll (case {case.name})"
        return [finding("answer-unexpected", "polls", "", "no job", expected, place)] if case.expect.get("ends") else []
    last = seen[-1]
    if "state" in case.expect and last.state != case.expect["state"]:
        documented = f"{case.expect['state']} in the end (case {case.name})"
        return [finding("answer-unexpected", "polls", last.pointer, str(last.state or last.sent), documented, place)]
    if last.terminal or not case.expect.get("ends"):
        return []
    state = f"{last.state or last.sent} after {len(exchanges)} polls"
    ends = ", ".join(name for name, item in operation.job.states.items() if item.terminal) if operation.job else ""
    if all(look.node == last.node for look in seen) and len(seen) > 1:
        what = f"{state}, and every answer the same: the job never ends"
        return [finding("job-never-ends", "polls", last.pointer, what, f"an end: {ends}", place)]
    return [finding("job-unfinished", "polls", last.pointer, state, f"an end: {ends}", place)]


def run(
    cases: list[Case],
    session: Session,
    target_for: Callable[[Case], Endpoint | str],
    profile: Profile,
    pace: Pace,
    progress: Callable[[int, Case], None] = lambda _number, _case: None,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Run cases; those that were skipped and those that could not be run, with the reasons.

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


def asks_only(definitions: Definitions, case: Case, methods: Iterable[str]) -> bool:
    """Whether a case sends only these methods."""
    method = case.request["method"] if case.request is not None else definitions.operation(case.operation).method
    return method in methods
