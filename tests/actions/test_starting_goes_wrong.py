"""What goes wrong with a start, by the vendor's SDK over a real socket: each row of the table in docs/calls.md."""

from __future__ import annotations

from typing import Any

import huaweicloudsdkcdm.v1 as cdm
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ConnectionException, SdkException

from mockserver.contract import Exchange, session

CLUSTER = "6ec9a0a4-76be-4262-8697-e7af1fac7920"


def start(mock: Any, name: str = "load") -> Any:
    request = cdm.StartJobRequest(cluster_id=CLUSTER, job_name=name, body=cdm.CdmStartJobReq(variables={}))
    return mock.sdk("cdm").start_job(request)


def status(mock: Any, name: str = "load") -> str:
    request = cdm.ShowJobStatusRequest(cluster_id=CLUSTER, job_name=name)
    return str(mock.sdk("cdm").show_job_status(request).submissions[0].status)


def test_the_answer_is_lost_but_the_job_runs(mock: Any) -> None:
    """Who starts it again, starts it twice: refused, and `assert_called` finds it."""
    mock.job("cdm", job_name="load", started=False)
    mock.fail("StartJob", fault="CLOSE_MID_BODY", times=1)
    with pytest.raises((SdkException, ConnectionException, OSError)):
        start(mock)
    assert status(mock) == "BOOTING"
    with pytest.raises(ClientRequestException, match="is running"):
        start(mock)
    with pytest.raises(AssertionError, match="StartJob"):
        mock.assert_called("StartJob", times=1)


def test_an_error_before_the_work_starts_nothing(mock: Any) -> None:
    """A gateway's 500 comes before the service: the job still waits."""
    mock.job("cdm", job_name="load", started=False)
    mock.fail("StartJob", status=500, times=1)
    with pytest.raises(SdkException):
        start(mock)
    assert status(mock) == "NEVER_EXECUTED"
    start(mock)
    assert status(mock) == "BOOTING"


def test_the_new_run_is_not_visible_yet(mock: Any) -> None:
    """The end that is shown is another run's: who believes it takes yesterday's success for today's."""
    mock.job("cdm", job_name="load", life="succeeds", age="1d")
    old = mock.sdk("cdm").show_submissions(cdm.ShowSubmissionsRequest(cluster_id=CLUSTER, jname="load")).submissions[0]
    mock.fail("ShowJobStatus", patch=[{"op": "replace", "path": "/submissions/0/status", "value": "SUCCEEDED"}], times=1)
    started = start(mock).submissions[0]
    assert (status(mock), status(mock)) == ("SUCCEEDED", "BOOTING")
    assert started.creation_date != old.creation_date, "what tells the runs apart"


def test_the_stop_comes_too_late(mock: Any) -> None:
    """The run ended meanwhile: Cdm.0053, and its end stays."""
    mock.job("cdm", job_name="load", life=[("BOOTING", 1), ("RUNNING", 1), ("SUCCEEDED", None)], started=False)
    start(mock)
    mock.clock.advance(5)
    with pytest.raises(ClientRequestException, match="is not running"):
        mock.sdk("cdm").stop_job(cdm.StopJobRequest(cluster_id=CLUSTER, job_name="load"))
    assert status(mock) == "SUCCEEDED"


CHANGES = [
    (service, change)
    for service in ("cdm", "enos", "taurusdb")
    for change in ("rerun", "cancel", "fail")
    if (service, change) != ("cdm", "cancel")  # CDM has no state for it
]


@pytest.mark.parametrize(("service", "change"), CHANGES)
def test_what_a_test_does_to_a_job_keeps_the_mock_s_own_contract(mock: Any, service: str, change: str) -> None:
    """No end is left, no time of a run is changed: the kit finds nothing, before, after and at the new end."""
    parts = {"cdm": {"job_name": "load"}, "enos": {"taskInstId": "load"}, "taurusdb": {"id": "load"}}[service]
    job, judging = mock.job(service, **parts), session()
    paths = {
        "cdm": f"/v1.1/p/clusters/{CLUSTER}/cdm/job/load/status",
        "enos": "/batch-processing-service/v2.1/taskInstances?action=get&userId=u&orgId=o&taskInstId=load",
        "taurusdb": f"/v3/{'0' * 32}/jobs?id=",
    }

    def polls(name: str, step: float = 40) -> None:
        for _ in range(4):
            mock.client().get(paths[service] + (name if service == "taurusdb" else ""))
            mock.clock.advance(step)

    mock.clock.advance(600 if change == "rerun" else 20)
    polls("load", step=1)
    again = getattr(job, change)()
    polls("load")
    if service == "taurusdb" and change == "rerun":
        polls(again.as_json()["match"]["id"])
    exchanges = [Exchange(call.request, call.response, call.time) for call in mock.journal]
    findings = [str(finding) for exchange in exchanges for finding in judging.check(exchange, request=False).findings]
    assert findings == []
