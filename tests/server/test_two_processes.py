"""Two server processes with the same seed, epoch and clock answer as one."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlencode

import pytest
from sdk_clients import Server

from mockserver.definitions import load

DEFINITIONS = load()
EPOCH, NOW = "2026-01-01T00:00:00Z", "2026-01-01T00:00:47Z"
FROZEN = ("--epoch", EPOCH, "--time", NOW, "--speed", "0", "--auth", "off", "--no-access-log")
IDS = 50
PROJECT = "0" * 32
PATHS = {
    "cdm": "/v1.1/{project}/clusters/c/cdm/job/{one}/status",
    "enos": "/batch-processing-service/v2.1/taskInstances?action=get&taskInstId={one}&userId=u&orgId=o",
    "taurusdb": "/v3/{project}/jobs?id={one}",
    "tics": "/v1/{project}/leagues/{one}/job-instances?limit=7&offset={offset}",
    "dataarts": "/v1/{project}/datamap/node/{one}/instances?" + urlencode(
        {"job_name": "n", "start_time": 0, "end_time": 1_900_000_000_000, "limit": 7}
    ) + "&offset={offset}",
}  # fmt: skip
LOGIN = {"name": "ann", "password": "p", "domain": {"name": "d"}}
POSTS = {
    "/v3/auth/tokens": {"auth": {"identity": {"methods": ["password"], "password": {"user": LOGIN}}}},
    "/apim-token-service/v2.0/token/get": {"appKey": "app", "encryption": "0" * 64, "timestamp": 1_767_225_600_000},
}


@dataclass(frozen=True)
class Asked:
    """A request; `service` is whose."""

    service: str
    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"instance": "i" * 32, "Content-Type": "application/json"})


@dataclass(frozen=True)
class Answered:
    """All of an answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def requests() -> Iterator[Asked]:
    """Hundreds of requests to all services: jobs and lists of many ids, errors, tokens."""
    for number in range(IDS):
        for service, path in PATHS.items():
            one = f"{number}-20251231{number % 24:02}" if service == "enos" and number % 2 else f"id{number}"
            for offset in (0, 3, 20) if "{offset}" in path else (0,):
                yield Asked(service, "GET", path.format(project=PROJECT, one=one, offset=offset))
    for service, path in PATHS.items():
        for one in ("mock_error_no_such_error", "%FF", "%C3%A4"):
            yield Asked(service, "GET", path.format(project=PROJECT, one=one, offset=0))
    yield Asked("iam", "GET", "/v3/projects")
    yield Asked("nobody", "GET", "/nowhere")
    for path, body in POSTS.items():
        yield Asked("tokens", "POST", path, json.dumps(body).encode())


class Asking:
    """Asks servers over connections that are kept alive."""

    def __init__(self, stack: ExitStack, *servers: Server) -> None:
        self._connections = [
            stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)))
            for server in servers
        ]

    def all(self, asked: list[Asked]) -> list[Answered]:
        """The answers, each server in turn giving one."""
        turns = cycle(self._connections)
        return [self._ask(next(turns), item) for item in asked]

    def _ask(self, connection: http.client.HTTPConnection, asked: Asked) -> Answered:
        headers = {**asked.headers, "Host": "localhost"}  # a catalog names the host that was asked
        connection.request(asked.method, asked.path, asked.body, headers)
        answer = connection.getresponse()
        answered = [(name.lower(), value) for name, value in answer.getheaders()]
        return Answered(answer.status, answered, answer.read())


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is closed with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.exhaustive
def test_two_processes_answer_as_one(
    start: Callable[..., Server], stack: ExitStack, record_property: Callable[[str, object], None]
) -> None:
    """Hundreds of requests, taken by two processes in turn, get byte for byte what a single process answers."""
    asked = list(requests())
    single, one, other = (start("--seed", "77", *FROZEN) for _ in range(3))
    wanted = Asking(stack, single).all(asked)
    assert Asking(stack, one, other).all(asked) == wanted
    assert Asking(stack, other, one).all(asked) == wanted
    good = Counter(ask.service for ask, answer in zip(asked, wanted, strict=True) if answer.status == 200)
    assert all(good[service] >= IDS for service in PATHS)
    text = f"two processes as one: {len(asked)} requests, {sum(good.values())} of them with jobs, twice"
    record_property("two-processes", text)
    print(text)


def test_the_order_of_requests_makes_no_difference(start: Callable[..., Server], stack: ExitStack) -> None:
    """Asked backwards, two processes give the same jobs; with an epoch it doesn't matter when an id was first asked for."""
    asked = [request for request in requests() if "offset" not in request.path]
    single, one, other = (start("--seed", "5", *FROZEN) for _ in range(3))
    wanted = Asking(stack, single).all(asked)
    assert Asking(stack, one, other).all(asked[::-1])[::-1] == wanted


@pytest.mark.exhaustive
def test_two_processes_move_on_together(start: Callable[..., Server], stack: ExitStack) -> None:
    """Their clocks moved alike, two processes stay one at each step, whichever of them was asked for an id before."""
    asked = [
        request
        for request in requests()
        if request.service in PATHS and ("offset=" not in request.path or "offset=0" in request.path)
    ][:80]
    single, one, other = (start("--seed", "3", *FROZEN) for _ in range(3))
    alone, pair, swapped = Asking(stack, single), Asking(stack, one, other), Asking(stack, other, one)
    move = Asked("control", "PATCH", "/_mock/clock", json.dumps({"advance": "25s"}).encode())
    seen = []
    for step in range(5):
        wanted = alone.all(asked)
        assert (swapped if step % 2 else pair).all(asked) == wanted
        seen.append([answer.body for answer in wanted])
        assert [answer.status for answer in [*alone.all([move]), *pair.all([move, move])]] == [200] * 3
    moved = sum(len(set(bodies)) > 1 for bodies in zip(*seen, strict=True))
    assert moved > len(asked) / 2


@pytest.mark.parametrize(
    "options",
    [("--seed", "78"), pytest.param(("--seed", "77", "--epoch", "2025-12-31T23:59:30Z"), marks=pytest.mark.exhaustive)],
)
def test_another_seed_or_epoch_is_another_world(
    start: Callable[..., Server], stack: ExitStack, options: tuple[str, ...]
) -> None:
    """The agreement is no accident: with another seed, or another epoch, the jobs are others."""
    asked = [request for request in requests() if request.service in ("cdm", "taurusdb", "tics", "dataarts")][:60]
    first, second = start("--seed", "77", *FROZEN), start(*FROZEN, *options)
    pairs = list(zip(Asking(stack, first).all(asked), Asking(stack, second).all(asked), strict=True))
    different = sum(one.body != other.body for one, other in pairs)
    assert different > len(asked) * 0.9
