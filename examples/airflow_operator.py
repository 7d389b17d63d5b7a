"""An operator in Airflow's shape: starts a CDM job, waits for its end, and stops it when the task is killed.

With Airflow, derive from `airflow.sdk.BaseOperator`; `execute` and `on_kill` are what it calls.
"""

from __future__ import annotations

import os
import time
from typing import Any

from huaweicloudsdkcdm.v1 import (
    CdmClient,
    CdmStartJobReq,
    ShowJobStatusRequest,
    StartJobRequest,
    StopJobRequest,
)
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from robust_poller import JobFailed

ENDED_WELL = "SUCCEEDED"
ENDED_BADLY = ("FAILED", "FAILURE_ON_SUBMIT")
RUNNING_ALREADY = "Cdm.0052"


class CdmStartJobOperator:
    """Starts a job, once, and returns its last status. Raises JobFailed where the run fails."""

    def __init__(self, job_name: str, cluster_id: str, interval: float = 30, timeout: float = 6 * 3600) -> None:
        self.job_name = job_name
        self.cluster_id = cluster_id
        self.interval = interval
        self.timeout = timeout
        self.client = CdmClient.new_builder().with_region(CdmRegion.value_of(os.environ.get("REGION", "cn-north-4"))).build()

    def execute(self, _context: dict[str, Any]) -> str:
        """Start the job and wait until it has ended; one that runs for too long is stopped."""
        self._start()
        deadline = time.monotonic() + self.timeout
        while (status := self._status()) != ENDED_WELL:
            if status in ENDED_BADLY:
                raise JobFailed(f"the job {self.job_name} ended as {status}")
            if time.monotonic() > deadline:
                self.on_kill()
                raise TimeoutError(f"the job {self.job_name} is {status} after {self.timeout:g} s; it was stopped")
            time.sleep(self.interval)
        return status

    def on_kill(self) -> None:
        """Stop the run. That it has ended in the meantime is not an error."""
        try:
            self.client.stop_job(StopJobRequest(cluster_id=self.cluster_id, job_name=self.job_name))
        except ClientRequestException as error:
            if "Cdm.0053" not in str(error.error_msg):
                raise

    def _start(self) -> None:
        """Start the job; a start whose answer is lost isn't sent again before the status says that nothing runs."""
        body = CdmStartJobReq(variables={})
        try:
            self.client.start_job(StartJobRequest(cluster_id=self.cluster_id, job_name=self.job_name, body=body))
        except ClientRequestException as error:
            if RUNNING_ALREADY not in str(error.error_msg):
                raise
        except SdkException:
            if self._status() not in ("BOOTING", "RUNNING"):
                raise

    def _status(self) -> str:
        request = ShowJobStatusRequest(cluster_id=self.cluster_id, job_name=self.job_name)
        return str(self.client.show_job_status(request).submissions[0].status)
