"""The services that list the runs of a job: DataArts Studio and TICS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from mockserver.definitions import Definitions, JobLife, Operation, load
from mockserver.errors import RequestProblem
from mockserver.generate import Fake
from mockserver.jobs.history import RunSeries
from mockserver.jobs.trajectory import Job, moment_of
from mockserver.services import dataarts, tics
from mockserver.services.base import JobListService

BORN = 1_704_934_907_250
"""2024-01-11T01:01:47.250Z"""

OFFSETS = (
    0, 1, 250, 950, 2_000, 4_999, 5_000, 5_001, 7_000, 20_000, 64_999, 65_000, 80_000, 95_000, 125_000, 160_000,
    400_000, 90_000_000,
)  # fmt: skip
SEEDS = range(2)
DATAARTS = {
    "project_id": "0833a5737480d53b2f25c010dc1a7b88",
    "instance": "b88c445407b24283aa949f9833a38fd8",
    "task_id": "937987",
    "job_name": "etl-dli2dws",
}
TICS = {
    "project_id": "0833a5737480d53b2f25c010dc1a7b88",
    "league_id": "6ec9a0a476be42628697e7af1fac7920",
    "job_id": "f9533bfefca7467e88feca4f592c3b04",
}
TASK, JOB = {"dataarts-job-name": "task"}, {"dataarts-job-name": "job"}
ABSENT, NULL = {"tics-end-time": "absent"}, {"tics-end-time": "null"}
EITHER_NAME = pytest.mark.parametrize("switches", [TASK, JOB])
EITHER_END = pytest.mark.parametrize("switches", [ABSENT, NULL])


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


@pytest.fixture(scope="module")
def data(definitions: Definitions) -> Operation:
    return definitions.operation_of("dataarts")


@pytest.fixture(scope="module")
def leagues(definitions: Definitions) -> Operation:
    return definitions.operation_of("tics")


def life_of(operation: Operation) -> JobLife:
    assert operation.job is not None
    return operation.job


def job_of(
    service: JobListService,
    definition: JobLife,
    parameters: Mapping[str, Any],
    life: str,
    now: int,
    *,
    seed: int = 0,
    run: int = 7,
) -> Job:
    """A run as the machine makes it up, with the life of our choice."""
    identity = {**service.identity(parameters), "run": str(run)}
    profile = service.profile(Fake(seed, tuple(identity.items())), identity)
    return Job(identity, profile, moment_of(definition, definition.lives[life], BORN, now), definition)


def each_job(service: JobListService, operation: Operation, parameters: Mapping[str, Any]) -> Iterator[Job]:
    """Runs of all lives, at many instants, of some seeds; the instants of one run follow one another."""
    definition = life_of(operation)
    for life in definition.lives:
        for seed in SEEDS:
            for offset in OFFSETS:
                yield job_of(service, definition, parameters, life, BORN + offset, seed=seed)


def body_of(rows: list[dict[str, Any]], now: int = BORN, total: int = 9) -> dict[str, Any]:
    """A page of DataArts Studio as it is sent."""
    return dataarts.SERVICE.body(dataarts.SERVICE.page(rows, total), now, "request-1")


def documented(operation: Operation) -> dict[str, Any]:
    value: dict[str, Any] = operation.examples["documented"].value
    return value


def documented_row(operation: Operation) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(documented(operation)["body"])["rows"][0]
    return row


def dataarts_rows(
    operation: Operation, switches: Mapping[str, str], parameters: Mapping[str, Any] = DATAARTS
) -> Iterator[tuple[Job, dict[str, Any]]]:
    for job in each_job(dataarts.SERVICE, operation, parameters):
        yield job, dataarts.SERVICE.row(job, parameters, switches)


def tics_rows(
    operation: Operation, switches: Mapping[str, str], parameters: Mapping[str, Any] = TICS
) -> Iterator[tuple[Job, dict[str, Any]]]:
    for job in each_job(tics.SERVICE, operation, parameters):
        yield job, tics.SERVICE.row(job, parameters, switches)


@EITHER_NAME
def test_dataarts_bodies_are_as_defined(data: Operation, switches: Mapping[str, str]) -> None:
    """Every body of DataArts Studio is what the definition says, strings of JSON included."""
    for job, row in dataarts_rows(data, switches):
        body = body_of([row], job.moment.now)
        assert list(data.responses[200](body)) == []
        assert json.loads(body["body"]) == {"msg": "success", "rows": [row], "success": True, "total": 9}
        assert list(body) == list(documented(data))


def test_dataarts_bodies_of_empty_pages_are_as_defined(data: Operation) -> None:
    """A page without rows is a good answer too."""
    body = body_of([], total=0)
    assert list(data.responses[200](body)) == []


def test_a_dataarts_row_that_is_wrong_is_found(data: Operation) -> None:
    """The validator looks into the strings of JSON, so that the tests above mean something."""
    job = job_of(dataarts.SERVICE, life_of(data), DATAARTS, "succeeds", BORN)
    row = {**dataarts.SERVICE.row(job, DATAARTS, TASK), "taskId": "937987"}
    assert list(data.responses[200](body_of([row]))) != []


def test_dataarts_text_is_printed_as_in_the_example(data: Operation) -> None:
    """The example's inner answer, drawn by the mock, is the example's text to the letter."""
    example = documented(data)
    inner = json.loads(example["body"])
    assert body_of(inner["rows"], total=inner["total"])["body"] == example["body"]


@EITHER_NAME
def test_dataarts_members_have_the_examples_order_and_types(data: Operation, switches: Mapping[str, str]) -> None:
    """Rows, running data and running parameters have the example's members, in its order, of its types."""
    example = documented_row(data)
    for job, row in dataarts_rows(data, switches):
        assert list(row) == list(example)
        assert [type(value) for value in row.values()] == [type(value) for value in example.values()]
        assert row["runningParam"] == example["runningParam"]
        if job.moment.first("running") is not None:
            assert list(json.loads(row["runningData"])) == list(json.loads(example["runningData"]))


@EITHER_NAME
def test_dataarts_times_are_in_order(data: Operation, switches: Mapping[str, str]) -> None:
    """A run is planned, submitted, started and ended in this order, and nothing lies in the future."""
    for job, row in dataarts_rows(data, switches):
        times = [row[name] for name in ("planTime", "submitTime", "startTime", "endTime") if row[name]]
        assert [*times, job.moment.now] == sorted([*times, job.moment.now])
        assert row["submitTime"] == job.moment.born


def test_dataarts_submits_some_100_ms_after_the_plan(data: Operation) -> None:
    """A run is submitted 100 to 900 ms after it was planned, and neither time ever changes."""
    for job, row in dataarts_rows(data, TASK):
        assert row["submitTime"] == BORN
        assert row["submitTime"] - row["planTime"] == job.profile["delay"]
        assert 100 <= job.profile["delay"] <= 900


def test_dataarts_fills_in_what_has_come_about(data: Operation) -> None:
    """Start, end, running time and counts are there when they have come about, and not before."""
    for job, row in dataarts_rows(data, TASK):
        started, ended = job.moment.first("running"), job.moment.ended
        assert (row["startTime"], row["endTime"]) == (started or 0, ended or 0)
        assert (row["executionLogPath"] == "") == (started is None)
        assert (row["runningData"] == "{}") == (started is None)
        assert row["runningTime"] == (ended - started if started and ended else 0)  # ms, as speed is rows a second
        counts = [row["failCount"], row["inputRowCount"], row["outputRowCount"], row["speed"]]
        if row["status"] == "success":
            assert counts[0] == 0 and counts[1] == counts[2] >= 0 and counts[3] > 0
        else:
            assert counts == [-1, -1, -1, 0.0]


def test_dataarts_counts_retries(data: Operation) -> None:
    """A run that was tried again says so once something has failed."""
    for job, row in dataarts_rows(data, TASK):
        assert row["retryTimes"] == (job.moment.first("running-exception") is not None)


def test_dataarts_log_path_has_beijing_time(data: Operation) -> None:
    """The log's path is built as in the example, with the time of submission in +08:00."""
    job = job_of(dataarts.SERVICE, life_of(data), {**DATAARTS, "workspace_id": "w"}, "succeeds", BORN + 80_000)
    row = dataarts.SERVICE.row(job, DATAARTS, TASK)
    name, second = row["jobName"], (BORN + job.profile["delay"]) // 1_000 % 60
    start = f"obs://dlf-log-{DATAARTS['project_id']}/w/etl-dli2dws/2024-01-11_09_01_{second:02d}."
    assert row["executionLogPath"].startswith(start)
    assert row["executionLogPath"].endswith(f"{row['submitTime'] % 1_000:03d}/{name}/{name}.job")


def test_dataarts_switch_says_whose_name_was_asked_for(data: Operation) -> None:
    """job_name is the node's name or the job's, as the switch says; the other one is made up."""
    job = job_of(dataarts.SERVICE, life_of(data), DATAARTS, "succeeds", BORN)
    of_task, of_job = (dataarts.SERVICE.row(job, DATAARTS, switches) for switches in (TASK, JOB))
    assert of_task["taskName"] == of_job["jobName"] == "etl-dli2dws"
    assert of_task["jobName"] == of_job["taskName"] != "etl-dli2dws"


def test_dataarts_task_id_is_the_paths_where_it_can_be(data: Operation) -> None:
    """taskId is the path's number, or a number made up for an id that is none or too large."""
    result = {}
    for task_id in ("937987", "0", str(2**53), str(2**53 + 1), "9" * 64, "node-1", "node-2"):
        parameters = {**DATAARTS, "task_id": task_id}
        job = job_of(dataarts.SERVICE, life_of(data), parameters, "succeeds", BORN)
        result[task_id] = dataarts.SERVICE.row(job, parameters, TASK)["taskId"]
    assert (result["937987"], result["0"], result[str(2**53)]) == (937987, 0, 2**53)
    assert len(set(result.values())) == len(result)
    assert all(0 <= value <= 2**53 for value in result.values())


def test_dataarts_makes_up_a_workspace_for_an_instance() -> None:
    """Without workspace_id an instance has one workspace; with it, that is the one."""
    made_up = dataarts.SERVICE.identity(DATAARTS)["workspace_id"]
    assert made_up == dataarts.SERVICE.identity({**DATAARTS, "task_id": "1"})["workspace_id"]
    assert made_up != dataarts.SERVICE.identity({**DATAARTS, "instance": "c" * 32})["workspace_id"]
    assert dataarts.SERVICE.identity({**DATAARTS, "workspace_id": "w"})["workspace_id"] == "w"


@EITHER_NAME
def test_dataarts_runs_of_a_node_share_what_is_the_nodes(data: Operation, switches: Mapping[str, str]) -> None:
    """Runs of one node have one task, job, owner and workspace, and each its own record, log and engine job."""
    shared = ("jobId", "jobName", "owner", "taskId", "taskName", "workspaceId", "workspaceName")
    definition = life_of(data)
    jobs = [job_of(dataarts.SERVICE, definition, DATAARTS, "hangs", BORN + 9_000, run=run) for run in range(200)]
    rows = [dataarts.SERVICE.row(job, DATAARTS, switches) for job in jobs]
    assert len({tuple(row[name] for name in shared) for row in rows}) == 1
    assert len({row["taskRunningLogId"] for row in rows}) == len(rows)
    assert len({json.loads(row["runningData"])["jobId"] for row in rows}) == len(rows)


def test_dataarts_ended_runs_never_change(data: Operation) -> None:
    """What a run shows once it has ended, it shows for ever."""
    check_ended_stay(dataarts.SERVICE, data, DATAARTS, TASK)


def test_dataarts_headers_fit_the_body(data: Operation) -> None:
    """The inner headers are the example's; length, date and id are those of the body, the time and the request."""
    example = documented(data)["header_map"]
    rows = [row for _, row in dataarts_rows(data, TASK, {**DATAARTS, "job_name": "表"})][:3]
    body = body_of(rows, now=1_704_936_562_490)
    headers = body["header_map"]
    assert list(headers) == list(example)
    assert headers["Content-Length"] == str(len(body["body"].encode("utf-8"))) != str(len(body["body"]))
    assert headers["Date"] == example["Date"]
    assert parsedate_to_datetime(headers["Date"]).timestamp() == 1_704_936_562
    assert headers["X-Request-Id"].split("-")[5] == "1704936562490"
    own = ("Content-Length", "X-Request-Id")
    assert {**headers, **dict.fromkeys(own)} == {**example, **dict.fromkeys(own)}
    other = dataarts.SERVICE.body(body["body"], 1_704_936_562_490, "request-2")["header_map"]
    assert other["X-Request-Id"] != headers["X-Request-Id"]


RUNS = RunSeries("job", first=1_000, period=1_000, count=100)


def numbers(stretch: RunSeries[str]) -> list[int]:
    """The runs of a stretch, oldest first."""
    return list(range(stretch.number, stretch.number + stretch.count))


@pytest.mark.parametrize(
    ("start", "end", "runs"),
    [
        (0, 10_000, range(10)),
        (1_000, 3_000, range(3)),
        (1_000.5, 3_000.5, range(1, 3)),
        (1_001, 1_999, range(0)),
        (3_000, 3_000, range(2, 3)),
        (8_000.0, 99_000_000, range(7, 10)),
        (50_000, 60_000, range(0)),
        (0, float("inf"), range(10)),
        (float("inf"), float("inf"), range(0)),
    ],
)
def test_dataarts_window_is_of_submit_times(start: float, end: float, runs: range) -> None:
    """The time range takes the runs submitted in it, both ends included, and none of the future."""
    window = dataarts.SERVICE.window({"start_time": start, "end_time": end}, 10_000)
    assert numbers(RUNS.between(*window)) == list(runs)


def test_dataarts_window_that_ends_before_it_starts_is_refused() -> None:
    """A start_time later than end_time is an invalid parameter."""
    with pytest.raises(RequestProblem) as caught:
        dataarts.SERVICE.window({"start_time": 2.5, "end_time": 2}, 10_000)
    assert (caught.value.kind, caught.value.facts) == ("parameter-invalid", {"parameter": "start_time"})


@EITHER_END
@pytest.mark.parametrize(
    "job_id", [TICS["job_id"], "", "a", *(pytest.param(item, marks=pytest.mark.exhaustive) for item in "bcdef")]
)
def test_tics_bodies_are_as_defined(leagues: Operation, switches: Mapping[str, str], job_id: str) -> None:
    """Every body of TICS is what the definition says, in the example's order."""
    example = documented(leagues)
    for _, row in tics_rows(leagues, switches, {**TICS, "job_id": job_id}):
        body = tics.SERVICE.page([row], 9)
        assert list(leagues.responses[200](body)) == []
        assert (list(body), body["total"]) == (list(example), 9)
        known = [name for name in row if name in example["lists"][0]]
        assert known == [name for name in example["lists"][0] if name in row]
        others = [name for name in row if name not in known]
        assert others == [name for name in ("job_partner", "ext", "is_single_predict") if name in row]


@EITHER_END
def test_tics_end_time_is_there_once_ended(leagues: Operation, switches: Mapping[str, str]) -> None:
    """Until the instance has ended, end_time is absent or null, as the switch says; then not before start_time."""
    for job, row in tics_rows(leagues, switches):
        assert row["start_time"] == "2024-01-11T01:01:47.250+00:00"
        if job.moment.terminal:
            assert row["end_time"] >= row["start_time"]
        else:
            assert row.get("end_time", "absent") == (None if switches == NULL else "absent")


def test_tics_types_have_their_members(leagues: Operation) -> None:
    """All types occur; SQL has one round, the others more; is_single_predict is VFL_PREDICT's alone."""
    definition = life_of(leagues)
    parameters = {**TICS, "job_id": ""}
    jobs = [job_of(tics.SERVICE, definition, parameters, "succeeds", BORN, run=run) for run in range(100)]
    rows = [tics.SERVICE.row(job, parameters, ABSENT) for job in jobs]
    assert len({row["job_instance_type"] for row in rows}) == 8
    for row in rows:
        assert (row["round_id"] == 1) == (row["job_instance_type"] == "SQL")
        assert ("is_single_predict" in row) == (row["job_instance_type"] == "VFL_PREDICT")
        assert ("job_partner" in row) == ("ext" in row) == (row["job_instance_type"] != "SQL")


def test_tics_instances_of_a_job_share_what_is_the_jobs(leagues: Operation) -> None:
    """Instances of one job have its name and type, and ids of their own."""
    definition = life_of(leagues)
    jobs = [job_of(tics.SERVICE, definition, TICS, "succeeds", BORN, run=run) for run in range(60)]
    rows = [tics.SERVICE.row(job, TICS, ABSENT) for job in jobs]
    shared = ("job_name", "job_instance_type", "round_id", "job_partner", "ext", "is_single_predict")
    assert len({tuple(row.get(name) for name in shared) for row in rows}) == 1
    assert len({row["id"] for row in rows}) == len(rows)


def test_tics_ended_instances_never_change(leagues: Operation) -> None:
    """What an instance shows once it has ended, it shows for ever."""
    check_ended_stay(tics.SERVICE, leagues, TICS, ABSENT)


def test_tics_identity_has_an_empty_job_id_where_none_is_asked_for() -> None:
    """A league's history and a job's are two."""
    without = {name: value for name, value in TICS.items() if name != "job_id"}
    assert tics.SERVICE.identity(TICS) == TICS
    assert tics.SERVICE.identity(without) == tics.SERVICE.identity({**TICS, "job_id": ""}) == {**without, "job_id": ""}


def test_tics_selects_all_that_was_born() -> None:
    """All instances up to now are listed, and none of the future."""
    for now in (10_000, 10_999):
        assert numbers(RUNS.between(*tics.SERVICE.window({}, now))) == list(range(10))


def check_ended_stay(
    service: JobListService, operation: Operation, parameters: Mapping[str, Any], switches: Mapping[str, str]
) -> None:
    ended: dict[str, Any] | None = None
    count = 0
    for job in each_job(service, operation, parameters):
        if job.moment.now == BORN:
            ended = None
        row = service.row(job, parameters, switches)
        assert ended is None or row == ended
        if job.moment.terminal:
            ended, count = row, count + 1
    assert count > 0
