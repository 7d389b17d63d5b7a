"""Makes a TaurusDB instance and waits for the job that makes it, which can be found only some seconds after the call."""

from __future__ import annotations

import os
import time

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkgaussdb.v3 import (
    CreateGaussMySqlInstanceRequest,
    GaussDBClient,
    MysqlBackupStrategy,
    MysqlChargeInfo,
    MysqlDatastoreInReq,
    MysqlInstanceRequest,
    ShowGaussMySqlJobInfoRequest,
)
from huaweicloudsdkgaussdb.v3.region.gaussdb_region import GaussDBRegion
from robust_poller import JobFailed

NOT_FOUND = "DBS.200543"
RUNNING = ("Pending", "Running", "Unauthorized")


def create_instance(name: str, password: str, interval: float = 15, timeout: float = 3_600, grace: float = 60) -> str:
    """The id of a new instance that is ready.

    `interval` (seconds) lies between polls; a job that isn't found for `grace` seconds after the call is given up, one that
    runs for longer than `timeout` seconds, too. Raises JobFailed, or TimeoutError.
    """
    client = GaussDBClient.new_builder().with_region(GaussDBRegion.value_of(os.environ.get("REGION", "cn-north-4"))).build()
    answer = client.create_gauss_my_sql_instance(CreateGaussMySqlInstanceRequest(body=_wanted(name, password)))
    began = time.monotonic()
    while (status := _status(client, answer.job_id)) != "Completed":
        waited = time.monotonic() - began
        if status is None and waited > grace:
            raise JobFailed(f"the job {answer.job_id} can't be found")
        if status is not None and status not in RUNNING:
            raise JobFailed(f"the job {answer.job_id} ended as {status}")
        if waited > timeout:
            raise TimeoutError(f"the job {answer.job_id} is {status} after {timeout:g} s")
        time.sleep(interval)
    return str(answer.instance.id)


def _status(client: GaussDBClient, job_id: str) -> str | None:
    """The job's status; None while nobody knows it."""
    try:
        return str(client.show_gauss_my_sql_job_info(ShowGaussMySqlJobInfoRequest(id=job_id)).job.status)
    except ClientRequestException as error:
        if error.error_code == NOT_FOUND:
            return None
        raise


def _wanted(name: str, password: str) -> MysqlInstanceRequest:
    return MysqlInstanceRequest(
        name=name,
        password=password,
        region="cn-north-4",
        mode="Cluster",
        slave_count=1,
        flavor_ref="gaussdb.mysql.large.x86.4",
        availability_zone_mode="single",
        vpc_id="3cedfc54-b105-4652-a4e0-847b11576b58",
        subnet_id="c1cfa53c-65d3-431e-8552-326bf310c7ad",
        charge_info=MysqlChargeInfo(charge_mode="postPaid"),
        datastore=MysqlDatastoreInReq(type="gaussdb-mysql", version="8.0"),
        backup_strategy=MysqlBackupStrategy(start_time="08:00-09:00"),
    )
