"""Services and clients that speak in bytes, for tests of what stands between them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

Serve = Callable[[socket.socket, bytes], None]
"""Answers one request on a connection; it gets the head, and may read the body."""


class RawService:
    """A service on 127.0.0.1: `serve` answers each request, `heads` keeps their heads, `connections` counts."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.heads: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with connection, contextlib.suppress(OSError):  # the proxy may end it: some tests want that
            while head := read_head(connection):
                self.heads.append(head)
                self._serve(connection, head)

    def close(self) -> None:
        """End it, with all its connections."""
        for item in (self._listener, *self._open):
            with contextlib.suppress(OSError):  # closed already
                item.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()


def giving(*answers: bytes) -> Serve:
    """Gives these answers in turn, the last one again and again."""
    left = list(answers)

    def serve(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return serve


def read_head(connection: socket.socket) -> bytes:
    """The bytes up to the empty line, no byte more; nothing at the end."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            return b""
        data += more
    return data


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer where the connection ends."""
    data = bytearray()
    while len(data) < size and (more := connection.recv(min(65_536, size - len(data)))):
        data += more
    return bytes(data)


def read_all(connection: socket.socket) -> bytes:
    """All bytes up to the end of the connection."""
    data = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65_536):
            data += more
    return bytes(data)


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection to a port of this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


def ask(port: int, request: bytes) -> bytes:
    """All that comes back for these bytes, up to the end of the connection."""
    with connected(port) as connection:
        connection.sendall(request)
        return read_all(connection)


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port whose connections `serve` attends to, each in a thread."""

    def attend(connection: socket.socket) -> None:
        connection.settimeout(20)
        with connection, contextlib.suppress(OSError):  # the other side may end it: some tests want that
            serve(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=attend, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, and its key, in one file. Needs openssl."""
    whole = folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run([*command, *names], check=True, capture_output=True)
    whole.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return whole
