"""The loop that everybody writes first: Huawei Cloud's SDK, two known ends, a sleep."""

from __future__ import annotations

import time

from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion


def wait_for(job_name: str) -> str:
    """Poll every 30 s until the job has ended; its status."""
    client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()
    while True:
        answer = client.show_job_status(ShowJobStatusRequest(cluster_id="cluster", job_name=job_name))
        status = answer.submissions[0].status
        if status in ("SUCCEEDED", "FAILED"):
            return str(status)
        time.sleep(30)
