"""The step that answers a request in order: with the job, or the page of jobs, as they are now."""

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
    """The answer. Raises RequestProblem for an unknown id."""
    if operation.action:
        return perform(operation, context)
    if operation.id in CALLS:
        return CALLS[operation.id](context)
    if operation.required_if and operation.job and _lacks_optional_parameters(operation, context):
        return _document_answer(operation, context)
    service = service_of(operation) if operation.job else None
    if isinstance(service, SingleJobService):
        return _job_answer(operation, service, lookup.find_job(operation, service, context), context)
    if isinstance(service, JobListService):
        return _list_answer(operation, service, context)
    return _document_answer(operation, context)


def _job_answer(operation: Operation, service: SingleJobService, job: Job, context: Context) -> Answer:
    until = min(service.until(job, context.switches), lookup.last_day(job))
    if service is by_declaration.SERVICE:
        return replace(by_declaration.read_answer(operation, job, context.switches), until=until)
    return Answer(200, service.body(job, context.switches), until=until)


def _list_answer(operation: Operation, service: JobListService, context: Context) -> Answer:
    runs = lookup.find_runs(operation, service, context)
    rows = [service.row(job, context.parameters, context.switches) for job in runs.jobs]
    body_at = partial(service.body, service.page(rows, runs.total))
    return Answer(200, body_at(context.now, context.request_id), until=runs.until, body_at=body_at)


def respond_as_documented(operation: Operation, context: Context, example: Example) -> Answer | None:
    """The documented example, or its job once that has moved on; None if a test declared this job.

    A call that acts on jobs acts, and then answers as documented.
    """
    if operation.action:
        perform(operation, context)
        return Answer(example.statuses[0], example.value)
    service = single_of(operation)
    if service is None or operation.job is None:
        return Answer(example.statuses[0], example.value)
    job = lookup.documented_job(operation, service, context, example)
    if job is None:
        return None
    if job.moment.status == operation.documented_state:
        until = min(job.moment.until, lookup.last_day(job))
        return Answer(200, service.adapt(example.value, context.namespace.settings.switches), until=until)
    return _job_answer(operation, service, job, context)


def _lacks_optional_parameters(operation: Operation, context: Context) -> bool:
    """True if the request lacks parameters that a switch makes optional: the vendor's page shows such requests."""
    optional = [parameter.name for parameter in operation.parameters if parameter.name in operation.required_if]
    return any(name not in context.parameters for name in optional)


def _document_answer(operation: Operation, context: Context) -> Answer:
    """The answer by the document: the first example for a known vendor, else an answer made as the document describes."""
    for example in operation.examples.values() if operation.vendor in VENDORS else ():
        if example.statuses[0] < 300:
            return Answer(example.statuses[0], example.value)
    return by_document.answer(operation, context)
