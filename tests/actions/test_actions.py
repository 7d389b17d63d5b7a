"""Calls that do something to jobs (`x-action`): starting, stopping, making, listing them, with the vendors' SDKs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import huaweicloudsdkcdm.v1 as cdm
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from mockserver.errors import InputError
from mockserver.testing.running import running

CLUSTER = "6ec9a0a4-76be-4262-8697-e7af1fac7920"


class Migrations:
    """CDM's job calls, by the vendor's SDK."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def start(self, name: str) -> Any:
        request = cdm.StartJobRequest(cluster_id=CLUSTER, job_name=name, body=cdm.CdmStartJobReq(variables={}))
        return self.client.start_job(request).submissions[0]

    def stop(self, name: str) -> Any:
        return self.client.stop_job(cdm.StopJobRequest(cluster_id=CLUSTER, job_name=name))

    def status(self, name: str) -> str:
        request = cdm.ShowJobStatusRequest(cluster_id=CLUSTER, job_name=name)
        return str(self.client.show_job_status(request).submissions[0].status)

    def runs(self, name: str) -> Any:
        return self.client.show_submissions(cdm.ShowSubmissionsRequest(cluster_id=CLUSTER, jname=name))


@pytest.fixture
def jobs(mock: Any) -> Migrations:
    return Migrations(mock.sdk("cdm"))


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ClientRequestException) as caught:
        call()
    return caught.value.status_code, str(caught.value.error_msg)


def test_a_job_waits_for_its_start_and_then_lives_as_declared(mock: Any, jobs: Migrations) -> None:
    """`started=False`: NEVER_EXECUTED until StartJob; from then on the declared life."""
    job = mock.job("cdm", job_name="orders", life="fails", started=False)
    assert (jobs.status("orders"), job.status, jobs.runs("orders").total) == ("NEVER_EXECUTED", "NEVER_EXECUTED", 0)
    mock.clock.advance(3_600)
    assert jobs.status("orders") == "NEVER_EXECUTED"
    run = jobs.start("orders")
    assert (run.job_name, run.status) == ("orders", "BOOTING")
    mock.clock.advance(70)
    assert (jobs.status("orders"), job.status) == ("FAILED", "FAILED")


def test_a_start_again_is_a_run_of_its_own(mock: Any, jobs: Migrations) -> None:
    """What has ended starts again; the history grows, and its runs don't change."""
    mock.job("cdm", job_name="orders", started=False)
    for _ in range(3):
        jobs.start("orders")
        mock.clock.advance(600)
    runs = jobs.runs("orders")
    assert (runs.total, [run.status for run in runs.submissions]) == (3, ["SUCCEEDED"] * 3)
    numbers = [run.submission_id for run in runs.submissions]
    assert numbers == sorted(numbers, reverse=True)
    assert len({run.creation_date for run in runs.submissions}) == 3
    jobs.start("orders")
    mock.clock.advance(15)
    assert [run.to_dict() for run in jobs.runs("orders").submissions[1:]] == [run.to_dict() for run in runs.submissions]


def test_a_second_start_while_it_runs_is_refused(mock: Any, jobs: Migrations) -> None:
    """Cdm.0052, and the journal and the assertion show the double start."""
    mock.job("cdm", job_name="orders", started=False)
    jobs.start("orders")
    status, message = refused(lambda: jobs.start("orders"))
    assert (status, "Cdm.0052" in message, "Job orders is running" in message) == (400, True, True)
    with pytest.raises(AssertionError, match="StartJob"):
        mock.assert_called("StartJob", times=1)
    assert jobs.runs("orders").total == 1


def test_a_job_that_is_declared_as_running_says_how_to_wait_for_a_start(mock: Any, jobs: Migrations) -> None:
    """The hint in X-Mock-Problem names started=False."""
    mock.job("cdm", job_name="orders")
    refused(lambda: jobs.start("orders"))
    assert "started=False" in mock.journal[-1].response.problem


def test_stopping(mock: Any, jobs: Migrations) -> None:
    """A running job ends; one that has ended, or never ran, is not running (Cdm.0053)."""
    mock.job("cdm", job_name="orders", started=False)
    assert "Cdm.0053" in refused(lambda: jobs.stop("orders"))[1]
    jobs.start("orders")
    mock.clock.advance(20)
    assert jobs.stop("orders").validation_result == []
    assert jobs.status("orders") == "FAILED"
    mock.clock.advance(3_600)
    assert "Cdm.0053" in refused(lambda: jobs.stop("orders"))[1]
    jobs.start("orders")
    mock.clock.advance(600)
    assert jobs.status("orders") == "SUCCEEDED", "a start goes back to the declared life"


def test_what_nobody_declared_is_unknown_to_all_calls(jobs: Migrations) -> None:
    """Where unknown ids are rejected, as tests do by default."""
    for call in (jobs.start, jobs.stop, jobs.runs, jobs.status):
        assert refused(lambda call=call: call("nobody-s"))[1].count("Cdm.0100") == 1  # type: ignore[misc]


def test_made_up_jobs_start_too() -> None:
    """Where unknown ids are made up, a start begins a life; a job that a poll made up runs already."""
    with running(unknown_ids="create") as mock:
        mock.clock.freeze()
        jobs = Migrations(mock.sdk("cdm"))
        jobs.start("orders")
        mock.clock.advance(3_600)
        jobs.start("orders")
        assert [job.as_json()["made_by"] for job in mock.jobs] == ["StartJob"]
        assert jobs.runs("orders").total == 2
        jobs.status("polled-first")
        assert "Cdm.0052" in refused(lambda: jobs.start("polled-first"))[1]
        assert jobs.stop("polled-first").status_code == 200
        assert jobs.status("polled-first") == "FAILED"


def test_rerun_keeps_the_run_before(mock: Any, jobs: Migrations) -> None:
    """A test's own rerun is a start, too."""
    job = mock.job("cdm", job_name="orders", progress="polls")
    while jobs.status("orders") != "SUCCEEDED":
        pass
    job.rerun()
    assert [run.status for run in jobs.runs("orders").submissions] == ["BOOTING", "SUCCEEDED"]


def test_a_waiting_job_can_be_seen_only_some_time_after_its_start(mock: Any) -> None:
    """`visible_after` counts from the start, in place of what the call's definition says."""
    mock.job("taurusdb", started=False, visible_after="1m")
    project = "0" * 32
    restart = f"/v3/{project}/instances/{'a' * 32}in07/restart"
    job_id = mock.client().post(restart, json={}).json()["job_id"]
    statuses = []
    for _ in range(2):
        mock.clock.advance(45)
        statuses.append(mock.client().get(f"/v3/{project}/jobs?id={job_id}").status_code)
    assert statuses == [400, 200]


@pytest.mark.parametrize("option", ["created", "age"])
def test_a_waiting_job_has_no_beginning(mock: Any, option: str) -> None:
    """What says when a job began makes no sense before its start."""
    value = "2026-01-01T00:00:00Z" if option == "created" else 5
    with pytest.raises(InputError, match=f"waits for its start has no {option}"):
        mock.job("cdm", job_name="x", started=False, **{option: value})
    with pytest.raises(InputError, match="started is 'no'"):
        mock.job("cdm", job_name="x", started="no")


def test_an_instance_s_id_has_its_documented_form(mock: Any) -> None:
    """So that no call makes an instance which is shown against its own definition."""
    for instance, status in (
        ("not-an-id", 400),
        ("a" * 32 + "in07", 200),
        ("a" * 32 + "in05", 400),
        ("mock-error-job-not-found", 400),
    ):
        answer = mock.client().post(f"/v3/{'0' * 32}/instances/{instance}/restart", json={})
        assert answer.status_code == status, instance
