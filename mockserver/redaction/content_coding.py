"""Bodies as text: unpacked, and changed without harm to their bytes."""

from __future__ import annotations

import importlib
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..exchanges.exchange import Exchange
from ..model import Response

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}

LIMIT = 16 * 1024 * 1024
"""The longest body that is unpacked, in bytes."""

_PACKAGES = {"br": "brotli", "zstd": "zstandard"}
"""Codings that can be undone where a package is installed."""

_BROTLI_PIECE = 64  # so that a bomb is noticed before it is large: brotli below 1.2 knows no limit


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
        if not _is_known(name):
            return None
        if not body:
            continue
        result = _decoded(name, body)
        if result is None:
            return None
        body = result
    return body


def undecodable(response: Response) -> str:
    """The coding of an answer's body that nobody here can undo, but the client can: it asked for it; "" for none."""
    if not response.body:
        return ""
    values = ",".join(value for name, value in response.headers if name.lower() == "content-encoding")
    codings = [part.strip().lower() for part in values.split(",")]
    return next((coding for coding in codings if coding not in ("", "identity") and not _is_known(coding)), "")


def package_for(coding: str) -> str:
    """The package whose installation lets a coding be undone; "" for none."""
    return _PACKAGES.get(coding, "")


def _is_known(coding: str) -> bool:
    return coding in _WINDOWS or _package(coding) is not None


def _package(coding: str) -> Any:
    try:
        return importlib.import_module(_PACKAGES[coding]) if coding in _PACKAGES else None
    except ImportError:
        return None


def _decoded(coding: str, body: bytes) -> bytes | None:
    if coding in _WINDOWS:
        result = _inflated(body, _WINDOWS[coding])
        if result is None and coding == "deflate":
            result = _inflated(body, -15)  # some servers leave the frame out
        return result
    package = _package(coding)
    return _unbrotlied(package, body) if coding == "br" else _unzstandarded(package, body)


def _unbrotlied(brotli: Any, body: bytes) -> bytes | None:
    engine, result = brotli.Decompressor(), bytearray()
    try:
        for start in range(0, len(body), _BROTLI_PIECE):
            result += engine.process(body[start : start + _BROTLI_PIECE])
            if len(result) > LIMIT:
                return None
    except brotli.error:
        return None
    return bytes(result) if engine.is_finished() else None


def _unzstandarded(zstandard: Any, body: bytes) -> bytes | None:
    try:
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True) as reader:
            result: bytes = reader.read(LIMIT + 1)
    except zstandard.ZstdError:
        return None
    return result if len(result) <= LIMIT else None


def _inflated(body: bytes, window: int) -> bytes | None:
    engine = zlib.decompressobj(window)
    try:
        result = engine.decompress(body, LIMIT)
    except zlib.error:
        return None
    return result if engine.eof and not engine.unused_data else None


def plain(headers: Sequence[tuple[str, str]], body: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body of an answer without its compression; the length goes with it, being that of the packed body.

    What can't be unpacked (another coding, a body that isn't in it, one longer than `LIMIT`) stays as it is.
    """
    coding = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    result = unpack(coding, body) if coding else None
    if result is None:
        return tuple(headers), body
    gone = ("content-encoding", "content-length")
    return tuple((name, value) for name, value in headers if name.lower() not in gone), result


def unpacked(exchange: Exchange) -> Exchange:
    """The exchange with unpacked bodies, as clients see them; of one that can't be unpacked only the size is given."""
    request, response = exchange.request, exchange.response
    result = _unpacked(request.headers.get("content-encoding", ""), request.body)
    if result is not None:
        headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
        if headers.get("content-length") == str(len(request.body)):
            headers["content-length"] = str(len(result))
        request = replace(request, headers=headers, body=result)
    return replace(exchange, request=request, response=_decoded_answer(response))


def _decoded_answer(response: Response) -> Response:
    result = _unpacked(response.header("content-encoding") or "", response.body)
    if result is None:
        return response
    lengths = {str(len(response.body)): str(len(result))}
    headers = tuple(
        (name, lengths.get(value, value) if name.lower() == "content-length" else value)
        for name, value in response.headers
        if name.lower() != "content-encoding"
    )
    return replace(response, headers=headers, body=result)


def _unpacked(encoding: str, body: bytes) -> bytes | None:
    """The unpacked body; None where nothing was packed."""
    if not encoding.strip() or not body:
        return None
    result = unpack(encoding, body)
    return f"[redacted: {len(body)} bytes of {encoding}]".encode() if result is None else result
