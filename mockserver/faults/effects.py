"""What a fault makes of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..definitions import Example, Operation
from ..generate import fraction, garbage, lognormal
from ..jobs.clock import SECOND
from ..model import Answer, Delivery, Response, ServedFault
from .delivery import whole
from .fields import longest
from .kinds import KINDS
from .model import Delay, Fault
from .page import page
from .patch import Step, apply_patch
from .registry import MatchedFault
from .response_headers import with_headers

Documented = Callable[[Example, int], Answer]
"""Makes the answer of a documented error, with this HTTP status."""

_FROM_IN_FRONT = (502, 503, 504)
_GARBAGE = 512
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
        assert fault.fault is not None
        answer = KINDS[fault.fault].answer(garbage(_GARBAGE, seed, taken.number, taken.turn))
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
    if response.status == 0:
        response = replace(response, headers=())
    elif fault.fault:
        response = KINDS[fault.fault].mangle(response)
    if response.status and fault.headers:
        response = replace(response, headers=with_headers(response.headers, fault.headers))
    delivery = _delivery(fault, 0.0 if moved else seconds)
    return replace(response, delivery=delivery, fault=ServedFault(taken.number, fault.kind), wire=None), moved


def _drawn(delay: Delay, *key: object) -> float:
    if delay.kind == "fixed":
        return delay.low
    if delay.kind == "uniform":
        return delay.low + (delay.high - delay.low) * fraction("delay", *key)
    return longest(lognormal(delay.low, delay.high, "delay", *key))


def _delivery(fault: Fault, delay: float) -> Delivery | None:
    breaks = fault.fault if fault.fault and KINDS[fault.fault].send is not whole else None
    return Delivery(delay, breaks, fault.seconds, fault.chunks) if breaks or delay else None
