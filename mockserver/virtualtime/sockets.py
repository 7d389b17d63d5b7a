"""Sockets and `select` whose timeouts go by virtual time."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

from .. import activity
from . import engine as engines
from .engine import Engine, Patch
from .file_waits import READ, WRITE, is_ready, wait_for_files

_METHODS = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "accept")
_LOOPBACK = ("127.", "::1")


def _wait_readable(engine: Engine, sock: socket.socket, said: str) -> None:
    """Wait until a socket can be read, as long as its timeout lets us. Raises TimeoutError, which says `said`."""
    timeout = sock.gettimeout()
    if timeout == 0 or sock.fileno() < 0 or _leads_elsewhere(sock):
        return
    until = None if timeout is None else engine.after(timeout)
    left = wait_for_files(engine, [(sock.fileno(), READ)], until, "a socket")
    if left == 0 and not engine.over and not _ready(sock):
        raise TimeoutError(said)


def _leads_elsewhere(sock: socket.socket) -> bool:
    """Whether the other side is in another process: then its answer is under way, and nobody knows for how long."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        host, port = sock.getpeername()[:2]
    except OSError:
        return False  # a port that is listened on
    if not host.startswith(_LOOPBACK):
        return True
    ports = activity.ports()
    return bool(ports) and port not in ports and sock.getsockname()[1] not in ports


def _ready(sock: socket.socket) -> bool:
    return is_ready([(sock.fileno(), READ)])


def _driven(name: str) -> Callable[..., Any]:
    original = getattr(socket.socket, name)

    def method(self: socket.socket, *args: Any, **kwargs: Any) -> Any:
        engine = engines.engine_of_thread()
        if engine is not None:
            _wait_readable(engine, self, "timed out")
        return original(self, *args, **kwargs)

    method.__name__ = name
    return method


_ssl_read = ssl.SSLSocket.read


def _driven_read(self: ssl.SSLSocket, *args: Any, **kwargs: Any) -> Any:
    engine = engines.engine_of_thread()
    if engine is not None and not self.pending():
        _wait_readable(engine, self, "The read operation timed out")
    return _ssl_read(self, *args, **kwargs)


_select = select.select


def _driven_select(
    rlist: Iterable[Any], wlist: Iterable[Any], xlist: Iterable[Any], timeout: float | None = None, /
) -> tuple[list[Any], list[Any], list[Any]]:
    """In the place of `select.select`."""
    readers, writers, others = list(rlist), list(wlist), list(xlist)
    engine = engines.engine_of_thread()
    if engine is None or (timeout is not None and timeout <= 0):
        return _select(readers, writers, others, timeout)
    watched = [(_file(item), READ) for item in readers] + [(_file(item), WRITE) for item in writers]
    watched += [(_file(item), select.POLLPRI) for item in others]
    until = None if timeout is None else engine.after(timeout)
    return _select(readers, writers, others, wait_for_files(engine, watched, until, "select.select"))


def _file(item: Any) -> int:
    return item if isinstance(item, int) else int(item.fileno())


def patches() -> list[Patch]:
    """What makes sockets wait by virtual time."""
    methods = [(socket.socket, name, _driven(name)) for name in _METHODS if hasattr(socket.socket, name)]
    return [*methods, (ssl.SSLSocket, "read", _driven_read), (select, "select", _driven_select)]
