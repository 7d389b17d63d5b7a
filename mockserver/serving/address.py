"""Where a server listens: finding and binding an address, with errors that say what to do."""

from __future__ import annotations

import errno
import socket
import sys

from ..errors import InputError


def bind(host: str, port: int) -> socket.socket:
    """A TCP socket that is bound, IPv4 before IPv6, but doesn't listen yet; port 0 is any free one.

    Raises InputError for a busy port, for one that is none, and for a host that can't be bound.
    """
    if not 0 <= port <= 65_535:  # getaddrinfo would take it modulo 65536
        raise InputError(f"can't listen on {host}:{port}: port is {port}; allowed: 0 to 65535 (0: any free one)")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = min(found, key=lambda one: one[0])  # IPv4 first
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            if sys.platform != "win32":
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(place)
        except BaseException:
            bound.close()
            raise
    except (OSError, UnicodeError) as error:  # UnicodeError: a host that no name of a host can be
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        detail = getattr(error, "strerror", None) or str(error)
        advice = f"{'stop what is there, or ' if busy else ''}choose another --host or another --port (0: any free one)"
        raise InputError(f"can't listen on {host}:{port}: {detail}; {advice}") from error
    return bound


def url_of(host: str, port: int) -> str:
    """The URL of a server on this host (a name, or an address of IPv4 or IPv6) and port."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
