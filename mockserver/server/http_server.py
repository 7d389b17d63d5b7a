"""An HTTP/1.1 server on a port of this machine: an event loop in a thread of its own, which answers by a handler."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any

from .. import activity, real_time
from ..errors import InputError
from ..model import RawRequest
from .address import bind, url_of
from .connection import Connection
from .handler import Handler
from .loops import ReadableSockets, RealTimeLoop, quick_loop
from .workers import Task, Workers

_LOG = logging.getLogger("mockserver")
_BACKLOG = 1_024
_PATIENCE_SECONDS = 5.0
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
        quick: Run on the quickest loop that is installed. Virtual time can't ask such a server whether it is at rest.

    Raises:
        InputError: The host or the port can't be bound.
    """

    def __init__(self, handler: Handler, host: str = "127.0.0.1", port: int = 0, *, quick: bool = False) -> None:
        self.handler = handler
        self.host = host
        self.memory: dict[bytes, RawRequest] = {}
        self.under_way = 0
        """How many connections have an exchange under way. Changed on the loop only."""
        self._quick = quick
        self._sockets = bind(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        self._servers: list[asyncio.AbstractServer] = []
        self._connections: set[Connection] = set()
        self._readable = ReadableSockets()
        self._workers = Workers(handler.threads, "worker")
        self._thread = threading.Thread(target=self._run, name="mockserver-server", daemon=True)
        self._thread.mockserver_real_time = True  # type: ignore[attr-defined]
        self._unwatch_activity: Callable[[], None] = lambda: None
        self._started = self._stopped = False
        self._calls = 0
        self._next_look: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return url_of(self.host, self.port)

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
            self._close_sockets()
            return 0
        self._unwatch_activity()
        cut: list[int] = []
        self._run_on_loop(partial(self._shut, grace, cut))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._workers.stop(1.0)
        self._readable.close()
        return cut[0] if cut else 0

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

    async def _obey(self) -> None:
        if self._stopped:
            return
        if self.handler.refuses_connections():
            self._close_port()
        else:
            await self._open_port()
        if self.handler.port_may_change() and self._next_look is None:
            self._next_look = self.loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._next_look = None
        self._run_on_loop(self._obey)

    async def _open_port(self) -> None:
        if self._servers or not (self._sockets or self._bind_again()):
            return
        sockets, self._sockets = self._sockets, []
        for sock in sockets:
            server = await self.loop.create_server(partial(Connection, self), sock=sock, backlog=_BACKLOG)
            self._servers.append(server)
            if not self._quick:
                self._readable.add(sock.fileno())

    def _close_port(self) -> None:
        """Refuse connections, and close those that there are. The port stays bound, so that nobody else gets it."""
        if self._servers:
            self._close_servers()
            for connection in list(self._connections):
                connection.hang_up()
            self._bind_again()

    def _bind_again(self) -> bool:
        try:
            self._sockets = bind(self.host, self.port)
        except InputError as error:  # it is tried again when the port is to open
            _LOG.warning("mockserver: %s", error)
            return False
        return True

    def _close_servers(self) -> None:
        for server in self._servers:
            for sock in server.sockets:  # type: ignore[attr-defined]  # asyncio.Server and uvloop's have them
                self._readable.discard(sock.fileno())
            server.close()
        self._servers.clear()

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets = []

    # The loop

    def _run_on_loop(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine on the loop, and wait for its end; on the loop's own thread it runs soon, and nobody waits."""
        if threading.current_thread() is self._thread:
            self.loop.create_task(make())
            return
        done = real_time.Lock()
        done.acquire()
        self._calls += 1
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is nothing to do any more
            self.loop.call_soon_threadsafe(lambda: self.loop.create_task(make()).add_done_callback(lambda _: done.release()))
            done.acquire()  # without a time limit, which virtual time could let pass
        self._calls -= 1

    def call_soon(self, what: Callable[[], object]) -> None:
        """Call it on the loop, from any thread."""
        with contextlib.suppress(RuntimeError):  # the server has stopped
            self.loop.call_soon_threadsafe(what)

    def work(self, task: Task) -> None:
        """Run a task in a thread."""
        self._workers.submit(task)

    def _run(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    async def _shut(self, grace: float, cut: list[int]) -> None:
        self._close_servers()
        self._close_sockets()
        until = self.loop.time() + grace
        for connection in list(self._connections):
            connection.hang_up_at_rest()
        while self.under_way and self.loop.time() < until:
            await self._pause(_LOOK_SECONDS)
        cut.append(sum(connection.at_work for connection in self._connections))
        for connection in list(self._connections):
            connection.transport.abort()
        while self._connections and self.loop.time() < until + _PATIENCE_SECONDS:
            await self._pause(0)

    async def _pause(self, seconds: float) -> None:
        over = self.loop.create_future()
        self.loop.call_later(seconds, over.set_result, None)
        await over

    # What connections tell

    def joined(self, connection: Connection) -> None:
        """A client is there."""
        self._connections.add(connection)
        self.watch(connection)

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
        """These bytes are this request."""
        if len(self.memory) >= _REMEMBERED:
            self.memory.clear()
        self.memory[data] = request
