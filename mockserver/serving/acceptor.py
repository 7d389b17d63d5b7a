"""A port that takes connections, and that can be closed and opened again, for the threaded server."""

from __future__ import annotations

import contextlib
import logging
import select
import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InputError
from .address import bind

_LOG = logging.getLogger("mockserver")
_BACKLOG = 512
_LOOK_SECONDS = 0.005
"""How often a port that may open or close by itself, as time passes, looks whether it is to."""
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Orders:
    """What a port is to do. Called in its thread.

    `take` gets each connection; `closed` says whether the port is to be closed now; `restless`, whether that can change by
    the mere passing of time; `shut` is called once the port was closed.
    """

    take: Callable[[socket.socket], None]
    closed: Callable[[], bool]
    restless: Callable[[], bool]
    shut: Callable[[], object]


class Acceptor:
    """Listens on a port, in a thread of its own, from `start` to `stop`.

    The port is bound at once: raises InputError where that fails. While it is closed it stays bound, so that nobody else
    gets it, but nobody listens: clients are refused.
    """

    def __init__(self, host: str, port: int, orders: Orders) -> None:
        self._host = host
        self._orders = orders
        self._listener = bind(host, port)
        self.port: int = self._listener.getsockname()[1]
        self._open = False
        self._wake, self._woken = socket.socketpair()
        self._turn = threading.Condition()
        self._asked = self._done = 0
        self._stopping = self._taking = False
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="mockserver-accept", daemon=True)

    def start(self) -> None:
        """Listen from now on."""
        self._obey()
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread."""
        with self._turn:
            self._stopping = True
            self._turn.notify_all()
        self._wake.close()
        if self._thread.ident:
            self._thread.join(_PATIENCE_SECONDS)
        self._ready.close()
        self._listener.close()
        self._woken.close()

    def refresh(self) -> None:
        """Let the port look at its orders; returns once it is as they say."""
        with self._turn:
            if self._stopping or not self._thread.ident or self._thread is threading.current_thread():
                return
            self._asked += 1
            turn = self._asked
            self._wake.send(b"!")
            self._turn.wait_for(lambda: self._done >= turn or self._stopping, _PATIENCE_SECONDS)

    def has_clients(self) -> bool:
        """Whether a client waits to be taken."""
        poll = select.poll()
        if self._open and self._listener.fileno() >= 0:
            poll.register(self._listener, select.POLLIN)
        return self._taking or bool(poll.poll(0)) or self._taking

    def _run(self) -> None:
        while not self._stopping:
            with self._turn:
                asked = self._asked
            self._obey()
            with self._turn:
                self._done = asked
                self._turn.notify_all()
            for key, _ in self._ready.select(_LOOK_SECONDS if self._orders.restless() else None):
                with contextlib.suppress(OSError):  # the client gave up, or no file is left: the next one may do
                    if key.fileobj is self._woken:
                        self._woken.recv(4_096)
                    else:
                        self._taking = True
                        self._orders.take(self._listener.accept()[0])
                self._taking = False

    def _obey(self) -> None:
        closed = self._orders.closed()
        if closed and self._open:
            self._ready.unregister(self._listener)
            self._listener.close()
            self._open = False
            self._orders.shut()
            self._bind_again()
        elif not closed and not self._open and (self._listener.fileno() >= 0 or self._bind_again()):
            self._listener.listen(_BACKLOG)
            self._listener.setblocking(False)
            self._ready.register(self._listener, selectors.EVENT_READ)
            self._open = True

    def _bind_again(self) -> bool:
        try:
            self._listener = bind(self._host, self.port)
        except InputError as error:  # it is tried again when the port is to open
            _LOG.warning("mockserver: %s", error)
            return False
        return True
