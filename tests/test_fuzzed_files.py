"""Readers of users' files, fed with what is almost right: each reads it or raises InputError, and never anything else.

FUZZED=100000 asks for so many inputs of each reader, in place of a hundred, and FUZZED_FROM=7 for others than those
before; `python tests/fuzz.py 1000000` runs them in portions.
"""

from __future__ import annotations

import json
import os
import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sample_requests import request_for

from mockserver.answering import CRASHED
from mockserver.contract import check
from mockserver.contract.session import Session
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange, request_from, response_from
from mockserver.exchanges.har import har_of, read_har
from mockserver.exchanges.recording import Recorder, Recording, as_json, read
from mockserver.exchanges.recording_to_replay import replays_from
from mockserver.fixtures import read_replays
from mockserver.jobs.clock import Clock
from mockserver.jobs.duration import seconds
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.redaction.redactor import Redactor
from mockserver.settings import Settings
from mockserver.vendors import signature

DEFINITIONS = load()
FIRST = int(os.environ.get("FUZZED_FROM", "0"))
NUMBERS = range(FIRST, FIRST + int(os.environ.get("FUZZED", "100")))
URL = "https://cdm.cn-north-4.myhuaweicloud.com/v1.1/1551c7f6c808414d8e9f3c514a170f2e/clusters/c/cdm/job/jdbc2hive/status"
JOB = {"job-name": "jdbc2hive", "progress": 1, "status": "BOOTING", "creation-user": "cdm", "creation-date": 1536905778725}
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**31, 2**63, 10**20, -(10**20), 10**400, float("inf"), float("-inf"), float("nan"),
    "", " ", "x", "\x00", "\ud800", "张三\u200b", "0", "-1", "1e999", "9" * 20_000, "2026-02-30T25:00:00Z",
    "9999-12-31T23:59:59.999+00:00", "0001-01-01T00:00:00+14:00", "http://[", "%", "/" * 500,
    [], [1], [[]], ["a", "b"], {}, {"name": 1}, {"a": {"b": []}}, "gzip",
)  # fmt: skip


_THING = {"type": "object", "required": ["id", "status"], "properties": {
    "id": {"type": "string", "minLength": 1}, "status": {"enum": ["RUNNING", "DONE", "FAILED"]},
    "at": {"type": "string", "format": "date-time"}, "parts": {"type": "array", "items": {"type": "integer", "maximum": 9}},
}}  # fmt: skip
_ANSWER = {"description": "A thing.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
OWN = {
    "openapi": "3.0.3", "info": {"title": "Things", "version": "1"}, "components": {"schemas": {"Thing": _THING}},
    "paths": {
        "/things": {"post": {"operationId": "make", "responses": {"201": _ANSWER}}},
        "/things/{id}": {"get": {
            "operationId": "look",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": _ANSWER, "404": {"description": "None."}}, "x-job": {"status": "/status"},
        }},
    },
}  # fmt: skip
REQUESTS = [request_for(operation) for operation in DEFINITIONS.operations[:12]]


def exchange() -> Exchange:
    """A good exchange."""
    headers = {"Content-Type": "application/json", "Date": "Sat, 21 Nov 2026 08:00:00 GMT", "X-Request-Id": "0" * 32}
    body = json.dumps({"submissions": [JOB]})
    request = request_from("GET", URL, {"x-auth-token": "t"}, b"")
    return Exchange(request, response_from(200, headers, body), 1_795_248_000_000, 0.25, "here", "https://cdm", sent=1.5)


def fuzzed(value: Any, name: str, numbers: Iterable[int] = NUMBERS) -> Iterator[Any]:
    """Copies of a JSON value with one to three places changed: by something odd, by nothing, by a thing of another place."""
    for number in numbers:
        chance = random.Random(f"{name}{number}")
        changed = deepcopy(value)
        for _ in range(chance.randint(1, 3)):
            places = [
                (node, key) for node in nodes(changed) for key in (node if isinstance(node, dict) else range(len(node)))
            ]
            if not places:
                break
            node, key = chance.choice(places)
            if chance.random() < 0.1 and isinstance(node, dict):
                del node[key]
            elif chance.random() < 0.1:
                node[key] = deepcopy(chance.choice(places)[0])
            else:
                node[key] = deepcopy(chance.choice(ODD))  # a later change is to be of this copy alone
        yield changed


def keys(node: Any) -> Any:
    """The keys of an object, or the indices of a list."""
    return list(node) if isinstance(node, dict) else range(len(node))


def nodes(value: Any) -> Iterator[Any]:
    """The value and all objects and lists in it."""
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from nodes(child)


def cut(text: str, number: int) -> str:
    """The text as it is, or cut, or with a character of it changed."""
    chance = random.Random(f"cut{number}")
    at = chance.randrange(len(text) + 1)
    return (text, text, text, text[:at], text[:at] + chance.choice('\x00"{[\ud7ff0') + text[at + 1 :])[chance.randrange(5)]


def used(recording: Recording, folder: Path) -> None:
    """What every command does with a recording."""
    session = Session(DEFINITIONS, redactor=Redactor(salt="s", definitions=DEFINITIONS))
    for item in recording.exchanges:
        session.check(item)
        json.dumps(as_json(item))
    json.dumps(har_of(recording))
    replays_from(recording, DEFINITIONS)


def tried(work: Callable[[], object], of: object) -> None:
    """Runs; InputError is the only one that may come."""
    try:
        work()
    except InputError as error:
        assert str(error) and len(str(error)) < 2_000
    except Exception as error:
        pytest.fail(f"{type(error).__name__}: {error}\n{str(of)[:1_500]}")


def test_recordings(tmp_path: Path) -> None:
    """Lines with odd members, cut anywhere."""
    file = tmp_path / "run.jsonl"
    with Recorder(file, Redactor(keep_ids=True)) as recorder:
        recorder.add(exchange())
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for number, changed in enumerate(fuzzed(lines, "recording")):
        text = "\n".join(json.dumps(line) for line in changed) + "\n" * (number % 2)
        file.write_text(cut(text, number), encoding="utf-8", errors="surrogatepass")
        tried(lambda: used(read(file), tmp_path), changed)


def test_har_files(tmp_path: Path) -> None:
    """Entries with odd members are left out, or read."""
    file = tmp_path / "run.har"
    good = har_of(Recording((exchange(), exchange())))
    for entry in good["log"]["entries"][1:]:
        for name in [name for name in (*entry, *entry["request"]) if name.startswith("_")]:
            entry.pop(name, None)
            entry["request"].pop(name, None)
    for number, changed in enumerate(fuzzed(good, "har")):
        file.write_text(cut(json.dumps(changed), number), encoding="utf-8", errors="surrogatepass")
        tried(lambda: used(read_har(file), tmp_path), changed)


def test_replays(tmp_path: Path) -> None:
    """Fixture files with recorded jobs."""
    file = tmp_path / "replay.json"
    good = {"replays": [item.as_json() for item in replays_from(Recording((exchange(),)), DEFINITIONS)]}
    for changed in fuzzed(good, "replay"):
        file.write_text(json.dumps(changed), encoding="utf-8", errors="surrogatepass")
        tried(lambda: [item.at(5) for item in read_replays([file], DEFINITIONS).all], changed)


def test_answers_to_check() -> None:
    """Statuses, headers, bodies and requests of any kind, given to `check` and to a session that remembers."""
    session = Session(DEFINITIONS)
    good = [200, {"Content-Type": "application/json"}, {"submissions": [JOB]}, "GET", URL, {"X-Auth-Token": "t"}]
    for number, (status, headers, body, method, url, sent) in enumerate(fuzzed(good, "check")):
        text = cut(json.dumps(body), number)
        packed = zlib.compress(text.encode("utf-8", "surrogatepass")) if number % 7 == 0 else text

        def work(answer: Any = (status, headers, packed), request: Any = (method, url, sent)) -> None:
            check(answer, request)

        tried(work, (status, headers, text, method, url, sent))
        answered = Exchange(exchange().request, response_from(200, {}, text))
        tried(partial(session.check, answered), text)


def test_signatures() -> None:
    """Requests with any path, query and header: a canonical form, or a KeyError for a header that wasn't sent."""
    for number in NUMBERS:
        chance = random.Random(f"signature{number}")
        texts = [chance.choice([*(item for item in ODD if isinstance(item, str)), "a=b&c=d", "SDK-HMAC-SHA256 Access=A"])
                 for _ in range(4)]  # fmt: skip
        request = Request("GET", texts[0], texts[1], {"host": texts[2], "authorization": texts[3]}, b"")
        signature.parse(texts[3])
        result = signature.Signature(signature.ALGORITHM, "ak", ("host",), "0" * 64)
        assert signature.difference(request, result, "20261121T080000Z", "sk")


def test_requests() -> None:
    """Requests with any method, path, query, headers and body: never a crash of the mock."""
    mock = Mock(Settings(auth="presence"), Clock(1_795_248_000_000, 0), DEFINITIONS)
    texts = [item for item in ODD if isinstance(item, str)]
    for number in NUMBERS:
        chance = random.Random(f"request{number}")
        good = chance.choice(REQUESTS)
        where = good.path.split("/")
        where[chance.randrange(len(where))] = chance.choice(texts)
        path = "/".join(where) if chance.random() < 0.3 else good.path
        headers = {name: chance.choice((value, value, chance.choice(texts))) for name, value in good.headers.items()}
        query, body = cut(good.query or "a=b", number), cut(good.body.decode() or "{}", number)
        request = Request(good.method, path, query, headers, body.encode("utf-8", "surrogatepass"))
        answer = mock.handle(request)
        assert not (answer.problem or "").startswith(CRASHED), (request, answer.problem)


def test_definitions(tmp_path: Path) -> None:
    """An OpenAPI document with odd members: refused, or its calls are answered. One takes a third of a second: fewer."""
    file = tmp_path / "own.json"
    for number, changed in enumerate(fuzzed(OWN, "definitions", NUMBERS[::20])):
        file.write_text(cut(json.dumps(changed), number), encoding="utf-8", errors="surrogatepass")

        def work() -> None:
            mock = Mock(Settings(auth="off"), Clock(1_795_248_000_000, 0), load([file]))
            for request in (Request("POST", "/things", "", {}, b"{}"), Request("GET", "/things/x", "")):
                answer = mock.handle(request)
                assert not (answer.problem or "").startswith(CRASHED), answer.problem

        tried(work, changed)


@pytest.mark.parametrize(
    "value", [item for item in ODD if not isinstance(item, dict | list)], ids=lambda item: repr(item)[:20]
)
def test_durations(value: object) -> None:
    """A number of seconds, or InputError with a short text."""
    tried(lambda: seconds(value), value)
