"""A loop that leaves retries to tenacity: errors of any kind three times a second apart, a status until it is an end."""

from __future__ import annotations

from typing import Any

from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_attempt, stop_after_delay, wait_fixed

ENDS = ("SUCCEEDED", "FAILED", "FAILURE_ON_SUBMIT")


class JobFailed(Exception):
    """The job has failed."""


def wait_for(job_name: str) -> None:
    """Wait for a job, four hours at most. Raises JobFailed, tenacity's RetryError, or what the SDK raised at last."""
    client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()
    request = ShowJobStatusRequest(cluster_id="cluster", job_name=job_name)
    errors = Retrying(
        retry=retry_if_exception_type(SdkException), stop=stop_after_attempt(5), wait=wait_fixed(0.2), reraise=True
    )
    polls = Retrying(
        retry=retry_if_result(lambda run: run.status not in ENDS), stop=stop_after_delay(4 * 3_600), wait=wait_fixed(30)
    )

    def look() -> Any:
        return errors(client.show_job_status, request).submissions[0]

    run = polls(look)
    if run.status != "SUCCEEDED":
        raise JobFailed(f"{job_name}: {run.status}")
