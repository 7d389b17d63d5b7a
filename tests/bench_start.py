"""How long from a cold start to the first answer, and how much memory: `python tests/bench_start.py [PRISM]`.

PRISM is the `prism` command of @stoplight/prism-cli; given, it serves the same documents in the same run, in turns.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from mockserver import __version__
from mockserver.definitions import load
from mockserver.definitions.bundle import bundle

ROUNDS = 7
PATH = "/v1.1/1551c7f6c808414d8e9f3c514a170f2e/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/jdbc2hive/status"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether the documented CDM request is answered."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", headers={"X-Auth-Token": "t"})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return bool(json.load(response)["submissions"][0]["status"] == "BOOTING")
    except (OSError, urllib.error.HTTPError):
        return False


def memory(pid: int) -> int:
    """Resident memory of a process and all below it, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return own + sum(memory(int(child)) for child in children)


def measure(command: list[str], port: int) -> tuple[float, float]:
    """Milliseconds to the first answer, and MB then."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while not answers(port):
                if time.perf_counter() - began > 30:
                    raise SystemExit(f"{command[0]} did not answer in 30 s")
                time.sleep(0.002)
            return (time.perf_counter() - began) * 1_000, memory(server.pid) / 1_024
        finally:
            server.terminate()


def main(prism: str | None) -> None:
    """Measure in turns, print medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        document.write_text(json.dumps(bundle(load().documents, __version__)), encoding="utf-8")
        result: dict[str, list[tuple[float, float]]] = {"mockserver": [], **({"prism": []} if prism else {})}
        for _ in range(ROUNDS):
            port = free_port()
            result["mockserver"].append(measure([sys.executable, "-m", "mockserver", "--port", str(port)], port))
            if prism:
                port = free_port()
                result["prism"].append(measure([prism, "mock", "-p", str(port), str(document)], port))
    medians = {name: tuple(statistics.median(column) for column in zip(*rows, strict=True)) for name, rows in result.items()}
    for name, (milliseconds, megabytes) in medians.items():
        print(f"{name:<11}{milliseconds:8.0f} ms to the first answer{megabytes:8.0f} MB")
    if prism:
        ratios = [theirs / ours for ours, theirs in zip(medians["mockserver"], medians["prism"], strict=True)]
        print(f"prism / mockserver: time {ratios[0]:.1f}, memory {ratios[1]:.1f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
