"""What is remembered of requests: the answers and the journal are the same without it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from asking import NOW, request_for

from mockserver.definitions import Operation, load
from mockserver.jobs.clock import Clock
from mockserver.mock import REMEMBERED, Mock
from mockserver.model import RawRequest, Request, Response
from mockserver.settings import Settings

DEFINITIONS = load()
SECRET = "s3cretTokenOfAFriend"


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


def stories(seed: int) -> Iterator[tuple[str, Any]]:
    """What happens to a mock: requests, time that passes, jobs and faults that come and go, resets."""
    chance = random.Random(seed)
    requests = [request for operation in DEFINITIONS.operations for request in variants(operation, chance)]
    for _ in range(400):
        if chance.random() < 0.85:
            yield "ask", chance.choice(requests)
            continue
        what = chance.choice(("advance", "back", "job", "polls", "fault", "quota", "clear", "reset", "namespace", "home"))
        yield what, chance.randrange(60_000)


def play(mock: Mock, what: str, value: Any) -> Response | None:
    """Let it happen."""
    if what == "ask":
        return mock.handle_raw(raw_of(value))
    if what == "advance":
        mock.clock.advance(value / 1_000)
    elif what == "back":
        mock.clock.set(NOW)
    elif what in ("job", "polls"):
        mock.job("cdm", job_name="load", progress="polls:2" if what == "polls" else "time", age=value / 1_000)
    elif what == "fault":
        mock.fail("*", fault="EMPTY_BODY", times=2)
    elif what == "quota":
        mock.fail("cdm", quota="2/1s")
    elif what == "clear":
        mock.world().faults.clear()
    elif what == "reset":
        mock.reset()
    elif what == "namespace":
        mock.world("n1", seed=value)
    elif what == "home":
        mock.home = "n1" if value % 2 else "default"
    return None


@pytest.mark.parametrize("auth", ["presence", "verify", "off"])
@pytest.mark.parametrize("seed", range(3))
def test_a_memory_changes_no_answer_and_no_line_of_the_journal(seed: int, auth: str) -> None:
    """The same story, told to mocks that remember all, little and nothing: the same answers, the same journals."""
    mocks = [
        Mock(Settings(auth=auth), Clock(NOW, speed=0), DEFINITIONS, remembered=remembered)
        for remembered in (REMEMBERED, 4, 0)
    ]
    for what, value in stories(seed):
        first, *others = [play(mock, what, value) for mock in mocks]
        assert all(other == first for other in others), (what, value)
    journals = [[{**entry.as_json(), "duration_us": 0} for entry in mock.journal.last()] for mock in mocks]
    assert journals[0] == journals[1] == journals[2] != []


@pytest.mark.parametrize("operation", DEFINITIONS.operations, ids=lambda operation: str(operation.id))
def test_a_raw_request_is_answered_like_the_one_that_was_read(operation: Operation) -> None:
    """Both doors of the mock come to the same answer, and `wire` is that answer in bytes."""
    mocks = [Mock(clock=Clock(NOW, speed=0), definitions=DEFINITIONS) for _ in range(2)]
    for request in variants(operation, random.Random(1)):
        read, raw = mocks[0].handle(request), mocks[1].handle_raw(raw_of(request))
        assert raw == read
