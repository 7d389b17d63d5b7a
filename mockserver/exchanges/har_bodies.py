"""The bodies of a HAR file's entries: as text, in base64, in separate files, cut, redacted or missing."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ..errors import excerpt
from ..redaction.content_coding import unpack
from .recording_lines import body_from_json

_ATTACHED_NAME = re.compile(r"[\w-][\w.-]{0,199}")
_REDACTED = re.compile(
    r"[\W_]*(redacted|removed|filtered|masked|hidden|omitted|scrubbed|sanitized|\*{3,}|x{4,})[\W_]*", re.IGNORECASE
)
_LARGEST_SIZE = 2**63


class Unusable(Exception):
    """Why an entry is not an exchange, in words."""


def number(value: Any, largest: float) -> float | None:
    """The value if it is a JSON number between -`largest` and `largest`, else None."""
    is_valid = isinstance(value, int | float) and not isinstance(value, bool) and -largest <= value <= largest
    return value if is_valid else None


def request_body(data: Any, folder: Path) -> bytes:
    """A request's body. Raises Unusable for a body that can't be read."""
    if not data:
        return b""
    if not isinstance(data, Mapping):
        raise Unusable(f"its postData is {excerpt(data, 40)}, no object")
    data = with_attached_body(data, folder)
    if not data.get("text") and isinstance(data.get("params"), list) and "multipart" not in str(data.get("mimeType")):
        return urlencode([(str(item["name"]), str(item.get("value", ""))) for item in data["params"]]).encode()
    encoding = str(data.get("_encoding") or data.get("encoding") or "").lower()
    return _decoded(str(data.get("text") or "")) if encoding == "base64" else body_from_json({"body": _text(data)})


def with_attached_body(content: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The content, with its body read from a separate file beside the HAR file if there is one (Playwright's `attach`)."""
    name = content.get("_file") or content.get("_sha1")
    if content.get("text") is not None or not isinstance(name, str):
        return content
    if not _ATTACHED_NAME.fullmatch(name):
        raise Unusable(f"its body is in {excerpt(name, 60)}, which is not a file beside this one")
    try:
        raw = (folder / name).read_bytes()
    except OSError:
        raise Unusable(f"its body is in {name}, which is not beside this file") from None
    return {**content, "text": base64.b64encode(raw).decode(), "encoding": "base64"}


def response_body(content: Mapping[str, Any], entry: Mapping[str, Any], packing: str) -> bytes:
    """An answer's body. Raises Unusable if it is missing, cut or redacted; `packing` is its Content-Encoding."""
    if content.get("text") is None:
        _check_missing_body(content, entry)
        return b""
    text = _text(content)
    if str(content.get("encoding") or "").lower() == "base64":
        raw = _decoded(text)
        # Some tools keep the bytes as they came over the wire.
        return raw if content.get("_packed") else (unpack(packing, raw) or raw)
    body = text.encode("utf-8", "surrogatepass")
    if "_origin" in entry:  # a recording of our own
        return body
    if _REDACTED.fullmatch(text):
        raise Unusable(f"the answer's body was redacted ({excerpt(text, 40)})")
    size = number(content.get("size"), _LARGEST_SIZE) or 0
    if len(body) < size and "json" in str(content.get("mimeType")) and not _is_json(text):
        raise Unusable(f"the answer's body was cut ({len(body)} of {size:.0f} bytes are in the file)")
    return body


def _check_missing_body(content: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    answer = entry["response"]
    bodyless = answer["status"] in (204, 304) or str(entry["request"]["method"]).upper() == "HEAD"
    size = max(number(content.get("size"), _LARGEST_SIZE) or 0, number(answer.get("bodySize"), _LARGEST_SIZE) or 0)
    if not bodyless and (size > 0 or content.get("size") != 0):
        raise Unusable(f"the answer's body{f' ({size:.0f} bytes)' if size > 0 else ''} is not in the file")


def _text(content: Mapping[str, Any]) -> str:
    """The text of a body; a JSON value in its place is turned into text."""
    text = content.get("text")
    return json.dumps(text, ensure_ascii=False) if isinstance(text, dict | list) else str(text or "")


def _decoded(text: str) -> bytes:
    """Base64 in either alphabet, with or without padding."""
    standard_text = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard_text + "=" * (-len(standard_text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unusable(f"its body is {excerpt(text, 40)}, which is not base64") from None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
