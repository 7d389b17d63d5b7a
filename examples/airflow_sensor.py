"""An Airflow sensor for TaurusDB's jobs, without Airflow: `poke` is that of BaseSensorOperator, the trigger's `run` that of
BaseTrigger, an asynchronous generator of events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from huaweicloudsdkcore.exceptions.exceptions import ServerResponseException
from huaweicloudsdkgaussdb.v3 import GaussDBClient, ShowGaussMySqlJobInfoRequest
from huaweicloudsdkgaussdb.v3.region.gaussdb_region import GaussDBRegion


class JobFailed(Exception):
    """The job has failed: Airflow would fail the task."""


def client_for(region: str) -> GaussDBClient:
    """A client of a region, with the credentials of the environment."""
    return GaussDBClient.new_builder().with_region(GaussDBRegion.value_of(region)).build()


class TaurusDbJobSensor:
    """Waits for a job in `poke_interval` steps, which Airflow sleeps between calls of `poke`."""

    def __init__(self, job_id: str, region: str = "cn-north-4", poke_interval: float = 60) -> None:
        self.job_id, self.region, self.poke_interval = job_id, region, poke_interval

    def poke(self, context: Any) -> bool:  # noqa: ARG002 - Airflow's signature
        """Whether the job is done. Raises JobFailed; a bad gateway is no answer yet."""
        client = client_for(self.region)
        try:
            job = client.show_gauss_my_sql_job_info(ShowGaussMySqlJobInfoRequest(id=self.job_id)).job
        except ServerResponseException:
            return False
        finally:
            client.close()
        if job.status == "Failed":
            raise JobFailed(job.fail_reason)
        return bool(job.status == "Completed")


class TaurusDbJobTrigger:
    """The deferred sensor: it waits in the triggerer, which holds no worker."""

    def __init__(self, job_id: str, region: str = "cn-north-4", poll_interval: float = 60) -> None:
        self.sensor, self.poll_interval = TaurusDbJobSensor(job_id, region), poll_interval

    async def run(self) -> AsyncIterator[dict[str, str]]:
        """One event, once the job has ended."""
        try:
            while not await asyncio.to_thread(self.sensor.poke, {}):
                await asyncio.sleep(self.poll_interval)
        except JobFailed as error:
            yield {"status": "error", "message": str(error)}
            return
        yield {"status": "success"}
