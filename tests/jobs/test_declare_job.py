"""Declaring jobs, and what can be done to them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.jobs.clock import DAY, Clock
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

DEFINITIONS = load()
START = 1_767_225_600_000
TAURUS = "/v3/" + "a" * 32 + "/jobs"
ENOS = "/batch-processing-service/v2.1/taskInstances"
LEAGUE = "/v1/p/leagues/{}/job-instances"


@pytest.fixture
def mock() -> Mock:
    """A mock that knows no job, its clock standing still."""
    return Mock(Settings(auth="off", unknown_ids="reject"), Clock(START, speed=0), DEFINITIONS)


def ask(mock: Mock, path: str, query: str = "") -> tuple[int, Any]:
    """Status and body of an answer."""
    answer = mock.handle(Request("GET", path, query, {"instance": "i" * 32}))
    return answer.status, json.loads(answer.body)


def cdm(mock: Mock, name: str, cluster: str = "c") -> Any:
    """The run of a CDM job, or the error's code."""
    status, body = ask(mock, f"/v1.1/p/clusters/{cluster}/cdm/job/{name}/status")
    return body["submissions"][0] if status == 200 else body["errCode"]


def test_a_declared_life_is_followed(mock: Mock) -> None:
    """A list of (status, duration) is what the job goes through, durations being seconds or text."""
    job = mock.job("cdm", job_name="x", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)])
    seen = []
    for seconds in (0, 29, 2, 7_190, 20, 10**6):
        mock.clock.advance(seconds)
        seen.append(cdm(mock, "x")["status"])
    assert seen == ["BOOTING", "BOOTING", "RUNNING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]
    assert job.status == "SUCCEEDED"


def test_parts_left_out_match_any(mock: Mock) -> None:
    """A job declared by its name alone answers in every project and cluster; each has polls of its own."""
    mock.job("cdm", job_name="x", progress="polls:1")
    assert [cdm(mock, "x", "a")["status"], cdm(mock, "x", "b")["status"]] == ["BOOTING", "BOOTING"]
    assert [cdm(mock, "x", "a")["status"], cdm(mock, "x", "b")["status"]] == ["RUNNING", "RUNNING"]
    assert cdm(mock, "y") == "Cdm.0100"


def test_a_later_declaration_comes_before_an_earlier_one(mock: Mock) -> None:
    """Of several declarations that match, the newest answers; deleted, the one before it does."""
    mock.job("cdm", life="hangs-on-boot")
    later = mock.job("cdm", job_name="x", progress="immediate", life="fails")
    assert cdm(mock, "x")["status"] == "FAILED"
    later.delete()
    assert cdm(mock, "x")["status"] == "BOOTING"


def test_a_deleted_job_is_not_found_even_where_unknown_ids_are_made_up() -> None:
    """Once deleted, a job gives the documented not-found error; declared again, it is there."""
    mock = Mock(Settings(auth="off"), Clock(START, speed=0), DEFINITIONS)
    mock.job("cdm", job_name="x").delete()
    assert cdm(mock, "x") == "Cdm.0100"
    assert cdm(mock, "other")["status"] == "BOOTING"
    mock.job("cdm", job_name="x")
    assert cdm(mock, "x")["status"] == "BOOTING"


def test_a_terminal_job_moves_again_only_when_rerun(mock: Mock) -> None:
    """Rerun, a job goes through its life once more, as a new submission."""
    job = mock.job("cdm", job_name="x")
    mock.clock.advance(1_000)
    before = cdm(mock, "x")
    mock.clock.advance(10**6)
    assert cdm(mock, "x") == before
    job.rerun()
    assert cdm(mock, "x")["status"] == "BOOTING"
    mock.clock.advance(1_000)
    assert cdm(mock, "x")["submission-id"] == before["submission-id"] + 1


def test_an_enos_rerun_counts(mock: Mock) -> None:
    """runNum goes up by one with each rerun, recallNum says how many there were."""
    job = mock.job("enos", taskInstId="5-2026010100", life="fails")
    query = "action=get&taskInstId=5-2026010100&userId=u&orgId=o"
    assert [ask(mock, ENOS, query)[1]["data"][name] for name in ("runNum", "recallNum")] == [1, 0]
    job.rerun().rerun()
    assert [ask(mock, ENOS, query)[1]["data"][name] for name in ("runNum", "recallNum")] == [3, 2]


@pytest.mark.parametrize(
    ("service", "action", "end"),
    [
        ("cdm", "fail", "FAILED"),
        ("enos", "fail", "FAIL"),
        ("enos", "cancel", "CANCEL"),
        ("tics", "fail", "FAILED"),
        ("tics", "cancel", "TERMINATED"),
        ("taurusdb", "fail", "Failed"),
        ("taurusdb", "cancel", "Canceled"),
        ("dataarts", "fail", "fail"),
        ("dataarts", "cancel", "manual-stop"),
    ],
)
@pytest.mark.parametrize("after", [0, 1, 4, 20, 90])
def test_a_job_can_be_stopped_at_any_time(mock: Mock, service: str, action: str, end: str, after: float) -> None:
    """Cancel and fail lead to the service's own state for that, by documented steps, and the past stays as it was."""
    job = mock.job(service, life="hangs")
    mock.clock.advance(after)
    getattr(job, action)()
    assert job.status == end
    declared = mock.namespace().declared.get(job.number)
    assert declared.life is not None
    definition = job.operation.job
    assert definition is not None
    steps = [status for status, _ in declared.life.steps]
    assert all(later in definition.transitions[earlier] for earlier, later in pairwise(steps))
    assert sum(seconds or 0 for _, seconds in declared.life.steps) == after


@pytest.mark.parametrize("progress", ["immediate", "polls:2"])
def test_a_job_that_moves_with_polls_can_be_stopped(mock: Mock, progress: str) -> None:
    """Stopping works however the job moves on; it then stays where it is."""
    job = mock.job("taurusdb", life="hangs", progress=progress)
    for _ in range(3):
        ask(mock, TAURUS, "id=x")
    job.cancel()
    assert ask(mock, TAURUS, "id=x")[1]["job"]["status"] == "Canceled"


def test_stopping_says_why_it_can_not(mock: Mock) -> None:
    """An ended job can't be stopped, and CDM has no status for a cancelled one."""
    ended = mock.job("enos", progress="immediate")
    with pytest.raises(InputError, match=r"ended \(SUCCESS\); rerun it first"):
        ended.cancel()
    with pytest.raises(InputError, match="documents no state for 'cancel'; it has: fail"):
        mock.job("cdm").cancel()


def test_a_rerun_in_a_list_is_a_new_run(mock: Mock) -> None:
    """Of a list, rerun adds a run, the newest; the old one stays."""
    job = mock.job("tics", league_id="l", life="fails")
    mock.clock.advance(1_000)
    again = job.rerun()
    body = ask(mock, LEAGUE.format("l"), "limit=10&offset=0")[1]
    assert [run["status"] for run in body["lists"]] == ["NEW", "FAILED"]
    assert again.number != job.number


def test_lists_filter_by_job(mock: Mock) -> None:
    """The optional filters leave the runs declared with that value; total counts what they leave."""
    mock.job("tics", league_id="l", job_id="A")
    mock.job("tics", league_id="l", job_id="B")
    mock.job("tics", league_id="l", job_id="B")
    totals = {job: ask(mock, LEAGUE.format("l"), f"limit=1&offset=0&job_id={job}")[1]["total"] for job in "ABC"}
    assert totals == {"A": 1, "B": 2, "C": 0}
    whole = ask(mock, LEAGUE.format("l"), "limit=10&offset=0")[1]["lists"]
    narrow = ask(mock, LEAGUE.format("l"), "limit=10&offset=0&job_id=B")[1]["lists"]
    assert [run for run in whole if run in narrow] == narrow
    assert ask(mock, LEAGUE.format("other"), "limit=1&offset=0")[0] == 404


def test_dataarts_filters_by_workspace_and_window(mock: Mock) -> None:
    """Only runs of the workspace that were submitted in the window are listed."""
    mock.job("dataarts", task_id="7", workspace_id="w1", count=10, every="1h")
    mock.job("dataarts", task_id="7", workspace_id="w2")

    def total(start: int, extra: str = "") -> int:
        query = f"job_name=n&start_time={start}&end_time={START}&offset=0&limit=1{extra}"
        result: int = json.loads(ask(mock, "/v1/p/datamap/node/7/instances", query)[1]["body"])["total"]
        return result

    assert total(START - DAY) == 11
    assert total(START - 2 * 3_600_000) == 4
    assert total(START - DAY, "&workspace_id=w1") == 10
    assert total(START - DAY, "&workspace_id=w3") == 0


def test_enos_jobs_belong_to_an_organisation(mock: Mock) -> None:
    """A job declared for an organisation is 62102 for another one, and anybody's where none was named."""
    mock.job("enos", taskInstId="5-2026010100", orgId="o1")
    mock.job("enos", taskInstId="6-2026010100")

    def code(instance: int, organisation: str) -> int:
        query = f"action=get&taskInstId={instance}-2026010100&userId=u&orgId={organisation}"
        result: int = ask(mock, ENOS, query)[1]["code"]
        return result

    assert [code(5, "o1"), code(5, "o2"), code(6, "o2"), code(7, "o1")] == [0, 62102, 0, 62102]


def test_a_taurusdb_job_is_visible_only_some_seconds_after_creation(mock: Mock) -> None:
    """Declared with visible_after, a job is DBS.200543 until then, on the mock's clock."""
    mock.job("taurusdb", id="x", visible_after=5)
    assert ask(mock, TAURUS, "id=x")[1]["error_code"] == "DBS.200543"
    mock.clock.advance(5)
    assert ask(mock, TAURUS, "id=x")[1]["job"]["status"] == "Pending"


def test_a_taurusdb_job_is_kept_for_a_month(mock: Mock) -> None:
    """After a month a job can't be found any more."""
    mock.job("taurusdb", id="x")
    mock.clock.advance(31 * 86_400)
    assert ask(mock, TAURUS, "id=x")[0] == 200
    mock.clock.advance(1)
    assert ask(mock, TAURUS, "id=x")[1]["error_code"] == "DBS.200543"


def test_created_and_age_say_when_the_job_was_made(mock: Mock) -> None:
    """A job can have been made in the past: then it is as far as its life says."""
    mock.job("taurusdb", id="old", age="1h")
    mock.job("taurusdb", id="dated", created="2026-01-01T07:59:30+08:00")
    assert ask(mock, TAURUS, "id=old")[1]["job"]["status"] == "Completed"
    assert ask(mock, TAURUS, "id=dated")[1]["job"]["created"] == "2026-01-01T07:59:30+0800"


def test_facts_replace_what_would_be_made_up(mock: Mock) -> None:
    """Facts given with a job are shown instead of invented ones."""
    mock.job("cdm", job_name="x", progress="immediate", facts={"user": "ana", "rows": 4_711, "skipped": 0})
    run = cdm(mock, "x")
    counters = run["counters"]["org.apache.sqoop.submission.counter.SqoopCounters"]
    assert (run["creation-user"], counters["ROWS_READ"]) == ("ana", 4_711)


def test_the_documented_cdm_job_goes_on() -> None:
    """The documented example is a frame of a life: BOOTING goes on to RUNNING and SUCCEEDED, by the same user and date."""
    mock = Mock(Settings(auth="off"), Clock(START, speed=0), DEFINITIONS)
    operation = DEFINITIONS.operation("ShowJobStatus")
    assert operation.documented_request is not None
    path = operation.path.format(**operation.documented_request)
    seen = []
    for seconds in (0, 9, 2, 60, 10**6):
        mock.clock.advance(seconds)
        seen.append(ask(mock, path)[1]["submissions"][0])
    assert [run["status"] for run in seen] == ["BOOTING", "BOOTING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]
    assert {(run["creation-user"], int(run["creation-date"])) for run in seen} == {("cdm", 1536905778725)}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"service": "cdn"}, "'cdn' is not a service with jobs; did you mean 'cdm'"),
        ({"service": "cdm", "jobname": "x"}, "did you mean 'job_name'"),
        ({"service": "cdm", "life": "suceeds"}, "did you mean 'succeeds'"),
        ({"service": "cdm", "life": []}, "allowed: a name, or a list"),
        ({"service": "cdm", "life": [("BOOTNG", 1)]}, "did you mean 'BOOTING'"),
        ({"service": "cdm", "life": [("BOOTING", 1), ("SUCCEEDED", None)]}, "can't go from BOOTING to SUCCEEDED; allowed: "),
        ({"service": "cdm", "life": [("SUCCEEDED", 1), ("RUNNING", 1)]}, "nothing: it is terminal"),
        ({"service": "cdm", "life": [("BOOTING", None), ("RUNNING", 1)]}, "lasts for ever, but RUNNING comes after it"),
        ({"service": "cdm", "life": [("BOOTING", "soon"), ("RUNNING", 1)]}, "'soon' is not a length of time"),
        ({"service": "cdm", "life": [("BOOTING", -1), ("RUNNING", 1)]}, "-1 is not a length of time"),
        ({"service": "cdm", "life": [("BOOTING", 1, 2)]}, r"is not a step; allowed: a status, or \(status, duration\)"),
        ({"service": "cdm", "progress": "often"}, "allowed: time, immediate, polls, polls:N"),
        ({"service": "cdm", "progress": "polls:0"}, "allowed: time, immediate, polls, polls:N"),
        ({"service": "taurusdb", "project_id": "short"}, r"project_id is 'short'; allowed: pattern"),
        ({"service": "cdm", "created": "yesterday"}, "is not a time; allowed: ISO 8601"),
        ({"service": "cdm", "created": "2026-01-01", "age": 5}, "give one of them"),
        ({"service": "cdm", "count": 2}, "count and every are for services that list"),
        ({"service": "tics", "count": 0}, "count is 0; allowed: 1 to"),
        ({"service": "cdm", "facts": {"colour": "red"}}, "has no fact 'colour'; allowed: user, "),
        ({"service": "cdm", "facts": {"rows": "many"}}, "the fact rows is 'many'; allowed: of type int"),
    ],
)
def test_mistakes_are_named(mock: Mock, fields: dict[str, Any], message: str) -> None:
    """A wrong declaration says what was sent and what is allowed, and declares nothing."""
    with pytest.raises(InputError, match=message):
        mock.job(**fields)
    assert mock.namespace().declared.all() == []


def test_what_tests_hold_is_shown_in_a_line(mock: Mock) -> None:
    """The reprs of a job, a fault and a mock are short, and say what and where it stands; secrets are in none."""
    job = mock.job("cdm", job_name="x", life="fails")
    many = mock.job("tics", league_id="l", count=3)
    fault = mock.fail("cdm", status=502, times=3)
    assert repr(job) == "<job #1 cdm job_name='x' BOOTING, life fails>"
    assert repr(many) == "<job #2 tics league_id='l' NEW, 3 runs>"
    assert repr(fault) == "<fault #1 status:502 for cdm, served 0>"
    assert "2 jobs" in repr(job.namespace)
    job.delete()
    assert repr(job) == "<job #1 cdm, deleted>"
    assert len(repr(mock)) < 250
    settings = Settings(credentials={"AK": "s3cret"}, apps={"KEY": "s3cret"}, users={"ann": "s3cret"})
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("instance", "told"),
    [
        ({"id": "x", "name": "orders"}, '/job/instance/id is "x"; allowed: minLength 36'),
        ({"id": f"{'a' * 32}in07", "name": "中" * 30}, "allowed: x-max-bytes 64"),
        ({"id": f"{'a' * 32}in07", "name": "9orders"}, '/job/instance/name is "9orders"; allowed: pattern'),
    ],
)
def test_facts_are_held_to_the_documented_formats(instance: dict[str, str], told: str) -> None:
    """An instance's id has 36 characters, its name at most 64 bytes: the mock answers nothing that its own kit refuses."""
    with pytest.raises(InputError, match="the facts make an answer that is not as documented") as caught:
        Mock(Settings()).job("taurusdb", id="one", facts={"instance": instance})
    assert told in str(caught.value)
    Mock(Settings()).job("taurusdb", id="one", facts={"instance": {"id": f"{'a' * 32}in07", "name": "orders-db"}})
