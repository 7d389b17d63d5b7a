"""An HTTP/1.1 server on a port of this machine: an event loop in a thread of its own, which answers by a handler."""

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

_LOOK_SECONDS = 0.005
_REMEMBERED = 1_024
"""So many requests that came before are known by their bytes."""


class HttpServer:
    """Serves a handler from a thread of this process.

    The port is bound at once, in the caller's thread; requests are answered from `start` to `stop`, or within a `with`
    block.

    Args:
        handler: Answers the requests.
        host: A name or an address of this machine.
        port: 0 is any free one.
        tls: By which it speaks HTTPS; by default it speaks HTTP.
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
        self._read: set[int] = set()
        self.under_way = 0
        """How many connections have an exchange under way. Changed on the loop only."""
        self._quick = quick
        self._port = Port(host, port)
        self._connections: set[Connection] = set()
        self._joining: set[asyncio.Task[Any]] = set()
        self._readable = ReadableSockets()
        self._workers = Workers(handler.threads, "worker")
        self._thread = threading.Thread(target=self._run_loop, name="mockserver-server", daemon=True)
        self._thread.mockserver_real_time = True  # type: ignore[attr-defined]
        self._unwatch_activity: Callable[[], None] = lambda: None
        self._started = self._stopped = False
        self._calls = 0
        self._next_look: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port.number

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return url_of(self.host, self.port, "https" if self.tls else "http")

    def start(self) -> HttpServer:
        """Answer from now on. Raises RuntimeError for a server that was started or stopped before."""
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
            grace: So many real seconds are given to exchanges that are under way.

        Returns:
            How many exchanges were cut off.
        """
        if self._stopped:
            return 0
        self._stopped = True
        if not self._started:
            self._port.shut(None)
            return 0
        self._unwatch_activity()
        self._run_on_loop(partial(self._port.shut, self.loop))
        self._run_on_loop(self._hang_up_at_rest)
        until = real_time.monotonic() + grace
        while self.under_way and real_time.monotonic() < until:
            real_time.sleep(_LOOK_SECONDS)
        cut = sum(connection.at_work for connection in list(self._connections))
        self._run_on_loop(self._abort)
        while self._connections:
            self._run_on_loop(_nothing)  # a turn of the loop
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._workers.stop(1.0)
        self._readable.close()
        return cut

    def __enter__(self) -> HttpServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def busy(self) -> bool:
        """Whether an exchange is under way, or bytes wait in a socket. From any thread; doesn't block."""
        if self.under_way or self._calls or not isinstance(self.loop, RealTimeLoop):
            return True
        sleep = self.loop.sleep_number()
        if sleep is None or self._readable.any():
            return True
        return self.under_way > 0 or self.loop.sleep_number() != sleep

    # The port

    def refresh_port(self) -> None:
        """Open or close the port as the handler wants it now; returns once it is so."""
        self._run_on_loop(self._obey)

    def _obey(self) -> None:
        if self._stopped:
            return
        refuses = self.handler.refuses_connections()
        if refuses and self._port.is_open:
            self._readable.discard(*self._port.file_numbers())
            self._port.close(self.loop)
            for connection in list(self._connections):
                connection.hang_up()
        elif not refuses and not self._port.is_open:
            self._port.open(self.loop, self._take_client)
            self._readable.add(*self._port.file_numbers())
        if self.handler.port_may_change() and self._next_look is None:
            self._next_look = self.loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._next_look = None
        self._obey()

    def _take_client(self, client: socket.socket) -> None:
        joining = self.loop.create_task(self.loop.connect_accepted_socket(partial(self._connection, self), client))
        self._joining.add(joining)
        joining.add_done_callback(self._joining.discard)

    # The loop

    def _run_on_loop(self, what: Callable[[], object]) -> None:
        """Call it on the loop, and return once that is done."""
        if threading.current_thread() is self._thread:
            what()
            return
        done = real_time.Lock()
        done.acquire()

        def run() -> None:
            try:
                what()
            finally:
                done.release()

        self._calls += 1
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is nothing to do any more
            self.loop.call_soon_threadsafe(run)
            done.acquire()  # without a time limit, which virtual time could let pass
        self._calls -= 1

    def call_soon(self, what: Callable[[], object]) -> None:
        """Call it on the loop, from any thread."""
        with contextlib.suppress(RuntimeError):  # the server has stopped
            self.loop.call_soon_threadsafe(what)

    def work(self, task: Task) -> None:
        """Run a task in a thread."""
        self._workers.submit(task)

    def _run_loop(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def _hang_up_at_rest(self) -> None:
        for connection in list(self._connections):
            connection.hang_up_at_rest()

    def _abort(self) -> None:
        for joining in self._joining:
            joining.cancel()
        for connection in list(self._connections):
            connection.transport.abort()

    # What connections tell

    def joined(self, connection: Connection) -> None:
        """A client is there."""
        self._connections.add(connection)
        self.watch(connection)
        if not self._port.is_open:
            connection.hang_up()

    def left(self, connection: Connection) -> None:
        """A client is gone."""
        self.unwatch(connection)
        self._connections.discard(connection)

    def watch(self, connection: Connection) -> None:
        """What this client sends is under way from the moment that it is in the socket."""
        if not self._quick:
            self._readable.add(connection.transport.get_extra_info("socket").fileno())

    def unwatch(self, connection: Connection) -> None:
        """What this client sends is not read now."""
        if not self._quick:
            self._readable.discard(connection.transport.get_extra_info("socket").fileno())

    def remember(self, data: bytes, request: RawRequest) -> None:
        """These bytes are this request. They are kept if they came before: most that are sent once never come again."""
        number = hash(data)
        if number in self._read:
            if len(self.memory) >= _REMEMBERED:
                self.memory.clear()
            self.memory[data] = request
        else:
            if len(self._read) >= 4 * _REMEMBERED:
                self._read.clear()
            self._read.add(number)


def _nothing() -> None:
    pass
