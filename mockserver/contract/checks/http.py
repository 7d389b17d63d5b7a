"""Checks of the answer as HTTP: status, media type, length, headers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

from ...definitions import Operation, ResponseSpec
from ...definitions.pointer import join
from ...errors import excerpt
from ...model import Request, Response
from ...redaction.content_coding import LIMIT, unpack
from ..findings import Finding, finding
from ..strictness import Strictness

HeadersByName = Mapping[str, str]
"""The headers of an answer by name in lower case; of doubled headers, the first."""


def check_status(operation: Operation, response: Response, mode: Strictness) -> list[Finding]:
    """The status must be documented. Read strictly, a status that is only documented by analogy is not."""
    documented = ", ".join(str(status) for status in sorted(operation.answers))
    response_spec = operation.answers.get(response.status)
    if response_spec is None:
        return [finding("status-undocumented", "status", "", str(response.status), f"one of {documented}", operation.place)]
    if mode.strict and response_spec.provenance.kind in ("analogous", "invented"):
        actual = f"{response.status}, which no page of the operation lists"
        return [
            finding("status-undocumented", "status", "", actual, documented, response_spec.place, response_spec.provenance)
        ]
    return []


def check_headers(
    operation: Operation, request: Request, response: Response, response_spec: ResponseSpec | None
) -> list[Finding]:
    """Check media type, length and documented headers; an answer that was recorded without headers has no findings."""
    if not response.headers:
        return []
    source = response_spec.place if response_spec else operation.place
    headers = {name.lower(): text for name, text in reversed(response.headers)}
    findings = [*_check_length(request, response, headers), *_check_doubled_headers(response, headers, source)]
    findings += [*_check_times(headers, source), *_check_coding(request, response, headers, source)]
    if response_spec is None:
        return findings
    if response.body and response_spec.media_types:
        findings += _check_media_type(headers, response_spec)
    for header in response_spec.headers:
        pointer = join(header.name)
        value = headers.get(header.name.lower())
        if value is None and header.required:
            findings.append(
                finding(
                    "header-missing",
                    "header",
                    pointer,
                    "no such header",
                    "always there",
                    response_spec.place,
                    header.provenance,
                )
            )
        elif value is not None and not header.allows(value):
            findings += [
                finding(
                    "header-invalid",
                    "header",
                    pointer,
                    excerpt(value),
                    _rule_text(error),
                    response_spec.place,
                    header.provenance,
                )
                for error in header.errors(value)
            ]
    return findings


_SINGLE_HEADERS = (
    "content-type", "content-length", "content-encoding", "date", "retry-after", "location", "etag", "last-modified",
    "expires", "x-request-id",
)  # fmt: skip
"""Headers that may be sent only once (RFC 9110), and the vendors' own."""

_SECONDS = re.compile(r"[0-9]{1,18}")
_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _check_doubled_headers(response: Response, headers: HeadersByName, source: str) -> Iterator[Finding]:
    if len(headers) == len(response.headers):
        return
    counts = Counter(name.lower() for name, _ in response.headers)
    names = {name.lower(): name for name, _ in response.headers}
    for lower_name, count in counts.items():
        if count > 1 and lower_name in _SINGLE_HEADERS:
            values = ", ".join(excerpt(value) for name, value in response.headers if name.lower() == lower_name)
            actual = f"{count} times: {values}"
            yield finding("header-doubled", "header", join(names[lower_name]), actual, "once (RFC 9110)", source)


def _check_times(headers: HeadersByName, source: str) -> Iterator[Finding]:
    for name, allows_seconds in (("Date", False), ("Retry-After", True)):
        value = headers.get(name.lower())
        if value is not None and not (allows_seconds and _SECONDS.fullmatch(value.strip())) and not _is_date(value.strip()):
            documented = "seconds, or a date of HTTP (RFC 9110)" if allows_seconds else "a date of HTTP (RFC 9110)"
            yield finding("header-invalid", "header", join(name), excerpt(value), documented, source)


@lru_cache(maxsize=4_096)
def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    try:
        return match is not None and _DAYS[parsedate_to_datetime(text).weekday()] == match[1]
    except (ValueError, TypeError):
        return False


def _check_coding(request: Request, response: Response, headers: HeadersByName, source: str) -> Iterator[Finding]:
    """A body that could be unpacked was unpacked before: one still coded here is not in this coding, or is too large."""
    coding = headers.get("content-encoding", "")
    if coding.strip() in ("", "identity") or not response.body or request.method == "HEAD":
        return
    if unpack(coding, response.body) is None:
        documented = f"a body in {coding} that unpacks to at most {LIMIT:,} bytes"
        actual = f"{excerpt(coding)}, with a body that begins {excerpt(response.body[:16].decode('latin-1'))}"
        yield finding("content-encoding-wrong", "header", "/Content-Encoding", actual, documented, source)


def _rule_text(error: object) -> str:
    return f"{getattr(error, 'validator', '')} {excerpt(getattr(error, 'validator_value', ''))}"


def _check_media_type(headers: HeadersByName, response_spec: ResponseSpec) -> list[Finding]:
    content_type = headers.get("content-type")
    media_type = (content_type or "").split(";")[0].strip().lower()
    charset = (content_type or "").lower().partition("charset=")[2].strip(' "')
    documented = ", ".join(response_spec.media_types)
    if media_type not in response_spec.media_types or charset not in ("", "utf-8", "utf8"):
        actual = "none" if content_type is None else excerpt(content_type)
        return [finding("content-type-wrong", "header", "/Content-Type", actual, documented, response_spec.place)]
    return []


def _check_length(request: Request, response: Response, headers: HeadersByName) -> list[Finding]:
    length = headers.get("content-length")
    coding = headers.get("content-encoding") or headers.get("transfer-encoding")
    if length is None or coding or request.method == "HEAD" or length.strip() == str(len(response.body)):
        return []
    return [
        finding("content-length-wrong", "header", "/Content-Length", length, f"{len(response.body)}, the bytes of the body")
    ]
