"""Sends requests to a service: at a limited rate, signed, and without secrets in error messages."""

from __future__ import annotations

import logging
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
from .failures import causes_of, why_no_answer
from .rate_limit import POLITE, RateLimit, backoff, retry_after
from .target import TargetUrl, target_of

Sign = Callable[[Request], Mapping[str, str]]
"""Gives the headers that prove who sends a request. The request already has all other headers, including `host`."""

RETRIES = 4
LONGEST_WAIT = 120.0
_READ_BYTES = 65_536
_OWN_HEADERS = {"host", "content-length", "connection", "transfer-encoding"}
_UNRESERVED = "-._~"


class SendError(InputError):
    """No answer came. The text names the host, the reason and what to do, but no path, header or query."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry of a refused request: the `attempt` (from 1) that was refused, and the `wait` before the next one (s)."""

    exchange: Exchange
    attempt: int
    wait: float
    reason: str

    def __str__(self) -> str:
        return f"HTTP {self.exchange.response.status} to attempt {self.attempt}: {self.reason}, again in {self.wait:g} s"


class Sender:
    """Sends requests to one service. Thread-safe.

    Args:
        target: The service's URL.
        sign: Gives the headers that prove who sends a request.
        allow_methods: The methods that may be sent.
        rate: Requests per second (0: no limit; None: no limit for this machine, else `POLITE`).
        retries: How often a request refused by 429, or by 503 with Retry-After, is sent again.
        longest_wait: The longest Retry-After (s) that is waited for; after a longer one, the refusal is the answer.
        timeout: Seconds to connect, and for each complete answer.
        ca_bundle: A file of certificates to trust.
        insecure: Trust any certificate.
        report: Called for each retry.
        sleep: How to wait.

    Raises:
        InputError: For a wrong target or file.
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
        self._verify_option = _verify_option(ca_bundle, insecure)
        self._proxies = {} if self.target.loopback else dict(requests.utils.get_environ_proxies(self.target.origin))
        self._adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=64)
        _hide_queries()

    def send(self, request: Request, *, signed: bool = True, retry: bool = True, source: str = "") -> Exchange:
        """Send a request. Returns the exchange, with the headers that were really sent.

        Args:
            request: The request.
            signed: Whether it is signed.
            retry: Whether it is sent again when refused.
            source: Where the request comes from.

        Raises:
            InputError: For a method that isn't allowed, or a request that can't be sent; nothing is sent then.
            SendError: If no complete answer comes.
        """
        self._check_method(request)
        attempt = 0
        while True:
            attempt += 1
            self._pacer.wait()
            exchange = replace(self._send_once(self._with_all_headers(request, signed)), source=source)
            retry_of_refusal = self._retry_of(exchange, attempt) if retry and attempt <= self._retries else None
            if retry_of_refusal is None:
                return exchange
            if self._report:
                self._report(retry_of_refusal)
            self._sleep(retry_of_refusal.wait)

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

    def _with_all_headers(self, request: Request, signed: bool) -> Request:
        """The request with all headers that are sent."""
        headers = {name.lower(): value for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS}
        headers = {"host": self.target.authority, "user-agent": f"mockserver/{__version__}", **headers}
        headers.setdefault("accept-encoding", "identity")
        if request.body:
            headers["content-length"] = str(len(request.body))
        complete = replace(request, method=request.method.upper(), headers=headers)
        if signed and self._sign:
            # The service must see exactly what is signed, so the prefix is part of the path.
            sent_request = replace(complete, path=self.target.prefix + complete.path)
            proof = {name.lower(): value for name, value in self._sign(sent_request).items()}
            complete = replace(complete, headers={**headers, **proof})
        return complete

    def _send_once(self, request: Request) -> Exchange:
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url = request.method, self.target.origin + wire_target(self.target, request)
        prepared.headers = requests.structures.CaseInsensitiveDict(request.headers)
        prepared.body = request.body or None
        sent, start = time.time_ns() / 1_000_000, time.monotonic()
        cause = ""
        response = None
        try:
            raw = self._start_response(prepared)
            answered = time.time_ns() // 1_000_000
            with raw:
                response = _read_response(raw, start + self._timeout[1])
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            cause = why_no_answer(error)
        if response is None:  # raised here, so that no traceback shows the error with the URL in it
            raise SendError(f"no answer from {self.target.host}:{self.target.port}: {cause}")
        return Exchange(request, response, answered, time.monotonic() - start, origin=self.target.origin, sent=sent)

    def _start_response(self, prepared: requests.PreparedRequest) -> requests.Response:
        """The answer up to its head. If the service has closed the idle connection, a new one is tried once."""
        try:
            return self._attempt(prepared)
        except requests.ConnectionError as error:
            was_closed = any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in causes_of(error))
            if not was_closed or prepared.method not in ("GET", "HEAD"):
                raise
        return self._attempt(prepared)

    def _attempt(self, prepared: requests.PreparedRequest) -> requests.Response:
        # Not by a Session, which adds cookies and passwords from ~/.netrc, and follows redirects.
        return self._adapter.send(prepared, True, self._timeout, self._verify_option, None, self._proxies)

    def _retry_of(self, exchange: Exchange, attempt: int) -> Retry | None:
        status, retry_after_header = exchange.response.status, exchange.response.header("retry-after")
        wait = retry_after(retry_after_header, exchange.time or 0)
        if status != 429 and not (status == 503 and wait is not None):
            return None
        if wait is None:
            return Retry(exchange, attempt, min(backoff(attempt), self._longest_wait), "no Retry-After")
        return Retry(exchange, attempt, wait, "Retry-After") if wait <= self._longest_wait else None


def wire_target(target: TargetUrl, request: Request) -> str:
    """Path and query as they are sent: the path encoded as in signatures, the query unchanged."""
    path = quote(request.path.encode("utf-8", "surrogateescape"), safe=f"/{_UNRESERVED}")
    return target.prefix + path + (f"?{request.query}" if request.query else "")


def trusted_certificates() -> str:
    """The file of certificates that are trusted by default."""
    return str(requests.utils.DEFAULT_CA_BUNDLE_PATH)


def _verify_option(ca_bundle: str | None, insecure: bool) -> bool | str:
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
    """Takes secrets out of the queries in urllib3's DEBUG logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_redact_query(value) if isinstance(value, str) else value for value in record.args)
        return True


def _redact_query(text: str) -> str:
    path, mark, query = text.partition("?")
    return path + mark + redact.query(query, []) if mark else text


_FILTER = _QueryFilter()


def _hide_queries() -> None:
    logging.getLogger("urllib3.connectionpool").addFilter(_FILTER)  # adding it twice does nothing


def _read_response(raw: requests.Response, deadline: float) -> Response:
    """The complete answer. Raises OSError for an answer that is too long or takes too long."""
    body = bytearray()
    while piece := raw.raw.read1(_READ_BYTES, decode_content=False):  # in small parts, to check the time in between
        body += piece
        if len(body) > LIMIT:
            raise OSError(f"the answer is longer than {LIMIT} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    headers, unpacked = without_coding([(str(name), str(value)) for name, value in raw.raw.headers.iteritems()], bytes(body))
    return Response(raw.status_code, headers, unpacked)
