"""Requests sent to a service, real or not: politely, signed, and without a secret in any message."""

from __future__ import annotations

import logging
import socket
import ssl
import time
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

import requests
import urllib3

from ..errors import InputError
from ..exchanges.exchange import Exchange
from ..model import Request, Response
from ..redaction import redact
from ..redaction.content_coding import LIMIT, without_coding
from ..version import __version__
from .rate_limit import POLITE, RateLimit, backoff, retry_after
from .target import TargetUrl, target_of

Sign = Callable[[Request], Mapping[str, str]]
"""Gives the headers that prove who sends a request. The request has all its other headers, with `host`."""

RETRIES = 4
LONGEST_WAIT = 120.0
_PIECE = 65_536
_OURS = {"host", "content-length", "connection", "transfer-encoding"}
_PLAIN = "-._~"


class SendError(InputError):
    """No answer came: which host, why, and what to do. Holds no path, no header and no query."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A refused request that is sent again: the `attempt` (from 1) that was refused, and the `wait` before the next (s)."""

    exchange: Exchange
    attempt: int
    wait: float
    reason: str

    def __str__(self) -> str:
        return f"HTTP {self.exchange.response.status} to attempt {self.attempt}: {self.reason}, again in {self.wait:g} s"


class Sender:
    """Sends requests to one service. Thread-safe.

    Parameters: `target`, its URL; `sign`, gives the headers that prove who asks; `allow_methods`, what may be sent at all;
    `rate`, requests per second (0: no limit; None: no limit to this machine, else `POLITE`); `retries`, how often a request
    that was refused by 429, or by 503 with Retry-After, is sent again; `longest_wait`, the longest Retry-After that is
    waited for, in seconds: for a longer one the refusal is the answer; `timeout`, seconds to connect, and for each answer as
    a whole; `ca_bundle`, a file of certificates to trust; `insecure`, trust any; `report`, called for each retry; `sleep`,
    how to wait.
    Raises InputError for a wrong target or file.
    """

    def __init__(
        self,
        target: str,
        sign: Sign | None = None,
        *,
        allow_methods: Collection[str] = ("GET",),
        rate: float | None = None,
        retries: int = RETRIES,
        longest_wait: float = LONGEST_WAIT,
        timeout: tuple[float, float] = (10.0, 60.0),
        ca_bundle: str | None = None,
        insecure: bool = False,
        report: Callable[[Retry], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.target = target_of(target)
        self._sign, self._methods = sign, frozenset(method.upper() for method in allow_methods)
        pace = rate if rate is not None else 0.0 if self.target.loopback else POLITE
        self._pacer = RateLimit(pace, sleep=sleep)
        self._retries, self._longest_wait, self._timeout = retries, longest_wait, timeout
        self._report, self._sleep = report, sleep
        self._verify = _verify(ca_bundle, insecure)
        self._proxies = {} if self.target.loopback else dict(requests.utils.get_environ_proxies(self.target.origin))
        self._adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=64)
        _hide_queries()

    def send(self, request: Request, *, signed: bool = True, retry: bool = True, source: str = "") -> Exchange:
        """Send a request; what came back, with the headers that were really sent.

        Parameters: `signed`, whether to prove who asks; `retry`, whether to try again when refused; `source`, whose request
        it is. Raises InputError for a method that isn't allowed or a request that can't be sent, before anything is sent;
        SendError where no whole answer comes.
        """
        self._check_method(request)
        attempt = 0
        while True:
            attempt += 1
            self._pacer.wait()
            exchange = replace(self._once(self._complete(request, signed)), source=source)
            again = self._again(exchange, attempt) if retry and attempt <= self._retries else None
            if again is None:
                return exchange
            if self._report:
                self._report(again)
            self._sleep(again.wait)

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _check_method(self, request: Request) -> None:
        if request.method.upper() not in self._methods:
            allowed = ", ".join(sorted(self._methods)) or "none"
            raise InputError(
                f"{request.method} is not sent to {self.target.host}: allowed {allowed}; other methods can change what is"
                " there and must be allowed explicitly"
            )
        for name, value in request.headers.items():
            if not (name.isascii() and value.isprintable() and all(ord(char) < 256 for char in value)):
                raise InputError(f"the header {name!r} can't be sent: only printable Latin-1 characters can")

    def _complete(self, request: Request, signed: bool) -> Request:
        """The request with all headers that go out."""
        headers = {name.lower(): value for name, value in request.headers.items() if name.lower() not in _OURS}
        headers = {"host": self.target.authority, "user-agent": f"mockserver/{__version__}", **headers}
        headers.setdefault("accept-encoding", "identity")
        if request.body:
            headers["content-length"] = str(len(request.body))
        whole = replace(request, method=request.method.upper(), headers=headers)
        if signed and self._sign:
            # What is signed is what arrives: the prefix is part of the path.
            sent = replace(whole, path=self.target.prefix + whole.path)
            proof = {name.lower(): value for name, value in self._sign(sent).items()}
            whole = replace(whole, headers={**headers, **proof})
        return whole

    def _once(self, request: Request) -> Exchange:
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url = request.method, self.target.origin + wire_target(self.target, request)
        prepared.headers = requests.structures.CaseInsensitiveDict(request.headers)
        prepared.body = request.body or None
        sent, began = time.time_ns() / 1_000_000, time.monotonic()
        cause = ""
        response = None
        try:
            raw = self._started(prepared)
            answered = time.time_ns() // 1_000_000
            with raw:
                response = _read_whole(raw, began + self._timeout[1])
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            cause = _cause(error)
        if response is None:  # raised here, so that no traceback shows the error with the URL in it
            raise SendError(f"no answer from {self.target.host}:{self.target.port}: {cause}")
        return Exchange(request, response, answered, time.monotonic() - began, origin=self.target.origin, sent=sent)

    def _started(self, prepared: requests.PreparedRequest) -> requests.Response:
        """The answer up to its head. A connection at rest can have been closed meanwhile: then a new one is tried once."""
        try:
            return self._attempt(prepared)
        except requests.ConnectionError as error:
            closed = any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in _chain(error))
            if not closed or prepared.method not in ("GET", "HEAD"):
                raise
        return self._attempt(prepared)

    def _attempt(self, prepared: requests.PreparedRequest) -> requests.Response:
        # Not by a Session: that adds cookies and passwords of ~/.netrc, and looks into redirects.
        return self._adapter.send(prepared, True, self._timeout, self._verify, None, self._proxies)

    def _again(self, exchange: Exchange, attempt: int) -> Retry | None:
        status, requested = exchange.response.status, exchange.response.header("retry-after")
        wait = retry_after(requested, exchange.time or 0)
        if status != 429 and not (status == 503 and wait is not None):
            return None
        if wait is None:
            return Retry(exchange, attempt, min(backoff(attempt), self._longest_wait), "no Retry-After")
        return Retry(exchange, attempt, wait, "Retry-After") if wait <= self._longest_wait else None


def wire_target(target: TargetUrl, request: Request) -> str:
    """Path and query as they go out: the path encoded as signatures have it, the query as it is."""
    path = quote(request.path.encode("utf-8", "surrogateescape"), safe=f"/{_PLAIN}")
    return target.prefix + path + (f"?{request.query}" if request.query else "")


def trusted_certificates() -> str:
    """The file of the certificates that are trusted by default."""
    return str(requests.utils.DEFAULT_CA_BUNDLE_PATH)


def _verify(ca_bundle: str | None, insecure: bool) -> bool | str:
    if insecure:
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)  # it was asked for explicitly
        return False
    if ca_bundle is None:
        return True
    try:
        ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        reason = "not certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise InputError(f"can't use the certificates in {ca_bundle}: {reason}") from None
    return ca_bundle


class _QueryFilter(logging.Filter):
    """Takes secrets out of the queries that urllib3 logs at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_clean(argument) if isinstance(argument, str) else argument for argument in record.args)
        return True


def _clean(text: str) -> str:
    path, mark, query = text.partition("?")
    return path + mark + redact.query(query, []) if mark else text


_FILTER = _QueryFilter()


def _hide_queries() -> None:
    logging.getLogger("urllib3.connectionpool").addFilter(_FILTER)  # adding it twice does nothing


def _read_whole(raw: requests.Response, deadline: float) -> Response:
    """The answer, read whole. Raises OSError for one that is too long or takes too long."""
    body = bytearray()
    while piece := raw.raw.read1(_PIECE, decode_content=False):  # what is there: the clock is looked at in between
        body += piece
        if len(body) > LIMIT:
            raise OSError(f"the answer is longer than {LIMIT} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    headers, unpacked = without_coding([(str(name), str(value)) for name, value in raw.raw.headers.iteritems()], bytes(body))
    return Response(raw.status_code, headers, unpacked)


_PROXY = "the proxy of the environment does not answer, or refuses; see HTTPS_PROXY and NO_PROXY"
_NAME = "its name is unknown; check the URL and the network"
_LATE = "it took the request, but did not answer in time"
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (urllib3.exceptions.ProxyError, _PROXY),
    (requests.exceptions.ProxyError, _PROXY),
    (urllib3.exceptions.NameResolutionError, _NAME),
    (socket.gaierror, _NAME),
    (ConnectionRefusedError, "it refuses connections; is it running, and is the port right?"),
    (urllib3.exceptions.ConnectTimeoutError, "it takes no connection; check the URL, firewalls and proxies"),
    (urllib3.exceptions.ReadTimeoutError, _LATE),
    (requests.exceptions.ReadTimeout, _LATE),
    (TimeoutError, _LATE),
    (urllib3.exceptions.IncompleteRead, "it closed the connection in the middle of its answer"),
    (urllib3.exceptions.ProtocolError, "it closed the connection, or what it sent is not HTTP"),
    (ssl.SSLError, "TLS failed; does it speak HTTPS at this port?"),
    (ConnectionError, "it closed the connection"),
    (UnicodeError, "the request can't be written: only ASCII can stand in a URL"),
)
"""The first that fits says it."""


def _cause(error: BaseException) -> str:
    """Why no answer came, in our own words: those of the libraries repeat the URL."""
    chain = _chain(error)
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message}); --ca-bundle FILE trusts others"
    for kind, text in _CAUSES:
        if any(isinstance(cause, kind) for cause in chain):
            return text
    own = [str(cause) for cause in chain if type(cause) is OSError and not cause.errno]
    return own[0] if own else f"{type(error).__name__}"


def _chain(error: BaseException) -> list[BaseException]:
    """The error and all that it comes from; the libraries keep it in different places."""
    collected: list[BaseException] = []
    rest: list[object] = [error]
    while rest:
        item = rest.pop(0)
        if isinstance(item, BaseException) and item not in collected:
            collected.append(item)
            rest += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return collected
