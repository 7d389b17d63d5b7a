"""Many callers at once, against one real server process: no poll is lost, stolen or seen by another."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from read_job import READERS
from sdk_clients import Server

from mockserver.definitions import load
from mockserver.jobs import job_registry
from mockserver.jobs.clock import Clock
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

DEFINITIONS = load()
START = 1_767_225_600_000
PATH = "/v1.1/p/clusters/c/cdm/job/x/status"
LIFE = ("BOOTING", "RUNNING", "SUCCEEDED")
THREADS = 64
WORKERS = 4
OPTIONS = ("--auth", "off", "--no-access-log")
WORKER_TESTS = 60
POLLS_OF_TEST = 9
WORKER_FILE = """
    import http.client
    import json
    import os

    import pytest


    @pytest.fixture(scope="session")
    def ask(worker_id):
        connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["STRESS_PORT"]), timeout=20)

        def ask(method, path, body=None, **headers):
            connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        assert ask("POST", "/_mock/namespaces", {"name": worker_id, "unknown_ids": "reject"})[0] == 201
        yield ask
        connection.close()


    @pytest.mark.parametrize("number", range(TESTS))
    def test_worker(ask, worker_id, number):
        name = f"job-{number % 3}"  # the same names in all workers
        job = {"service": "cdm", "job_name": name, "life": "succeeds", "progress": "polls:3"}
        assert ask("POST", "/_mock/jobs", job, **{"X-Mock-Namespace": worker_id})[0] == 201
        key = f"SDK-HMAC-SHA256 Access={worker_id}, SignedHeaders=host, Signature=00"
        seen = []
        for _ in range(POLLS):
            path = f"/v1.1/p/clusters/c/cdm/job/{name}/status"
            status, body = ask("GET", path, Authorization=key, **{"X-Who": worker_id})
            assert status == 200, body
            seen.append(body["submissions"][0]["status"])
        assert seen == ["BOOTING"] * 3 + ["RUNNING"] * 3 + ["SUCCEEDED"] * 3
"""


class Caller:
    """A connection to the server that is kept alive."""

    def __init__(self, server: Server, namespace: str = "default", who: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self._headers = {"X-Mock-Namespace": namespace, "X-Who": who}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and body of an answer."""
        sent = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def declare(self, progress: str) -> None:
        """Declare the job that is polled."""
        status, body = self.ask("POST", "/_mock/jobs", {"service": "cdm", "life": "succeeds", "progress": progress})
        assert status == 201, body

    def poll(self) -> str:
        """The job's status; what else the answer says fits it."""
        status, body = self.ask("GET", PATH)
        assert status == 200, body
        seen = READERS["cdm"](body)
        times = [time for _, time in seen.times if time is not None]
        assert times == sorted(times), body
        return seen.status

    def journal(self) -> list[Any]:
        """The exchanges of the caller's namespace."""
        exchanges: list[Any] = self.ask("GET", "/_mock/journal")[1]["exchanges"]
        return exchanges

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def at_once(work: Callable[[int], list[str]]) -> list[list[str]]:
    """What each thread's work gives, done by all threads at the same time."""
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> list[str]:
        barrier.wait(30)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def note(record_property: Callable[[str, object], None], text: str) -> None:
    """Keep a line with the test's report, and print it."""
    record_property("stress", text)
    print(text)


def check_journal(exchanges: list[Any], who: str, count: int) -> None:
    """The journal has so many exchanges, each of this caller, and none is missing."""
    assert [exchange["number"] for exchange in exchanges] == list(range(1, count + 1))
    assert {exchange["request"]["headers"]["x-who"] for exchange in exchanges} == {who}


@contextmanager
def giving_way() -> Iterator[None]:
    """After each line of the code that counts polls, this thread lets the others go first."""

    def give_way(frame: FrameType, _event: str, _what: object) -> Any:
        if frame.f_code.co_filename != job_registry.__file__:
            return None
        time.sleep(0)
        return give_way

    sys.settrace(give_way)
    try:
        yield
    finally:
        sys.settrace(None)


def test_no_poll_is_lost_between_threads() -> None:
    """64 threads poll a job of hundreds of steps, one poll each: each step is seen exactly once."""
    polls, statuses = 10, ["RUNNING", "UNKNOWN"]
    mock = Mock(Settings(auth="off"), Clock(START, speed=0), DEFINITIONS)
    steps = [("BOOTING", 1), *((status, 1) for _ in range(THREADS * polls // 2) for status in statuses)]
    one = mock.namespace().declared.get(mock.job("cdm", life=steps, progress="polls:1").number)
    definition = DEFINITIONS.operation_of("cdm").job
    assert definition is not None
    assert one.life is not None
    poll = partial(mock.namespace().declared.moment, definition, one, one.life, ("x",), START, START)

    def work(_number: int) -> list[str]:
        with giving_way():
            return [str(len(poll().entered)) for _ in range(polls)]

    assert sorted(map(int, chain.from_iterable(at_once(work)))) == list(range(1, THREADS * polls + 1))


def test_of_two_requests_at_once_the_later_may_come_first() -> None:
    """A request that took its time before another one, but is served after it, still sees times in their order."""
    mock = Mock(Settings(auth="off"), Clock(START, speed=0), DEFINITIONS)
    mock.job("cdm", life="succeeds", progress="polls:1")
    for seconds in (0, 10, 5):
        mock.clock.set(START + seconds * 1_000)
        body = json.loads(mock.handle(Request("GET", PATH)).body)
    times = [time for _, time in READERS["cdm"](body).times]
    assert times == [START, START + 10_000, START + 10_000]


@pytest.mark.exhaustive
def test_threads_with_a_namespace_each(start: Callable[..., Server], record_property: Callable[[str, object], None]) -> None:
    """64 threads poll the same path, each in a namespace of its own: each sees its own job's statuses, poll by poll."""
    server, polls = start(*OPTIONS), 30
    callers = [Caller(server, f"thread-{number}", str(number)) for number in range(THREADS)]

    def work(number: int) -> list[str]:
        callers[number].declare("polls:7")
        return [callers[number].poll() for _ in range(polls)]

    seen = at_once(work)
    assert seen == [["BOOTING"] * 7 + ["RUNNING"] * 7 + ["SUCCEEDED"] * 16] * THREADS
    for number, caller in enumerate(callers):
        check_journal(caller.journal(), str(number), polls)
        caller.close()
    note(record_property, f"{THREADS} threads, {THREADS} namespaces: {THREADS * polls} polls, each as declared")


@pytest.mark.exhaustive
def test_threads_with_the_same_job(start: Callable[..., Server], record_property: Callable[[str, object], None]) -> None:
    """64 threads poll one job: of all their answers exactly as many have each status as were declared."""
    server, polls = start(*OPTIONS), 40
    callers = [Caller(server) for _ in range(THREADS)]
    callers[0].declare("polls:1000")
    seen = at_once(lambda number: [callers[number].poll() for _ in range(polls)])
    counts = Counter(chain.from_iterable(seen))
    assert counts == {"BOOTING": 1_000, "RUNNING": 1_000, "SUCCEEDED": THREADS * polls - 2_000}
    assert all(statuses == sorted(statuses, key=LIFE.index) for statuses in seen)
    check_journal(callers[0].journal(), "", THREADS * polls)
    for caller in callers:
        caller.close()
    note(record_property, f"{THREADS} threads, one job: {THREADS * polls} polls, {dict(counts)}")


@pytest.mark.exhaustive
def test_processes_with_a_namespace_each(
    start: Callable[..., Server], record_property: Callable[[str, object], None], tmp_path: Path
) -> None:
    """Four pytest-xdist workers against one server, each in the namespace of its access key, don't meet."""
    server = start(*OPTIONS)
    file = tmp_path / "test_worker.py"
    text = textwrap.dedent(WORKER_FILE).replace("TESTS", str(WORKER_TESTS)).replace("POLLS", str(POLLS_OF_TEST))
    file.write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # each worker would load them all
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            str(WORKERS),
            "-p",
            "xdist.plugin",
            "-p",
            "no:cacheprovider",
            "-q",
            file.name,
        ],
        cwd=tmp_path,
        env={**outer, **quick, "STRESS_PORT": str(server.port)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{WORKER_TESTS} passed" in ran.stdout
    total = 0
    for number in range(WORKERS):
        caller = Caller(server, f"gw{number}")
        exchanges = caller.journal()
        caller.close()
        check_journal(exchanges, f"gw{number}", len(exchanges))
        total += len(exchanges)
    assert total == WORKER_TESTS * POLLS_OF_TEST
    assert server.journal() == []
    note(record_property, f"{WORKERS} processes, {WORKERS} namespaces: {total} polls in {WORKER_TESTS} tests, none astray")
