"""Answers to bytes: HTTP/1.1 as RFC 9112 has it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from ..model import RawRequest, Response

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_LINES = {status: f"HTTP/1.1 {status} {words}\r\n" for status, words in _PHRASES.items()}
_NO_BODY = (204, 304)


def phrase(status: int) -> str:
    """The usual words for a status."""
    return _PHRASES.get(status, "Error")


def head(status: int, headers: Iterable[tuple[str, str]], reason: str | None = None) -> bytes:
    """The head of an answer, up to and with the empty line; `reason`: other words than the usual ones for the status."""
    usual = _LINES.get(status) if reason is None else None
    line = usual or f"HTTP/1.1 {status} {phrase(status) if reason is None else reason}\r\n"
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{line}{fields}\r\n".encode("latin-1", "replace")


def has_body(method: str, status: int) -> bool:
    """Whether the answer to this method with this status comes with a body."""
    return method != "HEAD" and status not in _NO_BODY


def encode(request: RawRequest, response: Response) -> tuple[bytes, bytes]:
    """The head and the body of an answer as they go to whoever sent this request.

    Says how long the body is where the response doesn't, and what becomes of the connection where that isn't plain.
    """
    headers = response.headers
    bare = not has_body(request.method, response.status)
    sized = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
    if not sized and (response.body or not bare):
        headers = (*headers, ("Content-Length", str(len(response.body))))
    if not request.keep_alive:
        headers = (*headers, ("Connection", "close"))
    elif request.http_1_0:
        headers = (*headers, ("Connection", "keep-alive"))
    return head(response.status, headers, response.reason), b"" if bare else response.body
