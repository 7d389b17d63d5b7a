"""The step that turns an answer into bytes: problems in the vendor's error form, bodies as JSON, the common headers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson

from ..definitions import Definitions, Example, Operation
from ..definitions.model import VENDORS
from ..errors import ControlError, RequestProblem
from ..jobs.clock import SECOND, utc
from ..model import Answer, Response
from ..vendors.envelopes import ENVELOPES

_JSON = "application/json"
_PROBLEM_JSON = "application/problem+json"
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


def problem(
    definitions: Definitions, operation: Operation | None, path: str, error: RequestProblem, switches: Mapping[str, str]
) -> tuple[Example, int] | None:
    """The documented error that answers a problem, and its HTTP status; None if no vendor documents one."""
    if operation is not None:
        example = operation.problems.get(error.kind) or operation.problems.get("internal-error")
        return (example, example.status(switches)) if example else None
    service = definitions.service_at(path)
    if service is None or service.vendor not in VENDORS:
        return None
    candidates = [other for other in definitions.operations if other.vendor == service.vendor]
    sample_operation = next((other for other in candidates if other.service == service.name), candidates[0])
    example = sample_operation.problems.get(error.kind) or sample_operation.problems["internal-error"]
    return example, example.status(switches)


def error_answer(
    definitions: Definitions,
    example: Example,
    status: int,
    facts: Mapping[str, str],
    switches: Mapping[str, str],
    detail: str | None = None,
) -> Answer:
    """An error in its envelope. `facts` fill the message's placeholders; `request_id` and `token` must be among them."""
    assert example.error is not None
    message = _message(definitions, example.error, facts, switches)
    fields = {**facts, "code": example.error["code"], "message": message, "title": _title(status)}
    headers = (("Allow", facts["allow"]),) if status == 405 and "allow" in facts else ()
    return Answer(status, ENVELOPES[example.envelope](fields, switches), headers, problem=detail, error=example.name)


def _message(
    definitions: Definitions, error: Mapping[str, Any], facts: Mapping[str, str], switches: Mapping[str, str]
) -> str:
    if "messages" in error:
        switch = error["messages"]["switch"]
        return definitions.switches[switch].values[switches[switch]]
    message: str = error["message"]
    for name, value in facts.items():
        message = message.replace("{" + name + "}", value)
    return message


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def misuse_answer(error: ControlError) -> Answer:
    """The answer to a mistake in a call of the mock's own API, in the form of RFC 9457."""
    body = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    return Answer(error.status, body, content_type=_PROBLEM_JSON, problem=error.detail)


def response(answer: Answer, now: int, request_id: str, vendor: str, quick: bool = True) -> Response:
    """The answer with its headers, and as bytes (`wire`).

    Args:
        answer: The answer of a step.
        now: The mock's time in milliseconds.
        request_id: The request's id.
        vendor: The vendor whose answer it is.
        quick: True if the body holds only numbers that services and documents write.
    """
    body = _json(answer.body, quick) if answer.raw is None else answer.raw
    headers = [
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(body))),
        ("Date", _date(now // SECOND)),
    ]
    if not answer.content_type:
        del headers[0]
    if vendor == "huaweicloud" and answer.raw is None:
        headers.append(("X-Request-Id", request_id))
    if answer.headers:
        headers += answer.headers
    if answer.problem:
        headers.append(("X-Mock-Problem", header_text(answer.problem)))
    wire = _wire(answer.status, headers, body) if answer.status >= 200 and answer.status not in (204, 304) else None
    return Response(answer.status, tuple(headers), body, answer.problem, error=answer.error, wire=wire)


def _wire(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{_status_line(status)}{lines}\r\n".encode("latin-1", "replace") + body


@lru_cache(maxsize=128)
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {_title(status)}\r\n"


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    """A time (seconds since 1970) as an HTTP date."""
    return format_datetime(utc(second * SECOND), usegmt=True)


def _json(body: Any, quick: bool) -> bytes:
    """A body as JSON, without spaces.

    Python's json writes what orjson can't (halves of surrogate pairs, integers over 64 bits). It writes everything unless
    `quick`, because the two write very large and very small numbers, and NaN, differently.
    """
    if quick:
        try:
            return bytes(
                memoryview(orjson.dumps(body))
            )  # a copy: orjson's own bytes take 4 KiB at least, and answers are kept
        except TypeError:
            pass
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def header_text(text: str) -> str:
    """Text as a header's value: one line of ASCII, at most 500 characters."""
    line = one_line(" ".join(text.split()))
    return line if len(line) <= 500 else line[:497] + "..."


def one_line(text: str) -> str:
    """Text as one line of printable ASCII; all other characters are escaped."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_CONTROLS).encode("ascii", "backslashreplace").decode()
