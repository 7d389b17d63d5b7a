"""The proxy passes everything through as it is, whatever happens on either side; over real sockets."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
import requests
import zstandard
from raw_sockets import (
    RawService,
    Serve,
    ask,
    connected,
    giving,
    listening,
    make_certificate,
    read_all,
    read_exactly,
    read_head,
)
from sdk_clients import PROJECT, Server

from mockserver.contract.result import Judgement, Result
from mockserver.contract.session import Session
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange
from mockserver.proxy import JudgeQueue, Proxy, ProxyOptions

DEFINITIONS = load()
CDM = f"/v1.1/{PROJECT}/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/orders/status"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
GET = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


class Kept:
    """A judge that finds nothing and keeps what it is given."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._session = Session(DEFINITIONS)

    def check(self, exchange: Exchange, case: str = "") -> Judgement:
        self.exchanges.append(exchange)
        return Judgement(len(self.exchanges), exchange, None, (), case)

    def result(self, target: str, seconds: float = 0) -> Result:
        return self._session.result(target, seconds)


class Stand:
    """A service, the proxy in front of it, its judge, and what it said."""

    def __init__(self, serve: Serve | None, judge: Any = None, upstreams: tuple[str, ...] = (), **options: Any) -> None:
        self.service = RawService(serve) if serve else None
        self.judge = judge or Kept()
        self.said: list[str] = []
        self.result: Result | None = None
        urls = upstreams or (self.service.url,) if self.service else upstreams
        judging = JudgeQueue(self.judge, self.said.append)
        self.proxy = Proxy(ProxyOptions(urls, port=0, **options), DEFINITIONS, judging).start()

    @property
    def port(self) -> int:
        return self.proxy.port

    def stop(self) -> Result:
        if self.result is None:
            self.result = self.proxy.stop()
            if self.service:
                self.service.close()
        return self.result

    def exchange(self) -> Exchange:
        """The one exchange that was judged."""
        self.stop()
        assert len(self.judge.exchanges) == 1, self.said
        one: Exchange = self.judge.exchanges[0]
        return one


@pytest.fixture
def stand() -> Iterator[Callable[..., Stand]]:
    """Makes stands, which end with the test."""
    made: list[Stand] = []

    def stand(serve: Serve | None = None, judge: Any = None, upstreams: tuple[str, ...] = (), **options: Any) -> Stand:
        made.append(Stand(serve, judge, upstreams, **options))
        return made[-1]

    yield stand
    for item in made:
        item.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, and its key, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


Make = Callable[..., Stand]


def problem(answer: bytes) -> dict[str, Any]:
    """The proxy's own answer, which must say that it is the proxy's."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    result: dict[str, Any] = json.loads(body)
    assert result["detail"].startswith("mockserver proxy: ")
    assert head.startswith(f"HTTP/1.1 {result['status']} ".encode())
    return result


# Byte for byte


def test_a_request_arrives_as_it_was_sent(stand: Make) -> None:
    """Method, target, the case, order and number of headers stay; only Host is the service's, at its own place."""
    one = stand(giving(OK))
    target = b"//a/%2F/%e4%bb%bb/./../b;c=1?x=%41&y&&z=a+b%20c'\"{}&x=2"
    headers = [
        b"X-oDD-cAsE: 1",
        b"hOST: proxy.example:1",
        b"x-a: spaced",
        b"X-A: 2",
        b"X-Latin: \xe9",
        b"Accept-Encoding: br, x",
    ]
    ask(one.port, b"\r\n".join([b"QUERY " + target + b" HTTP/1.1", *headers, b"Connection: close", b"", b""]))
    assert one.service is not None
    host = f"hOST: 127.0.0.1:{one.service.port}".encode()
    expected = [b"QUERY " + target + b" HTTP/1.1", headers[0], host, *headers[2:], b"", b""]
    assert one.service.heads == [b"\r\n".join(expected)]
    request = one.exchange().request
    assert (request.method, request.path) == ("QUERY", "//a///任/./../b;c=1")
    assert request.query == target.decode().partition("?")[2]
    assert (request.headers["x-a"], request.headers["x-latin"]) == ("spaced,2", "é")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", bytes(range(256)) * 300, gzip.compress(b'{"status": "SUCCEEDED"}')],
    ids=["empty", "json", "binary", "gzip"],
)
def test_an_answer_arrives_as_it_was_sent(stand: Make, body: bytes) -> None:
    """Status, an odd reason, headers and the body's bytes come as they are; what is judged is unpacked."""
    packed = body[:2] == b"\x1f\x8b"
    lines = [b"HTTP/1.1 299 My  oWn reason \xe9", b"seT-cookie: a=1", b"X-One: 1", b"Set-Cookie: b=2", b"X-Long: v"]
    lines += [b"Content-Encoding: gzip"] if packed else []
    answer = b"\r\n".join([*lines, b"content-LENGTH: %d" % len(body), b"", body])
    one = stand(giving(answer))
    result = ask(one.port, GET)
    assert result.replace(b"\r\nConnection: close", b"", 1) == answer
    response = one.exchange().response
    assert [value for name, value in response.headers if name.lower() == "set-cookie"] == ["a=1", "b=2"]
    assert response.body == (b'{"status": "SUCCEEDED"}' if packed else body)


def test_hop_by_hop_headers_end_here(stand: Make) -> None:
    """Headers about one connection are not passed on, either way, nor those that Connection names; framing always is."""
    answer = b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\nConnection: x-mine, content-length\r\n" + OK[17:]
    one = stand(giving(answer))
    sent = [b"POST / HTTP/1.1", b"Host: h", b"Connection: close, X-Gone", b"X-Gone: 1", b"TE: trailers", b"Upgrade: h2c"]
    sent += [b"Keep-Alive: 5", b"Proxy-Connection: x", b"X-Stays: 1", b"Content-Length: 1", b"", b"x"]
    result = ask(one.port, b"\r\n".join(sent))
    assert one.service is not None
    host = f"Host: 127.0.0.1:{one.service.port}".encode()
    expected = [b"POST / HTTP/1.1", host, b"X-Stays: 1", b"Content-Length: 1", b"", b""]
    assert one.service.heads[0].split(b"\r\n") == expected
    assert result == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 7\r\n\r\n"),
        (b"GET", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_answers_without_a_body(stand: Make, method: bytes, answer: bytes) -> None:
    """HEAD, 204, 304 and redirects pass as they are, and the next request on the same connection is understood."""
    one = stand(giving(answer))
    with connected(one.port) as client:
        for _ in range(2):
            client.sendall(method + b" / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert read_exactly(client, len(answer)) == answer
    assert one.service is not None
    assert one.service.connections == 1


CHUNKED = b'4;name="a b"\r\n{"a"\r\n1\r\n:\r\n00002\r\n1}\r\n0;last\r\nX-Trailer: 1\r\nx-b:2\r\n\r\n'


def test_chunked_bodies_pass_both_ways(stand: Make) -> None:
    """A chunked upload stays chunked; a chunked answer has a length, as it was read whole; every byte of them arrives."""
    got: list[bytes] = []

    def serve(connection: socket.socket, _head: bytes) -> None:
        got.append(read_exactly(connection, 17))
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Trailer\r\n\r\n" + CHUNKED)

    one = stand(serve)
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    result = ask(one.port, head + CHUNKED)
    assert got == [b'7\r\n{"a":1}\r\n0\r\n\r\n']
    assert result == b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"a":1}'
    exchange = one.exchange()
    assert exchange.request.body == exchange.response.body == b'{"a":1}'


def test_an_answer_that_the_connection_ends(stand: Make) -> None:
    """An answer without a length ends with the service's connection; to the client it has one."""

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        connection.shutdown(socket.SHUT_RDWR)

    one = stand(serve)
    assert ask(one.port, GET) == b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nall of it"
    assert one.exchange().response.body == b"all of it"


def test_a_client_that_waits_for_leave_to_send_gets_it(stand: Make) -> None:
    """The proxy itself says 100 Continue, as it reads the body first; interim answers of the service are overlooked."""

    def serve(connection: socket.socket, _head: bytes) -> None:
        body = read_exactly(connection, 4)
        connection.sendall(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK.replace(b"{}", body[:2])
        )

    one = stand(serve)
    with connected(one.port) as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert read_head(client) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abcd")
        assert read_exactly(client, len(OK)) == OK.replace(b"{}", b"ab")
    assert one.service is not None
    assert b"Expect" not in one.service.heads[0]


def test_an_old_client_is_served(stand: Make) -> None:
    """HTTP/1.0 gets no interim answer, and its connection is closed; the service is asked in HTTP/1.1."""
    one = stand(giving(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK))
    assert ask(one.port, b"GET / HTTP/1.0\r\n\r\n") == OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert one.service is not None
    assert one.service.heads == [f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{one.service.port}\r\n\r\n".encode()]


def test_a_whole_url_as_target(stand: Make) -> None:
    """A client that takes it for a forward proxy gets the same path."""
    one = stand(giving(OK))
    ask(one.port, b"GET http://cdm.example.com/v1/a?b=1 HTTP/1.1\r\nHost: cdm.example.com\r\nConnection: close\r\n\r\n")
    assert one.service is not None
    assert one.service.heads[0].startswith(b"GET /v1/a?b=1 HTTP/1.1\r\n")


def test_ten_megabytes_each_way(stand: Make) -> None:
    """A large upload and a large answer arrive whole."""
    big = bytes(range(256)) * 40_960
    got: list[str] = []

    def serve(connection: socket.socket, _head: bytes) -> None:
        got.append(hashlib.sha256(read_exactly(connection, len(big))).hexdigest())
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big) + big)

    one = stand(serve)
    answer = requests.post(f"http://127.0.0.1:{one.port}/", data=big, timeout=60)
    assert got == [hashlib.sha256(big).hexdigest()]
    assert answer.content == big
    assert len(one.exchange().response.body) == len(big)


def test_a_body_that_is_too_long_is_refused(stand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both bodies are read whole before they are passed on, up to a limit; beyond it the proxy says so, and why."""
    monkeypatch.setattr("mockserver.proxy.proxy._ForwardingHandler.body_limit", 100)
    monkeypatch.setattr("mockserver.proxy.upstream.BODY_LIMIT", 10)
    one = stand(giving(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"))
    result = problem(ask(one.port, GET))
    assert (result["status"], result["title"]) == (502, "Answer too long")
    sent = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 101\r\n\r\n" + b"x" * 101
    result = problem(ask(one.port, sent))
    assert (result["status"], result["title"]) == (413, "Request too long")
    assert one.service is not None
    assert len(one.service.heads) == 1
    assert one.judge.exchanges == []


@pytest.mark.parametrize("way", ["there", "back"])
def test_endless_chunks_end_at_the_limit(stand: Make, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A chunked body without end is cut at the limit, whichever side sends it; its sender's connection is closed."""
    monkeypatch.setattr("mockserver.proxy.proxy._ForwardingHandler.body_limit", 1_000_000)
    monkeypatch.setattr("mockserver.proxy.upstream.BODY_LIMIT", 1_000_000)
    ended = threading.Event()

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        flood(connection)
        ended.set()

    one = stand(serve)
    if way == "back":
        assert problem(ask(one.port, GET))["title"] == "Answer too long"
        assert ended.wait(20)
        return
    with connected(one.port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        flood(client)
        assert problem(read_all(client))["title"] == "Request too long"


def flood(connection: socket.socket) -> None:
    """Send chunks until the other side takes no more."""
    with contextlib.suppress(OSError):
        for _ in range(10_000):
            connection.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")


# Connections


def test_connections_are_kept_on_both_sides(stand: Make) -> None:
    """Ten requests on one connection of the client take one connection to the service."""
    one = stand(giving(OK))
    with connected(one.port) as client:
        for _ in range(10):
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert read_exactly(client, len(OK)) == OK
    assert one.service is not None
    assert one.service.connections == 1
    assert one.stop() is one.result
    assert len(one.judge.exchanges) == 10


def test_pipelined_requests_are_answered_in_order(stand: Make) -> None:
    """Requests sent at once are answered one after the other."""
    one = stand(lambda connection, head: connection.sendall(OK.replace(b"{}", head[5:7])))
    paths = [b"%02d" % number for number in range(20)]
    last = b"GET /zz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    result = ask(one.port, b"".join(b"GET /%s HTTP/1.1\r\nHost: h\r\n\r\n" % path for path in paths) + last)
    assert [part[:2] for part in result.split(b"\r\n\r\n")[1:]] == [*paths, b"zz"]


def test_a_connection_closed_at_rest_is_no_failure(stand: Make) -> None:
    """The service closes after each answer without saying so: every GET and every POST comes through, a POST sent once."""

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)

    one = stand(serve)
    with connected(one.port) as client:
        for number in range(20):
            body = b"" if number % 2 else b"Content-Length: 0\r\n"
            client.sendall((b"GET" if number % 2 else b"POST") + b" / HTTP/1.1\r\nHost: h\r\n" + body + b"\r\n")
            assert read_exactly(client, len(OK)) == OK
    assert one.service is not None
    assert sum(head.startswith(b"POST") for head in one.service.heads) == 10


def test_two_hundred_at_once(stand: Make, shared: Callable[..., Server]) -> None:
    """Two hundred clients at once get each their own answer, and all exchanges are judged."""
    server = shared("--no-access-log")
    session = Session(DEFINITIONS)
    one = stand(None, session, (server.url,))

    def poll(number: int) -> str:
        path = CDM.replace("orders", f"job{number}")
        answer = requests.get(f"http://127.0.0.1:{one.port}{path}", headers={"X-Auth-Token": "t"}, timeout=60)
        return str(answer.json()["submissions"][0]["job-name"])

    with ThreadPoolExecutor(200) as pool:
        names = list(pool.map(poll, range(200)))
    assert names == [f"job{number}" for number in range(200)]
    result = one.stop()
    assert (len(result.judged), result.failed, result.skipped, list(result.findings())) == (200, [], [], [])


def test_requests_at_work_end_before_it_stops(stand: Make) -> None:
    """Stopping takes no more requests, but lets the one at work have its answer, which is judged."""
    asked, go = threading.Event(), threading.Event()

    def serve(connection: socket.socket, _head: bytes) -> None:
        asked.set()
        assert go.wait(20)
        connection.sendall(OK)

    one = stand(serve)
    with ThreadPoolExecutor(2) as pool, connected(one.port):
        answer = pool.submit(ask, one.port, GET)
        assert asked.wait(20)
        stopped = pool.submit(one.proxy.stop)
        while not one.proxy._server._stopped:
            time.sleep(0.01)
        go.set()
        assert answer.result(20).endswith(b"{}")
        one.result = stopped.result(20)
    assert len(one.judge.exchanges) == 1
    with pytest.raises(OSError), connected(one.port):
        pass
    assert one.service is not None
    one.service.close()


def test_stopping_does_not_wait_for_ever(stand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that never answers is cut off after the grace, and told; a connection at rest is closed."""
    monkeypatch.setattr("mockserver.proxy.proxy.GRACE_SECONDS", 0.1)
    asked = threading.Semaphore(0)

    def serve(connection: socket.socket, head: bytes) -> None:
        if b"/quick" in head:
            connection.sendall(OK)
            return
        asked.release()
        connection.recv(1)

    one = stand(serve)
    with connected(one.port) as idle, connected(one.port) as first, connected(one.port) as second:
        idle.sendall(b"GET /quick HTTP/1.1\r\nHost: h\r\n\r\n")
        assert read_exactly(idle, len(OK)) == OK
        for client in (first, second):
            client.sendall(GET)
            assert asked.acquire(timeout=20)
        assert ("proxy", "2 exchanges were cut off when the proxy stopped") in one.stop().skipped
        assert idle.recv(1) == b""


# What goes wrong behind it, and in front


def test_nobody_is_there(stand: Make) -> None:
    """A service that is down gives 502 with host, reason and advice; it is told, and nothing is judged."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    one = stand(None, None, (f"http://127.0.0.1:{port}",))
    result = problem(ask(one.port, GET))
    assert (result["status"], result["title"]) == (502, "No connection")
    assert f"127.0.0.1:{port}: Connection refused" in result["detail"]
    [(name, reason)] = one.stop().skipped
    assert (name, reason.startswith("no answer of the service to judge: ")) == ("GET /", True)
    assert one.judge.exchanges == []


@pytest.mark.parametrize(
    ("sent", "title", "detail"),
    [
        (b"", "No answer", "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "Wrong answer", "it begins with no status line"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "Wrong answer", "no status line"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "Wrong answer", "a header line has no name"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "Wrong answer", "not one number"),
        (b"HTTP/1.1 200 OK\r\nContent-", "No answer", "closed the connection before it answered"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "Wrong answer", "changes the protocol"),
    ],
)
def test_what_is_no_answer(stand: Make, sent: bytes, title: str, detail: str) -> None:
    """What isn't HTTP, or can be read in two ways, becomes a 502 that says whose fault it is."""

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_RDWR)

    one = stand(serve)
    result = problem(ask(one.port, GET))
    assert (result["status"], result["title"]) == (502, title)
    assert detail in result["detail"]


def test_a_slow_service(stand: Make) -> None:
    """A service that says nothing in time gives 504, and is asked only once."""
    one = stand(lambda connection, _: read_all(connection), timeout=0.2)
    assert problem(ask(one.port, GET))["status"] == 504
    assert one.service is not None
    assert len(one.service.heads) == 1


def test_an_unknown_host(stand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is unknown gives 502 that names it."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    one = stand(None, None, ("http://nobody.invalid",))
    assert "nobody.invalid:80: " in problem(ask(one.port, GET))["detail"]


CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "received", "reason"),
    [
        (b"Content-Length: 10\r\n\r\nabc", b"Content-Length: 10\r\n\r\nabc", "the connection ended"),
        (CHUNKS + b"5\r\nabc", CHUNKS + b"3\r\nabc\r\n", "the connection ended"),
        (CHUNKS + b"3\r\nabc\r\nzz\r\n", CHUNKS + b"3\r\nabc\r\n", "a chunk does not begin with its length"),
    ],
)
def test_a_service_that_breaks_off(stand: Make, sent: bytes, received: bytes, reason: str) -> None:
    """The client gets what came, and then the end of the connection, as from the service itself."""

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + sent)
        connection.shutdown(socket.SHUT_RDWR)

    one = stand(serve)
    result = ask(one.port, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert result == b"HTTP/1.1 200 OK\r\n" + received
    assert one.stop().skipped[0] == ("GET /", f"the answer was cut after 3 bytes: {reason}")


def test_a_cut_answer_is_a_finding(stand: Make) -> None:
    """An answer shorter than its length is judged: Content-Length is wrong."""

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"subm')
        connection.shutdown(socket.SHUT_RDWR)

    one = stand(serve, Session(DEFINITIONS))
    ask(one.port, GET.replace(b"/ ", CDM.encode() + b" "))
    codes = {finding.code for _, finding in one.stop().findings()}
    assert {"content-length-wrong", "body-not-json"} <= codes
    assert any("content-length-wrong" in line for line in one.said)


def test_an_answer_before_the_whole_request(stand: Make) -> None:
    """A service that refuses an upload before it has read it is heard."""
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(answer)
        connection.close()

    one = stand(serve)
    sent = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000
    assert ask(one.port, sent) == answer
    assert one.exchange().response.status == 413


def test_a_client_that_goes_away(stand: Make) -> None:
    """A client that leaves within its request, or before the answer, harms nobody; the next one is served."""
    reached, gone = threading.Event(), threading.Event()

    def serve(connection: socket.socket, head: bytes) -> None:
        if b"/slow" in head:
            reached.set()
            gone.wait(20)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000)
        else:
            connection.sendall(OK)

    one = stand(serve)
    with connected(one.port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
    with connected(one.port) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
    assert reached.wait(20)  # requests go on side by side: the next one could overtake it
    gone.set()
    assert ask(one.port, GET).endswith(b"{}")
    assert one.service is not None
    assert [head.split(b" ")[:2] for head in one.service.heads] == [[b"GET", b"/slow"], [b"GET", b"/"]]
    one.stop()
    assert sorted(exchange.request.path for exchange in one.judge.exchanges) == ["/", "/slow"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2\r\nHost: h\r\n\r\n", 505),
        (b"GET noslash HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nName : v\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX-Folded: a\r\n\t b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nnonsense\r\n", 400),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 300_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", 431),
    ],
)
def test_requests_that_cannot_be_passed_on(stand: Make, request_: bytes, status: int) -> None:
    """What two readers could read differently is refused by the proxy; the service never sees it."""
    one = stand(giving(OK))
    assert problem(ask(one.port, request_))["status"] == status
    assert one.service is not None
    assert one.service.heads == []


# The judge behind it


class Blocked(Kept):
    """A judge that waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def check(self, exchange: Exchange, case: str = "") -> Judgement:
        self.go.wait(30)
        return super().check(exchange, case)


def test_checks_hold_nothing_up(stand: Make) -> None:
    """Answers pass while the judge is stuck, and all are judged in the end, in their order."""
    judge = Blocked()
    one = stand(giving(OK), judge)
    for number in range(50):
        ask(one.port, GET.replace(b"/ ", b"/%d " % number))
    assert judge.exchanges == []
    judge.go.set()
    one.stop()
    assert [exchange.request.path for exchange in judge.exchanges] == [f"/{number}" for number in range(50)]


def test_what_does_not_fit_is_told(stand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many wait for the judge the traffic goes on, and the result says how many were left out: exit status 2."""
    monkeypatch.setattr("mockserver.proxy.judge_queue.QUEUED", 3)
    judge = Blocked()
    one = stand(giving(OK), judge)
    for _ in range(10):
        assert ask(one.port, GET).endswith(b"{}")
    judge.go.set()
    result = one.stop()
    [(_, reason)] = result.failed
    left_out = 10 - len(judge.exchanges)
    assert reason.startswith(f"{left_out} exchanges passed, but were neither judged nor recorded")
    assert (left_out >= 6, result.exit_code()) == (True, 2)


def test_a_bug_in_a_check_breaks_no_traffic(stand: Make) -> None:
    """A check that raises is told without secrets, the answer passes, and the exit status is 2."""

    class Broken(Kept):
        def check(self, exchange: Exchange, case: str = "") -> Judgement:
            raise RuntimeError(f"bug with {exchange.request.headers['x-auth-token']}{case}\nline two")

    one = stand(giving(OK), Broken())
    assert ask(one.port, GET.replace(b"Host: h", b"Host: h\r\nX-Auth-Token: s3cret-token")).endswith(b"{}")
    result = one.stop()
    assert result.failed == [("GET /", "could not be judged: RuntimeError: bug with [redacted]\nline two")]
    assert result.exit_code() == 2
    assert one.said == ["GET /: could not be judged: RuntimeError: bug with [redacted] line two"]


def test_a_second_interrupt_ends_the_judging(stand: Make) -> None:
    """Ctrl-C while what waits is judged gives the result so far, which says how much is missing: exit status 2."""
    judge = Blocked()
    one = stand(giving(OK), judge)
    for _ in range(5):
        ask(one.port, GET)
    interrupt = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    release = threading.Timer(1.5, judge.go.set)
    interrupt.start()
    release.start()
    result = one.stop()
    assert result.failed == [("proxy", "4 exchanges were not judged: interrupted")]
    assert result.exit_code() == 2


PACKED = {
    "gzip": gzip.compress(b"{}"),
    "deflate": zlib.compress(b"{}"),
    "br": brotli.compress(b"{}"),
    "zstd": zstandard.ZstdCompressor().compress(b"{}"),
}


@pytest.mark.parametrize("coding", PACKED)
def test_packed_answers_pass_untouched_and_are_judged_unpacked(stand: Make, coding: str) -> None:
    """The client gets the service's bytes; the judge what they mean."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(PACKED[coding])}\r\n\r\n".encode()
    one = stand(giving(head + PACKED[coding]))
    assert ask(one.port, GET).endswith(PACKED[coding])
    assert one.exchange().response.body == b"{}"


@pytest.mark.parametrize(
    ("coding", "hint"), [("br", " (pip install brotli)"), ("zstd", " (pip install zstandard)"), ("x-own", "")]
)
def test_an_answer_packed_in_an_unknown_way_passes_unjudged(
    stand: Make, monkeypatch: pytest.MonkeyPatch, coding: str, hint: str
) -> None:
    """What only the client can unpack reaches it, and is told instead of being judged wrongly."""
    for package in ("brotli", "zstandard"):
        monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    one = stand(giving(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 3\r\n\r\n\x01\x02\x03".encode()))
    assert ask(one.port, GET).endswith(b"\x01\x02\x03")
    reason = f"not judged: its body is packed by {coding}, which can't be unpacked here{hint}"
    assert one.stop().skipped == [("GET /", reason)]


def test_the_control_api_of_a_mock_is_not_judged(stand: Make, server: Server) -> None:
    """What goes to /_mock/ passes, and is not an exchange of a vendor's."""
    one = stand(None, None, (server.url,))
    assert requests.get(f"http://127.0.0.1:{one.port}/_mock/health", timeout=10).status_code == 200
    assert one.stop().judged == []
    assert one.judge.exchanges == []


# Where requests go


def test_each_service_has_its_own_upstream(stand: Make) -> None:
    """SERVICE=URL takes the requests of that service by the definitions' paths, a plain URL all others, below its path."""
    cdm, rest = RawService(giving(OK)), RawService(giving(OK))
    one = stand(None, None, (f"cdm={cdm.url}", f"{rest.url}/base/"))
    for path in (CDM, f"/v3/{PROJECT}/jobs", "/elsewhere"):
        ask(one.port, GET.replace(b"/ ", path.encode() + b" "))
    one.stop()
    assert [head.split(b" ")[1] for head in cdm.heads] == [CDM.encode()]
    assert [head.split(b" ")[1] for head in rest.heads] == [f"/base/v3/{PROJECT}/jobs".encode(), b"/base/elsewhere"]
    assert [exchange.request.path for exchange in one.judge.exchanges] == [CDM, f"/v3/{PROJECT}/jobs", "/elsewhere"]
    cdm.close()
    rest.close()


def test_a_path_without_an_upstream(stand: Make) -> None:
    """With services only, another path gets a 502 that says how to give it one."""
    one = stand(None, None, ("cdm=http://127.0.0.1:9",))
    result = problem(ask(one.port, GET))
    assert (result["status"], "--upstream URL" in result["detail"]) == (502, True)


@pytest.mark.parametrize(
    ("upstreams", "message"),
    [
        ((), "no --upstream"),
        (("cmd=http://h",), "did you mean 'cdm'"),
        (("http://h", "http://i"), "given twice for all services"),
        (("cdm=http://h", "cdm=http://i"), "given twice for cdm"),
        (("ftp://h",), "allowed: http://HOST"),
        (("h:80",), "allowed: http://HOST"),
    ],
)
def test_wrong_upstreams(upstreams: tuple[str, ...], message: str) -> None:
    """A wrong upstream is refused before anything listens."""
    with pytest.raises(InputError, match=message):
        Proxy(ProxyOptions(upstreams, port=0), DEFINITIONS, JudgeQueue(Kept()))


def test_a_proxy_in_front_of_itself_and_a_busy_port() -> None:
    """Going round in circles, and a port that is taken, are refused with advice."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(InputError, match="is the proxy itself"):
        Proxy(ProxyOptions((f"http://localhost:{port}",), port=port), DEFINITIONS, JudgeQueue(Kept()))
    with socket.create_server(("127.0.0.1", port)), pytest.raises(InputError, match=f"can't listen on 127.0.0.1:{port}"):
        Proxy(ProxyOptions(("http://h",), port=port), DEFINITIONS, JudgeQueue(Kept()))


def test_tls_behind_it(stand: Make, certificate: Path) -> None:
    """HTTPS services are verified: an unknown certificate gives 502, --ca-bundle and --insecure let it in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            while head := read_head(connection):
                body = read_exactly(connection, 4) if b"Content-Length: 4" in head else b""
                connection.sendall(OK.replace(b"{}", body[:2] or b"{}"))

    with listening(serve) as port:
        url = (f"https://127.0.0.1:{port}",)
        assert "certificate of 127.0.0.1" in problem(ask(stand(None, None, url).port, GET))["detail"]
        for options in ({"ca_bundle": str(certificate)}, {"insecure": True}):
            one = stand(None, None, url, **options)
            with connected(one.port) as client:
                client.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n")
                time.sleep(0.05)  # TLS's own messages come meanwhile: they are no answer
                client.sendall(b"abcd")
                assert read_exactly(client, len(OK)).endswith(b"ab")
                client.sendall(GET)
                assert read_all(client).endswith(b"{}")


def test_the_proxy_of_the_environment(stand: Make, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other hosts are reached through the environment's proxy: whole URLs for HTTP, CONNECT for HTTPS, with its password."""
    asked: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        asked.append(read_head(connection))
        if not asked[-1].startswith(b"CONNECT"):
            connection.sendall(OK)
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with context.wrap_socket(connection, server_side=True) as inner:
            asked.append(read_head(inner))
            inner.sendall(OK)

    with listening(serve) as port:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://ann:p%40ss@127.0.0.1:{port}")
            monkeypatch.delenv(name.upper(), raising=False)
        for url in ("http://cdm.example.invalid", "https://cdm.example.invalid"):
            assert ask(stand(None, None, (url,), insecure=True).port, GET).endswith(b"{}")
    assert asked[0].startswith(b"GET http://cdm.example.invalid/ HTTP/1.1\r\nHost: cdm.example.invalid\r\n")
    assert asked[1].startswith(b"CONNECT cdm.example.invalid:443 HTTP/1.")
    assert all(b"Proxy-Authorization: Basic YW5uOnBAc3M=" in head for head in asked[:2])
    assert asked[2] == b"GET / HTTP/1.1\r\nHost: cdm.example.invalid\r\n\r\n"
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(InputError, match="'socks5' one; only http://"):
        Proxy(ProxyOptions(("http://cdm.example.invalid",), port=0), DEFINITIONS, JudgeQueue(Kept()))
