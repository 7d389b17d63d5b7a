"""Polls of one job that overlap in time can't be put in order, so they are not compared; those that don't, are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sample_requests import NOW, request_for

from mockserver.contract.session import Session
from mockserver.definitions import load
from mockserver.exchanges.exchange import Exchange
from mockserver.model import Response

DEFINITIONS = load()
OPERATION = DEFINITIONS.operation("ShowJobStatus")


def poll(rows: int, sent: float | None, duration: float, time: int = NOW) -> Exchange:
    """CDM's documented answer with so many rows written; times are ms after NOW, the duration is in ms."""
    body = json.loads(json.dumps(OPERATION.examples["documented"].value))
    body["submissions"][0]["counters"] = None
    body["submissions"][0]["write_rows"] = rows
    answer = Response(200, (("Content-Type", "application/json"),), json.dumps(body).encode())
    return Exchange(request_for(OPERATION), answer, time, duration / 1_000, sent=None if sent is None else NOW + sent)


def codes(*polls: Exchange) -> set[str]:
    """What is found by comparing these polls, in this order of arrival."""
    session = Session(DEFINITIONS)
    return {finding.code for item in polls for finding in session.check(item).findings} & {"count-fell", "job-vanished"}


@pytest.mark.parametrize(
    ("sent", "duration", "expected"),
    [
        pytest.param(10.25, 1.0, {"count-fell"}, id="sent after the first was received"),
        pytest.param(10.15, 1.0, set(), id="sent 0.05 ms before the first was received"),
        pytest.param(2.0, 50.0, set(), id="around the first"),
        pytest.param(0.0, 3.0, set(), id="over before the first was sent"),
    ],
)
def test_only_polls_that_do_not_overlap_are_compared(sent: float, duration: float, expected: set[str]) -> None:
    """The first is sent at 5 ms and received at 10.2 ms."""
    assert codes(poll(8, 5.0, 5.2), poll(7, sent, duration)) == expected


def test_an_overlapping_poll_is_not_what_later_ones_are_compared_with() -> None:
    """Two clients in turn: the second one's older answer is overlooked, and the first one's next answer is right."""
    assert codes(poll(8, 0, 10), poll(7, 5, 20), poll(8, 30, 5)) == set()
    assert codes(poll(8, 0, 10), poll(9, 5, 20), poll(7, 30, 5)) == {"count-fell"}


def test_a_job_that_is_missing_from_an_overlapping_answer_has_not_vanished() -> None:
    """The error for an unknown job counts only where it was asked for after the job was seen."""
    name = OPERATION.problems["unknown-id"].name
    example = next(error for error in OPERATION.errors() if error.name == name)
    missing = Response(example.statuses[0], (("Content-Type", "application/json"),), json.dumps(example.value).encode())
    body = json.loads(poll(1, 0, 0).response.body)
    body["submissions"][0]["status"] = "RUNNING"
    running = replace(poll(8, 5, 5), response=replace(poll(8, 5, 5).response, body=json.dumps(body).encode()))
    assert codes(running, replace(poll(8, 7, 5), response=missing)) == set()
    assert codes(running, replace(poll(8, 11, 5), response=missing)) == {"job-vanished"}


def test_without_the_time_of_sending_the_milliseconds_are_taken_kindly() -> None:
    """Whole milliseconds can't tell a poll that followed at once from one that overlapped by less: it is compared."""
    first = poll(8, None, 4.5, NOW + 10)
    assert codes(first, poll(7, None, 4.5, NOW + 14)) == {"count-fell"}
    assert codes(first, poll(7, None, 6.5, NOW + 14)) == set()
