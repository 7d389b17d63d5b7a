"""What an operation does to jobs (`x-action`): it starts, stops, makes, deletes, reads or lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..definitions import Operation
from ..definitions.actions import Action
from ..definitions.model import VENDORS
from ..model import Answer
from ..services.base import Context
from . import change_jobs, read_jobs
from .made_answers import answer_about
from .status_jobs import service_behind
from .values import Scope, filled, values

Change = Callable[[Operation, Action, Scope], Scope]


def perform(operation: Operation, context: Context) -> Answer:
    """Do what the action says, and answer. Raises RequestProblem: unknown-id, job-exists, job-running, job-not-running."""
    assert operation.action is not None
    with context.namespace.declared.one_at_a_time():
        scope = _CHANGES[operation.action.do](operation, operation.action, _scope(operation, operation.action, context))
        if operation.vendor not in VENDORS:
            return answer_about(operation, operation.action, scope)
        example = next((item for item in operation.examples.values() if item.statuses[0] < 300), None)
        status = example.statuses[0] if example else min(operation.responses)
        if status == 204:
            headers = (("X-Request-Id", context.request_id),) if operation.vendor == "huaweicloud" else ()
            return Answer(status, None, headers, content_type="", raw=b"")
        return Answer(status, filled(example.value if example else {}, operation.action.answer, scope))


def _scope(operation: Operation, action: Action, context: Context) -> Scope:
    """What the sources may look at. The identity holds what the request names of it."""
    service = service_behind(action)
    key = (context.namespace.settings.seed, operation.id, context.namespace.declared.last, context.now)
    scope = Scope(context, {}, key, service.views)
    parts = {**action.identity, **({"run": action.run} if action.run else {})}
    return replace(scope, identity={name: str(part) for name, part in values(parts, scope).items()})


_CHANGES: Mapping[str, Change] = {
    "start": change_jobs.start,
    "rerun": change_jobs.start,
    "create": change_jobs.create,
    "stop": change_jobs.stop,
    "delete": change_jobs.delete,
    "read": read_jobs.read,
    "list": read_jobs.list_jobs,
}
