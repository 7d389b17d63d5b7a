"""Connections to the services behind the proxy: straight or through the environment's own proxy, kept for later requests."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from ..contract.target import TargetUrl
from ..errors import InputError
from .wire import Wire

_IDLE_SECONDS = 20.0
_CONNECT_SECONDS = 10.0
_KEPT = 64


class Upstream:
    """A service: its connections are opened as needed, and those at rest are used again. Thread-safe.

    Parameters: `target`, where it is; `timeout`, for how many seconds it may say nothing; `context`, TLS's settings.
    Raises InputError for a proxy in the environment that can't be spoken to.
    """

    def __init__(self, target: TargetUrl, timeout: float, context: ssl.SSLContext | None = None) -> None:
        self.target = target
        self._timeout, self._context = timeout, context
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, Wire]] = deque(maxlen=_KEPT)
        self._proxy = _proxy_for(target)
        via_plain_proxy = self._proxy is not None and target.scheme == "http"
        self.before_target = (target.origin if via_plain_proxy else "") + target.prefix
        """What stands in front of a request's target: a path, and for a proxy the origin."""
        self.extra: Mapping[str, str] = _authorization(self._proxy) if self._proxy and via_plain_proxy else {}
        """Headers for the proxy in between."""

    def rested(self) -> Wire | None:
        """A connection that is open and at rest; None where there is none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, wire = self._idle.pop()
            if time.monotonic() - since < _IDLE_SECONDS and _quiet(wire):
                return wire
            wire.close()

    def open(self) -> Wire:
        """A new connection. Raises OSError, or http.client.HTTPException from a proxy in between."""
        place = self._proxy.hostname if self._proxy else self.target.host
        port = (self._proxy.port or 80) if self._proxy else self.target.port
        connection = http.client.HTTPConnection(str(place), port, timeout=min(_CONNECT_SECONDS, self._timeout))
        if self._proxy and self._context:
            connection.set_tunnel(self.target.host, self.target.port, dict(_authorization(self._proxy)))
        try:
            connection.connect()
            sock, connection.sock = connection.sock, None
            if self._context:
                sock = self._context.wrap_socket(sock, server_hostname=self.target.host)
        except BaseException:
            connection.close()
            raise
        return Wire(sock, self._timeout)

    def rest(self, wire: Wire) -> None:
        """Keep a connection whose last answer was read to its end."""
        with self._lock:
            oldest = self._idle.popleft()[1] if len(self._idle) == _KEPT else None
            self._idle.append((time.monotonic(), wire))
        if oldest:
            oldest.close()

    def close(self) -> None:
        """Close the connections at rest."""
        with self._lock:
            while self._idle:
                self._idle.pop()[1].close()


def _quiet(wire: Wire) -> bool:
    try:
        return not wire.buffer and wire.poll() is None
    except OSError:
        return False


def tls_context(ca_bundle: str | None, insecure: bool) -> ssl.SSLContext:
    """TLS's settings: the system's certificates and those that requests brings, or those in a file. Raises InputError."""
    from ..contract.sending import trusted_certificates

    # Not create_default_context's own factory: EnOS's client replaces that one by one that verifies nothing.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    if ca_bundle is None:
        context.load_default_certs()
        context.load_verify_locations(trusted_certificates())
        return context
    try:
        context.load_verify_locations(ca_bundle)
    except OSError as error:
        reason = "not certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise InputError(f"can't use the certificates in {ca_bundle}: {reason}") from None
    return context


def _proxy_for(target: TargetUrl) -> SplitResult | None:
    """The environment's proxy for a service, as curl and the SDKs take it."""
    url = urllib.request.getproxies().get(target.scheme)
    if target.loopback or not url or urllib.request.proxy_bypass(target.host):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise InputError(
            f"the environment's proxy for {target.host} is a {parts.scheme!r} one; only http:// can be used: set"
            f" {target.scheme.upper()}_PROXY=http://HOST:PORT, or put {target.host} into NO_PROXY"
        )
    return parts


def _authorization(proxy: SplitResult) -> Mapping[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
