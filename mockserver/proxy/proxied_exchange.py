"""Passes one exchange on: the request to the service, and its answer to the client, both as they were sent.

Only these are changed: Host (the service's), the beginning of the target (the service's prefix), one-hop headers, the
framing of the answer (its length is known, because it is read completely), and, if asked for, the signature.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Protocol

from ..exchanges.exchange import Exchange
from ..model import Delivery, RawRequest, Request, Response, origin_form
from .headers import Header, end_to_end, replace_headers, tokens
from .upstream import BODY_LIMIT, Upstream, UpstreamAnswer
from .upstream_failures import ProxyError

_time_ns = time.time_ns  # bound now, because virtual time may replace it
_CUT = Delivery(fault="SHORT_BODY")


class RequestSigner(Protocol):
    """The part of `signing.Resigner` that an exchange needs."""

    def check(self, request: Request) -> None:
        """Raise ProxyError for a request that must not be signed."""

    def sign(self, request: Request) -> dict[str, str]:
        """The headers that sign a request as it goes out."""


@dataclass(frozen=True, slots=True)
class ProxiedExchange:
    """A request, the service's answer, and when they were sent and received (ms since 1970, with fractions)."""

    request: Request
    answer: UpstreamAnswer
    origin: str
    sent: float
    received: float

    def exchange(self) -> Exchange:
        """The exchange as the contract kit takes it; bodies are as they were sent, even if packed."""
        response = Response(self.answer.status, self.answer.headers, self.answer.body)
        duration = (self.received - self.sent) / 1_000
        return Exchange(self.request, response, int(self.received), duration, origin=self.origin, sent=self.sent)

    def response(self) -> Response:
        """The answer for the client."""
        answer = self.answer
        is_chunked = "chunked" in tokens(answer.headers, "transfer-encoding")
        has_no_body = self.request.method == "HEAD" or answer.status in (204, 304)
        if not answer.cut:
            keep = ("transfer-encoding",) if has_no_body else ()
            headers = end_to_end(answer.headers, keep)
            if is_chunked and not has_no_body:  # a length beside chunks has no meaning
                headers = [header for header in headers if header[0].lower() != "content-length"]
            return Response(answer.status, tuple(headers), answer.body, reason=answer.reason)
        body = b"%x\r\n%b\r\n" % (len(answer.body), answer.body) if is_chunked else answer.body
        headers = end_to_end(answer.headers, ("transfer-encoding",))
        return Response(answer.status, tuple(headers), body, delivery=_CUT, reason=answer.reason)


def forward(raw: RawRequest, request: Request, upstream: Upstream, signer: RequestSigner | None) -> ProxiedExchange:
    """Send a request to a service, and read its answer. Raises ProxyError if that fails."""
    if raw.body_size > len(raw.body):
        detail = f"the request's body is longer than {BODY_LIMIT} bytes, the most that is passed on"
        raise ProxyError(413, "Request too long", detail)
    headers = _upstream_headers(raw, upstream)
    if signer is not None and "authorization" in request.headers:
        signer.check(request)
        outgoing = {name.lower(): value for name, value in headers}
        path = upstream.target.prefix + request.path
        headers = replace_headers(headers, signer.sign(replace(request, path=path, headers=outgoing)))
    sent = _time_ns() / 1_000_000
    answer = upstream.send(raw.method, origin_form(raw.target).decode("latin-1"), headers, raw.body)
    return ProxiedExchange(request, answer, upstream.target.origin, sent, _time_ns() / 1_000_000)


def _upstream_headers(raw: RawRequest, upstream: Upstream) -> list[Header]:
    """The headers for the service, with its own Host."""
    sent_headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.headers]
    headers = end_to_end(sent_headers, ("transfer-encoding",))
    host = upstream.target.authority
    if not tokens(headers, "host"):
        return [("Host", host), *headers]
    return replace_headers(headers, {"host": host})
