"""The threaded door: a small HTTP/1.1 server, one thread to each open connection, in the process of whoever starts it.

It starts and stops in a few milliseconds, for one test at a time, and holds the raw sockets, so that answers can break in
every way in which a network breaks them. It asks for no time: it works on while `mockserver.drive` has taken time over.
"""

from __future__ import annotations

import contextlib
import io
import logging
import select
import socket
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .. import activity
from ..control import PREFIX
from ..errors import ControlError
from ..mock import Mock
from ..steps.render import misuse_answer, response
from .acceptor import Acceptor, Orders
from .address import url_of
from .delivery import HANDSHAKE_FAILURE, deliver
from .http1 import Received, SpeaksTls, Stream, Unreadable, head, receive
from .wsgi_call import call_wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOG = logging.getLogger("mockserver")
_JOIN_SECONDS = 1.0
_IDLE_THREADS = 8
"""So many threads wait for connections to come; more than that end with theirs."""
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
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._waiting: SimpleQueue[socket.socket | None] = SimpleQueue()
        self._idle = 0
        self._controlling: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._started = False
        self._resting: set[socket.socket] = set()
        self._unwatch: Callable[[], None] = lambda: None
        self._acceptor = Acceptor(host, port, Orders(self._open, self._refuses, self._restless, self._hang_up))

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._acceptor.port

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return url_of(self.host, self.port)

    def start(self) -> ThreadedServer:
        """Answer from now on. Raises RuntimeError for a server that was started or stopped before."""
        if self._started or self._stopping.is_set():
            raise RuntimeError("a ThreadedServer can be started once; make another one")
        self._started = True
        self._acceptor.start()
        self._unwatch = activity.watch(self._busy, lambda: (self.port,))
        self.mock.namespace().faults.watch(self._acceptor.refresh)
        self.mock.clock.watch(self._look_at_the_clock)
        return self

    def stop(self) -> None:
        """Close the port and all connections, and wait for their threads; what is being answered is cut off."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._unwatch()
        self.mock.namespace().faults.unwatch(self._acceptor.refresh)
        self.mock.clock.unwatch(self._look_at_the_clock)
        self._acceptor.stop()
        self._hang_up(everyone=True)
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._waiting.put(None)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_SECONDS)

    def __enter__(self) -> ThreadedServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _busy(self) -> bool:
        """Whether an exchange is under way: not on connections where a thread waits for bytes, and there are none."""
        if self._acceptor.has_clients():
            return True
        with self._lock:
            resting = list(self._resting)
            working = any(one not in self._resting for one in self._connections)
        return working or _readable(resting)

    def _own_app(self) -> WSGIApplication:
        from ..app import create_app  # Flask takes 100 ms, and only the control API needs it

        return create_app(mock=self.mock)

    def _control(self) -> WSGIApplication:
        with self._lock:
            if self._app is None:
                self._app = self._make_app()
            return self._app

    def _refuses(self) -> bool:
        refused = self.mock.namespace().faults.listening("CONNECTION_REFUSED", self.mock.clock.now())
        return refused is not None

    def _restless(self) -> bool:
        return self.mock.clock.speed > 0 and self.mock.namespace().faults.has_listener_faults()

    def _look_at_the_clock(self) -> None:
        if self.mock.namespace().faults.has_listener_faults():
            self._acceptor.refresh()

    def _hang_up(self, everyone: bool = False) -> None:
        """Shut connections down, but for those of the control API that are being answered."""
        with self._lock:
            chosen = [one for one in self._connections if everyone or one not in self._controlling]
        for connection in chosen:
            with contextlib.suppress(OSError):  # the client was first
                connection.shutdown(socket.SHUT_RDWR)

    def _open(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._connections.add(connection)
            idle = self._idle > 0
            self._idle -= idle
        if idle:
            self._waiting.put(connection)
        else:
            self._start_thread(connection)

    def _start_thread(self, connection: socket.socket) -> None:
        thread = threading.Thread(target=self._work, args=(connection,), name="mockserver-connection", daemon=True)
        with self._lock:
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # no more threads: this client is turned away, the next one may do
            with self._lock:
                self._threads.discard(thread)
                self._connections.discard(connection)
            connection.close()

    def _work(self, connection: socket.socket | None) -> None:
        """Attend to one connection after the other: to wait for the next is cheaper than to start a thread for it."""
        while connection is not None:
            self._attend(connection)
            with self._lock:
                self._connections.discard(connection)
                if self._idle >= _IDLE_THREADS or self._stopping.is_set():
                    break
                self._idle += 1
            connection = self._waiting.get()
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _attend(self, connection: socket.socket) -> None:
        """Answer a connection's requests until either side has enough."""
        try:
            with connection, io.BufferedReader(_Restful(connection, self._resting), 65_536) as stream:
                while not self._stopping.is_set() and self._one(connection, stream):
                    pass
        except OSError:
            pass  # the client is gone, or the server stops
        except Exception:
            _LOG.exception("mockserver failed on a connection")

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
            goes_on = self._answer_control(connection, received)
        else:
            goes_on = self._answer(connection, received)
        if goes_on and not received.drained:
            _linger(connection)
        return goes_on and received.keep_alive

    def _answer(self, connection: socket.socket, received: Received) -> bool:
        answer = self.mock.handle(received.request)
        bare = received.request.method == "HEAD" or answer.status in _NO_BODY
        top = head(answer.status, [*answer.headers, *_about_connection(received)])
        body = b"" if bare else answer.body
        if answer.delivery:
            if answer.delivery.fault == "HANG":
                self._resting.add(connection)
            try:
                return deliver(connection, top, body, answer.delivery, self._stopping)
            finally:
                self._resting.discard(connection)
        connection.sendall(top + body)
        return True

    def _answer_control(self, connection: socket.socket, received: Received) -> bool:
        with self._lock:
            self._controlling.add(connection)
        try:
            connection.sendall(self._controlled(received))
        finally:
            with self._lock:
                self._controlling.discard(connection)
        return not self._refuses()

    def _controlled(self, received: Received) -> bytes:
        status, headers, body = call_wsgi(self._control(), received.request, (self.host, self.port))
        names = {name.lower() for name, _ in headers}
        if "content-length" not in names and int(status[:3]) not in _NO_BODY:
            headers.append(("Content-Length", str(len(body))))
        bare = received.request.method == "HEAD" or int(status[:3]) in _NO_BODY
        return head(status, [*headers, *_about_connection(received)]) + (b"" if bare else body)

    def _refuse(self, connection: socket.socket, error: Unreadable) -> None:
        faults, now = self.mock.namespace().faults, self.mock.clock.now()
        if isinstance(error, SpeaksTls) and (alert := faults.listening("TLS_ERROR", now)):
            faults.count(alert)
            connection.sendall(HANDSHAKE_FAILURE)
        else:
            answer = misuse_answer(ControlError("Bad request", error.detail, error.status))
            found = response(answer, now, "", "", [("Connection", "close")])
            connection.sendall(head(found.status, found.headers) + found.body)
        _linger(connection)


class _Restful(io.RawIOBase):
    """A connection as a stream, which tells when a thread waits for its bytes."""

    def __init__(self, connection: socket.socket, resting: set[socket.socket]) -> None:
        self._connection, self._resting = connection, resting

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Receive bytes."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        self._resting.add(self._connection)
        try:
            poll.poll()
        finally:
            self._resting.discard(self._connection)
        return self._connection.recv_into(buffer)


def _readable(connections: list[socket.socket]) -> bool:
    poll = select.poll()
    for connection in connections:
        if connection.fileno() >= 0:
            poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


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
