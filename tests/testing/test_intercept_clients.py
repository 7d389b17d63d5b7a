"""httpx and aiohttp in the place of the vendors' hosts: answered in this process, with the clients' own exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest

import mockserver
from mockserver.faults.kinds import KINDS
from mockserver.testing.guard import EgressBlocked, egress_guard

REAL = "https://cdm.cn-north-4.myhuaweicloud.com"
PATH = "/v1.1/p/clusters/c/cdm/job/j/status"
HEADERS = {"X-Auth-Token": "t"}
Ask = Callable[[str], str]


def _status(answer: Any) -> str:
    return str(answer["submissions"][0]["status"])


def by_httpx(url: str) -> str:
    """One poll by httpx."""
    return _status(httpx.get(url, headers=HEADERS, timeout=1, verify=False).json())


def by_async_httpx(url: str) -> str:
    """One poll by httpx's asynchronous client."""

    async def ask() -> str:
        async with httpx.AsyncClient(timeout=1, verify=False) as client:
            return _status((await client.get(url, headers=HEADERS)).json())

    return asyncio.run(ask())


def by_aiohttp(url: str) -> str:
    """One poll by aiohttp."""

    async def ask() -> str:
        timeout = aiohttp.ClientTimeout(total=1)
        async with aiohttp.ClientSession(timeout=timeout) as client, client.get(url, headers=HEADERS) as answer:
            return _status(await answer.json(content_type=None))

    return asyncio.run(ask())


CLIENTS = [by_httpx, by_async_httpx, by_aiohttp]


@pytest.fixture
def mock() -> Iterator[mockserver.MockServer]:
    """A running mock with a job."""
    with mockserver.running() as mock:
        mock.job("cdm", job_name="j")
        yield mock


@pytest.mark.parametrize("ask", CLIENTS)
def test_the_real_host_is_answered_in_process(mock: mockserver.MockServer, ask: Ask) -> None:
    """Within `intercept` the mock answers, and the guard has nothing to say; after it, the guard has."""
    blocked: list[str] = []
    with egress_guard(blocked.append):
        with mock.intercept():
            assert ask(REAL + PATH) == "BOOTING"
            assert ask(mock.url + PATH) == "BOOTING"
        assert blocked == []
        with pytest.raises(EgressBlocked):
            ask(REAL + PATH)
    assert "real host" in blocked[0]
    mock.assert_called("ShowJobStatus", times=2)


def test_bodies_are_sent(mock: mockserver.MockServer) -> None:
    """A request with a body reaches the mock whole."""
    url = "https://apim-ppe1.envisioniot.com/apim-token-service/v2.0/token/get"
    body = {"appKey": mock.credentials.app_key, "encryption": "0" * 64, "timestamp": 1}

    async def by_aiohttp_post() -> int:
        async with aiohttp.ClientSession() as client, client.post(url, json=body) as answer:
            return answer.status

    async def by_httpx_post() -> int:
        async with httpx.AsyncClient(verify=False) as client:
            return (await client.post(url, json=body)).status_code

    with mock.intercept():
        statuses = [httpx.post(url, json=body, verify=False).status_code]
        statuses += [asyncio.run(post()) for post in (by_aiohttp_post, by_httpx_post)]
    assert statuses == [200] * 3


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"SLOW_DRIBBLE", "TLS_ERROR"}))
@pytest.mark.parametrize("ask", CLIENTS)
def test_a_fault_is_the_same_without_a_socket(mock: mockserver.MockServer, ask: Ask, kind: str) -> None:
    """Each kind of fault is the exception that it is on a real socket; removed, all is well again."""
    outcomes = []
    for base in (mock.url, REAL):
        fault = mock.fail("*" if KINDS[kind].listener else "cdm", fault=kind)
        with mock.intercept():
            try:
                outcomes.append(ask(base + PATH))
            except Exception as error:
                outcomes.append(type(error).__name__)
            fault.remove()
            assert ask(base + PATH) == "BOOTING"
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_client_that_speaks_tls_sees_its_error(mock: mockserver.MockServer, ask: Ask) -> None:
    """TLS_ERROR breaks what is sent to https."""
    mock.fail("*", fault="TLS_ERROR")
    with mock.intercept(), pytest.raises((httpx.ConnectError, aiohttp.ClientConnectorSSLError)):
        ask(REAL + PATH)


def test_proxies_are_guarded(mock: mockserver.MockServer) -> None:
    """A proxy would resolve the real host: it isn't asked."""
    blocked: list[str] = []
    with egress_guard(blocked.append):
        with pytest.raises(EgressBlocked), httpx.Client(proxy="http://127.0.0.1:9", verify=False) as client:
            client.get(REAL + PATH)

        async def by_proxy() -> None:
            async with aiohttp.ClientSession() as session:
                await session.get(REAL + PATH, proxy="http://127.0.0.1:9")

        with pytest.raises(EgressBlocked):
            asyncio.run(by_proxy())
    assert len(blocked) == 2
