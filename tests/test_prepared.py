"""What is remembered of requests: the answers and the journal are the same without it."""

from __future__ import annotations

import copy
import json
import pickle
import random
from bisect import bisect_left
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
from sample_requests import ALIKE, NOW, SAMPLES, request_for

from mockserver.definitions import Operation, load
from mockserver.journal import MAX_BODY_BYTES, MAX_BYTES, MAX_ENTRIES, Journal
from mockserver.memory import Memory
from mockserver.mock import REMEMBERED, Mock
from mockserver.model import RawRequest, Request, Response
from mockserver.settings import Settings

DEFINITIONS = load()
OPERATIONS = [operation for operation in DEFINITIONS.operations if set(operation.path_names) <= set(SAMPLES)]
TIME = "2023-11-14T22:13:20Z"
SECRET = "s3cretTokenOfAFriend"
LONG = pytest.mark.exhaustive


def raw_of(request: Request) -> RawRequest:
    """A request as a client would send it."""
    target = quote(request.path) + (f"?{request.query}" if request.query else "")
    headers = tuple((name.title().encode(), value.encode()) for name, value in request.headers.items())
    return RawRequest(request.method, target.encode(), headers, request.body, len(request.body))


def variants(operation: Operation, chance: random.Random) -> Iterator[Request]:
    """Requests of an operation: in order, and wrong in one way or another."""
    usual = request_for(operation)
    yield usual
    headers = dict(usual.headers)
    for name, value in (
        ("prefer", "code=404"),
        ("prefer", "dynamic=true"),
        ("prefer", "code=9"),
        ("x-mock-namespace", "n1"),
    ):
        yield Request(usual.method, usual.path, usual.query, {**headers, name: value}, usual.body)
    yield Request(usual.method, usual.path, usual.query + "&nobody=1", headers, usual.body)
    yield Request(usual.method, usual.path, usual.query, {"host": "h"}, usual.body)
    yield Request("PATCH", usual.path, usual.query, headers)
    yield Request("GET", usual.path + "x", usual.query, headers)
    if usual.query:
        pairs = usual.query.split("&")
        pairs.pop(chance.randrange(len(pairs)))
        yield Request(usual.method, usual.path, "&".join(pairs), headers, usual.body)


EVENTS = ("advance", "leap", "back", "job", "polls", "fault", "quota", "clear", "reset", "namespace", "home")


def stories(seed: int) -> Iterator[tuple[str, Any]]:
    """What happens to a mock: requests, time that passes, jobs and faults that come and go, resets."""
    chance = random.Random(seed)
    requests = [request for operation in OPERATIONS for request in variants(operation, chance)]
    for _ in range(400):
        if chance.random() < 0.85:
            yield "ask", chance.choice(requests)
            continue
        what = chance.choice(
            ("advance", "leap", "back", "job", "polls", "fault", "quota", "clear", "reset", "namespace", "home")
        )
        yield what, chance.randrange(60_000)


def play(mock: Mock, what: str, value: Any) -> Response | None:
    """Let it happen."""
    if what == "ask":
        return mock.handle_raw(raw_of(value))
    if what == "advance":
        mock.clock.advance(value / 1_000)
    elif what == "leap":
        mock.clock.advance(value)
    elif what == "back":
        mock.clock.set(NOW)
    elif what in ("job", "polls"):
        mock.job("cdm", job_name="load", progress="polls:2" if what == "polls" else "time", age=value / 1_000)
    elif what == "fault":
        mock.fail("*", fault="EMPTY_BODY", times=2)
    elif what == "quota":
        mock.fail("cdm", quota={"limit": 2, "per": "1s"})
    elif what == "clear":
        mock.namespace().faults.clear()
    elif what == "reset":
        mock.reset()
    elif what == "namespace":
        mock.namespace("n1", seed=value)
    elif what == "home":
        mock.default_namespace = "n1" if value % 2 else "default"
    return None


@pytest.mark.parametrize(
    "auth", ["presence", *(pytest.param(auth, marks=pytest.mark.exhaustive) for auth in ("verify", "off"))]
)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (1, 2))])
def test_a_memory_changes_no_answer_and_no_line_of_the_journal(seed: int, auth: str) -> None:
    """The same story, told to mocks that remember all, little and nothing: the same answers, the same journals."""
    mocks = [
        Mock(Settings(auth=auth, time=TIME, speed=0.0), definitions=DEFINITIONS, remembered=remembered)
        for remembered in (REMEMBERED, 4, 0)
    ]
    compared = 0
    for what, value in [*stories(seed), ("reset", 0)]:
        if what == "reset":
            journals = [[{**entry.as_json(), "duration_us": 0} for entry in mock.journal.last()] for mock in mocks]
            assert journals[0] == journals[1] == journals[2]
            compared += len(journals[0])
        first, *others = [play(mock, what, value) for mock in mocks]
        assert all(other == first for other in others), (what, value)
    assert compared > 10


JOBS = [operation for operation in OPERATIONS if operation.job is not None and operation.action is None]
DECLARED: list[dict[str, Any]] = [
    {},
    {"progress": "immediate"},
    {"visible_after": 20},
    {"age": "2h"},
    {"count": 30, "every": 40},
    {"count": 5, "every": "1h", "visible_after": 7},
]
"""How the job is declared whose answers are compared; counts are for lists."""


def instants(operation: Operation, life: str, born: int) -> list[int]:
    """Just before and after each step of a life, with hundredths of it in between, and then far away (milliseconds)."""
    assert operation.job is not None
    times, at = [born], born
    for _, seconds in operation.job.lives[life].steps:
        length = round((seconds or 900) * 1_000)
        times += [at + length * share // 100 + off for share in (1, 57, 100) for off in (-1, 0, 1)]
        at += length
    times += [
        born + off for off in (6_998, 6_999, 7_000, 19_999, 20_000, 39_999, 40_000, 300_000, 300_001, 7_200_000, 86_400_000)
    ]
    times += [at + days * 86_400_000 + off for days in (29, 30, 31, 364) for off in (-1, 0, 1)]
    return sorted({time for time in times if time >= born})


OTHER_SWITCHES = {"enos-request-id": "present", "tics-end-time": "null"}


@pytest.mark.parametrize(
    "switches", [{}, pytest.param(OTHER_SWITCHES, marks=pytest.mark.exhaustive)], ids=["usual", "others"]
)
@pytest.mark.parametrize("operation", JOBS, ids=lambda operation: str(operation.id))
def test_an_answer_is_remembered_until_time_changes_it(operation: Operation, switches: dict[str, str]) -> None:
    """At each instant at which a job could change, a mock that remembers answers as one that doesn't."""
    assert operation.job is not None
    settings = Settings(auth="off", time=TIME, speed=0.0, switches=switches)
    request = request_for(operation)
    raw, kept = raw_of(request), 0
    for life in operation.job.lives:
        for declared in [None, *DECLARED]:
            if declared and "count" in declared and operation.service not in ("dataarts", "tics"):
                continue
            mocks = [Mock(settings, definitions=DEFINITIONS, remembered=remembered) for remembered in (REMEMBERED, 0)]
            for mock in mocks:
                if declared is not None:
                    mock.job(operation.service, life=life, **declared)
            for time in instants(operation, life, NOW):
                for mock in mocks:
                    mock.clock.set(time)
                mine, other = (mock.handle_raw(raw) for mock in mocks)
                assert mine == other, (life, declared, time - NOW)
                last = mocks[0]._prepared.get((raw.method, raw.target, raw.headers))
                kept += last is not None and last.last is not None and last.last.lasts(time)
    assert kept > 100 or "enos-request-id" in switches, "most answers hold for a while"


@pytest.mark.parametrize("name", ["ShowInstanceInfos", "ListInstanceHistory"])
def test_a_page_is_remembered_until_the_next_run_begins(name: str) -> None:
    """Of a list that nobody declared the next run is on the page from its first millisecond."""
    operation = DEFINITIONS.operation(name)
    mocks = [
        Mock(Settings(auth="off", time=TIME, speed=0.0), definitions=DEFINITIONS, remembered=n) for n in (REMEMBERED, 0)
    ]
    raw = raw_of(request_for(operation))

    def page_at(mock: Mock, time: int) -> bytes:
        mock.clock.set(NOW + time)
        body = json.loads(mock.handle_raw(raw).body)
        return json.dumps(json.loads(body["body"]) if "body" in body else body).encode()

    first = [page_at(mock, 0) for mock in mocks]
    totals = [json.loads(page)["total"] for page in first]
    hours = range(1, 13 * 3_600_000)
    begins = bisect_left(hours, totals[1] + 1, key=lambda time: json.loads(page_at(mocks[1], time))["total"]) + 1
    for time in (begins - 2, begins - 1, begins):
        assert page_at(mocks[0], time) == page_at(mocks[1], time)
    assert json.loads(page_at(mocks[0], begins))["total"] == totals[0] + 1


@pytest.mark.parametrize(
    "operation", [pytest.param(item, id=item.id, marks=LONG if item.id in ALIKE else ()) for item in OPERATIONS]
)
def test_a_raw_request_is_answered_like_the_one_that_was_read(operation: Operation) -> None:
    """Both doors of the mock come to the same answer, and `wire` is that answer in bytes."""
    mocks = [Mock(Settings(time=TIME, speed=0.0), definitions=DEFINITIONS) for _ in range(2)]
    for request in variants(operation, random.Random(1)):
        read, raw = mocks[0].handle(request), mocks[1].handle_raw(raw_of(request))
        assert raw == read
        lines = [f"HTTP/1.1 {raw.status} {HTTPStatus(raw.status).phrase}", *map(": ".join, raw.headers), "", ""]
        assert raw.wire == "\r\n".join(lines).encode() + raw.body
        text = raw.body.decode("utf-8", "surrogatepass")
        assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")), "as Python's json writes it"


def test_a_name_with_an_encoded_slash_is_one_segment() -> None:
    """`%2F` in a job's name is part of the name, where the door knows the target as it was sent."""
    mock = Mock(definitions=DEFINITIONS)
    answer = mock.handle_raw(RawRequest("GET", b"/v1.1/p/clusters/c/cdm/job/a%2fb/status", ((b"X-Auth-Token", b"t"),)))
    assert answer.problem and answer.problem.startswith("path parameter 'job_name' is 'a/b'; allowed: pattern")
    match = DEFINITIONS.router.matches(("", "v1.1", "p", "clusters", "c", "cdm", "job", "a/b", "status"))
    assert [(operation.id, values) for _, operation, values in match] == [("ShowJobStatus", ("p", "c", "a/b"))]


def test_what_is_remembered_is_bounded() -> None:
    """A million targets leave no more behind than the memory holds: none that came once, no large ones."""
    mock = Mock(definitions=DEFINITIONS, remembered=10)
    for number in range(50):
        mock.handle_raw(RawRequest("GET", b"/v3/p/jobs?id=%d" % number, ((b"X-Auth-Token", b"t"),)))
    assert len(mock._prepared) == 0
    for number in range(50):
        for _ in range(2):
            mock.handle_raw(RawRequest("GET", b"/v3/p/jobs?id=%d" % number, ((b"X-Auth-Token", b"t"),)))
    assert 0 < len(mock._prepared) <= 10
    mock.reset()
    assert len(mock._prepared) == 0
    for _ in range(3):
        mock.handle_raw(RawRequest("GET", b"/v3/p/jobs?id=1", ((b"X-Auth-Token", b"t" * 9_000),)))
    assert len(mock._prepared) == 0


def test_large_answers_are_not_remembered() -> None:
    """A thousand lists of a hundred long rows would fill the memory of a machine."""
    mock = Mock(Settings(auth="off", time=TIME, speed=0.0), definitions=DEFINITIONS)
    mock.job("dataarts", count=200, every="1m")
    for limit, kept in ((10, True), (100, False)):
        query = f"job_name=n&start_time=0&end_time={NOW + 1}&offset=0&limit={limit}"
        headers = ((b"instance", b"b88c445407b24283aa949f9833a38fd8"),)
        path = f"/v1/{SAMPLES['project_id']}/datamap/node/1/instances?{query}"
        raw = RawRequest("GET", path.encode(), headers)
        answer = [mock.handle_raw(raw) for _ in range(2)][-1]
        prepared = mock._prepared.get((raw.method, raw.target, raw.headers))
        assert answer.status == 200
        assert prepared is not None
        assert (prepared.last is not None) == kept == (len(answer.body) < 32 * 1024)
        assert mock.handle_raw(raw) == answer


def test_memory_forgets_what_was_not_used() -> None:
    """What is looked up stays; what isn't goes."""
    memory: Memory[int, str] = Memory(4)
    for number in range(100):
        memory.put(number, str(number))
        assert memory.get(0) == "0"
    assert memory.get(1) is None
    assert memory.get(99) == "99"


def exchange_of(journal: Journal, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
    """Add an exchange whose request and answer hold the secret."""
    request = Request(
        "GET", f"/v3/{SECRET}/jobs", f"token={SECRET}", {"x-auth-token": SECRET, **(headers or {})}, SECRET.encode()
    )
    response = Response(404, (("X-Subject-Token", SECRET),), SECRET.encode() + body, f"{SECRET} is wrong")
    journal.add(NOW, 1, "op", request, response)


def test_no_way_to_look_at_a_journal_shows_a_secret() -> None:
    """Entries are kept raw, but texts, copies, pickles and attributes of them are clean, whether looked at before or not."""
    for look in (
        repr,
        str,
        pickle.dumps,
        lambda entry: repr(copy.copy(entry)),
        lambda entry: pickle.dumps(copy.deepcopy(entry)),
        lambda entry: repr((entry.request, entry.response)),
        lambda entry: repr(entry.as_json()),
        lambda entry: repr(pickle.loads(pickle.dumps(entry)).as_json()),
    ):
        journal = Journal()
        exchange_of(journal)
        (entry,) = journal.last()
        for _ in range(2):
            shown = look(entry)
            assert SECRET not in (shown if isinstance(shown, str) else shown.decode("latin-1")), look
    assert SECRET not in repr(journal)
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(journal)


def test_a_journal_is_bounded_by_number_and_by_bytes() -> None:
    """Long bodies are cut, and the oldest exchanges go when there are too many or too much."""
    journal = Journal()
    for _ in range(MAX_ENTRIES + 5):
        exchange_of(journal)
    assert [entry.number for entry in (journal.last()[0], journal.last()[-1])] == [6, MAX_ENTRIES + 5]
    for _ in range(1_000):
        exchange_of(journal, body=b"x" * 58_000)
    entries = journal.last()
    assert len(entries) <= MAX_BYTES // 40_000 + MAX_ENTRIES
    assert journal._bytes <= MAX_BYTES
    assert len(entries[-1].response.body) == MAX_BODY_BYTES


def test_a_secret_at_the_cut_is_taken_out() -> None:
    """A body is cleaned before it is cut, so no half of a secret stays."""
    journal = Journal()
    journal.add(NOW, 1, None, Request("GET", "/", "", {"x-auth-token": SECRET}), Response(200, (), b""))
    for before in range(MAX_BODY_BYTES - len(SECRET), MAX_BODY_BYTES + 1):
        body = b"x" * before + SECRET.encode() + b"y" * 60_000
        journal.add(NOW, 1, None, Request("GET", "/", "", {"x-auth-token": SECRET}), Response(200, (), body))
        assert SECRET[:4].encode() not in journal.last(1)[0].response.body


def test_who_only_reports_never_stops_an_answer() -> None:
    """A callback that raises is counted, and the request is answered."""

    def broken(*_: object) -> None:
        raise BrokenPipeError

    mock = Mock(definitions=DEFINITIONS, on_exchange=broken, on_answer=broken)
    request = request_for(DEFINITIONS.operation("ShowJobStatus"))
    assert [mock.handle(request).status for _ in range(3)] == [200, 200, 200]
    assert mock.reports_lost == 6
    assert len(mock.journal.last()) == 3


def test_a_header_that_comes_twice_is_in_the_journal_with_both_values() -> None:
    """As RFC 9110 puts them together; secrets stay out of each."""
    journal = Journal()
    headers = (("Via", "1.1 a"), ("Set-Cookie", f"s={SECRET}"), ("Via", "1.1 b"), ("Set-Cookie", f"t={SECRET}"))
    journal.add(NOW, 1, None, Request("GET", "/", "", {}), Response(200, headers, b""))
    shown = journal.last()[0].as_json()["response"]["headers"]
    assert shown["Via"] == "1.1 a, 1.1 b"
    assert SECRET not in str(shown)
