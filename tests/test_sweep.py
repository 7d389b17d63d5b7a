"""Every answer that leaves the server is valid against its own definition: a sweep over errors, switches, seeds and time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from functools import cache
from typing import Any

import pytest
from sample_requests import NOW, request_for

from mockserver.definitions import Definitions, Example, Life, Operation, load
from mockserver.definitions.embedded import errors_of, registry_of
from mockserver.definitions.inlined import inlined
from mockserver.definitions.magic_ids import magic_id
from mockserver.definitions.model import Errors
from mockserver.definitions.node import Node, node_at
from mockserver.generate import digest
from mockserver.jobs.clock import SECOND, Clock, utc
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.settings import Settings

Json = dict[str, Any]

SEEDS = 1_000

DEFINITIONS = load()
OPERATIONS = [operation.id for operation in DEFINITIONS.operations]
SERVICES = [operation.service for operation in DEFINITIONS.operations if operation.job]
ALWAYS = {"content-type", "content-length", "date"}
OPTIONAL = {"x-mock-problem", "x-subject-token"}


@dataclass
class Tally:
    """What a sweep has seen."""

    answers: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    states: dict[str, set[str]] = field(default_factory=dict)
    switches: dict[str, set[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Shape:
    """Which members a value may have, by the schemas at these places, whichever of their alternatives it takes."""

    _known: dict[frozenset[str], Shape] = {}  # noqa: RUF012 - schemas refer to themselves and to each other

    def __init__(self, places: list[Node]) -> None:
        self._places = places
        self._children: dict[str, Shape | None] = {}

    @classmethod
    def at(cls, *starts: Node) -> Shape:
        """The shape of a value that is judged by the schemas at these places."""
        places: dict[str, Node] = {}
        waiting = list(starts)
        while waiting:
            place = waiting.pop()
            if place.uri not in places and isinstance(place.value, dict):
                places[place.uri] = place
                waiting += [place / key for key in ("if", "then", "else") if key in place.value]
                for key in ("allOf", "anyOf", "oneOf"):
                    waiting += [place / key / index for index in range(len(place.value.get(key, ())))]
        return cls._known.setdefault(frozenset(places), cls(list(places.values())))

    def child(self, *parts: str) -> Shape | None:
        """The shape of what stands in a member, an item, an embedded value; None where no schema declares it."""
        key = "/".join(parts)
        if key not in self._children:
            matches = [place for place in self._places if parts[0] in place.value]
            if len(parts) > 1:
                matches = [place / parts[0] for place in matches if parts[1] in place.value[parts[0]]]
            self._children[key] = Shape.at(*(place / parts[-1] for place in matches)) if matches else None
        return self._children[key]

    def undeclared(self, value: Any, where: str = "") -> Iterator[str]:
        """Where members stand that no schema declares, however deep, in strings that hold JSON too."""
        if isinstance(value, dict):
            for name, member in value.items():
                child = self.child("properties", name)
                if child is None:
                    yield f"{where}/{name}"
                else:
                    yield from child.undeclared(member, f"{where}/{name}")
        elif isinstance(value, list):
            items = self.child("items")
            for index, item in enumerate(value if items else ()):
                assert items is not None
                yield from items.undeclared(item, f"{where}/{index}")
        elif isinstance(value, str) and (embedded := self.child("contentSchema")) is not None:
            yield from embedded.undeclared(json.loads(value), where + "#")


@dataclass(frozen=True)
class Documented:
    """What an operation documents for one status, beside the schema of the body."""

    headers: Mapping[str, tuple[bool, Errors]]
    shape: Shape


@cache
def documented(operation_id: str) -> Mapping[int, Documented]:
    """By status: the documented headers, each with whether it is required and a judge of its value, and the body's shape."""
    operation = DEFINITIONS.operation(operation_id)
    name = next(name for name, document in DEFINITIONS.documents.items() if operation.path in document["paths"])
    place = node_at(DEFINITIONS.documents, name) / "paths" / operation.path / operation.method.lower()
    registry = registry_of(DEFINITIONS.documents)
    result = {}
    for status, response in place.members("responses").items():
        headers = {}
        for header, node in response.members("headers").items():
            schema = node / "schema"
            headers[header.lower()] = (node.get("required", False), errors_of(inlined(schema), registry))
        schemas = [response / "content" / "application/json" / "schema"] if "content" in response.value else []
        result[int(status)] = Documented(headers, Shape.at(*schemas))
    return result


def faults(operation: Operation, response: Response, now: int) -> Iterator[str]:
    """What is wrong with an answer, by the operation's definition."""
    status = response.status
    if status not in operation.responses:
        yield f"status {status} is not documented"
        return
    body = json.loads(response.body) if status != 204 else None
    for error in operation.responses[status](body) if status != 204 else ():
        yield f"{list(error.absolute_path)} {error.message[:300]}"
    headers = {name.lower(): value for name, value in response.headers}
    if len(headers) != len(response.headers):
        yield "a header twice"
    if headers.get("content-type") != ("application/json" if status != 204 else None):
        yield f"Content-Type {headers.get('content-type')}"
    if headers.get("content-length") != str(len(response.body)):
        yield f"Content-Length {headers.get('content-length')} for {len(response.body)} bytes"
    if headers.get("date") != format_datetime(utc(now), usegmt=True):
        yield f"Date {headers.get('date')}"
    if isinstance(body, dict) and body.get("request_id") not in (None, headers.get("x-request-id")):
        yield f"request_id {body['request_id']}, X-Request-Id {headers.get('x-request-id')}"
    expected = documented(operation.id)[status]
    for name, (required, errors) in expected.headers.items():
        if name not in headers:
            if required:
                yield f"no {name}"
        else:
            yield from (f"{name}: {error.message}" for error in errors(headers[name]))
    yield from (f"{name} is not documented" for name in set(headers) - set(expected.headers) - ALWAYS - OPTIONAL)
    if operation.job and status < 300:
        yield from (f"{where} is not documented" for where in expected.shape.undeclared(body))


def by_prefer(operation: Operation, preference: str) -> Request:
    return request_for(operation, {"prefer": preference})


def by_magic(operation: Operation, example: Example) -> Request:
    magic = magic_id(operation, example.name)
    assert operation.magic is not None
    assert magic is not None
    if operation.magic.parameter:
        return request_for(operation, None, **{operation.magic.parameter: magic})
    request = request_for(operation)
    *parts, last = (operation.magic.body or "").split("/")[1:]
    body = node = json.loads(request.body or b"{}")
    for part in parts:
        node = node[int(part) if isinstance(node, list) else part]
    node[last] = magic
    return replace(request, body=json.dumps(body).encode())


def each_switch() -> Iterator[dict[str, str]]:
    """No switch chosen, then each value of each switch, one at a time."""
    yield {}
    for switch in DEFINITIONS.switches.values():
        yield from ({switch.name: value} for value in switch.values)


def error_faults(
    example: Example, response: Response, switches: Mapping[str, str], chosen: Mapping[str, str]
) -> Iterator[str]:
    """What is wrong with an error's body: it must have the error's code and, where no switch says else, its members."""
    assert example.error is not None
    body, code = json.loads(response.body), str(example.error["code"])
    if example.envelope == "gateway":
        code = code.replace("APIGW", switches["gateway-prefix"])
    if code not in response.body.decode():
        yield f"no {code} in {body}"
    if not chosen and set(body) != set(example.value):
        yield f"{body} instead of {example.value}"


def wishes(operation: Operation, switches: Mapping[str, str]) -> Iterator[tuple[Request, int, Example | None]]:
    """Each way to ask for each documented answer; the status that it must have, and the example where it is known."""
    for example in operation.examples.values():
        yield by_prefer(operation, f"example={example.name}"), example.status(switches), example
        for status in example.statuses:
            yield by_prefer(operation, f'code={status}, example="{example.name}"'), status, example
        if example.error and operation.magic:  # calls that act on jobs have no ids for errors
            yield by_magic(operation, example), example.status(switches), example
    for status in operation.responses:
        yield by_prefer(operation, f"code={status}"), status, None


@cache
def forced(operation_id: str) -> Tally:
    """Every example and every error, by `Prefer` and by magic id, under every value of every switch."""
    operation, tally = DEFINITIONS.operation(operation_id), Tally()
    for chosen in each_switch():
        mock = Mock(Settings(switches=chosen), Clock(NOW, 0.0), DEFINITIONS)
        for request, status, example in wishes(operation, mock.switches):
            response = mock.handle(request)
            tally.answers += 1
            tally.statuses[response.status] += 1
            result = list(faults(operation, response, NOW))
            if response.status != status:
                result.append(f"status {response.status} instead of {status}")
            if example and example.error:
                result += error_faults(example, response, mock.switches, chosen)
            asked = example.name if example else f"code={status}"
            tally.faults += [f"{operation_id} {asked} {chosen}: {fault}" for fault in result]
    return tally


@cache
def with_life(number: int) -> Definitions:
    """The definitions, with only one life for each operation's jobs: its first for 0, and so on, round and round."""
    operations = []
    for operation in DEFINITIONS.operations:
        if operation.job:
            life = list(operation.job.lives.values())[number % len(operation.job.lives)]
            job = replace(operation.job, lives={life.name: replace(life, weight=1)})
            operations.append(replace(operation, job=job))
        else:
            operations.append(operation)
    return replace(DEFINITIONS, operations=tuple(operations))


def instants(life: Life, visible_after: float, seed: int) -> list[int]:
    """When to ask, in milliseconds after first asking: at once, in a step, on the edge of one, and long after the end."""
    edges = [0]
    for _, seconds in life.steps[:-1]:
        edges.append(edges[-1] + round((seconds or 0) * SECOND))
    inside, edge = seed % len(edges), seed // 7 % len(edges)
    length = (edges[inside + 1] if inside + 1 < len(edges) else edges[-1] + 100_000) - edges[inside]
    middle = edges[inside] + digest("instant", seed) % length
    late = edges[-1] + 3_600 * SECOND * (1 + seed % 50)
    return sorted({max(0, time - round(visible_after * SECOND)) for time in (0, middle, edges[edge], late)})


def states_of(service: str, body: Json) -> list[str]:
    """The statuses in an answer, those of all rows of a list."""
    if service == "cdm":
        return [run["status"] for run in body["submissions"]]
    if service == "enos":
        data = body["data"]
        return [item["stsDesc"] for item in (data if isinstance(data, list) else [data])]
    if service == "taurusdb":
        return [body["job"]["status"]]
    rows = body["lists"] if service == "tics" else json.loads(body["body"])["rows"]
    return [row["status"] for row in rows]


def some_switches(seed: int) -> dict[str, str]:
    """A value for every switch, another combination for every seed."""
    values = {name: list(switch.values) for name, switch in DEFINITIONS.switches.items()}
    return {name: known[digest("switch", name, seed) % len(known)] for name, known in values.items()}


def some_values(service: str, seed: int) -> dict[str, str]:
    """Parameters that differ from seed to seed, in the forms that change an answer."""
    values = {"league_id": f"league{seed % 9}"}
    if service == "cdm":
        values["job_name"] = ("load", "作业 1", "a%b+c", "x" * 256)[seed % 4]
    if service == "dataarts":
        values |= {"job_name": f"节点-{seed % 5}", "task_id": ("937987", "t-1", "9" * 64)[seed % 3]}
        values |= {"workspace_id": "b" * 32} if seed % 2 else {}
    if service == "enos":
        values["taskInstId"] = ("load-1", "118979-2023111422", "7-20231114221320", "manual")[seed % 4]
    if service == "tics" and seed % 3:
        values["job_id"] = ("", "f9533bfefca7467e88feca4f592c3b04")[seed % 2]
    return values


def header_map_faults(body: Json, now: int) -> Iterator[str]:
    """What is wrong with the headers that DataArts Studio sends inside its answer."""
    headers, text = body["header_map"], body["body"]
    if headers["Content-Length"] != str(len(text.encode())):
        yield f"header_map has Content-Length {headers['Content-Length']} for {len(text.encode())} bytes"
    if headers["Date"] != format_datetime(utc(now), usegmt=True):
        yield f"header_map has Date {headers['Date']}"
    if headers["Content-Type"] != "application/json;charset=UTF-8":
        yield f"header_map has Content-Type {headers['Content-Type']}"
    if headers["X-Request-Id"].split("-")[-2] != str(now):
        yield f"header_map has X-Request-Id {headers['X-Request-Id']} at {now}"


@cache
def made_up(service: str) -> Tally:
    """The jobs of 1,000 seeds, each with a life, a combination of switches and instants of its own."""
    tally = Tally()
    for seed in range(SEEDS):
        definitions, switches, clock = with_life(seed), some_switches(seed), Clock(NOW, 0.0)
        mock = Mock(Settings(seed=seed, switches=switches), clock, definitions)
        operation = definitions.operation_of(service)
        assert operation.job is not None
        (life,) = operation.job.lives.values()
        request = request_for(operation, {"prefer": "dynamic=true"}, **some_values(service, seed))
        for time in instants(life, operation.job.visible_after, seed):
            clock.set(NOW + time)
            response = mock.handle(request)
            tally.answers += 1
            tally.statuses[response.status] += 1
            result = list(faults(operation, response, NOW + time))
            if response.status != 200:
                result.append(f"status {response.status}: {response.body.decode()[:200]}")
            else:
                body = json.loads(response.body)
                tally.states.setdefault(life.name, set()).update(states_of(service, body))
                result += header_map_faults(body, NOW + time) if service == "dataarts" else []
            tally.faults += [f"{service} seed {seed} {life.name} {time} {switches}: {fault}" for fault in result]
        for name, value in switches.items():
            tally.switches.setdefault(name, set()).add(value)
    return tally


@pytest.mark.parametrize(
    "operation_id",
    [pytest.param(name, marks=() if name == "ShowJobStatus" else pytest.mark.exhaustive) for name in OPERATIONS],
)
def test_forced_answers_are_as_defined(operation_id: str) -> None:
    """Every documented answer, asked for by `Prefer` or by magic id, is valid under every value of every switch."""
    tally, operation = forced(operation_id), DEFINITIONS.operation(operation_id)
    assert tally.faults[:10] == []
    assert set(tally.statuses) == set(operation.responses)


@pytest.mark.exhaustive
@pytest.mark.parametrize("service", SERVICES)
def test_made_up_answers_are_as_defined(service: str) -> None:
    """Whatever the seed, the switches, the life and the time, an answer is valid and has no member of its own."""
    tally = made_up(service)
    assert tally.faults[:10] == []
    assert tally.answers >= 3 * SEEDS


@pytest.mark.exhaustive
@pytest.mark.parametrize("service", SERVICES)
def test_the_sweep_sees_all_states_of_all_lives(service: str) -> None:
    """Each state of each life is among the answers that were judged, and no other state is."""
    job = DEFINITIONS.operation_of(service).job
    assert job is not None
    assert made_up(service).states == {life.name: {state for state, _ in life.steps} for life in job.lives.values()}


@pytest.mark.exhaustive
@pytest.mark.parametrize("service", SERVICES)
def test_the_sweep_sees_all_values_of_all_switches(service: str) -> None:
    """Each value of each switch was chosen for some of the answers that were judged."""
    assert made_up(service).switches == {name: set(switch.values) for name, switch in DEFINITIONS.switches.items()}


def test_the_judge_finds_faults() -> None:
    """The sweep's own judge notices what it is there for: that it finds nothing says something."""
    operation = DEFINITIONS.operation_of("cdm")
    good = Mock(Settings(), Clock(NOW, 0.0), DEFINITIONS).handle(request_for(operation))
    assert list(faults(operation, good, NOW)) == []
    body = json.loads(good.body)
    body["submissions"][0]["extra"] = 1
    text = json.dumps(body).encode()
    headers = [(name, value) for name, value in good.headers if name != "X-Request-Id"]
    bad = replace(good, body=text, headers=(*headers, ("X-Extra", "1")))
    result = " ".join(faults(operation, bad, NOW + SECOND))
    for fault in ("Content-Length", "Date", "no x-request-id", "x-extra is not", "/submissions/0/extra is not"):
        assert fault in result
    assert "is not documented" in next(faults(operation, replace(good, status=299), NOW))
    assert "'status' is a required" in " ".join(faults(operation, replace(good, body=b'{"submissions": [{}]}'), NOW))
    row = DEFINITIONS.operation_of("dataarts")
    inner = {"status_code": 200, "body": '{"rows": [{"runningData": "{\\"odd\\": 1}"}], "odd": 2}', "header_map": {}}
    undeclared = documented(row.id)[200].shape.undeclared(inner)
    assert list(undeclared) == ["/body#/rows/0/runningData#/odd", "/body#/odd"]


@pytest.mark.exhaustive
def test_the_sweep_is_wide(capsys: pytest.CaptureFixture[str], record_property: Any) -> None:
    """Tens of thousands of answers were judged; one line says how many, and what statuses they had."""
    tallies = [*map(forced, OPERATIONS), *map(made_up, SERVICES)]
    statuses = sum((tally.statuses for tally in tallies), Counter[int]())
    answers = sum(tally.answers for tally in tallies)
    states = sum(len(set().union(*made_up(service).states.values())) for service in SERVICES)
    shown = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    record_property("answers", answers)
    record_property("statuses", dict(statuses))
    with capsys.disabled():
        print(f"\nsweep: {answers:,} answers judged, {states} states of jobs seen; by HTTP status {shown}")
    assert answers == sum(statuses.values()) > 30_000
    assert sum(made_up(service).answers for service in SERVICES) > 15_000
