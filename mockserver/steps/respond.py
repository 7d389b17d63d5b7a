"""The answer to a request that is in order: the job, or the page of jobs, as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..definitions import JobLife, Operation
from ..errors import Problem
from ..generate import digest
from ..jobs.clock import SECOND
from ..jobs.history import History, newest_first
from ..jobs.made_up import job_at
from ..model import Answer
from ..services import CALLS, LISTINGS, SINGLES
from ..services.kinds import Context, Listing, Page, Single


def respond(operation: Operation, context: Context, epoch: int | None) -> Answer:
    """The answer. `epoch` is when made-up jobs begin their life (milliseconds; None: when first asked for).

    Raises Problem for an id that nobody knows.
    """
    if operation.id in CALLS:
        return CALLS[operation.id](context)
    if operation.job and operation.service in SINGLES:
        return Answer(200, _single(operation, operation.job, SINGLES[operation.service], context, epoch))
    if operation.job and operation.service in LISTINGS:
        return Answer(200, _listing(operation, operation.job, LISTINGS[operation.service], context, epoch))
    return _first_example(operation)


def _first_example(operation: Operation) -> Answer:
    """What a user's own definition shows."""
    for example in operation.examples.values():
        if example.statuses[0] < 300:
            return Answer(example.statuses[0], example.value)
    raise Problem("internal-error", f"{operation.id} has no example of a 2xx answer, and no module under services/")


def _check_known(operation: Operation, context: Context) -> None:
    if context.settings.unknown_ids == "reject":
        names = operation.job.identity if operation.job else ()
        asked = ", ".join(f"{name} {context.parameters[name]!r}" for name in names)
        raise Problem("unknown-id", f"no job has {asked}; --unknown-ids create makes one up", **_texts(context.parameters))


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items()}


def _single(
    operation: Operation, definition: JobLife, service: Single, context: Context, epoch: int | None
) -> dict[str, Any]:
    _check_known(operation, context)
    identity = {name: str(context.parameters[name]) for name in definition.identity}
    owner = str(context.parameters[service.owner]) if service.owner else ""
    birth = context.store.birth((operation.service, *identity.values()), context.now, owner)
    if birth.owner != owner:
        detail = f"the job belongs to another {service.owner}: the one that asked for it first"
        raise Problem("unknown-id", detail, **_texts(context.parameters))
    born = service.born(identity, birth.time if epoch is None else epoch)
    job = job_at(definition, operation.service, service.profile, context.settings.seed, identity, born, context.now)
    return service.body(job, context.switches)


def _listing(
    operation: Operation, definition: JobLife, service: Listing, context: Context, epoch: int | None
) -> dict[str, Any]:
    _check_known(operation, context)
    identity = service.identity(context.parameters)
    birth = context.store.birth((operation.service, *identity.values()), context.now)
    seed = context.settings.seed
    history = _history(service, identity, seed, birth.time if epoch is None else epoch)
    runs = service.select(history, context.parameters, context.now)
    rows = []
    for run in newest_first(runs, context.parameters["offset"], context.parameters["limit"]):
        of_run = {**identity, "run": str(run)}
        job = job_at(definition, operation.service, service.profile, seed, of_run, history.born(run), context.now)
        rows.append(service.row(job, context.parameters, context.switches))
    return service.body(Page(rows, len(runs), context.now, context.request_id), context.switches)


def _history(service: Listing, identity: Mapping[str, str], seed: int, newest: int) -> History:
    """A history whose newest run begins at `newest` (milliseconds)."""
    low, high = service.period
    period = (low + digest("period", seed, *identity.items()) % (high - low + 1)) * SECOND
    low, high = service.past
    past = low + digest("past", seed, *identity.items()) % (high - low + 1)
    return History(newest - past * period, period)
