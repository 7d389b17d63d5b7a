"""A run of any length: what is remembered has limits, and what the limits leave out is counted."""

from __future__ import annotations

import json
import sys
import tracemalloc
import xml.etree.ElementTree as Xml
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sample_requests import request_for

from mockserver.contract import cleaning, timelines
from mockserver.contract.checks import body_checks, known_answers, paging, request, sequence
from mockserver.contract.recordings import ExchangeFilter, judge_files
from mockserver.contract.report.job_timeline import lane_of
from mockserver.contract.report.json_form import as_json
from mockserver.contract.report.junit import junit
from mockserver.contract.report.view import view_of
from mockserver.contract.result import Poll, Timeline
from mockserver.contract.session import Session
from mockserver.definitions import load
from mockserver.exchanges.exchange import Exchange
from mockserver.exchanges.recording import Recorder
from mockserver.jobs.clock import Clock
from mockserver.mock import Mock
from mockserver.redaction.redactor import Redactor
from mockserver.settings import Settings

DEFINITIONS = load()
CDM = DEFINITIONS.operation_of("cdm")
TICS = DEFINITIONS.operation_of("tics")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a short run reaches."""
    monkeypatch.setattr(sys.modules[Session.__module__], "MOST_CLEAN_EXCHANGES", 100)
    monkeypatch.setattr(timelines, "MOST_JOBS", 30)
    monkeypatch.setattr(timelines, "MOST_POLLS", 60)
    monkeypatch.setattr(sequence, "JOBS", 30)
    monkeypatch.setattr(paging, "LISTS", 5)
    for module in (request, known_answers, body_checks, cleaning):
        monkeypatch.setattr(module, "REMEMBERED", 30)


def polls(count: int) -> Iterator[Exchange]:
    """Answers of the mock about one job after the other, ten of each, and lists of jobs; each answer is another one."""
    mock = Mock(Settings(auth="off"), Clock(1_795_248_000_000, 0), DEFINITIONS)
    for number in range(count):
        asked = request_for(CDM, job_name=f"job-{number // 10}") if number % 3 else request_for(TICS, league_id=f"l{number}")
        yield Exchange(asked, mock.handle(asked), mock.clock.now(), 0.0, f"run.jsonl:{number}")
        mock.clock.advance(1)


def peak(file: Path) -> int:
    """The most memory that judging a recording takes, in bytes."""
    judging = Session(DEFINITIONS)
    tracemalloc.start()
    try:
        judge_files(judging, DEFINITIONS, [file], ExchangeFilter())
        assert judging.result("long").counts() == {"error": 0, "warning": 0, "note": 0}
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("limits")
def test_memory_stays_the_same_however_long_a_run_is(tmp_path: Path) -> None:
    """Five times as many exchanges take hardly more."""
    short, long = tmp_path / "short.jsonl", tmp_path / "long.jsonl"
    with Recorder(short, Redactor(keep_ids=True)) as first, Recorder(long, Redactor(keep_ids=True)) as second:
        for number, exchange in enumerate(polls(1_500)):
            second.add(exchange)
            if number < 300:
                first.add(exchange)
    peak(long)  # what is made once, such as patterns, is there then
    assert peak(long) < 1.5 * peak(short)


@pytest.mark.usefixtures("limits")
def test_what_is_not_kept_is_counted() -> None:
    """Every report has the whole number; of those without findings the first ones are there one by one."""
    judging = Session(DEFINITIONS)
    for exchange in polls(250):
        judging.check(exchange, exchange.source)
    broken = next(polls(1))
    judging.check(replace(broken, response=replace(broken.response, body=b"{")), "the last")
    result = judging.result("long")
    assert (len(result.judged), result.exchanges, result.judged[-1].number) == (101, 251, 251)
    view = view_of(result)
    assert "in 251 exchanges of 2 operations" in view.summary
    assert sum(section.clean for section in view.sections) == 250
    assert sum(section.exchanges for section in view.sections) == 251
    value = as_json(view)
    assert sum(value["more_exchanges"].values()) + len(value["exchanges"]) == 251
    suites = Xml.fromstring(junit(view))
    names = [case.get("name") for case in suites.iter("testcase")]
    assert sum("more exchanges without findings" in str(name) for name in names) == 2
    json.dumps(value)


def test_a_finding_of_a_case_brings_an_exchange_back(limits: None) -> None:
    """What only a case could know is said of an exchange that was already only counted."""
    judging = Session(DEFINITIONS)
    exchanges = list(polls(150))
    judged = [judging.check(exchange) for exchange in exchanges]
    broken = judging.check(replace(exchanges[0], response=replace(exchanges[0].response, body=b"{")))
    judging.add(judged[120], exchanges[120], broken.findings[0])
    result = judging.result("long")
    assert (result.exchanges, [judged.number for judged in result.judged][-2:]) == (151, [121, 151])
    assert result.judged[-2].findings == broken.findings[:1]


def timeline(*states: str | None) -> Timeline:
    """The timeline of polls that show these, a second apart."""
    lines = timelines.Timelines()
    for number, state in enumerate(states):
        lines.add("job", CDM.id, "job", Poll(number * 1_000, state, 200 if state else 503, number))
    return lines.all()[0]


def test_many_polls_of_a_job_are_thinned() -> None:
    """Each change keeps its time, nothing is lost of the numbers, and the drawing says the same."""
    states = ["BOOTING"] * 2_000 + [None] + ["RUNNING"] * 3_000 + ["SUCCEEDED"]
    line = timeline(*states)
    assert len(line.polls) <= timelines.MOST_POLLS_OF_JOB
    lane = lane_of(line, CDM)
    assert lane is not None
    assert (lane.polls, lane.errors) == (5_002, 1)
    assert [(span.label, span.polls, span.lasted) for span in lane.spans] == [
        ("BOOTING", 2_000, 2_001), ("RUNNING", 3_000, 3_000), ("SUCCEEDED", 1, 0),
    ]  # fmt: skip


def test_of_a_job_that_does_nothing_but_change_the_first_changes_are_drawn() -> None:
    """There is no thinning that; the rest is left out."""
    line = timeline(*["BOOTING", "RUNNING"] * 1_000)
    assert len(line.polls) == timelines.MOST_POLLS_OF_JOB


def test_many_jobs_keep_their_changes(limits: None) -> None:
    """Where the polls of all jobs are many, changes are still there, with their times."""
    lines = timelines.Timelines()
    for number in range(300):
        for job in range(5):
            state = "RUNNING" if number < 100 * (job + 1) / 2 else "SUCCEEDED"
            lines.add(job, CDM.id, str(job), Poll(number * 1_000, state, 200, number, state == "SUCCEEDED"))
    for job, line in enumerate(lines.all()):
        changes = [poll.time for poll, before in zip(line.polls[1:], line.polls, strict=False) if poll.state != before.state]
        assert changes == [50_000 * (job + 1)]
        assert sum(poll.times for poll in line.polls) == 300
        assert line.polls[-1].time == 299_000
    assert sum(len(line.polls) for line in lines.all()) < 100
