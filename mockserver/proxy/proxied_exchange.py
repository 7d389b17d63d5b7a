"""One exchange passed on: the request to the service, its answer to the client, both as they were sent.

Changed are only: Host (the service's), the target's beginning (the service's prefix), headers of one hop, the framing of the
answer (its length is known, as it is read whole), and, if asked for, the signature.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Protocol

from ..exchanges.exchange import Exchange
from ..model import Delivery, RawRequest, Request, Response, origin_form
from .headers import Header, end_to_end, replaced, tokens
from .upstream import BODY_LIMIT, ProxyError, Upstream, UpstreamAnswer

_time_ns = time.time_ns  # as it is now: virtual time may replace it
_CUT = Delivery(fault="SHORT_BODY")


class Signs(Protocol):
    """What the exchange needs of `signing.Resigner`."""

    def check(self, request: Request) -> None:
        """Raise ProxyError for a request that must not be signed."""

    def sign(self, request: Request) -> dict[str, str]:
        """The headers that sign a request as it goes out."""


@dataclass(frozen=True, slots=True)
class ProxiedExchange:
    """What was asked, what came back, and when (ms since 1970, with their fractions)."""

    request: Request
    answer: UpstreamAnswer
    origin: str
    sent: float
    received: float

    def exchange(self) -> Exchange:
        """The exchange as the kit has it; bodies as they were sent, packed if they are."""
        response = Response(self.answer.status, self.answer.headers, self.answer.body)
        took = (self.received - self.sent) / 1_000
        return Exchange(self.request, response, int(self.received), took, origin=self.origin, sent=self.sent)

    def response(self) -> Response:
        """The answer as it goes to the client."""
        answer = self.answer
        chunked = "chunked" in tokens(answer.headers, "transfer-encoding")
        bodiless = self.request.method == "HEAD" or answer.status in (204, 304)
        if not answer.cut:
            keep = ("transfer-encoding",) if bodiless else ()
            headers = end_to_end(answer.headers, keep)
            if chunked and not bodiless:  # a length beside it means nothing
                headers = [header for header in headers if header[0].lower() != "content-length"]
            return Response(answer.status, tuple(headers), answer.body, reason=answer.reason)
        body = b"%x\r\n%b\r\n" % (len(answer.body), answer.body) if chunked else answer.body
        headers = end_to_end(answer.headers, ("transfer-encoding",))
        return Response(answer.status, tuple(headers), body, delivery=_CUT, reason=answer.reason)


def pass_on(raw: RawRequest, request: Request, upstream: Upstream, signs: Signs | None) -> ProxiedExchange:
    """Send a request to a service; what comes back. Raises ProxyError where that fails."""
    if raw.body_size > len(raw.body):
        detail = f"the request's body is longer than {BODY_LIMIT} bytes, the most that is passed on"
        raise ProxyError(413, "Request too long", detail)
    headers = _headers_for(raw, upstream)
    if signs is not None and "authorization" in request.headers:
        signs.check(request)
        outgoing = {name.lower(): value for name, value in headers}
        path = upstream.target.prefix + request.path
        headers = replaced(headers, signs.sign(replace(request, path=path, headers=outgoing)))
    sent = _time_ns() / 1_000_000
    answer = upstream.send(raw.method, origin_form(raw.target).decode("latin-1"), headers, raw.body)
    return ProxiedExchange(request, answer, upstream.target.origin, sent, _time_ns() / 1_000_000)


def _headers_for(raw: RawRequest, upstream: Upstream) -> list[Header]:
    """The headers for the service: Host is its own."""
    sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.headers]
    headers = end_to_end(sent, ("transfer-encoding",))
    host = upstream.target.authority
    if not tokens(headers, "host"):
        return [("Host", host), *headers]
    return replaced(headers, {"host": host})
