"""Waiting for a CDM job with Huawei Cloud's own SDK: gets over bad gateways, gives up in the end."""

from __future__ import annotations

import time

from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
from huaweicloudsdkcore.exceptions.exceptions import ServerResponseException

TERMINAL = ("SUCCEEDED", "FAILED", "FAILURE_ON_SUBMIT", "NEVER_EXECUTED")


def wait_for(job_name: str, cluster_id: str, every: float = 30, patience: float = 6 * 3600) -> str:
    """Poll a job until it has ended; its status. Raises TimeoutError once `patience` seconds have passed."""
    client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()
    deadline = time.monotonic() + patience
    try:
        while time.monotonic() < deadline:
            status = _status(client, ShowJobStatusRequest(cluster_id=cluster_id, job_name=job_name))
            if status in TERMINAL:
                return status
            time.sleep(every)
    finally:
        client.close()
    raise TimeoutError(f"{job_name} has not ended within {patience:g} s")


def _status(client: CdmClient, request: ShowJobStatusRequest) -> str:
    try:
        return str(client.show_job_status(request).submissions[0].status)
    except ServerResponseException:  # a 5xx: the next poll may do
        return ""
