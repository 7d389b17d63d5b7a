"""Calling a WSGI app with a request that came by another way."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..model import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def call_wsgi(app: WSGIApplication, request: Request, place: tuple[str, int]) -> tuple[str, list[tuple[str, str]], bytes]:
    """The status line, headers and body of a WSGI app's answer (PEP 3333); `place` is where the server listens."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None, /) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return written.append

    parts = app(_environ(request, *place), start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return started[0], list(started[1]), b"".join(written) + body


def _environ(request: Request, host: str, port: int) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": request.query.encode("utf-8", "surrogateescape").decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()},
    }
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(request.body))
    environ.pop("HTTP_CONTENT_LENGTH", None)
    return environ
