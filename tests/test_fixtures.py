"""Jobs from outside: fixture files, those that `mockserver generate` makes, and the control API."""

from __future__ import annotations

import json
import os
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
from observing import READERS
from sdk_clients import Server

from mockserver.app import create_app
from mockserver.cli import main
from mockserver.control import PREFIX, ROUTES
from mockserver.data import folder
from mockserver.definitions import load, read_control
from mockserver.errors import InputError
from mockserver.fixture_sets import fixture_set
from mockserver.fixtures import read_fixtures, schema
from mockserver.generate import LOCALES
from mockserver.jobs.clock import DAY, Clock, parse_time, utc
from mockserver.mock import Mock
from mockserver.model import Request
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
    "dataarts": {"task": "taskId", "job": "jobId", "owner": "owner", "workspace": "workspaceName", "log": "taskRunningLogId"},
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
    return {"cdm": ("submissions", 0), "enos": ("data",), "taurusdb": ("job",), "tics": ("lists", 0)} and {
        "cdm": lambda: body["submissions"][0],
        "enos": lambda: body["data"],
        "taurusdb": lambda: body["job"],
        "tics": lambda: body["lists"][0],
    }[service]()


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
    assert read_fixtures(file) == SAME["jobs"]
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
    assert [(job["number"], job["service"], job["count"]) for job in jobs] == [(1, "cdm", 1), (2, "taurusdb", 1), (3, "tics", 5)]


def job(**fields: Any) -> Job:
    """A fixture file with one sound job and one that has these fields."""
    return {"jobs": [{"service": "cdm"}, {"service": "cdm", **fields}]}


@pytest.mark.parametrize(
    ("content", "pointer", "detail"),
    [
        ({}, "#", 'found {}; allowed: required ["jobs"]'),
        ([], "#", 'found []; allowed: type "object"'),
        ({"jobs": [], "job": []}, "#", "allowed: additionalProperties false"),
        ({"jobs": {}}, "#/jobs", 'found {}; allowed: type "array"'),
        ({"jobs": [5]}, "#/jobs/0", 'found 5; allowed: type "object"'),
        ({"jobs": [{"job_name": "x"}]}, "#/jobs/0", 'allowed: required ["service"]'),
        (job(service="cdn"), "#/jobs/1/service", 'found "cdn"; allowed: enum ["dataarts", "enos", "cdm", "tics", "taurusdb"]'),
        (job(job_name=5), "#/jobs/1/job_name", 'found 5; allowed: type "string"'),
        (job(life=[]), "#/jobs/1/life", "found []; allowed: minItems 1"),
        (job(life=[["BOOTING", 1, 2]]), "#/jobs/1/life/0", 'found ["BOOTING", 1, 2]; allowed:'),
        (job(life=[["BOOTING", "soon"]]), "#/jobs/1/life/0/1", 'found "soon"; allowed:'),
        (job(age=-1), "#/jobs/1/age", "found -1; allowed: minimum 0"),
        (job(age="-1h"), "#/jobs/1/age", 'found "-1h"; allowed: pattern'),
        (job(progress="polls:0"), "#/jobs/1/progress", 'found "polls:0"; allowed: pattern'),
        (job(service="tics", count=0), "#/jobs/1/count", "found 0; allowed: minimum 1"),
        (job(facts=["red"]), "#/jobs/1/facts", 'found ["red"]; allowed: type "object"'),
        (job(jobname="x"), "#/jobs/1", "a cdm job has no 'jobname'; did you mean 'job_name'?; allowed: project_id,"),
        (job(life="suceeds"), "#/jobs/1", "'suceeds' is not a life; did you mean 'succeeds'?"),
        (job(life=["BOOTING", "SUCCEEDED"]), "#/jobs/1", "a life can't go from BOOTING to SUCCEEDED; allowed: "),
        (job(life=["BOTING"]), "#/jobs/1", "'BOTING' is not a status; did you mean 'BOOTING'?"),
        (job(created="noon"), "#/jobs/1", "'noon' is not a time; allowed: ISO 8601"),
        (job(created="2026-01-01", age=5), "#/jobs/1", "give one of them"),
        (job(count=2), "#/jobs/1", "count and every are for lists (dataarts, tics)"),
        (job(cluster_id="a b"), "#/jobs/1", "cluster_id is 'a b'; allowed: pattern"),
        (job(facts={"colour": "red"}), "#/jobs/1", "a cdm job has no fact 'colour'; allowed: user,"),
        (job(facts={"rows": "many"}), "#/jobs/1", "the fact rows is 'many'; allowed: of type int"),
        (job(service="tics", count=1_000_000), "#/jobs/1", "reach back to before 1970"),
        ('{"jobs": [', ":", "found a file that can't be read (Expecting value"),
        ("", ":", "found a file that can't be read (Expecting value"),
        ("[" * 200_000, ":", "found a file that can't be read (maximum recursion depth"),
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
        (b"jobs: [{service: cdm, job_name: 2026-01-01, age: yes}]", "jobs/0/age: found true; allowed:"),
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
        with pytest.raises(InputError, match="found a file that can't be read"):
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
    """Two processes, whatever seed their hashes have, make the same files for every service and locale, and so does this one."""
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
    identities = {json.dumps({name: part for name, part in one.items() if isinstance(part, str)}) for one in others}
    assert len(identities) == 30
    life = DEFINITIONS.operation_of(service).job
    assert life is not None
    assert {one["life"] for one in jobs(30, 1, "en_US")} == set(life.lives)


def test_generated_chinese_is_chinese() -> None:
    """Files for zh_CN stand in readable Chinese, not in escapes; those for en_US in ASCII."""
    assert any("一" <= letter <= "鿿" for letter in fixture_set(DEFINITIONS, "enos", 5, 1, "zh_CN"))
    assert fixture_set(DEFINITIONS, "enos", 5, 1, "en_US").isascii()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cdn"], "'cdn' is not a service with jobs; known: "),
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


@EACH_FILE
def test_generated_jobs_are_answered(file: Path) -> None:
    """Each generated job is the one job that is found by its identity, and its answers are valid from first to last."""
    jobs = read_fixtures(file)
    mock = new_mock(file)
    for seconds in MOMENTS:
        mock.clock.set(START + seconds * 1_000)
        for one in jobs:
            seen = READERS[one["service"]](ask(mock, one))
            definition = DEFINITIONS.operation_of(one["service"]).job
            assert definition is not None
            steps = [status for status, _ in definition.lives[one["life"]].steps]
            assert seen.status in steps
            assert (seconds, seen.status) != (0, steps[-1]) or len(steps) == 1
    for one in jobs:
        other = {**one, **{name: value[:-1] + "0" for name, value in one.items() if name in ("id", "cluster_id", "league_id")}}
        assert READERS[one["service"]](ask(mock, one)).status == end_of(one)
        assert other == one or mock.handle(request_for(other)).status in (400, 404)


def end_of(one: Job) -> str:
    """The last status of a job's life."""
    definition = DEFINITIONS.operation_of(one["service"]).job
    assert definition is not None
    return definition.lives[one["life"]].steps[-1][0]


@EACH_FILE
def test_generated_facts_are_shown(file: Path) -> None:
    """What a file says of a job stands in its answers, at any time, also after a rerun."""
    mock = new_mock(file)
    for number, one in enumerate(read_fixtures(file), 1):
        service, facts = one["service"], one["facts"]
        for _ in range(2):
            for seconds in (0, 3_600):
                mock.clock.advance(seconds)
                row = row_of(service, ask(mock, one))
                shown = {fact: row[member] for fact, member in SHOWN[service].items()}
                assert shown == {fact: facts[fact] for fact in shown}
            if service == "cdm" and row["status"] == "SUCCEEDED":
                assert row["counters"]["org.apache.sqoop.submission.counter.SqoopCounters"]["ROWS_READ"] == facts["rows"]
            if service == "taurusdb" and row["status"] == "Failed":
                assert row["fail_reason"] == facts["reason"]
            if service in ("cdm", "enos", "taurusdb"):
                DECLARED(mock, number).rerun()
        assert mock.world().declared.get(number).facts == facts
