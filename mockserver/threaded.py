"""The threaded door: a small HTTP/1.1 server, one thread a connection, in the process of whoever starts it.

It starts and stops in a few milliseconds, for one test at a time, and holds the raw sockets, so that answers can break in
every way in which a network breaks them. It asks for no time: it works on while `mockserver.drive` has taken time over.
"""

from __future__ import annotations

import contextlib
import io
import logging
import selectors
import socket
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .address import bind, url_of
from .control import PREFIX
from .errors import Misuse
from .http1 import Received, Stream, Unreadable, head, receive
from .mock import Mock
from .model import Request
from .steps.render import misuse_answer, response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOG = logging.getLogger("mockserver")
_BACKLOG = 512
_JOIN_SECONDS = 1.0
_LINGER_SECONDS = 0.5
_LINGER_BYTES = 64 * 1024 * 1024
_NO_BODY = (204, 304)


class ThreadedServer:
    """Serves a mock on a port of this machine, from threads of this process.

    Parameters: `mock`; `host` and `port` to listen on (0: any free port); `app`, a WSGI app for the control API under
    `/_mock/`, by default the mock's own, made at its first call. The port is bound at once, in the caller's thread: raises
    InputError where that fails. Requests are answered from `start` to `stop`, or within a `with` block.
    """

    def __init__(
        self, mock: Mock, host: str = "127.0.0.1", port: int = 0, app: Callable[[], WSGIApplication] | None = None
    ) -> None:
        self.mock = mock
        self.host = host
        self._make_app = app or self._own_app
        self._app: WSGIApplication | None = None
        self._listener = bind(host, port)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._stopping = threading.Event()
        self._acceptor: threading.Thread | None = None
        self._wake, self._woken = socket.socketpair()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return url_of(self.host, self.port)

    def start(self) -> ThreadedServer:
        """Answer from now on. Raises RuntimeError for a server that was started or stopped before."""
        if self._acceptor or self._stopping.is_set():
            raise RuntimeError("a ThreadedServer can be started once; make another one")
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        self._acceptor = threading.Thread(target=self._accept, name="mockserver-accept", daemon=True)
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """Close the port and all connections, and wait for their threads; what is being answered is cut off."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake.close()
        if self._acceptor:
            self._acceptor.join(_JOIN_SECONDS)
        self._listener.close()
        self._woken.close()
        with self._lock:
            open_now = list(self._connections.items())
        for connection, _ in open_now:
            with contextlib.suppress(OSError):  # the client was first
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in open_now:
            if thread is not threading.current_thread():
                thread.join(_JOIN_SECONDS)

    def __enter__(self) -> ThreadedServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _own_app(self) -> WSGIApplication:
        from .app import create_app  # Flask takes 100 ms, and only the control API needs it

        return create_app(mock=self.mock)

    def _control(self) -> WSGIApplication:
        with self._lock:
            if self._app is None:
                self._app = self._make_app()
            return self._app

    def _accept(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            ready.register(self._woken, selectors.EVENT_READ)
            while not self._stopping.is_set():
                ready.select()
                with contextlib.suppress(OSError):  # the client gave up, or no file is left: the next one may do
                    self._open(self._listener.accept()[0])

    def _open(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=self._attend, args=(connection,), name="mockserver-connection", daemon=True)
        with self._lock:
            self._connections[connection] = thread
        thread.start()

    def _attend(self, connection: socket.socket) -> None:
        """Answer a connection's requests until either side has enough."""
        try:
            with connection, io.BufferedReader(connection.makefile("rb", 0), 65_536) as stream:
                while not self._stopping.is_set() and self._one(connection, stream):
                    pass
        except OSError:
            pass  # the client is gone, or the server stops
        except Exception:
            _LOG.exception("mockserver failed on a connection")
        finally:
            with self._lock:
                self._connections.pop(connection, None)

    def _one(self, connection: socket.socket, stream: Stream) -> bool:
        """Answer the next request; whether to go on with the connection."""
        try:
            received = receive(stream, connection.sendall)
        except Unreadable as error:
            self._refuse(connection, error)
            return False
        if received is None:
            return False
        path = received.request.path
        if path == PREFIX or path.startswith(PREFIX + "/"):
            connection.sendall(self._controlled(received))
        else:
            connection.sendall(self._answered(received))
        if not received.drained:
            _linger(connection)
        return received.keep_alive

    def _answered(self, received: Received) -> bytes:
        answer = self.mock.handle(received.request)
        bare = received.request.method == "HEAD" or answer.status in _NO_BODY
        return head(answer.status, [*answer.headers, *_about_connection(received)]) + (b"" if bare else answer.body)

    def _controlled(self, received: Received) -> bytes:
        status, headers, body = _call_wsgi(self._control(), received.request, self)
        names = {name.lower() for name, _ in headers}
        if "content-length" not in names and int(status[:3]) not in _NO_BODY:
            headers.append(("Content-Length", str(len(body))))
        bare = received.request.method == "HEAD" or int(status[:3]) in _NO_BODY
        return head(status, [*headers, *_about_connection(received)]) + (b"" if bare else body)

    def _refuse(self, connection: socket.socket, error: Unreadable) -> None:
        answer = misuse_answer(Misuse("Bad request", error.detail, error.status))
        found = response(answer, self.mock.clock.now(), "", "", [("Connection", "close")])
        connection.sendall(head(found.status, found.headers) + found.body)
        _linger(connection)


def _about_connection(received: Received) -> list[tuple[str, str]]:
    if not received.keep_alive:
        return [("Connection", "close")]
    return [("Connection", "keep-alive")] if received.old else []


def _linger(connection: socket.socket) -> None:
    """Let the client read the answer although it still sends: closed at once, the connection would be reset."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_LINGER_SECONDS)
    left = _LINGER_BYTES
    with contextlib.suppress(OSError):  # it had its time
        while left > 0 and (data := connection.recv(65_536)):
            left -= len(data)


def _call_wsgi(app: WSGIApplication, request: Request, server: ThreadedServer) -> tuple[str, list[tuple[str, str]], bytes]:
    """The status line, headers and body of a WSGI app's answer (PEP 3333)."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None, /) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return written.append

    parts = app(_environ(request, server), start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return started[0], list(started[1]), b"".join(written) + body


def _environ(request: Request, server: ThreadedServer) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": request.query.encode("utf-8", "surrogateescape").decode("latin-1"),
        "SERVER_NAME": server.host,
        "SERVER_PORT": str(server.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": server.host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()},
    }
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(request.body))
    environ.pop("HTTP_CONTENT_LENGTH", None)
    return environ
