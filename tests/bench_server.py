"""Benchmark of the server beside its limits and its peers: `python tests/bench_server.py [--peers DIR] [--quick]`.

It needs `wrk` (apt-get install wrk), writes `docs/performance.md` and `docs/performance.svg`, and takes under 9 minutes.
Peers:

    npm install --prefix DIR wiremock @stoplight/prism-cli @scalar/cli     # WireMock's jar needs java
    pip install pytest-httpserver granian uvloop httptools

All servers run at once and are loaded in turn, over loopback, in three rounds; figures are medians.

`--quick` measures this project's server beside a bare protocol on the same parser and loop. The ratio of the two depends
on how slow a machine's Python is beside its kernel (0.25 to 0.70 were seen). So what is checked is the time that a request
takes beyond the bare protocol, in units of a fixed piece of Python: it fails where that has grown by half from the figure
in `tests/bench_recorded.json` (`--record` writes that file). `--brief DIR` shows within a minute that all servers start
and the page is written, into DIR; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench_extras import FLAT_SIZES, flat, in_process, signed_targets
from bench_start import free_port, memory
from bench_subjects import STATUS_CALLS, VALUES, Subject, headers_of, ours, subjects, target_of

from mockserver.definitions import load

ROOT = Path(__file__).parent.parent
RECORDED = Path(__file__).parent / "bench_recorded.json"
COST = "a request's cost beyond the bare protocol, in pieces of Python"
ROUNDS = 3
SECONDS = 3
DEFINITIONS = load()
ONE = [DEFINITIONS.operation(STATUS_CALLS[0])]
MIX = [DEFINITIONS.operation(name) for name in STATUS_CALLS]


@dataclass
class Figures:
    """What was measured of a subject; several values of each load, one a round."""

    start_ms: float = 0.0
    idle_mib: float = 0.0
    loaded_mib: float = 0.0
    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    p99_us: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_us: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def rate(self, load: str) -> float:
        """Requests a second, the median; 0 where it wasn't measured."""
        return statistics.median(self.rates[load]) if self.rates[load] else 0.0


@dataclass
class Running:
    """A subject that runs."""

    port: int
    process: subprocess.Popen[bytes]
    figures: Figures


def ask(port: int, target: str, headers: dict[str, str]) -> int:
    """The status of an answer; 0 where there is none."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{target}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def running(subject: Subject, folder: Path) -> Iterator[Running]:
    """The subject, once it answers."""
    port, began = free_port(), time.perf_counter()
    process = subprocess.Popen(subject.command(port, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while ask(port, target_of(ONE[0]), headers_of(ONE[0])) not in (200, 401):  # 401: it wants signatures
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError(f"{subject.name} does not answer")
            time.sleep(0.005)
        figures = Figures((time.perf_counter() - began) * 1_000)
        time.sleep(0.5)
        figures.idle_mib = memory(process.pid) / 1_024
        yield Running(port, process, figures)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def script(folder: Path, name: str, requests: Sequence[tuple[str, dict[str, str]]], numbered: bool = False) -> Path:
    """A script for wrk that sends these requests in turn; `numbered`: `{n}` in a target is another number each time."""
    paths = ", ".join(json.dumps(target) for target, _ in requests)
    headers = ", ".join(
        "{" + ", ".join(f"[{json.dumps(k)}]={json.dumps(v)}" for k, v in h.items()) + "}" for _, h in requests
    )
    path = 'string.gsub(paths[at], "NUMBER", tostring(n))' if numbered else "paths[at]"
    lines = [
        f"local paths, headers, n, at = {{{paths}}}, {{{headers}}}, 0, 0",
        "function request()",
        "  n = n + 1",
        "  at = at % #paths + 1",
        f"  local path = {path}",
        '  return wrk.format("GET", path, headers[at])',
        "end",
    ]
    file = folder / f"{name}.lua"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all below it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def wrk(subject: Running, file: Path, connections: int, seconds: int) -> str:
    """Load a subject; what wrk says of it."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "-s",
        str(file),
        f"http://127.0.0.1:{subject.port}",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout


def load_with(subject: Running, name: str, file: Path, connections: int, seconds: int = SECONDS) -> None:
    """Load a subject, and note what came of it."""
    before = cpu_seconds(subject.process.pid)
    text = wrk(subject, file, connections, seconds)
    used = cpu_seconds(subject.process.pid) - before
    if "Non-2xx" in text:
        raise RuntimeError(f"{name}: not all answers were good\n{text}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
    total = int(re.search(r"(\d+) requests in", text)[1])  # type: ignore[index]
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    subject.figures.rates[name].append(rate)
    subject.figures.p99_us[name].append(float(number) * {"us": 1, "ms": 1_000, "s": 1_000_000}[unit])
    subject.figures.cpu_us[name].append(used / max(total, 1) * 1e6)


def scripts(folder: Path) -> dict[str, Path]:
    """The loads, by name."""
    other = target_of(ONE[0], job_name="jobNUMBER")
    signed = signed_targets(ONE[0], VALUES, 2_000)
    return {
        "one": script(folder, "one", [(target_of(ONE[0]), headers_of(ONE[0]))]),
        "mix": script(folder, "mix", [(target_of(operation), headers_of(operation)) for operation in MIX]),
        "other": script(folder, "other", [(other, headers_of(ONE[0]))], numbered=True),
        "signed": script(folder, "signed", signed),
    }


def quick(record: bool) -> int:
    """The short form: 0 where the ratio holds."""
    chosen = [subject for subject in subjects(None) if subject.name in ("ours", "bare protocol (httptools, uvloop)")]
    units: list[float] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        files = scripts(folder)
        mine, limit = (stack.enter_context(running(subject, folder)) for subject in chosen)
        for _ in range(5):
            load_with(mine, "one", files["one"], 16, 2)
            load_with(limit, "one", files["one"], 16, 2)
            units.append(python_microseconds())
    own, bare = mine.figures.rate("one"), limit.figures.rate("one")
    cost = (1e6 / own - 1e6 / bare) / statistics.median(units)
    if record:
        RECORDED.write_text(json.dumps({COST: round(cost, 1)}) + "\n", encoding="utf-8")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[COST]
    print(f"ours {own:,.0f}/s, bare protocol {bare:,.0f}/s: {own / bare:.3f}; {COST}: {cost:.1f}, recorded {recorded}")
    return 0 if cost <= recorded * 1.5 else 1


def python_microseconds() -> float:
    """What a fixed piece of Python takes on this machine now: calls, attributes, dictionaries and tuples."""
    figures = Figures(0.0)
    began = time.process_time()
    for number in range(20_000):
        text = str(number)
        values = {"name": text, "rate": figures.rate("none"), "start": (number, figures.idle_mib)}
        values.get("name", "")
    return (time.process_time() - began) / 20_000 * 1e6


def everything(peers: Path | None, rounds: int, seconds: int) -> dict[str, Figures]:
    """All loads of all subjects, and what only this project's server is measured by."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, up = Path(name), dict[str, tuple[Subject, Running]]()
        files = scripts(folder)
        signed = [
            Subject(f"ours, {auth}", "own", "", ours("--no-access-log", "--auth", auth)) for auth in ("presence", "verify")
        ]
        for subject in [*subjects(peers), *signed]:
            try:
                up[subject.name] = (subject, stack.enter_context(running(subject, folder)))
            except (RuntimeError, OSError) as error:
                print(f"left out: {error}", file=sys.stderr)
        for subject, server in up.values():  # so that what compiles as it runs has done so
            if subject.group == "peer":
                wrk(server, files["mix"], 16, seconds)
        for number in range(rounds):
            for subject, server in up.values():
                print(f"round {number + 1}: {subject.name}", file=sys.stderr)
                if subject.group == "own":
                    load_with(server, "signed", files["signed"], 16, seconds)
                    continue
                load_with(server, "one", files["one"], 16, seconds)
                load_with(server, "alone", files["one"], 1, seconds)
                if not subject.only_one:
                    load_with(server, "mix", files["mix"], 16, seconds)
                if subject.name == "ours":
                    load_with(server, "other", files["other"], 16, seconds)
        for _, server in up.values():
            server.figures.loaded_mib = memory(server.process.pid) / 1_024
        return {name: server.figures for name, (_, server) in up.items()}


def million(seconds: int) -> tuple[float, float]:
    """MiB of the server when idle, and after 1,000,000 requests, or 12 times so many seconds."""
    with (
        tempfile.TemporaryDirectory() as name,
        running(Subject("ours", "ours", "", ours("--no-access-log")), Path(name)) as server,
    ):
        file, sent = scripts(Path(name))["mix"], 0.0
        while sent < 1_000_000:
            load_with(server, "mix", file, 16, seconds)
            sent += server.figures.rates["mix"][-1] * seconds
            if len(server.figures.rates["mix"]) == 12:
                break
        return server.figures.idle_mib, memory(server.process.pid) / 1_024


def beside_hanging(hanging: int = 1_000, idle: int = 5_000) -> tuple[float, float]:
    """Milliseconds of a quick request (median, slowest of 200) beside hanging answers and idle connections."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with (
        tempfile.TemporaryDirectory() as name,
        running(Subject("ours", "ours", "", ours("--no-access-log")), Path(name)) as server,
    ):
        fault = {"target": "cdm", "job_name": "hang", "fault": "HANG"}
        body = json.dumps(fault).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/_mock/faults", body, {"Content-Type": "application/json"}, method="POST"
        )
        urllib.request.urlopen(request, timeout=5).close()
        text = f"GET {target_of(ONE[0], job_name='hang')} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: t\r\n\r\n".encode()
        sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(hanging + idle)]
        for line in sockets[:hanging]:
            line.sendall(text)
        time.sleep(2)
        took = []
        quick_text = text.replace(b"hang", b"quick")
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            for _ in range(200):
                began = time.perf_counter()
                line.sendall(quick_text)
                assert b" 200 " in line.recv(65_536)
                took.append((time.perf_counter() - began) * 1_000)
        for other in sockets:
            other.close()
        return statistics.median(took), max(took)


def main() -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="folder into which npm installed the peers")
    parser.add_argument(
        "--quick", action="store_true", help="only the cost beyond a bare protocol, against the recorded one"
    )
    parser.add_argument("--record", action="store_true", help="with --quick: record the cost")
    parser.add_argument("--brief", type=Path, metavar="DIR", help="a run that only shows that all works; writes into DIR")
    options = parser.parse_args()
    if options.quick:
        return quick(options.record)
    from bench_page import page, plot

    rounds, seconds, folder = (1, 1, options.brief) if options.brief else (ROUNDS, SECONDS, ROOT / "docs")
    figures = everything(options.peers, rounds, seconds)
    own = {"million": million(seconds * 3), "hanging": beside_hanging(), "flat": flat(), "in process": in_process()}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    checks = {subject.name: subject.checks for subject in subjects(options.peers)}
    (folder / "performance.md").write_text(page(figures, own, machine, checks, FLAT_SIZES), encoding="utf-8")
    (folder / "performance.svg").write_text(plot(figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
