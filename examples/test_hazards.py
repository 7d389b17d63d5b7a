"""The examples on the torture rack (docs/torture.md)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from airflow_operator import CdmStartJobOperator
from airflow_sensor import TaurusDbJobSensor
from asyncio_monitor import watch
from cdm_poller import wait_for
from enos_requests import Enos
from enos_requests import wait_for as wait_for_task

if TYPE_CHECKING:
    from mockserver import HazardRun

pytestmark = pytest.mark.exhaustive


@pytest.mark.mockserver_torture("cdm", job_name="jdbc2hive", skip=["end-that-is-taken-back", "last-run-s-end-first"])
def test_cdm_poller(hazard: HazardRun) -> None:
    """The short loop; what it ignores stands in its first lines, too."""
    hazard.run(lambda: wait_for("jdbc2hive", "c"))


@pytest.mark.mockserver_torture("cdm", job_name="load", starts=True)
def test_airflow_operator(hazard: HazardRun) -> None:
    """It starts its job itself."""
    hazard.run(lambda: CdmStartJobOperator("load", "c").execute({}))


@pytest.mark.mockserver_torture("taurusdb", id="1")
def test_airflow_sensor(hazard: HazardRun) -> None:
    """What Airflow does with a sensor."""

    def poke_until_done() -> None:
        sensor = TaurusDbJobSensor("1")
        while not sensor.poke({}):
            time.sleep(sensor.poke_interval)

    hazard.run(poke_until_done)


@pytest.mark.mockserver_torture("tics", league_id="l", job_id="j")
def test_asyncio_monitor(hazard: HazardRun) -> None:
    """One task of many."""

    hazard.run(lambda: watch(hazard.mock.client(), "l", "j", every=60, patience=5 * 3600))


@pytest.mark.mockserver_torture("enos", taskInstId="t")
def test_enos_requests(hazard: HazardRun) -> None:
    """With real signatures."""
    app = hazard.mock.credentials
    enos = Enos(hazard.mock.url, app.app_key, app.app_secret)
    hazard.run(lambda: wait_for_task(enos, "t", "u", "o"))
