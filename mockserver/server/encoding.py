"""Encodes answers as HTTP/1.1 (RFC 9112)."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from ..model import RawRequest, Response

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {status: f"HTTP/1.1 {status} {words}\r\n" for status, words in _PHRASES.items()}
_NO_BODY = (204, 304)


def phrase(status: int) -> str:
    """The standard phrase of a status."""
    return _PHRASES.get(status, "Error")


def head(status: int, headers: Iterable[tuple[str, str]], reason: str | None = None) -> bytes:
    """The head of an answer, including the empty line; `reason` replaces the standard phrase of the status."""
    standard_line = _STATUS_LINES.get(status) if reason is None else None
    line = standard_line or f"HTTP/1.1 {status} {phrase(status) if reason is None else reason}\r\n"
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{line}{fields}\r\n".encode("latin-1", "replace")


def has_body(method: str, status: int) -> bool:
    """True if an answer to this method, with this status, has a body."""
    return method != "HEAD" and status not in _NO_BODY


def encode(request: RawRequest, response: Response) -> tuple[bytes, bytes]:
    """The head and the body of an answer, as bytes for the client that sent this request.

    Adds Content-Length if the response lacks it, and Connection unless the default of the HTTP version is right.
    """
    headers = response.headers
    without_body = not has_body(request.method, response.status)
    has_length = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
    if not has_length and (response.body or not without_body):
        headers = (*headers, ("Content-Length", str(len(response.body))))
    if not request.keep_alive:
        headers = (*headers, ("Connection", "close"))
    elif request.http_1_0:
        headers = (*headers, ("Connection", "keep-alive"))
    return head(response.status, headers, response.reason), b"" if without_body else response.body
