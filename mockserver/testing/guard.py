"""The egress guard: a test that would resolve or reach a vendor's real host fails, and hears what to do."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from .hosts import is_vendors

_ADVICE = (
    "turn the client to the mock: `with_region` or `with_endpoint(mockserver.url)`, or answer in place of the real hosts:"
    " `with mockserver.intercept():` or --mockserver-intercept (for `requests`)"
)


class EgressBlocked(Exception):
    """A test would have asked a vendor's real host. No OSError: clients would take that for a network that is down."""


@contextmanager
def egress_guard(blocked: Callable[[str], object], more: Sequence[str] = ()) -> Iterator[None]:
    """Let no code in this process resolve, connect to, or ask a proxy for, a vendor's host while the block runs.

    Parameters: `blocked` is called with a message for each attempt, since the code under test may swallow the error;
    `more`, patterns of hosts that are guarded, too. The attempt itself raises EgressBlocked.
    """

    def check(host: Any) -> None:
        __tracebackhide__ = True
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and is_vendors(name, more):
            message = f"the test would have asked the real host {name}; {_ADVICE}"
            blocked(message)
            raise EgressBlocked(message)

    replaced = _replacements(check)
    saved = [(owner, name, vars(owner).get(name)) for owner, name, _ in replaced]
    for owner, name, function in replaced:
        setattr(owner, name, function)
    try:
        yield
    finally:
        for owner, name, function in saved:
            if function is None:
                delattr(owner, name)  # it was inherited
            else:
                setattr(owner, name, function)


def _replacements(check: Callable[[Any], None]) -> list[tuple[Any, str, Callable[..., Any]]]:
    connection = http.client.HTTPConnection
    by_name = [(socket, name, lambda args: args[0]) for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex")]
    by_method = [
        (socket.socket, "connect", _of_address),
        (socket.socket, "connect_ex", _of_address),
        (connection, "set_tunnel", lambda args: args[1]),  # through a proxy, which would resolve it
        (connection, "putrequest", lambda args: urlsplit(str(args[2])).hostname if "://" in str(args[2]) else None),
    ]
    return [(owner, name, _guarded(getattr(owner, name), host, check)) for owner, name, host in [*by_name, *by_method]]


def _of_address(args: Any) -> Any:
    return args[1][0] if isinstance(args[1], tuple) and args[1] else None


def _guarded(original: Callable[..., Any], host: Callable[[Any], Any], check: Callable[[Any], None]) -> Callable[..., Any]:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            check(host(args) if args else kwargs.get("host"))
        except EgressBlocked:
            if args and isinstance(args[0], socket.socket):
                args[0].close()  # callers close it for an OSError only, which this is not
            raise
        return original(*args, **kwargs)

    return guarded
