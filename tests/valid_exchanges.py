"""Valid exchanges of every operation, made by the mock in-process on a clock that stands still: what the kit must accept."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sample_requests import ALIKE, BEFORE, NOW, SAMPLES, request_for

from mockserver.definitions import Definitions, Operation, load
from mockserver.definitions.json_regex import compile_pattern
from mockserver.exchanges.exchange import Exchange
from mockserver.exchanges.job_view import job_views
from mockserver.exchanges.json_path import MISSING, matches, value_at
from mockserver.generate import digest
from mockserver.jobs.clock import SECOND, Clock
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

DEFINITIONS = load()
OPERATIONS = tuple(operation.id for operation in DEFINITIONS.operations if operation.action is None)
"""Those that tell of a job by themselves, and those that give tokens."""
CALLS = tuple(
    item.id for item in DEFINITIONS.operations if item.action and item.id not in ALIKE and 204 not in item.responses
)
"""Those that do something to jobs and answer with a body; the ones that are like another one have its answers and errors."""
JOBS = tuple(operation.id for operation in DEFINITIONS.operations if operation.job)
LISTS = tuple(name for name in JOBS if (seen := DEFINITIONS.operation(name).observation) and seen.total)
IDENTITY: Mapping[str, Mapping[str, Any]] = {
    "cdm": {"job_name": "load"},
    "dataarts": {"task_id": SAMPLES["task_id"], "job_name": SAMPLES["job_name"]},
    "enos": {"taskInstId": "load-1"},
    "taurusdb": {"id": "job-1"},
    "tics": {"league_id": "league1"},
}
LATER = NOW + 50_000_000 * SECOND
"""After every time in the documents' examples."""


@dataclass(frozen=True)
class Course:
    """A job's course: the polls of one life, in order."""

    operation: str
    life: str
    exchanges: tuple[Exchange, ...]


def ask(mock: Mock, request: Request) -> Exchange:
    """The mock's answer to a request, at the time on its clock."""
    now = mock.clock.now()
    return Exchange(request, mock.handle(request), now)


def new_mock(seed: int = 0, now: int = NOW, switches: Mapping[str, str] | None = None) -> Mock:
    """A mock whose clock stands still."""
    return Mock(Settings(seed=seed, auth="off", switches=dict(switches or {})), Clock(now, speed=0), DEFINITIONS)


def ready(operation: Operation, mock: Mock) -> Mock:
    """The mock, once what an operation needs has been called."""
    for name in BEFORE.get(operation.id, ()):
        assert mock.handle(request_for(DEFINITIONS.operation(name))).status < 300, name
    return mock


def course(operation: Operation, life: str, seed: int = 0, switches: Mapping[str, str] | None = None) -> Iterator[Exchange]:
    """The answers about a job of this life, from its birth to long after its end: a poll in and around every state."""
    assert operation.job is not None
    mock = new_mock(seed, switches=switches)
    mock.job(operation.service, life=life, **IDENTITY[operation.service])
    mock.clock.advance(operation.job.visible_after)
    request = request_for(operation)
    for _, seconds in operation.job.lives[life].steps:
        for _ in range(4):
            yield ask(mock, request)
            mock.clock.advance((seconds if seconds is not None else 400) / 4)


@cache
def courses(operation_id: str) -> tuple[Course, ...]:
    """The course of every life of an operation's jobs."""
    operation = DEFINITIONS.operation(operation_id)
    lives = operation.job.lives if operation.job else {}
    return tuple(Course(operation_id, life, tuple(course(operation, life))) for life in lives)


def walk(operation: Operation, count: int = 13, limit: int = 5, seed: int = 0) -> Iterator[Exchange]:
    """All pages of a list of this many runs."""
    mock = new_mock(seed)
    mock.job(operation.service, count=count, every="1h", **IDENTITY[operation.service])
    for offset in range(0, count, limit):
        yield ask(mock, request_for(operation, offset=str(offset), limit=str(limit)))


def asking(operation: Operation, body: Any, request: Request) -> Request:
    """The request that a body answers: parameters as it gives them back, and a range of times around its jobs."""
    observation = operation.observation
    if observation is None:
        return request
    values: dict[str, str] = {}
    for _, job in matches(body, observation.jobs):
        for same in observation.same:
            given = [str(value) for place in same.at if (value := value_at(job, place)) is not MISSING]
            found = (
                [match[1] if (match := compile_pattern(same.part).search(item)) else "" for item in given]
                if same.part
                else given
            )
            if found and found[0]:
                values[same.parameter] = found[0]
    headers = {name: value for name, value in request.headers.items() if name != "prefer"}
    own = request_for(operation, None, **values)
    return replace(own, headers={**own.headers, **headers})


def documented(operation: Operation, switches: Mapping[str, str] | None = None) -> Iterator[Exchange]:
    """Every documented example and error, under every status that it stands under, answering the request that it fits."""
    mock = new_mock(now=LATER, switches=switches)
    for name, example in operation.examples.items():
        for status in example.statuses:
            exchange = ask(mock, request_for(operation, {"prefer": f"example={name}, code={status}"}))
            request = asking(operation, example.value, exchange.request) if example.error is None else exchange.request
            yield replace(exchange, request=without(request, "prefer"))


def without(request: Request, header: str) -> Request:
    """The request without a header."""
    return replace(request, headers={name: value for name, value in request.headers.items() if name != header})


@cache
def errors(operation_id: str) -> tuple[Exchange, ...]:
    """Every documented error, under every status that it stands under."""
    operation = DEFINITIONS.operation(operation_id)
    names = {example.name for example in operation.errors()}
    statuses = [(name, status) for name, example in operation.examples.items() for status in example.statuses]
    pairs = zip(statuses, documented(operation), strict=True)
    return tuple(exchange for (name, _), exchange in pairs if name in names)


@cache
def successes(operation_id: str) -> tuple[Exchange, ...]:
    """Answers that are not errors: one of each state of each life, the examples, pages, the other values of switches."""
    operation = DEFINITIONS.operation(operation_id)
    result = [exchange for item in courses(operation_id) for exchange in _one_of_each_state(operation, item)]
    names = [name for name, example in operation.examples.items() for _ in example.statuses]
    result += [
        exchange
        for name, exchange in zip(names, documented(operation), strict=True)
        if operation.examples[name].error is None
    ]
    if operation_id in LISTS:
        result += list(walk(operation))
    for switch in DEFINITIONS.switches.values():
        for value in switch.values:
            result.append(ask(ready(operation, new_mock(switches={switch.name: value})), request_for(operation)))
    return tuple({(item.request.path, item.request.query, item.response.body): item for item in result}.values())


def _one_of_each_state(operation: Operation, one: Course) -> Iterator[Exchange]:
    seen = set()
    for exchange in one.exchanges:
        state = next((look.state for look in job_views(operation, body_of(exchange))), None)
        if state not in seen and exchange.response.status < 300:
            seen.add(state)
            yield exchange


def body_of(exchange: Exchange) -> Any:
    """The JSON of an answer."""
    return json.loads(exchange.response.body)


def each_switch(definitions: Definitions = DEFINITIONS) -> Iterator[dict[str, str]]:
    """Each value of each switch, one at a time."""
    for switch in definitions.switches.values():
        yield from ({switch.name: value} for value in switch.values)


def valid_answers(chunk: int, count: int) -> Iterator[tuple[bool, Exchange]]:
    """So many valid answers, others in every chunk, in blocks that belong together; whether a block begins with each.

    A block is what a caller sees of one namespace: a job that is made up from a seed or declared with a life, polled at odd
    times; a list, page by page; the calls without jobs. Its switches have every value in turn.
    """
    made = 0
    for block in itertools.count(chunk * 1_000_003):
        for index, exchange in enumerate(_block(block)):
            if made == count:
                return
            made += 1
            yield index == 0, exchange


def _block(number: int) -> Iterator[Exchange]:
    operation = DEFINITIONS.operation(OPERATIONS[number % len(OPERATIONS)])
    switches = {
        name: list(switch.values)[digest("switch", number, name) % len(switch.values)]
        for name, switch in DEFINITIONS.switches.items()
    }
    if operation.job is None:
        mocks = (ready(operation, new_mock(number, switches=switches)) for _ in range(3))
        yield from (ask(mock, request_for(operation)) for mock in mocks)
    elif operation.id in LISTS and number % 5 == 0:
        yield from walk(operation, 1 + number % 23, 1 + number % 7, number)
    elif number % 2:
        lives = list(operation.job.lives)
        yield from course(operation, lives[digest("life", number) % len(lives)], number, switches)
    else:
        mock = new_mock(number, switches=switches)
        for step in range(25):
            yield ask(mock, request_for(operation))
            mock.clock.advance(digest("pause", number, step) % 90)
