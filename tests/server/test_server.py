"""The server process, from its first line to its end, and the app under other WSGI servers."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from sdk_clients import Server

from mockserver.app import create_app
from mockserver.journal import JournalEntry
from mockserver.mock import Mock
from mockserver.model import Request, Response, ServedFault
from mockserver.server.access_log import access_line
from mockserver.settings import Settings

JOB = "/v1.1/0605767a5780d5762fc5c0118072a564/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/{}/status"
INSTANCE = "/batch-processing-service/v2.1/taskInstances?taskInstId=1-2021020211&userId=u&orgId=o&action=get"
APIM = "/apim-token-service/v2.0/token/get"
TOKEN = {"X-Auth-Token": "a-token-of-any-form"}
READY = re.compile(r"mockserver ready on http://127\.0\.0\.1:([0-9]+)\n")
LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} \S+ \S+ [1-5]\d\d \d+\.\dms(  \S.*)?")

Start = Callable[..., Server]


def clean_environment(**more: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("MOCKSERVER_", "FLASK_"))} | more


@contextmanager
def process(folder: Path, *command: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process in a folder, its streams piped; killed where the test leaves it running."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`mockserver serve`, once it is ready, and its port."""
    with process(folder, "-m", "mockserver", "serve", "--port", "0", *options) as running:
        yield running, port_of(running)


def port_of(running: subprocess.Popen[str]) -> int:
    assert running.stdout is not None
    line = running.stdout.readline()
    match = READY.fullmatch(line)
    assert match, f"{line!r} is not the ready line"
    return int(match[1])


def ended(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit status and what is left on stdout and stderr."""
    out, err = running.communicate(timeout=60)
    return running.returncode, out, err


def ask(port: int, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """An answer: status, headers by lower-case name, body. No header comes twice."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, {**TOKEN, "apim-accesstoken": "any-token", **named})
        answer = connection.getresponse()
        pairs = [(name.lower(), value) for name, value in answer.getheaders()]
        assert len(pairs) == len(dict(pairs)), pairs
        return answer.status, dict(pairs), answer.read()
    finally:
        connection.close()


# Beginning and end


def test_the_ready_line_is_all_there_is_on_stdout(tmp_path: Path) -> None:
    """One line says where the server is, once it answers there, and nothing else comes on stdout until it has ended."""
    with serving(tmp_path) as (running, port):
        assert ask(port, "/_mock/health")[0] == 200
        assert ask(port, JOB.format("load"))[0] == 200
        running.terminate()
        status, out, err = ended(running)
    assert (status, out) == (0, "")
    assert [line.split()[1:3] for line in err.splitlines()] == [["GET", JOB.format("load")]]


@pytest.mark.exhaustive
def test_port_0_is_any_free_port(tmp_path: Path) -> None:
    """Two servers on port 0 get two ports, neither of them the default one."""
    with serving(tmp_path) as (_, one), serving(tmp_path) as (_, other):
        assert len({one, other, 0, Settings().port}) == 4
        assert [ask(port, "/_mock/health")[0] for port in (one, other)] == [200, 200]


@pytest.mark.parametrize("host", ["localhost", pytest.param("127.0.0.1", marks=pytest.mark.exhaustive)])
def test_a_host_may_be_a_name(host: str, tmp_path: Path) -> None:
    """The host is an address or a name; the ready line has it as it was given."""
    with process(tmp_path, "-m", "mockserver", "--host", host, "--port", "0") as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert line.startswith(f"mockserver ready on http://{host}:")
        assert ask(int(line.rpartition(":")[2]), "/_mock/health")[0] == 200


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("no-such-host.invalid", "can't listen on no-such-host.invalid:"),
        ("192.0.2.1", "can't listen on 192.0.2.1:"),
        ("", "--host is empty; allowed: an address or a host name"),
        ("x" * 100, "can't listen on xxx"),
    ],
    ids=["unknown", "not-ours", "empty", "no-name"],
)
def test_hosts_that_can_t_be_bound(host: str, said: str, tmp_path: Path) -> None:
    """A host that can't be listened on is said so, with exit status 2 and nothing on stdout."""
    with process(tmp_path, "-m", "mockserver", "--host", host, "--port", "0") as running:
        status, out, err = ended(running)
    assert (status, out, "Traceback" in err) == (2, "", False)
    assert err.splitlines()[-1].startswith(f"mockserver: {said}")


def assert_refuses_port(port: int, folder: Path) -> None:
    with process(folder, "-m", "mockserver", "serve", "--port", str(port)) as running:
        status, out, err = ended(running)
    assert (status, out) == (2, "")
    assert re.fullmatch(
        rf"mockserver: can't listen on 127\.0\.0\.1:{port}: .*in use.*; "
        r"stop what is there, or choose another --host or another --port \(0: any free one\)\n",
        err,
    )


def test_a_port_where_a_mockserver_is_already(server: Server, tmp_path: Path) -> None:
    """Of two servers on one port the second one ends with exit status 2 and says what can be done; the first one stays."""
    assert_refuses_port(server.port, tmp_path)
    assert ask(server.port, "/_mock/health")[0] == 200


@pytest.mark.exhaustive
def test_a_port_where_something_else_is(tmp_path: Path) -> None:
    """A port on which anything listens is refused, with exit status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert_refuses_port(taken.getsockname()[1], tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_server(number: signal.Signals, tmp_path: Path) -> None:
    """SIGINT and SIGTERM end the server with exit status 0, whether or not clients keep connections open."""
    with serving(tmp_path, "--no-access-log") as (running, port):
        kept = HTTPConnection("127.0.0.1", port, timeout=20)
        kept.request("GET", "/_mock/health")
        kept.getresponse().read()
        half = socket.create_connection(("127.0.0.1", port), timeout=20)
        half.sendall(b"POST /v3/auth/tokens HTTP/1.1\r\nHost: mock\r\nContent-Length: 50\r\n\r\n{")
        running.send_signal(number)
        assert ended(running) == (0, "", "")
        kept.close()
        half.close()


def until(happened: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def declare(port: int, **fault: Any) -> None:
    """Declare a fault of CDM over the control API."""
    body = json.dumps({"target": "cdm", **fault}).encode()
    assert ask(port, "/_mock/faults", "POST", body)[0] == 201


def served(port: int) -> int:
    """How many requests got the first fault."""
    return int(json.loads(ask(port, "/_mock/faults/1")[2])["served"])


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        pytest.param({"fault": "HANG"}, signal.SIGTERM, id="hang-15"),
        pytest.param({"delay": "1h"}, signal.SIGINT, id="delay-2", marks=pytest.mark.exhaustive),
        pytest.param({"fault": "HANG"}, signal.SIGINT, id="hang-2", marks=pytest.mark.exhaustive),
        pytest.param({"delay": "1h"}, signal.SIGTERM, id="delay-15", marks=pytest.mark.exhaustive),
    ],
)
def test_signals_end_the_server_with_requests_in_flight(
    number: signal.Signals, fault: dict[str, Any], tmp_path: Path
) -> None:
    """A request that isn't answered yet doesn't hold the server's end up."""
    with serving(tmp_path, "--no-access-log") as (running, port):
        declare(port, **fault)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as waiting:
            waiting.sendall(f"GET {JOB.format('slow')} HTTP/1.1\r\nHost: mock\r\nX-Auth-Token: t\r\n\r\n".encode())
            until(lambda: served(port) == 1)
            running.send_signal(number)
            status, out, err = ended(running)
            assert waiting.recv(1) == b""
    assert (status, out, err) == (0, "", "")


def test_slow_answers_hold_up_nobody(tmp_path: Path) -> None:
    """While 300 requests hang, others are answered, and the control API is; then faults are taken away."""
    with serving(tmp_path, "--no-access-log") as (_, port):
        declare(port, fault="HANG", job_name="slow")
        request = f"GET {JOB.format('slow')} HTTP/1.1\r\nHost: mock\r\nX-Auth-Token: t\r\n\r\n".encode()
        slow = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(300)]
        try:
            for connection in slow:
                connection.sendall(request)
            until(lambda: served(port) == 300)
            assert [ask(port, JOB.format("quick"))[0] for _ in range(20)] == [200] * 20
        finally:
            for connection in slow:
                connection.close()


def test_the_port_is_free_again_once_the_server_was_killed(tmp_path: Path) -> None:
    """Nothing of a server that is killed, so that it can't clean up, stays."""
    with serving(tmp_path) as (running, port):
        running.kill()
        running.wait()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


# Headers and connections

ANSWERS = [
    ("GET", JOB.format("load"), b"", 200, "huaweicloud"),
    ("HEAD", JOB.format("load"), b"", 404, "huaweicloud"),
    ("GET", JOB.format("mock-error-iam-unavailable"), b"", 503, "huaweicloud"),
    ("GET", "/v3/054e292c9880d4992f02c0196d3ea468/jobs", b"", 400, "huaweicloud"),
    ("GET", "/v3/nowhere", b"", 404, "huaweicloud"),
    ("POST", "/v3/auth/tokens", b"{}", 400, "huaweicloud"),
    ("GET", INSTANCE, b"", 200, "enos"),
    ("POST", INSTANCE, b"", 405, "enos"),
    ("POST", APIM, b"{}", 200, "enos"),
    ("GET", "/nowhere", b"", 404, ""),
    ("GET", "/_mock/health", b"", 200, ""),
    ("GET", "/_mock/journal?limit=x", b"", 400, ""),
    ("GET", "/_mock/nowhere", b"", 404, ""),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "vendor"), ANSWERS)
def test_headers_of_answers(method: str, path: str, body: bytes, status: int, vendor: str, server: Server) -> None:
    """Every answer says its type, its length and the time once; Huawei Cloud's also have a request id."""
    got, headers, said = ask(server.port, path, method, body)
    assert got == status
    assert headers["content-type"] in ("application/json", "application/problem+json")
    assert headers["content-type"].endswith("problem+json") == (status >= 400 and vendor == "")
    assert int(headers["content-length"]) == len(said) or (method == "HEAD" and said == b"")
    assert abs(parsedate_to_datetime(headers["date"]).timestamp() - time.time()) < 60
    assert headers["date"].endswith(" GMT")
    assert bool(re.fullmatch("[0-9a-f]{32}", headers.get("x-request-id", ""))) == (vendor == "huaweicloud")
    if method != "HEAD":
        body_id = json.loads(said).get("request_id")
        assert body_id in (None, headers.get("x-request-id"))


def test_connections_are_kept(server: Server) -> None:
    """Any number of requests can be sent on one connection, errors and bodies among them."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.connect()
    used = connection.sock
    for _ in range(3):
        for method, path, body, status, _ in ANSWERS:
            connection.request(method, path, body or None, {**TOKEN, "apim-accesstoken": "any-token"})
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, connection.sock) == (status, used)
    connection.close()


def test_http_1_0_is_answered_and_closed(server: Server) -> None:
    """A client of HTTP/1.0 gets its answer, of a server of HTTP/1.1 (RFC 9110, 6.2), and the connection is closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /_mock/health HTTP/1.0\r\n\r\n")
        said = b"".join(iter(lambda: connection.recv(4_096), b""))
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"status":"pass"' in said


# The access log


def test_the_access_log_has_a_line_for_each_exchange(start: Start) -> None:
    """Each exchange is one line on stderr, whatever is in its path; the control API's calls are none."""
    server = start()
    names = ("load", "a%0Ab%0D%0AGET%20/forged%20200", "%1B31m%E4%B8%AD")
    targets = [*map(JOB.format, names), "/nowhere?%0A"]
    for target in targets:
        ask(server.port, target)
    ask(server.port, "/v3/auth/tokens", "POST", b"{}")
    journal = server.journal()
    server.stop()
    lines = server.stderr.splitlines()
    assert len(lines) == len(journal) == 5
    assert all(LOG_LINE.fullmatch(line) and line.isascii() and line.isprintable() for line in lines)
    assert [line.split()[2] for line in lines[:4]] == targets
    assert [line.split()[3] for line in lines] == [str(exchange["response"]["status"]) for exchange in journal]
    assert " POST /v3/auth/tokens 400 " in lines[4]


def test_no_access_log(start: Start) -> None:
    """With --no-access-log, stderr stays empty."""
    server = start("--no-access-log")
    for target in (JOB.format("load"), "/nowhere"):
        ask(server.port, target)
    assert len(server.journal()) == 2
    server.stop()
    assert server.stderr == ""


def test_secrets_do_not_show(start: Start) -> None:
    """No token, password or signature is in the access log or the journal, wherever in the request it was sent."""
    server = start()
    secret = "s3cr3t/t0ken+value=="
    quoted = "s3cr3t%2Ft0ken%2Bvalue%3D%3D"
    signed = f"SDK-HMAC-SHA256 Access={secret}, SignedHeaders=host, Signature={'0a' * 32}"
    ask(server.port, JOB.format("load"), X_Auth_Token=secret)
    ask(server.port, JOB.format(quoted.replace("%2F", "")) + f"?x={quoted}", X_Auth_Token=secret)
    names = ("X-Auth-Token", "accessToken", "appSecret", "Signature")
    ask(server.port, JOB.format("load") + "?" + "&".join(f"{name}={quoted}" for name in names))
    ask(server.port, JOB.format("load"), Authorization=signed, X_Sdk_Date="20261121T080000Z")
    ask(server.port, JOB.format("load"), Authorization=f"Bearer {secret}")
    ask(server.port, INSTANCE, apim_accesstoken=secret, apim_signature=secret)
    user = {"name": "ann", "password": secret, "domain": {"name": "IAMDomain"}}
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    _, headers, _ = ask(server.port, "/v3/auth/tokens", "POST", json.dumps(login).encode())
    ask(server.port, "/v3/auth/tokens", "POST", json.dumps(login).encode()[:-12])
    app = {"appKey": "my-app-key", "encryption": "0a" * 32, "timestamp": 1}
    _, _, body = ask(server.port, APIM, "POST", json.dumps(app).encode())
    journal = json.dumps(server.journal())
    server.stop()
    given = [headers["x-subject-token"], json.loads(body)["data"]["accessToken"]]
    for place in (server.stderr, journal):
        for hidden in (secret, quoted, "0a" * 32, "my-app-key", *given):
            assert hidden not in place
    assert journal.count("[redacted]") >= 9


def test_the_access_log_is_made_of_the_journal_s_exchange() -> None:
    """A line has time, method, target, status, duration and, where there is one, the problem; long targets are cut."""
    request = Request("GET", "/" + "x" * 1_000, "a=1")
    line = access_line(JournalEntry(1, 0, 1_250, None, request, Response(404, (), b"", "nothing\nhere \u4e2d")))
    assert line == f"00:00:00.000 GET /{'x' * 499} 404 1.2ms  nothing\\x0ahere \\u4e2d"


def test_the_access_log_shows_no_secrets() -> None:
    """Whether somebody read the journal before or not: the line is the same, and has none of the request's secrets."""
    secret = "s3cretTokenOfAFriend"
    request = Request("GET", f"/v3/{secret}/jobs", f"token={secret}&id={secret}", {"x-auth-token": secret})
    entries = [
        JournalEntry(
            1, 1_234, 1_250, None, request, Response(400, (), b"{}", f"id is {secret}", None, ServedFault(3, "HANG"))
        )
        for _ in range(2)
    ]
    assert entries[1].request.path == "/v3/[redacted]/jobs"
    first, second = map(access_line, entries)
    assert first == second
    assert secret not in first
    assert first.startswith(
        "00:00:01.234 GET /v3/[redacted]/jobs?token=[redacted]&id=[redacted] 400 1.2ms  id is [redacted]"
    )
    assert first.endswith("  [fault 3: HANG]")


# Other WSGI servers


def wsgi_environ(method: str, target: str, body: bytes = b"") -> dict[str, Any]:
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AUTH_TOKEN": "any-token",
        "HTTP_APIM_ACCESSTOKEN": "any-token",
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    return environ


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [*(answer[:4] for answer in ANSWERS), ("POST", "/_mock/reset", b"", 204), ("HEAD", "/_mock/health", b"", 200)],
)
def test_the_app_keeps_to_wsgi(method: str, path: str, body: bytes, status: int) -> None:
    """The standard library's judge of WSGI finds nothing wrong with the app's answers (PEP 3333)."""
    begun: list[str] = []

    def start_response(line: str, _headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        begun.append(line)
        return lambda _data: None

    judged = validator(create_app(Settings()))
    answer = judged(wsgi_environ(method, path, body), start_response)
    try:
        said = b"".join(answer)
    finally:
        answer.close()  # type: ignore[attr-defined]
    assert begun[0].startswith(f"{status} ")
    assert (said == b"") == (method == "HEAD" or status == 204)


class Quiet(WSGIRequestHandler):
    """The standard library's handler without its log."""

    def log_message(self, *_message: object) -> None:
        """Say nothing."""


def test_the_standard_library_s_server_serves_the_app() -> None:
    """Under wsgiref, and judged by it, the app answers as `serve` does."""
    with make_server("127.0.0.1", 0, validator(create_app(Settings())), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            for method, path, body, status, _ in ANSWERS:
                got, _, said = ask(server.server_port, path, method, body)
                assert (got, said != b"") == (status, method != "HEAD")
        finally:
            server.shutdown()
            thread.join()


def test_flask_run_serves_the_app(tmp_path: Path) -> None:
    """`flask --app mockserver.app run` finds the app without being told more."""
    with process(tmp_path, "-m", "flask", "--app", "mockserver.app", "run", "--port", "0", MOCKSERVER_AUTH="off") as running:
        assert running.stderr is not None
        said = ""
        while not (match := re.search(r"Running on http://127\.0\.0\.1:(\d+)", said)):
            line = running.stderr.readline()
            assert line, said
            said += line
        connection = HTTPConnection("127.0.0.1", int(match[1]), timeout=20)
        connection.request("GET", JOB.format("load"))
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["submissions"][0]["job-name"]) == (200, "load")
        connection.close()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=10)


def test_apps_share_a_mock_that_they_are_given() -> None:
    """`create_app(mock=...)` serves the mock it is given: what one door is told, the other one knows."""
    mock = Mock(Settings(auth="off"))
    create_app(mock=mock).test_client().get(JOB.format("load"))
    assert [exchange.request.path for exchange in mock.journal.last()] == [JOB.format("load")]
