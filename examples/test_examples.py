"""The examples, tested as their authors would: nothing in them knows of a mock."""

from __future__ import annotations

import asyncio

import pytest
from airflow_operator import CdmStartJobOperator
from airflow_sensor import TaurusDbJobSensor, TaurusDbJobTrigger
from asyncio_monitor import watch_all
from cdm_poller import wait_for
from create_instance import create_instance
from enos_requests import Enos
from enos_requests import wait_for as wait_for_task
from robust_poller import JobFailed

from mockserver import MockServer


def test_the_poller_waits_two_hours(mockserver: MockServer) -> None:
    """A job of two hours is waited for in milliseconds, politely."""
    mockserver.job("cdm", job_name="jdbc2hive", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)])
    with mockserver.clock.drive():
        assert wait_for("jdbc2hive", "c") == "SUCCEEDED"
    mockserver.assert_polled("cdm", job_name="jdbc2hive", min_interval=30, max_polls=242, stops_after_terminal=True)


def test_the_poller_survives_a_bad_gateway(mockserver: MockServer) -> None:
    """A 502 in between is not an end; and it waits before it asks again."""
    mockserver.job("cdm", job_name="jdbc2hive", life="succeeds")
    mockserver.fail("cdm", status=502, after=1, times=2)
    with mockserver.clock.drive():
        assert wait_for("jdbc2hive", "c") == "SUCCEEDED"
    mockserver.assert_polled("cdm", min_interval=30)


def test_the_poller_gives_up(mockserver: MockServer) -> None:
    """A job that hangs is not waited for for ever."""
    mockserver.job("cdm", job_name="stuck", life="hangs")
    with mockserver.clock.drive(), pytest.raises(TimeoutError):
        wait_for("stuck", "c")
    mockserver.assert_polled("cdm", job_name="stuck", gives_up_within="6h")


def test_the_sensor_pokes(mockserver: MockServer) -> None:
    """False while the job runs and through a bad gateway, True once two pokes have seen it done."""
    mockserver.job("taurusdb", id="1", life=[("Running", 100), ("Completed", None)])
    mockserver.fail("taurusdb", status=503, times=1)
    sensor = TaurusDbJobSensor("1")
    result = []
    for _ in range(4):
        result.append(sensor.poke({}))
        mockserver.clock.advance(60)
    assert result == [False, False, False, True]


def test_the_sensor_fails_with_the_job(mockserver: MockServer) -> None:
    """A failed job fails the task, with the job's reason."""
    mockserver.job("taurusdb", id="1", life=["Failed"])
    sensor = TaurusDbJobSensor("1")
    assert sensor.poke({}) is False
    with pytest.raises(JobFailed, match="TaurusDB job 1 ended as Failed"):
        sensor.poke({})


@pytest.mark.parametrize(("life", "status"), [("succeeds", "success"), ("fails", "error")])
def test_the_trigger_fires_once(mockserver: MockServer, life: str, status: str) -> None:
    """The deferred sensor fires one event, after polls a minute apart."""
    mockserver.job("taurusdb", id="1", life=life)

    async def events() -> list[dict[str, str]]:
        return [event async for event in TaurusDbJobTrigger("1").run()]

    with mockserver.clock.drive():
        (event,) = asyncio.run(events())
    assert event["status"] == status
    mockserver.assert_polled("taurusdb", id="1", min_interval=60)


def test_the_monitor_watches_many(mockserver: MockServer) -> None:
    """Ten jobs of different lengths at once, each asked for once a minute."""
    for hours in range(10):
        mockserver.job("tics", league_id="l", job_id=f"job{hours}", life=[("RUNNING", f"{hours}h"), ("SUCCEEDED", None)])
    with mockserver.clock.drive():
        ends = asyncio.run(watch_all(mockserver.client(), "l", [f"job{hours}" for hours in range(10)], every=600))
    assert set(ends.values()) == {"SUCCEEDED"}
    mockserver.assert_polled("tics", league_id="l", min_interval=600, max_polls=57)


@pytest.mark.mockserver(auth="verify")
def test_enos_with_real_signatures(mockserver: MockServer) -> None:
    """Token and signatures are verified; the wait backs off to five minutes, through tokens that expire."""
    mockserver.job("enos", taskInstId="t", life=[("RUNNING", "5h"), ("SUCCESS", None)])
    app = mockserver.credentials
    enos = Enos(mockserver.url, app.app_key, app.app_secret)
    with mockserver.clock.drive():
        assert wait_for_task(enos, "t", "u", "o") == "SUCCESS"
    mockserver.assert_called("GetAccessToken", times=3)
    mockserver.assert_called("GetTaskInstance", params={"taskInstId": "t", "orgId": "o"})


def test_the_operator_starts_once_and_waits(mockserver: MockServer) -> None:
    """The job waits for its start, and then lives as the test says."""
    mockserver.job("cdm", job_name="load", life="succeeds", started=False)
    with mockserver.clock.drive():
        assert CdmStartJobOperator("load", "c").execute({}) == "SUCCEEDED"
    mockserver.assert_called("StartJob", times=1)
    mockserver.assert_not_called("StopJob")


def test_the_operator_fails_with_the_job(mockserver: MockServer) -> None:
    """A run that fails fails the task."""
    mockserver.job("cdm", job_name="load", life="fails", started=False)
    with mockserver.clock.drive(), pytest.raises(JobFailed, match="load ended as FAILED"):
        CdmStartJobOperator("load", "c").execute({})


def test_the_operator_stops_what_takes_too_long(mockserver: MockServer) -> None:
    """On timeout, as when the task is killed, the run is stopped; a second kill finds nothing to stop."""
    job = mockserver.job("cdm", job_name="load", life="hangs", started=False)
    operator = CdmStartJobOperator("load", "c", timeout=600)
    with mockserver.clock.drive(), pytest.raises(TimeoutError):
        operator.execute({})
    assert job.status == "FAILED"
    operator.on_kill()
    mockserver.assert_called("StopJob", times=2)


def test_an_instance_is_made_although_its_job_is_not_found_at_once(mockserver: MockServer) -> None:
    """As documented, the job can be found some seconds after the call."""
    with mockserver.clock.drive():
        assert create_instance("orders-db", "Secret-12!").endswith("in07")
    mockserver.assert_called("CreateGaussMySqlInstance", times=1)
    assert next(call.status for call in mockserver.polls("taurusdb")) == 400


def test_an_instance_that_can_t_be_made(mockserver: MockServer) -> None:
    """The job that the call makes lives as the test says."""
    mockserver.job("taurusdb", life="fails", started=False)
    with mockserver.clock.drive(), pytest.raises(JobFailed, match="ended as Failed"):
        create_instance("orders-db", "Secret-12!")
