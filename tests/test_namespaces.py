"""Namespaces: namespaces side by side, reached by a header, an access key, an IAM user's token or an EnOS app's token."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from read_job import READERS
from sdk_clients import CDM, Connect, Server
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.definitions import load
from mockserver.errors import ControlError, InputError
from mockserver.jobs.clock import Clock, parse_time, utc
from mockserver.mock import Mock
from mockserver.settings import Settings
from mockserver.vendors.enos import encryption

DEFINITIONS = load()
START = parse_time("2026-01-01T00:00:00Z")
CDM_PATH = "/v1.1/p/clusters/c/cdm/job/x/status"
ENOS = "/batch-processing-service/v2.1/taskInstances?action=get&taskInstId=manual&userId=u&orgId=o"
LONGEST = "a" * 128
SECRETS = {"alice": "secret0of0alice", "bob": "secret0of0bob"}
Headers = dict[str, str]


@pytest.fixture
def mock() -> Mock:
    """A mock whose clock stands still."""
    return Mock(Settings(), Clock(START, speed=0), DEFINITIONS)


@pytest.fixture
def client(mock: Mock) -> FlaskClient:
    """A client of that mock."""
    return create_app(mock=mock).test_client()


def by_header(_client: FlaskClient, name: str) -> Headers:
    """Headers that name the namespace."""
    return {"X-Mock-Namespace": name, "X-Auth-Token": "any"}


def by_access_key(_client: FlaskClient, name: str) -> Headers:
    """Headers signed with an access key of the namespace's name."""
    signature = f"SDK-HMAC-SHA256 Access={name}, SignedHeaders=x-sdk-date, Signature=00"
    return {"Authorization": signature, "X-Sdk-Date": "20260101T000000Z"}


def by_user(client: FlaskClient, name: str) -> Headers:
    """Headers with a token that IAM issued to a user of the namespace's name."""
    user = {"domain": {"name": "d"}, "name": name, "password": "p"}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    return {"X-Auth-Token": client.post("/v3/auth/tokens", json=body).headers["X-Subject-Token"]}


def by_app(client: FlaskClient, name: str) -> Headers:
    """Headers with a token that EnOS issued to an app whose key is the namespace's name."""
    body = {"appKey": name, "encryption": encryption(name, str(START), "any"), "timestamp": START}
    answer = client.post("/apim-token-service/v2.0/token/get", json=body).get_json()
    return {"apim-accesstoken": answer["data"]["accessToken"]}


@dataclass(frozen=True)
class Way:
    """How requests come to a namespace; `service` and `target` are what they ask for."""

    headers: Callable[[FlaskClient, str], Headers]
    service: str = "cdm"
    target: str = CDM_PATH

    def ask(self, client: FlaskClient, name: str) -> TestResponse:
        """The answer to a caller of this name."""
        return client.get(self.target, headers=self.headers(client, name))

    def status(self, client: FlaskClient, name: str) -> str:
        """The job's status, as a caller of this name sees it; `none` where there is no job."""
        body = self.ask(client, name).get_json()
        return READERS[self.service](body).status if "submissions" in body or body.get("data") else "none"


WAYS = {
    "header": Way(by_header),
    "access-key": Way(by_access_key),
    "iam-user": Way(by_user),
    "enos-app": Way(by_app, "enos", ENOS),
}
EVERY_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
BY_CREDENTIAL = pytest.mark.parametrize("way", list(WAYS.values())[1:], ids=list(WAYS)[1:])


def add(client: FlaskClient, name: str, **settings: Any) -> Any:
    """Make a namespace; what the control API answers."""
    answer = client.post("/_mock/namespaces", json={"name": name, **settings})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def journal(client: FlaskClient, name: str) -> list[str]:
    """The paths that the namespace's journal has."""
    exchanges = client.get("/_mock/journal", headers={"X-Mock-Namespace": name}).get_json()["exchanges"]
    return [exchange["request"]["path"] for exchange in exchanges]


def check_problem(answer: TestResponse, detail: str, status: int = 400) -> None:
    """The answer is RFC 9457's, with this status, and its detail says this."""
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    body = answer.get_json()
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["title"]
    assert detail in body["detail"]


@EVERY_WAY
def test_each_namespace_has_jobs_of_its_own(mock: Mock, client: FlaskClient, way: Way) -> None:
    """A job that one namespace declares is none of another's, nor of the default one, and each ends as declared."""
    for name in SECRETS:
        add(client, name, unknown_ids="reject")
    mock.job(way.service, namespace="alice", life="succeeds", progress="immediate")
    assert [way.status(client, name) == "none" for name in SECRETS] == [False, True]
    mock.job(way.service, namespace="bob", life="fails", progress="immediate")
    ends = [way.status(client, name) for name in SECRETS]
    assert ends == {"cdm": ["SUCCEEDED", "FAILED"], "enos": ["SUCCESS", "FAIL"]}[way.service]
    assert mock.namespace().declared.all() == []


@EVERY_WAY
def test_each_namespace_has_a_clock_of_its_own(client: FlaskClient, way: Way) -> None:
    """Date and tokens follow the namespace's time, whatever the others' clocks show."""
    add(client, "alice", time="2030-06-01T00:00:00Z", speed=0)
    add(client, "bob", time="2020-06-01T00:00:00Z", speed=0)
    years = []
    for name in ("alice", "bob", "carol" if way.service == "enos" else "default"):
        answer = way.ask(client, name)
        assert answer.status_code == 200, answer.text
        years.append(parsedate_to_datetime(answer.headers["Date"]).year)
    assert years == [2030, 2020, 2026]


@EVERY_WAY
def test_each_namespace_has_births_of_its_own(client: FlaskClient, way: Way) -> None:
    """A made-up job begins its life when its own namespace was first asked for it, whoever asked elsewhere before."""
    years = []
    for name, year in (("alice", 2026), ("bob", 2030), ("carol", 2020)):
        add(client, name, time=f"{year}-06-01T00:00:00Z", speed=0)
        seen = READERS[way.service](way.ask(client, name).get_json())
        years.append(utc(next(time for _, time in seen.times if time is not None)).year)
    assert years == [2026, 2030, 2020]


def test_each_namespace_turns_its_own_pages(mock: Mock, client: FlaskClient) -> None:
    """A new first page in one namespace does not move the pages that another one turns."""
    for name in SECRETS:
        add(client, name, time="2026-01-01T00:00:00Z", speed=0)

    def total(name: str, offset: int) -> int:
        path = f"/v1/p/leagues/l/job-instances?limit=1&offset={offset}"
        result: int = client.get(path, headers=by_header(client, name)).get_json()["total"]
        return result

    before = [total(name, 0) for name in SECRETS]
    for name in SECRETS:
        mock.namespace(name).clock.advance(30 * 86_400)
    assert total("bob", 0) > before[1]
    assert [total(name, 1) for name in SECRETS] == [before[0], total("bob", 0)]


@EVERY_WAY
def test_each_namespace_has_a_seed_of_its_own(client: FlaskClient, way: Way) -> None:
    """What is made up for the same id differs by the namespace's seed, and is the same for the same seed."""
    for name, seed in (("alice", 1), ("bob", 2), ("carol", 1)):
        assert add(client, name, seed=seed, time="2026-01-01T00:00:00Z", speed=0)["seed"] == seed
    seen = {name: READERS[way.service](way.ask(client, name).get_json()).constant for name in ("alice", "bob", "carol")}
    assert seen["alice"] == seen["carol"] != seen["bob"]


@EVERY_WAY
def test_each_namespace_has_a_journal_of_its_own(client: FlaskClient, way: Way) -> None:
    """A journal has its namespace's exchanges and no others; the request for a token belongs to whom it is for."""
    for name in SECRETS:
        add(client, name)
    for name in ("alice", "bob", "alice"):
        way.ask(client, name)
    path = way.target.partition("?")[0]
    assert [journal(client, name).count(path) for name in ("alice", "bob", "default")] == [2, 1, 0]
    assert journal(client, "default") == []


@EVERY_WAY
def test_each_namespace_has_settings_of_its_own(client: FlaskClient, way: Way) -> None:
    """One namespace makes jobs up that move with polls, another refuses unknown ids; the mock's own stay as they are."""
    add(client, "alice", progress="polls:1")
    add(client, "bob", unknown_ids="reject")
    assert len({way.status(client, "alice") for _ in range(3)}) > 1
    assert way.status(client, "bob") == "none"
    assert len({way.status(client, "default") for _ in range(3)}) == 1


@EVERY_WAY
def test_polls_count_for_their_namespace_alone(mock: Mock, client: FlaskClient, way: Way) -> None:
    """The same job in two namespaces moves on with the polls of its own callers only."""
    for name in SECRETS:
        add(client, name)
        mock.job(way.service, namespace=name, progress="polls:2", life="succeeds")
    alone = [way.status(client, "alice") for _ in range(6)]
    assert [len(set(alone[start : start + 2])) for start in (0, 2, 4)] == [1, 1, 1]
    assert [way.status(client, "bob") for _ in range(6)] == alone
    assert len(set(alone)) == 3


@BY_CREDENTIAL
def test_a_credential_without_a_namespace_of_its_name_sees_the_default_world(
    mock: Mock, client: FlaskClient, way: Way
) -> None:
    """Only a namespace that somebody made can be reached by a credential: no other one comes into being."""
    add(client, "alice", unknown_ids="reject")
    mock.job(way.service, life="fails", progress="immediate")
    assert way.status(client, "stranger") in ("FAILED", "FAIL")
    assert way.status(client, "alice") == "none"
    assert mock.namespace_names() == ["default", "alice"]


@BY_CREDENTIAL
def test_the_header_comes_before_the_credential(mock: Mock, client: FlaskClient, way: Way) -> None:
    """A request that has both belongs to the namespace that the header names."""
    for name in SECRETS:
        add(client, name, unknown_ids="reject")
    mock.job(way.service, namespace="bob")
    headers = {**way.headers(client, "alice"), "X-Mock-Namespace": "bob"}
    assert client.get(way.target, headers=headers).status_code == 200
    assert way.status(client, "alice") == "none"


def test_the_header_makes_its_namespace(mock: Mock, client: FlaskClient) -> None:
    """A namespace that is named comes into being, with the mock's own settings."""
    WAYS["header"].ask(client, LONGEST)
    assert mock.namespace_names() == ["default", LONGEST]
    assert mock.namespace(LONGEST).settings == mock.settings
    assert client.get("/_mock/namespaces").get_json() == {"namespaces": ["default", LONGEST]}


@pytest.mark.parametrize("way", [WAYS["iam-user"], WAYS["enos-app"]], ids=["iam-user", "enos-app"])
def test_a_token_is_good_for_one_seed(client: FlaskClient, way: Way) -> None:
    """A token that was issued before its namespace was made is good there where the seed is the same, and else refused."""
    headers = way.headers(client, "alice")
    add(client, "alice", time="2026-01-01T00:30:00Z", speed=0)
    same = client.get(way.target, headers=headers)
    assert (same.status_code, same.headers["Date"]) == (200, "Thu, 01 Jan 2026 00:30:00 GMT")
    add(client, "alice", seed=5)
    other = client.get(way.target, headers=headers)
    assert "another seed" in other.headers["X-Mock-Problem"]


@pytest.mark.parametrize(
    "token", ["", "MIIMOCK", "MIIMOCK-", "MIIMOCK!!!-00", "MIIMOCKW10-00", "MIIMOCKe30-00", "MIIMOCK\xff-0"]
)
def test_what_is_no_token_names_no_namespace(client: FlaskClient, token: str) -> None:
    """Whatever stands in a token's place, the request is answered, and by the default namespace."""
    add(client, "alice")
    for target, header in ((CDM_PATH, "X-Auth-Token"), (ENOS, "apim-accesstoken")):
        assert client.get(target, headers={header: token}).status_code in (200, 401)
    assert len(journal(client, "default")) == 2


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b'"x"', b'{"auth":[]}', b'{"appKey":["alice"]}', b"\xff", b"[" * 50_000])
def test_what_asks_for_no_token_names_no_namespace(client: FlaskClient, body: bytes) -> None:
    """Whatever stands in the body of a request for a token, the default namespace answers it."""
    add(client, "alice")
    for target in ("/v3/auth/tokens", "/apim-token-service/v2.0/token/get"):
        answer = client.post(target, data=body)
        assert answer.status_code < 500
        assert "accessToken" not in answer.text
    assert len(journal(client, "default")) == 2


def add_at(server: Server, name: str, job: dict[str, Any], **settings: Any) -> None:
    """Make a namespace of a running server, with a job in it."""
    if name != "default":
        made = requests.post(f"{server.url}/_mock/namespaces", json={"name": name, **settings}, timeout=10)
        assert made.status_code == 201, made.text
    headers = {"X-Mock-Namespace": name}
    declared = requests.post(f"{server.url}/_mock/jobs", json={"service": "cdm", **job}, headers=headers, timeout=10)
    assert declared.status_code == 201, declared.text


def journal_at(server: Server, name: str) -> int:
    """How many exchanges a running server's namespace has had."""
    answer = requests.get(f"{server.url}/_mock/journal", headers={"X-Mock-Namespace": name}, timeout=10)
    return len(answer.json()["exchanges"])


def test_the_vendors_client_reaches_its_namespace_by_access_key(start: Callable[..., Server], connect: Connect) -> None:
    """Two of Huawei's own clients, unchanged but for their keys, see a namespace each; a third one sees the default."""
    server = start("--unknown-ids", "reject")
    add_at(server, "alice", {"progress": "polls:1", "life": "succeeds"})
    add_at(server, "bob", {"progress": "immediate", "life": "fails"})
    add_at(server, "default", {"life": "hangs-on-boot"})
    callers = [connect(CDM, server, key=(name, f"secret0of0{name}")) for name in ("alice", "bob", "carol")]
    seen = [[caller.ask(job_name="x").submissions[0].status for caller in callers] for _ in range(3)]
    assert [first for first, _, _ in seen] == ["BOOTING", "RUNNING", "SUCCEEDED"]
    assert {(second, third) for _, second, third in seen} == {("FAILED", "BOOTING")}
    assert [journal_at(server, name) for name in ("alice", "bob", "default")] == [3, 3, 3]
    names = requests.get(f"{server.url}/_mock/namespaces", timeout=10).json()
    assert names == {"namespaces": ["default", "alice", "bob"]}


def test_a_namespace_verifies_with_keys_of_its_own(start: Callable[..., Server], connect: Connect) -> None:
    """With credentials of its own a namespace knows its access key, no other secret key; the default one knows neither."""
    server = start("--auth", "verify")
    add_at(server, "alice", {"life": "hangs-on-boot"}, credentials={"alice": SECRETS["alice"]})
    assert connect(CDM, server, key=("alice", SECRETS["alice"])).ask().submissions[0].status == "BOOTING"
    for key in (("alice", SECRETS["bob"]), ("bob", SECRETS["bob"])):
        with pytest.raises(ClientRequestException) as caught:
            connect(CDM, server, key=key).ask()
        assert caught.value.status_code == 401
    assert [journal_at(server, name) for name in ("alice", "default")] == [2, 1]


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "é", "a\tb", "a" * 129, "a,b", "*"])
def test_a_name_that_is_none_is_refused(mock: Mock, client: FlaskClient, name: str) -> None:
    """On every path, a header that names no namespace is a 400 of RFC 9457 that says what is allowed."""
    allowed = "allowed: 1 to 128 of A-Z a-z 0-9 . _ -"
    for path in (CDM_PATH, "/_mock/jobs", "/nowhere"):
        check_problem(client.get(path, headers={"X-Mock-Namespace": name}), allowed)
    check_problem(client.post("/_mock/namespaces", json={"name": name}), allowed)
    with pytest.raises(ControlError, match="allowed: 1 to 128"):
        mock.namespace(name)
    assert mock.namespace_names() == ["default"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "name is None; allowed: 1 to 128"),
        ({"name": 5}, "name is 5; allowed: 1 to 128"),
        ({"name": ["x"]}, "name is ['x']; allowed"),
        ([], "not an object; allowed: a JSON object"),
        (None, "allowed: a JSON object"),
        ({"name": "default"}, "the namespace 'default' has the mock's own settings; reset it instead"),
        ({"name": "x", "seeed": 1}, "member 'seeed'; did you mean 'seed'?; allowed: name, seed, auth,"),
        ({"name": "x", "port": 1}, "member 'port'"),
        ({"name": "x", "fixtures": []}, "member 'fixtures'"),
        ({"name": "x", "seed": "1"}, "seed is '1'; allowed: a whole number"),
        ({"name": "x", "seed": True}, "seed is True; allowed: a whole number"),
        ({"name": "x", "seed": 1.5}, "seed is 1.5; allowed: a whole number"),
        ({"name": "x", "auth": "on"}, "auth is 'on'; allowed: verify or presence or off"),
        ({"name": "x", "unknown_ids": None}, "unknown_ids is None; allowed: create or reject"),
        ({"name": "x", "unknown_query": "drop"}, "unknown_query is 'drop'; allowed: report or reject or ignore"),
        ({"name": "x", "progress": "often"}, "'often' is not a progress; allowed: time, immediate, polls"),
        ({"name": "x", "progress": 3}, "progress is 3; allowed: text"),
        ({"name": "x", "time": "noon"}, "'noon' is not a time; allowed: ISO 8601"),
        ({"name": "x", "epoch": "1960-01-01"}, "allowed: the years 1970 to 2999"),
        ({"name": "x", "speed": -1}, "speed is -1.0; allowed: 0 or more"),
        ({"name": "x", "speed": "fast"}, "speed is 'fast'; allowed: a number"),
        ({"name": "x", "tick": float("inf")}, "tick is inf; allowed: 0 or more"),
        ({"name": "x", "credentials": {"AK": 5}}, "credentials is '...'; allowed: a table of AK=SK"),
        ({"name": "x", "apps": ["k"]}, "apps is '...'; allowed: a table of KEY=SECRET"),
    ],
)
def test_wrong_settings_are_named(mock: Mock, client: FlaskClient, body: Any, detail: str) -> None:
    """A namespace is not made with a setting that is unknown or has a wrong value: a 400 says which, and what is allowed."""
    answer = client.post("/_mock/namespaces", data=json.dumps(body), content_type="application/json")
    check_problem(answer, detail)
    assert mock.namespace_names() == ["default"]


def test_a_wrong_setting_leaves_the_namespace_as_it_was(mock: Mock, client: FlaskClient) -> None:
    """What is refused destroys nothing."""
    job = mock.job("cdm", namespace="alice")
    check_problem(client.post("/_mock/namespaces", json={"name": "alice", "speed": -1}), "speed is")
    assert mock.namespace("alice").declared.all() == [mock.namespace("alice").declared.get(job.number)]
    with pytest.raises(InputError, match="seed is 'x'; allowed: a whole number"):
        mock.namespace("alice", seed="x")


@pytest.mark.parametrize("settings", [{}, {"seed": 3}])
def test_a_namespace_is_made_anew(mock: Mock, client: FlaskClient, settings: dict[str, Any]) -> None:
    """POST of a name that is there makes it again: what it knew is gone, and its settings are those of the new one."""
    add(client, "alice", seed=9, time="2020-01-01T00:00:00Z", speed=0)
    mock.job("cdm", namespace="alice")
    WAYS["header"].ask(client, "alice")
    assert add(client, "alice", **settings)["seed"] == settings.get("seed", 0)
    namespace = mock.namespace("alice")
    assert (namespace.declared.all(), namespace.journal.last(), namespace.settings.time) == ([], [], "")
    assert mock.namespace_names() == ["default", "alice"]


def test_a_deleted_namespace_is_forgotten(mock: Mock, client: FlaskClient) -> None:
    """After DELETE its jobs are gone, and its access key is one like any other."""
    add(client, "alice", unknown_ids="reject")
    mock.job("cdm", namespace="alice", life="fails", progress="immediate")
    way = WAYS["access-key"]
    assert way.status(client, "alice") == "FAILED"
    assert client.delete("/_mock/namespaces/alice").status_code == 204
    assert way.status(client, "alice") == "BOOTING"
    assert mock.namespace_names() == ["default"]
    assert mock.namespace("alice").declared.all() == []


def test_deleting_the_default_namespace_resets_it(mock: Mock, client: FlaskClient) -> None:
    """The default namespace is always there; deleted, it has forgotten everything."""
    mock.job("cdm")
    mock.job("cdm", namespace="alice")
    assert client.delete("/_mock/namespaces/default").status_code == 204
    assert mock.namespace_names() == ["default", "alice"]
    assert [len(mock.namespace(name).declared.all()) for name in ("default", "alice")] == [0, 1]


@pytest.mark.parametrize("name", ["nobody", "a b", "x" * 200])
def test_only_a_namespace_that_is_there_is_deleted(client: FlaskClient, name: str) -> None:
    """DELETE of any other name is a 404 of RFC 9457."""
    check_problem(client.delete(f"/_mock/namespaces/{name}"), f"there is no namespace {name!r}", 404)


@pytest.mark.parametrize("gone", ["alice", "default"])
def test_a_reset_leaves_the_others_alone(mock: Mock, client: FlaskClient, gone: str) -> None:
    """Reset, a namespace has lost jobs, journal and the clock's moves, keeps its settings, and no other one is touched."""
    names = ["default", "alice", "bob"]
    for name in names[1:]:
        add(client, name, seed=7, time="2026-01-01T00:00:00Z", speed=0)
    for name in names:
        mock.job("cdm", namespace=name, progress="polls:1")
        mock.namespace(name).clock.advance(90)
        WAYS["header"].ask(client, name)
    assert client.post("/_mock/reset", headers={"X-Mock-Namespace": gone}).status_code == 204
    for name in names:
        namespace, kept = mock.namespace(name), 0 if name == gone else 1
        known = (len(namespace.declared.all()), len(namespace.journal.last()), (namespace.clock.now() - START) // 90_000)
        assert known == (kept, kept, kept)
        assert namespace.settings.seed == (0 if name == "default" else 7)
        assert WAYS["header"].status(client, name) == ("RUNNING" if kept else "BOOTING")


def test_the_clock_of_a_namespace_is_moved_alone(mock: Mock, client: FlaskClient) -> None:
    """PATCH /_mock/clock moves the clock of the namespace that the header names."""
    headers = {"X-Mock-Namespace": "alice"}
    before = mock.clock.now()
    client.patch("/_mock/clock", json={"set": "2040-01-01T00:00:00Z", "freeze": True}, headers=headers)
    assert client.get("/_mock/clock", headers=headers).get_json()["iso"] == "2040-01-01T00:00:00.000+00:00"
    assert mock.clock.now() == before


def test_ticks_move_the_clock_of_the_callers_namespace(mock: Mock, client: FlaskClient) -> None:
    """With a tick each poll moves the clock of the namespace that it belongs to."""
    add(client, "alice", tick=30, time="2026-01-01T00:00:00Z", speed=0)
    for _ in range(4):
        WAYS["access-key"].ask(client, "alice")
    assert (mock.namespace("alice").clock.now(), mock.clock.now()) == (START + 120_000, START)


def test_every_namespace_knows_the_jobs_of_the_fixtures(tmp_path: Path) -> None:
    """Jobs of fixture files are declared in each namespace, however it was made, and again after a reset."""
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps({"jobs": [{"service": "cdm", "life": "fails", "progress": "immediate"}]}), encoding="utf-8")
    mock = Mock(Settings(fixtures=(str(file),), unknown_ids="reject"), definitions=DEFINITIONS)
    client = create_app(mock=mock).test_client()
    add(client, "alice", seed=4)
    ways = [(WAYS["access-key"], "alice"), (WAYS["header"], "bob"), (WAYS["header"], "default")]
    for way, name in ways:
        assert way.status(client, name) == "FAILED"
        client.delete("/_mock/jobs/1", headers={"X-Mock-Namespace": name})
        assert way.status(client, name) == "none"
        mock.reset(name)
        assert way.status(client, name) == "FAILED"


def test_there_is_an_end_to_namespaces(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a new one is a 429 that says so, while those that are there can be used, reset and made again."""
    monkeypatch.setattr("mockserver.mock._MOST_NAMESPACES", 3)
    for name in SECRETS:
        add(client, name)
    check_problem(client.post("/_mock/namespaces", json={"name": "carol"}), "there are 3; delete some", 429)
    check_problem(client.get(CDM_PATH, headers={"X-Mock-Namespace": "carol"}), "there are 3; delete some", 429)
    add(client, "alice", seed=1)
    assert WAYS["header"].ask(client, "bob").status_code == 200
    client.delete("/_mock/namespaces/bob")
    add(client, "carol")


def test_threads_that_name_a_namespace_at_once_share_it(mock: Mock) -> None:
    """Of many requests that name a new namespace at the same time, all come to the same namespace."""
    app, barrier = create_app(mock=mock), threading.Barrier(16)

    def work() -> None:
        client = app.test_client()
        barrier.wait()
        for _ in range(20):
            WAYS["header"].ask(client, "alice")

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [exchange.number for exchange in mock.namespace("alice").journal.last()] == list(range(1, 321))


def test_a_thousand_namespaces(mock: Mock, client: FlaskClient, record_property: Callable[[str, object], None]) -> None:
    """A thousand namespaces are made and reset, each with a job of its own; the mean times are printed."""
    names = [f"test-{number}" for number in range(1_000)]
    made = mean_ms(names, lambda name: add(client, name, seed=1))
    for number, name in enumerate(names):
        mock.job("cdm", namespace=name, progress="immediate", life=("succeeds", "fails")[number % 2])
    seen = [WAYS["access-key"].status(client, name) for name in names]
    assert seen == ["SUCCEEDED", "FAILED"] * 500
    reset = mean_ms(names, lambda name: client.post("/_mock/reset", headers={"X-Mock-Namespace": name}))
    assert all(mock.namespace(name).declared.all() == [] for name in names)
    assert mock.namespace_names() == ["default", *names]
    text = f"namespaces: {made:.3f} ms to make one, {reset:.3f} ms to reset one (means of 1,000)"
    record_property("namespaces", text)
    print(text)


def mean_ms(names: list[str], call: Callable[[str], object]) -> float:
    """How long the call takes for a name, in the mean, in milliseconds."""
    began = time.perf_counter()
    for name in names:
        call(name)
    return (time.perf_counter() - began) * 1_000 / len(names)
