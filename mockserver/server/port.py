"""A port that accepts connections, and that can be closed and opened again."""

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
_ACCEPTS_AT_ONCE = 64
_NO_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_SECONDS = 0.1


class Port:
    """A port that is bound from the start, and listens from `open` on. Its methods are only called on the loop.

    Args:
        host: A name or an address of this machine.
        number: 0: any free port.

    Raises:
        InputError: The host or the port can't be bound.
    """

    def __init__(self, host: str, number: int) -> None:
        self._host = host
        self._sockets = bind(host, number)
        self.number: int = self._sockets[0].getsockname()[1]
        self.is_open = False

    def file_numbers(self) -> list[int]:
        """The file numbers of its sockets."""
        return [sock.fileno() for sock in self._sockets]

    def open(self, loop: asyncio.AbstractEventLoop, on_client: Callable[[socket.socket], object]) -> None:
        """Listen; `on_client` gets the socket of each client."""
        if not self._sockets and not self._bind_again():
            return
        self.is_open = True
        for sock in self._sockets:
            sock.setblocking(False)
            sock.listen(_BACKLOG)
            loop.add_reader(sock, self._accept, loop, sock, on_client)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Refuse connections. The port stays bound, so that no other program gets it."""
        self.give_back(loop)
        self._bind_again()

    def give_back(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Unbind the port."""
        for sock in self._sockets:
            if loop is not None and self.is_open:
                loop.remove_reader(sock)
            sock.close()
        self._sockets = []
        self.is_open = False

    def _bind_again(self) -> bool:
        try:
            self._sockets = bind(self._host, self.number)
        except InputError as error:  # the next `open` tries it again
            _LOG.warning("mockserver: %s", error)
            return False
        return True

    def _accept(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, on_client: Callable[[socket.socket], object]
    ) -> None:
        try:
            for _ in range(_ACCEPTS_AT_ONCE):
                client, _ = sock.accept()
                client.setblocking(False)
                on_client(client)
        except BlockingIOError:
            pass
        except OSError as error:  # the client gave up, or it has to wait because the system has no files left
            if error.errno in _NO_RESOURCES:
                loop.remove_reader(sock)
                loop.call_later(_PAUSE_SECONDS, self._accept_again, loop, sock, on_client)

    def _accept_again(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, on_client: Callable[[socket.socket], object]
    ) -> None:
        if sock in self._sockets and self.is_open:
            loop.add_reader(sock, self._accept, loop, sock, on_client)
