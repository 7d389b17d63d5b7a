"""What a fault does to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..definitions import Example, Operation
from ..generate import fraction, garbage, lognormal
from ..jobs.clock import SECOND
from ..model import Answer, Delivery, Response, ServedFault
from .delivery import send_all
from .fields import limit_delay
from .kinds import KINDS
from .model import Delay, Fault
from .page import page
from .patch import Step, apply_patch
from .registry import MatchedFault
from .response_headers import with_headers

AnswerForExample = Callable[[Example, int], Answer]
"""Gives the answer for an example of a documented error, with this HTTP status."""

_GATEWAY_STATUSES = (502, 503, 504)
_GARBAGE = 512
_INNER_LENGTH = "/header_map/Content-Length"


def gateway_answer(
    matched_fault: MatchedFault,
    operation: Operation,
    answer_for: AnswerForExample,
    switches: Mapping[str, str],
    seed: int,
) -> Answer:
    """The answer of a fault in front of the service. Status 0 means that it is no HTTP at all.

    A status of 502, 503 or 504 without a body gives the HTML page of a gateway, as nginx writes it; any other status gives
    the operation's first documented error with that status, or a page if there is none.
    """
    fault = matched_fault.fault
    headers = _retry_after(fault, matched_fault.left)
    if fault.quota:
        example = operation.examples[fault.quota.error] if fault.quota.error else operation.problems.get("throttled")
        answer = answer_for(example, example.status(switches)) if example else page(429)
    elif fault.status is not None:
        answer = _status_answer(fault, fault.status, operation, answer_for, switches)
    else:
        assert fault.fault is not None
        answer = KINDS[fault.fault].answer(garbage(_GARBAGE, seed, matched_fault.number, matched_fault.turn))
    return replace(answer, headers=(*answer.headers, *headers))


def _status_answer(
    fault: Fault, status: int, operation: Operation, answer_for: AnswerForExample, switches: Mapping[str, str]
) -> Answer:
    if fault.body is not None:
        return Answer(status, None, content_type=fault.content_type, raw=fault.body)
    if status not in _GATEWAY_STATUSES:
        examples = [error for error in operation.errors() if status in error.statuses]
        default_examples = [error for error in examples if error.status(switches) == status]
        if examples:
            return answer_for((default_examples or examples)[0], status)
    return page(status)


def error_answer(fault: Fault, operation: Operation, answer_for: AnswerForExample, switches: Mapping[str, str]) -> Answer:
    """The answer of a fault that is a documented error of the service."""
    assert fault.error is not None
    example = operation.examples[fault.error]
    answer = answer_for(example, example.status(switches))
    return replace(answer, headers=(*answer.headers, *_retry_after(fault, 0)))


def _retry_after(fault: Fault, left: int) -> tuple[tuple[str, str], ...]:
    if fault.retry_after is None:
        return ()
    text = str(-(-left // SECOND)) if fault.retry_after is True else str(fault.retry_after)
    return (("Retry-After", text),)


def apply_patch_to_answer(steps: tuple[Step, ...], answer: Answer) -> Answer:
    """The answer with its body patched. Raises Unpatchable, TestFailed.

    DataArts gives the length of its inner answer: that is corrected, unless the patch itself changes it.
    """
    body = apply_patch(answer.body, steps)
    patches_length = any(_INNER_LENGTH.startswith(step.path) and step.op != "test" for step in steps)
    if not patches_length and _inner_text(body) != _inner_text(answer.body):
        inner = _inner_text(body)
        headers = body.get("header_map")
        if inner is not None and isinstance(headers, dict) and "Content-Length" in headers:
            body = {**body, "header_map": {**headers, "Content-Length": str(len(inner.encode("utf-8", "backslashreplace")))}}
    return replace(answer, body=body)


def _inner_text(body: Any) -> str | None:
    inner = body.get("body") if isinstance(body, dict) else None
    return inner if isinstance(inner, str) else None


def apply_fault(matched_fault: MatchedFault, response: Response, seed: int) -> tuple[Response, int]:
    """The response with the fault applied, and the milliseconds that the mock's clock moves on meanwhile."""
    fault = matched_fault.fault
    seconds = _draw_delay(fault.delay, seed, matched_fault.number, matched_fault.turn) if fault.delay else 0.0
    clock_shift = round(seconds * SECOND) if fault.delay and fault.delay.mock else 0
    if response.status == 0:
        response = replace(response, headers=())
    elif fault.fault:
        response = KINDS[fault.fault].mangle(response)
    if response.status and fault.headers:
        response = replace(response, headers=with_headers(response.headers, fault.headers))
    delivery = _delivery(fault, 0.0 if clock_shift else seconds)
    return replace(response, delivery=delivery, fault=ServedFault(matched_fault.number, fault.kind), wire=None), clock_shift


def _draw_delay(delay: Delay, *key: object) -> float:
    if delay.kind == "fixed":
        return delay.low
    if delay.kind == "uniform":
        return delay.low + (delay.high - delay.low) * fraction("delay", *key)
    return limit_delay(lognormal(delay.low, delay.high, "delay", *key))


def _delivery(fault: Fault, delay: float) -> Delivery | None:
    kind = fault.fault if fault.fault and KINDS[fault.fault].send is not send_all else None
    return Delivery(delay, kind, fault.seconds, fault.chunks) if kind or delay else None
