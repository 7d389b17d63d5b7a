"""An HTTP/1.1 server on a port of this machine: an event loop in its own thread, with a handler that answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from .. import activity, real_time
from ..model import RawRequest
from .address import url_of
from .connection import Connection
from .handler import Handler
from .loops import ReadableSockets, RealTimeLoop, quick_loop
from .port import Port
from .tls_connection import TlsConnection
from .workers import Task, Workers

_CHECK_SECONDS = 0.005
_REMEMBERED = 1_024
"""So many repeated requests are remembered by their bytes."""


class HttpServer:
    """Serves a handler from a thread of this process.

    The port is bound at once, in the caller's thread; requests are answered from `start` to `stop`, or within a `with`
    block.

    Args:
        handler: Answers the requests.
        host: A name or an address of this machine.
        port: 0: any free port.
        tls: The TLS context for HTTPS. Default: HTTP.
        quick: Run on the quickest loop that is installed. Virtual time can't ask such a server whether it is at rest.

    Raises:
        InputError: The host or the port can't be bound.
    """

    def __init__(
        self,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        quick: bool = False,
    ) -> None:
        self.tls = tls
        self._connection = TlsConnection if tls else Connection
        self.handler = handler
        self.host = host
        self.memory: dict[bytes, RawRequest] = {}
        self._request_hashes: set[int] = set()
        self.under_way = 0
        """The number of connections with an exchange under way. Changed on the loop only."""
        self._quick = quick
        self._port = Port(host, port)
        self._connections: set[Connection] = set()
        self._accept_tasks: set[asyncio.Task[Any]] = set()
        self._readable = ReadableSockets()
        self._workers = Workers(handler.threads, "worker")
        self._thread = threading.Thread(target=self._run_loop, name="mockserver-server", daemon=True)
        self._thread.mockserver_real_time = True  # type: ignore[attr-defined]
        self._unwatch_activity: Callable[[], None] = lambda: None
        self._started = self._stopped = False
        self._calls = 0
        self._next_check: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port.number

    @property
    def url(self) -> str:
        """The server's URL, without a slash at the end."""
        return url_of(self.host, self.port, "https" if self.tls else "http")

    def start(self) -> HttpServer:
        """Begin to answer. Raises RuntimeError if the server was already started or stopped."""
        if self._started or self._stopped:
            raise RuntimeError(f"a {type(self).__name__} can be started once; make another one")
        self._started = True
        self.loop: asyncio.AbstractEventLoop = quick_loop() if self._quick else RealTimeLoop()
        self._thread.start()
        self.refresh_port()
        if isinstance(self.loop, RealTimeLoop):
            self._unwatch_activity = activity.watch(self.busy, lambda: (self.port,))
        return self

    def stop(self, grace: float = 0.0) -> int:
        """Close the port and all connections.

        Args:
            grace: For so many real seconds, exchanges that are under way may go on.

        Returns:
            The number of exchanges that were cut off.
        """
        if self._stopped:
            return 0
        self._stopped = True
        if not self._started:
            self._port.give_back(None)
            return 0
        self._unwatch_activity()
        self._run_on_loop(partial(self._port.give_back, self.loop))
        self._run_on_loop(self._close_connections_at_rest)
        deadline = real_time.monotonic() + grace
        while self.under_way and real_time.monotonic() < deadline:
            real_time.sleep(_CHECK_SECONDS)
        cut_count = sum(connection.is_answering_in_thread for connection in list(self._connections))
        self._run_on_loop(self._abort)
        while self._connections:
            self._run_on_loop(_do_nothing)  # waits for one turn of the loop
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._workers.stop(1.0)
        self._readable.close()
        return cut_count

    def __enter__(self) -> HttpServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def busy(self) -> bool:
        """True if an exchange is under way, or bytes wait in a socket. Any thread may call it; it doesn't block."""
        if self.under_way or self._calls or not isinstance(self.loop, RealTimeLoop):
            return True
        sleep_number = self.loop.sleep_number()
        if sleep_number is None or self._readable.any():
            return True
        return self.under_way > 0 or self.loop.sleep_number() != sleep_number

    # The port

    def refresh_port(self) -> None:
        """Open or close the port as the handler says now; returns when that is done."""
        self._run_on_loop(self._update_port)

    def _update_port(self) -> None:
        if self._stopped:
            return
        refuses = self.handler.refuses_connections()
        if refuses and self._port.is_open:
            self._readable.discard(*self._port.file_numbers())
            self._port.close(self.loop)
            for connection in list(self._connections):
                connection.close_soon()
        elif not refuses and not self._port.is_open:
            self._port.open(self.loop, self._take_client)
            self._readable.add(*self._port.file_numbers())
        if self.handler.port_may_change() and self._next_check is None:
            self._next_check = self.loop.call_later(_CHECK_SECONDS, self._check_port)

    def _check_port(self) -> None:
        self._next_check = None
        self._update_port()

    def _take_client(self, client: socket.socket) -> None:
        accept_task = self.loop.create_task(self.loop.connect_accepted_socket(partial(self._connection, self), client))
        self._accept_tasks.add(accept_task)
        accept_task.add_done_callback(self._accept_tasks.discard)

    # The loop

    def _run_on_loop(self, function: Callable[[], object]) -> None:
        """Call a function on the loop; returns when that is done."""
        if threading.current_thread() is self._thread:
            function()
            return
        done = real_time.Lock()
        done.acquire()

        def run() -> None:
            try:
                function()
            finally:
                done.release()

        self._calls += 1
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is left to do
            self.loop.call_soon_threadsafe(run)
            done.acquire()  # without a timeout, which virtual time could skip
        self._calls -= 1

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function on the loop, from any thread."""
        with contextlib.suppress(RuntimeError):  # the server has stopped
            self.loop.call_soon_threadsafe(function)

    def run_in_thread(self, task: Task) -> None:
        """Run a task in a thread."""
        self._workers.submit(task)

    def _run_loop(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def _close_connections_at_rest(self) -> None:
        for connection in list(self._connections):
            connection.close_if_at_rest()

    def _abort(self) -> None:
        for accept_task in self._accept_tasks:
            accept_task.cancel()
        for connection in list(self._connections):
            connection.transport.abort()

    # Called by connections

    def add_connection(self, connection: Connection) -> None:
        """Add the connection of a new client."""
        self._connections.add(connection)
        self.watch(connection)
        if not self._port.is_open:
            connection.close_soon()

    def remove_connection(self, connection: Connection) -> None:
        """Remove the connection of a client that is gone."""
        self.unwatch(connection)
        self._connections.discard(connection)

    def watch(self, connection: Connection) -> None:
        """Count bytes in this client's socket as an exchange under way."""
        if not self._quick:
            self._readable.add(connection.transport.get_extra_info("socket").fileno())

    def unwatch(self, connection: Connection) -> None:
        """Don't count bytes in this client's socket: they are not read now."""
        if not self._quick:
            self._readable.discard(connection.transport.get_extra_info("socket").fileno())

    def remember(self, data: bytes, request: RawRequest) -> None:
        """Remember the request of these bytes, if they came before: most requests that came once never come again."""
        data_hash = hash(data)
        if data_hash in self._request_hashes:
            if len(self.memory) >= _REMEMBERED:
                self.memory.clear()
            self.memory[data] = request
        else:
            if len(self._request_hashes) >= 4 * _REMEMBERED:
                self._request_hashes.clear()
            self._request_hashes.add(data_hash)


def _do_nothing() -> None:
    pass
