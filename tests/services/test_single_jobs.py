"""The services that answer for one job by its id: EnOS and TaurusDB."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from sample_requests import request_for

from mockserver.definitions import Definitions, JobLife, Life, Operation, load
from mockserver.generate import Fake
from mockserver.jobs.clock import SECOND, Clock, parse_time
from mockserver.jobs.made_up_jobs import Identity
from mockserver.jobs.trajectory import Job, moment_of
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.services import enos, taurusdb
from mockserver.services.base import SingleJobService
from mockserver.settings import Settings

BORN = parse_time("2026-11-21T08:00:00.250Z")
SEEDS = range(2)
HOURLY, MINUTELY, MANUAL = "118979-2021020211", "118979-202102021107", "118979-20210202110709"
UNSTAMPED = ("nightly-load", "118979", "118979-2021139911", "118979-0001010100", "1" * 19 + "-2021020211")
INSTANCES = (HOURLY, MINUTELY, MANUAL, *UNSTAMPED)
JOB_ID = {"project_id": "054e292c9880d4992f02c0196d3ea468", "id": "f9959f52-aa4d-43f7-be74-44b6fc20b230"}
JOB_IDS = tuple({**JOB_ID, "id": f"job-{n}"} for n in range(60))
PLAIN = {"enos-data": "object", "enos-request-id": "absent"}
EMPTY = {"taurusdb-time-zone": "as-created", "taurusdb-ended": "empty"}
ENOS_SWITCHES = [
    {"enos-data": data, "enos-request-id": request} for data in ("object", "list") for request in ("absent", "present")
]
TAURUSDB_SWITCHES = [
    {"taurusdb-time-zone": zone, "taurusdb-ended": ended}
    for zone in ("as-created", "documented")
    for ended in ("empty", "absent")
]


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


@pytest.fixture(scope="module")
def instances(definitions: Definitions) -> Operation:
    return definitions.operation_of("enos")


@pytest.fixture(scope="module")
def jobs(definitions: Definitions) -> Operation:
    return definitions.operation_of("taurusdb")


def life_of(operation: Operation) -> JobLife:
    assert operation.job is not None
    return operation.job


def instants(life: Life, born: int) -> list[int]:
    """Before birth, at and around each change, within each step, and long after the last."""
    times, start = [born - 3_600 * SECOND, born - 1], born
    for _, seconds in life.steps:
        length = round((seconds or 1_000) * SECOND)
        times += [start, start + 1, start + length // 2, start + length - 1]
        start += length
    return [*times, start, start + 40 * 86_400 * SECOND]


def job_of(service: SingleJobService, definition: JobLife, identity: Identity, life: Life, now: int, seed: int = 0) -> Job:
    """A job as the machine makes it up, with the life of our choice."""
    profile = service.profile(Fake(seed, tuple(identity.items())), identity)
    return Job(identity, profile, moment_of(definition, life, service.born(identity, BORN), now), definition)


def each_job(service: SingleJobService, operation: Operation, identity: Identity, life: str) -> Iterator[Job]:
    """The job of each seed at many instants; those of one seed follow one another."""
    definition = life_of(operation)
    for seed in SEEDS:
        for now in instants(definition.lives[life], service.born(identity, BORN)):
            yield job_of(service, definition, identity, definition.lives[life], now, seed)


def each_instance(
    operation: Operation, switches: Mapping[str, str] = PLAIN, ids: tuple[str, ...] = INSTANCES
) -> Iterator[tuple[Job, dict[str, Any]]]:
    for life in life_of(operation).lives:
        for instance in ids:
            for job in each_job(enos.SERVICE, operation, {"taskInstId": instance}, life):
                yield job, enos.SERVICE.body(job, switches)


def each_taurusdb(
    operation: Operation, switches: Mapping[str, str] = EMPTY, ids: tuple[dict[str, str], ...] = JOB_IDS[:6]
) -> Iterator[tuple[Job, dict[str, Any]]]:
    for life in life_of(operation).lives:
        for identity in ids:
            for job in each_job(taurusdb.SERVICE, operation, identity, life):
                yield job, taurusdb.SERVICE.body(job, switches)


def instance_of(operation: Operation, instance: str, life: str, now: int, seed: int = 0) -> dict[str, Any]:
    definition = life_of(operation)
    job = job_of(enos.SERVICE, definition, {"taskInstId": instance}, definition.lives[life], now, seed)
    data: dict[str, Any] = enos.SERVICE.body(job, PLAIN)["data"]
    return data


def documented(operation: Operation) -> dict[str, Any]:
    value: dict[str, Any] = operation.examples["documented"].value
    return value


def java_time(text: str) -> datetime:
    return datetime.strptime(text.replace("CST ", ""), "%a %b %d %H:%M:%S %Y")


@pytest.mark.exhaustive
@pytest.mark.parametrize("switches", ENOS_SWITCHES)
def test_enos_bodies_are_as_defined(instances: Operation, switches: Mapping[str, str]) -> None:
    """Every body of EnOS is what the definition says, with the 29 members in the documented order."""
    for _, body in each_instance(instances, switches, (HOURLY, MINUTELY, MANUAL, "nightly-load")):
        assert list(instances.responses[200](body)) == []
        data = body["data"][0] if switches["enos-data"] == "list" else body["data"]
        assert list(data) == list(documented(instances)["data"])


def test_enos_request_id_comes_after_msg(instances: Operation) -> None:
    """A requestId is a UUID, and another one at another time."""
    switches = {**PLAIN, "enos-request-id": "present"}
    bodies = [body for _, body in each_instance(instances, switches, (HOURLY,))]
    assert all(list(body) == ["code", "msg", "requestId", "data"] for body in bodies)
    assert all(str(uuid.UUID(body["requestId"])) == body["requestId"] for body in bodies)
    assert len({body["requestId"] for body in bodies[: len(bodies) // len(SEEDS)]}) > 1


def test_enos_status_and_name_go_together(instances: Operation) -> None:
    """The status is the code of the state that stsDesc names, and isTimeout and alert fit it."""
    for job, body in each_instance(instances):
        data = body["data"]
        assert data["stsDesc"] == job.moment.status
        assert data["status"] == life_of(instances).states[data["stsDesc"]].code
        started, ended = job.moment.first("RUNNING", "SUCCESS", "TIMEOUT"), job.moment.ended or job.moment.now
        too_long = data["startTime"] is not None and started is not None and ended - started > data["timeout"] * SECOND
        assert data["isTimeout"] == (data["stsDesc"] == "TIMEOUT" or too_long)
        assert not data["alert"] or data["stsDesc"] in ("FAIL", "TIMEOUT", "INTERNAL_ERROR")


def test_enos_times_follow_one_another(instances: Operation) -> None:
    """Created, triggered, started, ended: in this order, and not before their time."""
    for job, body in each_instance(instances):
        data = body["data"]
        trigger = datetime.fromisoformat(data["triggerTime"])
        assert 0 <= (trigger - java_time(data["timeStamp"])).total_seconds() <= 7_201
        times = [trigger, *(datetime.fromisoformat(data[key]) for key in ("startTime", "endTime") if data[key])]
        assert times == sorted(times)
        if job.moment.now < job.moment.born:
            assert (data["stsDesc"], data["startTime"], data["endTime"]) == ("INIT", None, None)


def test_enos_terminal_instances_never_move(instances: Operation) -> None:
    """What has ended stays as it is."""
    for life in life_of(instances).lives:
        ended: dict[str, Any] = {}
        for job in each_job(enos.SERVICE, instances, {"taskInstId": HOURLY}, life):
            data = enos.SERVICE.body(job, PLAIN)["data"]
            key = str(job.profile)
            assert ended.get(key, data) == data
            if job.moment.terminal:
                ended[key] = data


def test_enos_reruns_are_counted(instances: Operation) -> None:
    """runNum is one more than recallNum, which recallLimit bounds; only the life with a rerun gets to 2."""
    for job, body in each_instance(instances):
        data = body["data"]
        assert data["runNum"] == 1 + data["recallNum"] == 1 + job.moment.times("RERUN")
        assert data["recallNum"] <= data["recallLimit"]
    last = enos.born({"taskInstId": HOURLY}, BORN) + 3_600 * SECOND
    assert instance_of(instances, HOURLY, "retried-then-succeeds", last)["runNum"] == 2


def test_enos_timed_out_instances_ran_for_their_timeout(instances: Operation) -> None:
    """From startTime to endTime it takes as long as timeout says."""
    data = instance_of(instances, HOURLY, "times-out", enos.born({"taskInstId": HOURLY}, BORN) + 3_600 * SECOND)
    ran = datetime.fromisoformat(data["endTime"]) - datetime.fromisoformat(data["startTime"])
    assert ran.total_seconds() == data["timeout"] == 300


def test_enos_skipped_instances_never_started(instances: Operation) -> None:
    """A skipped instance has an end and no start."""
    data = instance_of(instances, HOURLY, "skipped", BORN)
    assert data["startTime"] is None
    assert data["endTime"] is not None


def test_enos_members_fit_the_type_of_the_task(instances: Operation) -> None:
    """syncType goes with data integration, resources with a file, and runMode is compact JSON."""
    kinds = set()
    for n in range(80):
        data = instance_of(instances, f"{1_000 + n}-2021020211", "succeeds", BORN)
        kinds.add((data["type"], data["hasResourceBefore"]))
        assert (data["syncType"] in (0, 1)) == (data["type"] == 7)
        assert not data["hasResourceBefore"] or data["cmd"].endswith(data["fileName"])
        mode = json.loads(data["runMode"])
        assert data["runMode"] == json.dumps(mode, separators=(",", ":"))
        assert list(mode) == list(json.loads(documented(instances)["data"]["runMode"]))
    assert kinds == {(3, False), (3, True), (7, False), (8, False), (8, True), (9, False), (9, True)}


def test_enos_ids_with_a_stamp_tell_task_cycle_and_trigger(instances: Operation) -> None:
    """The documented id is triggered at 19:xx +08:00 of its day; longer stamps are exact."""
    hourly = instance_of(instances, HOURLY, "succeeds", BORN)
    assert re.fullmatch(r"2021-02-02 19:[0-5][0-9]:00", hourly["triggerTime"])
    assert java_time(hourly["timeStamp"]).date().isoformat() == "2021-02-02"
    assert hourly["stsDesc"] == "SUCCESS"
    minutely = instance_of(instances, MINUTELY, "succeeds", BORN)
    manual = instance_of(instances, MANUAL, "succeeds", BORN)
    assert [data["triggerTime"] for data in (minutely, manual)] == ["2021-02-02 19:07:00", "2021-02-02 19:07:09"]
    assert (hourly["cycle"], minutely["cycle"], manual["freq"]) == ("H", "mi", None)
    for data in (hourly, minutely, manual):
        assert data["taskId"] == 118979
        assert data["flowInstId"].partition("-")[2] == data["instanceId"].partition("-")[2]


def test_enos_hourly_tasks_keep_their_minute() -> None:
    """A task is triggered at the same minute of every hour; another task may have another."""
    times = [enos.born({"taskInstId": f"118979-20210202{hour:02d}"}, BORN) for hour in range(24)]
    assert {later - time for time, later in pairwise(times)} == {3_600 * SECOND}
    minutes = {enos.born({"taskInstId": f"{task}-2021020211"}, BORN) for task in range(50)}
    assert len(minutes) > 10


@pytest.mark.parametrize("instance", UNSTAMPED)
def test_enos_ids_without_a_stamp_are_triggered_when_asked_for(instances: Operation, instance: str) -> None:
    """No stamp, a month 13, a year too early or a task id too long: the instance's life begins now."""
    assert enos.born({"taskInstId": instance}, BORN) == BORN
    data = instance_of(instances, instance, "succeeds", BORN)
    assert data["triggerTime"] == "2026-11-21 16:00:00"
    assert re.fullmatch(r"\d+-(2026112108|202611210800|20261121080000)", data["flowInstId"])


@pytest.mark.parametrize("seed", SEEDS)
def test_enos_cron_is_due_at_the_trigger_time(instances: Operation, seed: int) -> None:
    """Seconds, minutes and hours of freq are `*` or those of triggerTime."""
    shown = set()
    for n in range(60):
        data = instance_of(instances, f"load-{n}", "succeeds", BORN, seed)
        if data["freq"] is not None:
            shown.add(data["cycle"])
            due = zip(data["freq"].split()[:3], ("0", "0", "16"), strict=True)
            assert all(field in ("*", part) for field, part in due)
    assert shown == {"M", "W", "D", "H", "mi"}


def asked(instance: str, time: str) -> tuple[dict[str, Any], str]:
    """What a mock that makes up ids answers at this time (UTC) about this instance, and the hint of its refusal."""
    mock = Mock(Settings(unknown_ids="create"), Clock(parse_time(time), 0.0))
    request = request_for(load().operation_of("enos"), None, taskInstId=instance)
    response = mock.handle(request)
    return json.loads(response.body), response.header("X-Mock-Problem") or ""


def test_enos_instances_of_the_future_are_not_there_yet() -> None:
    """A scheduled one is made two hours before its trigger, as the documented one; a manual one when it is triggered."""
    for instance in ("7-2030010102", "7-20300101000000"):
        early = asked(instance, "2026-11-21T08:00:00Z")
        assert (early[0]["code"], "its id is one of the future" in early[1]) == (62102, True)
    assert "it can be found in 1 s" in asked("7-20300101000000", "2029-12-31T23:59:59Z")[1]
    data = asked("7-20300101000000", "2030-01-01T00:00:00Z")[0]["data"]
    assert java_time(data["timeStamp"]) == datetime(2030, 1, 1, 8)


def test_enos_instances_that_wait_for_their_trigger_have_not_begun() -> None:
    """Made already, and triggered when the id says; no time lies in the future but that of the trigger."""
    data = asked("7-203001010200", "2030-01-01T01:00:00Z")[0]["data"]
    assert (data["stsDesc"], data["startTime"], data["endTime"]) == ("INIT", None, None)
    assert data["triggerTime"] == "2030-01-01 10:00:00"
    assert java_time(data["timeStamp"]) == datetime(2030, 1, 1, 8)


def test_enos_declared_instances_run_as_declared() -> None:
    """A test may declare a job whose id has a stamp of the future: it runs now, and no time lies in the future."""
    mock = Mock(Settings(), Clock(parse_time("2026-11-21T08:00:00Z"), 0.0))
    mock.job("enos", taskInstId="7-203001010200")
    mock.clock.advance(60)
    request = request_for(load().operation_of("enos"), None, taskInstId="7-203001010200")
    data = json.loads(mock.handle(request).body)["data"]
    assert (data["stsDesc"], data["triggerTime"]) == ("RUNNING", "2026-11-21 16:00:00")
    assert java_time(data["timeStamp"]) == datetime(2026, 11, 21, 14)


def test_enos_declared_lives_are_as_defined(instances: Operation) -> None:
    """Lives that a user declares are good too: one that begins at its end, one that gets ready again after a rerun."""
    definition = life_of(instances)
    again = tuple((name, 1.0) for name in ("READY", "RUNNING", "RERUN", "READY", "RUNNING"))
    lives = [Life(name, "", 0, ((name, None),)) for name in definition.states]
    lives.append(Life("ready-again", "", 0, (*again, ("SUCCESS", None))))
    for life in lives:
        for now in instants(life, BORN)[2:]:
            job = job_of(enos.SERVICE, definition, {"taskInstId": "load"}, life, now)
            assert list(instances.responses[200](enos.SERVICE.body(job, PLAIN))) == []


@pytest.mark.parametrize("switches", [{}, *ENOS_SWITCHES])
def test_enos_documented_example_fits_the_switches(instances: Operation, switches: Mapping[str, str]) -> None:
    """The documented answer is left alone, but for a list or a requestId that the user chose."""
    body = enos.SERVICE.adapt(documented(instances), switches)
    assert list(instances.responses[200](body)) == []
    data = documented(instances)["data"]
    assert body["data"] == ([data] if switches.get("enos-data") == "list" else data)
    assert ("requestId" in body) == (switches.get("enos-request-id") == "present")


@pytest.mark.exhaustive
@pytest.mark.parametrize("switches", TAURUSDB_SWITCHES)
def test_taurusdb_bodies_are_as_defined(jobs: Operation, switches: Mapping[str, str]) -> None:
    """Every body of TaurusDB is what the definition says, with members in the documented order."""
    order = [*documented(jobs)["job"], "fail_reason"]
    for job, body in each_taurusdb(jobs, switches):
        assert list(jobs.responses[200](body)) == []
        assert list(body["job"]) == [key for key in order if key in body["job"]]
        assert body["job"]["id"] == job.identity["id"]
        assert ("fail_reason" in body["job"]) == (job.moment.status == "Failed")


@pytest.mark.parametrize("switches", TAURUSDB_SWITCHES)
def test_taurusdb_ends_after_it_was_created(jobs: Operation, switches: Mapping[str, str]) -> None:
    """`ended` is there once the job has ended: the same instant in either zone, and not before `created`."""
    offset = "+0000" if switches["taurusdb-time-zone"] == "documented" else "+0800"
    for job, body in each_taurusdb(jobs, switches, JOB_IDS[:2]):
        created, ended = body["job"]["created"], body["job"].get("ended")
        assert created.endswith("+0800")
        if not job.moment.terminal:
            assert ended == ("" if switches["taurusdb-ended"] == "empty" else None)
            continue
        assert ended.endswith(offset)
        begun, done = (datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp() for text in (created, ended))
        assert (begun, done) == (job.moment.born // SECOND, job.moment.since // SECOND)
        assert begun < done


def test_taurusdb_progress_shows_while_running(jobs: Operation) -> None:
    """`process` rises from 0% to 99% while the job runs, and is empty otherwise."""
    shown = []
    for job, body in each_taurusdb(jobs):
        process = body["job"]["process"]
        assert (process != "") == (job.moment.status == "Running")
        shown += [int(process[:-1])] if process else []
    assert (min(shown), max(shown)) == (0, 99)
    life = life_of(jobs).lives["succeeds"]
    run = [job_of(taurusdb.SERVICE, life_of(jobs), JOB_ID, life, BORN + second * SECOND) for second in range(11, 125)]
    rising = [int(taurusdb.SERVICE.body(job, EMPTY)["job"]["process"][:-1]) for job in run]
    assert rising == sorted(rising)


def test_taurusdb_terminal_jobs_never_move(jobs: Operation) -> None:
    """What has ended stays as it is."""
    for life in life_of(jobs).lives:
        ended: dict[str, Any] = {}
        for job in each_job(taurusdb.SERVICE, jobs, JOB_ID, life):
            body = taurusdb.SERVICE.body(job, EMPTY)
            key = str(job.profile)
            assert ended.get(key, body) == body
            if job.moment.terminal:
                ended[key] = body


def test_taurusdb_entities_go_with_the_kind_of_job(jobs: Operation, definitions: Definitions) -> None:
    """A created instance has resources, an EIP an address, other jobs nothing; names are the documented ones."""
    schema = definitions.documents["huaweicloud/gaussdb.json"]["components"]["schemas"]["Job"]
    names = set()
    for _, body in each_taurusdb(jobs, ids=JOB_IDS):
        job = body["job"]
        names.add(job["name"])
        members = {"CreateGaussDBforMySQLInstance": ["instance", "resource_ids"]}
        members |= {f"GaussDBforMySQL{word}EIP": ["public_ip"] for word in ("Bind", "Unbind")}
        assert list(job["entities"]) == members.get(job["name"], [])
        for resource in job["entities"].get("resource_ids", []):
            assert resource.startswith(job["instance"]["id"] + ".")
    assert names == set(schema["properties"]["name"]["examples"])


def test_taurusdb_jobs_are_some_seconds_old_when_first_seen(jobs: Operation) -> None:
    """A job can be found only some seconds after it was made: as many as the definition says."""
    mock = Mock(Settings(auth="off"), Clock(BORN, speed=0))
    answer = mock.handle(Request("GET", jobs.path.format(**JOB_ID), f"id={JOB_ID['id']}"))
    created = datetime.strptime(json.loads(answer.body)["job"]["created"], "%Y-%m-%dT%H:%M:%S%z")
    assert BORN // SECOND - created.timestamp() == life_of(jobs).visible_after == 5


@pytest.mark.parametrize("switches", [{}, *TAURUSDB_SWITCHES])
def test_taurusdb_documented_example_fits_the_switches(jobs: Operation, switches: Mapping[str, str]) -> None:
    """The documented answer's `ended` moves to +0800, at the same instant, where the user chose that."""
    body = taurusdb.SERVICE.adapt(documented(jobs), switches)
    moved = switches.get("taurusdb-time-zone") == "as-created"
    assert list(jobs.responses[200](body)) == []
    assert list(body["job"]) == list(documented(jobs)["job"])
    assert body["job"]["ended"] == ("2018-08-07T00:41:14+0800" if moved else "2018-08-06T16:41:14+0000")
