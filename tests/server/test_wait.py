"""`mockserver wait`: the readiness wait of scripts."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sdk_clients import Server

from mockserver import Mock, MockHttpServer, Settings


def wait(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    """`mockserver wait` for a port."""
    command = [sys.executable, "-m", "mockserver", "wait", "--port", str(port), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_server_that_answers(server: Server) -> None:
    """Where a server answers, it says so and ends at once."""
    done = wait(server.port)
    assert (done.returncode, done.stdout) == (0, f"mockserver answers on http://127.0.0.1:{server.port}\n")


def test_a_server_that_starts_late() -> None:
    """It waits for a server that is started after it."""
    late = MockHttpServer(Mock(Settings()))  # bound, so that the port is ours, but deaf
    process = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "wait", "--port", str(late.port)], stdout=subprocess.PIPE, text=True
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        with late:
            assert process.communicate(timeout=30)[0] == f"mockserver answers on {late.url}\n"
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


def test_nothing_there() -> None:
    """Where nothing answers in time, it says where it looked and what it found, with exit status 2."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        done = wait(probe.getsockname()[1], "--timeout", "200ms")
    assert done.returncode == 2
    assert re.match(r"mockserver: no mockserver answered at http://127.0.0.1:\d+ within 0.2 s \(.*refused\)", done.stderr)


@pytest.fixture
def stranger() -> Iterator[int]:
    """A server that is no mock: its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'"hello"')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_somebody_else_there(stranger: int) -> None:
    """What answers, but is no mock, isn't taken for one."""
    done = wait(stranger, "--timeout", "300ms")
    assert done.returncode == 2
    assert "something else answered there, with status 200" in done.stderr


def test_a_wrong_timeout() -> None:
    """A timeout that is none is refused."""
    done = wait(1, "--timeout", "soon")
    assert done.returncode == 2
    assert "'soon' is not a length of time" in done.stderr
