"""The answer as HTTP: status, media type, length, headers."""

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

Sent = Mapping[str, str]
"""The headers of an answer by their names in lower case; the first of each name."""


def check_status(operation: Operation, response: Response, mode: Strictness) -> list[Finding]:
    """The status is documented. Read strictly, a status that only stands by analogy is not."""
    allowed_text = ", ".join(str(status) for status in sorted(operation.answers))
    answers = operation.answers.get(response.status)
    if answers is None:
        return [
            finding("status-undocumented", "status", "", str(response.status), f"one of {allowed_text}", operation.place)
        ]
    if mode.strict and answers.provenance.kind in ("analogous", "invented"):
        actual = f"{response.status}, which no page of the operation lists"
        return [finding("status-undocumented", "status", "", actual, allowed_text, answers.place, answers.provenance)]
    return []


def check_headers(operation: Operation, request: Request, response: Response, answers: ResponseSpec | None) -> list[Finding]:
    """Media type, length and documented headers; nothing where the answer came without its headers."""
    if not response.headers:
        return []
    source = answers.place if answers else operation.place
    sent = {name.lower(): text for name, text in reversed(response.headers)}
    findings = [*_check_length(request, response, sent), *_check_doubled(response, sent, source)]
    findings += [*_check_times(sent, source), *_check_coding(request, response, sent, source)]
    if answers is None:
        return findings
    if response.body and answers.media_types:
        findings += _check_media_type(sent, answers)
    for header in answers.headers:
        pointer = join(header.name)
        value = sent.get(header.name.lower())
        if value is None and header.required:
            findings.append(
                finding(
                    "header-missing", "header", pointer, "no such header", "always there", answers.place, header.provenance
                )
            )
        elif value is not None and not header.allows(value):
            findings += [
                finding(
                    "header-invalid", "header", pointer, excerpt(value), _allowed(error), answers.place, header.provenance
                )
                for error in header.errors(value)
            ]
    return findings


_ONCE = (
    "content-type", "content-length", "content-encoding", "date", "retry-after", "location", "etag", "last-modified",
    "expires", "x-request-id",
)  # fmt: skip
"""Headers that may stand once (RFC 9110), and the vendors' own."""

_SECONDS = re.compile(r"[0-9]{1,18}")
_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _check_doubled(response: Response, sent: Sent, source: str) -> Iterator[Finding]:
    if len(sent) == len(response.headers):
        return
    counts = Counter(name.lower() for name, _ in response.headers)
    names = {name.lower(): name for name, _ in response.headers}
    for lowered, count in counts.items():
        if count > 1 and lowered in _ONCE:
            values = ", ".join(excerpt(value) for name, value in response.headers if name.lower() == lowered)
            actual = f"{count} times: {values}"
            yield finding("header-doubled", "header", join(names[lowered]), actual, "once (RFC 9110)", source)


def _check_times(sent: Sent, source: str) -> Iterator[Finding]:
    for name, seconds in (("Date", False), ("Retry-After", True)):
        value = sent.get(name.lower())
        if value is not None and not (seconds and _SECONDS.fullmatch(value.strip())) and not _is_date(value.strip()):
            allowed = "seconds, or a date of HTTP (RFC 9110)" if seconds else "a date of HTTP (RFC 9110)"
            yield finding("header-invalid", "header", join(name), excerpt(value), allowed, source)


@lru_cache(maxsize=4_096)
def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    try:
        return match is not None and _DAYS[parsedate_to_datetime(text).weekday()] == match[1]
    except (ValueError, TypeError):
        return False


def _check_coding(request: Request, response: Response, sent: Sent, source: str) -> Iterator[Finding]:
    """What unpacks was unpacked before anything was judged: what is left is in no coding, or too large."""
    coding = sent.get("content-encoding", "")
    if coding.strip() in ("", "identity") or not response.body or request.method == "HEAD":
        return
    if unpack(coding, response.body) is None:
        documented = f"a body in {coding} that unpacks to at most {LIMIT:,} bytes"
        actual = f"{excerpt(coding)}, with a body that begins {excerpt(response.body[:16].decode('latin-1'))}"
        yield finding("content-encoding-wrong", "header", "/Content-Encoding", actual, documented, source)


def _allowed(error: object) -> str:
    return f"{getattr(error, 'validator', '')} {excerpt(getattr(error, 'validator_value', ''))}"


def _check_media_type(sent: Sent, answers: ResponseSpec) -> list[Finding]:
    kind = sent.get("content-type")
    plain = (kind or "").split(";")[0].strip().lower()
    charset = (kind or "").lower().partition("charset=")[2].strip(' "')
    documented = ", ".join(answers.media_types)
    if plain not in answers.media_types or charset not in ("", "utf-8", "utf8"):
        actual = "none" if kind is None else excerpt(kind)
        return [finding("content-type-wrong", "header", "/Content-Type", actual, documented, answers.place)]
    return []


def _check_length(request: Request, response: Response, sent: Sent) -> list[Finding]:
    length = sent.get("content-length")
    coded = sent.get("content-encoding") or sent.get("transfer-encoding")
    if length is None or coded or request.method == "HEAD" or length.strip() == str(len(response.body)):
        return []
    return [
        finding("content-length-wrong", "header", "/Content-Length", length, f"{len(response.body)}, the bytes of the body")
    ]
