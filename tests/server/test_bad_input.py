"""Requests that are wrong in every way we could think of: each gets a documented error, through every door."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from http.client import HTTPResponse
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sdk_clients import Server
from werkzeug.serving import WSGIRequestHandler, make_server

from mockserver.app import create_app
from mockserver.definitions import Definitions, Operation, load
from mockserver.jobs.clock import utc
from mockserver.journal import JournalEntry
from mockserver.mock import Mock, switches_from
from mockserver.model import Request
from mockserver.settings import Settings

PROJECT = "1551c7f6c808414d8e9f3c514a170f2e"
CLUSTER = "6ec9a0a4-76be-4262-8697-e7af1fac7920"
TOKEN = {"X-Auth-Token": "a-token-of-any-form"}
ENOS = {"apim-accesstoken": "a-token-of-any-form"}
USER: dict[str, Any] = {"name": "ann", "password": "s3cret", "domain": {"name": "IAMDomain"}}
PASSWORD: dict[str, Any] = {"auth": {"identity": {"methods": ["password"], "password": {"user": USER}}}}
LOGIN: dict[str, Any] = {"auth": {**PASSWORD["auth"], "scope": {"project": {"name": "cn-north-4"}}}}
APP: dict[str, Any] = {"appKey": "app", "encryption": "0" * 64, "timestamp": 1_700_000_000_000}


@dataclass(frozen=True)
class Ask:
    """A request as it stands on the wire."""

    method: str
    target: bytes
    headers: Mapping[str, str]
    body: bytes = b""

    def on_the_wire(self, *more: bytes) -> bytes:
        lines = [f"{name}: {value}".encode("latin-1") for name, value in self.headers.items()]
        length = [b"Content-Length: %d" % len(self.body)] if self.body else []
        head = [self.method.encode() + b" " + self.target + b" HTTP/1.1", b"Host: mock", b"Connection: close"]
        return b"\r\n".join([*head, *lines, *length, *more, b"", self.body])

    def changed(self, old: str, new: str | bytes) -> Ask:
        assert old.encode() in self.target
        return replace(self, target=self.target.replace(old.encode(), new.encode() if isinstance(new, str) else new))

    def asking(self, query: str | bytes) -> Ask:
        """With more at the end of the query."""
        sign = b"&" if b"?" in self.target else b"?"
        return replace(self, target=self.target + sign + (query.encode() if isinstance(query, str) else query))

    def saying(self, **headers: str) -> Ask:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})

    def sending(self, body: bytes | Any) -> Ask:
        return replace(self, body=body if isinstance(body, bytes) else json.dumps(body).encode())


@dataclass(frozen=True)
class Reply:
    """An answer as it came off the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


Door = Callable[[Ask], Reply]

CDM = Ask("GET", f"/v1.1/{PROJECT}/clusters/{CLUSTER}/cdm/job/load/status".encode(), TOKEN)
TAURUS = Ask("GET", f"/v3/{PROJECT}/jobs?id=f9959f52-aa4d-43f7-be74-44b6fc20b239".encode(), TOKEN)
TICS = Ask("GET", f"/v1/{PROJECT}/leagues/league1/job-instances?limit=3&offset=0".encode(), TOKEN)
DATAARTS = Ask(
    "GET",
    f"/v1/{PROJECT}/datamap/node/937987/instances?job_name=n&start_time=0&end_time=1.5&offset=0&limit=3".encode(),
    {**TOKEN, "instance": "b88c445407b24283aa949f9833a38fd8"},
)
INSTANCE = Ask(
    "GET", b"/batch-processing-service/v2.1/taskInstances?taskInstId=1-2021020211&userId=u&orgId=o&action=get", ENOS
)
PROJECTS = Ask("GET", b"/v3/projects?name=cn-north-4", TOKEN)
LOGGING_IN = Ask("POST", b"/v3/auth/tokens", {"Content-Type": "application/json"}).sending(LOGIN)
GET_TOKEN = Ask("POST", b"/apim-token-service/v2.0/token/get", {"Content-Type": "application/json"}).sending(APP)
REFRESH = Ask("POST", b"/apim-token-service/v2.0/token/refresh", {"Content-Type": "application/json"}).sending(
    {**APP, "accessToken": "a-token-of-any-form"}
)
GOOD: Mapping[str, Ask] = {
    "ShowJobStatus": CDM,
    "ShowGaussMySqlJobInfo": TAURUS,
    "ListInstanceHistory": TICS,
    "ShowInstanceInfos": DATAARTS,
    "GetTaskInstance": INSTANCE,
    "KeystoneListProjects": PROJECTS,
    "KeystoneCreateUserTokenByPassword": LOGGING_IN,
    "GetAccessToken": GET_TOKEN,
    "RefreshAccessToken": REFRESH,
}
OPERATION_OF = {id(ask): name for name, ask in GOOD.items()}

DEFINITIONS = load()
DEFAULTS = switches_from(DEFINITIONS, {})


def operation_of(ask: Ask) -> Operation:
    return DEFINITIONS.operation(OPERATION_OF[id(ask)])


# The doors


class Quiet(WSGIRequestHandler):
    """Werkzeug's development server without its log."""

    def log(self, *_line: Any) -> None:
        """Say nothing."""


def talk(port: int, data: bytes, half_close: bool = False) -> bytes:
    """All that a server says to these bytes until it hangs up."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection, suppress(ConnectionError):
        connection.sendall(data)
        if half_close:
            with suppress(OSError):  # it has hung up already
                connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65_536):
            said += piece
    return said


class _Said:
    """What http.client needs of a socket, to read an answer from bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> IO[bytes]:
        return BytesIO(self._data)


def parsed(data: bytes, method: str) -> Reply:
    answer = HTTPResponse(_Said(data), method=method)  # type: ignore[arg-type]
    answer.begin()
    return Reply(answer.status, tuple(answer.getheaders()), answer.read())


def by_socket(port: int) -> Door:
    return lambda ask: parsed(talk(port, ask.on_the_wire()), ask.method)


@cache
def mock() -> Mock:
    return Mock(Settings(unknown_query="reject"), definitions=DEFINITIONS)


@cache
def app() -> Flask:
    return create_app(mock=mock())


def by_mock(ask: Ask) -> Reply:
    path, _, query = ask.target.partition(b"?")
    headers = {name.lower(): value for name, value in ask.headers.items()}
    text = unquote_to_bytes(path).decode("utf-8", "surrogateescape")
    answer = mock().handle(Request(ask.method, text, query.decode("latin-1"), headers, ask.body))
    return Reply(answer.status, answer.headers, b"" if ask.method == "HEAD" else answer.body)


def by_flask(ask: Ask) -> Reply:
    path, _, query = ask.target.partition(b"?")
    environ = {"PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query.decode("latin-1")}
    answer = app().test_client().open(method=ask.method, headers=dict(ask.headers), data=ask.body, environ_overrides=environ)
    return Reply(answer.status_code, tuple(answer.headers), answer.data)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that refuses what it doesn't know."""
    with Server("--auth", "presence", "--unknown-query", "reject") as server:
        yield server


@pytest.fixture(scope="module")
def werkzeug_port() -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app(), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


DOORS = ("socket", "werkzeug", "flask", "mock")


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """A way in; over sockets, also: the server wrote no traceback, and still answers."""
    name: str = getattr(request, "param", "socket")
    if name == "socket":
        server: Server = request.getfixturevalue("server")
        yield by_socket(server.port)
        assert "Traceback" not in server.stderr
        assert by_socket(server.port)(CDM).status == 200
    elif name == "werkzeug":
        yield by_socket(request.getfixturevalue("werkzeug_port"))
    else:
        yield by_flask if name == "flask" else by_mock


every_door = pytest.mark.parametrize("door", DOORS, indirect=True)
mostly_two_doors = pytest.mark.parametrize(
    "door",
    ["socket", "mock", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("werkzeug", "flask"))],
    indirect=True,
)


# What is expected of an answer


def code_in(body: Any) -> set[str]:
    """Every value that could be the error's code: vendors name the member differently."""
    flat = {**body, **body.get("error", {})} if isinstance(body.get("error"), dict) else body
    return {str(value) for value in flat.values()}


def assert_tidy(reply: Reply) -> None:
    """Headers of one line, each once, a Content-Length that is right."""
    names = [name.lower() for name, _ in reply.headers]
    if reply.header("Server").startswith("Werkzeug"):  # it sends a Date of its own, whether there is one or not
        names.remove("date")
    assert len(names) == len(set(names)), names
    assert not any(sign in name + value for name, value in reply.headers for sign in "\r\n\0")
    problem = reply.header("X-Mock-Problem")
    assert problem.isascii() and problem.isprintable() and len(problem) <= 500


def assert_documented(reply: Reply, operation: Operation, kind: str) -> None:
    """The answer is the one that the operation documents for this kind of problem, in the vendor's form."""
    example = operation.problems[kind]
    assert reply.status == example.status(DEFAULTS), reply
    assert_tidy(reply)
    body = json.loads(reply.body)
    assert list(operation.responses[reply.status](body)) == []
    assert example.error and example.error["code"] in code_in(body)
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Content-Length") == str(len(reply.body))
    assert reply.header("X-Mock-Problem")


@every_door
@pytest.mark.parametrize("name", GOOD)
def test_the_requests_that_the_tests_spoil_are_good(name: str, door: Door) -> None:
    """What is wrong with the requests of this file is what the tests do to them, and nothing else."""
    reply = door(GOOD[name])
    errors = {"RefreshAccessToken": "token-invalid"}
    if name in errors:
        assert_documented(reply, DEFINITIONS.operation(name), errors[name])
    else:
        assert reply.status in (200, 201), reply
        assert reply.header("X-Mock-Problem") == ""


# Queries

QUERY_CASES = [
    *[pytest.param(ask, "parameter-unknown", ask.asking("nonsense=1"), id=f"unknown-{name}") for name, ask in GOOD.items()],
    *[
        pytest.param(ask, "parameter-unknown", ask.asking(f"{pair}"), id=f"doubled-{pair.partition('=')[0]}-{name}")
        for name, ask in GOOD.items()
        for pair in ask.target.decode().partition("?")[2].split("&")
        if pair
    ],
    pytest.param(CDM, "parameter-unknown", CDM.asking("=1"), id="nameless"),
    pytest.param(TAURUS, "parameter-unknown", TAURUS.asking("%00=1"), id="name-of-nul"),
    pytest.param(TAURUS, "parameter-unknown", TAURUS.asking("x" * 5_000 + "=1"), id="name-of-5000"),
    pytest.param(TAURUS, "parameter-unknown", TAURUS.asking("é=ü".encode()), id="raw-utf-8"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=abc"), id="integer-abc"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit="), id="integer-empty"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=3.0"), id="integer-3.0"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=1e1"), id="integer-1e1"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=0x3"), id="integer-hex"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=1_0"), id="integer-1_0"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=%203"), id="integer-blank"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=%EF%BC%93"), id="integer-full-width"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=-1"), id="integer-too-small"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=101"), id="integer-too-large"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=" + "9" * 5_000), id="integer-of-5000-digits"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("offset=0", "offset=2147483648"), id="integer-int32"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit=null"), id="integer-null"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("limit=3", "limit[]=3&limit=[3]"), id="integer-array"),
    pytest.param(DATAARTS, "parameter-invalid", DATAARTS.changed("end_time=1.5", "end_time=NaN"), id="number-nan"),
    pytest.param(DATAARTS, "parameter-invalid", DATAARTS.changed("end_time=1.5", "end_time=inf"), id="number-inf"),
    pytest.param(DATAARTS, "parameter-invalid", DATAARTS.changed("end_time=1.5", "end_time=today"), id="number-text"),
    pytest.param(DATAARTS, "parameter-invalid", DATAARTS.changed("end_time=1.5", "end_time=1.5.1"), id="number-dots"),
    pytest.param(DATAARTS, "parameter-invalid", DATAARTS.changed("start_time=0", "start_time=2"), id="number-order"),
    pytest.param(PROJECTS, "parameter-invalid", PROJECTS.asking("enabled=maybe"), id="boolean-maybe"),
    pytest.param(PROJECTS, "parameter-invalid", PROJECTS.asking("enabled=1"), id="boolean-1"),
    pytest.param(PROJECTS, "parameter-invalid", PROJECTS.asking("page=0"), id="page-0"),
    pytest.param(INSTANCE, "parameter-invalid", INSTANCE.changed("action=get", "action=put"), id="enum"),
    pytest.param(INSTANCE, "parameter-missing", INSTANCE.changed("&action=get", ""), id="missing"),
    pytest.param(TAURUS, "request-malformed", TAURUS.asking("a=%FF"), id="not-utf-8"),
    pytest.param(TAURUS, "request-malformed", TAURUS.asking("a=%C3%28"), id="cut-utf-8"),
    pytest.param(TAURUS, "request-malformed", TAURUS.asking("a=%ED%A0%80"), id="surrogate"),
    pytest.param(TAURUS, "request-malformed", TAURUS.asking("a=%"), id="lone-percent"),
    pytest.param(TAURUS, "request-malformed", TAURUS.asking("a=%4"), id="half-escape"),
    pytest.param(TAURUS, "request-malformed", TAURUS.asking("a=%zz"), id="no-hex"),
    pytest.param(GET_TOKEN, "request-malformed", GET_TOKEN.asking("a=%zz"), id="no-hex-enos"),
    pytest.param(CDM, "uri-too-long", CDM.asking("a=" + "x" * 33_000), id="33-kb"),
    pytest.param(INSTANCE, "uri-too-long", INSTANCE.asking("a=" + "x" * 33_000), id="33-kb-enos"),
]


@mostly_two_doors
@pytest.mark.parametrize(("good", "kind", "ask"), QUERY_CASES)
def test_wrong_queries(good: Ask, kind: str, ask: Ask, door: Door) -> None:
    """A query that is not documented, not typed as documented, or no text gets the documented error."""
    assert_documented(door(ask), operation_of(good), kind)


# Paths

PATH_CASES = [
    pytest.param(CDM, "parameter-invalid", CDM.changed(PROJECT, "x" * 10_000), id="project-of-10000"),
    pytest.param(TICS, "parameter-invalid", TICS.changed(PROJECT, "x" * 33), id="project-of-33"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("league1", "x" * 33), id="league-of-33"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("league1", "l%C3%A9ague"), id="league-not-ascii"),
    pytest.param(TICS, "parameter-invalid", TICS.changed("league1", "league1%0A"), id="league-newline"),
    pytest.param(TAURUS, "parameter-invalid", TAURUS.changed("id=", "id=" + "x" * 10_000), id="job-of-10000"),
    pytest.param(INSTANCE, "parameter-invalid", INSTANCE.changed("1-2021020211", "x" * 10_000), id="instance-of-10000"),
    pytest.param(INSTANCE, "parameter-invalid", INSTANCE.changed("1-2021020211", "a%00b"), id="instance-nul"),
    pytest.param(DATAARTS, "parameter-invalid", DATAARTS.changed("937987", "x" * 10_000), id="task-of-10000"),
    *[
        pytest.param(CDM, "parameter-invalid", CDM.changed("load", f"lo{code}ad"), id=f"control-{code[1:]}")
        for code in ("%00", "%01", "%08", "%09", "%0A", "%0D%0AX-Injected:%201", "%1B", "%1F", "%7F")
    ],
    pytest.param(CDM, "parameter-invalid", CDM.changed("load", "load%0A"), id="newline-at-the-end"),
    pytest.param(CDM, "no-route", CDM.changed("load", ""), id="empty-segment"),
    pytest.param(CDM, "no-route", CDM.changed("/status", "/status/"), id="slash-at-the-end"),
    pytest.param(CDM, "no-route", CDM.changed("/status", "/state"), id="last-segment"),
    pytest.param(INSTANCE, "no-route", INSTANCE.changed("/v2.1", "/v2.2"), id="version"),
    pytest.param(CDM, "uri-too-long", CDM.changed("load", "x" * 33_000), id="33-kb"),
]


@every_door
@pytest.mark.parametrize(("good", "kind", "ask"), PATH_CASES)
def test_wrong_paths(good: Ask, kind: str, ask: Ask, door: Door) -> None:
    """An id that is too long or not allowed, or a path that no operation has, gets the documented error."""
    assert_documented(door(ask), operation_of(good), kind)


@pytest.mark.parametrize("name", ["lo%2Fad", "%2E%2E%2F"])
@pytest.mark.parametrize(("door", "kind"), [("socket", "parameter-invalid"), ("werkzeug", "no-route")], indirect=["door"])
def test_slashes_within_an_id(name: str, kind: str, door: Door) -> None:
    """On our own socket a slash that was sent as `%2F` is part of the id; WSGI can't tell it from any other."""
    assert_documented(door(CDM.changed("load", name)), operation_of(CDM), kind)


@pytest.mark.parametrize("door", ["socket", "flask", "mock"], indirect=True)  # werkzeug's server replaces the bytes
@pytest.mark.parametrize("name", ["%FF", "%C3", "%ED%A0%80", "%F5%80%80%80", "lo%80ad"])
@pytest.mark.parametrize(("good", "part"), [(CDM, "load"), (INSTANCE, "taskInstances"), (PROJECTS, "projects")])
def test_paths_that_are_not_utf_8(good: Ask, part: str, name: str, door: Door) -> None:
    """Encoded bytes that are no UTF-8 are a malformed request, in the form of the vendor at whose path they stand."""
    assert_documented(door(good.changed(part, name)), operation_of(good), "request-malformed")


@every_door
def test_a_percent_sign_in_a_path_is_itself(door: Door) -> None:
    """WSGI servers decode paths, so that a lone percent sign can't be told from an encoded one: it is part of the name."""
    reply = door(CDM.changed("load", "100%"))
    assert (reply.status, json.loads(reply.body)["submissions"][0]["job-name"]) == (200, "100%")


@every_door
@pytest.mark.parametrize("path", [b"/", b"/nowhere", b"//", b"/%00", b"/favicon.ico", b"/V3/projects"])
def test_paths_of_nobody(path: bytes, door: Door) -> None:
    """At a path that no vendor owns, the mock speaks for itself, by RFC 9457."""
    reply = door(Ask("GET", path, {}))
    assert_tidy(reply)
    assert (reply.status, reply.header("Content-Type")) == (404, "application/problem+json")
    assert json.loads(reply.body) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": reply.header("X-Mock-Problem"),
    }


# Methods


@every_door
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE", "FOO-BAR"])
@pytest.mark.parametrize("good", [CDM, INSTANCE], ids=["huaweicloud", "enos"])
def test_wrong_methods(good: Ask, method: str, door: Door) -> None:
    """A method that the path doesn't have gets the vendor's error; of HEAD, only its headers."""
    reply = door(replace(good, method=method))
    example = operation_of(good).problems["wrong-method"]
    assert reply.status == example.status(DEFAULTS)
    assert reply.header("X-Mock-Problem") == f"{method} is not documented here, only GET"
    assert reply.header("Allow") == ("GET" if reply.status == 405 else "")
    if method == "HEAD":
        assert (reply.body, int(reply.header("Content-Length")) > 0) == (b"", True)
    else:
        assert_documented(reply, operation_of(good), "wrong-method")


@pytest.mark.parametrize("door", ["socket", "werkzeug", "mock"], indirect=True)  # Flask's client writes capitals
def test_methods_in_lower_case(door: Door) -> None:
    """A method's name is what it is, letter by letter: `get` is another one than `GET`."""
    assert_documented(door(replace(CDM, method="get")), operation_of(CDM), "wrong-method")


# Headers


@every_door
@pytest.mark.parametrize("size", [33_000, 64_000])
@pytest.mark.parametrize("good", [CDM, INSTANCE], ids=["huaweicloud", "enos"])
def test_headers_that_are_too_large(good: Ask, size: int, door: Door) -> None:
    """Headers of more than 32 KB get the gateway's error."""
    assert_documented(door(good.saying(X_Filler="x" * size)), operation_of(good), "header-too-large")


HEADER_CASES = [
    pytest.param(CDM, "credential-malformed", CDM.saying(Authorization="Basic YTpi"), id="basic"),
    pytest.param(CDM, "credential-malformed", CDM.saying(Authorization="SDK-HMAC-SHA256 " + "x" * 9_000), id="long"),
    pytest.param(CDM, "token-invalid", CDM.saying(X_Auth_Token="MIIMOCK"), id="token-cut"),
    pytest.param(CDM, "token-invalid", CDM.saying(X_Auth_Token="MIIMOCKbm9uc2Vuc2U-" + "0" * 32), id="token-forged"),
    pytest.param(INSTANCE, "token-invalid", INSTANCE.saying(apim_accesstoken="MIIMOCKx-0"), id="token-forged-enos"),
    pytest.param(DATAARTS, "parameter-invalid", DATAARTS.saying(instance="x" * 10_000), id="instance-of-10000"),
    pytest.param(TAURUS, "parameter-invalid", TAURUS.saying(X_Language="klingon"), id="language"),
]


@every_door
@pytest.mark.parametrize(("good", "kind", "ask"), HEADER_CASES)
def test_wrong_headers(good: Ask, kind: str, ask: Ask, door: Door) -> None:
    """A header that is not in its documented form gets the documented error."""
    assert_documented(door(ask), operation_of(good), kind)


@every_door
@pytest.mark.parametrize("value", ["code=999", "code=0", "code=99999999999", "example=none", "dynamic=2", "code=418"])
def test_wrong_preferences(value: str, door: Door) -> None:
    """A `Prefer` header that asks for what isn't documented is answered by the mock itself, by RFC 9457."""
    reply = door(CDM.saying(Prefer=value))
    assert_tidy(reply)
    assert (reply.status in (400, 404), reply.header("Content-Type")) == (True, "application/problem+json")
    assert json.loads(reply.body)["title"] == "Unknown preference"


@every_door
@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        ("credential-malformed", CDM.saying(Authorization="\xff\xfe")),
        ("token-invalid", CDM.saying(X_Auth_Token="t\xf6ken")),
    ],
    ids=["authorization", "token"],
)
def test_credentials_that_are_not_ascii(kind: str, ask: Ask, door: Door) -> None:
    """A credential of other characters than ASCII is malformed."""
    assert_documented(door(ask), operation_of(CDM), kind)


def test_headers_that_are_not_ascii_arrive(door: Door) -> None:
    """Their bytes are latin-1: one that nobody reads does no harm, one that somebody reads is read."""
    assert door(CDM.saying(X_Filler="\xff")).status == 200
    assert json.loads(door(CDM.saying(Prefer="code=\xff")).body)["title"] == "Unknown preference"


# Bodies


@every_door
def test_a_body_on_get_is_left_alone(door: Door) -> None:
    """A GET with a body that nobody asked for is served."""
    assert door(CDM.sending(b"\x00\xffnonsense" * 100)).status == 200


BOMBS = {
    "empty-text": b'""',
    "null": b"null",
    "array": b"[]",
    "number": b"1",
    "text": b"\xe9",
    "nothing-but-blanks": b"   ",
    "cut": b'{"auth": {',
    "two-values": b"{}{}",
    "trailing-comma": b'{"auth": {},}',
    "comment": b"{} // a comment",
    "single-quotes": b"{'auth': 1}",
    "form": b"auth=1&user=2",
    "utf-16": '{"auth": 1}'.encode("utf-16"),
    "nul": b"\x00" * 100,
    "gzip": b"\x1f\x8b\x08\x00",
    "deep-array": b"[" * 100_000,
    "deep-array-closed": b"[" * 100_000 + b"]" * 100_000,
    "deep-object": b'{"auth":' * 100_000 + b"1" + b"}" * 100_000,
    "huge-integer": b'{"auth": ' + b"9" * 100_000 + b"}",
    "huge-exponent": b'{"auth": 1e999999}',
    "nan": b'{"auth": NaN}',
    "infinity": b'{"auth": -Infinity}',
    "wide-object": json.dumps({f"k{n}": n for n in range(50_000)}).encode(),
    "million-of-quotes": b'"' * 1_000_001,
    "unclosed-secret": b'{"password": "' + b"x" * 1_000_000,
    "unclosed-escapes": b'{"password": "' + b"\\x" * 500_000,
}


@pytest.mark.parametrize("door", ["socket", "mock"], indirect=True)
@pytest.mark.parametrize("good", [LOGGING_IN, GET_TOKEN, REFRESH], ids=["login", "get-token", "refresh"])
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_bodies_that_are_not_as_documented(good: Ask, body: bytes, door: Door) -> None:
    """A body that is not JSON, or not the documented object, or made to hurt, gets the documented error."""
    assert_documented(door(good.sending(body)), operation_of(good), "body-invalid")


@every_door
@pytest.mark.parametrize("good", [LOGGING_IN, GET_TOKEN, REFRESH], ids=["login", "get-token", "refresh"])
def test_bodies_that_are_missing(good: Ask, door: Door) -> None:
    """No body, where one is needed, gets the documented error."""
    operation = operation_of(good)
    kind = "body-missing" if "body-missing" in operation.problems else "body-invalid"
    assert_documented(door(good.sending(b"")), operation, kind)


def members(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all members, the body itself included."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from members(child, (*path, key))


def with_member(value: Any, path: tuple[str | int, ...], member: Any) -> Any:
    if not path:
        return member
    if isinstance(value, list):
        return [with_member(child, path[1:], member) if index == path[0] else child for index, child in enumerate(value)]
    return {**value, path[0]: with_member(value[path[0]], path[1:], member)}


BODIES: Mapping[str, tuple[Ask, Any]] = {
    "login": (LOGGING_IN, LOGIN),
    "login-domain": (LOGGING_IN, {"auth": {**PASSWORD["auth"], "scope": {"domain": {"id": "d", "name": "n"}}}}),
    "login-project-id": (LOGGING_IN, {"auth": {**PASSWORD["auth"], "scope": {"project": {"id": PROJECT}}}}),
    "get-token": (GET_TOKEN, APP),
    "refresh": (REFRESH, {**APP, "accessToken": "a-token-of-any-form"}),
}
MEMBERS = [
    pytest.param(ask, body, path, id=f"{name}:/{'/'.join(map(str, path))}")
    for name, (ask, body) in BODIES.items()
    for path in members(body)
]
WRONG: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**400),
    *("", "x" * 100_000, "\ud800", "\x00\n"),
    *([], [None], {}, {"a": 1}),
)


@pytest.mark.parametrize("door", ["socket", "mock"], indirect=True)
@pytest.mark.parametrize(("good", "body", "path"), MEMBERS)
def test_members_of_wrong_types(good: Ask, body: Any, path: tuple[str | int, ...], door: Door) -> None:
    """Whatever a member of a body is replaced with, the answer is documented: an error wherever the schema says no."""
    operation = operation_of(good)
    assert operation.body_errors is not None
    for wrong in WRONG:
        spoilt = with_member(body, path, wrong)
        reply = door(good.sending(spoilt))
        if wrong == "\ud800" or any(operation.body_errors(spoilt)):
            assert_documented(reply, operation, "body-invalid")
        else:
            assert_tidy(reply)
            assert reply.status < 400
            assert list(operation.responses[reply.status](json.loads(reply.body))) == []
        assert len(str(reply.headers)) < 8_000


def test_a_member_sent_twice_counts_once(server: Server) -> None:
    """Of a member that a JSON object has twice, the last one counts, as JSON readers have it."""
    body = json.dumps(LOGIN).replace('"name": "ann"', '"name": 5, "name": "ann"').encode()
    assert by_socket(server.port)(LOGGING_IN.sending(body)).status == 201


# The protocol: what the server answers before the mock hears of it

LARGE = b"x" * 100_000
PROTOCOL = {
    "raw-ff-in-path": CDM.changed("load", b"\xff").on_the_wire(),
    "raw-ff-in-query": CDM.asking(b"a=\xff").on_the_wire(),
    "raw-nul-in-path": CDM.changed("load", b"a\0").on_the_wire(),
    "raw-blank-in-path": CDM.changed("load", b"a b").on_the_wire(),
    "query-of-1-mb": CDM.asking("a=" + "x" * 1_000_000).on_the_wire(),
    "header-of-1-mb": CDM.on_the_wire(b"X-Filler: " + b"x" * 1_000_000),
    "1000-headers": CDM.on_the_wire(*[b"X-Filler-%d: x" % n for n in range(1_000)]),
    "length-of-26-digits": CDM.on_the_wire(b"Content-Length: " + b"9" * 26),
    "length-of-5000-digits": CDM.on_the_wire(b"Content-Length: " + b"9" * 5_000),
    "length-abc": CDM.on_the_wire(b"Content-Length: abc"),
    "length-negative": CDM.on_the_wire(b"Content-Length: -5"),
    "length-twice": CDM.on_the_wire(b"Content-Length: 5", b"Content-Length: 6"),
    "header-without-colon": CDM.on_the_wire(b"nonsense"),
    "header-without-name": CDM.on_the_wire(b": nonsense"),
    "header-with-nul": CDM.on_the_wire(b"X-Filler: a\0b"),
    "header-with-control": CDM.on_the_wire(b"X-Filler: a\x01b"),
    "header-name-with-blank": CDM.on_the_wire(b"X Filler: a"),
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 100 + b"\r\n\r\n",
    "garbage-without-end": LARGE,
    "no-target": b"GET\r\n\r\n",
    "no-version": b"GET /\r\n\r\n",
    "version-9.9": b"GET / HTTP/9.9\r\n\r\n",
    "version-nonsense": b"GET / HTP/1.1\r\n\r\n",
    "empty-method": b" / HTTP/1.1\r\n\r\n",
    "nothing": b"",
    "blank-lines": b"\r\n" * 20,
    "http-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
}


@pytest.mark.parametrize("data", PROTOCOL.values(), ids=PROTOCOL)
def test_what_is_no_http(data: bytes, server: Server, door: Door) -> None:
    """What is no HTTP, or too much of it, gets an error of the protocol, or the connection is closed."""
    said = talk(server.port, data, half_close=True)
    if said.startswith(b"HTTP/"):
        assert said.split(b" ", 2)[1] in (b"400", b"404", b"414", b"431", b"505")
    else:
        assert data.startswith(b"PRI") or said == b""


@pytest.mark.parametrize("cut", [1, 10, 50, 150, 250])
@pytest.mark.parametrize("good", [CDM, LOGGING_IN], ids=["get", "post"])
def test_truncated_requests(good: Ask, cut: int, server: Server, door: Door) -> None:
    """A client that hangs up in the midst of a request gets nothing or an error, and nobody else notices."""
    said = talk(server.port, good.on_the_wire()[:-cut], half_close=True)
    assert said == b"" or said.split(b" ", 2)[1] == b"400"


def test_clients_that_say_nothing_more(server: Server, door: Door) -> None:
    """Clients that stop in the midst of a request and stay don't hold up others."""
    data = LOGGING_IN.on_the_wire()
    cuts = [data[:5], data[:40], data[:-5]] * 10
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in cuts]
    try:
        for connection, cut in zip(silent, cuts, strict=True):
            connection.sendall(cut)
        assert [door(CDM).status for _ in range(5)] == [200] * 5
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("door", ["socket", "werkzeug"], indirect=True)
@pytest.mark.parametrize("length", [12 * 2**20 + 1, 99_999_999_999])
def test_a_body_that_is_announced_too_large(length: int, server: Server, werkzeug_port: int, door: Door) -> None:
    """A body of more than 12 MB is refused by what Content-Length says, before it is read."""
    for port in (server.port, werkzeug_port):
        data = replace(LOGGING_IN, body=b"").on_the_wire(b"Content-Length: %d" % length)
        assert_documented(parsed(talk(port, data), "POST"), operation_of(LOGGING_IN), "body-too-large")


@pytest.mark.parametrize("length", [b"9" * 5_000, b"-5", b"abc", b"+5", b" ", b"0x10", "５".encode()])
def test_odd_content_lengths_through_wsgi(length: bytes) -> None:
    """A Content-Length that a laxer server lets through is a body too large, or none."""
    environ = {"CONTENT_LENGTH": length.decode("latin-1"), "PATH_INFO": "/v3/auth/tokens", "REQUEST_METHOD": "POST"}
    reply = app().test_client().open(environ_overrides=environ)
    assert reply.status_code == (413 if length.isdigit() else 400)


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def chunked_login(chunks: bytes) -> bytes:
    return replace(LOGGING_IN, body=b"").on_the_wire(b"Transfer-Encoding: chunked") + chunks


def test_chunked_bodies(server: Server, werkzeug_port: int) -> None:
    """A body in chunks is read like any other."""
    body = LOGGING_IN.body
    for port in (server.port, werkzeug_port):
        said = parsed(talk(port, chunked_login(chunked(body[:10], body[10:11], body[11:]))), "POST")
        assert (said.status, len(said.header("X-Subject-Token")) > 20) == (201, True)


def test_chunked_bodies_on_get(server: Server) -> None:
    """A GET with a body in chunks is served."""
    data = CDM.on_the_wire(b"Transfer-Encoding: chunked") + chunked(b"hello")
    assert parsed(talk(server.port, data), "GET").status == 200


def test_chunked_bodies_that_are_too_large(server: Server, door: Door) -> None:
    """A body in chunks is refused as soon as it has more than 12 MB."""
    pieces = chunked(*[b"x" * 2**20] * 12, b"x").removesuffix(b"0\r\n\r\n")  # and no end
    said = talk(server.port, chunked_login(pieces))
    assert_documented(parsed(said, "POST"), operation_of(LOGGING_IN), "body-too-large")


@pytest.mark.parametrize("chunks", [b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n", b"fffffffffffffffff\r\n", b"5\r\nhel"])
def test_broken_chunks(chunks: bytes, server: Server, door: Door) -> None:
    """Chunks that can't be read get an error or a closed connection."""
    said = talk(server.port, chunked_login(chunks), half_close=True)
    assert said == b"" or parsed(said, "POST").status == 400


def test_a_body_that_nobody_reads_is_no_request(server: Server) -> None:
    """A body of a GET, which the mock doesn't need, is not taken for the next request on the connection."""
    smuggled = b"GET /nowhere HTTP/1.1\r\nHost: mock\r\n\r\n"
    first = CDM.sending(smuggled).on_the_wire().replace(b"Connection: close\r\n", b"")
    said = talk(server.port, first + TAURUS.on_the_wire())
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert said.count(b"HTTP/1.1 ") == 2


# The control API

ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 1e308, 10**13, 10**400, -(10**400), float("inf"), float("nan")),
    *(
        "",
        "x",
        "-1s",
        "1e9s",
        "999999d",
        "0001-01-01T00:00:00Z",
        "2999-12-31T23:59:59Z",
        "9999-12-31",
        "\ud800",
        "x" * 9_000,
    ),
    *([], {}, [1], {"a": 1}, {"a": "b"}),
)
CONTROL_MEMBERS = [
    *[("PATCH", "/clock", {}, name) for name in ("set", "freeze", "speed", "tick", "advance", "clock")],
    *[("POST", "/namespaces", {"name": "n"}, name) for name in ("name", "seed", "time", "speed", "tick", "epoch", "apps")],
    *[("POST", "/jobs", {"service": "cdm"}, name) for name in ("service", "life", "age", "created", "facts", "count")],
    ("POST", "/jobs/1", {}, "action"),
]


def assert_control(reply: Reply) -> None:
    assert reply.status < 500, reply
    assert_tidy(reply)
    if reply.status >= 400:
        assert reply.header("Content-Type") == "application/problem+json"
        assert json.loads(reply.body)["status"] == reply.status


@pytest.mark.parametrize(
    "values", [pytest.param(ODD[::5], id="some"), pytest.param(ODD, id="all", marks=pytest.mark.exhaustive)]
)
@pytest.mark.parametrize(("method", "path", "body", "name"), CONTROL_MEMBERS)
def test_odd_members_in_the_control_api(
    method: str, path: str, body: dict[str, Any], name: str, values: tuple[Any, ...]
) -> None:
    """Whatever the control API is told, it answers by RFC 9457 or does it, and the vendors' calls are answered after it."""
    for odd in values:
        ours = Mock(Settings(auth="off"), definitions=DEFINITIONS)
        ours.job("cdm")
        client = create_app(mock=ours).test_client()
        told = client.open(f"/_mock{path}", method=method, data=json.dumps({**body, name: odd}))
        assert_control(Reply(told.status_code, tuple(told.headers), told.data))
        for headers in ({}, {"X-Mock-Namespace": "n"}):
            for ask in (CDM, TICS, TAURUS) * 2:
                answer = client.open(method=ask.method, path=ask.target.decode(), headers=headers)
                assert answer.status_code < 500, (odd, answer.headers.get("X-Mock-Problem"))


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize(("method", "path"), sorted({case[:2] for case in CONTROL_MEMBERS}))
def test_bodies_in_the_control_api_that_are_none(method: str, path: str, body: bytes) -> None:
    """A body that is not JSON, or made to hurt, gets a 4xx by RFC 9457."""
    told = app().test_client().open(f"/_mock{path}", method=method, data=body)
    assert 400 <= told.status_code < 500
    assert_control(Reply(told.status_code, tuple(told.headers), told.data))


@pytest.mark.parametrize("name", ["", "x" * 200, "a b", "a/b", "..", "\xff", "a\tb", "%00"])
def test_namespaces_that_are_none(name: str) -> None:
    """A namespace whose name is none gets a 4xx, or is the default one, for the vendors' calls and the control API."""
    for path in (CDM.target.decode(), "/_mock/health", "/_mock/journal"):
        answer = app().test_client().get(path, headers={**TOKEN, "X-Mock-Namespace": name})
        assert answer.status_code < 500
        assert answer.status_code == 200 or answer.content_type == "application/problem+json"


@pytest.mark.parametrize("time", [0, 1, 32_503_679_999_999])
def test_the_ends_of_time(time: int) -> None:
    """At the first and last moment that the clock can show, everything is answered."""
    ours = Mock(Settings(auth="off", tick=1.0), definitions=DEFINITIONS)
    ours.clock.freeze()
    ours.clock.set(utc(time))
    for ask in [*GOOD.values()] * 2:
        path, _, query = ask.target.decode().partition("?")
        answer = ours.handle(Request(ask.method, path, query, {"instance": "b88c445407b24283aa949f9833a38fd8"}, ask.body))
        assert answer.status < 400, answer


# Anything at all

texts = st.text(max_size=30) | st.text("%/?&=;\\\"'{}\r\n\0\x1f é中\ud800\udcff0aA-_.", max_size=30)
segments = texts | st.sampled_from([PROJECT, CLUSTER, "v1", "v1.1", "v3", "clusters", "jobs", "auth", "_mock", ""])
templates = st.sampled_from([operation.path for operation in DEFINITIONS.operations])
queries = st.lists(
    st.tuples(
        st.sampled_from(["id", "limit", "offset", "taskInstId", "userId", "orgId", "action", "name", "page"]) | texts,
        st.sampled_from(["0", "1", "get", "true", "%", "%FF", "%00"]) | texts,
    ).map("=".join),
    max_size=6,
).map("&".join)
names = st.sampled_from(
    [
        *("authorization", "x-auth-token", "apim-accesstoken", "prefer", "instance", "x-sdk-date", "content-type"),
        *("x-language", "x-mock-namespace"),
    ]
)
values = texts | st.sampled_from(
    [
        *("code=404", "code=400", "example=documented", "dynamic=true", "code=x;example=y"),
        *("MIIMOCKx-y", "20261121T080000Z", "SDK-HMAC-SHA256 Access=a, SignedHeaders=host;x-b, Signature=0a"),
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
json_values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
logins = st.tuples(st.sampled_from(list(members(LOGIN))), json_values).map(lambda found: with_member(LOGIN, *found))
applications = st.tuples(st.sampled_from(list(members(APP))), json_values).map(lambda found: with_member(APP, *found))
documents = (json_values | logins | applications).map(lambda value: json.dumps(value).encode())
bodies = documents | st.binary(max_size=50)


@st.composite
def paths(draw: st.DrawFn) -> str:
    parts = draw(templates).split("/") if draw(st.booleans()) else ["", *draw(st.lists(segments, max_size=5))]
    return "/".join(draw(segments) if part.startswith("{") else part for part in parts)


@st.composite
def spoilt(draw: st.DrawFn) -> Request:
    """A good request with one thing wrong."""
    ask = draw(st.sampled_from(list(GOOD.values())))
    path, _, query = ask.target.decode().partition("?")
    parts, pairs, headers = path.split("/"), query.split("&"), {name.lower(): text for name, text in ask.headers.items()}
    method, body = ask.method, ask.body
    match draw(st.sampled_from(["segment", "pair", "value", "header", "body", "method"])):
        case "segment":
            parts[draw(st.integers(1, len(parts) - 1))] = draw(segments)
        case "pair":
            pairs.insert(draw(st.integers(0, len(pairs))), draw(texts))
        case "value":
            place = draw(st.integers(0, len(pairs) - 1))
            pairs[place] = pairs[place].partition("=")[0] + "=" + draw(values)
        case "header":
            headers[draw(names)] = draw(values)
        case "body":
            body = draw(bodies)
        case _:
            method = draw(texts)
    return Request(method, "/".join(parts), "&".join(pair for pair in pairs if pair), headers, body)


requests = spoilt() | st.builds(
    Request,
    st.sampled_from(["GET", "GET", "POST", "POST", "HEAD", "PUT"]) | texts,
    paths(),
    queries | texts,
    st.dictionaries(names, values, max_size=4),
    bodies,
)


class Seen:
    """The exchanges that a mock had, as they come."""

    def __init__(self) -> None:
        self.last: JournalEntry | None = None

    def __call__(self, exchange: JournalEntry) -> None:
        self.last = exchange


@pytest.fixture(scope="module")
def watched() -> tuple[Mock, Seen, Definitions]:
    seen = Seen()
    return Mock(on_exchange=seen), seen, DEFINITIONS


def check_anything(watched: tuple[Mock, Seen, Definitions], request: Request) -> None:
    mock, seen, definitions = watched
    answer = mock.handle(request)
    assert answer.status < 500
    assert_tidy(Reply(answer.status, answer.headers, answer.body))
    body = json.loads(answer.body)
    assert seen.last is not None
    json.dumps(seen.last.as_json()).encode()
    if seen.last.operation and answer.header("Content-Type") == "application/json":
        assert list(definitions.operation(seen.last.operation).responses[answer.status](body)) == []


same_examples = settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@same_examples
@given(request=requests)
def test_anything_at_all(watched: tuple[Mock, Seen, Definitions], request: Request) -> None:
    """Whatever is asked, the mock answers with JSON, as documented where an operation was found, and never fails."""
    check_anything(watched, request)


@pytest.mark.exhaustive
@settings(same_examples, max_examples=1_500)
@given(request=requests)
def test_anything_at_all_many_times(watched: tuple[Mock, Seen, Definitions], request: Request) -> None:
    """The same with ten times as many requests."""
    check_anything(watched, request)
