"""Benchmark: what a league of 1,000,000 runs costs beside one of 100: `python tests/bench_paging.py`.

Start, memory and pages of real server processes, and making and resetting namespaces; everything on 127.0.0.1. Memory is
read from /proc (Linux).
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import fmean, median

from bench_start import memory
from sdk_clients import Server

FEW, MANY = 100, 1_000_000
STARTS = 5
ROUNDS = 200
NAMESPACES = 1_000
PAGE = 100
PATH = "/v1/p/leagues/{}/job-instances"
OPTIONS = ("--auth", "off", "--unknown-ids", "reject", "--no-access-log", "--fixtures")


def main() -> None:
    """Run all of it and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        files = {count: fixture(Path(folder), count) for count in (FEW, MANY)}
        starts = started(files)
        print(f"start until ready, median of {STARTS}:")
        print(f"  {FEW:>9,} runs {starts[FEW] * 1_000:8.0f} ms")
        print(
            f"  {MANY:>9,} runs {starts[MANY] * 1_000:8.0f} ms   difference {(starts[MANY] - starts[FEW]) * 1_000:+.0f} ms"
        )
        with Server(*OPTIONS, str(files[FEW])) as few, Server(*OPTIONS, str(files[MANY])) as many:
            sizes(few, many, "when ready")
            pages(few, many)
            sizes(few, many, "after that")
            namespaces(many)


def fixture(folder: Path, count: int) -> Path:
    """A fixture file by which every league has so many runs."""
    path = folder / f"{count}.json"
    job = {"service": "tics", "count": count, "every": "1m"}
    path.write_text(json.dumps({"jobs": [job]}), encoding="utf-8")
    return path


def started(files: dict[int, Path]) -> dict[int, float]:
    """Seconds until a server with this file is ready, the medians of starts in turn."""
    times: dict[int, list[float]] = defaultdict(list)
    for _ in range(STARTS):
        for count, file in files.items():
            began = time.perf_counter()
            with Server(*OPTIONS, str(file)):
                times[count].append(time.perf_counter() - began)
    return {count: median(found) for count, found in times.items()}


def pages(few: Server, many: Server) -> None:
    """Print how long pages take, asked for in turn over connections that are kept alive."""
    asked = {
        f"the {FEW:,} runs": (few, "a", 0, FEW),
        f"another {FEW:,} runs": (few, "b", 0, FEW),  # so that both servers are asked for as much
        f"first of {MANY:,} runs": (many, "a", 0, MANY),
        f"last of {MANY:,} runs": (many, "a", MANY - PAGE, MANY),
    }
    for title, league in (("never asked for before", "{}_{}"), ("asked for again", "{}")):
        times: dict[str, list[float]] = defaultdict(list)
        with closing(connection(few)) as to_few, closing(connection(many)) as to_many:
            for number in range(ROUNDS):
                for name, (server, which, offset, count) in asked.items():
                    target = f"{PATH.format(league.format(which, number))}?limit={PAGE}&offset={offset}"
                    began = time.perf_counter()
                    answer = ask(to_few if server is few else to_many, "GET", target)
                    times[name].append(time.perf_counter() - began)
                    body = json.loads(answer)
                    assert (body["total"], len(body["lists"])) == (count, PAGE)
        print(f"pages of {PAGE}, {title}, medians of {ROUNDS} rounds in turn:")
        medians = {name: median(found) * 1_000 for name, found in times.items()}
        for name, taken in medians.items():
            print(f"  {name:<23}{taken:7.2f} ms   ratio {taken / next(iter(medians.values())):.2f}")


def sizes(few: Server, many: Server, when: str) -> None:
    """Print how much memory the servers take, each with all its processes."""
    first, second = (memory(server._process.pid) / 1_024 for server in (few, many))
    print(f"memory {when}: {FEW:,} runs {first:.1f} MiB, {MANY:,} runs {second:.1f} MiB, ratio {second / first:.2f}")


def namespaces(server: Server) -> None:
    """Print how long it takes to make and to reset a namespace."""
    with closing(connection(server)) as line:
        names = [f"n{number}" for number in range(NAMESPACES)]
        made = mean_ms(names, lambda name: ask(line, "POST", "/_mock/namespaces", {"name": name}))
        reset = mean_ms(names, lambda name: ask(line, "POST", "/_mock/reset", namespace=name))
    print(f"namespaces, means of {NAMESPACES:,} over a socket:")
    print(f"  make one  {made:7.2f} ms")
    print(f"  reset one {reset:7.2f} ms")


def mean_ms(names: list[str], call: Callable[[str], object]) -> float:
    """Milliseconds of a call for one of these names, in the mean."""
    times = []
    for name in names:
        began = time.perf_counter()
        call(name)
        times.append(time.perf_counter() - began)
    return fmean(times) * 1_000


def connection(server: Server) -> http.client.HTTPConnection:
    """A connection to a server; it is kept alive."""
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)


def ask(line: http.client.HTTPConnection, method: str, path: str, body: object = None, namespace: str = "default") -> bytes:
    """The body of an answer, which must be a good one."""
    sent = None if body is None else json.dumps(body).encode()
    line.request(method, path, sent, {"X-Mock-Namespace": namespace})
    answer = line.getresponse()
    text = answer.read()
    assert answer.status < 300, text
    return text


if __name__ == "__main__":
    main()
