"""Huawei Cloud at the door: signatures made by the vendor's own signer, and tokens, right and wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from sdk_clients import CDM, CLUSTER, DATAARTS, INSTANCE, MODES, PROJECT, SDKS, Connect, Sdk, Server, send, signed

from mockserver.jobs.clock import SECOND, Clock, parse_time
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, Settings
from mockserver.vendors import signature

Start = Callable[..., Server]
Change = Callable[[Any], None]

pytestmark = pytest.mark.filterwarnings("ignore:Unable to convert string to date")

ALL = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.package)
IN_MODES = pytest.mark.parametrize("mode", MODES)
MOSTLY_SYNC = pytest.mark.parametrize("mode", ["sync", pytest.param("async", marks=pytest.mark.exhaustive)])

MISMATCH = "Incorrect IAM authentication information: verify aksk signature fail"
TOKENS = "/v3/auth/tokens"
TICS_PATH = f"/v1/{PROJECT}/leagues/league1/job-instances"
TICS_QUERY = {"limit": 10, "offset": 0}
NOW = parse_time("2026-11-21T08:00:00Z")
CALLS = (
    f"/v1.1/{PROJECT}/clusters/{CLUSTER}/cdm/job/orders/status",
    f"/v3/{PROJECT}/jobs?id=31b8ae23-c687-4d80-b7b4-42a66c9bb886",
    f"{TICS_PATH}?limit=10&offset=0",
    f"/v1/{PROJECT}/datamap/node/937987/instances?job_name=etl&start_time=0&end_time=4e12&offset=0&limit=10",
    "/v3/projects?name=cn-north-4",
)
"""Each call of Huawei Cloud's that wants credentials."""
EACH_CALL = pytest.mark.parametrize("call", CALLS, ids=["cdm", "taurusdb", "tics", "dataarts", "iam"])


def job_path(name: str) -> str:
    return f"/v1.1/{PROJECT}/clusters/{CLUSTER}/cdm/job/{name}/status"


def get(server: Server, call: str, headers: dict[str, str] | None = None) -> requests.Response:
    instance = {"instance": INSTANCE} if "datamap" in call else {}
    return requests.get(server.url + call, headers={**instance, **(headers or {})}, timeout=10)


def refused(answer: requests.Response, message: str, status: int = 401, code: str = "APIGW.0301") -> str:
    """What `X-Mock-Problem` says of an answer that must be this error."""
    result = answer.json()
    assert (answer.status_code, result["error_code"], result["error_msg"]) == (status, code, message)
    assert result["request_id"] == answer.headers["X-Request-Id"]
    return answer.headers["X-Mock-Problem"]


def login(name: str = "ann", password: str = "s3cret-of-ann", project: str = "cn-north-4") -> dict[str, Any]:
    user = {"name": name, "password": password, "domain": {"name": "IAMDomain"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": {"name": project}}}}


def token_of(server: Server) -> str:
    answer = requests.post(server.url + TOKENS, json=login(), timeout=10)
    assert answer.status_code == 201
    return answer.headers["X-Subject-Token"]


# Signatures


@ALL
@IN_MODES
def test_the_right_key_passes(strict_server: Server, connect: Connect, sdk: Sdk, mode: str) -> None:
    """With --auth verify the default key of the mock is let in."""
    assert connect(sdk, strict_server, mode).ask().status_code == 200


@ALL
@IN_MODES
def test_a_wrong_secret_key_is_refused(strict_server: Server, connect: Connect, sdk: Sdk, mode: str) -> None:
    """A wrong secret key raises APIGW.0301, and X-Mock-Problem says where to look."""
    client = connect(sdk, strict_server, mode, key=(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY[:-1] + "x"))
    with pytest.raises(ClientRequestException) as caught:
        client.ask()
    error = caught.value
    assert (error.status_code, error.error_code, error.error_msg) == (401, "APIGW.0301", MISMATCH)
    assert client.answer is not None
    assert "the secret key is another one" in refused(client.answer, MISMATCH)
    assert error.request_id == client.answer.headers["X-Request-Id"]


@ALL
@MOSTLY_SYNC
def test_an_unknown_access_key_is_refused(strict_server: Server, connect: Connect, sdk: Sdk, mode: str) -> None:
    """An access key that isn't configured raises APIGW.0301, and the message names it, as the real gateway's does."""
    client = connect(sdk, strict_server, mode, key=("NOBODYSACCESSKEY0000", DEFAULT_SECRET_KEY))
    with pytest.raises(ClientRequestException) as caught:
        client.ask()
    message = "Incorrect IAM authentication information: ak NOBODYSACCESSKEY0000 not exist"
    assert (caught.value.error_code, caught.value.error_msg) == ("APIGW.0301", message)
    assert client.answer is not None
    assert "--credential AK=SK" in refused(client.answer, message)


@ALL
def test_configured_keys_replace_the_default_one(shared: Start, connect: Connect, sdk: Sdk) -> None:
    """Each of several `--credential` is let in with its own secret, and the default one no more."""
    server = shared("--auth", "verify", "--credential", "AKONE=one=1", "--credential", "AKTWO=two")
    for key in (("AKONE", "one=1"), ("AKTWO", "two")):
        assert connect(sdk, server, key=key).ask().status_code == 200
    for key in (("AKONE", "two"), (DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY)):
        with pytest.raises(ClientRequestException) as caught:
            connect(sdk, server, key=key).ask()
        assert caught.value.error_code == "APIGW.0301"


def stamp(minutes: float, now: datetime | None = None) -> str:
    moment = (now or datetime.now(timezone.utc)) + timedelta(minutes=minutes)
    return moment.strftime("%Y%m%dT%H%M%SZ")


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_a_little_off_passes(strict_server: Server, minutes: float) -> None:
    """A signature's time may be 14 minutes off, either way."""
    assert send(signed(strict_server.url, job_path("orders"), date=stamp(minutes))).status_code == 200


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24, 60 * 24])
def test_a_clock_that_is_far_off_is_refused(strict_server: Server, minutes: float) -> None:
    """16 minutes off is too much: the signature has expired, and X-Mock-Problem says by how much."""
    answer = send(signed(strict_server.url, job_path("orders"), date=stamp(minutes)))
    expired = "Incorrect IAM authentication information: calc ak sk signature fail:signature expired"
    problem = refused(answer, expired)
    match = re.fullmatch(r"X-Sdk-Date \d{8}T\d{6}Z is (\d+) s off the mock's clock \(\d{8}T\d{6}Z\); allowed: 900", problem)
    assert match is not None
    assert abs(int(match[1]) - abs(minutes) * 60) < 30


@pytest.mark.parametrize(("seconds", "status"), [(-901, 401), (-900, 200), (0, 200), (900, 200), (901, 401)])
def test_the_window_is_15_minutes_to_the_second(seconds: int, status: int) -> None:
    """On a clock that stands still, 900 seconds pass and 901 don't."""
    mock = Mock(Settings(auth="verify"), Clock(NOW, 0))
    date = stamp(seconds / 60, datetime.fromtimestamp(NOW / SECOND, timezone.utc))
    assert handle(mock, signed("http://mock.invalid", job_path("orders"), date=date)).status == status


def handle(mock: Mock, request: Any) -> Response:
    """A mock's answer, in this process, to a request that the SDK's signer has signed."""
    target = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.header_params.items()}
    return mock.handle(Request(request.method, target.path, target.query, headers, request.body))


def with_query(suffix: str) -> Change:
    return lambda request: setattr(request, "uri", request.uri + suffix)


def with_header(name: str, value: str) -> Change:
    return lambda request: request.header_params.update({name: value})


def without_header(name: str) -> Change:
    return lambda request: request.header_params.pop(name)


def with_body(body: bytes) -> Change:
    return lambda request: setattr(request, "body", body)


def with_path(old: str, new: str) -> Change:
    return lambda request: setattr(request, "uri", request.uri.replace(old, new))


UNLIKELY = "no likely variant of the request has this signature"
TAMPERED: dict[str, tuple[Change, str]] = {
    "a parameter of its own": (with_query("&colour=red"), "canonical query: the parameter 'colour' was added after signing"),
    "a documented parameter": (with_query("&job_id=j1"), "canonical query: the parameter 'job_id' was added after signing"),
    "a parameter in Chinese": (with_query("&%E4%BD%9C=1"), r"the parameter '\u4f5c' was added after signing"),
    "a parameter's value": (with_path("limit=10", "limit=11"), UNLIKELY),
    "a parameter left out": (with_path("&offset=0", ""), UNLIKELY),
    "the path": (with_path("league1", "league2"), UNLIKELY),
    "a signed header": (with_header("X-Project-Id", "0" * 32), "content-type;host;x-project-id;x-sdk-date) was changed"),
    "the type": (
        with_header("Content-Type", "text/plain"),
        "header content-type: it was signed as 'application/json', sent as 'text/plain'",
    ),
    "a header left out": (without_header("X-Project-Id"), "header x-project-id: it is signed, but was not sent"),
    "a body": (with_body(b'{"a":1}'), "payload: the body was not signed"),
    "the date": (with_header("X-Sdk-Date", stamp(-10)), UNLIKELY),
}


@pytest.mark.parametrize(("change", "problem"), TAMPERED.values(), ids=TAMPERED)
def test_a_change_after_signing_is_found(strict_server: Server, change: Change, problem: str) -> None:
    """A signed request that was changed on its way is refused, and X-Mock-Problem names what was changed."""
    request = signed(strict_server.url, TICS_PATH, TICS_QUERY)
    assert send(request).status_code == 200
    change(request)
    assert problem in refused(send(request), MISMATCH)


def test_a_changed_body_is_found(strict_server: Server) -> None:
    """A body is signed too: the one that was signed passes, another one doesn't."""
    request = signed(strict_server.url, TICS_PATH, TICS_QUERY, body='{"a":1}')
    assert send(request).status_code == 200
    request.body = b'{"a":2}'
    assert UNLIKELY in refused(send(request), MISMATCH)


def test_an_unsigned_payload_passes(strict_server: Server) -> None:
    """For content that is not JSON the SDK signs UNSIGNED-PAYLOAD instead of the body, and the mock takes that."""
    request = signed(strict_server.url, TICS_PATH, TICS_QUERY, body="a=1", headers={"Content-Type": "text/plain"})
    assert request.header_params["X-Sdk-Content-Sha256"] == "UNSIGNED-PAYLOAD"
    assert send(request).status_code == 200


@pytest.mark.parametrize("payload", [b"", b"UNSIGNED-PAYLOAD"], ids=["hash-of-nothing", "the-word"])
def test_an_unsigned_payload_of_an_empty_body_passes(payload: bytes) -> None:
    """PHP's SDK, and Go's and Node's for some media types, sign the word UNSIGNED-PAYLOAD without a body, too.

    The word lets any body pass, the hash of nothing lets none.
    """
    headers = {
        "host": "h",
        "x-sdk-date": stamp(0),
        "x-sdk-content-sha256": "UNSIGNED-PAYLOAD",
        "content-type": "application/json",
    }
    request = Request("GET", "/v3/projects", "", headers)
    names = tuple(sorted(headers))
    parts = signature.canonical_request(request, names)
    parts = replace(parts, payload=payload.decode()) if payload else parts
    result = signature.Signature(signature.ALGORITHM, "AK", names, signature.sign(parts, stamp(0), "SK"))
    assert signature.verified(request, result, stamp(0), "SK")
    assert not signature.verified(request, result, stamp(0), "another")
    assert signature.verified(replace(request, body=b"x"), result, stamp(0), "SK") is (payload == b"UNSIGNED-PAYLOAD")


@pytest.mark.parametrize(
    ("name", "twice", "problem"),
    [
        ("a b", "a%2520b", "it was percent-encoded twice"),
        (
            "订单 导入+x",
            "%E8%AE%A2%E5%8D%95%2520%E5%AF%BC%E5%85%A5%2Bx",
            "' ' in it was percent-encoded twice, the rest once",
        ),
        ("it's {x}+", "it%2527s%2520%257Bx%257D%2B", '"\' {}" in it was percent-encoded twice, the rest once'),
    ],
    ids=["alone", "mixed", "several"],
)
def test_names_that_an_sdk_encodes_twice_are_named_as_such(name: str, twice: str, problem: str) -> None:
    """Node's SDK encodes what `url.parse` has encoded already, and nothing else: the mock says so, alone or mixed."""
    request = Request("GET", f"/v1.1/p/clusters/c/cdm/job/{name}/status", "", {"host": "h", "x-sdk-date": stamp(0)})
    parts = signature.canonical_request(request, ("host", "x-sdk-date"))
    sent = replace(parts, uri=f"/v1.1/p/clusters/c/cdm/job/{twice}/status/")
    result = signature.Signature(signature.ALGORITHM, "AK", ("host", "x-sdk-date"), signature.sign(sent, stamp(0), "SK"))
    assert problem in signature.difference(request, result, stamp(0), "SK")


def test_a_request_signed_for_another_method_is_found(strict_server: Server) -> None:
    """The method is signed: a GET with a POST's signature is refused."""
    request = signed(strict_server.url, TICS_PATH, TICS_QUERY, method="POST")
    request.method = "GET"
    assert refused(send(request), MISMATCH) == "method: the request was signed as POST"


def test_a_host_signed_without_its_port_is_found(strict_server: Server) -> None:
    """A tool that signs the host without its port is told so."""
    request = signed(strict_server.url, TICS_PATH, TICS_QUERY, headers={"Host": "127.0.0.1"})
    request.header_params["Host"] = urlsplit(strict_server.url).netloc
    assert "header host: it was signed as '127.0.0.1', sent as '127.0.0.1:" in refused(send(request), MISMATCH)


NAMES = (
    "作业 100%+~&=?#",
    "a b",
    "it's",
    "a%2Fb",
    "100%25",
    "a+b",
    "a;b,c",
    "[x]{y}",
    "~-._!*'()",
    "ü😀",
    " lead and trail ",
)


@MOSTLY_SYNC
@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_letters_pass_in_the_path(strict_server: Server, connect: Connect, name: str, mode: str) -> None:
    """Names in Chinese and with signs that must be encoded are signed and sent by the SDK, and come back as they are."""
    response = connect(CDM, strict_server, mode).ask(job_name=name)
    assert response.submissions[0].job_name == name


@MOSTLY_SYNC
@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_letters_pass_in_the_query(strict_server: Server, connect: Connect, name: str, mode: str) -> None:
    """The same in the query."""
    response = connect(DATAARTS, strict_server, mode).ask(job_name=name)
    assert {row["jobName"] for row in json.loads(response.body)["rows"]} == {name}


# Presence, and nothing


@ALL
@MOSTLY_SYNC
def test_presence_takes_any_key(server: Server, connect: Connect, sdk: Sdk, mode: str) -> None:
    """With --auth presence any well-formed signature is let in."""
    assert connect(sdk, server, mode, key=("ANYONE", "anything")).ask().status_code == 200


@EACH_CALL
def test_presence_takes_any_token(server: Server, call: str) -> None:
    """With --auth presence any token is let in that doesn't claim to be the mock's own."""
    assert get(server, call, {"X-Auth-Token": "MIIFromTheRealIam=="}).status_code == 200


@EACH_CALL
@pytest.mark.parametrize("strict", [False, True])
def test_no_credential_at_all_is_refused(server: Server, strict_server: Server, call: str, strict: bool) -> None:
    """Without a token or a signature each call is refused, and X-Mock-Problem says how to get one."""
    answer = get(strict_server if strict else server, call)
    problem = refused(answer, "Incorrect IAM authentication information: x-auth-token not found")
    assert "POST /v3/auth/tokens" in problem and "--auth off" in problem


WELL_FORMED = f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature={'0a' * 32}"
MALFORMED = {
    "another scheme": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x",
    "basic": "Basic YTpi",
    "no signature": "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host",
    "no headers": f"SDK-HMAC-SHA256 Access=AK, Signature={'0a' * 32}",
    "no key": f"SDK-HMAC-SHA256 Access=, SignedHeaders=host, Signature={'0a' * 32}",
    "not hex": "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=xyz",
    "nothing but the algorithm": "SDK-HMAC-SHA256",
    "more at its end": WELL_FORMED + " more",
}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("authorization", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_authorization_is_refused(
    server: Server, strict_server: Server, authorization: str, strict: bool
) -> None:
    """An Authorization header of another form is refused, also where presence is enough."""
    headers = {"Authorization": authorization, "X-Sdk-Date": stamp(0)}
    answer = get(strict_server if strict else server, CALLS[0], headers)
    assert "Authorization is not of the form" in refused(answer, MISMATCH)


@pytest.mark.parametrize("date", ["", "20261121", "2026-11-21T08:00:00Z", "20261332T000000Z", "20261121T250000Z", "now"])
def test_a_malformed_date_is_refused(server: Server, date: str) -> None:
    """A signature needs an X-Sdk-Date of the documented form, also where presence is enough."""
    headers = {"Authorization": WELL_FORMED} | ({"X-Sdk-Date": date} if date else {})
    assert "X-Sdk-Date must be a UTC time of the form" in refused(get(server, CALLS[0], headers), MISMATCH)


@pytest.mark.parametrize("form", ["SDK-HMAC-SHA256 Access", "V11-HMAC-SHA256 Credential"])
def test_presence_takes_well_formed_signatures(server: Server, strict_server: Server, form: str) -> None:
    """Both forms of Authorization that the SDKs send are well-formed, and neither of these is right."""
    headers = {"Authorization": WELL_FORMED.replace("SDK-HMAC-SHA256 Access", form), "X-Sdk-Date": stamp(0)}
    assert get(server, CALLS[0], headers).status_code == 200
    assert get(strict_server, CALLS[0], headers).status_code == 401


@EACH_CALL
@pytest.mark.parametrize("headers", [{}, {"Authorization": "nonsense"}, {"X-Auth-Token": "MIIMOCKnonsense"}])
def test_off_asks_for_nothing(shared: Start, call: str, headers: dict[str, str]) -> None:
    """With --auth off neither missing nor wrong credentials matter."""
    assert get(shared("--auth", "off"), call, headers).status_code == 200


# Tokens


@EACH_CALL
def test_a_token_opens_each_call(strict_server: Server, call: str) -> None:
    """POST /v3/auth/tokens gives a token, and each call takes it."""
    assert get(strict_server, call, {"X-Auth-Token": token_of(strict_server)}).status_code == 200


@pytest.mark.parametrize("presence", [False, True])
def test_a_token_of_another_seed_is_refused(server: Server, strict_server: Server, shared: Start, presence: bool) -> None:
    """A mock with another seed has not issued this token, and knows it for a mock's, also where presence is enough."""
    token = token_of(shared("--auth", "verify", "--seed", "1"))
    answer = get(server if presence else strict_server, CALLS[0], {"X-Auth-Token": token})
    problem = refused(answer, "Incorrect IAM authentication information: decrypt token fail")
    assert "by one with another seed" in problem


@pytest.mark.parametrize("change", ["first", "middle", "last", "shorter", "longer"])
def test_a_changed_token_is_refused(strict_server: Server, change: str) -> None:
    """One letter changed anywhere, and the token is refused."""
    token = token_of(strict_server)
    place = {"first": 8, "middle": len(token) // 2, "last": len(token) - 1}.get(change)
    changed = {"shorter": token[:-1], "longer": token + "0"}.get(change)
    if place is not None:
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    refused(
        get(strict_server, CALLS[0], {"X-Auth-Token": str(changed)}),
        "Incorrect IAM authentication information: decrypt token fail",
    )


def test_a_foreign_token_is_refused_where_it_must_be_right(strict_server: Server) -> None:
    """A token of the real IAM can't be verified."""
    answer = get(strict_server, CALLS[0], {"X-Auth-Token": "MIIFromTheRealIam=="})
    assert "was not issued by this mock" in refused(answer, "Incorrect IAM authentication information: decrypt token fail")


def test_a_token_lives_for_24_hours_of_the_mocks_clock() -> None:
    """A second before 24 hours are over the token is good, then it has expired; a new one is good again."""
    clock = Clock(NOW, 0)
    mock = Mock(Settings(auth="verify"), clock)
    post = Request("POST", TOKENS, "", {"content-type": "application/json"}, json.dumps(login()).encode())
    issued = mock.handle(post)
    expires = json.loads(issued.body)["token"]["expires_at"]
    assert expires == "2026-11-22T08:00:00.000000Z"
    call = Request("GET", job_path("orders"), "", {"x-auth-token": issued.header("X-Subject-Token") or ""})
    clock.advance(24 * 3_600 - 1)
    assert mock.handle(call).status == 200
    clock.advance(1)
    expired = mock.handle(call)
    message = f"Incorrect IAM authentication information: token expires, expires_at: {expires}"
    assert (expired.status, json.loads(expired.body)["error_msg"]) == (401, message)
    assert expired.problem == f"X-Auth-Token expired at {expires} on the mock's clock"
    renewed = Request("GET", call.path, "", {"x-auth-token": mock.handle(post).header("X-Subject-Token") or ""})
    assert mock.handle(renewed).status == 200


def test_a_wrong_password_gets_no_token(shared: Start) -> None:
    """With `--user` and --auth verify only that user gets a token, with that password."""
    server = shared("--auth", "verify", "--user", "ann=s3cret-of-ann")
    token_of(server)
    for wrong in (login(password="s3cret-of-bob"), login(name="bob")):
        answer = requests.post(server.url + TOKENS, json=wrong, timeout=10)
        assert (answer.status_code, "X-Subject-Token" in answer.headers) == (401, False)


# Projects


@ALL
@MOSTLY_SYNC
def test_an_unknown_project_is_refused(shared: Start, connect: Connect, sdk: Sdk, mode: str) -> None:
    """With `--project` that project exists, and no other one."""
    server = shared("--auth", "verify", "--project", PROJECT)
    assert connect(sdk, server, mode).ask().status_code == 200
    other = "054e292c9880d4992f02c0196d3ea468"
    client = connect(sdk, server, mode, project=other)
    with pytest.raises(ClientRequestException) as caught:
        client.ask()
    message = "The project is unavailable."
    assert (caught.value.status_code, caught.value.error_code, caught.value.error_msg) == (403, "APIGW.0310", message)
    assert client.answer is not None
    assert other in refused(client.answer, message, 403, "APIGW.0310")


# Secrets


def test_secrets_are_neither_logged_nor_kept(start: Start, connect: Connect) -> None:
    """Keys, signatures, tokens and passwords, right and wrong, stand neither on stderr nor in the journal."""
    server = start("--auth", "verify", "--user", "ann=s3cret-of-ann")
    secrets = {DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, "NOBODYSACCESSKEY0000", "s3cret-of-ann", "s3cret-of-bob"}
    token = token_of(server)
    requests.post(server.url + TOKENS, json=login(password="s3cret-of-bob"), timeout=10)
    tokens = [token, token[:-1] + "~", "MIIFromTheRealIam=="]
    for sent in tokens:
        get(server, CALLS[0], {"X-Auth-Token": sent})
    for key in ((DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY), (DEFAULT_ACCESS_KEY, "wrong"), ("NOBODYSACCESSKEY0000", "x")):
        request = signed(server.url, TICS_PATH, TICS_QUERY, key=key, headers={"X-Security-Token": "sts-token-of-ann"})
        send(request)
        secrets |= {request.header_params["Authorization"].rpartition("=")[2], "sts-token-of-ann"}
        with_query("&colour=red")(request)
        send(request)
    connect(CDM, server).ask()
    get(server, CALLS[0], {"Authorization": f"Bearer {token}"})
    journal = server.journal()
    server.stop()
    statuses = [exchange["response"]["status"] for exchange in journal]
    assert statuses == [201, 401, 200, 401, 401, 200, 401, 401, 401, 401, 401, 200, 401]
    assert len(server.stderr.splitlines()) == len(journal)
    kept = json.dumps(journal, ensure_ascii=False)
    for secret in secrets | set(tokens):
        assert secret not in server.stderr
        assert secret not in kept
    assert kept.count("[redacted]") >= 2 * len(journal)
