"""Where a server listens: finding and binding an address, with errors that say what to do."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Any

from ..errors import InputError

_TRIES = 20


def bind(host: str, port: int) -> list[socket.socket]:
    """TCP sockets that are bound, but don't listen yet: one for each of the host's addresses, IPv4 before IPv6.

    Of several addresses those that can't be bound are left out, except the first one. `::` takes IPv4, too.

    Args:
        host: A name or an address of this machine.
        port: 0 is any free one, the same for all addresses.

    Raises:
        InputError: The port is busy, or none; the host can't be bound.
    """
    if not 0 <= port <= 65_535:  # getaddrinfo would take it modulo 65536
        raise InputError(f"can't listen on {host}:{port}: port is {port}; allowed: 0 to 65535 (0: any free one)")
    try:
        result = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        addresses = [(family, place) for family, _, _, _, place in sorted(result, key=lambda entry: entry[0])]
        return _bind_all(addresses, port)
    except (OSError, UnicodeError) as error:  # UnicodeError: a host that no name of a host can be
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        detail = getattr(error, "strerror", None) or str(error)
        advice = f"{'stop what is there, or ' if busy else ''}choose another --host or another --port (0: any free one)"
        raise InputError(f"can't listen on {host}:{port}: {detail}; {advice}") from error


def _bind_all(addresses: list[tuple[Any, Any]], port: int) -> list[socket.socket]:
    for tries_left in reversed(range(_TRIES)):
        first = _bind_one(*addresses[0])
        bound, taken = [first], port or first.getsockname()[1]
        try:
            for family, place in addresses[1:]:
                try:
                    bound.append(_bind_one(family, (place[0], taken, *place[2:])))
                except OSError as error:
                    if error.errno == errno.EADDRINUSE:  # else there is no such address on this machine
                        raise
        except OSError:
            for sock in bound:
                sock.close()
            if port or not tries_left:
                raise
        else:
            return bound
    raise AssertionError("unreachable")


def _bind_one(family: Any, place: Any) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, place[0] != "::")
        bound.bind(place)
    except BaseException:
        bound.close()
        raise
    return bound


def url_of(host: str, port: int, scheme: str = "http") -> str:
    """The URL of a server on this host (a name, or an address of IPv4 or IPv6) and port."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
