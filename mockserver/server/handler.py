"""The interface between a server and the code that answers its requests."""

from __future__ import annotations

import json

from ..model import RawRequest, Response
from .reading import Refusal


class Handler:
    """Answers the requests of a server. Subclasses override at least `answer`.

    Attributes:
        body_limit: The largest body that it is given, in bytes; of a larger one it gets only the size.
        threads: How many slow requests are answered at the same time.
    """

    body_limit: int = 12 * 1024 * 1024
    threads: int = 8

    def answer(self, request: RawRequest) -> Response:
        """The answer to a request. Called on the server's loop, which does nothing else meanwhile."""
        raise NotImplementedError

    def is_slow(self, _request: RawRequest) -> bool:
        """True if `answer` takes so long for this request that it must be called in a thread."""
        return False

    def refuse(self, refusal: Refusal) -> Response:
        """The answer to bytes that are not a request; the connection is closed after it."""
        return problem(refusal.status, "Bad request", refusal.detail)

    def tls_alert(self) -> bytes:
        """The bytes sent to a client that begins with TLS, before its connection is closed; empty: it is served normally."""
        return b""

    def refuses_connections(self) -> bool:
        """True if the port must be closed now. Called at the start, and by `HttpServer.refresh_port`."""
        return False

    def port_may_change(self) -> bool:
        """True if `refuses_connections` may change as time passes: then the server checks it regularly."""
        return False


def problem(status: int, title: str, detail: str) -> Response:
    """A problem in the form of RFC 9457."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()
    headers = (("Content-Type", "application/problem+json"), ("Content-Length", str(len(body))))
    return Response(status, headers, body, detail)
