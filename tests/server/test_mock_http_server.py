"""The mock on a port of this process: HTTP/1.1 over real sockets."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from mockserver import Clock, Mock, MockHttpServer, Settings, drive
from mockserver.errors import InputError

CDM = "/v1.1/project/clusters/cluster/cdm/job/orders/status"
IAM = "/v3/auth/tokens"


@pytest.fixture
def running() -> Iterator[MockHttpServer]:
    """A server whose mock wants no credentials."""
    with MockHttpServer(Mock(Settings(auth="off"), Clock(1_000_000_000_000, speed=0))) as server:
        yield server


def talk(server: MockHttpServer, sent: bytes) -> bytes:
    """All that the server says to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def status_and_body(answer: bytes) -> tuple[int, bytes]:
    """The status and the body of an answer that came alone."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def test_many_requests_share_a_connection(running: MockHttpServer) -> None:
    """A connection is kept, also after errors of the vendor's, and carries bodies of both framings."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    places = set()
    for path, wanted in ((CDM, 200), ("/v1.1/nowhere", 404), (CDM, 200)):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.version) == (wanted, 11)
        assert json.loads(answer.read())
        places.add(connection.sock.getsockname())
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": {}}}, "scope": {}}}
    for body in (json.dumps(login), iter([json.dumps(login)[:10].encode(), json.dumps(login)[10:].encode()])):
        connection.request("POST", IAM, body, {"Content-Type": "application/json"}, encode_chunked=False)
        connection.getresponse().read()
        places.add(connection.sock.getsockname())
    connection.close()
    assert len(places) == 1
    assert [len(exchange.request.body) for exchange in running.mock.journal.last(2)] == [len(json.dumps(login))] * 2


def test_the_answer_is_the_same_as_through_wsgi(running: MockHttpServer) -> None:
    """Status, headers and body are those of the Flask app for the same request and time."""
    from mockserver import create_app

    here = requests.get(running.url + CDM, timeout=10)
    other = Mock(Settings(auth="off"), Clock(1_000_000_000_000, speed=0))
    there = create_app(mock=other).test_client().get(CDM)
    assert (here.status_code, here.content) == (there.status_code, there.data)
    assert dict(here.headers) == dict(there.headers)


def test_head_has_no_body(running: MockHttpServer) -> None:
    """HEAD gets the headers alone, and the connection goes on."""
    sent = (
        f"HEAD {CDM} HTTP/1.1\r\nHost: a\r\n\r\nHEAD /_mock/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    first, second, rest = talk(running, sent.encode()).split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 404 ")
    assert second.startswith(b"HTTP/1.1 200 ")
    assert rest == b""


def test_expect_continue(running: MockHttpServer) -> None:
    """A client that waits for 100 Continue before it sends its body gets it."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        head = f"POST {IAM} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 4")
    assert running.mock.journal.last(1)[0].request.body == b"{}"


def test_a_body_larger_than_the_gateway_takes(running: MockHttpServer) -> None:
    """The vendor's own error comes back, though the body was never read."""
    answer = requests.post(running.url + IAM, data=b" " * (12 * 1024 * 1024 + 1), timeout=30)
    assert answer.status_code == 413
    assert answer.headers["Connection"] == "close"
    assert "error" in answer.json() or "error_code" in answer.json()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://cdm.example.com" + CDM, CDM),
        ("http://cdm.example.com", "/"),
        ("//" + CDM, "//" + CDM),
        ("/a%20b/%E4%BD%A0", "/a b/你"),
        ("*", "*"),
    ],
)
def test_targets(running: MockHttpServer, target: str, path: str) -> None:
    """The path is that of the target, percent-decoded, in origin form or absolute form."""
    talk(running, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert running.mock.journal.last(1)[0].request.path == path


def test_bytes_that_are_not_ascii(running: MockHttpServer) -> None:
    """In a header they are latin-1, as in WSGI; in a path UTF-8; what is no UTF-8 gets the vendor's error."""
    sent = f"GET {CDM} HTTP/1.1\r\nHost: a\r\nX-Note: ".encode() + b"\xe9\xff\r\n\r\n"
    assert status_and_body(talk(running, sent))[0] == 200
    assert running.mock.journal.last(1)[0].request.headers["x-note"] == "éÿ"
    for path in (CDM.replace("orders", "%ff"), CDM + "?a=\xff"):
        status, body = status_and_body(talk(running, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1")))
        assert (status, b"error_code" in body) == (400, True)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/3.7\r\nHost: a\r\n\r\n", 505),
        (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nshort", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: %s\r\n" % (b"a" * 60_000) * 5 + b"\r\n", 431),
    ],
)
def test_bad_requests(
    running: MockHttpServer, sent: bytes, status: int, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What is no HTTP request gets an error that says why, nothing on stderr, and the server goes on."""
    found, body = status_and_body(talk(running, sent))
    assert found == status
    assert json.loads(body)["status"] == status
    assert json.loads(body)["detail"]
    assert requests.get(running.url + CDM, timeout=10).status_code == 200
    assert capfd.readouterr().err == ""
    assert caplog.text == ""


def test_a_client_that_speaks_tls_is_told(running: MockHttpServer) -> None:
    """It fails at once instead of waiting for ever, and the plain answer says what to do."""
    with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", running.port), timeout=10) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    assert b"use http://" in talk(running, b"\x16\x03\x01\x00\x01\x00")


def test_clients_that_say_nothing_or_too_little(running: MockHttpServer) -> None:
    """A connection that closes before a request is whole leaves no trace."""
    for sent in (b"", b"\r\n", b"GET / HT"):
        assert talk(running, sent) == b""


def test_old_clients(running: MockHttpServer) -> None:
    """HTTP/1.0 needs no Host; the connection is kept only where it asks for that."""
    closing = talk(running, f"GET {CDM} HTTP/1.0\r\n\r\nGET {CDM} HTTP/1.0\r\n\r\n".encode())
    assert closing.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in closing
    request = f"GET {CDM} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode()
    keeping = talk(running, request * 2)
    assert keeping.count(b"HTTP/1.1 200") == keeping.count(b"Connection: keep-alive") == 2


def test_the_control_api_declares_and_resets(running: MockHttpServer) -> None:
    """Calls under /_mock/ go to the same mock, with bodies, queries and namespaces."""
    made = requests.post(running.url + "/_mock/jobs", json={"service": "cdm", "job_name": "orders"}, timeout=10)
    assert made.status_code == 201
    assert made.json()["number"] == 1
    requests.get(running.url + CDM, timeout=10)
    assert len(requests.get(running.url + "/_mock/journal?limit=1", timeout=10).json()["exchanges"]) == 1
    assert requests.get(running.url + "/_mock/journal?limit=x", timeout=10).status_code == 400
    reset = requests.post(running.url + "/_mock/reset", timeout=10)
    assert (reset.status_code, reset.content) == (204, b"")
    assert running.mock.journal.last() == []
    assert requests.get(running.url + "/_mock/nowhere", timeout=10).status_code == 404


def test_flask_is_imported_by_the_first_control_call_only(tmp_path: Path) -> None:
    """A process that only asks for jobs never pays for Flask."""
    script = tmp_path / "lazy.py"
    script.write_text(
        "import sys, urllib.request\n"
        "from mockserver import Mock, Settings, MockHttpServer\n"
        "with MockHttpServer(Mock(Settings(auth='off'))) as server:\n"
        f"    urllib.request.urlopen(server.url + {CDM!r}).read()\n"
        "    print('flask' in sys.modules, 'uvloop' in sys.modules)\n"
        "    urllib.request.urlopen(server.url + '/_mock/health').read()\n"
        "    print('flask' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["False", "False", "True"], "")


def test_a_busy_port_and_a_strange_host_are_refused(running: MockHttpServer) -> None:
    """The constructor says what is wrong, in the thread that called it."""
    with pytest.raises(InputError, match=r"can't listen on 127.0.0.1:.*; stop what is there"):
        MockHttpServer(running.mock, port=running.port)
    with pytest.raises(InputError, match="choose another --host"):
        MockHttpServer(running.mock, host="no.such.host.invalid")
    with pytest.raises(InputError, match="allowed: 0 to 65535"):
        MockHttpServer(running.mock, port=70_000)


def test_it_works_while_time_is_taken_over() -> None:
    """Two hours of polling pass in no time, and the clock moves between the answers."""
    mock = Mock(Settings(auth="off"), Clock(1_000_000_000_000, speed=0))
    mock.job("cdm", job_name="orders", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)])
    seen: list[str] = []
    with MockHttpServer(mock) as server, drive(mock.clock):
        while not seen or seen[-1] != "SUCCEEDED":
            seen.append(requests.get(server.url + CDM, timeout=10).json()["submissions"][0]["status"])
            time.sleep(30)
    assert (seen[0], seen.count("RUNNING")) == ("BOOTING", 240)


def test_stopping_ends_threads_connections_and_the_port() -> None:
    """After `stop` no thread is left, kept connections are closed, the port is free; stopping again does nothing."""
    before = set(threading.enumerate())
    server = MockHttpServer(Mock(Settings(auth="off"))).start()
    idle = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    kept.request("GET", CDM)
    kept.getresponse().read()
    server.stop()
    server.stop()
    assert idle.recv(1) == b""
    idle.close()
    kept.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=10)
    with pytest.raises(RuntimeError, match="once"):
        server.start()
    with MockHttpServer(server.mock, port=server.port) as again:
        assert requests.get(again.url + CDM, timeout=10).status_code == 200


def test_a_server_that_was_never_started_stops() -> None:
    """The port that the constructor bound is given back."""
    server = MockHttpServer(Mock(Settings(auth="off")))
    server.stop()
    MockHttpServer(server.mock, port=server.port).stop()


def test_many_clients_at_once(running: MockHttpServer) -> None:
    """Each of 32 threads gets its own answers."""
    wrong: list[object] = []

    def ask(number: int) -> None:
        with requests.Session() as session:
            for _ in range(20):
                answer = session.get(running.url + CDM.replace("orders", f"job{number}"), timeout=30).json()
                if answer["submissions"][0]["job-name"] != f"job{number}":
                    wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(running.mock.journal.last()) == 640
