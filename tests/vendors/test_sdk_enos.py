"""EnOS: the Python Poseidon client, unchanged, and plain HTTP with access tokens, against the real server process."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from poseidon import poseidon
from sdk_clients import CALL_NOTE, POSEIDON, Note, Server

from mockserver.definitions import Example, load
from mockserver.definitions.magic_ids import magic_id
from mockserver.jobs.clock import Clock, parse_time
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.settings import DEFAULT_APP_KEY, DEFAULT_APP_SECRET, Settings
from mockserver.vendors.enos import signature

Start = Callable[..., Server]
Open = Callable[..., Any]

PATH = "/batch-processing-service/v2.1/taskInstances"
TOKEN_GET = "/apim-token-service/v2.0/token/get"
TOKEN_REFRESH = "/apim-token-service/v2.0/token/refresh"
ASKED = {"action": "get", "userId": "u15426865866571", "orgId": "o15426865866571"}
APP = (DEFAULT_APP_KEY, DEFAULT_APP_SECRET)
NOW = parse_time("2026-11-21T08:00:00Z")
HOURS_2 = 7_200
OPERATION = load().operation("GetTaskInstance")
DOCUMENTED = OPERATION.examples["documented"].value
STATUSES = (4011, 4012)
"""What the client takes for a demand for new tokens. Source: enos-poseidon 0.2.0, `urlopen`."""


@pytest.fixture
def opened(record_property: Note) -> Open:
    """Poseidon's `urlopen`, with the mock's default app; what it gave is noted for the count."""

    def opened(server: Server, instance: str, **changes: str) -> Any:
        url = f"{server.url}{PATH}?{urlencode({**ASKED, 'taskInstId': instance, **changes})}"
        result = poseidon.urlopen(*APP, url)
        failed = not isinstance(result, dict) or result["code"] != 0
        record_property(CALL_NOTE, [POSEIDON, "sync", "error" if failed else "answer", instance.removeprefix("mock-error-")])
        return result

    return opened


# The Poseidon client


def test_the_documented_instance(server: Server, opened: Open) -> None:
    """The documented id gets the documented answer."""
    assert opened(server, "118979-2021020211") == DOCUMENTED


@pytest.mark.parametrize("strict", [False, True])
def test_a_made_up_instance(server: Server, strict_server: Server, opened: Open, strict: bool) -> None:
    """Any other id gets an instance of the documented form; the client's own token is let in with --auth verify, too."""
    result = opened(strict_server if strict else server, "my-instance")
    assert list(OPERATION.responses[200](result)) == []
    assert (result["code"], result["msg"], result["data"]["instanceId"]) == (0, "OK", "my-instance")
    assert result["data"].keys() == DOCUMENTED["data"].keys()


def test_an_instance_of_long_ago_has_ended(server: Server, opened: Open) -> None:
    """The time in an id of the documented form is when the instance was triggered."""
    data = opened(server, "4711-2021020211")["data"]
    assert (data["taskId"], data["cycle"], data["triggerTime"][:13]) == (4711, "H", "2021-02-02 19")
    assert data["startTime"] is None or data["endTime"] is None or data["startTime"] <= data["endTime"]
    assert data["flowInstId"].endswith("-2021020211")


def test_an_instance_is_its_organisations(server: Server, opened: Open) -> None:
    """What one organisation asked for first, another one does not find: 62102, in an answer with status 200."""
    assert opened(server, "whose-is-it", orgId="o1")["code"] == 0
    assert opened(server, "whose-is-it", orgId="o2") == {"code": 62102, "msg": "Incorrect parameter.", "data": None}
    assert opened(server, "whose-is-it", orgId="o1")["code"] == 0


def test_a_user_of_another_organisation(shared: Start, opened: Open) -> None:
    """With `--enos-user` other users, and this one in other organisations, get 62101."""
    server = shared("--enos-user", "ann=o1")
    mismatch = {"code": 62101, "msg": "userId does not exist, or it does not match to orgId.", "data": None}
    assert opened(server, "job", userId="ann", orgId="o1")["code"] == 0
    assert opened(server, "job", userId="ann", orgId="o2") == opened(server, "job", userId="bob", orgId="o1") == mismatch


@pytest.mark.parametrize("error", OPERATION.errors(), ids=lambda error: error.name)
def test_each_documented_error(server: Server, opened: Open, error: Example, capsys: pytest.CaptureFixture[str]) -> None:
    """Each documented error comes by its magic id; the client gives what its code says it makes of it.

    Source: enos-poseidon 0.2.0, `urlopen`. A status of 400 or more is printed, and the caller gets None. A 2xx answer is
    parsed, unless its `apim_status` is 4011 or 4012: then the client makes new tokens, asks once more and gives the second
    answer's text as it is.
    """
    result = opened(server, magic_id(OPERATION, error.name))
    printed = capsys.readouterr().out
    if error.statuses[0] >= 400:
        assert result is None
        assert printed.startswith(f"HTTP Error {error.statuses[0]}: ")
    elif error.value.get("apim_status") in STATUSES:
        assert printed == "the second time request\n"
        assert isinstance(result, str)
        assert list(OPERATION.responses[200](json.loads(result))) == []
        assert json.loads(result).keys() == error.value.keys()
        assert json.loads(result)["apim_status"] == error.value["apim_status"]
    else:
        assert (result, printed) == (error.value, "")


@pytest.mark.parametrize("status", STATUSES)
def test_the_client_asks_twice_with_new_tokens(shared: Start, opened: Open, status: int) -> None:
    """On 4011 and 4012 the client comes back once: the mock sees the same request twice, and the second answer stays."""
    server = shared()
    server.reset()
    result = json.loads(opened(server, f"mock-error-apim-status-{status}"))
    first, second = server.journal()
    assert first["request"]["query"] == second["request"]["query"]
    assert json.loads(second["response"]["body"]).keys() == result.keys()
    assert ("apim_refreshtoken" in result) == (status == 4011)


@pytest.mark.parametrize(
    ("name", "status"),
    [("incorrect-parameter", 400), ("user-org-mismatch", 400), ("no-privilege", 403), ("internal-exception", 500)],
)
def test_business_errors_can_have_http_statuses(
    shared: Start, opened: Open, capsys: pytest.CaptureFixture[str], name: str, status: int
) -> None:
    """By switch business errors have a status of their own, and then the client gives None for them as well."""
    assert opened(shared("--switch", "enos-error-status=http"), f"mock-error-{name}") is None
    assert capsys.readouterr().out.startswith(f"HTTP Error {status}: ")


def test_data_can_be_a_list(shared: Start, opened: Open) -> None:
    """By switch `data` is a list, as the page's response table has it, also in the documented answer."""
    server = shared("--switch", "enos-data=list", "--switch", "enos-request-id=present")
    for instance in ("118979-2021020211", "my-instance"):
        result = opened(server, instance)
        assert [item["instanceId"] for item in result["data"]] == [instance]
        assert result["requestId"]


def test_the_client_gives_none_where_nobody_listens(start: Start, opened: Open) -> None:
    """Without a server the client prints the reason and gives None: what a caller must tell from an error by itself."""
    server = start()
    server.stop()
    assert opened(server, "118979-2021020211") is None


# Access tokens, with plain HTTP


def sign(token: str, query: Mapping[str, str], body: bytes = b"", timestamp: str = "", secret: str = APP[1]) -> str:
    """EnOS's `apim-signature`, from its documentation: token, parameters in the order of their names, body, time, secret."""
    parameters = "".join(name + query[name] for name in sorted(query))
    text = token.encode() + parameters.encode() + body + timestamp.encode() + secret.encode()
    return hashlib.sha256(text).hexdigest()


def proof(timestamp: int, app: tuple[str, str] = APP, **more: str) -> dict[str, Any]:
    """The body of a token request."""
    encryption = hashlib.sha256(f"{app[0]}{timestamp}{app[1]}".encode()).hexdigest()
    return {"appKey": app[0], "encryption": encryption, "timestamp": timestamp, **more}


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


def post(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(server.url + path, json=body, timeout=10)
    assert answer.status_code == 200
    result: dict[str, Any] = answer.json()
    return result


def token_of(server: Server) -> str:
    result = post(server, TOKEN_GET, proof(milliseconds()))
    assert (result["status"], result["msg"]) == (0, "SUCCESS")
    assert 0 < result["data"]["expire"] <= HOURS_2
    return str(result["data"]["accessToken"])


def signed_headers(token: str, query: Mapping[str, str], body: bytes = b"", secret: str = APP[1]) -> dict[str, str]:
    timestamp = str(milliseconds())
    return {
        "apim-accesstoken": token,
        "apim-timestamp": timestamp,
        "apim-signature": sign(token, query, body, timestamp, secret),
    }


def ask(server: Server, headers: Mapping[str, str], body: bytes = b"", **changes: str) -> requests.Response:
    query = {**ASKED, "taskInstId": "my-instance", **changes}
    return requests.get(server.url + PATH, params=query, headers=dict(headers), data=body, timeout=10)


def refused(answer: requests.Response, code: int, message: str, status: int = 401) -> str:
    """What `X-Mock-Problem` says of an answer that must be this error of the gateway's."""
    assert (answer.status_code, answer.json()) == (status, {"code": code, "msg": message, "data": None})
    return answer.headers["X-Mock-Problem"]


QUERY = {**ASKED, "taskInstId": "my-instance"}
CHECK_FAILED = (497, "App Timestamp/Signature Checked Fail")
NO_CREDENTIALS = (401, "Invalid authentication credentials")


def test_the_documented_signature() -> None:
    """The worked example of the documentation."""
    body = '{\n  "count": 20,\n  "page": 1,\n  "desc": "描述"\n}'.encode()
    expected = "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981"
    assert signature("xxxxaaaxxxx", "k1=v1&k2=v2&k3=v3", body, "1572574909697", "xxxappSecretxxx") == expected
    assert signature("xxxxaaaxxxx", "k3=v3&k1=v1&k2=v2", body, "1572574909697", "xxxappSecretxxx") == expected
    assert sign("xxxxaaaxxxx", {"k1": "v1", "k2": "v2", "k3": "v3"}, body, "1572574909697", "xxxappSecretxxx") == expected


def test_a_signed_request_passes(strict_server: Server) -> None:
    """A token from token/get, and the signature of the request as it is sent: parameters in any order, body or none."""
    token = token_of(strict_server)
    assert ask(strict_server, signed_headers(token, QUERY)).json()["code"] == 0
    body = '{"desc": "描述"}'.encode()
    assert ask(strict_server, signed_headers(token, QUERY, body), body).json()["code"] == 0
    turned = urlencode(dict(reversed(QUERY.items())))
    answer = requests.get(f"{strict_server.url}{PATH}?{turned}", headers=signed_headers(token, QUERY), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (200, 0)


@pytest.mark.parametrize(
    ("query", "body", "secret", "problem"),
    [
        ({}, b"", APP[1], "parameters: they were not signed"),
        (QUERY, b"{}", APP[1], "apim-signature is not sha256(accesstoken + sorted parameters + body + timestamp + secret)"),
        ({**QUERY, "orgId": "o2"}, b"", APP[1], "apim-signature is not"),
        (QUERY, b"", APP[1][:-1] + "9", "apim-signature is not"),
    ],
    ids=["no parameters", "a body that wasn't sent", "another parameter", "another secret"],
)
def test_a_wrong_signature_is_refused(
    strict_server: Server, query: Mapping[str, str], body: bytes, secret: str, problem: str
) -> None:
    """A signature of anything else than the request as it was sent is refused, and X-Mock-Problem says what it can."""
    headers = signed_headers(token_of(strict_server), query, body, secret)
    assert problem in refused(ask(strict_server, headers), *CHECK_FAILED)


@pytest.mark.parametrize(
    ("query", "problem"), [(QUERY, "body: it was not signed"), ({}, "parameters and body: neither was signed")]
)
def test_a_body_that_was_not_signed_is_refused(strict_server: Server, query: Mapping[str, str], problem: str) -> None:
    """A body must be signed."""
    headers = signed_headers(token_of(strict_server), query)
    assert refused(ask(strict_server, headers, b"{}"), *CHECK_FAILED) == problem


def test_a_changed_timestamp_is_refused(strict_server: Server) -> None:
    """The timestamp is signed, too."""
    headers = signed_headers(token_of(strict_server), QUERY)
    changed = {**headers, "apim-timestamp": str(int(headers["apim-timestamp"]) + 1)}
    refused(ask(strict_server, changed), *CHECK_FAILED)


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ("apim-accesstoken", "send apim-accesstoken"),
        ("apim-timestamp", "apim-timestamp must be a time in milliseconds"),
        ("apim-signature", "apim-signature must be 64 lower-case hex digits"),
    ],
)
def test_a_missing_part_is_refused(strict_server: Server, missing: str, problem: str) -> None:
    """Each of the three headers is needed, and X-Mock-Problem names the one that is missing."""
    headers = signed_headers(token_of(strict_server), QUERY)
    del headers[missing]
    assert problem in refused(ask(strict_server, headers), *NO_CREDENTIALS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("apim-timestamp", "now"), ("apim-timestamp", "1" * 17), ("apim-signature", "xyz"), ("apim-signature", "A" * 64)],
)
def test_a_malformed_part_is_refused(strict_server: Server, name: str, value: str) -> None:
    """A timestamp or a signature of another form is refused as such."""
    headers = signed_headers(token_of(strict_server), QUERY) | {name: value}
    assert name in refused(ask(strict_server, headers), *NO_CREDENTIALS)


@pytest.mark.parametrize("origin", ["changed", "foreign", "of another seed"])
def test_a_token_that_is_not_the_mocks_is_refused(strict_server: Server, shared: Start, origin: str) -> None:
    """A token that was changed, or that another mock or the real EnOS issued, is refused."""
    other = shared("--auth", "verify", "--seed", "1")
    token = {"foreign": "adsfwerasdfsdfasggaaf", "changed": token_of(strict_server)[:-1] + "~"}.get(origin, token_of(other))
    problem = refused(ask(strict_server, signed_headers(token, QUERY)), *NO_CREDENTIALS)
    assert "was not issued by this mock" in problem


def test_presence_needs_a_token_but_no_signature(server: Server) -> None:
    """With --auth presence any token is enough, except one that claims to be the mock's and isn't."""
    assert ask(server, {"apim-accesstoken": "adsfwerasdfsdfasggaaf"}).json()["code"] == 0
    assert ask(server, {"apim-accesstoken": token_of(server)}).json()["code"] == 0
    refused(ask(server, {}), *NO_CREDENTIALS)
    refused(ask(server, {"apim-accesstoken": token_of(server)[:-1] + "~"}), *NO_CREDENTIALS)


def test_off_needs_nothing(shared: Start) -> None:
    """With --auth off no token is needed."""
    assert ask(shared("--auth", "off"), {}).json()["code"] == 0


def test_a_wrong_proof_gets_no_token(strict_server: Server) -> None:
    """Only a configured app gets a token, and only with the right encryption; the HTTP status is 200 all the same."""
    now = milliseconds()
    nobody = post(strict_server, TOKEN_GET, proof(now, ("5acb82e7-a11e-4300-9164-c8b20b638e8b", APP[1])))
    wrong = post(strict_server, TOKEN_GET, proof(now, (APP[0], "another-secret")))
    later = post(strict_server, TOKEN_GET, {**proof(now), "timestamp": now + 1})
    assert [found["status"] for found in (nobody, wrong, later)] == [1002, 1003, 1003]
    assert all(found["data"] is None for found in (nobody, wrong, later))


def test_a_token_stays_until_it_is_refreshed(shared: Start) -> None:
    """token/get gives the token that is still good, token/refresh another one; both open the door."""
    server = shared("--auth", "verify")
    server.reset()
    first = token_of(server)
    assert token_of(server) == first
    refreshed = post(server, TOKEN_REFRESH, proof(milliseconds(), accessToken=first))["data"]["accessToken"]
    assert refreshed != first
    assert token_of(server) == refreshed
    for token in (first, refreshed):
        assert ask(server, signed_headers(token, QUERY)).json()["code"] == 0


def test_only_the_apps_own_token_is_refreshed(shared: Start) -> None:
    """A token of another app, or none of the mock's, is not refreshed: 1204."""
    other = ("5acb82e7-a11e-4300-9164-c8b20b638e8b", "0-1-secret")
    server = shared("--auth", "verify", "--app", "=".join(APP), "--app", "=".join(other))
    of_other = post(server, TOKEN_GET, proof(milliseconds(), other))["data"]["accessToken"]
    for token in (of_other, "adsfwerasdfsdfasggaaf"):
        assert post(server, TOKEN_REFRESH, proof(milliseconds(), accessToken=token))["status"] == 1204
    assert ask(server, signed_headers(of_other, QUERY, secret=other[1])).json()["code"] == 0
    refused(ask(server, signed_headers(of_other, QUERY)), *CHECK_FAILED)


def handle(mock: Mock, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = mock.handle(Request("POST", path, "", {"content-type": "application/json"}, json.dumps(body).encode()))
    result: dict[str, Any] = json.loads(answer.body)
    return result


def asked(mock: Mock, token: str) -> Response:
    return mock.handle(Request("GET", PATH, urlencode(QUERY), signed_headers(token, QUERY)))


def test_a_token_lives_for_two_hours_of_the_mocks_clock() -> None:
    """A second before two hours are over the token opens the door and is refreshed, then neither."""
    clock = Clock(NOW, 0)
    mock = Mock(Settings(auth="verify"), clock)
    first = handle(mock, TOKEN_GET, proof(NOW))["data"]
    assert first["expire"] == HOURS_2
    clock.advance(HOURS_2 - 1)
    assert handle(mock, TOKEN_GET, proof(NOW))["data"] == {"accessToken": first["accessToken"], "expire": 1}
    assert asked(mock, first["accessToken"]).status == 200
    refreshed = handle(mock, TOKEN_REFRESH, proof(NOW, accessToken=first["accessToken"]))["data"]
    assert refreshed["expire"] == HOURS_2
    clock.advance(1)
    expired = asked(mock, first["accessToken"])
    assert (expired.status, json.loads(expired.body)["code"]) == (401, 1203)
    assert expired.problem == "apim-accesstoken has expired on the mock's clock; get or refresh it"
    assert handle(mock, TOKEN_REFRESH, proof(NOW, accessToken=first["accessToken"]))["status"] == 1203
    assert asked(mock, refreshed["accessToken"]).status == 200
    clock.advance(HOURS_2)
    assert handle(mock, TOKEN_GET, proof(NOW))["data"]["accessToken"] not in (first["accessToken"], refreshed["accessToken"])


def test_secrets_are_neither_logged_nor_kept(start: Start, opened: Open) -> None:
    """App key, secret, proof, tokens and signatures, right and wrong, stand neither on stderr nor in the journal."""
    server = start("--auth", "verify")
    body = proof(milliseconds())
    token = post(server, TOKEN_GET, body)["data"]["accessToken"]
    refresh = proof(milliseconds(), accessToken=token)
    refreshed = post(server, TOKEN_REFRESH, refresh)["data"]["accessToken"]
    right, wrong = signed_headers(token, QUERY), signed_headers(refreshed, {})
    foreign = {**right, "apim-accesstoken": "adsfwerasdfsdfasggaaf"}
    statuses = [ask(server, headers).status_code for headers in (right, wrong, foreign)]
    assert statuses == [200, 401, 401]
    opened(server, "my-instance")
    refresh_token = json.loads(opened(server, "mock-error-apim-status-4011"))["apim_refreshtoken"]
    journal = server.journal()
    server.stop()
    assert len(journal) == len(server.stderr.splitlines()) == 8
    kept = json.dumps(journal, ensure_ascii=False)
    poseidons = re.compile("[A-Za-z0-9+/]{342}==")
    for text in (kept, server.stderr):
        assert not poseidons.search(text)
        for secret in (*APP, body["encryption"], refresh["encryption"], token, refreshed, right["apim-signature"],
                       wrong["apim-signature"], foreign["apim-accesstoken"], refresh_token):  # fmt: skip
            assert secret not in text
