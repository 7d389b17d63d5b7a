"""Faults through real sockets: what clients see of each kind, from this process and from `serve`."""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from huaweicloudsdkcore.exceptions.exceptions import ConnectionException, ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from poseidon import poseidon
from sdk_clients import CDM, Connect, Server

from mockserver import Clock, Mock, MockHttpServer, Settings, drive
from mockserver.definitions import Definitions
from mockserver.faults.kinds import KINDS
from mockserver.settings import DEFAULT_APP_KEY, DEFAULT_APP_SECRET

PATH = "/v1.1/project/clusters/cluster/cdm/job/orders/status"
TASK = "/batch-processing-service/v2.1/taskInstances?taskInstId=t-1&userId=u&orgId=o&action=get"


@pytest.fixture
def running(shipped: Definitions) -> Iterator[MockHttpServer]:
    """A server whose mock wants no credentials, at a time that stands still."""
    with MockHttpServer(Mock(Settings(auth="off"), Clock(1_700_000_000_000, speed=0), shipped)) as server:
        yield server


def get(server: MockHttpServer) -> requests.Response:
    """An ordinary request, on a connection of its own."""
    return requests.get(server.url + PATH, timeout=30)


def raw(server: MockHttpServer | Server, path: str = PATH, more: str = "") -> tuple[bytes, bool]:
    """All bytes of the answer, and whether the connection was reset after them."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n".encode())
        try:
            while data := connection.recv(65_536):
                received += data
        except ConnectionResetError:
            return received, True
    return received, False


# each kind on the wire


def test_empty_response(running: MockHttpServer) -> None:
    """The connection ends in order, without a byte."""
    running.mock.fail("cdm", fault="EMPTY_RESPONSE")
    assert raw(running) == (b"", False)
    with pytest.raises(http.client.RemoteDisconnected):
        http_get(running)


def http_get(server: MockHttpServer) -> bytes:
    """The body as http.client reads it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_connection_reset_by_peer(running: MockHttpServer) -> None:
    """The connection is reset, without a byte."""
    running.mock.fail("cdm", fault="CONNECTION_RESET_BY_PEER")
    assert raw(running) == (b"", True)
    with pytest.raises(ConnectionResetError):
        http_get(running)


def test_random_data_then_close(running: MockHttpServer) -> None:
    """What comes is no HTTP, other bytes each time, the same after a reset."""
    result = []
    for _ in range(2):
        running.mock.fail("cdm", fault="RANDOM_DATA_THEN_CLOSE")
        result.append([raw(running)[0], raw(running)[0]])
        with pytest.raises(http.client.BadStatusLine):
            http_get(running)
        running.mock.reset()
    assert result[0] == result[1]
    assert len(set(result[0])) == 2
    assert {len(data) for data in result[0]} == {512}


def test_malformed_response_chunk(running: MockHttpServer) -> None:
    """A 200 whose chunks are none."""
    running.mock.fail("cdm", fault="MALFORMED_RESPONSE_CHUNK")
    head, _, rest = raw(running)[0].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert b"Content-Length" not in head
    assert len(rest) == 512
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(running)


def test_close_mid_body(running: MockHttpServer) -> None:
    """Half of the body that was announced, then a reset."""
    normal = get(running).content
    running.mock.fail("cdm", fault="CLOSE_MID_BODY")
    received, was_reset = raw(running)
    head, _, half = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(normal)}\r\n".encode() in head
    assert was_reset
    assert len(half) <= len(normal) // 2
    assert normal.startswith(half)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        http_get(running)


def test_short_body(running: MockHttpServer) -> None:
    """The body, but more was announced; the connection ends in order."""
    normal = get(running).content
    running.mock.fail("cdm", fault="SHORT_BODY")
    received, was_reset = raw(running)
    assert received.partition(b"\r\n\r\n")[2] == normal
    assert not was_reset
    with pytest.raises(http.client.IncompleteRead) as short:
        http_get(running)
    assert (short.value.partial, short.value.expected) == (normal, 1_000)


@pytest.mark.parametrize("kind", ["TRUNCATED_JSON", "EMPTY_BODY", "HTML_200"])
def test_content_that_is_no_json(running: MockHttpServer, kind: str) -> None:
    """A whole answer with status 200 that no JSON parser takes; the connection goes on."""
    running.mock.fail("cdm", fault=kind, times=1)
    with requests.Session() as session:
        broken = session.get(running.url + PATH, timeout=30)
        assert broken.status_code == 200
        with pytest.raises(requests.exceptions.JSONDecodeError):
            broken.json()
        assert session.get(running.url + PATH, timeout=30).json()["submissions"]


def test_wrong_encoding(running: MockHttpServer) -> None:
    """The charset that is announced can't decode the bytes."""
    running.mock.fail("cdm", fault="WRONG_ENCODING")
    answer = get(running)
    assert answer.encoding == "utf-8"
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode(answer.encoding)


def test_slow_dribble(running: MockHttpServer) -> None:
    """The body comes in the chunks that were asked for, whole in the end, and the connection goes on."""
    normal = get(running).content
    running.mock.fail("cdm", fault={"type": "SLOW_DRIBBLE", "chunks": 4, "duration": "200ms"}, times=1)
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        pieces = [connection.recv(65_536)]
        assert pieces[0].endswith(b"\r\n\r\n")
        while sum(map(len, pieces[1:])) < len(normal):
            pieces.append(connection.recv(65_536))
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    assert b"".join(pieces[1:]) == normal
    assert len(pieces) > 2


def test_hang_ends_with_the_client_the_limit_or_the_server(running: MockHttpServer) -> None:
    """A client that gives up gets no answer; a limit ends the connection without one; stopping does, too."""
    running.mock.fail("cdm", fault="HANG", times=1)
    running.mock.fail("cdm", fault={"type": "HANG", "limit": "20ms"}, times=1)
    running.mock.fail("cdm", fault="HANG")
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(running.url + PATH, timeout=0.1)
    assert raw(running) == (b"", False)
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        while len(running.mock.journal.last()) < 3:
            time.sleep(0.001)
        running.stop()
        assert connection.recv(1) == b""
    assert [exchange.response.fault.kind for exchange in running.mock.journal.last() if exchange.response.fault] == [
        "HANG"
    ] * 3


def test_stopping_does_not_wait_for_delays(running: MockHttpServer) -> None:
    """A delay of an hour ends with the server."""
    running.mock.fail("cdm", delay="1h")
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        while not running.mock.journal.last():
            time.sleep(0.001)
        running.stop()
        assert connection.recv(1) == b""


def test_a_real_delay(running: MockHttpServer) -> None:
    """A client whose patience is shorter gives up; one whose patience is longer gets the answer."""
    running.mock.fail("cdm", delay="300ms", times=2)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(running.url + PATH, timeout=0.05)
    assert get(running).json()["submissions"]


def test_real_delays_pass_while_time_is_taken_over(running: MockHttpServer) -> None:
    """Under `drive` a real delay is still real, and the mock's clock stays."""
    running.mock.fail("cdm", delay="50ms")
    with drive(running.mock.clock):
        began = time.monotonic()
        assert get(running).status_code == 200
        assert time.monotonic() - began < 0.05  # it creeps, from one call to the next


def test_other_connections_are_not_held_up(running: MockHttpServer) -> None:
    """While one request hangs, another one is answered."""
    running.mock.fail("cdm", fault="HANG", job_name="stuck")
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        connection.sendall(f"GET {PATH.replace('orders', 'stuck')} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        while not running.mock.journal.last():
            time.sleep(0.001)
        assert get(running).status_code == 200
        assert select.select([connection], [], [], 0)[0] == []


def test_a_lost_request_is_journalled(running: MockHttpServer) -> None:
    """What never got an answer stands in the journal, over HTTP, too, with its fault and status 0."""
    running.mock.fail("cdm", fault="CONNECTION_RESET_BY_PEER")
    raw(running)
    (exchange,) = requests.get(running.url + "/_mock/journal", timeout=30).json()["exchanges"]
    assert exchange["request"]["path"] == PATH
    assert exchange["response"] == {"status": 0, "headers": {}, "body": ""}
    assert exchange["fault"] == {"number": 1, "kind": "CONNECTION_RESET_BY_PEER"}


def test_head_and_old_clients_are_broken_as_well(running: MockHttpServer) -> None:
    """A fault of everything reaches every request that has an operation, however it comes."""
    running.mock.fail("*", fault="EMPTY_RESPONSE", times=1)
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.0\r\n\r\n".encode())
        assert connection.recv(1) == b""


def test_a_fault_is_served_exactly_as_often_as_asked(running: MockHttpServer) -> None:
    """Of 32 clients' 320 requests exactly 100 are reset."""
    fault = running.mock.fail("cdm", fault="CONNECTION_RESET_BY_PEER", times=100)
    result: list[bool] = []
    threads = [threading.Thread(target=lambda: result.extend(lost(running) for _ in range(10))) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (result.count(True), len(result), fault.served) == (100, 320, 100)


def lost(server: MockHttpServer) -> bool:
    """Whether a request gets no answer."""
    try:
        return get(server).status_code != 200
    except requests.exceptions.ConnectionError:
        return True


# faults of the port


def refused(port: int) -> bool:
    """Whether nobody listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=30).close()
    except ConnectionRefusedError:
        return True
    return False


def test_connection_refused_until_removed(running: MockHttpServer) -> None:
    """The port is closed at once, kept connections as well; once the fault is gone, it is open at once, again and again."""
    with requests.Session() as session:
        assert session.get(running.url + PATH, timeout=30).status_code == 200
        for _ in range(3):
            fault = running.mock.fail("*", fault="CONNECTION_REFUSED")
            assert refused(running.port)
            with pytest.raises(requests.exceptions.ConnectionError):
                session.get(running.url + PATH, timeout=30)
            fault.remove()
            assert session.get(running.url + PATH, timeout=30).status_code == 200
    running.mock.fail("*", fault="CONNECTION_REFUSED")
    running.mock.reset()
    assert not refused(running.port)


def test_connection_refused_for_a_window_of_the_clock(running: MockHttpServer) -> None:
    """Whoever moves the clock finds the port closed from the beginning of the window to its end."""
    running.mock.fail("*", fault="CONNECTION_REFUSED", window=("1m", "3m"))
    result = []
    for _ in range(4):
        result.append(refused(running.port))
        running.mock.clock.advance(60)
    assert result == [False, True, True, False]


def test_a_loop_under_drive_lives_through_a_refused_window(running: MockHttpServer) -> None:
    """Code that retries every 30 s on the mock's time is refused for five minutes of it, and then goes on."""
    running.mock.fail("*", fault="CONNECTION_REFUSED", window=(0, "5m"))
    attempts = 0
    with drive(running.mock.clock):
        while True:
            attempts += 1
            with contextlib.suppress(requests.exceptions.ConnectionError):
                assert get(running).status_code == 200
                break
            time.sleep(30)
    assert attempts == 11


def test_connection_refused_over_the_control_api(shipped: Definitions) -> None:
    """The call that declares it is answered, then the port is closed, and opens by itself as time passes."""
    with MockHttpServer(Mock(Settings(auth="off"), definitions=shipped)) as server:
        fault = {"target": "*", "fault": "CONNECTION_REFUSED", "window": [0, "400ms"]}
        assert requests.post(server.url + "/_mock/faults", json=fault, timeout=30).status_code == 201
        assert refused(server.port)
        while refused(server.port):
            time.sleep(0.005)
        assert get(server).status_code == 200


def test_a_server_that_starts_refusing(tmp_path: Path, shipped: Definitions) -> None:
    """A fixture file may close the port from the start."""
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"faults": [{"target": "*", "fault": "CONNECTION_REFUSED", "window": [0, 60]}]}))
    mock = Mock(Settings(auth="off", fixtures=(str(file),)), Clock(1_700_000_000_000, speed=0), shipped)
    with MockHttpServer(mock) as server:
        assert refused(server.port)
        mock.clock.advance(60)
        assert get(server).status_code == 200


def test_nobody_else_gets_a_refusing_port(running: MockHttpServer) -> None:
    """While it is closed the port stays the server's own, and stopping gives it back."""
    running.mock.fail("*", fault="CONNECTION_REFUSED")
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", running.port))
    running.stop()
    with socket.socket() as other:
        other.bind(("127.0.0.1", running.port))


def test_tls_error(running: MockHttpServer) -> None:
    """A client that speaks TLS gets a proper alert instead of plain text, and is counted; plain requests are answered."""
    fault = running.mock.fail("*", fault="TLS_ERROR")
    with pytest.raises(ssl.SSLError, match=r"(?i)alert handshake[_ ]failure"):
        greet_in_tls(running)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(running.url.replace("http", "https") + PATH, timeout=30)
    assert get(running).status_code == 200
    assert fault.served >= 2
    fault.remove()
    with pytest.raises(ssl.SSLError, match=r"(?i)wrong[_ ]version"):
        greet_in_tls(running)


def greet_in_tls(server: MockHttpServer) -> None:
    """Begin a TLS connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


# vendors' SDKs


def client_of(connect: Connect, server: MockHttpServer, **config: Any) -> Any:
    """The CDM SDK's client."""
    return connect(CDM, server, config=HttpConfig(**config))  # type: ignore[arg-type]  # all it needs is the url


def test_the_cdm_sdk(shipped: Definitions, connect: Connect) -> None:
    """Huawei Cloud's SDK raises what it raises in the cloud, and gets the job once the faults are used up."""
    with MockHttpServer(Mock(Settings(), definitions=shipped)) as server:
        mock, client = server.mock, client_of(connect, server, timeout=(5, 0.3))
        mock.fail("cdm", error="job-not-found", times=1)
        mock.fail("cdm", status=502, times=1)
        mock.fail("cdm", quota={"limit": 0, "per": "1m"}, retry_after=7, times=1)
        for status, told in ((400, "Cdm.0100"), (502, "nginx"), (429, None)):
            with pytest.raises(ServiceResponseException) as refused:
                client.ask()
            assert refused.value.status_code == status
            if told is None:  # the SDK's own retrying gives up on a 429 before anyone sees the answer
                assert client.answer is None
            else:
                assert client.answer is not None
                assert told in client.answer.text
        for kind in ("EMPTY_RESPONSE", "CONNECTION_RESET_BY_PEER", "RANDOM_DATA_THEN_CLOSE", "HANG"):
            mock.fail("cdm", fault=kind, times=1)
            with pytest.raises(ConnectionException):
                client.ask()
        mock.fail("cdm", patch=[{"op": "replace", "path": "/submissions/0/status", "value": "PAUSED"}], times=1)
        assert client.ask().submissions[0].status == "PAUSED"
        assert client.ask().submissions[0].status in ("BOOTING", "PENDING", "NEW", "FAILURE_ON_SUBMIT", "NEVER_EXECUTED")
        assert [fault.served for fault in mock.namespace().faults.entries] == [1] * 8


def poll_enos(server: MockHttpServer) -> Any:
    """What poseidon makes of the answer."""
    return poseidon.urlopen(DEFAULT_APP_KEY, DEFAULT_APP_SECRET, server.url + TASK)


def test_enos_poseidon(shipped: Definitions) -> None:
    """EnOS's SDK meets errors in its envelope, an HTML page, a cut body and a reset, and then the task again."""
    with MockHttpServer(Mock(Settings(auth="off"), definitions=shipped)) as server:
        mock = server.mock
        mock.fail("enos", error="no-privilege", times=1)
        envelope = poll_enos(server)
        assert "code" in envelope
        assert envelope.get("data") in (None, {}, "")
        mock.fail("enos", status=503, times=1)
        assert poll_enos(server) is None  # what the SDK makes of any HTTP error
        mock.fail("enos", fault="TRUNCATED_JSON", times=1)
        mock.fail("enos", fault="HTML_200", times=1)
        assert [poll_enos(server)[:6] for _ in range(2)] == ['{"code', "<html>"]  # text, where it finds no JSON
        mock.fail("enos", fault="CONNECTION_RESET_BY_PEER", times=1)
        with pytest.raises(ConnectionResetError):
            poll_enos(server)
        assert [fault.served for fault in mock.namespace().faults.entries] == [1] * 5
        assert poll_enos(server)["data"]


# as a process


def test_serve_delivers_every_kind(start: Callable[..., Server], connect: Connect) -> None:
    """`mockserver serve` takes every fault over the control API, delivers it, answers SDKs meanwhile, and logs it."""
    server = start("--auth", "off")
    assert connect(CDM, server).ask().submissions
    kinds = [name for name, kind in KINDS.items() if not kind.listener]
    said = {kind: after_declaring(server, kind) for kind in kinds}
    assert {kind: (answer[:12], was_reset) for kind, (answer, was_reset) in said.items()} == {
        "EMPTY_RESPONSE": (b"", False),
        "MALFORMED_RESPONSE_CHUNK": (b"HTTP/1.1 200", False),
        "RANDOM_DATA_THEN_CLOSE": (said["RANDOM_DATA_THEN_CLOSE"][0][:12], False),
        "CONNECTION_RESET_BY_PEER": (b"", True),
        "HANG": (b"", False),
        "CLOSE_MID_BODY": (b"HTTP/1.1 200", True),
        "SHORT_BODY": (b"HTTP/1.1 200", False),
        "LATE_500": (b"HTTP/1.1 500", False),
        **dict.fromkeys(
            ("TRUNCATED_JSON", "EMPTY_BODY", "HTML_200", "WRONG_ENCODING", "SLOW_DRIBBLE"), (b"HTTP/1.1 200", False)
        ),
    }
    assert len(said["RANDOM_DATA_THEN_CLOSE"][0]) == 512
    assert [(exchange["fault"] or {}).get("kind") for exchange in server.journal()] == [None, *kinds]
    assert server.stop() == 0
    lines = server.stderr.splitlines()
    assert [line.partition("[fault ")[2] for line in lines] == [
        "",
        *(f"{number}: {kind}]" for number, kind in enumerate(kinds, 1)),
    ]


def after_declaring(server: Server, kind: str) -> tuple[bytes, bool]:
    """What an ordinary request gets once a fault of this kind is declared."""
    options: Any = {"HANG": {"limit": "20ms"}, "SLOW_DRIBBLE": {"chunks": 3, "duration": "30ms"}}.get(kind, {})
    fault = {"target": "cdm", "times": 1, "fault": {"type": kind, **options}}
    assert requests.post(f"{server.url}/_mock/faults", json=fault, timeout=10).status_code == 201
    return raw(server, more="Connection: close\r\n")


def test_serve_delays_and_closes_its_port(start: Callable[..., Server]) -> None:
    """A delay is a client's timeout; a closed port refuses, and opens by itself."""
    server = start("--auth", "off")

    def declare(**fault: Any) -> int:
        return requests.post(f"{server.url}/_mock/faults", json={"times": 1, **fault}, timeout=10).status_code

    assert declare(target="cdm", delay="300ms") == 201
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(server.url + PATH, timeout=0.1)
    assert declare(target="*", times=None, fault="CONNECTION_REFUSED", window=[0, "400ms"]) == 201
    assert refused(server.port)
    while refused(server.port):
        time.sleep(0.005)
    assert requests.get(server.url + PATH, timeout=10).status_code == 200
    assert declare(target="*", times=None, fault="TLS_ERROR") == 201
    with pytest.raises(requests.exceptions.SSLError, match=r"(?i)handshake[_ ]failure"):
        requests.get(server.url.replace("http", "https") + PATH, timeout=10)


def test_serve_starts_with_socket_faults_of_fixture_files(start: Callable[..., Server], tmp_path: Path) -> None:
    """A fixture file may break connections from the first request on."""
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"faults": [{"target": "cdm", "fault": "EMPTY_RESPONSE"}]}))
    assert raw(start("--auth", "off", "--fixtures", str(file))) == (b"", False)
