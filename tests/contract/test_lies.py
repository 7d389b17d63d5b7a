"""Lies of several kinds, each found, told as what it is, and told once."""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from job_mutants import with_value
from sample_requests import request_for
from valid_exchanges import DEFINITIONS, IDENTITY, ask, course, new_mock

from mockserver.contract.session import Session
from mockserver.exchanges.exchange import Exchange
from mockserver.exchanges.json_path import value_at

CDM, RUNS, ENOS, JOB, HISTORY = (
    "ShowJobStatus", "ShowInstanceInfos", "GetTaskInstance", "ShowGaussMySqlJobInfo", "ListInstanceHistory",
)  # fmt: skip
Lie = Callable[[Exchange], Exchange]


@cache
def polls(name: str) -> tuple[Exchange, ...]:
    """The polls of a job to its end."""
    operation = DEFINITIONS.operation(name)
    assert operation.job is not None
    return tuple(course(operation, next(iter(operation.job.lives))))


def said(*exchanges: Exchange) -> list[tuple[str, str]]:
    """Code and what was found, of all findings in the last of these answers."""
    session = Session(DEFINITIONS)
    judged = [session.check(exchange) for exchange in exchanges]
    return [(finding.code, finding.found) for finding in judged[-1].findings]


def codes(*exchanges: Exchange) -> list[str]:
    return [code for code, _ in said(*exchanges)]


def told(name: str, exchange: Exchange, pointer: str, value: Any) -> Exchange:
    return with_value(DEFINITIONS.operation(name), exchange, pointer, value)


@pytest.mark.parametrize(
    ("name", "pointer", "value"),
    [
        (CDM, "/submissions/0/job-name", ""),
        (CDM, "/submissions/0/job-name", " \t"),
        (RUNS, "/body/rows/0/taskName", "  "),
        (RUNS, "/body/rows/0/taskId", 0),
        (CDM, "/submissions/0/creation-date", 1_700_000_000),
        (CDM, "/submissions/0/creation-date", 10**18),
        (RUNS, "/body/rows/0/startTime", 10**17),
        (JOB, "/job/created", "2026-02-30T10:00:00+0800"),
        (JOB, "/job/created", "2026-01-01T10:00:00+9999"),
        (JOB, "/job/created", "0000-00-00T00:00:00+0000"),
        (ENOS, "/data/startTime", "2026-02-30 10:00:00"),
        (ENOS, "/data/timeStamp", "Fri Feb 30 10:00:00 CST 2026"),
        (CDM, "/submissions/0/status", "\u0405UCCEEDED"),
        (CDM, "/submissions/0/status", "SUCCEEDED "),
        (CDM, "/submissions/0/status", None),
    ],
)
def test_one_wrong_value_is_one_finding(name: str, pointer: str, value: Any) -> None:
    """An empty name, a time that can't be, a status that only looks right: told once, not with what follows from it."""
    assert len(codes(told(name, polls(name)[-1], pointer, value))) == 1


def _changed(name: str, first: dict[str, int], second: dict[str, int]) -> list[str]:
    """The codes for two polls of an ended job, whose numbers are changed by so much."""
    exchanges = list(polls(name)[-2:])
    for index, changes in enumerate((first, second)):
        for pointer, by in changes.items():
            value = value_at(json.loads(exchanges[index].response.body), pointer)
            exchanges[index] = told(name, exchanges[index], pointer, value + by)
    return codes(*exchanges)


RUN, CREATED, COUNT = "/submissions/0/submission-id", "/submissions/0/creation-date", "/data/runNum"


@pytest.mark.parametrize(
    ("name", "first", "second", "expected"),
    [
        (CDM, {}, {RUN: 1}, {"run-mixed"}),
        (CDM, {}, {CREATED: -1_000}, {"time-changed"}),
        (CDM, {}, {RUN: -1, CREATED: -1_000}, {"run-mixed", "time-changed"}),
        (CDM, {}, {RUN: 1, CREATED: -1_000}, {"run-mixed", "time-changed"}),
        (CDM, {}, {RUN: -5, CREATED: 1_000}, {"run-mixed", "time-changed"}),
        (ENOS, {COUNT: 1}, {}, {"count-fell"}),
        (ENOS, {}, {COUNT: 1}, {"run-mixed"}),
    ],
)
def test_a_new_run_is_one_in_every_respect(
    name: str, first: dict[str, int], second: dict[str, int], expected: set[str]
) -> None:
    """An id or a date that moves alone, or back, is no new run; nor is a new number with the old times."""
    assert set(_changed(name, first, second)) == expected


def _page(name: str, exchange: Exchange, offset: int, limit: int) -> Exchange:
    values = {**dict(parse_qsl(exchange.request.query)), "offset": str(offset), "limit": str(limit)}
    if "start_time" in values:
        values |= {"start_time": "1600000000000", "end_time": "1800000000000"}
    return replace(exchange, request=replace(request_for(DEFINITIONS.operation(name)), query=urlencode(values)))


def _lists(name: str, pages: Sequence[tuple[int, int]]) -> list[Exchange]:
    """These pages (offset and limit) of a list of seven ended runs, one after the other."""
    operation = DEFINITIONS.operation(name)
    assert operation.job is not None
    mock, life = new_mock(), next(iter(operation.job.lives))
    mock.job(operation.service, life=life, count=7, every="1h", age="9h", **IDENTITY[operation.service])
    first = ask(mock, request_for(operation))
    answers = []
    for offset, limit in pages:
        mock.clock.advance(5)
        answers.append(ask(mock, _page(name, first, offset, limit).request))
    return answers


@pytest.mark.parametrize(("name", "rows", "total"), [(HISTORY, "/lists", "/total"), (RUNS, "/body/rows", "/body/total")])
@pytest.mark.parametrize(("index", "expected"), [(0, ["job-vanished"]), (3, ["job-vanished"]), (6, [])])
def test_an_ended_run_leaves_the_list_last(name: str, rows: str, total: str, index: int, expected: list[str]) -> None:
    """A service may forget its oldest runs, but no newer one."""
    before, after = _lists(name, [(0, 10), (0, 10)])
    assert codes(before, after) == []
    there = value_at(json.loads(after.response.body), rows)
    if isinstance(there, str):
        there = json.loads(there)
    after = told(name, told(name, after, rows, [*there[:index], *there[index + 1 :]]), total, 6)
    assert codes(before, after) == expected


@pytest.mark.parametrize(("name", "total"), [(HISTORY, "/total"), (RUNS, "/body/total")])
@pytest.mark.parametrize("by", [-1, 1, 5])
def test_a_total_stays_within_a_walk(name: str, total: str, by: int) -> None:
    """Nothing began between two pages, yet there are more rows, or fewer."""
    first, second = _lists(name, [(0, 3), (3, 3)])
    assert codes(first, second) == []
    assert "total-changed" in codes(first, told(name, second, total, 7 + by))


def _sent(exchange: Exchange, body: bytes, *headers: tuple[str, str]) -> Exchange:
    remaining = [pair for pair in exchange.response.headers if pair[0].lower() != "content-length"]
    whole = (*remaining, ("Content-Length", str(len(body))), *headers)
    return replace(exchange, response=replace(exchange.response, headers=whole, body=body))


PACKED = gzip.compress(b"{}", mtime=0)


@pytest.mark.parametrize(
    ("body", "coding"),
    [(b"{}", "gzip"), (b"{}", "br"), (b"{}", "x-nonsense"), (PACKED[:-3], "gzip"), (PACKED + b"more", "gzip"),
     (PACKED, "deflate")],
    ids=["plain as gzip", "plain as br", "plain as nonsense", "cut", "too long", "gzip as deflate"],
)  # fmt: skip
def test_a_coding_that_lies_is_one_finding(body: bytes, coding: str) -> None:
    """Nothing is said of a body that nobody can unpack."""
    assert codes(_sent(polls(CDM)[0], body, ("Content-Encoding", coding))) == ["content-encoding-wrong"]


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "", "5s", "Fri, 31 Feb 2026 10:00:00 GMT", "2026-11-27T10:00:00Z"])
def test_a_retry_after_that_is_no_time(value: str) -> None:
    """Neither seconds nor a date of HTTP."""
    exchange = polls(CDM)[0]
    assert codes(_sent(exchange, exchange.response.body, ("Retry-After", value))) == ["header-invalid"]


@pytest.mark.parametrize("name", ["Content-Type", "Date", "X-Request-Id", "Retry-After", "Content-Encoding"])
def test_a_header_that_may_stand_once(name: str) -> None:
    """Sent twice, whatever its values are."""
    exchange = polls(CDM)[0]
    value = exchange.response.header(name) or {"Retry-After": "5", "Content-Encoding": "identity"}[name]
    remaining = tuple(pair for pair in exchange.response.headers if pair[0].lower() != name.lower())
    response = replace(exchange.response, headers=(*remaining, (name, value), (name.lower(), value)))
    assert codes(replace(exchange, response=response)) == ["header-doubled"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (unicodedata.normalize("NFD", "caf\u00e9"), "U+0301 COMBINING ACUTE ACCENT"),
        ("caf\u200b\u00e9", "U+200B ZERO WIDTH SPACE"),
        ("c\u0430f\u00e9", "U+0430 CYRILLIC SMALL LETTER A"),
        ("\ufeffcaf\u00e9", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("caf\u00e9\u00a0", "U+00A0 NO-BREAK SPACE"),
        ("\uff43af\u00e9", "U+FF43 FULLWIDTH LATIN SMALL LETTER C"),
    ],
    ids=["NFD", "zero width", "look-alike", "BOM", "no-break space", "full width"],
)
def test_what_cant_be_seen_is_named(text: str, named: str) -> None:
    """Two names that look the same: the finding says what tells them apart."""
    mock = new_mock()
    mock.job("cdm", job_name="caf\u00e9", life="succeeds")
    request = request_for(DEFINITIONS.operation(CDM))
    exchange = ask(mock, replace(request, path=request.path.replace("/load/", "/caf\u00e9/")))
    (code, found), *more = said(told(CDM, exchange, "/submissions/0/job-name", text))
    assert (code, more) == ("id-mismatch", [])
    assert f"(with {named})" in found


@pytest.mark.parametrize(
    ("name", "status", "body", "expected"),
    [
        (CDM, 200, {"errCode": "Cdm.0100", "externalMessage": "Job[load] doesn't exist."}, ["error-status-wrong"]),
        (JOB, 200, {"error_code": "DBS.200543", "error_msg": "x"}, ["error-status-wrong"]),
        (CDM, 200, {"error": {"code": "404", "message": "m"}}, ["envelope-wrong"]),
        (CDM, 404, {"errCode": "Cdm.0014", "externalMessage": "Invalid parameter."}, ["error-status-wrong"]),
        (JOB, 403, {"error_code": "APIGW.0301", "error_msg": "x", "request_id": "a" * 32}, ["error-status-wrong"]),
        (CDM, 418, {"errCode": "Cdm.0014", "externalMessage": "x"}, ["status-undocumented"]),
        (ENOS, 400, {"code": 0, "msg": "OK", "data": {}}, ["error-status-wrong"]),
        (ENOS, 500, {"code": 0, "msg": "OK", "data": None}, ["error-status-wrong"]),
        (ENOS, 401, {"code": 62102, "msg": "Incorrect parameter.", "data": None}, ["error-status-wrong"]),
        (ENOS, 200, {"code": 62102, "msg": "Incorrect parameter.", "data": None}, []),
    ],
)
def test_an_error_under_another_status(name: str, status: int, body: Any, expected: list[str]) -> None:
    """Told as what it is, and once."""
    exchange = polls(name)[0]
    answer = replace(exchange, response=replace(exchange.response, status=status))
    assert codes(_sent(answer, json.dumps(body).encode())) == expected


def test_a_condition_on_a_documented_status_is_found() -> None:
    """Where the status itself is a documented one, what doesn't go with it is a finding; so is a file without a resource."""
    exchange = polls(ENOS)[0]
    assert codes(exchange) == []
    assert "conditional-wrong" in codes(told(ENOS, exchange, "/data/stsDesc", "SUCCESS"))
    assert "conditional-wrong" in codes(told(ENOS, exchange, "/data/status", 1))
    assert codes(told(ENOS, exchange, "/data/fileName", "a.jar")) == ["conditional-wrong"]
