"""Shaped like a deferrable Airflow sensor: a trigger that polls in an event loop and yields one event, and the sensor's
`execute_complete`, which makes an exception of a bad one. No Airflow is needed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from enum import Enum

from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException


class State(Enum):
    """What the trigger makes of a CDM status."""

    GOING = "going"
    DONE = "done"
    ERROR = "error"


STATES = {"SUCCEEDED": State.DONE, "FAILED": State.ERROR, "FAILURE_ON_SUBMIT": State.ERROR}
Event = dict[str, str]


class CdmTrigger:
    """Polls a job until it ends or `timeout` seconds have passed. What goes wrong on the way is logged, and tried again."""

    def __init__(self, job_name: str, poll_interval: float = 60, timeout: float = 5 * 3_600) -> None:
        self.job_name, self.poll_interval, self.timeout = job_name, poll_interval, timeout
        self.client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()

    def _status(self) -> str:
        answer = self.client.show_job_status(ShowJobStatusRequest(cluster_id="cluster", job_name=self.job_name))
        return str(answer.submissions[0].status)

    async def run(self) -> AsyncIterator[Event]:
        """One event: done, error or timeout."""
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            try:
                status = await asyncio.to_thread(self._status)
            except ClientRequestException as error:
                if error.status_code != 429:
                    yield {"status": "error", "message": str(error)}
                    return
            except Exception:
                pass
            else:
                if STATES.get(status, State.GOING) is not State.GOING:
                    yield {"status": STATES[status].value, "message": f"{self.job_name}: {status}"}
                    return
            await asyncio.sleep(self.poll_interval)
        yield {"status": "timeout", "message": f"{self.job_name} has not ended within {self.timeout:g} s"}


class SensorFailed(Exception):
    """Airflow would fail the task."""


async def wait_for(job_name: str) -> bool:
    """What Airflow's triggerer and worker do of it."""
    event = await anext(CdmTrigger(job_name).run())
    if event["status"] != "done":
        raise SensorFailed(event["message"])
    return True
