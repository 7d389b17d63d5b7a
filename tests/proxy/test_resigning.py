"""With --resign the proxy holds the user's own keys: it signs documented reads for callers on this machine, nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from raw_sockets import RawService, ask, giving
from sdk_clients import PROJECT

from mockserver.contract.session import Session
from mockserver.credentials import credentials_of, resigner
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.proxy import JudgeQueue, Proxy, ProxyOptions
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY

DEFINITIONS = load()
SIGN = resigner(credentials_of({"HUAWEICLOUD_SDK_AK": DEFAULT_ACCESS_KEY, "HUAWEICLOUD_SDK_SK": DEFAULT_SECRET_KEY}))
JOBS = f"/v3/{PROJECT}/jobs?id=7"
OWN = "Authorization: SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=00"

Front = Callable[..., tuple[Proxy, RawService]]


@pytest.fixture
def front() -> Iterator[Front]:
    """Puts proxies that sign in front of services, which end with the test."""
    made: list[tuple[Proxy, RawService]] = []

    def front(**options: Any) -> tuple[Proxy, RawService]:
        service = RawService(giving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        judging = JudgeQueue(Session(DEFINITIONS), lambda _: None)
        made.append(
            (Proxy(ProxyOptions((service.url,), port=0, resign=SIGN, **options), DEFINITIONS, judging).start(), service)
        )
        return made[-1]

    yield front
    for proxy, service in made:
        proxy.stop()
        service.close()


def send(proxy: Proxy, method: str, target: str, *headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Connection: close", *headers, "", ""]
    return ask(proxy.port, "\r\n".join(lines).encode())


def detail(answer: bytes) -> str:
    """What the proxy's refusal says."""
    assert answer.startswith(b"HTTP/1.1 403 "), answer
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["detail"])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:8000", "app.localhost"])
def test_a_documented_get_of_this_machine_is_signed(front: Front, host: str) -> None:
    """Its signature is made by the user's key, whoever signed it before."""
    proxy, service = front()
    assert send(proxy, "GET", JOBS, f"Host: {host}", OWN, "Origin: http://localhost:3000").startswith(b"HTTP/1.1 200")
    assert f"Access={DEFAULT_ACCESS_KEY}".encode() in service.heads[0]


@pytest.mark.parametrize(
    ("method", "target", "reason"),
    [
        ("DELETE", JOBS, "no document has it"),
        (
            "DELETE",
            f"/v3/{PROJECT}/instances/1",
            "DeleteGaussMySqlInstance is a DELETE; allowed: GET; --resign-allow Delete",
        ),
        ("GET", f"/v3/{PROJECT}/instances", "no document has it"),
        ("POST", "/v3/auth/tokens", "KeystoneCreateUserTokenByPassword is a POST; allowed: GET; --resign-allow Keystone"),
    ],
)
def test_nothing_else_is_signed(front: Front, method: str, target: str, reason: str) -> None:
    """What changes something, or stands in no document, is refused before the service hears of it."""
    proxy, service = front()
    assert reason in detail(send(proxy, method, target, "Host: localhost", OWN))
    assert service.heads == []
    assert [name for name, _ in proxy.stop().skipped] == [f"{method} {target.partition('?')[0]}"]


@pytest.mark.parametrize(
    "headers",
    [
        ("Host: evil.example",),
        ("Host: 127.0.0.1.evil.example:6211",),
        ("Host: localhost", "Origin: https://evil.example"),
        ("Host: localhost", "Origin: null"),
        ("Host: localhost", "Origin: http://[broken"),
    ],
)
def test_no_page_of_another_site_gets_a_signature(front: Front, headers: tuple[str, ...]) -> None:
    """A rebound host name and a foreign origin are refused, with what is allowed."""
    proxy, service = front()
    assert "allowed: localhost, 127.0.0.1, [::1]; --allow-host NAME adds one" in detail(
        send(proxy, "GET", JOBS, *headers, OWN)
    )
    assert service.heads == []


def test_settings_name_more(front: Front) -> None:
    """A method, an operation and a host can be allowed; all that isn't signed passes from anywhere, as it is."""
    proxy, service = front(resign_allow=("KeystoneCreateUserTokenByPassword",), allow_hosts=("Build.example",))
    assert send(proxy, "POST", "/v3/auth/tokens", "Host: build.example:1", OWN, "Content-Length: 0").startswith(
        b"HTTP/1.1 200"
    )
    assert f"Access={DEFAULT_ACCESS_KEY}".encode() in service.heads[0]
    assert send(proxy, "DELETE", "/anything", "Host: evil.example", "X-Auth-Token: t").startswith(b"HTTP/1.1 200")
    assert b"Authorization" not in service.heads[1]
    assert "build.example; --allow-host" in detail(send(proxy, "GET", JOBS, "Host: evil.example", OWN))


def test_a_wrong_name_is_refused(front: Front) -> None:
    """What no document has can't be allowed either."""
    with pytest.raises(InputError, match="did you mean 'ShowJobStatus'"):
        front(resign_allow=("ShowJobState",))
    with pytest.raises(InputError, match="is called 'PATCH', or has that method"):
        front(resign_allow=("PATCH",))
