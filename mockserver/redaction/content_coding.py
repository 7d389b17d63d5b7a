"""Content codings: unpacks bodies, and changes their texts without damage to other bytes."""

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
"""Codings that can be unpacked if a package is installed."""

_BROTLI_PIECE = 64  # bytes: small, to notice a bomb early, because brotli before 1.2 has no limit of its own


def map_text(body: bytes, change: Callable[[str], str]) -> bytes:
    """The body with its text changed; a body that is not UTF-8 is read as Latin-1, in which every byte is a character."""
    if not body:
        return body
    try:
        text, encoding = body.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = body.decode("latin-1"), "latin-1"
    return change(text).encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")


def unpack(encoding: str, body: bytes) -> bytes | None:
    """The body unpacked; None if its Content-Encoding is unknown, it is damaged, or it becomes too large."""
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in ("", "identity"):
            continue
        if not _is_known(name):
            return None
        if not body:
            continue
        unpacked = _unpack_coding(name, body)
        if unpacked is None:
            return None
        body = unpacked
    return body


def unknown_coding(response: Response) -> str:
    """The coding of an answer's body that can't be unpacked here, though the client asked for it; "" if there is none."""
    if not response.body:
        return ""
    values = ",".join(value for name, value in response.headers if name.lower() == "content-encoding")
    codings = [part.strip().lower() for part in values.split(",")]
    return next((coding for coding in codings if coding not in ("", "identity") and not _is_known(coding)), "")


def package_for(coding: str) -> str:
    """The package that must be installed to unpack a coding; "" if there is none."""
    return _PACKAGES.get(coding, "")


def _is_known(coding: str) -> bool:
    return coding in _WINDOWS or _package(coding) is not None


def _package(coding: str) -> Any:
    try:
        return importlib.import_module(_PACKAGES[coding]) if coding in _PACKAGES else None
    except ImportError:
        return None


def _unpack_coding(coding: str, body: bytes) -> bytes | None:
    if coding in _WINDOWS:
        result = _inflate(body, _WINDOWS[coding])
        if result is None and coding == "deflate":
            result = _inflate(body, -15)  # some servers leave out the zlib header
        return result
    package = _package(coding)
    return _unpack_brotli(package, body) if coding == "br" else _unpack_zstandard(package, body)


def _unpack_brotli(brotli: Any, body: bytes) -> bytes | None:
    decompressor, result = brotli.Decompressor(), bytearray()
    try:
        for start in range(0, len(body), _BROTLI_PIECE):
            result += decompressor.process(body[start : start + _BROTLI_PIECE])
            if len(result) > LIMIT:
                return None
    except brotli.error:
        return None
    return bytes(result) if decompressor.is_finished() else None


def _unpack_zstandard(zstandard: Any, body: bytes) -> bytes | None:
    try:
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True) as reader:
            result: bytes = reader.read(LIMIT + 1)
    except zstandard.ZstdError:
        return None
    return result if len(result) <= LIMIT else None


def _inflate(body: bytes, window: int) -> bytes | None:
    decompressor = zlib.decompressobj(window)
    try:
        result = decompressor.decompress(body, LIMIT)
    except zlib.error:
        return None
    return result if decompressor.eof and not decompressor.unused_data else None


def without_coding(headers: Sequence[tuple[str, str]], body: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body of an answer without its compression, and so without the length of the packed body.

    A body that can't be unpacked (unknown coding, damaged, longer than `LIMIT`) stays as it is.
    """
    coding = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    unpacked = unpack(coding, body) if coding else None
    if unpacked is None:
        return tuple(headers), body
    removed_names = ("content-encoding", "content-length")
    return tuple((name, value) for name, value in headers if name.lower() not in removed_names), unpacked


def with_unpacked_bodies(exchange: Exchange) -> Exchange:
    """The exchange with unpacked bodies, as clients see them; a body that can't be unpacked becomes a text with its size."""
    request, response = exchange.request, exchange.response
    result = _unpack_or_describe(request.headers.get("content-encoding", ""), request.body)
    if result is not None:
        headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
        if headers.get("content-length") == str(len(request.body)):
            headers["content-length"] = str(len(result))
        request = replace(request, headers=headers, body=result)
    return replace(exchange, request=request, response=_unpack_response(response))


def _unpack_response(response: Response) -> Response:
    result = _unpack_or_describe(response.header("content-encoding") or "", response.body)
    if result is None:
        return response
    lengths = {str(len(response.body)): str(len(result))}
    headers = tuple(
        (name, lengths.get(value, value) if name.lower() == "content-length" else value)
        for name, value in response.headers
        if name.lower() != "content-encoding"
    )
    return replace(response, headers=headers, body=result)


def _unpack_or_describe(encoding: str, body: bytes) -> bytes | None:
    """The unpacked body, or a text with its size if that is impossible; None if it wasn't packed."""
    if not encoding.strip() or not body:
        return None
    result = unpack(encoding, body)
    return f"[redacted: {len(body)} bytes of {encoding}]".encode() if result is None else result
