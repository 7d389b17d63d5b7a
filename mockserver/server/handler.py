"""What a server asks to answer requests."""

from __future__ import annotations

import json

from ..model import RawRequest, Response
from .reading import Refusal


class Handler:
    """Answers the requests of a server. Subclasses say at least `answer`.

    Attributes:
        body_limit: The largest body that it is given, in bytes; of a larger one it gets the size alone.
        threads: How many slow requests are answered at once.
    """

    body_limit: int = 12 * 1024 * 1024
    threads: int = 8

    def answer(self, request: RawRequest) -> Response:
        """The answer to a request. Called on the server's loop: nothing else is done meanwhile."""
        raise NotImplementedError

    def is_slow(self, _request: RawRequest) -> bool:
        """Whether answering takes so long that `answer` is to be called in a thread of its own."""
        return False

    def refuse(self, refusal: Refusal) -> Response:
        """The answer to bytes that are no request; the connection is closed after it."""
        return problem(refusal.status, "Bad request", refusal.detail)

    def tls_alert(self) -> bytes:
        """What a client is sent that greets in TLS, before the connection is closed; nothing: it is served, if it can be."""
        return b""

    def refuses_connections(self) -> bool:
        """Whether the port is closed now. Asked at the start, and by `HttpServer.refresh_port`."""
        return False

    def port_may_change(self) -> bool:
        """Whether that may change by the mere passing of time: the server then looks all the time."""
        return False


def problem(status: int, title: str, detail: str) -> Response:
    """A problem as RFC 9457 has it."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()
    headers = (("Content-Type", "application/problem+json"), ("Content-Length", str(len(body))))
    return Response(status, headers, body, detail)
