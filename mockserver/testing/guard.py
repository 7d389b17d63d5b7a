"""The egress guard: a test that would resolve or reach a vendor's real host fails, and hears what to do."""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ..when_imported import when_imported
from .hosts import is_vendors

_ADVICE = (
    "turn the client to the mock: `with_region` or `with_endpoint(mockserver.url)`, or answer in place of the real hosts:"
    " `with mockserver.intercept():` or --mockserver-intercept (for requests, httpx, aiohttp)"
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

    with ExitStack() as undo:
        _replace(undo, _replacements(check))
        for client, proxies in (("httpcore", _httpcore_proxies), ("aiohttp", _aiohttp_proxies)):
            undo.callback(when_imported(client, partial(_replace_later, undo, proxies, check)))
        yield


Check = Callable[[Any], None]
Replacements = list[tuple[Any, str, Callable[..., Any]]]


def _replace_later(undo: ExitStack, proxies: Callable[[Check], Replacements], check: Check) -> None:
    _replace(undo, proxies(check))


def _replace(undo: ExitStack, replaced: Replacements) -> None:
    for owner, name, function in replaced:
        before = vars(owner).get(name)
        if before is None:
            undo.callback(delattr, owner, name)  # it is inherited
        else:
            undo.callback(setattr, owner, name, before)
        setattr(owner, name, function)


def _httpcore_proxies(check: Check) -> Replacements:
    """httpx asks proxies through httpcore."""
    httpcore = sys.modules["httpcore"]
    kinds = [getattr(httpcore, name) for name in ("HTTPProxy", "AsyncHTTPProxy", "SOCKSProxy", "AsyncSOCKSProxy")]
    return [
        (kind, "create_connection", _guarded(kind.create_connection, lambda args: args[1].host, check))
        for kind in kinds
        if hasattr(kind, "create_connection")
    ]


def _aiohttp_proxies(check: Check) -> Replacements:
    connector = sys.modules["aiohttp"].TCPConnector
    original = connector._create_proxy_connection
    return [(connector, "_create_proxy_connection", _guarded(original, lambda args: args[1].url.host, check))]


def _replacements(check: Check) -> Replacements:
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
            if args and isinstance(args[0], socket.socket):  # clients close it after an OSError only
                args[0].close()
            raise
        return original(*args, **kwargs)

    return guarded
