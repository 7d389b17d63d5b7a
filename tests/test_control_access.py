"""Who may use the control API: no page of another site, and on an open port only who has the token."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import requests
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.mock import Mock
from mockserver.settings import Settings

CALLS = [("POST", "/_mock/reset"), ("POST", "/_mock/jobs"), ("GET", "/_mock/health"), ("GET", "/_mock/journal")]


def client(**settings: object) -> FlaskClient:
    """The control API of a server with these settings."""
    return create_app(mock=Mock(Settings(**settings))).test_client()  # type: ignore[arg-type]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:6210", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "a b", "["]
)
def test_a_foreign_host_is_refused(call: tuple[str, str], host: str) -> None:
    """DNS rebinding: a page's own name leads to this machine, but the Host header tells."""
    method, path = call
    answer = client().open(
        path, method=method, json={"service": "cdm"} if method == "POST" else None, headers={"Host": host}
    )
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["detail"].startswith(
        f"the Host header is {host!r}; allowed: localhost, 127.0.0.1, [::1]; --control-host"
    )


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:6210", "127.0.0.1:6210", "127.9.9.9", "[::1]:6210", "mock.localhost", "mock.example:80"]
)
def test_this_machine_passes(host: str) -> None:
    """Loopback names and addresses pass, and names that the setting has."""
    assert client(control_hosts=("mock.example",)).post("/_mock/reset", headers={"Host": host}).status_code == 204


@pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil.example", "null", "", "http://[", "x"])
def test_a_foreign_origin_is_refused(origin: str) -> None:
    """A page of another site can send simple POSTs anywhere; the browser says where they come from."""
    headers = {"Origin": origin, "Content-Type": "text/plain"}
    page = client()
    for path, body in (("/_mock/reset", ""), ("/_mock/jobs", '{"service": "cdm"}')):
        answer = page.post(path, data=body, headers=headers)
        assert answer.status_code == 403
        assert answer.json is not None
        assert answer.json["detail"].startswith(f"the Origin header is {origin!r}; allowed: localhost")
    assert page.get("/_mock/jobs").json == {"jobs": []}


def test_a_page_of_this_machine_passes() -> None:
    """The mock's own pages, and a developer's on another port."""
    for origin in ("http://localhost:6210", "http://127.0.0.1:3000", "http://[::1]"):
        assert client().post("/_mock/reset", headers={"Origin": origin}).status_code == 204


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("Bearer t0ken", 204), ("bearer t0ken ", 204), ("", 401), ("Bearer", 401), ("Bearer t0ke", 401), ("Basic t0ken", 401),
     ("Bearer ü", 401)],
)  # fmt: skip
@pytest.mark.parametrize("settings", [{"host": "0.0.0.0"}, {"host": "::"}, {"host": "mock.lan"}, {}], ids=str)
def test_an_open_port_wants_the_token(settings: dict[str, str], authorization: str, status: int) -> None:
    """Where others than this machine can call, or a token is set, only who has it may; the vendors' operations are free."""
    page = client(**settings, control_token="t0ken", auth="off")
    headers = {"Authorization": authorization} if authorization else {}
    assert page.post("/_mock/reset", headers={**headers, "Host": "mock.lan"}).status_code == status
    assert page.get("/_mock/health", headers={"Host": "mock.lan"}).status_code == 200
    assert page.get("/v3/054e292c9880d4992f02c0196d3ea468/jobs?id=1", headers={"Host": "mock.lan"}).status_code == 200


def test_an_open_port_without_a_token_is_closed() -> None:
    """Whoever starts a server of their own on an open port is told what to set."""
    answer = client(host="0.0.0.0").get("/_mock/jobs")
    assert answer.status_code == 401
    assert answer.json is not None
    assert "start it with --control-token TOKEN" in answer.json["detail"]


def test_a_server_on_an_open_port_prints_its_token() -> None:
    """`mockserver --host 0.0.0.0` makes a token up and prints it; with it, the control API answers."""
    command = [sys.executable, "-m", "mockserver", "--host", "0.0.0.0", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stderr is not None
            said = re.search(r"Authorization: Bearer (\S+)", server.stderr.readline())
            port = server.stdout.readline().rpartition(":")[2].strip()
            assert said is not None
            url = f"http://127.0.0.1:{port}/_mock/jobs"
            assert requests.get(url, timeout=10).status_code == 401
            assert requests.get(url, headers={"Authorization": f"Bearer {said[1]}"}, timeout=10).json() == {"jobs": []}
        finally:
            server.terminate()
        server.wait(10)
