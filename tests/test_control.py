"""The mock's own API under /_mock: what it says, that it says it as documented, and what it keeps to itself."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from unittest.mock import ANY

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from sdk_clients import Server
from werkzeug.test import TestResponse

import mockserver
from mockserver.app import create_app
from mockserver.control_document import control_document
from mockserver.definitions import Definitions, load
from mockserver.definitions.bundle import bundle
from mockserver.jobs.clock import Clock
from mockserver.journal import MAX_BODY_BYTES, MAX_ENTRIES, Journal
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.redaction.redact import HIDDEN
from mockserver.settings import Settings

Json = dict[str, Any]

NOW = 1_700_000_000_000
JOB = "/v1.1/0605767a5780d5762fc5c0118072a564/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/{}/status"
LOGIN = "/v3/auth/tokens"
CONTROL = control_document(load())
ROUTES: Mapping[tuple[str, str], int] = {
    ("GET", "/_mock/health"): 200,
    ("POST", "/_mock/reset"): 204,
    ("GET", "/_mock/journal"): 200,
    ("GET", "/_mock/openapi.json"): 200,
    ("GET", "/_mock/control.json"): 200,
}
"""The calls that are tried here, and the status of an answer when all is well; tests/test_fixtures.py tries the others."""


@pytest.fixture
def mock(shipped: Definitions) -> Mock:
    return Mock(Settings(auth="off"), Clock(NOW, speed=0), shipped)


@pytest.fixture
def app(mock: Mock) -> Flask:
    return create_app(mock=mock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def documented(path: str, method: str, answer: TestResponse) -> Any:
    """The answer's body, checked against the control API's own document."""
    response = CONTROL["paths"][path][method.lower()]["responses"][str(answer.status_code)]
    if "content" not in response:
        assert answer.data == b""
        assert "Content-Type" not in answer.headers
        return None
    content = response["content"][answer.headers["Content-Type"]]
    judge = Draft202012Validator({**content["schema"], "components": CONTROL["components"]})
    body = json.loads(answer.data)
    assert list(judge.iter_errors(body)) == []
    assert answer.headers["Content-Length"] == str(len(answer.data))
    return body


def journal(client: FlaskClient, limit: int | None = None) -> list[Json]:
    answer = client.get("/_mock/journal" if limit is None else f"/_mock/journal?limit={limit}")
    exchanges: list[Json] = documented("/_mock/journal", "GET", answer)["exchanges"]
    return exchanges


def problem(answer: TestResponse) -> Json:
    """The body of an RFC 9457 answer."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    judge = Draft202012Validator({"$ref": "#/components/schemas/Problem", "components": CONTROL["components"]})
    body: Json = json.loads(answer.data)
    assert list(judge.iter_errors(body)) == []
    assert set(body) == {"type", "title", "status", "detail"}
    assert (body["type"], body["status"]) == ("about:blank", answer.status_code)
    return body


# The document


def test_the_control_document_is_valid() -> None:
    """The control API's document is OpenAPI 3.1."""
    assert list(OpenAPIV31SpecValidator(CONTROL).iter_errors()) == []


def test_routes_and_document_are_the_same(app: Flask) -> None:
    """Every route of the app is documented, and every documented call has a route."""
    rules = [(rule.methods or set(), re.sub("<([^>]+:)?(.+?)>", r"{\2}", rule.rule)) for rule in app.url_map.iter_rules()]
    routes = {(method, rule) for methods, rule in rules for method in methods if method != "HEAD"}
    calls = {(name.upper(), path) for path, item in CONTROL["paths"].items() for name in item if name != "parameters"}
    assert routes == calls >= set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_answers_are_as_documented(method: str, path: str, client: FlaskClient) -> None:
    """Each call gets the answer that its document says: status, type and schema."""
    client.get(JOB.format("load"))
    answer = client.open(path, method=method)
    assert answer.status_code == ROUTES[method, path]
    documented(path, method, answer)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_answers_over_a_socket_are_the_same(method: str, path: str, server: Server) -> None:
    """Over a real socket, each call gets an answer of the documented status and type."""
    answer = requests.request(method, server.url + path, timeout=10)
    response = CONTROL["paths"][path][method.lower()]["responses"][str(answer.status_code)]
    assert answer.status_code == ROUTES[method, path]
    assert list(response.get("content", {None: {}})) == [answer.headers.get("Content-Type")]


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET"])
def test_head_is_get_without_a_body(path: str, client: FlaskClient) -> None:
    """HEAD gets what GET gets, but the body."""
    answer, full = client.head(path), client.get(path)
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"", full.content_type)


# health


def test_health_says_version_and_time(client: FlaskClient, mock: Mock) -> None:
    """The mock says that it answers, its version, and the time on its own clock."""
    expected = {"status": "pass", "version": mockserver.__version__, "time": NOW, "log_lines_lost": 0}
    assert documented("/_mock/health", "GET", client.get("/_mock/health")) == expected
    mock.clock.advance(1.5)
    assert client.get("/_mock/health").json == {**expected, "time": NOW + 1_500}


# reset


def test_reset_forgets_what_was_asked(client: FlaskClient, mock: Mock) -> None:
    """After a reset jobs starts again, the clock too; the journal is empty and counts from 1."""
    first = client.get(JOB.format("load")).json
    mock.clock.advance(3_600)
    later = client.get(JOB.format("load")).json
    assert documented("/_mock/reset", "POST", client.post("/_mock/reset")) is None
    assert journal(client) == []
    assert mock.clock.now() == NOW
    again = client.get(JOB.format("load")).json
    born = [answer["submissions"][0]["creation-date"] for answer in (first, later, again) if answer]
    assert born == [NOW, NOW, NOW]
    assert [exchange["number"] for exchange in journal(client)] == [1]


def test_reset_takes_a_body_or_none(client: FlaskClient) -> None:
    """A reset needs no body and leaves one alone."""
    assert client.post("/_mock/reset", data=b"\xff" * 1_000).status_code == 204


# journal


def test_the_journal_has_what_was_asked_and_answered(client: FlaskClient) -> None:
    """An exchange has request and answer as they were, the operation, the mock's time and the problem."""
    answer = client.get(JOB.format("l%C3%B6ad") + "?x=1", headers={"X-Custom": "yes"})
    (exchange,) = journal(client)
    assert exchange.pop("duration_us") >= 0
    assert exchange.pop("request") == {
        "method": "GET",
        "path": JOB.format("löad"),
        "query": "x=1",
        "headers": {"host": "localhost", "user-agent": ANY, "x-custom": "yes"},
        "body": "",
    }
    assert exchange == {
        "number": 1,
        "time": NOW,
        "operation": "ShowJobStatus",
        "response": {"status": 200, "headers": dict(answer.headers), "body": answer.text},
        "problem": answer.headers["X-Mock-Problem"],
        "fault": None,
    }


def test_the_journal_leaves_the_control_api_out(client: FlaskClient) -> None:
    """What is asked of the mock itself is not an exchange."""
    for method, path in [*ROUTES, ("GET", "/_mock/nowhere"), ("POST", "/_mock/health")]:
        client.open(path, method=method)
    assert journal(client) == []


def test_the_journal_has_what_no_operation_fits(client: FlaskClient) -> None:
    """A request that no operation fits is kept as well: the operation is null."""
    client.get("/nowhere")
    client.get(environ_overrides={"PATH_INFO": "/v1.1/\xff"})
    assert [(exchange["operation"], exchange["response"]["status"]) for exchange in journal(client)] == [
        (None, 404),
        (None, 400),
    ]
    assert journal(client)[1]["request"]["path"] == "/v1.1/\\udcff"


def test_the_journal_s_limit(client: FlaskClient) -> None:
    """`limit` is how many of the newest exchanges come, oldest first; without it all do."""
    for number in range(5):
        client.get(JOB.format(f"load{number}"))
    every = [1, 2, 3, 4, 5]
    for limit, expected in ((None, every), (0, []), (1, [5]), (2, [4, 5]), (5, every), (MAX_ENTRIES, every)):
        assert [exchange["number"] for exchange in journal(client, limit)] == expected


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=-1", "limit is '-1'; allowed: 0 to 10000"),
        ("limit=10001", "limit is '10001'; allowed: 0 to 10000"),
        ("limit=", "limit is ''; allowed: 0 to 10000"),
        ("limit=x", "limit is 'x'; allowed: 0 to 10000"),
        ("limit=1.0", "limit is '1.0'; allowed: 0 to 10000"),
        ("limit=%EF%BC%91", "limit is '１'; allowed: 0 to 10000"),
        ("limit=1%0A", "limit is '1\\n'; allowed: 0 to 10000"),
        (f"limit={'9' * 5_000}", f"limit is '{'9' * 40}'; allowed: 0 to 10000"),
        ("limits=1", "query parameter 'limits'; did you mean 'limit'?; allowed: limit"),
        ("limit=1&x=1", "query parameter 'x'; allowed: limit"),
    ],
)
def test_bad_limits(query: str, detail: str, client: FlaskClient) -> None:
    """A limit that is not allowed, or another parameter, gets 400 with what was sent and what is allowed."""
    answer = client.get(f"/_mock/journal?{query}")
    documented("/_mock/journal", "GET", answer)
    assert (answer.status_code, problem(answer)["detail"]) == (400, detail)


def test_the_journal_keeps_the_beginning_of_long_bodies(client: FlaskClient) -> None:
    """Of a body, 8 KiB are kept."""
    client.post(LOGIN, data=b"x" * (3 * MAX_BODY_BYTES))
    client.post(LOGIN, data="é".encode() * MAX_BODY_BYTES)
    long, wide = journal(client)
    assert long["request"]["body"] == "x" * MAX_BODY_BYTES
    assert wide["request"]["body"] == "é" * (MAX_BODY_BYTES // 2)
    assert long["request"]["headers"]["content-length"] == str(3 * MAX_BODY_BYTES)


def test_the_journal_keeps_the_last_ten_thousand(mock: Mock, client: FlaskClient) -> None:
    """Of more than 10,000 exchanges, the oldest are forgotten; their numbers go on."""
    request, response = Request("GET", "/nowhere"), Response(404, (), b"")
    for _ in range(MAX_ENTRIES + 5):
        mock.journal.add(NOW, 0, None, request, response)
    kept = mock.journal.last()
    assert (len(kept), kept[0].number, kept[-1].number) == (MAX_ENTRIES, 6, MAX_ENTRIES + 5)
    assert [exchange["number"] for exchange in journal(client, 2)] == [MAX_ENTRIES + 4, MAX_ENTRIES + 5]


def test_the_journal_counts_right_under_threads() -> None:
    """Exchanges that are added at once get different numbers, in the order in which they are kept."""
    kept = Journal()
    request, response = Request("GET", "/"), Response(404, (), b"")

    def add() -> None:
        for _ in range(200):
            kept.add(NOW, 0, None, request, response)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [exchange.number for exchange in kept.last()] == list(range(1, 1_601))


SECRET = "s3cr3t/t0ken+value=="
SIGNED = f"SDK-HMAC-SHA256 Access={SECRET}, SignedHeaders=host;x-sdk-date, Signature={'0a' * 32}"


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"X-Auth-Token": SECRET}, {"x-auth-token": HIDDEN}),
        ({"X-Subject-Token": SECRET}, {"x-subject-token": HIDDEN}),
        ({"X-Security-Token": SECRET}, {"x-security-token": HIDDEN}),
        ({"apim-accesstoken": SECRET}, {"apim-accesstoken": HIDDEN}),
        ({"apim-signature": SECRET}, {"apim-signature": HIDDEN}),
        ({"Cookie": SECRET}, {"cookie": HIDDEN}),
        ({"Proxy-Authorization": SECRET}, {"proxy-authorization": HIDDEN}),
        ({"Authorization": f"Bearer {SECRET}"}, {"authorization": HIDDEN}),
        (
            {"Authorization": SIGNED},
            {"authorization": f"SDK-HMAC-SHA256 Access={HIDDEN}, SignedHeaders=host;x-sdk-date, Signature={HIDDEN}"},
        ),
    ],
    ids=lambda value: next(iter(value)),
)
def test_the_journal_hides_credentials(
    headers: Mapping[str, str], shown: Mapping[str, str], client: FlaskClient, mock: Mock
) -> None:
    """Credentials in headers are hidden; of a signature, its algorithm and the signed headers' names stay."""
    mock.handle(Request("GET", JOB.format("load"), headers={name.lower(): value for name, value in headers.items()}))
    (exchange,) = journal(client)
    assert {name: exchange["request"]["headers"][name] for name in shown} == dict(shown)
    assert SECRET not in json.dumps(exchange)
    assert "0a0a" not in json.dumps(exchange)


@pytest.mark.parametrize(
    "member", ["password", "accessToken", "appKey", "appSecret", "encryption", "refreshToken", "secret", "secretKey"]
)
@pytest.mark.parametrize(
    "body",
    [
        '{"NAME": "VALUE"}',
        '{"a":{"NAME" : "VALUE"}}',
        '{"NAME":"VALUE","NAME":"VALUE"}',
        '{"NAME": "VALUE',
        '{"NAME": "VALUE\\',
    ],
    ids=["plain", "nested", "twice", "cut", "cut-in-an-escape"],
)
def test_the_journal_hides_secret_members(member: str, body: str, client: FlaskClient) -> None:
    """Secret members of JSON are hidden, also where the JSON is broken."""
    client.post(LOGIN, data=body.replace("NAME", member).replace("VALUE", 'my \\" s3cret'))
    kept = journal(client)[0]["request"]["body"]
    assert HIDDEN in kept
    assert "s3cret" not in kept


@pytest.mark.parametrize("name", ["X-Auth-Token", "token", "accessToken", "password", "Signature", "appKey", "app_secret"])
def test_the_journal_hides_secret_parameters(name: str, client: FlaskClient) -> None:
    """Query parameters that are named like secrets are hidden; others stay."""
    client.get(JOB.format("load") + f"?a=1&{name}=s3cret&b=%20&{name}")
    assert journal(client)[0]["request"]["query"] == f"a=1&{name}={HIDDEN}&b=%20&{name}"


def test_the_journal_hides_credentials_wherever_they_come_again(client: FlaskClient) -> None:
    """A credential that a request has in a header is hidden in its path, query and body, and in the answer, too."""
    headers = {"X-Auth-Token": "s3cr3t-t0ken"}
    client.get(JOB.format("s3cr3t-t0ken") + "?s3cr3t-t0ken=1", headers=headers)
    client.get(JOB.format("s3cr3t-t0ken"), headers=headers)
    client.post(LOGIN, data='{"s3cr3t-t0ken": 1}', headers=headers)
    client.get(JOB.format("load") + "?x=s%26cr%2Ft", headers={"X-Auth-Token": "s&cr/t"})
    text = json.dumps(journal(client))
    assert text.count(HIDDEN) >= 8
    assert "s3cr3t" not in text
    assert "s%26cr%2Ft" not in text


def test_the_journal_hides_what_the_mock_gives_out(client: FlaskClient) -> None:
    """Tokens that the mock issues are hidden in the answers that the journal shows."""
    user = {"name": "ann", "password": "s3cret", "domain": {"name": "IAMDomain"}}
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    token = client.post(LOGIN, json=login).headers["X-Subject-Token"]
    app = {"appKey": "my-app-key", "encryption": "0a" * 32, "timestamp": NOW}
    answer = client.post("/apim-token-service/v2.0/token/get", json=app)
    text = json.dumps(journal(client))
    assert answer.json is not None
    for secret in (token, answer.json["data"]["accessToken"], "s3cret", "my-app-key", "0a0a"):
        assert secret not in text


def test_the_journal_is_the_process_s(server: Server) -> None:
    """Over a socket, the journal has what came over sockets, in order."""
    server.reset()
    for number in range(3):
        requests.get(f"{server.url}/nowhere/{number}", timeout=10)
    assert [exchange["request"]["path"] for exchange in server.journal()] == [f"/nowhere/{number}" for number in range(3)]
    assert [exchange["number"] for exchange in server.journal(2)] == [2, 3]
    times = [exchange["time"] for exchange in server.journal()]
    assert all(before <= after for before, after in pairwise(times))


# openapi.json


@pytest.fixture(scope="module")
def merged(shipped: Definitions) -> Json:
    answer = create_app(mock=Mock(definitions=shipped)).test_client().get("/_mock/openapi.json")
    document: Json = documented("/_mock/openapi.json", "GET", answer)
    return document


@pytest.mark.exhaustive
def test_the_merged_document_is_valid(merged: Json) -> None:
    """All operations as one document are OpenAPI 3.1, with no reference out of it."""
    assert list(OpenAPIV31SpecValidator(merged).iter_errors()) == []
    references = set(_references(merged))
    assert references
    assert all(reference.startswith("#/components/") for reference in references)


def _references(node: Any) -> list[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = [node["$ref"]] if isinstance(node, dict) and isinstance(node.get("$ref"), str) else []
    return own + [reference for child in children for reference in _references(child)]


def test_the_merged_document_has_all_operations(merged: Json, shipped: Definitions) -> None:
    """Every operation is in the merged document, at its path and method, and none else; nor are the control API's."""
    matches = {
        (operation["operationId"], method.upper(), path.partition("?")[0])  # several may differ in the query alone
        for path, item in merged["paths"].items()
        for method, operation in item.items()
    }
    assert matches == {(operation.id, operation.method, operation.path) for operation in shipped.operations}


def test_the_merged_document_s_examples_are_good(merged: Json, shipped: Definitions) -> None:
    """Each required parameter has an example that its own schema takes, and the server is where it was asked."""
    assert merged["servers"] == [{"url": "http://localhost", "x-added": ["url"]}]
    for item in merged["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if "example" in parameter:
                    judge = Draft202012Validator({**parameter["schema"], "components": merged["components"]})
                    assert list(judge.iter_errors(parameter["example"])) == [], parameter["name"]
                else:
                    assert "$ref" in parameter or not parameter.get("required"), parameter["name"]


def test_the_merged_document_says_what_the_documents_say(merged: Json, shipped: Definitions) -> None:
    """A schema of the merged document judges like the service's own: errors of each operation are valid against it."""
    operations = {one["operationId"]: one for item in merged["paths"].values() for one in item.values()}
    for operation in shipped.operations:
        responses = operations[operation.id]["responses"]
        assert {int(status) for status in responses} == set(operation.responses)
        for example in operation.examples.values():
            for status in example.statuses:
                response = responses[str(status)]
                while "$ref" in response:
                    response = merged["components"]["responses"][response["$ref"].rpartition("/")[2].replace("~1", "/")]
                schema = {**response["content"]["application/json"]["schema"], "components": merged["components"]}
                assert list(Draft202012Validator(schema).iter_errors(example.value)) == []


def test_the_merged_document_has_the_catalogues(merged: Json, shipped: Definitions) -> None:
    """Sources, switches and contradictions are in the merged document, by service."""
    switches = {name for catalogue in merged["x-switches"].values() for name in catalogue}
    assert switches == set(shipped.switches)
    assert set(merged["x-contradictions"]) <= set(shipped.services)
    assert merged["info"]["version"] == mockserver.__version__
    assert bundle(shipped.documents, mockserver.__version__, "http://localhost") == merged


def test_documents_keep_the_order_they_are_written_in(client: FlaskClient) -> None:
    """The control document comes as it stands in its file."""
    answer = client.get("/_mock/control.json")
    assert json.dumps(json.loads(answer.data)) == json.dumps(CONTROL)


# What there is not


UNKNOWN = [
    *("/_mock", "/_mock/", "/_mock/nowhere", "/_mock/health/", "/_mock//health", "/_mock/journal/1"),
    *("/_mock/%FF", "/_mock/../v3", "/_mock/a%0Ab", "/_mock/%00"),
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_paths(path: str, method: str, client: FlaskClient) -> None:
    """A path that is not part of the control API gets 404 by RFC 9457, with all that are."""
    answer = client.open(path, method=method)
    body = problem(answer)
    assert (answer.status_code, body["title"]) == (404, "Not found")
    assert all(known in body["detail"] for known in CONTROL["paths"])


@pytest.mark.parametrize("path", dict.fromkeys(path for _, path in ROUTES))
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_wrong_methods(method: str, path: str, client: FlaskClient) -> None:
    """A method that a path doesn't have gets 405 by RFC 9457, with those that it has."""
    answer = client.open(path, method=method)
    if (method, path) in ROUTES:
        assert answer.status_code != 405
        return
    known = {known for known, place in ROUTES if place == path}
    allowed = ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert problem(answer)["detail"] == f"{method} {path}; allowed: {allowed}"


@pytest.mark.parametrize("path", ["/_mockery", "/_MOCK/health", "//_mock/health", "/x/_mock/health", "/%5Fmock/health"])
def test_neighbours_of_the_control_api(path: str, server: Server) -> None:
    """What only looks like the control API is a request like any other; an escaped letter is the letter."""
    with requests.Session() as session:
        request = requests.Request("GET", server.url).prepare()
        request.url = server.url + path
        answer = session.send(request, timeout=10)
    assert answer.status_code == (200 if path.startswith("/%5F") else 404)
    if answer.status_code == 404:
        assert answer.json()["title"] == "Not Found"


def test_the_mock_s_own_failure_is_reported(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the control API fail, it says so by RFC 9457, and the log has why."""

    def fail() -> int:
        raise RuntimeError("the clock is broken")

    monkeypatch.setattr(app.config["MOCK"].clock, "now", fail)
    answer = app.test_client().get("/_mock/health")
    assert (answer.status_code, problem(answer)["title"]) == (500, "Internal error")
