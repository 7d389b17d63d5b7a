"""Bodies as they were before they were compressed for the way."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

Headers = Sequence[tuple[str, str]]

LIMIT = 64 * 1024 * 1024
"""The longest body that is unpacked, in bytes."""

_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}  # deflate is zlib's form, but many send it bare

CODINGS = ("identity", *_WINDOWS)
"""The codings that can be undone."""


def unpacked(headers: Headers, body: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body without gzip or deflate; the length goes with them, being that of the packed body.

    What can't be unpacked (another encoding, a body that isn't in it, one that grows beyond `LIMIT`) stays as it is.
    """
    encodings = [
        one.strip().lower() for name, value in headers if name.lower() == "content-encoding" for one in value.split(",")
    ]
    plain: bytes | None = body
    for encoding in reversed([one for one in encodings if one not in ("", "identity")]):
        plain = _plain(encoding, plain) if plain is not None else None
    if not encodings or plain is None:
        return tuple(headers), body
    gone = ("content-encoding", "content-length")
    return tuple((name, value) for name, value in headers if name.lower() not in gone), plain


def _plain(encoding: str, body: bytes) -> bytes | None:
    for window in _WINDOWS.get(encoding, ()):
        reader = zlib.decompressobj(window)
        try:
            plain = reader.decompress(body, LIMIT)
        except zlib.error:
            continue
        if reader.eof and not reader.unconsumed_tail:
            return plain
    return b"" if not body and encoding in _WINDOWS else None
