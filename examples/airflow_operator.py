"""An operator in Airflow's shape: starts a CDM job, waits for its end, and stops it when the task is killed.

With Airflow, derive from `airflow.sdk.BaseOperator`; `execute` and `on_kill` are what it calls. It survives the torture rack
with `starts=True` (test_hazards.py): a start whose answer is lost is not sent again.
"""

from __future__ import annotations

import os
from typing import Any

from huaweicloudsdkcdm.v1 import CdmClient, CdmStartJobReq, ShowJobStatusRequest, StartJobRequest, StopJobRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from robust_poller import CDM, JobFailed, look_at_cdm, wait_for

HOUR = 3_600.0
NOTHING_TO_STOP = "Cdm.0053"


class CdmStartJobOperator:
    """Starts a job, once, and returns its last status. Raises JobFailed where the run fails, or can't be started."""

    def __init__(self, job_name: str, cluster_id: str, interval: float = 30, timeout: float = 3 * HOUR) -> None:
        self.job_name = job_name
        self.cluster_id = cluster_id
        self.interval = interval
        self.timeout = timeout
        self.client = CdmClient.new_builder().with_region(CdmRegion.value_of(os.environ.get("REGION", "cn-north-4"))).build()

    def execute(self, _context: dict[str, Any]) -> str:
        """Start the job and wait until it has ended; one that runs for too long is stopped."""
        self._start()
        look = look_at_cdm(self.client, self.cluster_id, self.job_name)
        try:
            return wait_for(f"CDM job {self.job_name}", look, CDM, every=self.interval, patience=self.timeout)
        except TimeoutError:
            self.on_kill()
            raise

    def on_kill(self) -> None:
        """Stop the run. That it has ended in the meantime is not an error."""
        try:
            self.client.stop_job(StopJobRequest(cluster_id=self.cluster_id, job_name=self.job_name))
        except ClientRequestException as error:
            if NOTHING_TO_STOP not in str(error.error_msg):
                raise

    def _start(self) -> None:
        """Start the job. It is never sent twice: after an error, a run that wasn't there before is its own.

        Raises JobFailed where there is none: the next try of the task may start it.
        """
        before = self._run()
        body = CdmStartJobReq(variables={})
        try:
            self.client.start_job(StartJobRequest(cluster_id=self.cluster_id, job_name=self.job_name, body=body))
        except Exception as error:  # the SDK's, and those of the HTTP library that fall through it
            try:
                begun = self._run() != before
            except Exception as unknown:
                raise JobFailed(f"CDM job {self.job_name}: nobody knows whether it was started ({error})") from unknown
            if not begun:
                raise JobFailed(f"CDM job {self.job_name} was not started: {error}") from error

    def _run(self) -> Any:
        """What tells the runs of a job apart: when the newest was made."""
        request = ShowJobStatusRequest(cluster_id=self.cluster_id, job_name=self.job_name)
        newest = self.client.show_job_status(request).submissions[0]
        return newest.creation_date if newest.status != "NEVER_EXECUTED" else None
