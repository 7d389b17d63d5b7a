"""Jobs from outside: fixture files, those that `mockserver generate` makes, and the control API."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from read_job import READERS
from sdk_clients import Server

from mockserver.app import create_app
from mockserver.cli import main
from mockserver.control import PREFIX, ROUTES
from mockserver.declare_job import OPTIONS, handle
from mockserver.definitions import load, read_control
from mockserver.errors import InputError
from mockserver.fixture_sets import fixture_set
from mockserver.fixtures import read_fixtures, schema
from mockserver.generate import LOCALES
from mockserver.jobs.clock import DAY, Clock, parse_time, utc
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.package_data import folder
from mockserver.settings import Settings

DEFINITIONS = load()
CONTROL = read_control()
START = parse_time("2026-01-01T00:00:00Z")
SERVICES = ("dataarts", "enos", "cdm", "tics", "taurusdb")
GENERATED = sorted((folder("fixtures") / "generated").glob("*.json"), key=lambda path: path.name)
EACH_FILE = pytest.mark.parametrize("file", GENERATED, ids=lambda path: path.name)
MOMENTS = (0, 1, 4, 12, 45, 100, 400, 7_000, 86_400)
Job = dict[str, Any]

ANY = {
    "project_id": "p" * 32,
    "cluster_id": "c",
    "job_name": "n",
    "instance": "i" * 32,
    "task_id": "7",
    "start_time": "0",
    "end_time": str(START + 900 * DAY),
    "id": "x",
    "league_id": "l",
    "taskInstId": "manual",
    "action": "get",
    "userId": "u",
    "orgId": "o",
    "offset": "0",
    "limit": "10",
}
SHOWN: Mapping[str, Mapping[str, str]] = {
    "cdm": {"user": "creation-user"},
    "enos": {"task": "taskId", "name": "taskName", "type": "type", "sync": "syncType", "cmd": "cmd", "account": "doAs"},
    "taurusdb": {"name": "name", "instance": "instance", "entities": "entities"},
    "tics": {"id": "id", "name": "job_name", "type": "job_instance_type", "rounds": "round_id"},
    "dataarts": {
        "task": "taskId",
        "job": "jobId",
        "owner": "owner",
        "workspace": "workspaceName",
        "log": "taskRunningLogId",
    },
}


def new_mock(*files: Path, **options: Any) -> Mock:
    """A mock that knows the jobs of these files and no others, its clock standing still."""
    chosen = {"auth": "off", "unknown_ids": "reject", "fixtures": tuple(str(file) for file in files), **options}
    return Mock(Settings(**chosen), Clock(START, speed=0), DEFINITIONS)


def request_for(job: Job) -> Request:
    """A request for a job, by the parts of its identity; what it leaves open is anything."""
    operation = DEFINITIONS.operation_of(job["service"])
    values = {**ANY, **{name: value for name, value in job.items() if isinstance(value, str)}}
    names = {place: [p.name for p in operation.parameters if p.location == place] for place in ("query", "header")}
    query = {name: values[name] for name in names["query"] if name in values}
    headers = {name.lower(): values[name] for name in names["header"] if name in values}
    return Request("GET", operation.path.format(**values), urlencode(query), headers)


def ask(mock: Mock, job: Job) -> Any:
    """The body of the answer to a request for a job, which is valid against the service's definition."""
    answer = mock.handle(request_for(job))
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    assert list(DEFINITIONS.operation_of(job["service"]).responses[200](body)) == []
    return body


def row_of(service: str, body: Any) -> Any:
    """The part of a body that is about the job."""
    if service == "dataarts":
        return json.loads(body["body"])["rows"][0]
    for part in {"cdm": ("submissions", 0), "enos": ("data",), "taurusdb": ("job",), "tics": ("lists", 0)}[service]:
        body = body[part]
    return body


def write(path: Path, value: Any) -> Path:
    """Write a file, of JSON unless it is text already."""
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


YAML = """
# Comments are welcome.
description: Two jobs
jobs:
  - service: cdm
    job_name: nightly
    life: [[BOOTING, 30], [RUNNING, 1h30m], SUCCEEDED]
    created: 2025-12-31T23:00:00Z
  - {service: taurusdb, id: abc, progress: "polls:2", facts: {reason: Server failure.}}
"""
SAME: Job = {
    "$schema": "../schemas/mockserver/fixtures.schema.json",
    "description": "Two jobs",
    "jobs": [
        {
            "service": "cdm",
            "job_name": "nightly",
            "life": [["BOOTING", 30], ["RUNNING", "1h30m"], "SUCCEEDED"],
            "created": "2025-12-31T23:00:00Z",
        },
        {"service": "taurusdb", "id": "abc", "progress": "polls:2", "facts": {"reason": "Server failure."}},
    ],
}


@pytest.mark.parametrize(("name", "content"), [("jobs.json", SAME), ("jobs.yaml", YAML), ("jobs.yml", YAML), ("jobs", YAML)])
def test_fixtures_are_json_or_yaml(tmp_path: Path, name: str, content: Any) -> None:
    """Either form declares the same jobs; a time may stand in YAML without quotes."""
    file = write(tmp_path / name, content)
    assert read_fixtures(file).jobs == SAME["jobs"]
    mock = new_mock(file)
    run = ask(mock, {"service": "cdm", "job_name": "nightly"})["submissions"][0]
    assert (run["status"], utc(run["creation-date"]).hour) == ("RUNNING", 23)
    mock.clock.advance(1_830)
    assert ask(mock, {"service": "cdm", "job_name": "nightly"})["submissions"][0]["status"] == "SUCCEEDED"
    assert mock.handle(request_for({"service": "cdm", "job_name": "other"})).status == 400


def test_the_server_takes_fixtures(start: Callable[..., Server], tmp_path: Path) -> None:
    """`--fixtures`, given several times, declares the jobs of all files before the server is ready."""
    files = [write(tmp_path / "a.yaml", YAML), write(tmp_path / "b.json", {"jobs": [{"service": "tics", "count": 5}]})]
    server = start(*(word for file in files for word in ("--fixtures", str(file))))
    jobs = requests.get(f"{server.url}/_mock/jobs", timeout=10).json()["jobs"]
    assert [(job["number"], job["service"], job["count"]) for job in jobs] == [
        (1, "cdm", 1),
        (2, "taurusdb", 1),
        (3, "tics", 5),
    ]


def job(**fields: Any) -> Job:
    """A fixture file with one sound job and one that has these fields."""
    return {"jobs": [{"service": "cdm"}, {"service": "cdm", **fields}]}


@pytest.mark.parametrize(
    ("content", "pointer", "detail"),
    [
        ({}, "#", "found {}; allowed: an object with 'jobs'"),
        ([], "#", 'found []; allowed: type "object"'),
        ({"jobs": [], "job": []}, "#", "allowed: additionalProperties false"),
        ({"jobs": {}}, "#/jobs", 'found {}; allowed: type "array"'),
        ({"jobs": [5]}, "#/jobs/0", 'found 5; allowed: type "object"'),
        ({"jobs": [{"job_name": "x"}]}, "#/jobs/0", "allowed: an object with 'service'"),
        (
            job(service="cdn"),
            "#/jobs/1",
            "'cdn' is not a service with jobs; did you mean 'cdm'? Known: ",
        ),
        (job(job_name=5), "#/jobs/1/job_name", 'found 5; allowed: type "string"'),
        (job(life=[]), "#/jobs/1/life", "found []; allowed: minItems 1"),
        (job(life=[["BOOTING", 1, 2]]), "#/jobs/1/life/0", 'found ["BOOTING", 1, 2]; allowed:'),
        (job(life=[["BOOTING", "soon"]]), "#/jobs/1/life/0/1", 'found "soon"; allowed:'),
        (job(age=-1), "#/jobs/1/age", "found -1; allowed: minimum 0"),
        (job(age="-1h"), "#/jobs/1/age", 'found "-1h"; allowed: Seconds, or text such as'),
        (job(progress="polls:0"), "#/jobs/1/progress", 'found "polls:0"; allowed: What moves it on'),
        (job(service="tics", count=0), "#/jobs/1/count", "found 0; allowed: minimum 1"),
        (job(facts=["red"]), "#/jobs/1/facts", 'found ["red"]; allowed: type "object"'),
        (job(jobname="x"), "#/jobs/1", "a cdm job has no 'jobname'; did you mean 'job_name'?; allowed: project_id,"),
        (job(life="suceeds"), "#/jobs/1", "'suceeds' is not a life; did you mean 'succeeds'?"),
        (job(life=["BOOTING", "SUCCEEDED"]), "#/jobs/1", "a life can't go from BOOTING to SUCCEEDED; allowed: "),
        (job(life=["BOTING"]), "#/jobs/1", "'BOTING' is not a status; did you mean 'BOOTING'?"),
        (job(created="noon"), "#/jobs/1", "'noon' is not a time; allowed: ISO 8601"),
        (job(created="2026-01-01", age=5), "#/jobs/1", "give one of them"),
        (job(count=2), "#/jobs/1", "count and every are for services that list"),
        (job(cluster_id="a b"), "#/jobs/1", "cluster_id is 'a b'; allowed: pattern"),
        (job(facts={"colour": "red"}), "#/jobs/1", "a cdm job has no fact 'colour'; allowed: user,"),
        (job(facts={"rows": "many"}), "#/jobs/1", "the fact rows is 'many'; allowed: of type int"),
        (job(service="tics", count=1_000_000), "#/jobs/1", "reach back to before 1970"),
        ('{"jobs": [', ":", "found a file that can't be read (Expecting value"),
        ("", ":", "found a file that can't be read (Expecting value"),
        ("[" * 200_000, ":", "found values nested too deeply"),
    ],
)
def test_mistakes_are_named_by_file_and_pointer(tmp_path: Path, content: Any, pointer: str, detail: str) -> None:
    """A wrong fixture file is refused: which file, where in it, what was found, what is allowed."""
    file = write(tmp_path / "jobs.json", content)
    with pytest.raises(InputError) as caught:
        new_mock(file)
    where, _, said = str(caught.value).partition(": ")
    assert where == (str(file) if pointer == ":" else f"{file}{pointer}")
    assert detail in said


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"jobs: [", "(while parsing a flow node"),
        (b"jobs: \xff", "'utf-8' codec can't decode"),
        (b"jobs: !!python/object:os.system {}", "could not determine a constructor"),
        (b"", 'found null; allowed: type "object"'),
        (b"jobs: [{service: cdm, job_name: 2026-01-01, age: true}]", "jobs/0/age: found true; allowed:"),
        (b"jobs: [{service: cdm, job_name: 2026-01-01, age: yes}]", 'jobs/0/age: found "yes"; allowed:'),
    ],
)
def test_mistakes_in_yaml_are_named(tmp_path: Path, content: bytes, detail: str) -> None:
    """YAML that is none, or says something else than was meant, is refused in the same words."""
    file = tmp_path / "jobs.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        new_mock(file)
    assert str(caught.value).startswith(str(file))
    assert detail in str(caught.value)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """A fixture file that isn't there, or is a folder, is named."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match=r"can't read .*(No such file|Is a directory)"):
            new_mock(path)


def test_the_server_refuses_a_wrong_fixture_file(tmp_path: Path) -> None:
    """`mockserver serve` does not start with a mistake in a fixture file: it names it on stderr and exits with 2."""
    file = write(tmp_path / "jobs.json", job(life="suceeds"))
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--fixtures", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"mockserver: {file}#/jobs/1: 'suceeds' is not a life; did you mean 'succeeds'?\n"


GENERATE = """
import sys
from mockserver.cli import main
for service in sys.argv[2:]:
    for locale in sys.argv[1].split(","):
        assert main(["generate", service, "--count", "12", "--seed", "42", "--locale", locale]) == 0
"""


def generated_by_a_process(hash_seed: str) -> str:
    """What a process with this seed of hashes generates, for each service and locale."""
    command = [sys.executable, "-c", GENERATE, ",".join(LOCALES), *SERVICES]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment)
    return ran.stdout.decode()


def test_generate_is_deterministic() -> None:
    """Whatever seed a process has for its hashes, it makes the same files for every service and locale."""
    here = "".join(fixture_set(DEFINITIONS, service, 12, 42, locale) for service in SERVICES for locale in LOCALES)
    assert generated_by_a_process("0") == here
    assert generated_by_a_process("4711") == here


@pytest.mark.parametrize("service", SERVICES)
def test_generated_files_differ_by_seed_locale_and_place(service: str) -> None:
    """Another seed or locale makes other jobs, a larger count more of the same ones, and no two jobs are alike."""

    def jobs(count: int, seed: int, locale: str) -> list[Job]:
        made: list[Job] = json.loads(fixture_set(DEFINITIONS, service, count, seed, locale))["jobs"]
        return made

    ten = jobs(10, 1, "en_US")
    assert jobs(30, 1, "en_US")[:10] == ten
    others = [*ten, *jobs(10, 2, "en_US"), *jobs(10, 1, "zh_CN")]
    identities = {json.dumps({name: part for name, part in other.items() if isinstance(part, str)}) for other in others}
    assert len(identities) == 30
    life = DEFINITIONS.operation_of(service).job
    assert life is not None
    assert {item["life"] for item in jobs(30, 1, "en_US")} == set(life.lives)


def test_generated_chinese_is_chinese() -> None:
    """Files for zh_CN stand in readable Chinese, not in escapes; those for en_US in ASCII."""
    assert any("一" <= letter <= "鿿" for letter in fixture_set(DEFINITIONS, "enos", 5, 1, "zh_CN"))
    assert fixture_set(DEFINITIONS, "enos", 5, 1, "en_US").isascii()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cdn"], "'cdn' is not a service with jobs; did you mean 'cdm'? Known: "),
        (["cdm", "--locale", "de_DE"], "locale is 'de_DE'; allowed: en_US, zh_CN"),
        (["cdm", "--count", "0"], "count is 0; allowed: 1 to 100000"),
        (["cdm", "--seed", "x"], "--seed is 'x'; allowed: a whole number"),
        (["cdm", "--out", "no/such/folder/jobs.json"], "can't write no/such/folder/jobs.json: "),
    ],
)
def test_generate_names_mistakes(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    """A wrong argument of `mockserver generate` is named, and nothing is written."""
    assert main(["generate", *words]) == 2
    said = capsys.readouterr()
    assert (message in said.err, said.out) == (True, "")


def test_there_is_a_file_for_each_service_and_locale() -> None:
    """fixtures/generated has a set of every service, in English and in Chinese."""
    wanted = {f"{service}{suffix}.json" for service in SERVICES for suffix in ("", ".zh_CN")}
    assert {file.name for file in GENERATED} == wanted


@EACH_FILE
def test_generated_files_are_what_their_command_makes(file: Path, tmp_path: Path) -> None:
    """The command in a file's description makes the file, byte for byte, on stdout and with --out."""
    text = file.read_text(encoding="utf-8")
    program, *words = shlex.split(json.loads(text)["description"].removeprefix("Made by: "))
    assert (program, words[0]) == ("mockserver", "generate")
    assert f"{words[1]}{'' if words[-1] == 'en_US' else '.' + words[-1]}.json" == file.name
    out = tmp_path / "made.json"
    assert main([*words, "--out", str(out)]) == 0
    assert out.read_bytes() == file.read_bytes()


def life_of(one: Job) -> list[str]:
    """The statuses that a job goes through."""
    definition = DEFINITIONS.operation_of(one["service"]).job
    assert definition is not None
    return [status for status, _ in definition.lives[one["life"]].steps]


@EACH_FILE
def test_generated_jobs_are_answered(file: Path) -> None:
    """Each generated job is known, and its answers are valid and along its life from the first instant to the last."""
    jobs, mock = read_fixtures(file).jobs, new_mock(file)
    seen: list[list[str]] = [[] for _ in jobs]
    for seconds in MOMENTS:
        mock.clock.set(START + seconds * 1_000)
        for statuses, one in zip(seen, jobs, strict=True):
            statuses.append(READERS[one["service"]](ask(mock, one)).status)
    for statuses, one in zip(seen, jobs, strict=True):
        life = life_of(one)
        assert (statuses[0], statuses[-1]) == (life[0], life[-1])
        assert set(statuses) <= set(life)


@EACH_FILE
def test_generated_jobs_are_known_by_their_whole_identity(file: Path) -> None:
    """Any part of its identity changed, nobody knows the job: the answer is the documented not-found error."""
    mock = new_mock(file)
    for item in read_fixtures(file).jobs:
        definition = DEFINITIONS.operation_of(item["service"]).job
        assert definition is not None
        for name in (*definition.identity, *(["orgId"] if item["service"] == "enos" else [])):
            other = {**item, name: ("1" if item[name][0] == "0" else "0") + item[name][1:]}
            answer = mock.handle(request_for(other))
            assert answer.status in (400, 404) or json.loads(answer.body)["code"] == 62102
            assert "no job has" in str(answer.problem) or "was declared for" in str(answer.problem)


@EACH_FILE
def test_generated_facts_are_shown(file: Path) -> None:
    """What a file says of a job stands in its answers, early and late, also after a rerun."""
    mock = new_mock(file)
    for number, one in enumerate(read_fixtures(file).jobs, 1):
        service, facts = one["service"], one["facts"]
        for _ in range(1 if service in ("tics", "dataarts") else 2):
            for seconds in (0, 3_600):
                mock.clock.advance(seconds)
                row = row_of(service, ask(mock, one))
                assert {fact: row[member] for fact, member in SHOWN[service].items()} == {
                    fact: facts[fact] for fact in SHOWN[service]
                }
            if row["status"] == "SUCCEEDED" and service == "cdm":
                assert row["counters"]["org.apache.sqoop.submission.counter.SqoopCounters"]["ROWS_READ"] == facts["rows"]
            if row["status"] == "Failed":
                assert row["fail_reason"] == facts["reason"]
            if service not in ("tics", "dataarts"):
                handle(DEFINITIONS, mock.namespace(), number).rerun()
        assert mock.namespace().declared.get(number).facts == facts


@EACH_FILE
def test_the_schema_and_the_control_api_accept_generated_jobs(file: Path) -> None:
    """A generated file is valid against the fixtures' schema; its jobs can be declared by POST, too, facts and all."""
    assert list(Draft202012Validator(schema()).iter_errors(json.loads(file.read_text(encoding="utf-8")))) == []
    mock = new_mock()
    client = create_app(mock=mock).test_client()
    for number, one in enumerate(read_fixtures(file).jobs, 1):
        made = client.post("/_mock/jobs", json=one)
        assert made.status_code == 201, made.text
        shown = made.get_json()
        parts = {name: value for name, value in one.items() if name not in ("service", "life", "facts", "orgId")}
        assert {name: shown["match"][name] for name in parts} == parts
        assert shown["match"].get("owner") == one.get("orgId")
        assert (shown["number"], shown["service"], shown["run"]) == (number, one["service"], 0)
        assert [status for status, _ in shown["life"]] == life_of(one)
        assert mock.namespace().declared.get(number).facts == one["facts"]


def test_the_schema_knows_what_can_be_declared() -> None:
    """The fixtures' schema names all that can be said of a job beside who it is."""
    shape = schema()
    Draft202012Validator.check_schema(shape)
    members = shape["$defs"]["job"]["properties"]
    assert set(members) == {"service", *OPTIONS}


@pytest.fixture
def client() -> FlaskClient:
    """A client of a mock that knows no job."""
    return create_app(mock=new_mock()).test_client()


def declare(client: FlaskClient, **fields: Any) -> Any:
    """Declare a job; how the control API shows it."""
    answer = client.post("/_mock/jobs", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def act(client: FlaskClient, number: int, action: str) -> Any:
    """Do something to a declared job; how the control API shows it then."""
    answer = client.post(f"/_mock/jobs/{number}", json={"action": action})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def status_at(client: FlaskClient, target: str) -> str:
    """The status of a CDM job, or the error's code."""
    body = client.get(target).get_json()
    return str(body["submissions"][0]["status"] if "submissions" in body else body["errCode"])


CDM_PATH = "/v1.1/p/clusters/c/cdm/job/x/status"


def test_the_control_api_declares_shows_and_deletes(client: FlaskClient) -> None:
    """POST, GET and DELETE of /_mock/jobs: a job is there from its declaration to its deletion; looking is no poll."""
    steps = [["BOOTING", 30], ["RUNNING", "2h"], ["SUCCEEDED", None]]
    made = declare(client, service="cdm", job_name="x", life=steps, progress="polls:2", age="1m")
    assert made == {
        "number": 1,
        "service": "cdm",
        "match": {"job_name": "x"},
        "life": [["BOOTING", 30], ["RUNNING", 7_200], ["SUCCEEDED", None]],
        "progress": "polls:2",
        "created": "2025-12-31T23:59:00.000+00:00",
        "status": "BOOTING",
        "terminal": False,
        "count": 1,
        "run": 0,
        "waiting": False,
        "made_by": None,
    }
    declare(client, service="tics", league_id="l", count=3)
    for _ in range(5):
        assert client.get("/_mock/jobs/1").get_json() == made
    assert [item["number"] for item in client.get("/_mock/jobs").get_json()["jobs"]] == [1, 2]
    assert [status_at(client, CDM_PATH) for _ in range(5)] == ["BOOTING"] * 2 + ["RUNNING"] * 2 + ["SUCCEEDED"]
    shown = client.get("/_mock/jobs/1").get_json()
    assert (shown["status"], shown["terminal"]) == ("SUCCEEDED", True)
    assert client.delete("/_mock/jobs/1").status_code == 204
    assert status_at(client, CDM_PATH) == "Cdm.0100"
    assert [item["number"] for item in client.get("/_mock/jobs").get_json()["jobs"]] == [2]


def test_the_control_api_reruns_and_fails(client: FlaskClient) -> None:
    """The actions rerun and fail do what they do from Python, and answer with the job as it is then."""
    declare(client, service="cdm", progress="immediate")
    assert status_at(client, CDM_PATH) == "SUCCEEDED"
    assert act(client, 1, "rerun")["run"] == 1
    declare(client, service="cdm", life="hangs-on-boot")
    failed = act(client, 2, "fail")
    assert (failed["status"], failed["terminal"], failed["life"][-1]) == ("FAILED", True, ["FAILED", None])
    assert status_at(client, CDM_PATH) == "FAILED"
    again = act(client, 2, "rerun")
    assert (again["status"], again["run"], again["number"]) == ("BOOTING", 1, 2)


def test_a_rerun_of_a_stopped_job_goes_as_declared(client: FlaskClient) -> None:
    """However often it was stopped, a job that is rerun goes through the life that was declared, moved as declared."""
    declare(client, service="cdm", life="succeeds", progress="polls:1")
    for _ in range(3):
        assert [status_at(client, CDM_PATH) for _ in range(2)] == ["BOOTING", "RUNNING"]
        act(client, 1, "fail")
        assert status_at(client, CDM_PATH) == "FAILED"
        act(client, 1, "rerun")
    assert [status_at(client, CDM_PATH) for _ in range(3)] == ["BOOTING", "RUNNING", "SUCCEEDED"]
    declare(client, service="tics", life="hangs", progress="polls:9")
    act(client, 2, "fail")
    assert act(client, 2, "rerun")["progress"] == "polls:9"
    runs = client.get("/v1/p/leagues/l/job-instances?limit=9&offset=0").get_json()["lists"]
    assert [run["status"] for run in runs] == ["NEW", "FAILED"]


@pytest.mark.parametrize(("service", "end"), [("enos", "CANCEL"), ("tics", "TERMINATED"), ("taurusdb", "Canceled")])
def test_the_control_api_cancels(client: FlaskClient, service: str, end: str) -> None:
    """The action cancel leads to the service's own state for that."""
    declare(client, service=service, life="hangs")
    assert act(client, 1, "cancel")["status"] == end


def test_the_control_api_reruns_a_list(client: FlaskClient) -> None:
    """Of a list, rerun answers with the new run; the old one stays."""
    declare(client, service="tics", count=3, life="succeeds")
    again = act(client, 1, "rerun")
    assert (again["number"], again["count"]) == (2, 1)
    assert [item["count"] for item in client.get("/_mock/jobs").get_json()["jobs"]] == [3, 1]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("POST", "/jobs", b"", 400, "the body is empty; allowed: a JSON object"),
        ("POST", "/jobs", b"{", 400, "the body is not JSON"),
        ("POST", "/jobs", b"\xff", 400, "the body is not JSON"),
        ("POST", "/jobs", b"[" * 100_000, 400, "the body is not JSON"),
        ("POST", "/jobs", [], 400, "the body is not an object; allowed: a JSON object"),
        ("POST", "/jobs", {}, 400, "body#: found {}; allowed: an object with 'service'"),
        ("POST", "/jobs", {"service": "cdn"}, 400, "'cdn' is not a service with jobs; did you mean 'cdm'?"),
        ("POST", "/jobs", {"service": "cdm", "life": [["BOOTING", -1]]}, 400, "body#/life/0/1: found -1; allowed:"),
        ("POST", "/jobs", {"service": "cdm", "jobname": "x"}, 400, "did you mean 'job_name'"),
        ("POST", "/jobs", {"service": "cdm", "life": "suceeds"}, 400, "did you mean 'succeeds'"),
        ("POST", "/jobs", {"service": "cdm", "created": "noon"}, 400, "'noon' is not a time"),
        ("POST", "/jobs", {"service": "tics", "every": 1e308, "count": 2}, 400, "is not a length of time; allowed: seconds"),
        ("POST", "/jobs", {"service": "cdm", "age": 1e11}, 400, "is not a length of time"),
        ("POST", "/jobs", {"service": "cdm", "age": "60y"}, 400, "body#/age: found"),
        ("GET", "/jobs/9", b"", 404, "there is no declared job 9; declared: 1"),
        ("DELETE", "/jobs/9", b"", 404, "there is no declared job 9"),
        ("POST", "/jobs/9", {"action": "rerun"}, 404, "there is no declared job 9"),
        ("POST", "/jobs/1", {"action": "stop"}, 400, "action is 'stop'; allowed: rerun, cancel, fail"),
        ("POST", "/jobs/1", {"action": ["fail"]}, 400, "action is ['fail']; allowed: rerun, cancel, fail"),
        ("POST", "/jobs/1", {}, 400, "action is None; allowed: rerun, cancel, fail"),
        ("POST", "/jobs/1", {"acton": "fail"}, 400, "member 'acton'; did you mean 'action'?"),
        ("POST", "/jobs/1", {"action": "cancel"}, 409, "the service documents no state for 'cancel'; it has: fail"),
        ("POST", "/jobs/1", {"action": "fail"}, 409, "the job has ended (SUCCEEDED); rerun it first"),
        ("GET", "/jobs/one", b"", 404, "/_mock/jobs/one is not part of the control API; known: "),
        ("GET", "/nothing", b"", 404, "/_mock/nothing is not part of the control API; known: "),
        ("PUT", "/jobs", {}, 405, "PUT /_mock/jobs; allowed: "),
        ("GET", "/journal?limit=x", b"", 400, "limit is 'x'; allowed: 0 to 10000"),
        ("GET", "/journal?limits=1", b"", 400, "query parameter 'limits'; did you mean 'limit'?"),
        ("PATCH", "/clock", {"set": 5}, 400, "5 is not a time; allowed: ISO 8601"),
        ("PATCH", "/clock", {"set": "1960-01-01"}, 400, "allowed: the years 1970 to 2999"),
        ("PATCH", "/clock", {"advance": "365000d", "set": "2999-01-01"}, 409, "allowed: the years 1970 to 2999"),
    ],
)
def test_the_control_api_names_mistakes(
    client: FlaskClient, method: str, path: str, body: Any, status: int, detail: str
) -> None:
    """A call that makes no sense is answered by RFC 9457 with what was sent and what is allowed; nothing is declared."""
    declare(client, service="cdm", progress="immediate")
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.open(PREFIX + path, method=method, data=sent, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.get_json()
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert detail in problem["detail"]
    assert len(client.get("/_mock/jobs").get_json()["jobs"]) == 1


Operations = dict[tuple[str, str], Any]


def documented() -> Operations:
    """The operations of control.json, by method and path."""
    methods = ("get", "post", "patch", "put", "delete")
    return {
        (method.upper(), path): operation
        for path, item in CONTROL["paths"].items()
        for method, operation in item.items()
        if method in methods
    }


def test_control_json_has_every_route_and_no_other() -> None:
    """The control API's document and its routes name the same calls."""
    routes = {(method, PREFIX + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)) for method, path in ROUTES}
    assert routes == set(documented())


CALLS: list[tuple[str, str, dict[str, int | str], Any, int]] = [
    ("GET", "/health", {}, None, 200),
    ("GET", "/openapi.json", {}, None, 200),
    ("GET", "/control.json", {}, None, 200),
    (
        "POST",
        "/namespaces",
        {},
        {"name": "a", "seed": 1, "time": "2026-01-01", "speed": 0, "credentials": {"AK": "SK"}},
        201,
    ),
    ("POST", "/namespaces", {}, {"name": "a b"}, 400),
    ("GET", "/namespaces", {}, None, 200),
    ("POST", "/namespaces", {}, {"name": "b"}, 429),
    ("DELETE", "/namespaces/{name}", {"name": "b"}, None, 404),
    ("DELETE", "/namespaces/{name}", {"name": "a"}, None, 204),
    ("POST", "/jobs", {}, {"service": "cdm", "life": [["BOOTING", 1.5], "RUNNING"], "facts": {"user": "ana"}}, 201),
    ("POST", "/jobs", {}, {"service": "tics", "league_id": "l", "job_id": "j", "count": 5, "every": "1h"}, 201),
    ("POST", "/jobs", {}, {"service": "enos", "orgId": "o", "progress": "polls:3"}, 201),
    ("POST", "/jobs", {}, {"service": "cdm", "age": -1}, 400),
    ("GET", "/jobs", {}, None, 200),
    ("GET", "/jobs/{number}", {"number": 1}, None, 200),
    ("GET", "/jobs/{number}", {"number": 7}, None, 404),
    ("POST", "/jobs/{number}", {"number": 2}, {"action": "rerun"}, 200),
    ("POST", "/jobs/{number}", {"number": 1}, {"action": "fail"}, 200),
    ("POST", "/jobs/{number}", {"number": 3}, {"action": "cancel"}, 200),
    ("POST", "/jobs/{number}", {"number": 1}, {"action": "cancel"}, 409),
    ("POST", "/jobs/{number}", {"number": 7}, {"action": "fail"}, 404),
    ("POST", "/faults", {}, {"target": "cdm", "status": 502, "times": 2}, 201),
    ("POST", "/faults", {}, {"target": "cdm", "status": "bad"}, 400),
    ("GET", "/faults", {}, None, 200),
    ("GET", "/faults/{number}", {"number": 1}, None, 200),
    ("GET", "/faults/{number}", {"number": 7}, None, 404),
    ("DELETE", "/faults/{number}", {"number": 1}, None, 204),
    ("DELETE", "/faults/{number}", {"number": 1}, None, 404),
    ("DELETE", "/faults", {}, None, 204),
    ("GET", "/clock", {}, None, 200),
    ("PATCH", "/clock", {}, {"set": "2026-02-01T00:00:00Z", "freeze": True, "tick": "30s", "advance": 5}, 200),
    ("PATCH", "/clock", {}, {"speed": 2.5}, 200),
    ("PATCH", "/clock", {}, {"advance": "later"}, 400),
    ("PATCH", "/clock", {}, {"advance": "365000d"}, 409),
    ("GET", "/journal", {}, None, 200),
    ("GET", "/journal", {}, "limit=-1", 400),
    ("DELETE", "/jobs/{number}", {"number": 1}, None, 204),
    ("DELETE", "/jobs/{number}", {"number": 1}, None, 404),
    ("POST", "/reset", {}, None, 204),
]


def check_body(place: Any, content_type: str, body: Any) -> None:
    """A body is valid against what the document says of it in this place, a request's or an answer's."""
    shape = {**place["content"][content_type]["schema"], "components": CONTROL["components"]}
    assert list(Draft202012Validator(shape).iter_errors(body)) == []


def test_control_calls_are_as_documented(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call of the control API answers with a documented status and a body that fits it, and every status is seen."""
    monkeypatch.setattr("mockserver.mock._MOST_NAMESPACES", 2)
    client.get(CDM_PATH)
    client.get("/nowhere")
    seen = set()
    for method, path, parts, body, status in CALLS:
        operation = documented()[method, PREFIX + path]
        target = PREFIX + path.format(**parts) + (f"?{body}" if isinstance(body, str) else "")
        sent = body if isinstance(body, dict) else None
        answer = client.open(target, method=method, json=sent)
        assert answer.status_code == status, answer.text
        place = operation["responses"][str(status)]
        if "content" in place:
            check_body(place, answer.content_type, answer.get_json())
        else:
            assert answer.data == b""
        if sent is not None and status < 300:
            check_body(operation["requestBody"], "application/json", sent)
        seen.add((method, PREFIX + path, str(status)))
    for (method, path), operation in documented().items():
        if "400" in operation["responses"] and not path.startswith(PREFIX + "/namespaces"):
            target = path.format(number=1)
            answer = client.open(target, method=method, json={}, headers={"X-Mock-Namespace": "a b"})
            assert answer.status_code == 400
            check_body(operation["responses"]["400"], answer.content_type, answer.get_json())
            seen.add((method, path, "400"))
    assert seen == {(*call, status) for call, operation in documented().items() for status in operation["responses"]}
