"""Problems in the form that a document declares for them, by their nature; by RFC 9457 where it declares none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from ..definitions import Operation
from ..errors import RequestProblem
from ..generate import Fake
from ..model import Answer
from .made_answer import key_of, made_answer

STATUSES: Mapping[str, tuple[int, ...]] = {
    "no-route": (404,),
    "wrong-method": (405,),
    "uri-too-long": (414, 400),
    "header-too-large": (431, 400),
    "body-too-large": (413, 400),
    "body-media-type": (415, 400),
    "throttled": (429, 503),
    "unknown-id": (404, 410, 400),
    "job-exists": (409, 400),
    "job-running": (409, 400),
    "job-not-running": (409, 400),
    "internal-error": (500,),
    "project-unknown": (403, 401),
    **dict.fromkeys(("credential-missing", "credential-malformed", "token-invalid", "token-expired", "access-key-unknown",
                     "signature-mismatch", "signature-expired"), (401, 403)),
    **dict.fromkeys(("parameter-missing", "parameter-invalid", "parameter-unknown", "request-malformed", "body-missing",
                     "body-invalid"), (400, 422)),
}  # fmt: skip
"""Which HTTP statuses answer a problem, the usual one first."""

_TEXTS = (
    "message",
    "msg",
    "detail",
    "details",
    "error_description",
    "errormessage",
    "error_msg",
    "description",
    "reason",
    "title",
)
_STATUS = ("status", "statuscode", "status_code", "code", "http_status")


def usual_status(kind: str) -> int:
    """The HTTP status of a problem where no document says it."""
    return STATUSES.get(kind, (400,))[0]


def declared_answer(operation: Operation, problem: RequestProblem, seed: int) -> Answer | None:
    """The problem as the operation declares it; None where it declares no such status."""
    for status in STATUSES.get(problem.kind, (400,)):
        key = key_of(operation, status)
        if key is not None and not (key == "default" and len(operation.source.members("responses")) == 1):
            answer = made_answer(operation, key, Fake(seed, "problem", operation.id, key), {})
            return replace(with_detail(operation, replace(answer, status=status), problem.detail), problem=problem.detail)
    return None


def with_detail(operation: Operation, answer: Answer, detail: str) -> Answer:
    """An error with what happened in the members that are there for it, where the schema allows that."""
    body = _with_texts(answer.body, detail, answer.status)
    valid = answer.raw is None and next(iter(operation.responses[answer.status](body)), None) is None
    return replace(answer, body=body) if valid else answer


def standard_answer(problem: RequestProblem) -> Answer:
    """The problem as RFC 9457 has it."""
    status = usual_status(problem.kind)
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": problem.detail}
    return Answer(status, body, content_type="application/problem+json", problem=problem.detail)


def _with_texts(body: Any, detail: str, status: int, depth: int = 0) -> Any:
    """The body with what happened in the members that are there for it."""
    if not isinstance(body, dict) or depth > 1:
        return body
    members: dict[str, Any] = {}
    for name, value in body.items():
        plain = name.lower()
        if isinstance(value, str) and plain in _TEXTS:
            members[name] = detail
        elif isinstance(value, int) and not isinstance(value, bool) and plain in _STATUS:
            members[name] = status
        else:
            members[name] = _with_texts(value, detail, status, depth + 1)
    return members
