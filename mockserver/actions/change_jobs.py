"""What changes jobs: starting, making, stopping and deleting them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..definitions import Operation
from ..definitions.actions import Action
from ..errors import InputError, RequestProblem
from ..jobs.clock import SECOND
from ..jobs.job_registry import MADE_UP, JobSpec, ended_in, next_run
from ..jobs.trajectory import Job, Progress
from ..services.base import Context, JobListService
from . import list_runs
from .status_jobs import declared_job, job_now, known_job, life_of, service_behind, texts_of_request, with_job
from .values import Scope, values


def start(operation: Operation, action: Action, scope: Scope) -> Scope:
    """Start a job, or a run of it. Where the action says so (`makes`), the job gets a new id."""
    service = service_behind(action)
    if isinstance(service, JobListService):
        begin = list_runs.rerun if action.do == "rerun" else list_runs.start
        return begin(operation, action, service, scope)
    if action.makes:
        return with_job(action, scope, _make(operation, action, scope))
    spec = declared_job(action, scope) if action.may_name else known_job(action, scope)
    if spec is None and action.may_name:
        return with_job(action, scope, _make(operation, action, scope))
    if spec is None:
        return with_job(action, scope, _first_run(operation, action, scope))
    if spec.waiting:
        return with_job(action, scope, _store(scope, spec, _next_run(action, scope, spec)))
    job = job_now(action, scope, spec)
    if not job.moment.terminal:
        hint = "; declared with started=False, it would wait for its start" if spec.number and not spec.made_by else ""
        raise RequestProblem("job-running", f"the job is {job.moment.status}{hint}", **texts_of_request(scope))
    return with_job(action, scope, _store(scope, spec, _next_run(action, scope, spec, job)))


def _next_run(action: Action, scope: Scope, spec: JobSpec, job: Job | None = None) -> JobSpec:
    job = job or job_now(action, scope, spec)
    started = next_run(spec, job.moment, scope.context.now)
    if spec.hidden is not None:
        return replace(started, visible=scope.context.now + spec.hidden)
    return replace(started, visible=_visible(action, scope.context))


def _store(scope: Scope, before: JobSpec, after: JobSpec) -> JobSpec:
    """Store a job's new state. A made-up job becomes a declared one."""
    registry = scope.context.namespace.declared
    if before.number == MADE_UP:
        return registry.add(after)
    return registry.update(before.number, **{name: getattr(after, name) for name in _CHANGING})


_CHANGING = (
    "match",
    "life",
    "progress",
    "born",
    "visible",
    "plan",
    "run",
    "waiting",
    "history",
    "facts",
    "made_by",
    "owner",
)


def _visible(action: Action, context: Context) -> int:
    after = action.visible_after if action.visible_after is not None else life_of(action).visible_after
    return context.now + round(after * SECOND)


def _first_run(operation: Operation, action: Action, scope: Scope, waiting: bool = False) -> JobSpec:
    """Declare a job that no test declared: with a life by chance where unknown ids are made up, else with the first life."""
    context = scope.context
    namespace, service = context.namespace, service_behind(action)
    by_chance = namespace.settings.unknown_ids == "create"
    owner, filters = service.owner, service.filters
    return namespace.declared.add(
        JobSpec(
            number=0,
            service=life_of(action).kind,
            match={name: part for name, part in scope.identity.items() if name not in filters},
            life=None if by_chance else next(iter(life_of(action).lives.values())),
            progress=Progress.parse(namespace.settings.progress),
            born=context.now,
            visible=context.now if waiting else _visible(action, context),
            owner=str(context.parameters[owner]) if owner and owner in context.parameters else None,
            narrow={name: part for name, part in scope.identity.items() if name in filters},
            facts=values(action.facts, scope),
            place=operation.id,
            waiting=waiting,
            made_by=operation.id,
        )
    )


def _make(operation: Operation, action: Action, scope: Scope) -> JobSpec:
    """The job of a call that makes a new id: the oldest declared job that waits for such a call, else a new one."""
    facts = values(action.facts, scope)
    for spec in scope.context.namespace.declared.all():
        if spec.service == life_of(action).kind and spec.waiting and _fits(spec, scope.identity, facts):
            started = _next_run(action, scope, spec)
            started = replace(started, match=scope.identity, facts={**facts, **spec.facts}, made_by=operation.id)
            return _store(scope, spec, started)
    return _first_run(operation, action, scope)


def _fits(spec: JobSpec, identity: Mapping[str, str], facts: Mapping[str, Any]) -> bool:
    """Whether a declared job may be the one that a call makes: neither its identity nor its facts contradict."""
    same = all(identity.get(name) == part for name, part in spec.match.items())
    return same and all(_agree(facts[name], fact) for name, fact in spec.facts.items() if name in facts)


def _agree(made: Any, declared: Any) -> bool:
    if isinstance(made, dict) and isinstance(declared, dict):
        return all(_agree(made[name], part) for name, part in declared.items() if name in made)
    return bool(made == declared)


# Making without starting, stopping, deleting


def create(operation: Operation, action: Action, scope: Scope) -> Scope:
    """Make a job that waits for its start."""
    spec = declared_job(action, scope)
    if spec is None:
        return with_job(action, scope, _first_run(operation, action, scope, waiting=True))
    if not spec.waiting or spec.made_by:
        raise RequestProblem("job-exists", "there is a job with this name", **texts_of_request(scope))
    facts = {**values(action.facts, scope), **spec.facts}
    return with_job(action, scope, _store(scope, spec, replace(spec, facts=facts, made_by=operation.id)))


def stop(_operation: Operation, action: Action, scope: Scope) -> Scope:
    """End a running job, by the shortest documented way."""
    service = service_behind(action)
    if isinstance(service, JobListService):
        return list_runs.stop(action, service, scope)
    spec = known_job(action, scope)
    job = None if spec is None or spec.waiting else job_now(action, scope, spec)
    if spec is None or job is None or job.moment.terminal:
        state = "has ended" if job else "was never started"
        raise RequestProblem("job-not-running", f"the job {state}", **texts_of_request(scope))
    goal = action.to or life_of(action).actions.get("cancel") or life_of(action).actions["fail"]
    with suppress(InputError):  # no way leads there: it goes on
        life = ended_in(life_of(action), goal, job.moment)
        plan = spec.plan or (spec.life, spec.progress)
        spec = _store(scope, spec, replace(spec, life=life, progress=Progress(), plan=plan))
    return with_job(action, scope, spec)


def delete(_operation: Operation, action: Action, scope: Scope) -> Scope:
    """Delete a job."""
    spec = known_job(action, scope)
    if spec is None:
        raise RequestProblem("unknown-id", "no such job was declared, created or started", **texts_of_request(scope))
    scope_of_job = with_job(action, scope, spec)
    registry = scope.context.namespace.declared
    registry.delete(spec.number or registry.add(spec).number)
    return scope_of_job
