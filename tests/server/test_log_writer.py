"""The log on stderr: written in batches, and no matter of who serves where it can't be written."""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from mockserver.server.log_writer import LogHandler, LogWriter
from mockserver.server.serve import LOG_LOST

PATH = "/v1.1/project/clusters/cluster/cdm/job/{}/status"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe: where to read, where to write."""
    read, write = os.pipe()
    yield read, write
    for number in (read, write):
        try:
            os.close(number)
        except OSError as error:
            assert error.errno == errno.EBADF  # the test closed it


def test_lines_are_written_in_their_order(pipe: tuple[int, int]) -> None:
    """All of them, by the time that the writer is closed; texts that UTF-8 can't encode as well."""
    writer = LogWriter(pipe[1])
    for number in range(1_000):
        writer.write(f"line {number}")
    writer.write("odd \udc80")
    assert writer.close(20) == 0
    os.close(pipe[1])
    with os.fdopen(pipe[0], closefd=False) as read:
        assert read.read().splitlines() == [*(f"line {number}" for number in range(1_000)), "odd \\udc80"]


def test_lines_for_a_reader_that_is_gone_are_lost_and_counted(pipe: tuple[int, int]) -> None:
    """So are those for a full disk."""
    os.close(pipe[0])
    writer = LogWriter(pipe[1])
    for _ in range(10):
        writer.write("line")
    assert writer.close(20) == 10
    if Path("/dev/full").exists():
        with Path("/dev/full").open("wb") as full:
            writer = LogWriter(full.fileno())
            writer.write("line")
            assert writer.close(20) == 1


def test_lines_that_nobody_reads_are_lost_and_counted(pipe: tuple[int, int]) -> None:
    """A pipe that is full holds nobody up: what is beyond the limit is lost at once, the rest when the writer is closed."""
    writer = LogWriter(pipe[1], limit=100)
    for _ in range(1_000):
        writer.write("x" * 1_000)
    assert writer.close(0.2) >= 1_000 - 65 - 100
    os.set_blocking(pipe[0], False)
    while True:  # let its thread end
        try:
            if not os.read(pipe[0], 1 << 20):
                break
        except BlockingIOError:
            if not writer._thread.is_alive():
                break


def test_a_pipe_that_does_not_block(pipe: tuple[int, int]) -> None:
    """Where the file is non-blocking, the writer waits for its reader."""
    os.set_blocking(pipe[1], False)
    writer = LogWriter(pipe[1])
    for _ in range(200):
        writer.write("x" * 1_000)
    read = 0
    while read < 200 * 1_001:
        read += len(os.read(pipe[0], 65_536))
    assert writer.close(20) == 0


def test_what_the_program_says_goes_the_same_way(pipe: tuple[int, int]) -> None:
    """Records of `logging`, tracebacks among them."""
    writer = LogWriter(pipe[1])
    logger = logging.Logger("own")
    logger.addHandler(LogHandler(writer))
    try:
        int("on purpose")
    except ValueError:
        logger.exception("it failed")
    writer.close(20)
    said = os.read(pipe[0], 65_536).decode()
    assert said.startswith("it failed\nTraceback")
    assert said.rstrip().endswith("'on purpose'")


@pytest.mark.parametrize("how", ["closed", *(pytest.param(how, marks=pytest.mark.exhaustive) for how in ("unread", "full"))])
def test_serve_goes_on_without_a_log(how: str, tmp_path: Path) -> None:
    """Whatever becomes of stderr, requests are answered; health and the exit status tell that lines were lost."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--auth", "off"]
    if how == "full" and not Path("/dev/full").exists():
        how = "closed"  # where there is no such device
    stderr = Path("/dev/full").open("wb") if how == "full" else subprocess.PIPE  # noqa: SIM115 - closed below
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=tmp_path, env=environment) as serving:
        assert serving.stdout is not None
        port = int(serving.stdout.readline().strip().rpartition(b":")[2])
        if how == "closed":
            assert serving.stderr is not None
            serving.stderr.close()
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        long = "x" * 450
        for number in range(400):  # more than a pipe holds
            connection.request("GET", PATH.format(f"{long}{number}"))
            answer = connection.getresponse()
            assert answer.read()
        end = time.monotonic() + 20
        lost = 0
        while how != "unread" and not lost:
            assert time.monotonic() < end
            connection.request("GET", "/_mock/health")
            lost = json.loads(connection.getresponse().read())["log_lines_lost"]
        connection.close()
        serving.terminate()
        assert serving.wait(20) == LOG_LOST
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    if not isinstance(stderr, int):
        stderr.close()
