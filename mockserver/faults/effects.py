"""What a fault makes of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from ..definitions import Example, Operation
from ..generate import fraction, garbage, lognormal
from ..jobs.clock import SECOND
from ..model import Answer, Delivery, Response, ServedFault
from .fields import longest
from .model import KINDS, Delay, Fault
from .patch import Step, apply_patch
from .registry import MatchedFault

Documented = Callable[[Example, int], Answer]
"""Makes the answer of a documented error, with this HTTP status."""

_FROM_IN_FRONT = (502, 503, 504)
_GARBAGE = 512
_BEYOND = 1_000
_MALFORMED = b"\xff\xfe"
_INNER_LENGTH = "/header_map/Content-Length"


def gateway_answer(
    taken: MatchedFault, operation: Operation, documented: Documented, switches: Mapping[str, str], seed: int
) -> Answer:
    """The answer of a fault that is answered in front of the service. Status 0 means: not an HTTP answer at all.

    A status of 502, 503 or 504 without a body is a gateway's HTML page, as nginx writes it; any other is the operation's
    first documented error with that status, or a page where it has none.
    """
    fault = taken.fault
    headers = _retry_after(fault, taken.left)
    if fault.quota:
        example = operation.examples[fault.quota.error] if fault.quota.error else operation.problems.get("throttled")
        answer = documented(example, example.status(switches)) if example else page(429)
    elif fault.status is not None:
        answer = _with_status(fault, fault.status, operation, documented, switches)
    else:
        answer = _broken(taken, seed)
    return replace(answer, headers=(*answer.headers, *headers))


def _with_status(
    fault: Fault, status: int, operation: Operation, documented: Documented, switches: Mapping[str, str]
) -> Answer:
    if fault.body is not None:
        return Answer(status, None, content_type=fault.content_type, raw=fault.body)
    if status not in _FROM_IN_FRONT:
        standing = [error for error in operation.errors() if status in error.statuses]
        usual = [error for error in standing if error.status(switches) == status]
        if standing:
            return documented((usual or standing)[0], status)
    return page(status)


def page(status: int, title: str | None = None) -> Answer:
    """An error page as nginx writes it; `title` where it isn't the status's own."""
    words = title or f"{status} {_phrase(status)}"
    lines = ["<html>", f"<head><title>{words}</title></head>", "<body>", f"<center><h1>{words}</h1></center>"]
    text = "\r\n".join([*lines, "<hr><center>nginx</center>", "</body>", "</html>", ""])
    return Answer(status, None, (("Server", "nginx"),), "text/html", raw=text.encode())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _broken(taken: MatchedFault, seed: int) -> Answer:
    if taken.fault.fault == "EMPTY_BODY":
        return Answer(200, None, raw=b"")
    if taken.fault.fault == "HTML_200":
        return page(200, "502 Bad Gateway")
    noise = garbage(_GARBAGE, seed, taken.number, taken.turn)
    if taken.fault.fault == "MALFORMED_RESPONSE_CHUNK":
        return Answer(200, None, raw=noise)
    return Answer(0, None, raw=noise if taken.fault.fault == "RANDOM_DATA_THEN_CLOSE" else b"")


def error_answer(fault: Fault, operation: Operation, documented: Documented, switches: Mapping[str, str]) -> Answer:
    """The answer of a fault that is a documented error of the service."""
    assert fault.error is not None
    example = operation.examples[fault.error]
    answer = documented(example, example.status(switches))
    return replace(answer, headers=(*answer.headers, *_retry_after(fault, 0)))


def _retry_after(fault: Fault, left: int) -> tuple[tuple[str, str], ...]:
    if fault.retry_after is None:
        return ()
    text = str(-(-left // SECOND)) if fault.retry_after is True else str(fault.retry_after)
    return (("Retry-After", text),)


def patched(steps: tuple[Step, ...], answer: Answer) -> Answer:
    """The answer with its body patched. Raises Unpatchable, TestFailed.

    DataArts tells the length of the answer that it wraps: it follows, unless the patch is about it.
    """
    body = apply_patch(answer.body, steps)
    own = any(_INNER_LENGTH.startswith(step.path) and step.op != "test" for step in steps)
    if not own and _inner_text(body) != _inner_text(answer.body):
        inner = _inner_text(body)
        headers = body.get("header_map")
        if inner is not None and isinstance(headers, dict) and "Content-Length" in headers:
            body = {**body, "header_map": {**headers, "Content-Length": str(len(inner.encode("utf-8", "backslashreplace")))}}
    return replace(answer, body=body)


def _inner_text(body: Any) -> str | None:
    inner = body.get("body") if isinstance(body, dict) else None
    return inner if isinstance(inner, str) else None


def finished(taken: MatchedFault, response: Response, seed: int) -> tuple[Response, int]:
    """The response as the fault leaves it, and by how many milliseconds the mock's clock goes on meanwhile."""
    fault = taken.fault
    seconds = _drawn(fault.delay, seed, taken.number, taken.turn) if fault.delay else 0.0
    moved = round(seconds * SECOND) if fault.delay and fault.delay.mock else 0
    response = _mangled(fault, response)
    if response.status and fault.headers:
        response = replace(response, headers=_with_headers(response.headers, fault.headers))
    delivery = _delivery(fault, 0.0 if moved else seconds)
    return replace(response, delivery=delivery, fault=ServedFault(taken.number, fault.kind), wire=None), moved


def _drawn(delay: Delay, *key: object) -> float:
    if delay.kind == "fixed":
        return delay.low
    if delay.kind == "uniform":
        return delay.low + (delay.high - delay.low) * fraction("delay", *key)
    return longest(lognormal(delay.low, delay.high, "delay", *key))


def _delivery(fault: Fault, delay: float) -> Delivery | None:
    kind = KINDS.get(fault.fault or "")
    breaks = fault.fault if kind and (kind.socket or fault.fault in ("HANG", "SLOW_DRIBBLE")) else None
    return Delivery(delay, breaks, fault.seconds, fault.chunks) if breaks or delay else None


def _mangled(fault: Fault, response: Response) -> Response:
    if response.status == 0:
        return replace(response, headers=())
    body = response.body
    if fault.fault == "MALFORMED_RESPONSE_CHUNK":
        headers = tuple(header for header in response.headers if header[0] != "Content-Length")
        return replace(response, headers=(*headers, ("Transfer-Encoding", "chunked")))
    if fault.fault == "SHORT_BODY":
        return _with_body(response, body, len(body) + _BEYOND)
    if fault.fault == "TRUNCATED_JSON":
        return _with_body(response, body[: len(body) // 2], len(body) // 2)
    if fault.fault == "WRONG_ENCODING":
        wrong = _not_utf8(body)
        kind = (response.header("Content-Type") or "application/json").partition(";")[0]
        return _with_body(response, wrong, len(wrong), (("Content-Type", f"{kind}; charset=utf-8"),))
    return response


def _not_utf8(body: bytes) -> bytes:
    """The body with two bytes in its first string value that no UTF-8 has."""
    for mark in (b':"', b'"'):
        before, separator, after = body.partition(mark)
        if separator:
            return before + separator + _MALFORMED + after
    return body + _MALFORMED


def _with_body(response: Response, body: bytes, length: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    changed = _with_headers(response.headers, (*headers, ("Content-Length", str(length))))
    return replace(response, body=body, headers=changed)


def _with_headers(headers: Iterable[tuple[str, str]], changes: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers with these added, or in the place of those of the same name."""
    result = list(headers)
    for name, value in changes:
        places = [index for index, (other, _) in enumerate(result) if other.lower() == name.lower()]
        if places:
            result[places[0]] = (name, value)
            result = [header for index, header in enumerate(result) if index not in places[1:]]
        else:
            result.append((name, value))
    return tuple(result)
