"""Which jobs a request is about, and how they are now."""

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
    """The job with the request's id. Raises RequestProblem for an id that is unknown, or not known yet, or no longer."""
    identity = _identity(operation, context)
    spec = _find_spec(operation, service, context, identity)
    return _job_at(_life_of(operation), service, spec, identity, spec.born, context)


def job(operation: Operation, service: SingleJobService, context: Context, spec: JobSpec, poll: bool = True) -> Job:
    """The job of a specification, with the request's identity. `poll`: whether this counts as a poll."""
    return _job_at(_life_of(operation), service, spec, _identity(operation, context), spec.born, context, poll)


def find_spec(operation: Operation, service: SingleJobService, context: Context) -> JobSpec:
    """The specification of the job with the request's id, declared or made up. Raises RequestProblem as `find_job` does."""
    return _find_spec(operation, service, context, _identity(operation, context))


def _find_spec(operation: Operation, service: SingleJobService, context: Context, identity: Mapping[str, str]) -> JobSpec:
    result = newest_spec(operation, context)
    if result is None:
        _check_known(operation, context)
        result = _made_up(operation, service, context, identity, _owner(service, context))
    else:
        _check_owner(result, _owner(service, context), context)
    _check_age(_life_of(operation), result, context)
    return result


def find_spec_if_any(operation: Operation, service: SingleJobService, context: Context) -> JobSpec | None:
    """Like `find_spec`, but None instead of a new made-up job: for an id that was never requested before."""
    births, epoch = context.namespace.store, context.namespace.epoch
    key = (_life_of(operation).kind, *_identity(operation, context).values())
    if newest_spec(operation, context) is None and epoch is None and births.known_birth(key) is None:
        _check_known(operation, context)
        return None
    return find_spec(operation, service, context)


def newest_spec(operation: Operation, context: Context) -> JobSpec | None:
    """The newest declared specification of the request's job. One that is hidden until its start doesn't count."""
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
    """The job of the documented example, continued from its status; None if a test declared this id."""
    if newest_spec(operation, context) is not None:
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
    """The time from which on the job is no longer kept (milliseconds)."""
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
    specs = namespace.declared.matching(kind, parameters)
    if not specs:
        _check_known(operation, context)
    as_of_time, last_number = namespace.store.as_of(key, offset, context.now, namespace.declared.last)
    specs = (
        [spec for spec in specs if spec.number <= last_number] or specs or [_made_up_history(operation, service, context)]
    )
    sources = [spec for spec in reversed(specs) if _passes(spec, service, parameters)]
    series = [
        RunSeries(spec, spec.first_born(), spec.every, spec.count).between(
            low, min(high, as_of_time - max(0, spec.visible - spec.born))
        )
        for spec in sources
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
        for source, number, born in page(series, offset, limit)
    ]
    filters = {name: str(parameters[name]) for name in service.filters if parameters.get(name)}
    if filters:
        jobs = [replace(job, identity={**job.identity, **filters}) for job in jobs]
    next_run = min((_next_birth(source, context.now) for source in sources), default=LATEST)
    return Runs(jobs, total(series), min([next_run, *(job.moment.until for job in jobs)]))


def run(operation: Operation, service: JobListService, spec: JobSpec, number: int, born: int, context: Context) -> Job:
    """A run of a declared list; parts of its identity that neither the request nor the declaration has are empty."""
    parameters = {**dict.fromkeys(_life_of(operation).identity, ""), **context.parameters}
    identity = _identity_of_run(service, parameters, spec, number)
    return _job_at(_life_of(operation), service, _as_ended(spec, number), identity, born, context, poll=False)


def run_number(spec: JobSpec, number: int) -> str:
    """What a run is called: no two runs of a namespace have the same."""
    return str(spec.number * _RUNS + number)


def _next_birth(source: JobSpec, now: int) -> int:
    """When the next run of a source is listed (milliseconds)."""
    if source.number == MADE_UP:
        return source.born + source.every
    hidden = max(0, source.visible - source.born)
    runs = RunSeries(source, source.first_born() + hidden, source.every, source.count)
    index = runs.before(now + 1)
    return runs.born(index) if index < runs.count else LATEST


def _as_ended(spec: JobSpec, number: int) -> JobSpec:
    """The declaration as it is for this run: one that was stopped has a life of its own."""
    life = spec.ends.get(number)
    return spec if life is None else replace(spec, life=life, progress=Progress())


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


def _check_owner(spec: JobSpec, owner: str, context: Context) -> None:
    if spec.owner is not None and spec.owner != owner:
        detail = f"the job was declared for {spec.owner!r}, not for {owner!r}"
        raise RequestProblem("unknown-id", detail, **_parameter_texts(context))


def _check_age(definition: JobLife, spec: JobSpec, context: Context) -> None:
    if context.now < spec.visible:
        wait = (spec.visible - context.now) / SECOND
        reason = "its id is one of the future" if spec.number == MADE_UP else "the job was only just created"
        raise RequestProblem("unknown-id", f"{reason}: it can be found in {wait:g} s", **_parameter_texts(context))
    if definition.retention is not None and context.now - spec.born > definition.retention * SECOND:
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


def _passes(spec: JobSpec, service: JobListService, parameters: Mapping[str, Any]) -> bool:
    """Whether the list's optional filters leave a declaration's runs."""
    requested = {name: parameters[name] for name in service.filters if parameters.get(name)}
    return all(spec.narrow.get(name, value) == value for name, value in requested.items())


def _identity_of_run(service: JobListService, parameters: Mapping[str, Any], spec: JobSpec, number: int) -> dict[str, str]:
    """Who a run is, however it was asked for: a filter that the declaration leaves open doesn't count."""
    requested = {name: value for name, value in parameters.items() if spec.number == MADE_UP or name not in service.filters}
    identity = service.identity({**requested, **spec.match, **spec.narrow})
    return {**identity, "run": run_number(spec, number)}


def _job_at(
    definition: JobLife,
    service: Service,
    spec: JobSpec,
    identity: Mapping[str, str],
    born: int,
    context: Context,
    poll: bool = True,
) -> Job:
    """The job at its moment; `poll`: being asked for counts as one. By chance, each run has a life of its own."""
    namespace, name = context.namespace, spec.service
    seed = namespace.settings.seed
    values = tuple(identity.values())
    run = (str(spec.run),) if spec.run else ()
    life = spec.life or life_of(definition, name, seed, values + run)
    moment = namespace.declared.moment(definition, spec, life, (name, *values), context.now, born, poll)
    facts = facts_of(service.profile, name, seed, identity)
    return Job(identity, {**facts, **spec.facts} if spec.facts else facts, moment, definition, spec.run)
