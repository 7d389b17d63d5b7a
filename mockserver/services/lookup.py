"""Which jobs a request is about, and where they stand now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..definitions import Example, JobLife, Life, Operation
from ..errors import RequestProblem
from ..generate import digest
from ..jobs.clock import DAY, LATEST, SECOND
from ..jobs.history import RunSeries, page, total
from ..jobs.job_registry import MADE_UP, JobSpec
from ..jobs.made_up_jobs import facts_of, life_of
from ..jobs.trajectory import Job, Progress
from .base import Context, JobListService, Service, SingleJobService

_RUNS = 1_000_000_000  # runs are numbered within their declaration


def find_job(operation: Operation, service: SingleJobService, context: Context) -> Job:
    """The job with the request's id. Raises RequestProblem for an id that nobody knows, or not yet, or not any more."""
    identity = _identity(operation, context)
    declared = _declaration(operation, service, context, identity)
    return _job_at(_life_of(operation), service, declared, identity, declared.born, context)


def job(operation: Operation, service: SingleJobService, context: Context, declared: JobSpec, poll: bool = True) -> Job:
    """The declared job as the request means it; `poll`: whether asking counts as a poll."""
    return _job_at(_life_of(operation), service, declared, _identity(operation, context), declared.born, context, poll)


def declaration(operation: Operation, service: SingleJobService, context: Context) -> JobSpec:
    """Who the job is with the request's id. Raises RequestProblem for an id that nobody knows (yet, or any more)."""
    return _declaration(operation, service, context, _identity(operation, context))


def _declaration(operation: Operation, service: SingleJobService, context: Context, identity: Mapping[str, str]) -> JobSpec:
    result = declared(operation, context)
    if result is None:
        _check_known(operation, context)
        result = _made_up(operation, service, context, identity, _owner(service, context))
    else:
        _check_owner(result, _owner(service, context), context)
    _check_age(_life_of(operation), result, context)
    return result


def declaration_if_any(operation: Operation, service: SingleJobService, context: Context) -> JobSpec | None:
    """Like `declaration`, but None for an id that nobody has asked for before, where such an id would be made up."""
    births, epoch = context.namespace.store, context.namespace.epoch
    key = (_life_of(operation).kind, *_identity(operation, context).values())
    if declared(operation, context) is None and epoch is None and births.known_birth(key) is None:
        _check_known(operation, context)
        return None
    return declaration(operation, service, context)


def declared(operation: Operation, context: Context) -> JobSpec | None:
    """The newest declaration of the request's job; one that can't be seen before its start doesn't count."""
    definition = _life_of(operation)
    result = context.namespace.declared.matching(definition.kind, context.parameters)
    if not result:
        return None
    return next((item for item in result if not item.waiting or definition.unstarted is not None), None)


def _identity(operation: Operation, context: Context) -> dict[str, str]:
    return {name: str(context.parameters[name]) for name in _life_of(operation).identity}


def _owner(service: SingleJobService, context: Context) -> str:
    return str(context.parameters[service.owner]) if service.owner else ""


def documented_job(operation: Operation, service: SingleJobService, context: Context, example: Example) -> Job | None:
    """The documented example's job, as it goes on from there; None where somebody declared it otherwise."""
    if declared(operation, context) is not None:
        return None
    definition = _life_of(operation)
    identity = {name: str(context.parameters[name]) for name in definition.identity}
    born = context.namespace.store.birth((_life_of(operation).kind, *identity.values()), context.now).time
    life = _rest_of_life(definition, operation.documented_state)
    facts = service.facts(service.adapt(example.value, context.namespace.settings.switches))
    made_up = JobSpec(
        MADE_UP, _life_of(operation).kind, identity, life, _progress_setting(context), born, visible=0, facts=facts
    )
    return _job_at(definition, service, made_up, identity, born, context)


def last_day(job: Job) -> int:
    """When the job is not kept any longer (milliseconds)."""
    retention = job.definition.retention
    return LATEST if retention is None else job.moment.born + int(retention * SECOND) + 1


@dataclass(frozen=True, slots=True)
class Runs:
    """A page of runs, newest first; how many there are in all; when time alone changes one of them, or brings the next."""

    jobs: list[Job]
    total: int
    until: int


def find_runs(operation: Operation, service: JobListService, context: Context) -> Runs:
    """A page of runs. Raises RequestProblem for a list that nobody knows."""
    namespace, parameters = context.namespace, context.parameters
    low, high = service.window(parameters, context.now)
    offset, limit = parameters["offset"], parameters["limit"]
    kind = _life_of(operation).kind
    key = (kind, *(f"{name}={parameters[name]}" for name in parameters if name not in ("offset", "limit")))
    result = namespace.declared.matching(kind, parameters)
    if not result:
        _check_known(operation, context)
    text, last = namespace.store.as_of(key, offset, context.now, namespace.declared.last)
    result = (
        [find_job for find_job in result if find_job.number <= last]
        or result
        or [_made_up_history(operation, service, context)]
    )
    sources = [find_job for find_job in reversed(result) if _passes(find_job, service, parameters)]
    stretches = [
        RunSeries(find_job, find_job.first_born(), find_job.every, find_job.count).between(
            low, min(high, text - max(0, find_job.visible - find_job.born))
        )
        for find_job in sources
    ]
    jobs = [
        _job_at(
            _life_of(operation),
            service,
            _as_ended(source, number),
            _identity_of_run(service, parameters, source, number),
            born,
            context,
        )
        for source, number, born in page(stretches, offset, limit)
    ]
    asked_for = {name: str(parameters[name]) for name in service.filters if parameters.get(name)}
    if asked_for:
        jobs = [replace(job, identity={**job.identity, **asked_for}) for job in jobs]
    next_run = min((_next_birth(source, context.now) for source in sources), default=LATEST)
    return Runs(jobs, total(stretches), min([next_run, *(job.moment.until for job in jobs)]))


def run(operation: Operation, service: JobListService, declared: JobSpec, number: int, born: int, context: Context) -> Job:
    """A run of a declared list; parts of its identity that neither the request nor the declaration has are empty."""
    parameters = {**dict.fromkeys(_life_of(operation).identity, ""), **context.parameters}
    identity = _identity_of_run(service, parameters, declared, number)
    return _job_at(_life_of(operation), service, _as_ended(declared, number), identity, born, context, poll=False)


def run_number(declared: JobSpec, number: int) -> str:
    """What a run is called: no two runs of a namespace have the same."""
    return str(declared.number * _RUNS + number)


def _next_birth(source: JobSpec, now: int) -> int:
    """When the next run of a source is listed (milliseconds)."""
    if source.number == MADE_UP:
        return source.born + source.every
    hidden = max(0, source.visible - source.born)
    runs = RunSeries(source, source.first_born() + hidden, source.every, source.count)
    index = runs.before(now + 1)
    return runs.born(index) if index < runs.count else LATEST


def _as_ended(declared: JobSpec, number: int) -> JobSpec:
    """The declaration as it is for this run: one that was stopped has a life of its own."""
    life = declared.ends.get(number)
    return declared if life is None else replace(declared, life=life, progress=Progress())


def _life_of(operation: Operation) -> JobLife:
    assert operation.job is not None
    return operation.job


def _progress_setting(context: Context) -> Progress:
    return _parsed_progress(context.namespace.settings.progress)


_parsed_progress = lru_cache(maxsize=64)(Progress.parse)


def _rest_of_life(definition: JobLife, status: str | None) -> Life:
    """The first life that comes through this state, from there on."""
    for life in definition.lives.values():
        for index, (state, _) in enumerate(life.steps):
            if state == status:
                return Life(life.name, life.summary, 0, life.steps[index:])
    raise AssertionError(f"no life comes through {status}")


def _parameter_texts(context: Context) -> dict[str, str]:
    return {name: str(value) for name, value in context.parameters.items()}


def _check_owner(declared: JobSpec, owner: str, context: Context) -> None:
    if declared.owner is not None and declared.owner != owner:
        detail = f"the job was declared for {declared.owner!r}, not for {owner!r}"
        raise RequestProblem("unknown-id", detail, **_parameter_texts(context))


def _check_age(definition: JobLife, declared: JobSpec, context: Context) -> None:
    if context.now < declared.visible:
        wait = (declared.visible - context.now) / SECOND
        reason = "its id is one of the future" if declared.number == MADE_UP else "the job was only just created"
        raise RequestProblem("unknown-id", f"{reason}: it can be found in {wait:g} s", **_parameter_texts(context))
    if definition.retention is not None and context.now - declared.born > definition.retention * SECOND:
        remaining = definition.retention * SECOND // DAY
        raise RequestProblem(
            "unknown-id", f"the job is older than {remaining:g} days: it is not kept longer", **_parameter_texts(context)
        )


def _check_known(operation: Operation, context: Context) -> None:
    if context.namespace.declared.deleted(_life_of(operation).kind, context.parameters):
        raise RequestProblem("unknown-id", "the job was deleted", **_parameter_texts(context))
    if context.namespace.settings.unknown_ids == "reject":
        requested = ", ".join(f"{name} {context.parameters[name]!r}" for name in _life_of(operation).identity)
        detail = f"no job has {requested}; declare one, or use --unknown-ids create"
        raise RequestProblem("unknown-id", detail, **_parameter_texts(context))


def _made_up(
    operation: Operation, service: SingleJobService, context: Context, identity: Mapping[str, str], owner: str
) -> JobSpec:
    namespace, definition = context.namespace, _life_of(operation)
    birth = namespace.store.birth((definition.kind, *identity.values()), context.now, owner)
    if birth.owner != owner:
        detail = f"the job belongs to another {service.owner}: the one that asked for it first"
        raise RequestProblem("unknown-id", detail, **_parameter_texts(context))
    requested = birth.time if namespace.epoch is None else namespace.epoch
    born = service.born(identity, requested - round(definition.visible_after * SECOND))  # it can be found by now
    visible = service.created(identity, born)
    return JobSpec(MADE_UP, definition.kind, identity, None, _progress_setting(context), born, visible)


def _made_up_history(operation: Operation, service: JobListService, context: Context) -> JobSpec:
    """Runs at even distances: when the history is first asked for, one begins; the others came before or follow."""
    namespace, identity = context.namespace, service.identity(context.parameters)
    requested = namespace.store.birth((_life_of(operation).kind, *identity.values()), context.now).time
    first_asked = requested if namespace.epoch is None else namespace.epoch
    every = _between(service.period, "period", namespace.settings.seed, *identity.items()) * SECOND
    since = max(0, context.now - first_asked) // every
    count = _between(service.past, "past", namespace.settings.seed, *identity.items()) + 1 + since
    newest = first_asked + since * every
    return JobSpec(MADE_UP, _life_of(operation).kind, identity, None, _progress_setting(context), newest, 0, count, every)


def _between(bounds: tuple[int, int], *key: object) -> int:
    low, high = bounds
    return low + digest(*key) % (high - low + 1)


def _passes(declared: JobSpec, service: JobListService, parameters: Mapping[str, Any]) -> bool:
    """Whether the list's optional filters leave a declaration's runs."""
    requested = {name: parameters[name] for name in service.filters if parameters.get(name)}
    return all(declared.narrow.get(name, value) == value for name, value in requested.items())


def _identity_of_run(
    service: JobListService, parameters: Mapping[str, Any], declared: JobSpec, number: int
) -> dict[str, str]:
    """Who a run is, however it was asked for: a filter that the declaration leaves open doesn't count."""
    requested = {
        name: value for name, value in parameters.items() if declared.number == MADE_UP or name not in service.filters
    }
    identity = service.identity({**requested, **declared.match, **declared.narrow})
    return {**identity, "run": run_number(declared, number)}


def _job_at(
    definition: JobLife,
    service: Service,
    declared: JobSpec,
    identity: Mapping[str, str],
    born: int,
    context: Context,
    poll: bool = True,
) -> Job:
    """The job at its moment; `poll`: being asked for counts as one. By chance, each run has a life of its own."""
    namespace, name = context.namespace, declared.service
    seed = namespace.settings.seed
    values = tuple(identity.values())
    run = (str(declared.run),) if declared.run else ()
    life = declared.life or life_of(definition, name, seed, values + run)
    moment = namespace.declared.moment(definition, declared, life, (name, *values), context.now, born, poll)
    facts = facts_of(service.profile, name, seed, identity)
    return Job(identity, {**facts, **declared.facts} if declared.facts else facts, moment, definition, declared.run)
