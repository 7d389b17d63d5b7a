"""A request as it came, as the one that the steps work with: path decoded, headers by name."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from ..model import RawRequest, Request

_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_SLASH = re.compile(rb"%2[Ff]")


def read_raw(raw: RawRequest, headers: dict[str, str]) -> Request:
    """The request. Of a target in absolute form, what comes after the authority counts."""
    target = raw.target
    if target[:1] != b"/" and (match := _ABSOLUTE.match(target)):
        target = target[match.end() :]
        target = target if target[:1] == b"/" else b"/" + target
    path, _, query = target.partition(b"?")
    segments: tuple[str, ...] = ()
    if b"%" in path:
        if _SLASH.search(path):
            segments = tuple(_text(unquote_to_bytes(segment)) for segment in path.split(b"/"))
        path = unquote_to_bytes(path)
    return Request(raw.method, _text(path), _text(query), headers, raw.body, max(raw.size, len(raw.body)), segments)


def read_headers(lines: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    """Header lines by name, in lower case; those of the same name are joined, as RFC 9110 (5.3) has it."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            value = headers[name] + ("; " if name == "cookie" else ",") + value
        headers[name] = value
    return headers


def _text(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
