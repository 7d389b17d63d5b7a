"""What a poller was ever shown: counting, adding up, and the report."""

from __future__ import annotations

import json

import pytest
import requests
from sdk_clients import INSTANCE

from mockserver import running
from mockserver.contract.coverage import documented_names
from mockserver.definitions import Definitions
from mockserver.testing import poller_coverage

JOB = "/v1.1/p/clusters/c/cdm/job/{}/status"


def test_statuses_transitions_and_errors_are_counted(shipped: Definitions) -> None:
    """Each status, each change of a job's status, and each documented error that a client was shown."""
    with running(speed=0) as mock:
        mock.job("cdm", job_name="a", life=[("BOOTING", 30), ("RUNNING", 60), ("FAILED", None)])
        mock.job("cdm", job_name="b", life=[("RUNNING", None)])
        client = mock.client()
        for _ in range(4):
            client.get(JOB.format("a"))
            client.get(JOB.format("b"))
            mock.clock.advance(30)
        client.get(JOB.format("unknown"))
        mock.fail("cdm", status=502, times=1)
        client.get(JOB.format("a"))
        mock.fail("cdm", fault="HANG", times=1)
        with pytest.raises(requests.Timeout):
            client.get(JOB.format("a"), timeout=0.2)
        counted = mock.counts()
    (cdm,) = counted.values()
    assert (cdm["polls"], cdm["undocumented"]) == (11, {})
    assert {kind: cdm[kind]["seen"] for kind in poller_coverage.KINDS} == {
        "states": {"BOOTING": 1, "RUNNING": 6, "FAILED": 1},
        "transitions": {"BOOTING -> RUNNING": 1, "RUNNING -> FAILED": 1},
        "errors": {"job-not-found": 1},
        "faults": {"status": 1, "HANG": 1},
    }
    assert shipped.operation("ShowJobStatus").problems["unknown-id"].name == "job-not-found"


def test_rows_of_a_list_are_jobs_of_their_own(shipped: Definitions) -> None:
    """In a list, each run has a status, and transitions are those of a run, not those between two rows."""
    with running(speed=0) as mock:
        mock.job("tics", league_id="l", count=3, every="1h", life=[("RUNNING", 90), ("SUCCEEDED", None)])
        mock.job("dataarts", task_id="t", count=2, every="1h", life=[("waiting", 30), ("running", 60), ("success", None)])
        client = mock.client()
        for _ in range(2):
            assert client.get("/v1/p/leagues/l/job-instances?limit=10&offset=0").status_code == 200
            asked: dict[str, str | int] = {
                "start_time": 0,
                "end_time": 4_000_000_000_000,
                "offset": 0,
                "limit": 10,
                "job_name": "j",
            }
            answer = client.get("/v1/p/datamap/node/t/instances", params=asked, headers={"instance": INSTANCE})
            assert answer.status_code == 200, answer.text
            mock.clock.advance(100)
        counted = mock.counts()
    assert counted["ListInstanceHistory"]["states"]["seen"] == {"RUNNING": 1, "SUCCEEDED": 5}
    assert counted["ListInstanceHistory"]["transitions"]["seen"] == {"RUNNING -> SUCCEEDED": 1}
    assert counted["ShowInstanceInfos"]["transitions"]["seen"] == {}  # running was between two polls
    assert counted["ShowInstanceInfos"]["undocumented"] == {}  # over statuses that no poll saw
    assert "waiting -> success" not in counted["ShowInstanceInfos"]["transitions"]["missing"]


def test_counts_add_up_and_survive_json(shipped: Definitions) -> None:
    """The counts of two processes are one count, after a way through JSON, too."""
    with running() as mock:
        mock.job("cdm", job_name="a")
        mock.client().get(JOB.format("a"))
        one = mock.counts()
    both = poller_coverage.sum_of_counts(shipped, [one, json.loads(json.dumps(one)), {}])
    counted = poller_coverage.counts_of(both)["ShowJobStatus"]
    assert (counted["polls"], counted["states"]["seen"]) == (2, {"BOOTING": 2})
    assert one["ShowJobStatus"]["polls"] == 1, "adding up changes nothing"
    assert poller_coverage.counts_of(poller_coverage.sum_of_counts(shipped, [])) == {}
    lines = poller_coverage.text(both)
    assert lines[0] == "cdm (ShowJobStatus): 2 polls"
    assert "statuses       1 of 9    never shown: NEW" in lines[1]
    assert "SUCCEEDED" in " ".join(lines[1:4])
    assert all(len(line) <= 100 for line in lines)
    assert str(poller_coverage.percent(both)) in lines[-1]


def test_the_percentage_is_of_all_that_is_documented(shipped: Definitions) -> None:
    """Everything shown is 100 %, nothing 0 %."""
    names = documented_names(shipped.operation("ShowJobStatus"), ["HANG"])
    coverage = poller_coverage.coverage_of(shipped, faults=["HANG"])
    assert poller_coverage.percent(coverage) == 0.0
    for kind in poller_coverage.KINDS[:-1]:
        for name in names[kind]:
            coverage.count("ShowJobStatus", kind, name)
    there = sum(len(names[kind]) for kind in poller_coverage.KINDS)
    assert poller_coverage.percent(coverage) == round(100 * (there - 1) / there, 1)
    coverage.count("ShowJobStatus", "faults", "HANG")
    assert poller_coverage.percent(coverage) == 100.0
