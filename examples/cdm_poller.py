"""Waiting for a CDM job with Huawei Cloud's own SDK, in one short loop.

It survives the torture rack but for two hazards, for which it would have to look twice before it believes an end (as
robust_poller.py does): `end-that-is-taken-back` and `last-run-s-end-first`.
"""

from __future__ import annotations

import time

from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion

TERMINAL = ("SUCCEEDED", "FAILED", "FAILURE_ON_SUBMIT", "NEVER_EXECUTED")
GOING = ("NEW", "PENDING", "BOOTING", "RUNNING", "UNKNOWN")


class JobUnclear(Exception):
    """Nobody can say how the job is doing."""


def wait_for(job_name: str, cluster_id: str, every: float = 30, patience: float = 5 * 3600, grace: float = 900) -> str:
    """Poll a job until it has ended; its status.

    Raises TimeoutError once `patience` seconds have passed, JobUnclear after `grace` seconds without a usable answer.
    """
    client = CdmClient.new_builder().with_region(CdmRegion.value_of("cn-north-4")).build()
    request = ShowJobStatusRequest(cluster_id=cluster_id, job_name=job_name)
    began = well = time.monotonic()
    pause = every
    try:
        while time.monotonic() - began < patience:
            try:
                status = _status(client, request)
            except Exception as error:  # every kind: the SDK lets its HTTP library's and its parser's through
                if time.monotonic() - well > grace:
                    raise JobUnclear(f"{job_name}: for {grace:g} s no usable answer; the last: {error!r}") from error
                pause = min(10 * every, 2 * pause)  # the SDK doesn't hand a 429's Retry-After on
            else:
                well, pause = time.monotonic(), every
                if status in TERMINAL:
                    return status
            time.sleep(pause)
    finally:
        client.close()
    raise TimeoutError(f"{job_name} has not ended within {patience:g} s")


def _status(client: CdmClient, request: ShowJobStatusRequest) -> str:
    """The job's status. Raises whatever the SDK does, and ValueError for an answer that doesn't have it."""
    submissions = client.show_job_status(request).submissions or []
    status = next((str(run.status).strip().upper() for run in submissions if run.job_name == request.job_name), "no status")
    if status not in TERMINAL + GOING:
        raise ValueError(f"CDM answered with {status} for {request.job_name}")
    return status
