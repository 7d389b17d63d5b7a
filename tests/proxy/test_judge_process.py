"""Judging and recording in a process of their own: nothing that an answer holds, and no disk, holds up the traffic."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from raw_sockets import RawService, ask
from sdk_clients import Server

from mockserver.contract.session import Session
from mockserver.definitions import load
from mockserver.exchanges.recording import read
from mockserver.proxy import JudgeProcess, JudgeQueue, JudgeSettings, Proxy, ProxyOptions

DEFINITIONS = load()
OPERATION = DEFINITIONS.operation("ShowJobStatus")
CDM = OPERATION.path.format(**OPERATION.documented_request or {})
DOCUMENTED = json.dumps(OPERATION.examples["documented"].value).encode()
HOSTILE = {
    "dashes": b'{"error": "token ' + b"a-" * 10_000 + b'"}',
    "base64url": b'{"password": "' + b"aZ_-" * 5_000 + b'"}',
    "nested": b"[" * 100_000 + b"]" * 100_000,
    "gzip garbage": b"\x1f\x8b" + b"\xff" * 50_000,
    "gzip bomb": gzip.compress(b" " * 60_000_000),
    "15 MB": b'{"error": [' + b'"password=x",' * 1_150_000 + b"0]}",
    "31 MB": b'"' + b"key " * 7_750_000 + b'"',
}


def serve(connection: socket.socket, head: bytes) -> None:
    """The documented answer, or the hostile one that the path names."""
    name = head.split(b" ")[1].decode().partition("?")[2].replace("%20", " ")
    body = HOSTILE.get(name, DOCUMENTED)
    coding = "Content-Encoding: gzip\r\n" if name.startswith("gzip") else ""
    start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: {'0' * 32}\r\n"
    connection.sendall(f"{start}{coding}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def poll(port: int, name: str = "") -> bytes:
    target = CDM + (f"?{name.replace(' ', '%20')}" if name else "")
    answer = ask(port, f"GET {target} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: t\r\nConnection: close\r\n\r\n".encode())
    return answer.partition(b"\r\n\r\n")[2]


@pytest.fixture
def service() -> Iterator[RawService]:
    """A service with honest and hostile answers."""
    one = RawService(serve)
    yield one
    one.close()


def test_hostile_answers_delay_nobody(service: RawService) -> None:
    """The judge doesn't work at all while they pass, and every neighbour has its answer. Then each one is judged or told."""
    judging = JudgeProcess(JudgeSettings(seconds=0.5), lambda _: None)
    judging.ready(DEFINITIONS)
    with Proxy(ProxyOptions((service.url,), port=0), DEFINITIONS, judging) as proxy:
        os.kill(judging.pid, signal.SIGSTOP)
        with ThreadPoolExecutor(8) as pool:
            hostile = {name: pool.submit(poll, proxy.port, name) for name in HOSTILE}
            neighbours = [pool.submit(poll, proxy.port) for _ in range(40)]
            assert all(neighbour.result(60) == DOCUMENTED for neighbour in neighbours)
            assert all(hostile[name].result(60) == HOSTILE[name] for name in HOSTILE)
        os.kill(judging.pid, signal.SIGCONT)
        result = proxy.stop()
    assert result.failed == []
    assert len(result.judged) + sum(map(times, result.skipped)) == 47, result.skipped
    assert any("its body is longer than" in reason for _, reason in result.skipped)


def times(told: tuple[str, str]) -> int:
    """How many exchanges a reason stands for."""
    return int(told[1].rpartition("(")[2].removesuffix(" times)")) if told[1].endswith(" times)") else 1


@pytest.mark.exhaustive
def test_the_budget_of_time_is_kept(service: RawService, tmp_path: Path) -> None:
    """What takes longer is neither judged nor recorded, and told; its recording stays readable."""
    said: list[str] = []
    judging = JudgeProcess(JudgeSettings(seconds=0.05, record=str(tmp_path / "run.jsonl")), said.append)
    judging.ready(DEFINITIONS)
    with Proxy(ProxyOptions((service.url,), port=0), DEFINITIONS, judging) as proxy:
        for _ in range(3):
            poll(proxy.port, "15 MB")
        result = proxy.stop()
    assert [reason for _, reason in result.skipped] == ["not judged: that took longer than 0.05 s (3 times)"]
    assert [reason for _, reason in result.failed] == ["not recorded: that took longer than 0.05 s (3 times)"]
    assert result.exit_code() == 2
    assert sum("not judged" in line for line in said) == 1
    assert read(tmp_path / "run.jsonl").exchanges == ()


def test_a_judge_that_is_killed_is_told(service: RawService) -> None:
    """The traffic goes on, stopping doesn't hang, and the result says what is missing."""
    judging = JudgeProcess(JudgeSettings(), lambda _: None)
    judging.ready(DEFINITIONS)
    with Proxy(ProxyOptions((service.url,), port=0), DEFINITIONS, judging) as proxy:
        assert poll(proxy.port) == DOCUMENTED
        os.kill(judging.pid, signal.SIGKILL)
        assert poll(proxy.port) == DOCUMENTED
        result = proxy.stop()
    assert any("the judging process ended early" in reason for _, reason in result.failed)
    assert result.exit_code() == 2


# The command


class Command:
    """A command in front of a service, as a process."""

    def __init__(self, folder: Path, *arguments: str, **options: Any) -> None:
        options = {"stderr": subprocess.PIPE, **options}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mockserver", *arguments, "--port", "0"],
            stdout=subprocess.PIPE,
            cwd=folder,
            text=True,
            **options,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.port = int(line.partition(" ready on ")[2].partition(" for ")[0].rpartition(":")[2])

    def end(self) -> tuple[int, str, str]:
        """Interrupt it; exit status, stdout, stderr."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def recorded(path: Path, at_least: int) -> int:
    """How many exchanges a recording holds, once it holds so many (or 60 s are over)."""
    for _ in range(600):
        if len(path.read_bytes().splitlines()) > at_least:
            break
        time.sleep(0.1)
    result = read(path)
    assert result.notes == ()
    return len(result.exchanges)


def test_kill_9_loses_nothing_that_was_answered(service: RawService, tmp_path: Path) -> None:
    """A recorder at full speed is killed: every exchange whose answer a client has is in the file, and the file is whole."""
    command = Command(tmp_path, "record", "--upstream", service.url, "--out", "run.jsonl")
    answered = [0, 0]
    warm = threading.Event()

    def client(number: int) -> None:
        with requests.Session() as session:
            while True:
                try:
                    session.get(f"http://127.0.0.1:{command.port}{CDM}", headers={"X-Auth-Token": "t"}, timeout=20)
                except requests.RequestException:
                    return
                answered[number] += 1
                if answered[number] == 150:
                    warm.set()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    assert warm.wait(60)
    command.process.kill()
    for thread in threads:
        thread.join(30)
    command.process.communicate()
    total = sum(answered)
    assert total <= recorded(tmp_path / "run.jsonl", total) <= total + 2


def full_disk() -> None:
    """No file of the process to come, or of its children, may grow beyond 20 KB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_full_disk(service: RawService, tmp_path: Path) -> None:
    """What was written stays readable, the loss is counted, reports that fit are written, and no traceback shows."""
    options = ["--record", "run.jsonl", "--report", "json=report.json", "--report", "junit=report.xml"]
    command = Command(tmp_path, "proxy", "--upstream", service.url, *options, preexec_fn=full_disk)
    for _ in range(60):
        assert poll(command.port) == DOCUMENTED
    status, _, err = command.end()
    whole = recorded(tmp_path / "run.jsonl", 0)
    assert status == 2
    assert 0 < whole < 60
    assert "recording: an exchange could not be recorded: can't write run.jsonl: File too large" in err
    assert "Traceback" not in err
    assert f"({60 - whole} times)" in (tmp_path / "report.xml").read_text()


@pytest.mark.exhaustive
def test_a_report_that_does_not_fit_leaves_the_others(service: RawService, tmp_path: Path) -> None:
    """The first can't be written; the second is, and the message names the first."""
    options = ["--report", "html=/dev/full", "--report", "json=report.json"]
    command = Command(tmp_path, "proxy", "--upstream", service.url, *options)
    poll(command.port)
    status, _, err = command.end()
    assert (status, "can't write /dev/full: No space left on device" in err) == (2, True)
    assert len(json.loads((tmp_path / "report.json").read_text())["exchanges"]) == 1


NOISY = "&".join(f"unknown{number}={'x' * 60}" for number in range(40))


def noise(port: int) -> None:
    """50 requests with 40 findings each: more than fits into a pipe."""
    for _ in range(50):
        ask(port, f"GET {CDM}?{NOISY} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())


@pytest.mark.exhaustive
@pytest.mark.parametrize("reader", ["that doesn't read", "that is gone"])
def test_a_stderr_that_takes_nothing(service: RawService, tmp_path: Path, reader: str) -> None:
    """Every request has its answer, Ctrl-C ends it, and what could not be told is counted in report and exit status."""
    theirs, ours = os.pipe()
    command = Command(tmp_path, "proxy", "--upstream", service.url, "--report", "json=report.json", stderr=ours)
    os.close(ours)
    if reader == "that is gone":
        os.close(theirs)
    noise(command.port)
    status, _, _ = command.end()
    if reader == "that doesn't read":
        os.close(theirs)
    report = json.loads((tmp_path / "report.json").read_text())
    assert status == 2
    assert "lines could not be written" in json.dumps(report)
    assert len(report["exchanges"]) == 50


# Order


def polled(server: Server, polls: int) -> Iterator[str]:
    """What is found in so many polls of one job by two clients at once, without pauses."""
    judging = JudgeQueue(Session(DEFINITIONS), lambda _: None)
    with Proxy(ProxyOptions((server.url,), port=0), DEFINITIONS, judging) as proxy:

        def client(_number: int) -> None:
            with requests.Session() as session:
                for _ in range(polls // 2):
                    session.get(proxy.url + CDM, headers={"X-Auth-Token": "t"}, timeout=30)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(client, range(2)))
        result = proxy.stop()
    assert len(result.judged) == polls
    return (str(finding) for _, finding in result.findings())


@pytest.mark.parametrize("polls", [60, pytest.param(2_000, marks=pytest.mark.exhaustive)])
def test_two_clients_at_once_make_no_false_findings(shared: Callable[..., Server], polls: int) -> None:
    """The job moves on at 200 times its pace: what looks like a step back is one poll that overtook another."""
    assert list(polled(shared("--no-access-log", "--speed", "200"), polls)) == []
