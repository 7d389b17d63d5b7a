"""The body as text: present, in UTF-8, and JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from ...definitions import ResponseSpec
from ...definitions.pointer import join
from ...errors import excerpt
from ...exchanges.json_path import MISSING, decode_embedded, parsed
from ...model import Response
from ..findings import Finding, finding


def read_body(response: Response, response_spec: ResponseSpec | None) -> tuple[Any, list[Finding]]:
    """The JSON in a body (MISSING if there is none to judge), and the findings about its text."""
    source = response_spec.place if response_spec else ""
    if not response.body:
        if response_spec is not None and response_spec.schema is None:
            return MISSING, []
        return MISSING, [finding("body-empty", "body", "", "no body", "a JSON body", source)]
    try:
        text = response.body.decode("utf-8")
    except UnicodeDecodeError as error:
        actual = _describe_non_json(response.body) or f"byte {response.body[error.start]:#04x} at {error.start}"
        return MISSING, [finding("body-encoding", "body", "", actual, "UTF-8", source)]
    try:
        value = parsed(text)
    except (ValueError, RecursionError) as error:
        actual = _describe_non_json(response.body) or f"{error}: {excerpt(text.strip(), 80)}"
        return MISSING, [finding("body-not-json", "body", "", actual, "JSON", source)]
    return value, []


_KNOWN_BEGINNINGS = (
    (b"\x1f\x8b", "data packed by gzip, which no Content-Encoding says"),
    (b"\xef\xbb\xbf", "a byte order mark (U+FEFF, bytes ef bb bf) before the text"),
    (b"\xff\xfe", "UTF-16 or UTF-32, by its byte order mark"),
    (b"\xfe\xff", "UTF-16, by its byte order mark"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG"),
)
_HTML = re.compile(rb"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)


def _describe_non_json(body: bytes) -> str | None:
    """What a body that is not JSON is, if its first bytes tell."""
    if _HTML.match(body[:200]):
        return f"HTML: {excerpt(body[:80].decode('utf-8', 'replace').strip())}"
    return next((name for start, name in _KNOWN_BEGINNINGS if body.startswith(start)), None)


_LARGE_NUMBER = re.compile(r'(?<![\w".])\d+(?:\d{18}|(?:\.\d+)?[eE]\+?\d{2})')
"""Finds numbers that may need more than 64 bits in a body's text, but not the digits of ids in quotes or after a letter."""
_INTEGERS_OF_64_BITS = range(-(2**63), 2**63)


def check_numbers(text: str, body: Any, source: str) -> list[Finding]:
    """Numbers that don't fit into 64 bits, anywhere in the body: most clients read another number, or fail."""
    return list(_large_numbers(body, "", source)) if _LARGE_NUMBER.search(text) else []


def _large_numbers(value: Any, pointer: str, source: str) -> Iterator[Finding]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = decode_embedded(value)
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _large_numbers(child, pointer + join(name), source)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _large_numbers(child, pointer + join(index), source)
    elif _is_too_large(value):
        yield finding("out-of-range", "body", pointer, excerpt(value), "a number that 64 bits hold", source)


def _is_too_large(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value not in _INTEGERS_OF_64_BITS if isinstance(value, int) else not math.isfinite(value)
