"""Feeds readers of users' files, and the mock itself, with what is almost right: `python tests/fuzz.py 1000000`.

Each reader gets the same share of the time, and so the quicker ones most of the inputs. Each input has a number: with
`--first 5000000` a run tries others than one before; `--only har_files` and a number of inputs try them again, and
`--until 18:30` stops a run early. It prints how many inputs each reader got, and of each kind of crash the first input;
exit status 1 where there is one. `test_fuzzed_files.py` tries a hundred of each.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

from sample_requests import request_for

from mockserver.answering import CRASHED
from mockserver.contract import check
from mockserver.contract.session import Session
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange, request_from, response_from
from mockserver.exchanges.har import read_har
from mockserver.exchanges.har_writing import har_of
from mockserver.exchanges.recording import Recorder, Recording, read
from mockserver.exchanges.recording_lines import as_json
from mockserver.exchanges.recording_to_replay import replays_from
from mockserver.fixtures import read_replays
from mockserver.jobs.clock import Clock
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.redaction.redactor import Redactor
from mockserver.settings import Settings
from mockserver.vendors import signature

DEFINITIONS = load()
REDACTOR = Redactor(salt="s", definitions=DEFINITIONS)
PORTION = 50
"""Inputs that a reader gets at once."""
NOW = 1_795_248_000_000
Try = Callable[[int], object]
"""Tries the input of this number. InputError is the only error that may come."""
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
REQUESTS = [request_for(operation) for operation in DEFINITIONS.operations]
TEXTS = [item for item in ODD if isinstance(item, str)]
FIXTURES = {
    "jobs": [
        {"service": "cdm", "job_name": "load", "life": "succeeds", "progress": "polls:2", "age": "2m", "facts": {"a": 5}},
        {"service": "tics", "league_id": "league1", "count": 3, "every": "1h", "life": [["RUNNING", 5], ["SUCCESS", None]]},
        {"service": "taurusdb", "id": "job-1", "created": "2026-11-21T07:00:00Z", "visible_after": "10s"},
    ],
    "faults": [
        {"target": "cdm", "status": 503, "times": 2, "after": 1, "retry_after": 5},
        {"target": "*", "share": 0.3, "fault": {"type": "SLOW_DRIBBLE", "chunks": 2, "duration": 1}, "delay": "10ms"},
        {"target": "enos", "patch": [{"op": "replace", "path": "/code", "value": 1}], "headers": {"X-A": "b"}},
        {"target": "tics", "quota": {"limit": 1, "per": "1m"}, "window": ["0s", "10m"], "body": {"a": 1}},
    ],
}  # fmt: skip


def exchange() -> Exchange:
    """A good exchange."""
    headers = {"Content-Type": "application/json", "Date": "Sat, 21 Nov 2026 08:00:00 GMT", "X-Request-Id": "0" * 32}
    body = json.dumps({"submissions": [JOB]})
    request = request_from("GET", URL, {"x-auth-token": "t"}, b"")
    return Exchange(request, response_from(200, headers, body), NOW, 0.25, "here", "https://cdm", sent=1.5)


def fuzzed(value: Any, name: str, number: int) -> Any:
    """A copy of a JSON value with one to three places changed: by something odd, by nothing, by a thing of another place."""
    chance = random.Random(f"{name}{number}")
    changed = deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        places = [(node, key) for node in nodes(changed) for key in (node if isinstance(node, dict) else range(len(node)))]
        if not places:
            break
        node, key = chance.choice(places)
        if chance.random() < 0.1 and isinstance(node, dict):
            del node[key]
        elif chance.random() < 0.1:
            node[key] = deepcopy(chance.choice(places)[0])
        else:
            node[key] = deepcopy(chance.choice(ODD))  # a later change is to be of this copy alone
    return changed


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


def used(recording: Recording) -> None:
    """What every command does with a recording."""
    session = Session(DEFINITIONS, redactor=REDACTOR)
    for item in recording.exchanges:
        session.check(item)
        json.dumps(as_json(item))
    json.dumps(har_of(recording))
    replays_from(recording, DEFINITIONS)


def recordings(folder: Path) -> Try:
    """Lines with odd members, cut anywhere."""
    file = folder / "run.jsonl"
    with Recorder(file, Redactor(keep_ids=True)) as recorder:
        recorder.add(exchange())
    lines = [json.loads(line) for line in file.read_text().splitlines()]

    def attempt(number: int) -> None:
        changed = fuzzed(lines, "recording", number)
        text = "\n".join(json.dumps(line) for line in changed) + "\n" * (number % 2)
        file.write_text(cut(text, number), encoding="utf-8", errors="surrogatepass")
        used(read(file))

    return attempt


def har_files(folder: Path) -> Try:
    """Entries with odd members are left out, or read."""
    file = folder / "run.har"
    good = har_of(Recording((exchange(), exchange())))
    for entry in good["log"]["entries"][1:]:
        for name in [name for name in (*entry, *entry["request"]) if name.startswith("_")]:
            entry.pop(name, None)
            entry["request"].pop(name, None)

    def attempt(number: int) -> None:
        text = json.dumps(fuzzed(good, "har", number))
        file.write_text(cut(text, number), encoding="utf-8", errors="surrogatepass")
        used(read_har(file))

    return attempt


def replays(folder: Path) -> Try:
    """Fixture files with recorded jobs."""
    file = folder / "replay.json"
    good = {"replays": [item.as_json() for item in replays_from(Recording((exchange(),)), DEFINITIONS)]}

    def attempt(number: int) -> None:
        text = json.dumps(fuzzed(good, "replay", number))
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        for item in read_replays([file], DEFINITIONS).all:
            item.at(5)

    return attempt


def fixtures(folder: Path) -> Try:
    """Fixture files with jobs and faults, and polls of what they declare."""
    file = folder / "fixtures.json"

    def attempt(number: int) -> None:
        text = json.dumps(fuzzed(FIXTURES, "fixtures", number))
        file.write_text(cut(text, number), encoding="utf-8", errors="surrogatepass")
        mock = Mock(Settings(auth="off", fixtures=(str(file),)), Clock(NOW, 0), DEFINITIONS)
        for request in REQUESTS[number % 3 :: 3]:
            answered(mock, request)

    return attempt


def answers_to_check(_folder: Path) -> Try:
    """Statuses, headers, bodies and requests of any kind, given to `check` and to a session that remembers."""
    session = Session(DEFINITIONS)
    good = [200, {"Content-Type": "application/json"}, {"submissions": [JOB]}, "GET", URL, {"X-Auth-Token": "t"}]

    def attempt(number: int) -> None:
        status, headers, body, method, url, sent = (*fuzzed(good, "check", number), *(None,) * 6)[:6]
        text = cut(json.dumps(body), number)
        packed = zlib.compress(text.encode("utf-8", "surrogatepass")) if number % 7 == 0 else text
        session.check(Exchange(exchange().request, response_from(200, {}, text)))
        check((status, headers, packed), (method, url, sent))

    return attempt


def signatures(_folder: Path) -> Try:
    """Requests with any path, query and header: a canonical form, and why another one was expected."""

    def attempt(number: int) -> None:
        chance = random.Random(f"signature{number}")
        texts = [chance.choice([*TEXTS, "a=b&c=d", "SDK-HMAC-SHA256 Access=A"]) for _ in range(4)]
        request = Request("GET", texts[0], texts[1], {"host": texts[2], "authorization": texts[3]}, b"")
        signature.parse(texts[3])
        result = signature.Signature(signature.ALGORITHM, "ak", ("host",), "0" * 64)
        assert signature.difference(request, result, "20261121T080000Z", "sk")

    return attempt


def requests(_folder: Path) -> Try:
    """Requests with any method, path, query, headers and body: never a crash of the mock."""
    mock = Mock(Settings(auth="presence"), Clock(NOW, 0), DEFINITIONS)

    def attempt(number: int) -> None:
        chance = random.Random(f"request{number}")
        good = chance.choice(REQUESTS)
        where = good.path.split("/")
        where[chance.randrange(len(where))] = chance.choice(TEXTS)
        path = "/".join(where) if chance.random() < 0.3 else good.path
        headers = {name: chance.choice((value, value, chance.choice(TEXTS))) for name, value in good.headers.items()}
        query, body = cut(good.query or "a=b", number), cut(good.body.decode() or "{}", number)
        answered(mock, Request(good.method, path, query, headers, body.encode("utf-8", "surrogatepass")))

    return attempt


def definitions(folder: Path) -> Try:
    """An OpenAPI document with odd members: refused, or its calls are answered."""
    file = folder / "own.json"

    def attempt(number: int) -> None:
        text = json.dumps(fuzzed(OWN, "definitions", number))
        file.write_text(cut(text, number), encoding="utf-8", errors="surrogatepass")
        mock = Mock(Settings(auth="off"), Clock(NOW, 0), load([file]))
        for request in (Request("POST", "/things", "", {}, b"{}"), Request("GET", "/things/x", "")):
            answered(mock, request)

    return attempt


def answered(mock: Mock, request: Request) -> None:
    """Asks the mock; its own crash is one here too."""
    problem = mock.handle(request).problem or ""
    assert not problem.startswith(CRASHED), (request, problem)


READERS: Mapping[str, Callable[[Path], Try]] = {
    "requests": requests, "definitions": definitions, "fixtures": fixtures, "replays": replays, "recordings": recordings,
    "har_files": har_files, "signatures": signatures, "answers_to_check": answers_to_check,
}  # fmt: skip
"""What is fed, by name. Each makes what it needs in a folder, and gives what tries an input."""


def crash_of(attempt: Try, number: int) -> str | None:
    """What else than an InputError comes of an input: where, and what; None where nothing does."""
    try:
        attempt(number)
    except InputError as error:
        return None if str(error) and len(str(error)) < 2_000 else f"an InputError of {len(str(error))} characters"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{Path(place.filename).name}:{place.lineno} {place.name}: {type(error).__name__}: {str(error)[:200]}"
    return None


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="how many inputs, over all readers")
    parser.add_argument("--first", type=int, default=0, help="the number of each reader's first input (default: 0)")
    parser.add_argument("--only", choices=READERS, action="append", help="feed this reader alone; repeatable")
    parser.add_argument("--until", metavar="HH:MM", help="stop at this time of the day")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    spent = dict.fromkeys(options.only or READERS, 0.0)
    crashes: dict[tuple[str, str], int] = {}
    with tempfile.TemporaryDirectory() as folder:
        attempts = {name: READERS[name](Path(folder)) for name in spent}
        while counts.total() < options.count and f"{datetime.now():%H:%M}" != options.until:
            name, began = min(spent, key=spent.__getitem__), time.process_time()
            for number in range(options.first + counts[name], options.first + counts[name] + PORTION):
                crash = crash_of(attempts[name], number)
                kind = (name, crash.partition(": ")[0]) if crash else None
                if kind and kind not in crashes:
                    crashes[kind] = number
                    print(f"{name} {number}: {crash}", flush=True)
            counts[name] += PORTION
            spent[name] += time.process_time() - began
    for name, seconds in spent.items():
        print(f"{name:20} {counts[name]:10,} inputs {seconds:8.0f} s")
    print(f"{counts.total():,} inputs, {len(crashes)} kinds of crashes")
    return bool(crashes)


if __name__ == "__main__":
    sys.exit(main())
