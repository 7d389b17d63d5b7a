"""The vendors' own clients through the proxy, and the command with its files, signals and exit status."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from poseidon import poseidon
from raw_sockets import RawService, ask, giving, read_exactly
from sdk_clients import CDM, PROJECT, TAURUSDB, Connect, Sdk, Server, send, signed

from mockserver.contract.session import Session
from mockserver.credentials import credentials_of, resigner
from mockserver.definitions import load
from mockserver.exchanges.recording import read
from mockserver.proxy import JudgeQueue, Proxy, ProxyOptions
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_APP_KEY, DEFAULT_APP_SECRET, DEFAULT_SECRET_KEY

DEFINITIONS = load()
KEYS = {"HUAWEICLOUD_SDK_AK": DEFAULT_ACCESS_KEY, "HUAWEICLOUD_SDK_SK": DEFAULT_SECRET_KEY}
CDM_PATH = f"/v1.1/{PROJECT}/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/orders/status"
ENOS_PATH = "/batch-processing-service/v2.1/taskInstances"
TOKEN = "MIIsecret-token-of-the-caller-0123456789"

Front = Callable[..., Proxy]


@pytest.fixture
def front() -> Iterator[Front]:
    """Puts proxies in front of servers, which end with the test."""
    made: list[Proxy] = []

    def front(url: str, **options: Any) -> Proxy:
        judging = JudgeQueue(Session(DEFINITIONS), lambda _: None)
        made.append(Proxy(ProxyOptions((url,), port=0, **options), DEFINITIONS, judging))
        return made[-1].start()

    yield front
    for item in made:
        item.stop()


# The vendors' clients


@pytest.mark.parametrize("sdk", [CDM, TAURUSDB], ids=lambda sdk: sdk.package)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_sdks_see_no_difference(server: Server, front: Front, connect: Connect, sdk: Sdk, mode: str) -> None:
    """Through the proxy the SDK reads the same answer as without it; the exchange is judged, and clean."""
    proxy = front(server.url)
    through, straight = connect(sdk, proxy, mode), connect(sdk, server, mode)  # type: ignore[arg-type]  # it has a url
    asked = operation_request(sdk)
    matches = through.ask(**asked).to_json_object()
    assert matches.keys() == straight.ask(**asked).to_json_object().keys()
    assert through.answer is not None
    assert straight.answer is not None
    assert through.answer.headers.keys() == straight.answer.headers.keys()
    result = proxy.stop()
    assert [judged.operation for judged in result.judged] == [sdk.operation]
    assert [str(finding) for _, finding in result.findings()] == []


def operation_request(sdk: Sdk) -> dict[str, Any]:
    """The documented request's ids, without the project, which is the client's."""
    asked = DEFINITIONS.operation(sdk.operation).documented_request or {}
    return {name: value for name, value in asked.items() if name != "project_id"}


def test_the_sdk_raises_the_same_error(server: Server, front: Front, connect: Connect) -> None:
    """An error of the service is the same error through the proxy."""
    proxy = front(server.url)
    with pytest.raises(ClientRequestException) as caught:
        connect(CDM, proxy).ask(job_name="mock-error-throttled-user")  # type: ignore[arg-type]  # it has a url
    assert caught.value.status_code == 429
    assert [judged.exchange.response.status for judged in proxy.stop().judged] == [429]


def test_poseidon_sees_no_difference(server: Server, front: Front) -> None:
    """EnOS's client reads the documented answer through the proxy."""
    proxy = front(server.url)
    url = f"{proxy.url}{ENOS_PATH}?action=get&userId=u15426865866571&orgId=o15426865866571&taskInstId=118979-2021020211"
    result = poseidon.urlopen(DEFAULT_APP_KEY, DEFAULT_APP_SECRET, url)
    assert result == DEFINITIONS.operation("GetTaskInstance").examples["documented"].value
    [judged] = proxy.stop().judged
    assert (judged.operation, judged.findings) == ("GetTaskInstance", ())


# Signatures


def test_a_signature_for_the_proxy_is_wrong_behind_it(strict_server: Server, front: Front, connect: Connect) -> None:
    """Without --resign a verifying service refuses what was signed for the proxy's host; with it, the SDK is let in."""
    with pytest.raises(ClientRequestException) as caught:
        connect(CDM, front(strict_server.url)).ask()  # type: ignore[arg-type]  # it has a url
    assert caught.value.status_code == 401
    proxy = front(strict_server.url, resign=resigner(credentials_of(KEYS)))
    for sdk in (CDM, TAURUSDB):
        assert connect(sdk, proxy, key=("ANOTHERACCESSKEY0000", "another")).ask().status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a b", "任务", "50%", "x+y", "~t", "a;b"])
def test_odd_paths_and_queries_are_signed_anew(strict_server: Server, front: Front, name: str) -> None:
    """What a signature covers is what the service gets, however it is encoded."""
    proxy = front(strict_server.url, resign=resigner(credentials_of(KEYS)))
    path = CDM_PATH.replace("orders", name)
    assert send(signed(proxy.url, path, key=("ANOTHERACCESSKEY0000", "x"))).status_code == 200
    answer = send(signed(proxy.url, "/v3/projects", {"name": f"b {name}"}, key=("ANOTHERACCESSKEY0000", "x")))
    assert answer.status_code == 200


def test_bodies_are_signed_anew(front: Front) -> None:
    """The body is part of the signature, also a chunked one that was waited for; what isn't signed is left alone."""

    def serve(connection: socket.socket, head: bytes) -> None:
        read_exactly(connection, 12 if head.startswith(b"POST") else 0)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    service = RawService(serve)
    proxy = front(service.url, resign=resigner(credentials_of(KEYS)), resign_allow=("POST",))
    form = b"SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=00"
    head = (
        b"POST /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nauthORization: %s\r\nX-Sdk-Date: 20200101T000000Z\r\n" % form
    )
    rest = b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert ask(proxy.port, head + rest).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    ask(proxy.port, b"GET /b HTTP/1.1\r\nHost: h\r\nX-Auth-Token: t\r\nConnection: close\r\n\r\n")
    lines = service.heads[0].split(b"\r\n")
    proof = f"authORization: SDK-HMAC-SHA256 Access={DEFAULT_ACCESS_KEY}, SignedHeaders=host;x-sdk-date, Signature="
    assert lines[2].startswith(proof.encode())
    assert lines[2][-64:] != b"0" * 64
    names = [line.partition(b":")[0] for line in lines[1:5]]
    assert names == [b"Host", b"authORization", b"X-Sdk-Date", b"Transfer-Encoding"]
    assert b"Expect" not in service.heads[0]
    assert service.heads[1] == f"GET /b HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nX-Auth-Token: t\r\n\r\n".encode()
    service.close()


def test_a_signed_request_to_another_host_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed for the proxy and sent on to a real host without --resign: one line says what will happen and what to do."""
    service = RawService(giving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.setenv("http_proxy", service.url)
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    said: list[str] = []
    options = ProxyOptions(("http://cdm.example.invalid",), port=0)
    with Proxy(options, DEFINITIONS, JudgeQueue(Session(DEFINITIONS), said.append)) as proxy:
        for _ in range(2):
            send(signed(proxy.url, CDM_PATH))
    service.close()
    assert [line for line in said if "--resign" in line] == [
        "requests to cdm.example.invalid are signed for the proxy's host, which the real gateway refuses (APIGW.0301);"
        " --resign signs them again with HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"
    ]


# The command


class Command:
    """`mockserver proxy` as a process, until it is interrupted."""

    def __init__(self, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mockserver", "proxy", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.url = line.partition(" ready on ")[2].partition(" for ")[0]

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Interrupt it; exit status, stdout and stderr."""
        if self.url:
            self._process.send_signal(number)
        out, err = self._process.communicate(timeout=60)
        return self._process.returncode, out, err


@pytest.mark.exhaustive
def test_a_clean_run(server: Server, tmp_path: Path) -> None:
    """Ctrl-C ends it with status 0, a report on stdout, and nothing on stderr."""
    command = Command(tmp_path, "--upstream", server.url)
    assert requests.get(command.url + CDM_PATH, headers={"X-Auth-Token": TOKEN}, timeout=10).status_code == 200
    status, out, err = command.end()
    assert (status, err) == (0, "")
    assert "ShowJobStatus" in out


def test_findings_files_and_secrets(server: Server, tmp_path: Path) -> None:
    """Findings come as lines on stderr and give status 1; recording, HAR and reports are written, and hold no secret."""
    secrets = (TOKEN, DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, DEFAULT_APP_SECRET)
    files = ["--record", "run.jsonl", "--har", "run.har", "--report", "json=report.json", "--report", "html=report.html"]
    command = Command(tmp_path, "--upstream", server.url, *files, environment=KEYS)
    requests.get(command.url + CDM_PATH, params={"token": TOKEN}, headers={"X-Auth-Token": TOKEN}, timeout=10)
    request = signed(command.url, CDM_PATH)
    send(request)
    signature: str = request.header_params["Authorization"].rpartition("=")[2]
    requests.get(command.url + f"/v3/{PROJECT}/jobs", headers={"X-Auth-Token": TOKEN}, timeout=10)
    status, out, err = command.end(signal.SIGTERM)
    assert status == 1, err
    assert any(line.startswith("#1 ShowJobStatus 2") and "request-parameter-unknown" in line for line in err.splitlines())
    assert [exchange.response.status for exchange in read(tmp_path / "run.jsonl").exchanges] == [200, 200, 400]
    assert len(json.loads((tmp_path / "run.har").read_text())["log"]["entries"]) == 3
    assert json.loads((tmp_path / "report.json").read_text())
    written = [path.read_text() for path in tmp_path.iterdir()]
    assert len(written) == 4
    assert not [secret for secret in (*secrets, signature) for text in (*written, out, err) if secret in text]
    assert PROJECT not in (tmp_path / "run.jsonl").read_text()


@pytest.mark.exhaustive
def test_ids_can_be_kept_and_findings_tolerated(server: Server, tmp_path: Path) -> None:
    """--keep-ids keeps the project in the recording; --fail-on error lets warnings pass."""
    command = Command(tmp_path, "--upstream", server.url, "--record", "r.jsonl", "--keep-ids", "--fail-on", "error")
    requests.get(command.url + f"{CDM_PATH}?extra=1", headers={"X-Auth-Token": TOKEN}, timeout=10)
    status, _, err = command.end()
    assert (status, "warning request-parameter-unknown" in err) == (0, True)
    assert PROJECT in (tmp_path / "r.jsonl").read_text()


@pytest.mark.exhaustive
def test_signing_anew_from_the_environment(strict_server: Server, tmp_path: Path) -> None:
    """--resign takes its key from the environment."""
    command = Command(tmp_path, "--upstream", strict_server.url, "--resign", environment=KEYS)
    assert send(signed(command.url, CDM_PATH, key=("ANOTHERACCESSKEY0000", "x"))).status_code == 200
    assert command.end()[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--upstream"),
        (("--upstream", "nowhere"), "allowed: http://HOST"),
        (("--upstream", "http://h", "--port", "70000"), "'70000' is not a port"),
        (("--upstream", "http://h", "--timeout", "nan"), "'nan' is not a number of seconds"),
        (("--upstream", "http://h", "--report", "htlm"), "did you mean 'html'"),
        (("--upstream", "http://h", "--report", "json=/nowhere/x"), "can't write /nowhere/x"),
        (("--upstream", "http://h", "--record", "/nowhere/x"), "can't write /nowhere/x"),
        (("--upstream", "http://h", "--resign"), "--resign needs HUAWEICLOUD_SDK_AK"),
        *(
            pytest.param(options, message, marks=pytest.mark.exhaustive)
            for options, message in (
                (("--upstream", "http://h", "--har", "/nowhere/x"), "can't write /nowhere/x"),
                (("--upstream", "https://h", "--ca-bundle", "missing.pem"), "can't use the certificates in missing.pem"),
                (("--upstream", "http://h", "--strict", "nothing"), "nothing"),
            )
        ),
    ],
)
def test_wrong_options(tmp_path: Path, options: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with the options is said before anything is passed on: status 2."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    status, out, err = Command(tmp_path, *options).end()
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
