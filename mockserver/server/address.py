"""Finds and binds the addresses that a server listens on, with errors that say what to do."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Any

from ..errors import InputError

_ATTEMPTS = 20


def bind(host: str, port: int) -> list[socket.socket]:
    """TCP sockets that are bound, but don't listen yet: one for each address of the host, IPv4 before IPv6.

    Addresses that can't be bound are left out, except the first one. `::` also accepts IPv4.

    Args:
        host: A name or an address of this machine.
        port: 0: any free port, the same for all addresses.

    Raises:
        InputError: The port is busy or invalid, or the host can't be bound.
    """
    if not 0 <= port <= 65_535:  # getaddrinfo would take it modulo 65536
        raise InputError(f"can't listen on {host}:{port}: port is {port}; allowed: 0 to 65535 (0: any free one)")
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        addresses = [(family, address) for family, _, _, _, address in sorted(entries, key=lambda entry: entry[0])]
        return _bind_all(addresses, port)
    except (OSError, UnicodeError) as error:  # UnicodeError: for a name that can't be a host's
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        detail = getattr(error, "strerror", None) or str(error)
        advice = f"{'stop what is there, or ' if busy else ''}choose another --host or another --port (0: any free one)"
        raise InputError(f"can't listen on {host}:{port}: {detail}; {advice}") from error


def _bind_all(addresses: list[tuple[Any, Any]], port: int) -> list[socket.socket]:
    for attempts_left in reversed(range(_ATTEMPTS)):
        first = _bind_one(*addresses[0])
        sockets, bound_port = [first], port or first.getsockname()[1]
        try:
            for family, address in addresses[1:]:
                try:
                    sockets.append(_bind_one(family, (address[0], bound_port, *address[2:])))
                except OSError as error:
                    if error.errno == errno.EADDRINUSE:  # otherwise this machine doesn't have the address
                        raise
        except OSError:
            for sock in sockets:
                sock.close()
            if port or not attempts_left:
                raise
        else:
            return sockets
    raise AssertionError("unreachable")


def _bind_one(family: Any, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock


def url_of(host: str, port: int, scheme: str = "http") -> str:
    """The URL of a server on this host (a name, or an IPv4 or IPv6 address) and port."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
