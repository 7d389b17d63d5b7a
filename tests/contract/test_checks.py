"""Single checks, where whole mutants say too little: what findings tell, strict reading, whatever is given, threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

import httpx
import pytest
import requests
from body_schemas import ABSENT, Raw, changed, different_spots, sent
from job_mutants import with_value
from mutant_kinds import by_kind
from mutants import judge, with_json
from sample_requests import request_for
from sdk_clients import CDM, INSTANCE, PROJECT, SDKS, Connect, Sdk, Server
from valid_exchanges import DEFINITIONS, JOBS, OPERATIONS, ask, body_of, courses, documented, new_mock, successes

from mockserver.contract import check, session
from mockserver.contract.codes import CODES, explain
from mockserver.contract.findings import SEVERITIES, Finding, finding
from mockserver.contract.session import Session
from mockserver.contract.strictness import mode_of
from mockserver.definitions import Definitions, Provenance, load
from mockserver.definitions.pointer import at, parts_of
from mockserver.definitions.strict_mode import strict_ids
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange

Start = Callable[..., Server]

SAID_ELSEWHERE = {"content-length-wrong", "request-unknown", "request-malformed"}
"""Findings by the rules of HTTP and of all operations together: no single place of a document says them."""
SECRET = "s3cr3t-t0ken-0123456789"


@cache
def some_findings(operation: str) -> tuple[Finding, ...]:
    """The findings of a mutant of each kind that an operation has."""
    return tuple(finding for ones in by_kind(operation).values() for finding in judge(DEFINITIONS, ones[0]).findings)


EMBEDDING = ("GetTaskInstance", "ShowInstanceInfos")
"""Their answers have JSON within JSON: many more mutants, which take long to make."""
each_operation = pytest.mark.parametrize(
    "operation",
    [pytest.param(operation, marks=pytest.mark.exhaustive if operation in EMBEDDING else ()) for operation in OPERATIONS],
)


@each_operation
def test_every_finding_names_a_source_that_exists(operation: str) -> None:
    """A finding's source is a pointer into a document, and something stands there."""
    for item in some_findings(operation):
        if item.source or item.code not in SAID_ELSEWHERE:
            file, _, pointer = item.source.partition("#")
            assert file in DEFINITIONS.documents, str(item)
            at(DEFINITIONS.documents[file], parts_of(pointer))


@each_operation
def test_findings_say_what_was_found_and_what_is_documented(operation: str) -> None:
    """Every finding has a known code and severity, and tells what was found, what is documented and what it does."""
    for item in some_findings(operation):
        assert item.code in CODES
        assert item.severity in SEVERITIES
        assert item.found
        assert item.documented
        assert item.operation is None or item.operation in OPERATIONS
        for part in (item.code, item.found, item.documented, item.source, CODES[item.code].consequence):
            assert part in str(item)
        assert {"code", "severity", "found", "documented", "source", "consequence"} <= set(item.as_json())
        assert len(item.found) <= 1_000


@pytest.mark.exhaustive
def test_the_mutants_show_every_code_but_those_of_cases() -> None:
    """Every code of a finding is seen at work, but for what only a case can expect."""
    shown = {item.code for operation in OPERATIONS for item in some_findings(operation)} | {"job-never-ends"}
    assert set(CODES) - shown == {"answer-unexpected", "id-made-up", "job-unfinished"}


@each_operation
def test_what_is_documented_nowhere_is_no_error(operation: str) -> None:
    """A fact that stands by analogy or is made up makes an error a warning, and leaves the rest as it is."""
    for item in some_findings(operation):
        lowered = item.basis in ("analogous", "invented") and CODES[item.code].severity == "error"
        assert item.severity == ("warning" if lowered else CODES[item.code].severity), str(item)


def test_the_basis_makes_the_severity() -> None:
    """An error is one where a vendor's page or SDK says so; a note stays one."""
    for basis, severity in (
        ("documented", "error"),
        ("vendor-sdk", "error"),
        ("analogous", "warning"),
        ("invented", "warning"),
    ):
        assert finding("type-wrong", "body", "", 1, "2", "", Provenance(basis)).severity == severity
    assert finding("error-message-differs", "body", "", 1, "2", "", Provenance("invented")).severity == "note"


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    """`explain` tells meaning, consequence and advice."""
    told = explain(code)
    assert all(part in told for part in (code, CODES[code].meaning, CODES[code].consequence, CODES[code].advice))


def test_an_unknown_code_is_an_error_with_the_nearest() -> None:
    """A code that doesn't exist is refused, with the one that was probably meant."""
    with pytest.raises(InputError, match="did you mean terminal-left"):
        explain("terminal-lef")


# Strict reading


def example(operation: str, name: str) -> Exchange:
    """A documented example, as an answer."""
    asked = DEFINITIONS.operation(operation)
    names = [name for name, one in asked.examples.items() for _ in one.statuses]
    return next(exchange for one, exchange in zip(names, documented(asked), strict=True) if one == name)


def state(operation: str, name: str) -> Exchange:
    """An answer with a job in this state."""
    asked = DEFINITIONS.operation(operation)
    for course in courses(operation):
        for exchange in course.exchanges:
            code = asked.job.states[name].code if asked.job else None
            if asked.observation and next(iter(_statuses(operation, exchange)), None) == code:
                return exchange
    raise AssertionError(name)


def _statuses(operation: str, exchange: Exchange) -> Iterator[Any]:
    from mockserver.exchanges.job_view import job_views

    yield from (look.sent for look in job_views(DEFINITIONS.operation(operation), body_of(exchange)))


def with_values(operation: str, exchange: Exchange, **values: Any) -> Exchange:
    """The exchange with other values, by pointers in which `__` stands for a slash."""
    for pointer, value in values.items():
        exchange = with_value(DEFINITIONS.operation(operation), exchange, "/" + pointer.replace("__", "/"), value)
    return exchange


def _full(exchange: Exchange) -> Exchange:
    """A CDM job with every member that the strict reading requires, and none that it forbids."""
    body = body_of(exchange)
    job = body["submissions"][0]
    job.pop("last-udpate-user", None)
    usual = {"progress": 0, "isStopingIncrement": "", "last-update-date": int(job["creation-date"]) + 1_000,
             "is-execute-auto": False, "last-update-user": "cdm", "isDeleteJob": False, "isIncrementing": False,
             "external-id": "job_local1_0001"}  # fmt: skip
    return with_json(exchange, {"submissions": [{**usual, **job}]})


ENOS, CDM_JOB, ROWS, TAURUSDB = "GetTaskInstance", "ShowJobStatus", "ShowInstanceInfos", "ShowGaussMySqlJobInfo"


def _in_a_list(exchange: Exchange) -> Exchange:
    body = body_of(exchange)
    return with_json(exchange, {**body, "data": [body["data"]]})


def _run_mode(exchange: Exchange, **members: Any) -> Exchange:
    return with_values(ENOS, exchange, **{f"data__runMode__{name}": value for name, value in members.items()})


def contradictions() -> dict[str, Callable[[], tuple[Exchange, Exchange]]]:
    """For each contradiction that can be read strictly: an answer that shows it, and one that conforms to the table."""

    def enos() -> Exchange:
        return example(ENOS, "documented")

    def cdm(name: str = "documented") -> Exchange:
        return example(CDM_JOB, name)

    def taurusdb() -> Exchange:
        return example(TAURUSDB, "documented")

    ended = "published-succeeded"
    other = {"job__instance__id": "a48e43ff268f4c0e879652d65e63d0fbin01"}
    return {
        "E-1": lambda: (enos(), _in_a_list(enos())),
        "E-2": lambda: (enos(), with_values(ENOS, enos(), data__syncType=1)),
        "E-3": lambda: (enos(), with_values(ENOS, enos(), data__freq="1")),
        "E-8": lambda: (enos(), _run_mode(enos(), keyType=1)),
        "C-1": lambda: (cdm(), with_json(cdm(), {"submissions": [{**_row(cdm()), "creation-date": 1_536_905_778_725}]})),
        "C-2": lambda: (cdm("published-succeeded-2019"), _full(cdm("published-succeeded-2019"))),
        "C-4": lambda: (cdm(ended), with_values(CDM_JOB, cdm(ended), submissions__0__progress=100)),
        "C-5": lambda: (cdm(), _full(cdm())),
        "C-6": lambda: (state(CDM_JOB, "NEW"), state(CDM_JOB, "BOOTING")),
        "C-12": lambda: (with_json(cdm(), {"submissions": []}), cdm()),
        "A-2": lambda: (example(ROWS, "documented"), state(ROWS, "running")),
        "G-6": lambda: (with_values(TAURUSDB, taurusdb(), job__created="", job__ended=""), taurusdb()),
        "G-8": lambda: (state(TAURUSDB, "Canceled"), taurusdb()),
        "G-14": lambda: (with_values(TAURUSDB, taurusdb(), **other), taurusdb()),
    }  # fmt: skip


def _row(exchange: Exchange) -> dict[str, Any]:
    row: dict[str, Any] = body_of(exchange)["submissions"][0]
    return row


LONG = pytest.mark.exhaustive


@cache
def strictly(name: str) -> Definitions:
    """The definitions with one contradiction, or all, read strictly."""
    return load((), [name])


def test_every_strict_contradiction_is_tried() -> None:
    """The table below has each contradiction that the documents can be read strictly by."""
    assert set(contradictions()) == set(strict_ids(DEFINITIONS.documents))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=LONG if number % 4 else ()) for number, name in enumerate(contradictions())]
)
def test_a_contradiction_read_strictly_is_found(name: str) -> None:
    """What an example shows is accepted as documented and found strictly; what conforms is accepted either way."""
    shows, conforms = contradictions()[name]()
    assert Session(DEFINITIONS).check(shows).findings == ()
    assert Session(DEFINITIONS).check(conforms).findings == ()
    findings = Session(strictly(name), mode_of([name])).check(shows).findings
    assert findings
    assert all(name in item.documented or item.code == "inner-length-wrong" for item in findings)
    assert Session(strictly(name), mode_of([name])).check(conforms).findings == ()


@pytest.mark.parametrize("name", contradictions())
def test_all_contradictions_read_strictly_include_each(name: str) -> None:
    """`strict` finds all that each single one finds."""
    shows, _ = contradictions()[name]()
    assert Session(strictly("all"), mode_of(True)).check(shows).findings


def test_strictly_a_status_by_analogy_is_undocumented() -> None:
    """An HTTP status that no page of the operation lists is accepted as documented, and found strictly."""
    for operation in map(DEFINITIONS.operation, JOBS):
        for exchange in documented(operation):
            analogous = operation.answers[exchange.response.status].provenance.kind in ("analogous", "invented")
            findings = [finding.code for finding in Session(strictly("all"), mode_of(True)).check(exchange).findings]
            assert ("status-undocumented" in findings) == analogous


def test_an_unknown_contradiction_is_refused() -> None:
    """A strict reading of what isn't known is the caller's mistake."""
    with pytest.raises(InputError, match="C-99"):
        check((200, {}, b"{}"), "http://h/v3/projects", strict=["C-99"])


# Whatever is given


URL = "/v1.1/p/clusters/c/cdm/job/orders/status"


@pytest.mark.parametrize("client", ["requests", "httpx"])
def test_responses_of_http_clients_are_checked(server: Server, client: str) -> None:
    """A response of requests or httpx carries its request: a right one gives nothing, a wrong request is found."""
    get: Callable[..., Any] = requests.get if client == "requests" else httpx.get
    headers = {"X-Auth-Token": SECRET, "X-Project-Id": "p"}
    assert check(get(server.url + URL, headers=headers, timeout=10)) == []
    findings = check(get(server.url + URL, headers={**headers, "X-Project-Id": "q"}, params={"color": "1"}, timeout=10))
    assert {"project-mismatch", "request-parameter-unknown"} <= {item.code for item in findings}
    findings = check(get(server.url + URL, headers={"Prefer": "code=503"}, timeout=10))
    assert [item.code for item in findings] == ["request-credential-missing"]


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.package)
@pytest.mark.filterwarnings("ignore:Unable to convert string to date")
def test_responses_of_the_vendors_sdks_are_checked(sdk: Sdk, connect: Connect, server: Server) -> None:
    """The model that a real SDK read from a real socket is checked by the bytes that it keeps; lies in them are found."""
    client = connect(sdk, server)
    model = client.ask()
    assert client.answer is not None
    sent_to = client.answer.request
    request: Any = (sent_to.method, sent_to.url, dict(sent_to.headers))
    assert check(model, request) == []
    assert check(client.answer) == []
    model._raw_content = model.raw_content.replace(b'"status"', b'"sttaus"').replace(b'\\"status\\"', b'\\"sttaus\\"')
    assert {"member-missing", "member-undeclared"} <= {item.code for item in check(model, request)}


def test_tuples_are_checked() -> None:
    """(status, headers, body) with a URL, (method, URL) or (method, URL, headers, body)."""
    body = json.dumps({"submissions": []})
    told = [item.code for item in check((200, {}, body), "https://cdm.cn-north-4.myhuaweicloud.com" + URL)]
    assert told == ["request-credential-missing"]
    assert check((200, {}, body.encode()), ("get", "http://h" + URL, {"X-Auth-Token": SECRET})) == []
    login = b'{"appKey": "app", "encryption": "%s", "timestamp": 1700000000000}' % (b"0" * 64)
    answer = {"status": 0, "msg": "SUCCESS", "business": "apim-token-service", "data": {"accessToken": "t", "expire": 1}}
    request: Any = ("POST", "http://h/apim-token-service/v2.0/token/get", {}, login)
    assert check((200, [("Content-Type", "application/json")], json.dumps(answer)), request) == []


@pytest.mark.parametrize("answer", [None, 1, "text", (200, {}), b"{}"], ids=repr)
def test_anything_else_is_refused(answer: Any) -> None:
    """What is no answer is the caller's mistake, told with what is allowed."""
    with pytest.raises(InputError, match="allowed: a response of requests or httpx"):
        check(answer, "http://h/")


def test_an_answer_without_its_request_is_refused() -> None:
    """A tuple doesn't know what was asked: that must be said."""
    with pytest.raises(InputError, match="allowed: a URL"):
        check((200, {}, b"{}"))


WEIRD: tuple[Any, ...] = (
    None, Raw("1e999"), Raw("-1e999"), Raw("1" * 400), 10**30, -(10**30), 0.1, "\ud800", "\x00", "9" * 5_000, "", [], {},
    Raw("[" * 400 + "]" * 400), Raw('{"a":' * 400 + "1" + "}" * 400), Raw("[" * 100_000 + "]" * 100_000), {"$ref": "#"},
)  # fmt: skip


_QUICK = ("GetAccessToken", "ShowGaussMySqlJobInfo")


@pytest.mark.parametrize(
    "operation",
    [pytest.param(operation, marks=() if operation in _QUICK else pytest.mark.exhaustive) for operation in OPERATIONS],
)
def test_no_answer_makes_a_check_fail(operation: str) -> None:
    """Whatever stands in whatever place, a session tells findings and raises nothing, nor does it forget how to judge."""
    judging = Session(DEFINITIONS)
    for spot in different_spots(operation):
        for value in WEIRD:
            if spot.path or value is not ABSENT:
                judging.check(sent(operation, spot.exchange, changed(spot, value)))
    assert Session(DEFINITIONS).check(successes(operation)[0]).findings == ()


def test_secrets_never_stand_in_findings() -> None:
    """A token that comes back in the answer, or stands in the request, is in no finding and in no exchange that is kept."""
    operation = DEFINITIONS.operation_of("cdm")
    request = request_for(
        operation, {"x-auth-token": SECRET, "authorization": f"SDK-HMAC-SHA256 Access=a, Signature={SECRET}"}
    )
    exchange = replace(ask(new_mock(), request), request=request)
    body = body_of(exchange)
    body["submissions"][0].update({"echo": SECRET, "status": SECRET, "progress": f"token={SECRET}"})
    leaking = with_json(exchange, {**body, "accessToken": SECRET, SECRET: 1})
    leaking = replace(leaking, request=replace(request, query=f"access_token={SECRET}&x={SECRET}"))
    judged = Session(DEFINITIONS).check(leaking)
    assert {"status-unknown", "type-wrong", "member-undeclared"} <= {finding.code for finding in judged.findings}
    assert SECRET not in repr(judged)


@pytest.mark.parametrize("value", [[SECRET], {"value": SECRET}, {"accessToken": [SECRET]}, f"{SECRET}\n"], ids=str)
def test_secrets_of_the_answer_never_stand_in_findings(value: Any) -> None:
    """A token that the answer alone has is not told, however wrong its type or its place."""
    good = next(success for success in successes("GetAccessToken") if "data" in body_of(success))
    body = body_of(good)
    body["data"]["accessToken"] = body["data"]["password"] = value
    judged = Session(DEFINITIONS).check(with_json(good, body))
    assert judged.findings
    assert not [str(finding) for finding in judged.findings if SECRET in str(finding)]


# Several answers


def test_a_late_answer_is_judged_by_itself_only() -> None:
    """Requests may overtake each other: an answer that is older than the last one starts no alarm."""
    first, *_, last = courses(CDM_JOB)[0].exchanges
    judging = Session(DEFINITIONS)
    assert [judging.check(item).findings for item in (last, first)] == [(), ()]


def test_jobs_of_two_worlds_are_never_compared() -> None:
    """The same question asked of two targets has two answers."""
    course = next(course for course in courses(CDM_JOB) if course.life == "succeeds")
    first, last = course.exchanges[0], course.exchanges[-1]
    back = replace(first, time=(last.time or 0) + 1_000)
    judging = Session(DEFINITIONS)
    assert judging.check(last, namespace="a").findings == ()
    assert judging.check(back, namespace="b").findings == ()
    assert "terminal-left" in {finding.code for finding in judging.check(back, namespace="a").findings}


def test_a_session_serves_many_threads() -> None:
    """16 threads judge 800 answers of 16 jobs: nothing is lost, counted twice or mixed up."""
    operation = DEFINITIONS.operation_of("cdm")
    judging = Session(DEFINITIONS)

    def poll(number: int) -> list[tuple[int, int]]:
        mock = new_mock(number)
        told = []
        for _ in range(50):
            judged = judging.check(ask(mock, request_for(operation, job_name=f"job-{number}")), str(number))
            told.append((judged.number, len(judged.findings)))
            mock.clock.advance(7)
        return told

    with ThreadPoolExecutor(16) as pool:
        told = [item for ones in pool.map(poll, range(16)) for item in ones]
    result = judging.result("threads")
    assert sorted(number for number, _ in told) == list(range(1, 801))
    assert sum(findings for _, findings in told) == 0
    assert [judged.number for judged in result.judged] == list(range(1, 801))
    assert sorted(len(line.polls) for line in result.timelines) == [50] * 16
    assert {line.job for line in result.timelines} == {f"job-{number}" for number in range(16)}
    assert result.coverage.of(operation.id).seen["http"] == {"200": 800}


def test_the_public_session_judges_polls_together() -> None:
    """`session()` remembers what `check()` can't."""
    course = next(course for course in courses(CDM_JOB) if course.life == "succeeds")
    first, last = course.exchanges[0], course.exchanges[-1]
    judging = session()
    told = [judging.check(item).findings for item in (last, replace(first, time=(last.time or 0) + 1_000))]
    assert told[0] == ()
    assert "terminal-left" in {item.code for item in told[1]}


def test_the_sdks_arguments_are_those_of_the_tests() -> None:
    """The ids that the SDK tests use fit the definitions."""
    assert CDM.operation == CDM_JOB
    assert len(INSTANCE) == len(PROJECT) == 32
