"""The answer to a request that is in order: the job, or the page of jobs, as they are now."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..actions.perform import perform
from ..answers import by_document
from ..definitions import Example, Operation
from ..definitions.model import VENDORS
from ..jobs.trajectory import Job
from ..model import Answer
from ..services import CALLS, by_declaration, lookup, service_of, single_of
from ..services.base import Context, JobListService, SingleJobService


def respond(operation: Operation, context: Context) -> Answer:
    """The answer. Raises RequestProblem for an id that nobody knows."""
    if operation.action:
        return perform(operation, context)
    if operation.id in CALLS:
        return CALLS[operation.id](context)
    if operation.required_if and operation.job and _sample(operation, context):
        return _by_document(operation, context)
    service = service_of(operation) if operation.job else None
    if isinstance(service, SingleJobService):
        return _one_job(operation, service, lookup.find_job(operation, service, context), context)
    if isinstance(service, JobListService):
        return _list_answer(operation, service, context)
    return _by_document(operation, context)


def _one_job(operation: Operation, single: SingleJobService, job: Job, context: Context) -> Answer:
    until = min(single.until(job, context.switches), lookup.last_day(job))
    if single is by_declaration.SERVICE:
        return replace(by_declaration.read_answer(operation, job, context.switches), until=until)
    return Answer(200, single.body(job, context.switches), until=until)


def _list_answer(operation: Operation, listing: JobListService, context: Context) -> Answer:
    runs = lookup.find_runs(operation, listing, context)
    rows = [listing.row(job, context.parameters, context.switches) for job in runs.jobs]
    body_at = partial(listing.body, listing.page(rows, runs.total))
    return Answer(200, body_at(context.now, context.request_id), until=runs.until, body_at=body_at)


def respond_as_documented(operation: Operation, context: Context, example: Example) -> Answer | None:
    """The documented example's answer, and once its job has moved on, the job as it is; None where it was declared.

    A call that does something to jobs does it, and then answers as documented.
    """
    if operation.action:
        perform(operation, context)
        return Answer(example.statuses[0], example.value)
    single = single_of(operation)
    if single is None or operation.job is None:
        return Answer(example.statuses[0], example.value)
    job = lookup.documented_job(operation, single, context, example)
    if job is None:
        return None
    if job.moment.status == operation.documented_state:
        until = min(job.moment.until, lookup.last_day(job))
        return Answer(200, single.adapt(example.value, context.namespace.settings.switches), until=until)
    return _one_job(operation, single, job, context)


def _sample(operation: Operation, context: Context) -> bool:
    """Whether it lacks parameters that a switch makes optional: the vendor's page has such requests."""
    optional = [parameter.name for parameter in operation.parameters if parameter.name in operation.required_if]
    return any(name not in context.parameters for name in optional)


def _by_document(operation: Operation, context: Context) -> Answer:
    """What a user's own document shows: a known vendor's first example, anybody else's as it describes them."""
    for example in operation.examples.values() if operation.vendor in VENDORS else ():
        if example.statuses[0] < 300:
            return Answer(example.statuses[0], example.value)
    return by_document.answer(operation, context)
