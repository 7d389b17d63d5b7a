"""A service behind the proxy: sends requests to it over urllib3's pooled connections, directly or through an HTTP proxy."""

from __future__ import annotations

import http.client
import ssl
import urllib.request
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from ..contract.failures import causes_of
from ..contract.sending import trusted_certificates
from ..contract.target import TargetUrl
from ..errors import InputError
from .exact_connections import ExactHTTPPool, ExactHTTPSPool, RequestHead, WrongAnswer
from .headers import Header, tokens
from .upstream_failures import ProxyError, explained, how_cut, on_one_line

BODY_LIMIT = 32 * 1024 * 1024
"""The longest answer that is passed on, in bytes as sent (packed, if the answer is packed)."""

_CONNECT_SECONDS = 10.0
_CONNECTIONS = 256
_READ_BYTES = 65_536
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
_FAILURES = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """A service's complete answer. If it ended too soon, `cut` says how, and `body` is the part that arrived."""

    status: int
    reason: str
    headers: tuple[Header, ...]
    body: bytes
    cut: str = ""


class Upstream:
    """Sends requests to a service. Thread-safe.

    Args:
        target: The service's URL.
        timeout: For how many seconds it may send nothing.
        ca_bundle: A file of certificates to trust (default: the system's, and those of requests).
        insecure: Trust any certificate.

    Raises:
        InputError: For certificates that can't be read, and for a proxy in the environment that can't be used.
    """

    def __init__(self, target: TargetUrl, timeout: float, ca_bundle: str | None = None, insecure: bool = False) -> None:
        self.target = target
        self._timeout = timeout
        options: dict[str, Any] = {
            "timeout": urllib3.Timeout(connect=min(_CONNECT_SECONDS, timeout), read=timeout),
            "retries": False,
            "ssl_context": _tls_context(ca_bundle, insecure) if target.scheme == "https" else None,
        }
        proxy = _environment_proxy(target)
        self._manager = _manager(proxy, options)
        self._manager.pool_classes_by_scheme = {"http": ExactHTTPPool, "https": ExactHTTPSPool}
        self._kept_connections = self._pool(_CONNECTIONS)
        self._new_connections = self._pool(1)
        self._target_prefix = (target.origin if proxy and target.scheme == "http" else "") + target.prefix

    def _pool(self, connections: int) -> urllib3.HTTPConnectionPool:
        target, size = self.target, {"maxsize": connections}
        return self._manager.connection_from_host(target.host, target.port, target.scheme, pool_kwargs=size)

    def send(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> UpstreamAnswer:
        """Send a request, and read its answer. A request that must not be sent twice goes over a new connection, once.

        Args:
            method: As the client sent it.
            target: Path and query as the client sent them (each byte as a character).
            headers: All headers to send, in order; none is added.
            body: The complete body.

        Raises:
            ProxyError: If no answer comes, or one that is too long.
        """
        head = RequestHead(target if target == "*" else self._target_prefix + target, headers, self._timeout)
        is_repeatable = method in _SAFE_METHODS and not body
        try:
            try:
                return self._attempt(self._kept_connections if is_repeatable else self._new_connections, method, head, body)
            except urllib3.exceptions.ProtocolError as error:
                # The service closed the idle connection just then: a new connection gets the answer.
                if not is_repeatable or not any(isinstance(cause, ConnectionError) for cause in causes_of(error)):
                    raise
                return self._attempt(self._new_connections, method, head, body)
        except _FAILURES as error:
            raise explained(error, self._target_name, self._timeout) from None

    def _attempt(self, pool: urllib3.HTTPConnectionPool, method: str, head: RequestHead, body: bytes) -> UpstreamAnswer:
        response = pool.urlopen(
            method,
            f"{self.target.origin}/",  # what is asked for stands in the head
            body or None,
            head,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            chunked="chunked" in tokens(head.headers, "transfer-encoding"),
        )
        assert isinstance(response, urllib3.HTTPResponse)
        try:
            return self._read_answer(response)
        finally:
            if pool is self._new_connections or not response.isclosed():
                response.close()
            response.release_conn()

    def _read_answer(self, response: urllib3.HTTPResponse) -> UpstreamAnswer:
        if response.status == 101:
            raise WrongAnswer("it changes the protocol, which nobody asked for")
        original_response = response._original_response
        assert isinstance(original_response, http.client.HTTPResponse)
        headers = tuple((name, on_one_line(value)) for name, value in original_response.msg.items())
        body, cut = bytearray(), ""
        try:
            while piece := response.read1(_READ_BYTES):
                body += piece
                if len(body) > BODY_LIMIT:
                    detail = (
                        f"the answer of {self._target_name} is longer than {BODY_LIMIT} bytes, the most that is passed on"
                    )
                    raise ProxyError(502, "Answer too long", detail)
        except _FAILURES as error:
            cut = how_cut(error, len(body))
        return UpstreamAnswer(response.status, response.reason or "", headers, bytes(body), cut)

    @property
    def _target_name(self) -> str:
        return f"{self.target.host}:{self.target.port}"

    def close(self) -> None:
        """Close the idle connections."""
        self._manager.clear()


def _tls_context(ca_bundle: str | None, insecure: bool) -> ssl.SSLContext:
    # Not ssl.create_default_context: EnOS's client replaces its factory by one that verifies nothing.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)  # it was asked for explicitly
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


def _environment_proxy(target: TargetUrl) -> str:
    """The environment's proxy for a service, as curl and the SDKs read it; "" for none. Raises InputError."""
    url = urllib.request.getproxies().get(target.scheme)
    if target.loopback or not url or urllib.request.proxy_bypass(target.host):
        return ""
    url = url if "://" in url else f"http://{url}"
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise InputError(
            f"the environment's proxy for {target.host} is a {parts.scheme!r} one; only http:// can be used: set"
            f" {target.scheme.upper()}_PROXY=http://HOST:PORT, or put {target.host} into NO_PROXY"
        )
    return url


def _manager(proxy: str, options: dict[str, Any]) -> urllib3.PoolManager:
    if not proxy:
        return urllib3.PoolManager(**options)
    parts = urlsplit(proxy)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    # Not make_headers: that takes the password for Latin-1.
    return urllib3.ProxyManager(proxy, proxy_headers=_proxy_login(login), **options)


def _proxy_login(login: str | None) -> dict[str, str]:
    import base64

    return {} if login is None else {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
