"""The torture rack for code that starts its job: every hazard of starting happens, and double starts are found."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import requests

from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.testing.running import running
from mockserver.torture_rack.grading import CLEAR, RIGHT, TWICE, WRONG
from mockserver.torture_rack.hazards import hazards
from mockserver.torture_rack.runner import HazardRun, Report, options, torture

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
HEADERS = {"X-Auth-Token": "t"}
PROJECT, INSTANCE = "0605767a5780d5762fc5c0118072a564", f"{'a' * 32}in07"
CDM = "/v1.1/p/clusters/c/cdm/job/load"
ENOS = "/batch-processing-service/v2.1"


def send(method: str, path: str, body: Any = None) -> Any:
    url = os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"]
    answer = requests.request(method, url + path, headers=HEADERS, json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def cdm_status() -> str:
    return str(send("GET", f"{CDM}/status")["submissions"][0]["status"])


def start_until_it_works(start: Callable[[], Any]) -> Any:
    """What retries are wont to be."""
    for _ in range(5):
        try:
            return start()
        except requests.RequestException:
            time.sleep(10)
    raise TimeoutError("the job can't be started")


def naive_cdm() -> str:
    start_until_it_works(lambda: send("PUT", f"{CDM}/start", {"variables": {}}))
    while (status := cdm_status()) not in ("SUCCEEDED", "FAILED"):
        time.sleep(30)
    return status


def naive_taurusdb() -> str:
    job_id = start_until_it_works(lambda: send("POST", f"/v3/{PROJECT}/instances/{INSTANCE}/restart", {}))["job_id"]
    time.sleep(10)
    while (status := send("GET", f"/v3/{PROJECT}/jobs?id={job_id}")["job"]["status"]) not in ("Completed", "Failed"):
        time.sleep(30)
    return str(status)


def graded(service: str, wait: Callable[[], Any], only: str, **job: Any) -> Report:
    (report,) = torture(service, wait, only=only, starts=True, **job)
    return report


@pytest.mark.parametrize(
    ("hazard", "grade"),
    [("start-lost-and-over", TWICE), ("last-run-s-end-after-start", WRONG), ("start-throttled", "hammered the server")],
)
def test_a_naive_starter(hazard: str, grade: str) -> None:
    """A retried start makes a second run; the end that is shown first is an earlier run's."""
    report = graded("cdm", naive_cdm, hazard, job_name="load")
    assert (report.grade, report.passed) == (grade, False)
    assert "StartJob: 200" in report.text
    assert ("it started the job 2 times" in report.did) is (grade == TWICE)


def test_each_start_that_is_sent_again_makes_a_job_where_calls_give_the_ids() -> None:
    """TaurusDB: the second job is polled, the first runs unwatched."""
    report = graded("taurusdb", naive_taurusdb, "start-500-but-it-runs")
    assert (report.grade, report.passed) == (TWICE, False)
    assert report.text.count("RestartGaussMySqlInstance:") == 2


def test_a_job_that_shows_late() -> None:
    """Who takes not-found for an error falls over it."""
    report = graded("taurusdb", naive_taurusdb, "not-visible-after-start")
    assert (report.grade, report.passed) == (CLEAR, False)
    assert graded("taurusdb", naive_taurusdb, "ends-Completed").grade == RIGHT


def test_a_stop_that_comes_too_late() -> None:
    """The job has succeeded as the stop came: its error is no reason to say that it failed."""

    def operator(then: Callable[[], str]) -> Callable[[], str]:
        def run() -> str:
            send("PUT", f"{CDM}/start", {"variables": {}})
            for _ in range(60):
                time.sleep(60)
                if cdm_status() != "BOOTING" and cdm_status() != "RUNNING":
                    break
            try:
                send("PUT", f"{CDM}/stop")
            except requests.RequestException:
                return then()
            return "stopped"

        return run

    assert graded("cdm", operator(lambda: "failed"), "stop-too-late", job_name="load").grade == WRONG
    assert graded("cdm", operator(cdm_status), "stop-too-late", job_name="load").grade == RIGHT


def test_what_cannot_be_started() -> None:
    """A service without such a call; a value that is none."""
    with pytest.raises(InputError, match=r"tics has no call that starts a job; .* cdm, dataarts, enos, taurusdb"):
        options(load(), "tics", starts=True)
    with pytest.raises(InputError, match="starts is 'yes'"):
        options(load(), "cdm", starts="yes")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="only has 'start-answer-lost'"):
        options(load(), "cdm", only="start-answer-lost")


STARTERS: dict[str, tuple[dict[str, Any], tuple[str, str, Any], str]] = {
    "cdm": ({"job_name": "load"}, ("PUT", f"{CDM}/start", {"variables": {}}), f"{CDM}/status"),
    "taurusdb": ({}, ("POST", f"/v3/{PROJECT}/instances/{INSTANCE}/restart", {}), f"/v3/{PROJECT}/jobs?id=x"),
    "enos": (
        {},
        ("POST", f"{ENOS}/flows?action=trigger&userId=u&orgId=o", {"flowId": 3377, "triggerTime": 1}),
        f"{ENOS}/taskInstances?action=get&userId=u&orgId=o&taskInstId=x",
    ),
    "dataarts": (
        {"task_id": "9", "job_name": "load"},
        ("POST", f"/v1/{PROJECT}/jobs/load/run-immediate", {}),
        f"/v1/{PROJECT}/datamap/node/9/instances?job_name=load&start_time=0&end_time=9e12&offset=0&limit=10",
    ),
}


@pytest.mark.parametrize("service", sorted(STARTERS))
def test_every_hazard_of_starting_happens(service: str) -> None:
    """Each fault is served to who starts, polls and stops; the job runs once."""
    job, start, poll = STARTERS[service]
    definitions = load()
    polling = {hazard.name for hazard in hazards(definitions, service)}
    chosen = options(definitions, service, starts=True, **job)
    for hazard in (item for item in chosen.hazards if item.name not in polling):
        with running() as mock:
            run = HazardRun(mock, hazard, chosen)
            report = run.judge(partial(_start_and_poll, mock, start, poll))
            served = {entry.fault.target for entry in mock._namespace.faults.entries if entry.served}
            operation = definitions.operation_of(service).id
            by_start = {call.operation for call in mock.seen} - {operation}
            expected = by_start if hazard.name.startswith("start-") else set()
            assert expected <= served, hazard.name
            assert report.grade != TWICE


def _start_and_poll(mock: Any, start: tuple[str, str, Any], poll: str) -> None:
    method, path, body = start
    client = mock.client()
    with suppress(requests.RequestException):
        client.request(method, path, json=body, headers={"instance": "0" * 32, "workspace": "w"}, timeout=60)
    for _ in range(3):
        client.get(poll, headers={"instance": "0" * 32}, timeout=60)
        time.sleep(30)
