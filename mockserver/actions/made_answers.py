"""Answers of actions whose document names no example: made, and then about the job that the action was about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..answers.made_answer import made_answer, requested_values, success_of
from ..definitions import Operation
from ..definitions.actions import Action
from ..definitions.operation_forms import PATH_NAME
from ..generate import Fake
from ..model import Answer
from ..services.base import Context
from .values import Scope, filled

_URLS = ("operation-location", "azure-asyncoperation")
"""Headers whose value is an absolute URL. Source: Microsoft's REST API guidelines, "Long-running operations"."""
_LOCATIONS = ("location", "operation-location", "azure-asyncoperation")


def answer_about(operation: Operation, action: Action, scope: Scope) -> Answer:
    """The answer that the document describes, with the job's own values, and headers that lead to its status."""
    context = scope.context
    identity = {name: part for name, part in scope.identity.items() if part}
    fake = Fake(context.namespace.settings.seed, operation.id, *identity.values())
    requested = {**requested_values(operation, context.parameters), **requested_values(action.status, identity)}
    sample = made_answer(operation, success_of(operation), fake, requested, context.accept)
    body = _with_job_values(sample.body, scope.node, action) if scope.job is not None else sample.body
    if body is not None or action.answer:
        body = filled({} if body is None else body, action.answer, scope)
    validate = operation.responses.get(sample.status)
    if validate is not None and not action.answer and next(iter(validate(body)), None) is not None:
        body = sample.body
    raw = sample.raw if body is None else None
    content_type = sample.content_type or ("application/json" if body is not None else "")
    return replace(
        sample,
        body=body,
        raw=raw,
        content_type=content_type,
        headers=(*sample.headers, *_answer_headers(operation, action, sample, identity, context)),
    )


def _absolute(place: str, context: Context) -> str:
    return f"{context.origin}{place}" if context.origin else place


def _with_job_values(body: Any, node: Any, action: Action) -> Any:
    """The body with the job's values in members of the same name; what the job shows later is not there yet."""
    if not isinstance(body, dict) or not isinstance(node, Mapping):
        return body
    drawing = action.status.job.drawing if action.status.job else None
    places = [*(str(time["at"]) for time in drawing.times), *drawing.only] if drawing else []
    later = {place.split("/")[1] for place in places} - node.keys()
    remaining = {name: value for name, value in body.items() if name not in later}
    return {**remaining, **{name: node[name] for name in remaining if name in node}}


def _answer_headers(
    operation: Operation, action: Action, sample: Answer, identity: Mapping[str, str], context: Context
) -> list[tuple[str, str]]:
    """Where the job's status is, and when to ask for it: as documented, and Location where a 202 documents none."""
    if action.do != "start":
        return []
    path = PATH_NAME.sub(lambda name: quote(identity.get(name[1], name[0]), safe=""), action.status.path)
    place = operation.prefix_in(context.request.path) + path
    response = operation.source.members("responses").get(str(sample.status))
    names = list(response.members("headers")) if response else []
    headers = [(name, _absolute(place, context) if name.lower() in _URLS else place) for name in names
               if name.lower() in _LOCATIONS]  # fmt: skip
    if not headers and sample.status in (201, 202):
        headers = [("Location", place)]
    present = {name.lower() for name, _ in sample.headers}
    return headers + [(name, "1") for name in names if name.lower() == "retry-after" and name.lower() not in present]
