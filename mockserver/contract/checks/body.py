"""The body as text: there, in UTF-8, JSON."""

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


def read_body(response: Response, answers: ResponseSpec | None) -> tuple[Any, list[Finding]]:
    """The JSON in a body (MISSING where there is none to judge), and what is wrong with its text."""
    source = answers.place if answers else ""
    if not response.body:
        if answers is not None and answers.schema is None:
            return MISSING, []
        return MISSING, [finding("body-empty", "body", "", "no body", "a JSON body", source)]
    try:
        text = response.body.decode("utf-8")
    except UnicodeDecodeError as error:
        result = _name_of(response.body) or f"byte {response.body[error.start]:#04x} at {error.start}"
        return MISSING, [finding("body-encoding", "body", "", result, "UTF-8", source)]
    try:
        value = parsed(text)
    except (ValueError, RecursionError) as error:
        what = _name_of(response.body) or f"{error}: {excerpt(text.strip(), 80)}"
        return MISSING, [finding("body-not-json", "body", "", what, "JSON", source)]
    return value, []


_SIGNATURES = (
    (b"\x1f\x8b", "data packed by gzip, which no Content-Encoding says"),
    (b"\xef\xbb\xbf", "a byte order mark (U+FEFF, bytes ef bb bf) before the text"),
    (b"\xff\xfe", "UTF-16 or UTF-32, by its byte order mark"),
    (b"\xfe\xff", "UTF-16, by its byte order mark"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG"),
)
_HTML = re.compile(rb"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)


def _name_of(body: bytes) -> str | None:
    """What a body is that can't be read as JSON, where its first bytes tell."""
    if _HTML.match(body[:200]):
        return f"HTML: {excerpt(body[:80].decode('utf-8', 'replace').strip())}"
    return next((name for start, name in _SIGNATURES if body.startswith(start)), None)


_LARGE = re.compile(r'(?<![\w".])\d+(?:\d{18}|(?:\.\d+)?[eE]\+?\d{2})')
"""What may be such a number, in the text of a body: digits of ids, which stand in quotes or after a letter, are none."""
_INTEGERS = range(-(2**63), 2**63)


def check_numbers(text: str, body: Any, source: str) -> list[Finding]:
    """Numbers that no 64 bits hold, wherever they stand: most clients read another number, or none."""
    return list(_large(body, "", source)) if _LARGE.search(text) else []


def _large(value: Any, pointer: str, source: str) -> Iterator[Finding]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = decode_embedded(value)
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _large(child, pointer + join(name), source)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _large(child, pointer + join(index), source)
    elif _is_too_large(value):
        yield finding("out-of-range", "body", pointer, excerpt(value), "a number that 64 bits hold", source)


def _is_too_large(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value not in _INTEGERS if isinstance(value, int) else not math.isfinite(value)
