"""The calls of the public Airflow provider's CDM hook (apache-airflow-providers-huawei 1.7.0), by name and order.

Its hook builds requests as here: attributes set one by one, a job as a dict, the answer read by `to_json_object`.
"""

from __future__ import annotations

from typing import Any

import huaweicloudsdkcdm.v1 as cdm

from mockserver.testing.running import running

CLUSTER = "6ec9a0a4-76be-4262-8697-e7af1fac7920"
VALUES = {"configs": [{"inputs": [{"name": "fromJobConfig.tableName", "value": "orders"}], "name": "fromJobConfig"}]}
JOB = {
    "job_type": "NORMAL_JOB", "name": "orders", "from-link-name": "mysql", "to-link-name": "hive",
    "from-connector-name": "generic-jdbc-connector", "to-connector-name": "hive-connector",
    "from-config-values": VALUES, "to-config-values": VALUES, "driver-config-values": VALUES,
}  # fmt: skip


class Hook:
    """CDMHook of the provider, without Airflow."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def create_job(self, jobs: list[dict[str, Any]]) -> Any:
        return self.client.create_job(cdm.CreateJobRequest(cluster_id=CLUSTER, body=cdm.CdmCreateJobJsonReq(jobs)))

    def _named(self, request: Any, name: str) -> Any:
        request.cluster_id, request.job_name = CLUSTER, name
        return request

    def start_job(self, name: str, variables: dict[str, str] | None) -> Any:
        request = self._named(cdm.StartJobRequest(), name)
        request.body = cdm.CdmStartJobReq(variables)
        return self.client.start_job(request)

    def stop_job(self, name: str) -> Any:
        return self.client.stop_job(self._named(cdm.StopJobRequest(), name))

    def delete_job(self, name: str) -> Any:
        return self.client.delete_job(self._named(cdm.DeleteJobRequest(), name))

    def show_job_status(self, name: str) -> Any:
        return self.client.show_job_status(self._named(cdm.ShowJobStatusRequest(), name)).to_json_object()["submissions"]


def poke(hook: Hook, name: str) -> str:
    """What CDMShowJobStatusSensor reads: the first submission's status."""
    return str(hook.show_job_status(name)[0]["status"])


def test_create_start_sense_stop_delete() -> None:
    """CDMCreateJobOperator, CDMStartJobOperator, CDMShowJobStatusSensor, CDMStopJobOperator, CDMDeleteJobOperator."""
    with running() as mock:
        mock.clock.freeze()
        hook = Hook(mock.sdk("cdm"))
        assert hook.create_job([JOB]).to_json_object()["name"] == "orders"
        hook.start_job("orders", {"date": "2026-11-27"})
        seen = []
        while (status := poke(hook, "orders")) in ("BOOTING", "RUNNING"):
            seen.append(status)
            mock.clock.advance(10)
        assert (status, seen[0], seen[-1]) == ("SUCCEEDED", "BOOTING", "RUNNING")
        hook.start_job("orders", None)
        mock.clock.advance(15)
        hook.stop_job("orders")
        assert poke(hook, "orders") == "FAILED"
        hook.delete_job("orders")
        names = [call.operation for call in mock.journal if call.operation != "ShowJobStatus"]
        assert names == ["CreateJob", "StartJob", "StartJob", "StopJob", "DeleteJob"]
