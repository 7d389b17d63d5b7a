"""Every way to wait, with every way to measure patience and every client: each makes exactly the polls that are due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from ways_to_wait import (
    ASYNC_CLIENTS,
    ASYNC_WAITS,
    CLOCKS,
    SYNC_CLIENTS,
    SYNC_WAITS,
    TRIO_WAITS,
    poll,
    poll_async,
    with_async_httpx,
    with_requests,
)

import mockserver

PATH = "/v1.1/p/clusters/c/cdm/job/j/status"
ENDS = [("BOOTING", 30), ("RUNNING", "10m"), ("SUCCEEDED", None)]
DUE, DUE_FOR_EVER = 22, 120
"""Polls every 30 s of a job of 10 minutes and a half; of one that never ends, within an hour."""


@pytest.fixture
def mock() -> Iterator[mockserver.MockServer]:
    """A running mock."""
    with mockserver.running(drive_watchdog=20) as mock:
        yield mock


def driven(mock: mockserver.MockServer, run: Callable[[str], Any], ends: bool) -> int:
    """How often a poller polled; and it came to the right end."""
    mock.job("cdm", job_name="j", life=ENDS if ends else "hangs")
    with mock.clock.drive():
        if ends:
            assert run(mock.url + PATH) == "SUCCEEDED"
        else:
            with pytest.raises(TimeoutError):
                run(mock.url + PATH)
    return len(mock.polls("cdm"))


@pytest.mark.parametrize("name", SYNC_WAITS)
def test_threads(mock: mockserver.MockServer, name: str) -> None:
    """Each way in which a thread waits."""
    assert driven(mock, lambda url: poll(url, with_requests, SYNC_WAITS[name], CLOCKS["time.monotonic"]), True) == DUE


@pytest.mark.parametrize("name", CLOCKS)
def test_deadlines(mock: mockserver.MockServer, name: str) -> None:
    """Each way in which a poller measures its patience."""
    assert driven(mock, lambda url: poll(url, with_requests, SYNC_WAITS["Event.wait"], CLOCKS[name]), False) == DUE_FOR_EVER


@pytest.mark.parametrize("name", ASYNC_WAITS)
def test_event_loops(mock: mockserver.MockServer, name: str) -> None:
    """Each way in which a task of asyncio waits."""

    def run(url: str) -> str:
        return asyncio.run(poll_async(url, with_async_httpx, ASYNC_WAITS[name], CLOCKS["time.monotonic"]))

    assert driven(mock, run, True) == DUE


@pytest.mark.parametrize("name", TRIO_WAITS)
def test_trio(mock: mockserver.MockServer, name: str) -> None:
    """Each way in which a task of trio waits."""

    def run(url: str) -> str:
        polled: str = anyio.run(
            poll_async, url, with_async_httpx, TRIO_WAITS[name], CLOCKS["time.monotonic"], backend="trio"
        )
        return polled

    assert driven(mock, run, True) == DUE


@pytest.mark.exhaustive
@pytest.mark.parametrize("client", SYNC_CLIENTS)
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("wait", SYNC_WAITS)
def test_all_of_threads(mock: mockserver.MockServer, wait: str, clock: str, client: str) -> None:
    """Each with each, to the job's end and to the poller's."""
    run = lambda url: poll(url, SYNC_CLIENTS[client], SYNC_WAITS[wait], CLOCKS[clock])  # noqa: E731
    assert driven(mock, run, True) == DUE
    mock.reset()
    assert driven(mock, run, False) == DUE_FOR_EVER


@pytest.mark.exhaustive
@pytest.mark.parametrize("client", ASYNC_CLIENTS)
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("wait", ASYNC_WAITS)
def test_all_of_event_loops(mock: mockserver.MockServer, wait: str, clock: str, client: str) -> None:
    """Each with each, to the job's end and to the poller's."""
    ask: Callable[[str], Awaitable[str]] = ASYNC_CLIENTS[client]
    run = lambda url: asyncio.run(poll_async(url, ask, ASYNC_WAITS[wait], CLOCKS[clock]))  # noqa: E731
    assert driven(mock, run, True) == DUE
    mock.reset()
    assert driven(mock, run, False) == DUE_FOR_EVER
