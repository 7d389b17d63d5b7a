"""Bodies as text: unpacked, and changed without harm to their bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..exchanges.exchange import Exchange
from ..model import Response

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 47}

LIMIT = 16 * 1024 * 1024
"""The longest body that is unpacked, in bytes."""

CODINGS = ("identity", *_WINDOWS)
"""The codings that can be undone."""


def changed(body: bytes, change: Callable[[str], str]) -> bytes:
    """A body whose text was changed; bytes that are not UTF-8 are taken as Latin-1, in which every byte is a character."""
    if not body:
        return body
    try:
        text, encoding = body.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = body.decode("latin-1"), "latin-1"
    return change(text).encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")


def unpack(encoding: str, body: bytes) -> bytes | None:
    """A body without its Content-Encoding; None for one that isn't known here, is damaged or is too large."""
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in ("", "identity"):
            continue
        if name not in _WINDOWS:
            return None
        if not body:
            continue
        found = _inflated(body, _WINDOWS[name])
        if found is None and name == "deflate":
            found = _inflated(body, -15)  # some servers leave the frame out
        if found is None:
            return None
        body = found
    return body


def _inflated(body: bytes, window: int) -> bytes | None:
    engine = zlib.decompressobj(window)
    try:
        found = engine.decompress(body, LIMIT)
    except zlib.error:
        return None
    return found if engine.eof and not engine.unused_data else None


def plain(headers: Sequence[tuple[str, str]], body: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body of an answer without its compression; the length goes with it, being that of the packed body.

    What can't be unpacked (another coding, a body that isn't in it, one longer than `LIMIT`) stays as it is.
    """
    coding = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    found = unpack(coding, body) if coding else None
    if found is None:
        return tuple(headers), body
    gone = ("content-encoding", "content-length")
    return tuple((name, value) for name, value in headers if name.lower() not in gone), found


def unpacked(exchange: Exchange) -> Exchange:
    """The exchange with unpacked bodies, as clients see them; of one that can't be unpacked only the size is told."""
    request, response = exchange.request, exchange.response
    found = _plain(request.headers.get("content-encoding", ""), request.body)
    if found is not None:
        headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
        if headers.get("content-length") == str(len(request.body)):
            headers["content-length"] = str(len(found))
        request = replace(request, headers=headers, body=found)
    return replace(exchange, request=request, response=_answer(response))


def _answer(response: Response) -> Response:
    found = _plain(response.header("content-encoding") or "", response.body)
    if found is None:
        return response
    lengths = {str(len(response.body)): str(len(found))}
    headers = tuple(
        (name, lengths.get(value, value) if name.lower() == "content-length" else value)
        for name, value in response.headers
        if name.lower() != "content-encoding"
    )
    return replace(response, headers=headers, body=found)


def _plain(encoding: str, body: bytes) -> bytes | None:
    """The unpacked body; None where nothing was packed."""
    if not encoding.strip() or not body:
        return None
    found = unpack(encoding, body)
    return f"[redacted: {len(body)} bytes of {encoding}]".encode() if found is None else found
