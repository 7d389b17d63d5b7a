"""Calls around the poll of TaurusDB, CDM and EnOS: what they make and do, by the vendors' SDKs or as they send it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import huaweicloudsdkcdm.v1 as cdm
import huaweicloudsdkdataartsstudio.v1 as dataarts
import huaweicloudsdkdlf.v1 as dlf
import huaweicloudsdkgaussdb.v3 as gaussdb
import huaweicloudsdktics.v1 as tics
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from poseidon import poseidon

from mockserver.contract import Exchange, check
from mockserver.errors import InputError
from mockserver.settings import DEFAULT_APP_KEY, DEFAULT_APP_SECRET

CLUSTER = "6ec9a0a4-76be-4262-8697-e7af1fac7920"
# The SDK's ShowGaussMySqlInstanceInfo calls itself deprecated, without another one that asks for one instance.
pytestmark = pytest.mark.filterwarnings("ignore:Method 'show_gauss_my_sql_instance_info':DeprecationWarning")
USER = {"userId": "u1", "orgId": "o1"}


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientRequestException) as caught:
        call()
    return f"{caught.value.status_code} {caught.value.error_code} {caught.value.error_msg}"


# CDM: making a job


def new_job(name: str) -> cdm.CreateJobRequest:
    inputs = [cdm.Input(name="fromJobConfig.tableName", value="orders")]
    values = cdm.ConfigValues(configs=[cdm.Configs(name="fromJobConfig", inputs=inputs)])
    job = cdm.Job(
        job_type="NORMAL_JOB", name=name, from_link_name="mysql", to_link_name="hive", from_connector_name="jdbc",
        to_connector_name="hive", from_config_values=values, to_config_values=values, driver_config_values=values,
    )  # fmt: skip
    return cdm.CreateJobRequest(cluster_id=CLUSTER, body=cdm.CdmCreateJobJsonReq(jobs=[job]))


def test_a_job_is_made_started_shown_and_deleted(mock: Any) -> None:
    """CreateJob, ShowJobs, StartJob, ShowJobStatus, DeleteJob, as one course."""
    client = mock.sdk("cdm")
    assert client.create_job(new_job("orders")).name == "orders"
    assert "already exist" in refused(lambda: client.create_job(new_job("orders")))

    def status() -> str:
        request = cdm.ShowJobStatusRequest(cluster_id=CLUSTER, job_name="orders")
        return str(client.show_job_status(request).submissions[0].status)

    assert status() == "NEVER_EXECUTED"
    shown = client.show_jobs(cdm.ShowJobsRequest(cluster_id=CLUSTER, job_name="orders"))
    assert (shown.total, shown.jobs[0].status, shown.jobs[0].from_link_name) == (0, "NEW", "mysql")
    client.start_job(cdm.StartJobRequest(cluster_id=CLUSTER, job_name="orders", body=cdm.CdmStartJobReq(variables={})))
    mock.clock.advance(600)
    assert status() == "SUCCEEDED"
    assert client.show_jobs(cdm.ShowJobsRequest(cluster_id=CLUSTER, job_name="all")).total == 1
    client.delete_job(cdm.DeleteJobRequest(cluster_id=CLUSTER, job_name="orders"))
    assert "Cdm.0100" in refused(status)
    assert "Cdm.0100" in refused(lambda: client.delete_job(cdm.DeleteJobRequest(cluster_id=CLUSTER, job_name="orders")))


def test_a_created_job_lives_as_declared(mock: Any) -> None:
    """A test says beforehand how the job that its code will create and start fares."""
    job = mock.job("cdm", job_name="orders", life="fails", started=False)
    client = mock.sdk("cdm")
    client.create_job(new_job("orders"))
    client.start_job(cdm.StartJobRequest(cluster_id=CLUSTER, job_name="orders", body=cdm.CdmStartJobReq(variables={})))
    mock.clock.advance(600)
    assert job.status == "FAILED"


# TaurusDB: calls that answer a job_id


def new_instance(name: str = "orders-db") -> gaussdb.CreateGaussMySqlInstanceRequest:
    body = gaussdb.MysqlInstanceRequest(
        charge_info=gaussdb.MysqlChargeInfo(charge_mode="postPaid"), region="cn-north-4", name=name, mode="Cluster",
        datastore=gaussdb.MysqlDatastoreInReq(type="gaussdb-mysql", version="8.0"), flavor_ref="gaussdb.mysql.large",
        vpc_id="v", subnet_id="s", password="Secret-12!", slave_count=1, availability_zone_mode="single",
        backup_strategy=gaussdb.MysqlBackupStrategy(start_time="08:00-09:00"),
    )  # fmt: skip
    return gaussdb.CreateGaussMySqlInstanceRequest(body=body)


def poll(client: Any, job_id: str) -> Any:
    return client.show_gauss_my_sql_job_info(gaussdb.ShowGaussMySqlJobInfoRequest(id=job_id)).job


def instance(client: Any, instance_id: str) -> Any:
    return client.show_gauss_my_sql_instance_info(
        gaussdb.ShowGaussMySqlInstanceInfoRequest(instance_id=instance_id)
    ).instance


def test_an_instance_is_made_by_a_job_that_is_found_some_seconds_later(mock: Any) -> None:
    """The documented trap: right after the call nobody knows its job."""
    client = mock.sdk("taurusdb")
    made = client.create_gauss_my_sql_instance(new_instance())
    assert (made.instance.name, made.instance.status, made.instance.region) == ("orders-db", "BUILD", "cn-north-4")
    assert "400 DBS.200543" in refused(lambda: poll(client, made.job_id))
    mock.clock.advance(5)
    job = poll(client, made.job_id)
    assert (job.name, job.status) == ("CreateGaussDBforMySQLInstance", "Pending")
    assert (job.instance.id, job.instance.name) == (made.instance.id, "orders-db")
    assert instance(client, made.instance.id).status == "BUILD"
    mock.clock.advance(600)
    assert (poll(client, made.job_id).status, instance(client, made.instance.id).status) == ("Completed", "ACTIVE")


def test_a_password_is_kept_nowhere(mock: Any) -> None:
    """The body of a create call holds one."""
    mock.sdk("taurusdb").create_gauss_my_sql_instance(new_instance())
    assert "Secret-12!" not in repr(mock.journal) + mock.report()


def test_a_made_job_takes_the_declared_life_that_fits(mock: Any) -> None:
    """By its name, and by the instance: the first that waits and doesn't contradict."""
    restarted = f"{'a' * 32}in07"
    failing = mock.job("taurusdb", life="fails", started=False, facts={"name": "RebootGaussDBforMySQLInstance"})
    client = mock.sdk("taurusdb")
    made = client.create_gauss_my_sql_instance(new_instance())
    request = gaussdb.RestartGaussMySqlInstanceRequest(
        instance_id=restarted, body=gaussdb.TaurusRestartInstanceRequest(delay=False)
    )
    job_id = client.restart_gauss_my_sql_instance(request).job_id
    mock.clock.advance(20)
    assert instance(client, restarted).status == "REBOOTING"
    mock.clock.advance(600)
    assert (poll(client, made.job_id).status, poll(client, job_id).status) == ("Completed", "Failed")
    assert failing.status == "Failed"


def test_jobs_are_listed_from_1(mock: Any) -> None:
    """offset 1 is the first; the newest comes first; a job that can't be found yet isn't listed."""
    client = mock.sdk("taurusdb")
    ids: list[str] = []
    for _ in range(12):
        ids.insert(0, client.create_gauss_my_sql_instance(new_instance()).job_id)
        mock.clock.advance(1)

    def listed(**asked: str) -> Any:
        return client.list_immediate_jobs(gaussdb.ListImmediateJobsRequest(**asked))

    assert listed().total_count == 8  # the last four were made less than five seconds ago
    mock.clock.advance(5)
    assert [job.job_id for job in listed().jobs] == ids[:10]
    assert [job.job_id for job in listed(offset="1").jobs] == ids[:10]
    assert [job.job_id for job in listed(offset="11").jobs] == ids[10:]
    assert listed(status="Failed").total_count == 0


@pytest.mark.parametrize(
    ("method", "request_class", "body", "name"),
    [
        ("restart_gauss_my_sql_node", "RestartGaussMySqlNodeRequest", {"node_id": "n"}, "RebootGaussDBforMySQLInstance"),
        ("delete_gauss_my_sql_instance", "DeleteGaussMySqlInstanceRequest", {}, "DeleteGaussDBforMySQLInstance"),
        ("update_gauss_my_sql_instance_port", "UpdateGaussMySqlInstancePortRequest", {}, "ModifyGaussDBforMySQLPort"),
        ("update_gauss_my_sql_instance_name", "UpdateGaussMySqlInstanceNameRequest", {}, "RenameGaussDBforMySQLInstance"),
        ("create_gauss_my_sql_readonly_node", "CreateGaussMySqlReadonlyNodeRequest", {}, "AddGaussDBforMySQLNodes"),
        ("change_gauss_my_sql_instance_specification", "ChangeGaussMySqlInstanceSpecificationRequest", {},
         "ResizeGaussDBforMySQLFlavor"),
        ("invoke_gauss_my_sql_instance_switch_over", "InvokeGaussMySqlInstanceSwitchOverRequest", {},
         "SwitchoverGaussDBforMySQLMasterNode"),
        ("upgrade_gauss_my_sql_instance_database", "UpgradeGaussMySqlInstanceDatabaseRequest", {},
         "UpgradeGaussDBforMySQLDatabaseVersion"),
    ],
)  # fmt: skip
def test_calls_that_are_like_a_restart(mock: Any, method: str, request_class: str, body: Any, name: str) -> None:
    """One small entry each in the definition (`x-like`)."""
    client = mock.sdk("taurusdb")
    request = getattr(gaussdb, request_class)(instance_id=f"{'b' * 32}in07", **body)
    job_id = getattr(client, method)(request).job_id
    mock.clock.advance(5)
    assert poll(client, job_id).name == name


def test_a_rerun_of_taurusdb_is_another_job(mock: Any) -> None:
    """A job there has no runs: the one that ended stays as it is."""
    client = mock.sdk("taurusdb")
    job = mock.job("taurusdb", id="one", life="fails")
    mock.clock.advance(600)
    before = poll(client, "one").to_dict()
    again = job.rerun()
    assert again.as_json()["match"]["id"] != "one"
    assert poll(client, "one").to_dict() == before
    assert poll(client, again.as_json()["match"]["id"]).status == "Pending"


# EnOS: from a workflow to the log of its task


def enos(mock: Any, method: str, path: str, body: Any = None, **query: str) -> Any:
    answer = mock.client().request(method, f"/batch-processing-service/v2.1/{path}", params={**query, **USER}, json=body)
    assert answer.status_code == 200
    return answer.json()


def test_a_workflow_is_triggered_followed_and_canceled(mock: Any) -> None:
    """flowInstanceId, then the graph (JSON in a string), then the task instance, its log, and its end."""
    task_job = mock.job("enos", life="hangs", started=False)
    flow = enos(mock, "POST", "flows", {"flowId": 3377, "triggerTime": 1}, action="trigger")["data"]["flowInstanceId"]
    assert flow.startswith("3377-") and len(flow) == len("3377-") + 14
    graph = json.loads(enos(mock, "GET", "flowInstances", action="get", flowInstId=flow)["data"]["graph"])
    task = graph["tasks"][0]["taskInstId"]
    mock.clock.advance(30)
    node = enos(mock, "GET", "taskInstances", action="get", taskInstId=task)["data"]
    assert (node["stsDesc"], node["flowInstId"]) == ("RUNNING", flow)
    assert task in enos(mock, "GET", "taskInstances", action="getLog", taskInstId=task, maxLength="")["data"]["log"]
    assert enos(mock, "POST", "flowInstances", {"flowInstId": flow}, action="cancel") == {"code": 0, "msg": "OK", "data": ""}
    assert task_job.status == "CANCEL"
    assert enos(mock, "GET", "flowInstances", action="get", flowInstId=flow)["data"]["statusDesc"] == "CANCEL"
    assert enos(mock, "POST", "flowInstances", {"flowInstId": flow}, action="cancel")["code"] == 62102


def test_the_action_decides_between_two_calls_at_one_path(mock: Any) -> None:
    """getLog has messages of its own; any other action is Get Task Instance's to refuse."""
    assert enos(mock, "GET", "taskInstances", action="getLog", taskInstId="9-2020010101")["msg"] == "Instance not found"
    assert enos(mock, "GET", "taskInstances", action="put", taskInstId="9-2020010101")["msg"] == "Incorrect parameter."
    assert enos(mock, "GET", "taskInstances", action="getLog", taskInstId="mock-error-no-log")["msg"] == "No log found"
    calls = [call.operation for call in mock.journal]
    assert calls == ["GetTaskInstanceLog", "GetTaskInstance", "GetTaskInstanceLog"]


# Lists: only the run that is meant


@pytest.mark.parametrize("service", ["tics", "dataarts"])
def test_stopping_a_list_s_run_leaves_the_others_as_they_were(mock: Any, service: str) -> None:
    """The runs before it, which have ended, keep their ends."""
    job = mock.job(service, life="times-out", count=4, every="2h")
    mock.clock.advance(3_600)

    def ends() -> list[Any]:
        client = mock.client()
        if service == "tics":
            path = "/v1/0605767a5780d5762fc5c0118072a564/leagues/l1/job-instances?limit=10&offset=0"
            return [row.get("end_time") for row in client.get(path).json()["lists"]]
        path = "/v1/0605767a5780d5762fc5c0118072a564/datamap/node/1/instances?job_name=x&start_time=0&end_time=9e12"
        answer = client.get(f"{path}&offset=0&limit=10", headers={"instance": "0" * 32}).json()
        return [row["endTime"] for row in json.loads(answer["body"])["rows"]]

    before = ends()
    job.fail()
    after = ends()
    assert after[1:] == before[1:] and after[0] != before[0]


def test_declared_waiting_jobs_have_a_boolean(mock: Any) -> None:
    with pytest.raises(InputError, match="allowed: true, or false"):
        mock.job("enos", started=1)


# DataArts: the list that the page of ShowInstanceInfos names as its source


def test_nodes_lead_to_their_runs(mock: Any) -> None:
    """task_id, job_name and workspace_id of ShowNodes find the runs, whose jobName is the node's."""
    names = {"task_id": "937987", "job_name": "ETL_Job_dli2dws", "workspace_id": "b88c445407b24283aa949f9833a38fd8"}
    mock.job("dataarts", **names, age="1h")
    mock.job("dataarts", task_id="1")  # any job_name: it is in no list
    nodes = mock.sdk("dataarts").show_nodes(dataarts.ShowNodesRequest(instance="0" * 32, guid="table-1")).body
    assert [node.to_dict() for node in nodes] == [names]
    request = dataarts.ShowInstanceInfosRequest(instance="0" * 32, start_time=0, end_time=9e12, offset=0, limit=10, **names)
    rows = json.loads(mock.sdk("dataarts").show_instance_infos(request).body)["rows"]
    assert [(row["jobName"], row["taskId"], row["workspaceId"]) for row in rows] == [
        ("ETL_Job_dli2dws", 937987, names["workspace_id"])
    ]


# DataArts Factory: runs of a job, by the SDK of its first API (DLF) and of the second


class Factory:
    """A job's runs, by the vendor's SDKs."""

    def __init__(self, mock: Any) -> None:
        project = BasicCredentials("a", "b", "0605767a5780d5762fc5c0118072a564")
        self.client = dlf.DlfClient.new_builder().with_credentials(project).with_endpoint(mock.url).build()
        self.mock = mock

    def run(self, name: str) -> str:
        return str(self.client.run_once(dlf.RunOnceRequest(job_name=name, body=dlf.StartJobReq())).instance_id)

    def stop(self, name: str, run: str) -> int:
        return int(self.client.stop_job_instance(dlf.StopJobInstanceRequest(job_name=name, instance_id=run)).status_code)

    def again(self, name: str, run: str) -> int:
        request = dlf.RestoreJobInstanceRequest(job_name=name, instance_id=run)
        return int(self.client.restore_job_instance(request).status_code)

    def runs(self, name: str, **options: Any) -> list[tuple[str, str]]:
        request = dataarts.ListFactoryJobInstancesByNameRequest(workspace="w", job_name=name, **options)
        instances = self.mock.sdk("dataarts").list_factory_job_instances_by_name(request).instances
        return [(str(run.instance_id), run.status) for run in instances]


def test_a_factory_job_is_run_stopped_and_run_again(mock: Any) -> None:
    """As declared; each run is in both lists, and the ones before it stay as they were."""
    mock.job("dataarts", task_id="937987", job_name="load", life="fails", started=False)
    factory = Factory(mock)
    first = factory.run("load")
    assert factory.runs("load") == [(first, "waiting")]
    mock.clock.advance(10)
    assert (factory.stop("load", first), factory.runs("load")) == (204, [(first, "manual-stop")])
    assert "400 DLF.3051" in refused(lambda: factory.stop("load", first))
    mock.clock.advance(10)
    assert factory.again("load", first) == 204
    ((second, _), _) = factory.runs("load")
    assert "400 DLF.3051" in refused(lambda: factory.again("load", second))
    mock.clock.advance(600)
    assert factory.runs("load") == [(second, "fail"), (first, "manual-stop")]
    assert factory.runs("load", status="fail", limit=1) == [(second, "fail")]
    request = dataarts.ShowInstanceInfosRequest(
        instance="0" * 32, start_time=0, end_time=9e12, offset=0, limit=10, task_id="937987", job_name="load"
    )
    rows = json.loads(mock.sdk("dataarts").show_instance_infos(request).body)["rows"]
    assert [row["status"] for row in rows] == ["fail", "manual-stop"]


def test_what_the_factory_does_not_know(mock: Any) -> None:
    """A job that nobody declared, a run that is another job's."""
    factory = Factory(mock)
    assert "400 DLF.0100" in refused(lambda: factory.run("nobody-s"))
    mock.job("dataarts", task_id="1", job_name="load", started=False)
    run = factory.run("load")
    assert "400 DLF.30137" in refused(lambda: factory.stop("other", run))
    assert factory.runs("nobody-s") == []


def test_a_list_that_is_declared_is_run_by_hand_too(mock: Any) -> None:
    """Its history gets one more run; only the run that is meant is stopped."""
    mock.job("dataarts", task_id="1", job_name="load", life="succeeds", count=3, every="1h", age="10m")
    factory = Factory(mock)
    before = factory.runs("load")
    assert [status for _, status in before] == ["success"] * 3
    run = factory.run("load")
    assert factory.stop("load", run) == 204
    assert factory.runs("load") == [(run, "manual-stop"), *before]


def test_poseidon_triggers_follows_logs_and_cancels(mock: Any) -> None:
    """The vendor's client for Python, over a real socket."""
    mock.job("enos", life="hangs", started=False)

    def call(path: str, body: Any = None, **query: str) -> Any:
        url = f"{mock.url}/batch-processing-service/v2.1/{path}?{urlencode({**query, **USER})}"
        return poseidon.urlopen(DEFAULT_APP_KEY, DEFAULT_APP_SECRET, url, body, method="POST" if body else "GET")

    flow = call("flows", {"flowId": 3377, "triggerTime": 1}, action="trigger")["data"]["flowInstanceId"]
    graph = json.loads(call("flowInstances", action="get", flowInstId=flow)["data"]["graph"])
    task = graph["tasks"][0]["taskInstId"]
    mock.clock.advance(30)
    assert call("taskInstances", action="get", taskInstId=task)["data"]["stsDesc"] == "RUNNING"
    assert task in call("taskInstances", action="getLog", taskInstId=task)["data"]["log"]
    assert call("flowInstances", {"flowInstId": flow}, action="cancel")["code"] == 0
    assert call("taskInstances", action="get", taskInstId=task)["data"]["stsDesc"] == "CANCEL"
    names = [call.operation for call in mock.journal]
    assert names == [
        "TriggerFlow", "GetFlowInstance", "GetTaskInstance", "GetTaskInstanceLog", "CancelFlowInstance", "GetTaskInstance",
    ]  # fmt: skip


# TICS: there is no start in its cloud API


@pytest.mark.filterwarnings("ignore:Unable to convert string to datetime")
def test_tics_lists_jobs_and_shows_a_report(mock: Any) -> None:
    """A job_id from the lists, its instances from the history, the report of one of them; another league's are not there."""
    mock.job("tics", league_id="l1", job_id="j1", facts={"type": "SQL", "name": "orders"}, count=3, every="1h")
    mock.job("tics", league_id="l1", job_id="j2", facts={"type": "VFL_TRAIN"})
    mock.job("tics", league_id="l2", job_id="j3", facts={"type": "SQL"})
    client, page = mock.sdk("tics"), {"league_id": "l1", "limit": 10, "offset": 0}
    (job,) = client.list_sql_job(tics.ListSqlJobRequest(**page)).lists
    assert (job.id, job.name, job.job_type, job.league_id) == ("j1", "orders", "SQL", "l1")
    learning = client.list_fl_job(tics.ListFlJobRequest(**page))
    assert (learning.total, learning.lists[0].job_id, learning.lists[0].job_type) == (1, "j2", "VFL")
    newest = client.list_instance_history(tics.ListInstanceHistoryRequest(**page, job_id=job.id)).lists[0]
    request = tics.ShowInstanceReportRequest(league_id="l1", instance_id=newest.id)
    report = client.show_instance_report(request).job_report_base_info
    assert (report.job_name, report.job_type, report.status) == ("orders", "SQL", newest.status)
    request.instance_id = "nobody"
    assert "404 TICS.0404" in refused(lambda: client.show_instance_report(request))
    for call in mock.journal:
        assert check(Exchange(call.request, call.response, call.time)) == []


def test_the_kit_reports_a_tics_request_without_its_content_type(mock: Any) -> None:
    """The mock serves it, by the page's default value."""
    mock.job("tics", league_id="l1", job_id="j")
    mock.client().get(f"/v1/{mock.credentials.project_id}/leagues/l1/job-instances?limit=10&offset=0")
    call = mock.journal[-1]
    findings = check(Exchange(call.request, call.response, call.time))
    assert (call.response.status, [(item.code, item.pointer) for item in findings]) == (
        200,
        [("request-parameter-missing", "/Content-Type")],
    )
