"""An Airflow sensor for TaurusDB's jobs, without Airflow: `poke` is that of BaseSensorOperator, the trigger's `run` that of
BaseTrigger, an asynchronous generator of events. Both survive the whole torture rack: `Watch` decides.

Airflow's mode `reschedule` makes a new sensor for each poke, which has seen nothing yet; use the trigger there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from huaweicloudsdkgaussdb.v3 import GaussDBClient
from huaweicloudsdkgaussdb.v3.region.gaussdb_region import GaussDBRegion
from robust_poller import TAURUSDB, JobFailed, JobUnclear, Watch, look_at_taurusdb


def client_for(region: str) -> GaussDBClient:
    """A client of a region, with the credentials of the environment."""
    return GaussDBClient.new_builder().with_region(GaussDBRegion.value_of(region)).build()


class TaurusDbJobSensor:
    """Waits for a job in `poke_interval` steps, which Airflow sleeps between calls of `poke`."""

    def __init__(self, job_id: str, region: str = "cn-north-4", poke_interval: float = 60) -> None:
        self.job_id, self.region, self.poke_interval = job_id, region, poke_interval
        self.watch = Watch(f"TaurusDB job {job_id}", TAURUSDB, poke_interval)

    def poke(self, context: Any) -> bool:  # noqa: ARG002 - Airflow's signature
        """Whether the job is done. Raises JobFailed, JobUnclear, TimeoutError; a bad gateway is no answer yet."""
        client = client_for(self.region)
        try:
            return self.watch.look(look_at_taurusdb(client, self.job_id)) is not None
        finally:
            client.close()


class TaurusDbJobTrigger:
    """The deferred sensor: it waits in the triggerer, which holds no worker."""

    def __init__(self, job_id: str, region: str = "cn-north-4", poll_interval: float = 60) -> None:
        self.sensor, self.poll_interval = TaurusDbJobSensor(job_id, region), poll_interval

    async def run(self) -> AsyncIterator[dict[str, str]]:
        """One event, once the job has ended or nobody can say how it is."""
        try:
            while not await asyncio.to_thread(self.sensor.poke, {}):
                await asyncio.sleep(self.sensor.watch.pause)
        except (JobFailed, JobUnclear, TimeoutError) as error:
            yield {"status": "error", "message": str(error)}
            return
        yield {"status": "success"}
