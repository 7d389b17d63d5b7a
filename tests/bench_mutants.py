"""How many wrong answers the kit finds, beside plain JSON Schema validation, openapi-core and Prism's proxy.

    python tests/bench_mutants.py PRISM_BINARY [--answers 2500] [--share N]

All judge the same mutants (of `mutants.py`) and the same valid answers. Each peer gets what it needs: the one bundled
document that `/_mock/openapi.json` serves, format checks on, requests and answers both. Peers see one exchange at a time,
so of several answers only the last. A right answer that is found wrong is a false alarm. In the column `kinds` each kind
counts the same, however many mutants it has. `--share N` takes every Nth mutant.
Needs openapi-core, and Prism (npm install @stoplight/prism-cli); without a binary Prism is left out.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

from jsonschema import Draft202012Validator
from mutant_kinds import KINDS, by_kind
from mutants import BODY, HTTP, REQUEST, TIME, Mutant, judge
from valid_exchanges import DEFINITIONS, OPERATIONS, documented, valid_answers

import mockserver
from mockserver.contract.session import Session
from mockserver.definitions.bundle import bundle
from mockserver.exchanges.exchange import Exchange

AREAS = (BODY, HTTP, TIME, REQUEST)
_PATIENCE = 5.0
"""Seconds after which a caller gives up on Prism, which waits for ever for bytes that an answer promised and hasn't."""


@dataclass(frozen=True)
class Peer:
    """A judge. `kills` says of each exchange whether anything is wrong with it; `seconds` is how long it took."""

    name: str
    kills: list[bool]
    alarms: list[bool]
    seconds: float


Judge = Callable[[Sequence[Exchange]], list[bool]]


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("prism", nargs="?")
    options.add_argument("--answers", type=int, default=2_500)
    options.add_argument("--share", type=int, default=1)
    chosen = options.parse_args()
    mutants = [item for name in OPERATIONS for ones in by_kind(name).values() for item in ones][:: chosen.share]
    right = [exchange for _, exchange in valid_answers(7, chosen.answers)]
    right += [exchange for name in OPERATIONS for exchange in documented(DEFINITIONS.operation(name))]
    kit, placed = _kit(mutants, right)
    peers = [kit, _peer("jsonschema", _jsonschema, mutants, right), _peer("openapi-core", _openapi_core, mutants, right)]
    if chosen.prism:
        with _prism(chosen.prism) as port:
            peers.append(_peer("Prism proxy", lambda exchanges: _through(port, exchanges), mutants, right))
    _print(mutants, peers, placed, len(right))


def _kit(mutants: Sequence[Mutant], right: Sequence[Exchange]) -> tuple[Peer, list[bool]]:
    began = time.perf_counter()
    verdicts = [judge(DEFINITIONS, mutant) for mutant in mutants]
    alarms = [bool(Session(DEFINITIONS).check(exchange).findings) for exchange in right]
    seconds = time.perf_counter() - began
    return Peer("this kit", [verdict.killed for verdict in verdicts], alarms, seconds), [
        verdict.at_the_right_place for verdict in verdicts
    ]


def _peer(name: str, judged: Judge, mutants: Sequence[Mutant], right: Sequence[Exchange]) -> Peer:
    began = time.perf_counter()
    kills, alarms = judged([mutant.exchange for mutant in mutants]), judged(right)
    return Peer(name, kills, alarms, time.perf_counter() - began)


def _jsonschema(exchanges: Sequence[Exchange]) -> list[bool]:
    """The outer body against the response's schema; strings that hold JSON are strings. What can't be parsed is found."""
    return [_is_invalid(exchange) for exchange in exchanges]


def _is_invalid(exchange: Exchange) -> bool:
    operation = next(
        (operation for operation in DEFINITIONS.operations if operation.pattern.fullmatch(exchange.request.path)), None
    )
    if operation is None or operation.method != exchange.request.method:
        return False  # nobody asked it about requests
    try:
        body = json.loads(exchange.response.body)
    except ValueError:
        return True
    validator = _schema(operation.id, exchange.response.status)
    return validator is None or not validator.is_valid(body)


@cache
def _schema(operation: str, status: int) -> Draft202012Validator | None:
    answers = DEFINITIONS.operation(operation).answers.get(status)
    return Draft202012Validator(answers.schema, format_checker=Draft202012Validator.FORMAT_CHECKER) if answers else None


def _openapi_core(exchanges: Sequence[Exchange]) -> list[bool]:
    """Requests and answers validated by openapi-core against the bundle; whatever it raises is found."""
    from openapi_core import OpenAPI

    openapi = OpenAPI.from_dict(_bundle())
    return [_raises(openapi, exchange) for exchange in exchanges]


def _raises(openapi: Any, exchange: Exchange) -> bool:
    from openapi_core.testing import MockRequest, MockResponse
    from werkzeug.datastructures import Headers

    request, response = exchange.request, exchange.response
    try:
        args = {name: value for name, _, value in (pair.partition("=") for pair in request.query.split("&") if pair)}
        asked = MockRequest(
            "http://localhost", request.method.lower(), quote(request.path, "/-_.~"), args=_decoded(args),
            headers=dict(request.headers), data=request.body, content_type="application/json",
        )  # fmt: skip
        given = MockResponse(
            response.body, response.status, headers=dict(Headers(list(response.headers))),
            content_type=response.header("Content-Type") or "",
        )  # fmt: skip
        openapi.validate_request(asked)
        openapi.validate_response(asked, given)
    except Exception:  # whatever it raises, it has noticed
        return True
    else:
        return False


def _decoded(args: dict[str, str]) -> dict[str, str]:
    return {unquote_plus(name): unquote_plus(value) for name, value in args.items()}


@cache
def _bundle() -> Any:
    return json.loads(json.dumps(bundle(DEFINITIONS.documents, mockserver.__version__)))


class _Upstream(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Sends, byte for byte, the answer whose number stands in the request's header `x-number`."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    answers: dict[int, bytes] = {}  # noqa: RUF012 - filled before anyone asks


class _Answer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        number, length = -1, 0
        for line in iter(self.rfile.readline, b"\r\n"):
            if not line:
                return
            name, _, value = line.decode("latin-1").partition(":")
            number = int(value) if name.lower() == "x-number" else number
            length = int(value) if name.lower() == "content-length" else length
        self.rfile.read(length)
        self.wfile.write(_Upstream.answers[number])


def _wire(exchange: Exchange) -> bytes:
    response = exchange.response
    lines = [f"HTTP/1.1 {response.status} Status", *(f"{name}: {value}" for name, value in response.headers)]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace") + response.body


@contextmanager
def _prism(binary: str) -> Iterator[int]:
    """Prism's proxy in front of `_Upstream`; its port."""
    with tempfile.TemporaryDirectory() as folder, _Upstream(("127.0.0.1", 0), _Answer) as upstream:
        document, port = Path(folder) / "openapi.json", _free_port()
        document.write_text(json.dumps(_bundle()), encoding="utf-8")
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        target = f"http://127.0.0.1:{upstream.server_address[1]}"
        command = [binary, "proxy", str(document), target, "-p", str(port), "-h", "127.0.0.1", "-v", "fatal"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(port)
                yield port
            finally:
                process.terminate()
                upstream.shutdown()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    sys.exit("Prism did not start")


def _through(port: int, exchanges: Sequence[Exchange]) -> list[bool]:
    """Whether Prism marks a violation (header sl-violations), or answers with a problem of its own."""
    _Upstream.answers = {number: _wire(exchange) for number, exchange in enumerate(exchanges)}
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda item: _is_marked(port, *item), enumerate(exchanges)))


def _is_marked(port: int, number: int, exchange: Exchange) -> bool:
    request = exchange.request
    path = quote(request.path.encode("utf-8", "surrogateescape"), "/-_.~") + (f"?{request.query}" if request.query else "")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    headers = {name: value.encode("latin-1", "replace") for name, value in request.headers.items()}
    try:
        connection.request(request.method, path, request.body or None, {**headers, "x-number": str(number)})
        answer = connection.getresponse()
        body, marks = answer.read(), json.loads(answer.headers.get("sl-violations") or "[]")
    except (OSError, http.client.HTTPException, ValueError):
        return True  # the caller gets nothing: it notices
    else:
        return bool(marks) or b"stoplight.io/prism" in body
    finally:
        connection.close()


def _print(mutants: Sequence[Mutant], peers: Sequence[Peer], placed: Sequence[bool], right: int) -> None:
    result = len({mutant.kind for mutant in mutants})
    print(f"{len(mutants):,} mutants of {result} kinds and {len(OPERATIONS)} operations; {right:,} valid answers\n")
    print(f"{'':<14}{'all':>9}{'kinds':>9}{''.join(f'{area:>9}' for area in AREAS)}{'false alarms':>14}{'per second':>12}")
    for peer in peers:
        shares = [
            _percent([kill for kill, one in zip(peer.kills, mutants, strict=True) if one.area == area]) for area in AREAS
        ]
        alarms = f"{sum(peer.alarms):,} ({_percent(peer.alarms).strip()})"
        speed = (len(peer.kills) + len(peer.alarms)) / peer.seconds
        columns = "".join(f"{share:>9}" for share in (_percent(peer.kills), _mean_of_kinds(mutants, peer), *shares))
        print(f"{peer.name:<14}{columns}{alarms:>14}{speed:>12,.0f}")
    print(f"\nthis kit, at the right place with a right code: {_percent(placed).strip()}\n")
    _print_kinds(mutants, peers, placed)


def _mean_of_kinds(mutants: Sequence[Mutant], peer: Peer) -> str:
    kills: dict[str, list[bool]] = {}
    for kill, one in zip(peer.kills, mutants, strict=True):
        kills.setdefault(one.kind, []).append(kill)
    return f"{100 * sum(sum(kill) / len(kill) for kill in kills.values()) / len(kills):.1f} %"


def _percent(flags: Sequence[bool]) -> str:
    share = 100 * sum(flags) / len(flags) if flags else 0
    return f"{share:.1f} %" if share < 99.95 or all(flags) else "99.9 %"


def _print_kinds(mutants: Sequence[Mutant], peers: Sequence[Peer], placed: Sequence[bool]) -> None:
    counts = Counter(mutant.kind for mutant in mutants)
    area = {mutant.kind: mutant.area for mutant in mutants}
    print(f"{'area':<9}{'kind':<92}{'ops':>4}{'mutants':>9}{'placed':>8}{''.join(f'{peer.name:>14}' for peer in peers)}")
    for kind in sorted(counts, key=lambda kind: (AREAS.index(area[kind]), list(KINDS).index(kind))):
        at = [index for index, one in enumerate(mutants) if one.kind == kind]
        operations = len({mutants[index].operation for index in at})
        rates = "".join(f"{_percent([peer.kills[index] for index in at]):>14}" for peer in peers)
        right = sum(placed[index] for index in at)
        print(f"{area[kind]:<9}{kind:<92}{operations:>4}{counts[kind]:>9,}{right:>8,}{rates}")


if __name__ == "__main__":
    main()
