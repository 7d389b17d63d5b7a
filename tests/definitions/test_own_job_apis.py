"""`init` proposes how the jobs of documents in the usual shapes live, and a client of such an API then sees them live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import mockserver
from mockserver.cli import main
from mockserver.definitions.yaml_json import parse_yaml
from mockserver.testing.mock_server import MockServer

Json = dict[str, Any]
APIS = Path(__file__).parent / "job_apis"
"""Documents in the shapes of public job APIs, invented but for that."""


def api(name: str) -> Json:
    """One of the documents."""
    document: Json = parse_yaml((APIS / f"{name}.yaml").read_text(encoding="utf-8"))
    return document


@contextmanager
def living(folder: Path, document: Json, **settings: Any) -> Iterator[MockServer]:
    """The document with what `init` proposes of it, served; the clock stands."""
    file = folder / "own.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert main(["init", str(file), "--out", str(folder / "mockserver.yaml")]) == 0
    assert main(["lint", "--strict", str(file)]) == 0
    with mockserver.running(definitions=[str(file)], auth="off", **settings) as mock:
        mock.clock.freeze()
        yield mock


def get(mock: MockServer, path: str, status: int = 200) -> Any:
    shown = requests.get(mock.url + path, timeout=5)
    assert shown.status_code == status, shown.text
    return shown.json() if shown.content else None


def test_azure_accepts_and_says_where_to_ask(tmp_path: Path) -> None:
    """202 with an absolute Azure-AsyncOperation and Retry-After; there 202 with Retry-After until the end, then 200."""
    with living(tmp_path, api("azure")) as mock:
        made = requests.post(f"{mock.url}/groups/g/machines/m/start", timeout=5)
        place = made.headers["Azure-AsyncOperation"]
        assert (made.status_code, made.headers["Retry-After"]) == (202, "1")
        assert place.startswith(f"{mock.url}/operations/")
        waiting = requests.get(place, timeout=5)
        assert (waiting.status_code, waiting.headers["Retry-After"], waiting.content) == (202, "1", b"")
        mock.clock.advance("1m")
        done = requests.get(place, timeout=5)
        assert (done.status_code, "Retry-After" in done.headers) == (200, False)
        assert done.json()["startTime"] < done.json()["endTime"]
        mock.job("compute", operationId="bad", life="fails")
        mock.clock.advance("1m")
        bad = get(mock, "/operations/bad")
        assert (bad["status"], "error" in bad, bad["percentComplete"] < 100) == ("Failed", True, True)


def test_google_s_operation_has_done_then_response_or_error(tmp_path: Path) -> None:
    """`done` is the status; response only at a success; cancelled and deleted by their own calls."""
    with living(tmp_path, api("google")) as mock:
        made = requests.post(f"{mock.url}/v1/instances", json={"displayName": "x"}, timeout=5).json()
        assert (made["done"], "response" in made, "error" in made) == (False, False, False)
        name = made["name"]
        assert [row["name"] for row in get(mock, "/v1/operations")["operations"]] == [name]
        mock.clock.advance("5s")
        half = get(mock, f"/v1/operations/{name}")["metadata"]
        assert (half["progressPercent"], "endTime" in half) == (50, False)
        mock.job("long-running", name="op-2", life="succeeds")
        mock.clock.advance("1m")
        done = get(mock, "/v1/operations/op-2")
        assert (done["done"], "response" in done, "error" in done, done["metadata"]["progressPercent"]) == (
            True,
            True,
            False,
            100,
        )
        assert requests.delete(f"{mock.url}/v1/operations/op-2", timeout=5).status_code == 200
        assert requests.get(f"{mock.url}/v1/operations/op-2", timeout=5).status_code == 404


def test_aws_shows_the_run_in_a_member_and_cancels_by_delete(tmp_path: Path) -> None:
    """The job is a member of the answer; lists have pages; DELETE cancels."""
    with living(tmp_path, api("aws")) as mock:
        runs = [
            requests.post(f"{mock.url}/applications/a/jobruns", json={"name": "n"}, timeout=5).json()["jobRunId"]
            for _ in range(3)
        ]
        assert get(mock, f"/applications/a/jobruns/{runs[0]}")["jobRun"]["state"] == "SUBMITTED"
        mock.clock.advance("35s")
        assert get(mock, f"/applications/a/jobruns/{runs[0]}")["jobRun"]["state"] == "RUNNING"
        assert len(get(mock, "/applications/a/jobruns")["jobRuns"]) == 2
        assert len(get(mock, "/applications/a/jobruns?maxResults=3")["jobRuns"]) == 3
        assert get(mock, "/applications/other/jobruns")["jobRuns"] == []
        assert requests.delete(f"{mock.url}/applications/a/jobruns/{runs[0]}", timeout=5).status_code == 200
        assert get(mock, f"/applications/a/jobruns/{runs[0]}")["jobRun"]["state"] == "CANCELLED"


def test_databricks_tells_the_result_in_a_second_state(tmp_path: Path) -> None:
    """TERMINATED says only that it is over: result_state, only then, says how. The ids are numbers, and differ."""
    with living(tmp_path, api("databricks")) as mock:
        first, second = (
            requests.post(f"{mock.url}/api/2.1/jobs/run-now", json={"job_id": 7}, timeout=5).json()["run_id"] for _ in "ab"
        )
        assert isinstance(first, int)
        assert first != second
        run = get(mock, f"/api/2.1/runs/{first}")
        assert (run["run_id"], run["job_id"], run["state"]["life_cycle_state"]) == (first, 7, "PENDING")
        assert "result_state" not in run["state"]
        mock.job("runs", run_id=8, life="fails", age="1h")
        run = get(mock, "/api/2.1/runs/8")
        assert (run["state"]["life_cycle_state"], run["state"]["result_state"]) == ("TERMINATED", "FAILED")
        assert 0 < run["end_time"] - run["start_time"] < 3_600_000


def test_airflow_takes_the_caller_s_id_and_lists_by_state(tmp_path: Path) -> None:
    """An id that the body brings is the run's; a second time is a conflict; lists are counted, filtered, paged, per DAG."""
    with living(tmp_path, api("airflow")) as mock:
        base = f"{mock.url}/api/v1/dags/d/dagRuns"
        made = requests.post(base, json={"dag_run_id": "mine", "conf": {"a": 1}}, timeout=5).json()
        assert (made["dag_run_id"], made["dag_id"], made["state"], made["conf"]) == ("mine", "d", "queued", {"a": 1})
        assert requests.post(base, json={"dag_run_id": "mine"}, timeout=5).status_code == 409
        mock.clock.advance("15s")
        other = requests.post(base, json={"conf": {}}, timeout=5).json()["dag_run_id"]
        everything = get(mock, "/dags/d/dagRuns")
        assert ([run["dag_run_id"] for run in everything["dag_runs"]], everything["total_entries"]) == ([other, "mine"], 2)
        running = get(mock, "/dags/d/dagRuns?state=running")
        assert ([run["dag_run_id"] for run in running["dag_runs"]], running["total_entries"]) == (["mine"], 1)
        page = get(mock, "/dags/d/dagRuns?limit=1&offset=1")
        assert ([run["dag_run_id"] for run in page["dag_runs"]], page["total_entries"]) == (["mine"], 2)
        assert requests.delete(f"{base}/mine", timeout=5).status_code == 204
        assert requests.get(f"{base}/mine", timeout=5).status_code == 404
        assert get(mock, "/dags/d/dagRuns")["total_entries"] == 1


def test_github_s_conclusion_is_null_until_the_end(tmp_path: Path) -> None:
    """`completed` with a conclusion, which is null before; a run is cancelled, and started again."""
    with living(tmp_path, api("github")) as mock:
        mock.job("workflow-runs", run_id="7", life="fails")
        run = get(mock, "/repos/o/r/actions/runs/7")
        assert (run["status"], run["conclusion"]) == ("queued", None)
        mock.clock.advance("1m")
        run = get(mock, "/repos/o/r/actions/runs/7")
        assert (run["status"], run["conclusion"]) == ("completed", "failure")
        assert requests.post(f"{mock.url}/repos/o/r/actions/runs/7/rerun", timeout=5).status_code == 201
        assert get(mock, "/repos/o/r/actions/runs/7")["status"] == "queued"
        assert requests.post(f"{mock.url}/repos/o/r/actions/runs/7/cancel", timeout=5).status_code == 202
        assert get(mock, "/repos/o/r/actions/runs/7")["conclusion"] == "cancelled"


def test_each_namespace_has_state_of_its_own(tmp_path: Path) -> None:
    """What a client of one namespace makes and deletes, another one doesn't see."""
    with living(tmp_path, api("airflow"), unknown_ids="reject") as mock:
        url, other = f"{mock.url}/dags/d/dagRuns", {"X-Mock-Namespace": "other"}
        assert requests.post(url, json={"dag_run_id": "r"}, timeout=5).status_code == 200
        assert requests.get(f"{url}/r", timeout=5).status_code == 200
        assert requests.get(f"{url}/r", headers=other, timeout=5).status_code == 404
        assert requests.get(url, headers=other, timeout=5).json()["total_entries"] == 0


def test_several_kinds_of_jobs_in_one_document(tmp_path: Path) -> None:
    """Two kinds with the same name of id are told apart; the second one is declared by its operation's id."""
    both = api("airflow")
    for path, item in api("airflow")["paths"].items():
        other = json.loads(json.dumps(item).replace("_dag_run", "_export"))
        both["paths"][path.replace("dagRuns", "exports")] = other
    with living(tmp_path, both, unknown_ids="reject") as mock:
        mock.job("airflow-like", dag_id="d", dag_run_id="x", life="succeeds")
        mock.job("get_export", dag_id="d", dag_run_id="y", life="fails")
        get(mock, "/dags/d/dagRuns/x")
        get(mock, "/dags/d/dagRuns/y", 404)
        get(mock, "/dags/d/exports/x", 404)
        mock.clock.advance("1m")
        assert get(mock, "/dags/d/exports/y")["state"] == "failed"
        assert get(mock, "/dags/d/exports")["total_entries"] == 1


@pytest.mark.parametrize("name", [file.stem for file in sorted(APIS.iterdir())])
def test_progress_never_falls_and_answers_are_valid(name: str, tmp_path: Path) -> None:
    """Of each shape, over each life of a job: the progress never falls, and every answer is what the schema allows."""
    with living(tmp_path, api(name)) as mock:
        operation = next(item for item in mock.mock.definitions.operations if item.vendor == "openapi" and item.job)
        assert operation.job is not None
        for life in operation.job.lives:
            names: dict[str, Any] = dict.fromkeys(operation.job.identity, str(len(life)))
            mock.job(operation.job.kind, life=life, **names)
            path, before = operation.path.format(**names), 0.0
            for _ in range(12):
                answer = requests.get(mock.url + path, timeout=5)
                if answer.content:
                    assert not list(operation.responses[answer.status_code](answer.json()))
                    now = next((value for key, value in numbers(answer.json()) if "rogress" in key or "percent" in key), 0)
                    assert now >= before
                    before = now
                mock.clock.advance("7s")


def numbers(node: Any, key: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(node, dict):
        for name, child in node.items():
            yield from numbers(child, name)
    elif isinstance(node, int | float):
        yield key, node


def one_job(status: Json, **members: Json) -> Json:
    """A document of one thing with a status, and a list of it."""
    schema = {
        "type": "object",
        "required": ["status"],
        "properties": {"id": {"type": "string"}, "status": status, **members},
    }
    thing = {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    read = {"operationId": "getThing", "parameters": [name], "responses": {"200": thing}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things/{id}": {"get": read}},
        "components": {"schemas": {"Thing": schema}},
    }


def proposed(folder: Path, document: Json) -> Json:
    """What `init` proposes of the only job; {} where it refuses."""
    from mockserver.definitions.propose import proposal
    from mockserver.errors import InputError

    (folder / "own.json").write_text(json.dumps(document), encoding="utf-8")
    try:
        jobs = parse_yaml(proposal(folder / "own.json"))["jobs"]
    except InputError:
        return {}
    job: Json = next(iter(jobs.values()))
    return job


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        (["CREATING", "DELETING", "ACTIVE", "FAILED"], ["ACTIVE", "FAILED"]),
        (["NotSpecified", "Accepted", "Succeeded", "Failed"], ["Succeeded", "Failed"]),
        (["READY_TO_EXECUTE", "EXECUTING", "EXECUTION_SUCCEEDED"], ["EXECUTION_SUCCEEDED"]),
        (
            ["PENDING", "DELETE_IN_PROGRESS", "AVAILABLE", "DELETED", "CREATE_FAILED"],
            ["AVAILABLE", "DELETED", "CREATE_FAILED"],
        ),
        (["open", "refused", "completed"], ["completed", "refused"]),
        (["Pending Payment", "Paid", "Abandoned", "Failed"], ["Paid", "Abandoned", "Failed"]),
        (["CREATING", "RUNNING", "STOPPING", "CREATE_FAILED"], ["RUNNING", "CREATE_FAILED"]),
        (["WAITING_FOR_REVIEW", "IN_REVIEW", "APPROVED", "REJECTED"], ["APPROVED", "REJECTED"]),
        (["LIVE", "COMPLETE", "REJECT_REQUESTED", "VOID"], ["COMPLETE", "VOID"]),
        (["building", "built", "faulted"], ["built", "faulted"]),
        (["started", "finalised", "Succeeded With Warning", "failed"], ["finalised", "Succeeded With Warning", "failed"]),
        (["active", "inactive", "suspended"], []),
        (["Starting", "Running", "Stopping", "Stopped"], []),
    ],
)
def test_which_values_are_ends(tmp_path: Path, values: list[str], ends: list[str]) -> None:
    """What says by itself that it is over counts before what may; a thing that only lives has no ends."""
    job = proposed(tmp_path, one_job({"type": "string", "enum": values}))
    assert [name for name, value in job.get("states", {}).items() if value == "end"] == ends


@pytest.mark.parametrize(
    "status",
    [
        {"type": "integer", "enum": [0, 1, 2], "x-enum-varnames": ["queued", "done", "failed"]},
        {"oneOf": [{"const": number, "title": name} for number, name in enumerate(("queued", "done", "failed"))]},
        {"type": "string", "description": "Where it is: `queued`, `done` or `failed`."},
        {"oneOf": [{"const": "queued"}, {"const": "done"}, {"const": "failed"}]},
    ],
)
def test_spellings_of_a_status(tmp_path: Path, status: Json) -> None:
    """Numbers that the document names, constants, and texts that only the description lists: each lives."""
    with living(tmp_path, one_job(status)) as mock:
        mock.job("things", id="a")
        first = get(mock, "/things/a")["status"]
        mock.clock.advance("1m")
        assert (first, get(mock, "/things/a")["status"]) in ((0, 1), ("queued", "done"))


def test_an_id_in_the_query_says_which_job_is_meant(tmp_path: Path) -> None:
    """`GET /job?job_id=`: what starts it stands at the same path, and two ids are two jobs."""
    document = one_job({"type": "string", "enum": ["queued", "done", "failed"]}, job_id={"type": "string"})
    read = document["paths"].pop("/things/{id}")["get"]
    read["parameters"] = [{"name": "job_id", "in": "query", "required": True, "schema": {"type": "string"}}]
    made = {"operationId": "startThing", "responses": read["responses"]}
    document["paths"]["/job"] = {"get": read, "post": made}
    assert proposed(tmp_path, document) == {
        "id": "job_id",
        "status": "/status",
        "states": {"queued": "10s", "done": "end", "failed": "end"},
        "start": "startThing",
    }
    with living(tmp_path, document) as mock:
        mock.job("things", job_id="b", life="fails")
        mock.clock.advance("1m")
        assert get(mock, "/job?job_id=b")["status"] == "failed"
        assert requests.get(f"{mock.url}/job", timeout=5).status_code == 400


def test_settings_are_no_results_and_percentages_of_something_else_no_progress(tmp_path: Path) -> None:
    """`only` has what a job leaves behind; `progress` is how much of it is done."""
    text = {"type": "string"}
    document = one_job(
        {"type": "string", "enum": ["queued", "done", "failed"]},
        outputFormat=text,
        outputUri=text,
        resultConfiguration=text,
        repository={"type": "object", "properties": {"downloads_url": text}},
        samplingPercentage={"type": "integer"},
        percentComplete={"type": "integer"},
        lastKeySync={"type": "string", "format": "date-time"},
        pendingSince={"type": "string", "format": "date-time"},
        client={"type": "object", "properties": {"updatedAt": {"type": "string", "format": "date-time"}}},
    )
    job = proposed(tmp_path, document)
    assert (job["only"], job["progress"], "times" in job) == ({"/outputUri": "done"}, "/percentComplete", False)


def test_what_starts_a_job_whose_status_stands_below_it(tmp_path: Path) -> None:
    """`POST /things` starts what `GET /things/{id}/status` reads; an update starts nothing; a former status is none."""
    document = one_job({"type": "string", "enum": ["queued", "done", "failed"]})
    thing = document["components"]["schemas"]["Thing"]["properties"]
    thing["previousStatus"] = thing.pop("status")
    thing["provisioningState"] = thing["previousStatus"]
    read = document["paths"].pop("/things/{id}")["get"]
    document["paths"] = {
        "/things/{id}/status": {"get": read},
        "/things/{id}": {"put": {"operationId": "UpdateThing", **{key: read[key] for key in ("parameters", "responses")}}},
        "/things": {"post": {"operationId": "makeThing", "responses": {"201": {"description": "It is made."}}}},
    }
    job = proposed(tmp_path, document)
    assert (job["start"], job["status"]) == ("makeThing", "/provisioningState")
    del document["paths"]["/things"]
    assert "start" not in proposed(tmp_path, document)


def named_calls(name: str) -> Json:
    """An API whose calls only their ids tie together: each has a path of its own, the list rows of a schema of its own."""
    answer = {"content": {"application/json": {"schema": {"type": "object", "properties": {"message": {"type": "string"}}}}}}
    rows = {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "object"}}}}
    job = {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"enum": ["QUEUED", "RUNNING", "COMPLETED", "FAILED"]},
            "scheduled_start": {"type": "string", "format": "date-time"},
            "start_time": {"type": "string", "format": "date-time"},
            "failure_handling_policy": {"type": "string"},
            "parts": {"type": "array", "items": {"type": "string"}},
        },
    }
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"jobId": {"type": "string"}}}}}}
    shown = {"description": "d", "content": {"application/json": {"schema": job}}}
    listed = {"description": "d", "content": {"application/json": {"schema": rows}}}
    parameter = {"name": "jobId", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1"},
        "paths": {
            "/get-job/{jobId}": {
                "get": {"operationId": "DescribeImportJob", "parameters": [parameter], "responses": {"200": shown}}
            },
            "/begin/": {"post": {"operationId": "StartImportJob", "responses": {"200": {"description": "d", **answer}}}},
            "/all": {"get": {"operationId": "ListImportJobs", "responses": {"200": listed}}},
            "/halt": {
                "post": {"operationId": "CancelImportJob", "requestBody": body, "responses": {"200": {"description": "d"}}}
            },
        },
    }


def test_calls_are_found_by_their_ids(tmp_path: Path) -> None:
    """Start, list and stop by what they are called; the stop takes the id from its body; plans are no times."""
    job = proposed(tmp_path, named_calls("Imports"))
    calls = {deed: job.get(deed) for deed in ("start", "list", "stop")}
    assert calls == {"start": "StartImportJob", "list": "ListImportJobs", "stop": "CancelImportJob"}
    assert (job["times"], job.get("only")) == ({"started": "/start_time"}, None)
    with living(tmp_path, named_calls("Imports")) as mock:
        mock.job("imports", jobId="j1", life="hangs")
        requests.post(f"{mock.url}/halt", json={"jobId": "j1"}, timeout=5)
        assert get(mock, "/get-job/j1")["status"] == "FAILED"


def test_of_several_calls_that_lead_to_a_status_the_nearest_starts_it(tmp_path: Path) -> None:
    """Each answers 202 with Operation-Location; the one beside the results is meant."""
    document = one_job({"enum": ["notStarted", "running", "succeeded", "failed"]})
    document["paths"] = {"/layout/results/{id}": document["paths"].pop("/things/{id}")}
    accepted = {"202": {"description": "d", "headers": {"Operation-Location": {"schema": {"type": "string"}}}}}
    for path in ("/layout/results:make", "/layout/other", "/receipt/results"):
        document["paths"][path] = {"post": {"operationId": path.strip("/"), "responses": accepted}}
    assert proposed(tmp_path, document)["start"] == "layout/results:make"
