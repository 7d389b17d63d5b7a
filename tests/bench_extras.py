"""What `bench_server.py` needs beside servers: signed requests, and the cost of a request as the mock's state grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from itertools import count, cycle, islice, repeat
from statistics import median
from typing import Any

from bench_subjects import STATUS_CALLS, TOKEN, headers_of, target_of

from mockserver.definitions import Operation, load
from mockserver.journal import JournalEntry
from mockserver.mock import Mock
from mockserver.model import RawRequest, Request
from mockserver.server.access_log import access_line
from mockserver.server.serve import spare_the_collector
from mockserver.settings import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, Settings
from mockserver.vendors.signature import ALGORITHM, canonical_request, sign

FLAT_SIZES = (1, 1_000, 100_000)
OTHER_JOB = dict(zip(STATUS_CALLS, ("job_name", "job_name", "taskInstId", "id", "league_id"), strict=True))
"""By which parameter each of the five calls asks for another job."""


def signed_targets(operation: Operation, values: Mapping[str, str], most: int) -> list[tuple[str, dict[str, str]]]:
    """Requests for so many jobs, each signed with the default key: more than a server remembers."""
    date = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    made = []
    for number in range(most):
        target = target_of(operation, **{**values, "job_name": f"job{number}"})
        path, _, query = target.partition("?")
        names = ("host", "x-sdk-date")
        headers = {"host": "127.0.0.1", "x-sdk-date": date}
        signature = sign(canonical_request(Request("GET", path, query, headers), names), date, DEFAULT_SECRET_KEY)
        value = f"{ALGORITHM} Access={DEFAULT_ACCESS_KEY}, SignedHeaders={';'.join(names)}, Signature={signature}"
        made.append((target, {"Host": "127.0.0.1", "X-Sdk-Date": date, "Authorization": value}))
    return made


def flat() -> dict[str, list[float]]:
    """Microseconds of CPU a request, by how many jobs are declared and how many namespaces there are.

    Always 500 different requests, and Python's collector as `mockserver serve` sets it.
    """
    definitions = load()
    operation = definitions.operation("ShowJobStatus")
    jobs, namespaces = [], []
    for size in FLAT_SIZES:
        mock = Mock(Settings(auth="off"), definitions=definitions)
        for number in range(size):
            mock.job("cdm", job_name=f"job{number}")
        jobs.append(_cost(mock, operation, size, ""))
    for size in (1, 1_000):
        mock = Mock(Settings(auth="off"), definitions=definitions)
        for number in range(size):
            mock.namespace(f"n{number}")
        namespaces.append(_cost(mock, operation, 1, "n0"))
    return {"jobs": jobs, "namespaces": namespaces}


def in_process() -> tuple[dict[str, float], tuple[float, float]]:
    """Microseconds of CPU of a request about another job each time, by operation; and of a line of the access log, of the
    same poll and of another one each time. Nothing of either is remembered."""
    definitions = load()
    costs: dict[str, float] = {}
    lines: list[JournalEntry] = []
    for name, parameter in OTHER_JOB.items():
        operation, mock = definitions.operation(name), Mock(definitions=definitions)
        costs[name] = _median_cost(mock.handle_raw, _requests(operation, parameter))
        lines = lines or mock.journal.last(2_000)
    return costs, (_median_cost(access_line, repeat(lines[0])), _median_cost(access_line, cycle(lines)))


def _requests(operation: Operation, parameter: str) -> Iterator[RawRequest]:
    headers = tuple((name.encode(), value.encode()) for name, value in headers_of(operation).items())
    for number in count():
        yield RawRequest("GET", target_of(operation, **{parameter: f"job{number}"}).encode(), headers)


def _median_cost(function: Callable[[Any], object], arguments: Iterator[Any]) -> float:
    spare_the_collector()
    costs = []
    for _ in range(7):
        made = list(islice(arguments, 2_000))
        began = time.process_time()
        for item in made:
            function(item)
        costs.append((time.process_time() - began) / 2_000 * 1e6)
    return median(costs)


def _cost(mock: Mock, operation: Operation, jobs: int, namespace: str) -> float:
    spare_the_collector()
    headers = tuple((name.encode(), value.encode()) for name, value in TOKEN.items())
    headers += ((b"X-Mock-Namespace", namespace.encode()),) if namespace else ()
    targets = [
        target_of(operation, job_name=f"job{number % jobs}", cluster_id=f"6ec9a0a4-76be-4262-8697-{number:012x}")
        for number in range(500)
    ]
    requests = [RawRequest("GET", target.encode(), headers) for target in targets]
    costs = []
    for _ in range(7):
        began = time.process_time()
        for number in range(2_000):
            mock.handle_raw(requests[number % 500])
        costs.append((time.process_time() - began) / 2_000 * 1e6)
    return median(costs)
