"""HTTPS over real sockets: vendors' SDKs, requests, httpx, curl; the faults above and below it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests
from raw_sockets import make_certificate, read_all
from sdk_clients import CDM, Connect, Server

from mockserver import Clock, Mock, MockHttpServer, MockServer, Settings, running
from mockserver.definitions import Definitions
from mockserver.errors import InputError
from mockserver.server.certificates import TRUST, context_from_files, new_context

PATH = "/v1.1/project/clusters/cluster/cdm/job/orders/status"
TASK = "/batch-processing-service/v2.1/taskInstances?taskInstId=t-1&userId=u&orgId=o&action=get"


@pytest.fixture(scope="module")
def authority() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and a client's that trusts it."""
    context, trusted = new_context("")
    return context, ssl.create_default_context(cadata=trusted.decode())


@pytest.fixture
def server(authority: tuple[ssl.SSLContext, ssl.SSLContext], shipped: Definitions) -> Iterator[MockHttpServer]:
    """A server that speaks TLS."""
    mock = Mock(Settings(auth="off"), Clock(1_700_000_000_000, speed=0), shipped)
    with MockHttpServer(mock, tls=authority[0]) as serving:
        yield serving


@pytest.fixture
def greet(authority: tuple[ssl.SSLContext, ssl.SSLContext]) -> Callable[[int], ssl.SSLSocket]:
    """Opens a connection that trusts the server."""

    def connected(port: int) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        return authority[1].wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False)

    return connected


def said(connection: ssl.SSLSocket) -> tuple[bytes, bool]:
    """All that comes on a connection after a request, and whether it ended without TLS's goodbye."""
    connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
    except (ConnectionResetError, ssl.SSLEOFError):
        return received, True
    return received, False


@pytest.fixture
def tls_mock() -> Iterator[MockServer]:
    """`running(tls=True)`, its variables set."""
    with running(tls=True, unknown_ids="create") as mock, mock.environ():
        yield mock


def test_the_variables_let_everybody_in(tls_mock: MockServer) -> None:
    """requests, urllib, httpx and the mock's own client trust the server, by its name and by its address."""
    assert tls_mock.url.startswith("https://127.0.0.1:")
    assert {tls_mock.env[name] for name in TRUST} == {tls_mock.env["SSL_CERT_FILE"]}
    signed = tls_mock.client()
    assert signed.get(PATH).status_code == 200
    assert requests.get(tls_mock.url + "/_mock/health", timeout=20).status_code == 200
    assert httpx.get(tls_mock.url.replace("127.0.0.1", "localhost") + "/_mock/health").status_code == 200


def test_vendors_sdks(tls_mock: MockServer) -> None:
    """Huawei Cloud's SDKs, as the mock makes them and as the variables turn them, and poseidon, work unchanged."""
    tls_mock.job("cdm", job_name="orders", life=[("RUNNING", None)])
    from huaweicloudsdkcdm.v1 import CdmClient, ShowJobStatusRequest
    from huaweicloudsdkcdm.v1.region.cdm_region import CdmRegion
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    asked = ShowJobStatusRequest(cluster_id="c", job_name="orders")
    assert tls_mock.sdk("cdm").show_job_status(asked).submissions[0].status == "RUNNING"
    own = tls_mock.credentials
    who = BasicCredentials(own.access_key, own.secret_key, own.project_id)
    client = CdmClient.new_builder().with_credentials(who).with_region(CdmRegion.value_of("cn-north-4")).build()
    assert client.show_job_status(asked).submissions[0].status == "RUNNING"
    client.close()
    assert tls_mock.sdk("enos").urlopen(TASK)["data"]


@pytest.mark.parametrize(
    ("fault", "begin", "broken"),
    [
        ("EMPTY_RESPONSE", b"", False),
        ("CONNECTION_RESET_BY_PEER", b"", True),
        ("CLOSE_MID_BODY", b"HTTP/1.1 200 OK", True),
        ("SHORT_BODY", b"HTTP/1.1 200 OK", False),
        ("SLOW_DRIBBLE", b"HTTP/1.1 200 OK", False),
    ],
)
def test_faults_above_tls(
    server: MockHttpServer, greet: Callable[[int], ssl.SSLSocket], fault: str, begin: bytes, broken: bool
) -> None:
    """Answers break within TLS as they do without it; a reset ends it without a goodbye."""
    server.mock.fail("cdm", fault={"type": fault, "chunks": 2, "duration": "20ms"} if fault == "SLOW_DRIBBLE" else fault)
    with greet(server.port) as connection:
        received, was_broken = said(connection)
    assert (received[: len(begin)], was_broken) == (begin, broken)
    assert bool(received) == bool(begin)


def test_tls_error(server: MockHttpServer, greet: Callable[[int], ssl.SSLSocket]) -> None:
    """The handshake fails with its alert, as often as it is tried, until the fault is gone."""
    fault = server.mock.fail("*", fault="TLS_ERROR")
    with pytest.raises(ssl.SSLError, match=r"(?i)alert handshake[_ ]failure"):
        greet(server.port)
    assert fault.served == 1
    fault.remove()
    with greet(server.port) as connection:
        assert said(connection)[0].startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_speaks_plain_http_is_told(server: MockHttpServer) -> None:
    """It gets an answer that says what to do."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = read_all(plain)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"use https://" in answer


def test_a_client_that_does_not_trust_the_server_goes(server: MockHttpServer, caplog: pytest.LogCaptureFixture) -> None:
    """Its complaint ends the connection; nothing is logged, and others are served."""
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=ssl.create_default_context()).connect()
    assert caplog.text == ""


def test_large_bodies_and_many_requests(server: MockHttpServer, authority: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """Bodies of many TLS records arrive whole, and a connection is kept."""
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=authority[1])
    for size in (1, 100_000, 3_000_000):
        connection.request("POST", "/v3/auth/tokens", b" " * size)
        connection.getresponse().read()
        assert len(server.mock.journal.last(1)[0].request.body) == min(size, 8 * 1024)
    connection.close()


def test_serve_tls(start: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve --tls` with `env --tls`: what it prints lets curl and Python in, in other processes; `wait` finds it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    server = start("--tls", "--auth", "off", "--port-file", str(tmp_path / "port"))
    assert server.url.startswith("https://")
    assert int((tmp_path / "port").read_text()) == server.port
    command = [sys.executable, "-m", "mockserver"]
    listed = subprocess.run(
        [*command, "env", "--tls", "--port", str(server.port), "--shell", "dotenv"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    variables = {name: value.strip('"') for name, _, value in (line.partition("=") for line in listed.splitlines())}
    assert variables["HUAWEICLOUD_SDK_REGION_CDM_CN_NORTH_4"] == server.url
    environment = {**os.environ, **variables}
    code = f"import requests; print(requests.get({server.url + PATH!r}, timeout=20).json()['submissions'][0]['job-name'])"
    clients = [[sys.executable, "-c", code], [*command, "wait", "--tls", "--port", str(server.port)]]
    if curl := shutil.which("curl"):
        clients.append([curl, "-sS", "--fail", server.url + PATH])
    for client in clients:
        done = subprocess.run(client, capture_output=True, text=True, check=False, env=environment, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.exhaustive
def test_serve_with_a_certificate_of_one_s_own(
    start: Callable[..., Server], tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--tls-cert` and `--tls-key`, in one file or two; the SDK works once it trusts it."""
    both = make_certificate(tmp_path)
    with start("--tls-cert", str(both)) as one:
        assert requests.get(one.url + "/_mock/health", timeout=20, verify=str(tmp_path / "cert")).status_code == 200
    two = start("--tls-cert", str(tmp_path / "cert"), "--tls-key", str(tmp_path / "key"))
    from huaweicloudsdkcore.http.http_config import HttpConfig

    assert connect(CDM, two, config=HttpConfig(ssl_ca_cert=str(tmp_path / "cert"))).ask().submissions


def test_certificates_that_can_t_be_used(tmp_path: Path) -> None:
    """A file that is missing, or no certificate, is named, with what is allowed."""
    with pytest.raises(InputError, match=r"--tls-cert nowhere.pem .* can't be used: No such file"):
        context_from_files("nowhere.pem", "")
    (tmp_path / "nonsense").write_text(json.dumps({}))
    with pytest.raises(InputError, match="allowed: a certificate"):
        context_from_files(str(tmp_path / "nonsense"), "")
