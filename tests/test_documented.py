"""The vendors' documented answers, through every door, checked against the fixtures' own copy of the vendors' pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
import requests

from mockserver.app import create_app
from mockserver.definitions import Definitions, load
from mockserver.jobs.clock import Clock
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.package_data import folder
from mockserver.settings import Settings

Json = dict[str, Any]
Ask = Callable[[str, Mapping[str, str]], tuple[int, str]]
"""Sends a service's request with these headers on top; the status and the text of the answer."""

FIXTURES: Mapping[str, Json] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((folder("fixtures") / "documented").glob("*.json"))
}
BY_IDS = ("cdm", "enos", "taurusdb")
DOORS = ("mock", "flask", "socket")
SAMPLE_REQUEST_ID = "4d4bfd4d-b5c5-4b9c-b452-833516153b49"

each_door = pytest.mark.parametrize("door", DOORS)


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of its own, started as a user would, in a folder and an environment that say nothing of it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--no-access-log"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environ, cwd=tmp_path_factory.mktemp("documented")
    )
    alarm = threading.Timer(60, server.kill)
    alarm.start()
    with server:
        assert server.stdout is not None
        line = server.stdout.readline()
        try:
            assert line.startswith("mockserver ready on http://127.0.0.1:"), f"the server said {line!r}"
            yield line.removeprefix("mockserver ready on ").strip()
        finally:
            alarm.cancel()
            server.terminate()


@pytest.fixture
def ask(door: str, definitions: Definitions, request: pytest.FixtureRequest) -> Ask:
    """How to ask through the door."""
    if door == "socket":
        return by_socket(request.getfixturevalue("live"))
    mock = Mock(definitions=definitions)
    return by_flask(mock) if door == "flask" else by_mock(mock)


def by_mock(mock: Mock) -> Ask:
    def ask(service: str, headers: Mapping[str, str]) -> tuple[int, str]:
        response = mock.handle(request_of(service, headers))
        return response.status, response.body.decode()

    return ask


def by_flask(mock: Mock) -> Ask:
    client = create_app(mock=mock).test_client()

    def ask(service: str, headers: Mapping[str, str]) -> tuple[int, str]:
        sent = FIXTURES[service]["request"]
        response = client.open(
            sent["path"], method=sent["method"], query_string=sent["query"], headers={**sent["headers"], **headers}
        )
        return response.status_code, response.get_data(as_text=True)

    return ask


def by_socket(url: str) -> Ask:
    def ask(service: str, headers: Mapping[str, str]) -> tuple[int, str]:
        sent = FIXTURES[service]["request"]
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                sent["method"], url + sent["path"], params=sent["query"], headers={**sent["headers"], **headers}, timeout=10
            )
            return response.status_code, response.content.decode()

    return ask


def request_of(service: str, headers: Mapping[str, str], **query: str) -> Request:
    sent = FIXTURES[service]["request"]
    names = {name.lower(): value for name, value in {**sent["headers"], **headers}.items()}
    return Request(sent["method"], unquote(sent["path"]), urlencode({**sent["query"], **query}), names)


def documented(service: str) -> Json:
    body: Json = FIXTURES[service]["response"]["body"]
    return body


def text(value: Any) -> str:
    """JSON whose keys stand where they stood: equal texts are equal answers, order of keys included."""
    return json.dumps(value, ensure_ascii=False)


def under(definitions: Definitions, service: str, headers: Mapping[str, str], **settings: Any) -> Json:
    """The answer of a mock with these settings."""
    response = Mock(Settings(**settings), definitions=definitions).handle(request_of(service, headers))
    assert response.status == 200
    body: Json = json.loads(response.body)
    return body


def test_there_is_a_fixture_for_each_job_call(definitions: Definitions) -> None:
    """Five services with jobs, a fixture for each, each for the service's own call."""
    assert {name: fixture["operation"] for name, fixture in FIXTURES.items()} == {
        operation.service: operation.id for operation in definitions.operations if operation.job
    }
    assert all(name == fixture["service"] for name, fixture in FIXTURES.items())


@each_door
@pytest.mark.parametrize("service", BY_IDS)
def test_documented_ids_get_the_documented_answer(service: str, ask: Ask) -> None:
    """The vendor's own example request is answered with the vendor's own example answer, key by key."""
    status, body = ask(service, {})
    assert status == FIXTURES[service]["response"]["status"]
    assert text(json.loads(body)) == text(documented(service))


@each_door
@pytest.mark.parametrize("service", FIXTURES)
def test_prefer_gets_the_documented_answer(service: str, ask: Ask) -> None:
    """`Prefer: example=documented` gets the example of every job call, key by key."""
    status, body = ask(service, {"Prefer": "example=documented"})
    assert status == FIXTURES[service]["response"]["status"]
    assert text(json.loads(body)) == text(documented(service))


@each_door
@pytest.mark.parametrize("service", FIXTURES)
def test_prefer_dynamic_gets_a_made_up_job(service: str, ask: Ask, definitions: Definitions) -> None:
    """`Prefer: dynamic=true` gets a job of the mock's own, even for documented ids: valid, and not the example."""
    status, body = ask(service, {"Prefer": "dynamic=true"})
    assert status == 200
    assert json.loads(body) != documented(service)
    assert list(definitions.operation_of(service).responses[200](json.loads(body))) == []


@pytest.mark.parametrize("service", ["dataarts", "tics"])
def test_without_prefer_lists_are_made_up(service: str, definitions: Definitions) -> None:
    """Where no documented request exists, a request without `Prefer` gets the mock's own runs."""
    assert under(definitions, service, {"Prefer": ""}) != documented(service)


@pytest.mark.parametrize("service", BY_IDS)
def test_documented_answers_do_not_depend_on_seed_time_or_unknown_ids(service: str, definitions: Definitions) -> None:
    """Whatever the seed, the clock and the setting for unknown ids, the example stays the example."""
    for seed, time, unknown in ((0, 0, "create"), (7, 1_900_000_000_000, "reject")):
        mock = Mock(Settings(seed=seed, unknown_ids=unknown), Clock(time, 0.0), definitions)
        body = json.loads(mock.handle(request_of(service, {})).body)
        assert text(body) == text(documented(service))


@pytest.mark.parametrize(
    ("service", "other"),
    [
        ("cdm", {"path": "/v1.1/1551c7f6c808414d8e9f3c514a170f2e/clusters/another/cdm/job/jdbc2hive/status"}),
        ("enos", {"query": "action=get&taskInstId=118979-2021020212&userId=u&orgId=o"}),
        ("taurusdb", {"query": "id=f9959f52-aa4d-43f7-be74-44b6fc20b23a"}),
    ],
)
def test_other_ids_get_jobs_of_their_own(service: str, other: Json, definitions: Definitions) -> None:
    """One id that isn't the documented one is enough for a made-up job."""
    usual = request_of(service, {})
    changed = Request(usual.method, other.get("path", usual.path), other.get("query", usual.query), usual.headers)
    response = Mock(definitions=definitions).handle(changed)
    assert response.status == 200
    assert json.loads(response.body) != documented(service)


def test_enos_documented_answer_is_for_every_user(definitions: Definitions) -> None:
    """The page leaves userId and orgId blank: any of them get the example."""
    mock = Mock(definitions=definitions)
    for user, organisation in (("u1", "o1"), ("u2", "o2")):
        body = json.loads(mock.handle(request_of("enos", {}, userId=user, orgId=organisation)).body)
        assert text(body) == text(documented("enos"))


def _creation_date(kind: type) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        body["submissions"][0]["creation-date"] = kind(1536905778725)

    return change


def _in_a_list(body: Json) -> None:
    body["data"] = [body["data"]]


def _with_request_id(body: Json) -> None:
    data = body.pop("data")
    body |= {"requestId": SAMPLE_REQUEST_ID, "data": data}


def _ended_as_created(body: Json) -> None:
    body["job"]["ended"] = "2018-08-07T00:41:14+0800"


def _unchanged(_body: Json) -> None:
    pass


@pytest.mark.parametrize(
    ("service", "switch", "value", "change"),
    [
        ("cdm", "cdm-creation-date", "number", _creation_date(int)),
        ("cdm", "cdm-creation-date", "string", _creation_date(str)),
        ("cdm", "cdm-last-update-user", "correct", _unchanged),
        ("enos", "enos-data", "list", _in_a_list),
        ("enos", "enos-data", "object", _unchanged),
        ("enos", "enos-request-id", "present", _with_request_id),
        ("enos", "enos-request-id", "absent", _unchanged),
        ("taurusdb", "taurusdb-time-zone", "as-created", _ended_as_created),
        ("taurusdb", "taurusdb-time-zone", "documented", _unchanged),
        ("taurusdb", "taurusdb-ended", "absent", _unchanged),
        ("dataarts", "dataarts-job-name", "job", _unchanged),
        ("tics", "tics-end-time", "null", _unchanged),
    ],
)
@pytest.mark.parametrize("prefer", ["example=documented", ""], ids=["by prefer", "by ids"])
def test_documented_answers_fit_the_switches_that_the_user_chose(
    service: str, switch: str, value: str, change: Callable[[Json], None], prefer: str, definitions: Definitions
) -> None:
    """A switch that is chosen changes the example as it changes made-up answers; one that isn't leaves the page's form."""
    if service not in BY_IDS:
        prefer = "example=documented"
    expected = json.loads(text(documented(service)))
    change(expected)
    answer = under(definitions, service, {"Prefer": prefer}, switches={switch: value})
    assert text(answer) == text(expected)
    assert list(definitions.operation_of(service).responses[200](answer)) == []
