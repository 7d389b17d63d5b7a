"""A soak, run by hand: `python tests/soak.py 30m` asks one server for so long, with faults on, and looks whether it holds.

Callers with namespaces of their own poll every documented call over kept connections; each request gets one of the kinds of
faults with a fair chance. After each round the journal is compared with what was sent, and the namespace goes. Every
minute it prints the server's memory and descriptors. Exit status 1 where the journal or the log differs from what was
sent, memory goes on growing, or a descriptor is left open.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sample_requests import request_for

from mockserver import Client
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.faults.kinds import KINDS
from mockserver.jobs.duration import seconds

CALLERS = 4
ROUND = 300
"""Requests of a round: fewer than a journal holds."""
GROWTH_MIB = 15
"""What the server's memory may grow by after the first fifth of the time."""
ODD_ENDS = (OSError, http.client.HTTPException, ValueError)
"""What a broken answer is for a client; ValueError is http.client's for a chunk whose size is garbage."""
BRIEF = {"HANG": {"limit": 0.02}, "SLOW_DRIBBLE": {"chunks": 4, "duration": 0.02}}
FAULTS: list[dict[str, Any]] = [
    *({"fault": {"type": name, **BRIEF.get(name, {})}} for name, kind in KINDS.items() if not kind.listener),
    {"status": 503}, {"status": 429}, {"delay": 0.01}, {"body": "x" * 20_000}, {"headers": {"X-More": "1"}},
    {"quota": {"limit": 5, "per": "1m"}, "retry_after": True},
]  # fmt: skip


@dataclass
class Seen:
    """What the callers have seen so far."""

    requests: int = 0
    broken: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Caller:
    """One client with its connection: rounds of requests until the time is up."""

    def __init__(self, port: int, name: str, seen: Seen, requests: list[tuple[str, str, bytes, dict[str, str]]]) -> None:
        self._port, self._name, self._seen, self._requests = port, name, seen, requests
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._chance = random.Random(name)

    def run(self, until: float) -> None:
        """Rounds until the time is up, each in a namespace of its own."""
        number = 0
        try:
            while time.monotonic() < until:
                number += 1
                with Client(f"http://127.0.0.1:{self._port}", f"{self._name}-{number}") as control:
                    self._round(control, f"{self._name}-{number}")
        except InputError as error:
            self._seen.wrong.append(f"{self._name}-{number}: {error}")
        finally:
            self._connection.close()

    def _round(self, control: Client, namespace: str) -> None:
        for fault in self._chance.sample(FAULTS, 5):
            control.call("POST", "/faults", {"target": "*", "share": 0.05, **fault})
        for life in ("succeeds", "fails"):
            control.job("cdm", life=life, job_name=f"job-{life}")
        broken = sum(not self._ask(namespace, number) for number in range(ROUND))
        journal = [int(exchange.request["headers"].get("x-number", -1)) for exchange in control.journal()]
        control.delete_namespace(namespace)
        with self._seen.lock:
            self._seen.requests += ROUND
            self._seen.broken += broken
            if journal != list(range(ROUND)):
                self._seen.wrong.append(f"{namespace}: the journal has {len(journal)} of {ROUND}: {journal[:20]}")

    def _ask(self, namespace: str, number: int) -> bool:
        """Whether a whole answer came."""
        method, target, body, headers = self._chance.choice(self._requests)
        headers = {**headers, "X-Mock-Namespace": namespace, "X-Number": str(number)}
        try:
            self._connection.request(method, target, body or None, headers)
            self._connection.getresponse().read()
        except ODD_ENDS:
            self._connection.close()
            return False
        return True


def memory_and_descriptors(pid: int) -> tuple[float, int]:
    """A process's resident memory in MiB, and how many descriptors it has open."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = re.search(r"VmRSS:\s+(\d+)", status)
    assert kilobytes is not None
    return int(kilobytes[1]) / 1_024, len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names are enough


def count_lines(stream: IO[bytes], counted: list[int]) -> None:
    """Counts lines until the stream ends."""
    while block := os.read(stream.fileno(), 65_536):
        counted[0] += block.count(b"\n")


def watch(pid: int, seen: Seen, duration: float) -> list[tuple[float, int]]:
    """Prints a line a minute until the time is up; the figures, the first one from after a fifth of the time."""
    began, figures = time.monotonic(), []
    step = min(60.0, duration / 10)
    while (passed := time.monotonic() - began) < duration and not seen.wrong:
        time.sleep(min(step, duration - passed))
        memory, descriptors = memory_and_descriptors(pid)
        passed = time.monotonic() - began
        print(f"{passed:6.0f} s {seen.requests:11,} requests {memory:7.1f} MiB {descriptors:4} descriptors", flush=True)
        figures += [(memory, descriptors)] if passed > duration / 5 else []
    return figures


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("duration", nargs="?", default="30m", help="for how long (default: 30m)")
    duration = seconds(parser.parse_args().duration)
    requests = []
    for operation in load().operations:
        request = request_for(operation)
        target = request.path + (f"?{request.query}" if request.query else "")
        requests.append((request.method, target, request.body, dict(request.headers)))
    command = [sys.executable, "-m", "mockserver", "--port", "0", "--speed", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        port = int(server.stdout.readline().rpartition(b":")[2])
        lines, seen = [0], Seen()
        reader = threading.Thread(target=count_lines, args=(server.stderr, lines))
        reader.start()
        idle = memory_and_descriptors(server.pid)
        until = time.monotonic() + duration
        callers = [Caller(port, f"soak{number}", seen, requests) for number in range(CALLERS)]
        threads = [threading.Thread(target=caller.run, args=(until,)) for caller in callers]
        for thread in threads:
            thread.start()
        figures = watch(server.pid, seen, duration)
        for thread in threads:
            thread.join()
        with Client(f"http://127.0.0.1:{port}") as control:
            health = control.health()
        time.sleep(1)
        rest = memory_and_descriptors(server.pid)
        server.terminate()
        status = server.wait(20)
        reader.join()
    return judged(seen, idle, figures, rest, lines[0], {"exit status": status, **health})


def judged(
    seen: Seen,
    idle: tuple[float, int],
    figures: list[tuple[float, int]],
    rest: tuple[float, int],
    lines: int,
    end: dict[str, object],
) -> int:
    """Prints what came of it; the exit status."""
    wrong = seen.wrong[:10]
    growth = rest[0] - figures[0][0] if figures else 0.0
    if growth > GROWTH_MIB:
        wrong.append(f"memory has grown by {growth:.1f} MiB since the first fifth of the time")
    if rest[1] > idle[1] + 1:
        wrong.append(f"{rest[1]} descriptors are open, {idle[1]} were at the start")
    if lines < seen.requests:
        wrong.append(f"the log has {lines:,} lines for {seen.requests:,} requests")
    if end["exit status"] or end["log_lines_lost"]:
        wrong.append(f"the end: {json.dumps(end)}")
    print(f"{seen.requests:,} requests, {seen.broken:,} answers broken by faults, {lines:,} lines of log")
    print(f"memory {idle[0]:.1f} MiB idle, {rest[0]:.1f} at the end ({growth:+.1f} after the first fifth)")
    print(f"descriptors {idle[1]} idle, {rest[1]} at the end")
    print("\n".join(wrong) or "held")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
