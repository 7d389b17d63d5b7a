"""The HTTP server by itself, with a handler of the tests."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from mockserver import activity
from mockserver.model import Delivery, RawRequest, Response
from mockserver.server.handler import Handler
from mockserver.server.http_server import HttpServer


class Telling(Handler):
    """Answers with what it was asked; `/slow` waits in a thread until it is released, `/hang` is held back."""

    body_limit = 100

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.release = threading.Event()

    def is_slow(self, request: RawRequest) -> bool:
        """Whether it waits."""
        return request.target == b"/slow"

    def answer(self, request: RawRequest) -> Response:
        """What was asked, as text."""
        if request.target == b"/slow":
            self.arrived.set()
            assert self.release.wait(20)
        if request.target == b"/crash":
            raise ValueError("on purpose")
        names = b",".join(name + b"=" + value for name, value in request.headers)
        body = b"%b %b %d [%b] %b" % (request.method.encode(), request.target, request.body_size, names, request.body)
        hangs = Delivery(fault="HANG") if request.target == b"/hang" else None
        return Response(200, (("X-Of", "test"),), body, delivery=hangs)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A server with a handler that tells what it got."""
    with HttpServer(Telling()) as running:
        yield running
        running.handler.release.set()  # type: ignore[attr-defined]


def talk(server: HttpServer, sent: bytes) -> bytes:
    """All that the server says to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def bodies(said: bytes) -> list[bytes]:
    """The bodies of answers in a row."""
    return [part.partition(b"\r\n\r\n")[2] for part in said.split(b"HTTP/1.1 ")[1:]]


def test_a_request_comes_as_it_was_sent(server: HttpServer) -> None:
    """Target and headers are raw, in their order, doubled ones too; bytes that are not ASCII are as sent."""
    sent = b"GET /a%2Fb?x=%41 HTTP/1.1\r\nHost: a\r\nX-B:  \xe9\xff \r\nx-a:\r\nX-B: 2\r\n\r\n"
    assert bodies(talk(server, sent)) == [b"GET /a%2Fb?x=%41 0 [Host=a,X-B=\xe9\xff,x-a=,X-B=2] "]


def test_methods_and_targets_that_llhttp_does_not_know(server: HttpServer) -> None:
    """Any token is a method; raw bytes in a target are percent-encoded."""
    said = talk(server, "FOO-BAR /é HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert bodies(said) == [b"FOO-BAR /%C3%A9 0 [Host=a] ", b"GET /b 0 [Host=a] "]
    assert talk(server, b"GET /b HTTP/1.1\r\nHost: a\r\n\r\nget /c HTTP/1.1\r\nHost: a\r\n\r\n").count(b"HTTP/1.1 200") == 1


def test_an_upgrade_is_not_taken(server: HttpServer) -> None:
    """A client that offers HTTP/2 or WebSocket is answered in HTTP/1.1, body and all, and goes on."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    first = b"POST /1 HTTP/1.1\r\nHost: a\r\n%bContent-Length: 3\r\n\r\nabc" % offer
    second = b"POST /2 HTTP/1.1\r\nHost: a\r\n%bTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n" % offer
    third = b"GET /3 HTTP/1.1\r\nHost: a\r\n%b\r\n" % offer
    said = bodies(talk(server, first + second + third + b"GET /4 HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert [body[:9] for body in said] == [b"POST /1 3", b"POST /2 3", b"GET /3 0 ", b"GET /4 0 "]
    assert [body[-3:] for body in said[:2]] == [b"abc", b"xyz"]


def test_pipelined_requests_are_answered_in_their_order(server: HttpServer) -> None:
    """A quick one behind a slow one waits for it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        server.handler.release.set()  # type: ignore[attr-defined]
        said = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert [body[:9] for body in bodies(said)] == [b"GET /slow", b"GET /2 0 "]


def test_a_slow_answer_holds_up_nobody(server: HttpServer) -> None:
    """While one request is in a thread, another one is answered."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert talk(server, b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 200")
        server.handler.release.set()  # type: ignore[attr-defined]
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_a_handler_that_fails(server: HttpServer, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets 500, the log the traceback, and the connection goes on."""
    said = talk(server, b"GET /crash HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 500 ")
    assert bodies(said)[1].startswith(b"GET /2")
    assert "on purpose" in caplog.text


def test_too_large_a_body_is_told_by_its_size(server: HttpServer) -> None:
    """Announced or in chunks: the handler hears the size, the client gets the answer and then the end."""
    announced = talk(server, b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n" + b"x" * 101)
    assert b"Connection: close" in announced
    assert bodies(announced)[0].startswith(b"POST /1 101 ")
    chunked = b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"60\r\n" + b"x" * 96 + b"\r\n"
    assert bodies(talk(server, chunked * 1 + b"60\r\n" + b"x" * 96 + b"\r\n0\r\n\r\n"))[0].startswith(b"POST /2 192 ")


def idle() -> None:
    """Wait until nothing is under way."""
    end = time.monotonic() + 20
    while activity.busy():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_is_under_way_is_told(server: HttpServer) -> None:
    """Half a request, one in a thread: busy. A client that is silent, one that is held back: not."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        idle()
        connection.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        idle()
        connection.sendall(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        idle()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /2 HTTP/1.1\r\nHo")
        assert all(activity.busy() for _ in range(1_000))
        connection.sendall(b"st: a\r\n\r\n")
        assert connection.recv(100)
        idle()
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert all(activity.busy() for _ in range(1_000))
        server.handler.release.set()  # type: ignore[attr-defined]
        assert connection.recv(100)
        idle()


def test_activity_never_misses_a_request(server: HttpServer) -> None:
    """From the moment that a request is sent to the moment that its answer can be read, the server is busy."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.connect()
    for _ in range(300):
        idle()
        connection.sock.setblocking(False)
        connection.sock.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        while True:
            busy = activity.busy()
            try:
                connection.sock.recv(65_536)
                break
            except BlockingIOError:
                assert busy
    connection.close()


def test_stopping_with_grace_lets_answers_end() -> None:
    """`stop(grace)` waits for what is under way; what takes longer is cut off, and counted."""
    handler = Telling()
    server = HttpServer(handler)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert handler.arrived.wait(20)
        threading.Timer(0.05, handler.release.set).start()
        assert server.stop(grace=20) == 0
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert server.stop() == 0


def test_localhost_is_both_addresses() -> None:
    """A name stands for all its addresses, on one port."""
    with HttpServer(Telling(), "localhost") as server:
        for family, _, _, _, place in socket.getaddrinfo("localhost", server.port, type=socket.SOCK_STREAM):
            with socket.socket(family) as connection:
                connection.connect(place)
                connection.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
