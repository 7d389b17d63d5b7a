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
    """Start a job, or a run of it; one of its own id is made where the action says so."""
    service = service_behind(action)
    if isinstance(service, JobListService):
        deed = list_runs.rerun if action.do == "rerun" else list_runs.start
        return deed(operation, action, service, scope)
    if action.makes:
        return with_job(action, scope, _make(operation, action, scope))
    declared = declared_job(action, scope) if action.may_name else known_job(action, scope)
    if declared is None and action.may_name:
        return with_job(action, scope, _make(operation, action, scope))
    if declared is None:
        return with_job(action, scope, _first_run(operation, action, scope))
    if declared.waiting:
        return with_job(action, scope, _store(scope, declared, _next_run(action, scope, declared)))
    job = job_now(action, scope, declared)
    if not job.moment.terminal:
        hint = (
            "; declared with started=False, it would wait for its start" if declared.number and not declared.made_by else ""
        )
        raise RequestProblem("job-running", f"the job is {job.moment.status}{hint}", **texts_of_request(scope))
    return with_job(action, scope, _store(scope, declared, _next_run(action, scope, declared, job)))


def _next_run(action: Action, scope: Scope, declared: JobSpec, job: Job | None = None) -> JobSpec:
    job = job or job_now(action, scope, declared)
    fresh = next_run(declared, job.moment, scope.context.now)
    if declared.hidden is not None:
        return replace(fresh, visible=scope.context.now + declared.hidden)
    return replace(fresh, visible=_visible(action, scope.context))


def _store(scope: Scope, before: JobSpec, after: JobSpec) -> JobSpec:
    """Keep a declaration's new state; one that nobody declared so far is declared by its call."""
    declared = scope.context.namespace.declared
    if before.number == MADE_UP:
        return declared.add(after)
    return declared.update(before.number, **{name: getattr(after, name) for name in _CHANGING})


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
    """A job that nobody declared. By chance, where unknown ids are made up; else its first life."""
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
    """A job with an id of its own: the oldest declared one that waits for a call like this, or one that nobody declared."""
    facts = values(action.facts, scope)
    for declared in scope.context.namespace.declared.all():
        if declared.service == life_of(action).kind and declared.waiting and _is_about(declared, scope.identity, facts):
            started = _next_run(action, scope, declared)
            fresh = replace(started, match=scope.identity, facts={**facts, **declared.facts}, made_by=operation.id)
            return _store(scope, declared, fresh)
    return _first_run(operation, action, scope)


def _is_about(declared: JobSpec, identity: Mapping[str, str], facts: Mapping[str, Any]) -> bool:
    """Whether a declaration is about a job like this: neither its identity nor its facts say otherwise."""
    same = all(identity.get(name) == part for name, part in declared.match.items())
    return same and all(_agree(facts[name], fact) for name, fact in declared.facts.items() if name in facts)


def _agree(made: Any, declared: Any) -> bool:
    if isinstance(made, dict) and isinstance(declared, dict):
        return all(_agree(made[name], part) for name, part in declared.items() if name in made)
    return bool(made == declared)


# Making without starting, stopping, deleting


def create(operation: Operation, action: Action, scope: Scope) -> Scope:
    """Make a job that waits for its start."""
    allowed = declared_job(action, scope)
    if allowed is None:
        return with_job(action, scope, _first_run(operation, action, scope, waiting=True))
    if not allowed.waiting or allowed.made_by:
        raise RequestProblem("job-exists", "there is a job with this name", **texts_of_request(scope))
    facts = {**values(action.facts, scope), **allowed.facts}
    return with_job(action, scope, _store(scope, allowed, replace(allowed, facts=facts, made_by=operation.id)))


def stop(_operation: Operation, action: Action, scope: Scope) -> Scope:
    """End a job that runs, by a way that its life has."""
    service = service_behind(action)
    if isinstance(service, JobListService):
        return list_runs.stop(action, service, scope)
    declared = known_job(action, scope)
    job = None if declared is None or declared.waiting else job_now(action, scope, declared)
    if declared is None or job is None or job.moment.terminal:
        state = "has ended" if job else "was never started"
        raise RequestProblem("job-not-running", f"the job {state}", **texts_of_request(scope))
    goal = action.to or life_of(action).actions.get("cancel") or life_of(action).actions["fail"]
    with suppress(InputError):  # no way leads there: it goes on
        life = ended_in(life_of(action), goal, job.moment)
        plan = declared.plan or (declared.life, declared.progress)
        declared = _store(scope, declared, replace(declared, life=life, progress=Progress(), plan=plan))
    return with_job(action, scope, declared)


def delete(_operation: Operation, action: Action, scope: Scope) -> Scope:
    """Forget a job."""
    allowed = known_job(action, scope)
    if allowed is None:
        raise RequestProblem("unknown-id", "nobody declared, made or started such a job", **texts_of_request(scope))
    answer = with_job(action, scope, allowed)
    declared = scope.context.namespace.declared
    declared.delete(allowed.number or declared.add(allowed).number)
    return answer
