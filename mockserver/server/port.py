"""A port that takes connections, and that can be closed and opened again."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from ..errors import InputError
from .address import bind

_LOG = logging.getLogger("mockserver")
_BACKLOG = 1_024
_AT_ONCE = 64
_NO_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_SECONDS = 0.1


class Port:
    """Bound from the start; nobody listens before `open`. Its methods are called on the loop, one after the other.

    Args:
        host: A name or an address of this machine.
        number: 0 is any free one.

    Raises:
        InputError: The host or the port can't be bound.
    """

    def __init__(self, host: str, number: int) -> None:
        self._host = host
        self._sockets = bind(host, number)
        self.number: int = self._sockets[0].getsockname()[1]
        self.is_open = False

    def file_numbers(self) -> list[int]:
        """Of its sockets."""
        return [sock.fileno() for sock in self._sockets]

    def open(self, loop: asyncio.AbstractEventLoop, take: Callable[[socket.socket], object]) -> None:
        """Listen; `take` gets each connection."""
        if not self._sockets and not self._bind_again():
            return
        self.is_open = True
        for sock in self._sockets:
            sock.setblocking(False)
            sock.listen(_BACKLOG)
            loop.add_reader(sock, self._accept, loop, sock, take)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Refuse connections. The port stays bound, so that nobody else gets it."""
        self.shut(loop)
        self._bind_again()

    def shut(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Give the port back."""
        for sock in self._sockets:
            if loop is not None and self.is_open:
                loop.remove_reader(sock)
            sock.close()
        self._sockets = []
        self.is_open = False

    def _bind_again(self) -> bool:
        try:
            self._sockets = bind(self._host, self.number)
        except InputError as error:  # it is tried again when the port is to open
            _LOG.warning("mockserver: %s", error)
            return False
        return True

    def _accept(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, take: Callable[[socket.socket], object]) -> None:
        try:
            for _ in range(_AT_ONCE):
                client, _ = sock.accept()
                client.setblocking(False)
                take(client)
        except BlockingIOError:
            pass
        except OSError as error:  # the client gave up; or no file is left, and it has to wait
            if error.errno in _NO_FILES:
                loop.remove_reader(sock)
                loop.call_later(_PAUSE_SECONDS, self._accept_again, loop, sock, take)

    def _accept_again(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, take: Callable[[socket.socket], object]
    ) -> None:
        if sock in self._sockets and self.is_open:
            loop.add_reader(sock, self._accept, loop, sock, take)
