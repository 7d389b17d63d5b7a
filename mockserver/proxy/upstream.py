"""A service behind the proxy: requests go to it on urllib3's pooled connections, straight or through an HTTP proxy."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from ..contract.sending import trusted_certificates
from ..contract.target import TargetUrl
from ..errors import InputError
from .exact_connections import ExactHTTPPool, ExactHTTPSPool, RequestHead, WrongAnswer
from .headers import Header, tokens

BODY_LIMIT = 32 * 1024 * 1024
"""The longest answer that is passed on, in bytes as they are sent (packed, if they are)."""

_CONNECT_SECONDS = 10.0
_CONNECTIONS = 256
_PIECE = 65_536
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_FAILURES = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


class ProxyError(Exception):
    """An answer of the proxy's own: `status`, a title, and what went wrong where, with advice."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """A service's answer, read whole. `cut` says how it ended too soon, if it did; then `body` is what came."""

    status: int
    reason: str
    headers: tuple[Header, ...]
    body: bytes
    cut: str = ""


class Upstream:
    """A service: sends requests to it. Thread-safe.

    Args:
        target: Where it is.
        timeout: For how many seconds it may say nothing.
        ca_bundle: A file of certificates to trust (default: the system's, and those that requests brings).
        insecure: Trust any certificate.

    Raises:
        InputError: For certificates that can't be read, and a proxy in the environment that can't be spoken to.
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
        self._persistent = self._pool(_CONNECTIONS)
        self._fresh = self._pool(1)
        self._before_target = (target.origin if proxy and target.scheme == "http" else "") + target.prefix

    def _pool(self, connections: int) -> urllib3.HTTPConnectionPool:
        target, size = self.target, {"maxsize": connections}
        return self._manager.connection_from_host(target.host, target.port, target.scheme, pool_kwargs=size)

    def send(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> UpstreamAnswer:
        """Send a request and read its answer. What is not safe to send twice goes out on a new connection, once.

        Args:
            method: As the client sent it.
            target: Path and query as the client sent them (each byte a character).
            headers: All that go out, in order; none is added.
            body: The whole body.

        Raises:
            ProxyError: Where no answer comes, or one that is too long.
        """
        head = RequestHead(target if target == "*" else self._before_target + target, headers, self._timeout)
        safe = method in _SAFE and not body
        try:
            try:
                return self._attempt(self._persistent if safe else self._fresh, method, head, body)
            except urllib3.exceptions.ProtocolError as error:
                # Closed at rest, just as the request came: that is no answer, and a new connection gets one.
                if not safe or not any(isinstance(cause, ConnectionError) for cause in _causes(error)):
                    raise
                return self._attempt(self._fresh, method, head, body)
        except _FAILURES as error:
            raise self._explained(error) from None

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
            if pool is self._fresh or not response.isclosed():
                response.close()
            response.release_conn()

    def _read_answer(self, response: urllib3.HTTPResponse) -> UpstreamAnswer:
        if response.status == 101:
            raise WrongAnswer("it changes the protocol, which nobody asked for")
        original = response._original_response
        assert isinstance(original, http.client.HTTPResponse)
        headers = tuple((name, _unfolded(value)) for name, value in original.msg.items())
        body, cut = bytearray(), ""
        try:
            while piece := response.read1(_PIECE):
                body += piece
                if len(body) > BODY_LIMIT:
                    detail = (
                        f"the answer of {self._target_name} is longer than {BODY_LIMIT} bytes, the most that is passed on"
                    )
                    raise ProxyError(502, "Answer too long", detail)
        except _FAILURES as error:
            cut = _how_cut(error, len(body))
        return UpstreamAnswer(response.status, response.reason or "", headers, bytes(body), cut)

    @property
    def _target_name(self) -> str:
        return f"{self.target.host}:{self.target.port}"

    def _explained(self, error: Exception) -> ProxyError:
        causes = list(_causes(error))
        for kinds, (status, title, text) in _EXPLANATIONS:
            cause = next((cause for cause in causes if isinstance(cause, kinds)), None)
            if cause is not None:
                reason = _reason(causes[-1]) if kinds is OSError else _reason(cause)
                return ProxyError(status, title, text.format(name=self._target_name, seconds=self._timeout, reason=reason))
        return ProxyError(502, "No answer", f"{self._target_name}: {_reason(error)}")

    def close(self) -> None:
        """Close the connections at rest."""
        self._manager.clear()


_EXPLANATIONS: tuple[tuple[Any, tuple[int, str, str]], ...] = (
    (
        ssl.SSLCertVerificationError,
        (502, "Not trusted", "the certificate of {name}: {reason}; --ca-bundle FILE trusts others, --insecure any"),
    ),
    (WrongAnswer, (502, "Wrong answer", "what {name} sent is not HTTP/1.1: {reason}")),
    (http.client.LineTooLong, (502, "Wrong answer", "what {name} sent can't be passed on: {reason}")),
    (
        (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError, socket.gaierror),
        (502, "No connection", "{name}: {reason}; is it there, and is the URL right?"),
    ),
    (urllib3.exceptions.ReadTimeoutError, (504, "No answer in time", "{name} did not answer in {seconds:g} s")),
    (urllib3.exceptions.ConnectTimeoutError, (504, "No connection", "{name} did not take the connection in time")),
    (ssl.SSLError, (502, "No connection", "{name}: TLS failed; does it speak HTTPS at this port?")),
    (http.client.RemoteDisconnected, (502, "No answer", "{name} closed the connection {reason}")),
    (ConnectionError, (502, "No answer", "{name} closed the connection before it answered: {reason}")),
)
"""What an error means, the first that fits."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it comes from; the libraries keep it in different places."""
    seen: list[BaseException] = []
    rest: list[object] = [error]
    while rest:
        cause = rest.pop(0)
        if isinstance(cause, BaseException) and cause not in seen:
            seen.append(cause)
            yield cause
            rest += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def _reason(error: BaseException) -> str:
    """Why, in the words of the system or of our own; those of the libraries repeat addresses of objects."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, WrongAnswer | http.client.RemoteDisconnected):
            return str(cause)
    return type(list(_causes(error))[-1]).__name__


def _how_cut(error: BaseException, came: int) -> str:
    """How an answer ended too soon."""
    causes = list(_causes(error))
    if any(isinstance(cause, ValueError) and not isinstance(cause, urllib3.exceptions.HTTPError) for cause in causes):
        return f"after {came} bytes: a chunk does not begin with its length"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return f"after {came} bytes: nothing more came in time"
    return f"after {came} bytes: the connection ended"


def _unfolded(value: str) -> str:
    """A header on one line, as RFC 9112 (section 5.2) wants it of who passes it on."""
    return " ".join(line.strip(" \t") for line in value.splitlines()) if "\n" in value else value


def _tls_context(ca_bundle: str | None, insecure: bool) -> ssl.SSLContext:
    # Not create_default_context's own factory: EnOS's client replaces that one by one that verifies nothing.
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
    """The environment's proxy for a service, as curl and the SDKs take it; empty for none. Raises InputError."""
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
