"""What an operation does to jobs (`x-action`): it starts, stops, makes, deletes, reads or lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..definitions import JobLife, Operation
from ..definitions.actions import Action
from ..definitions.model import VENDORS
from ..errors import InputError, RequestProblem
from ..exchanges.json_path import MISSING, matches, value_at
from ..jobs.clock import SECOND
from ..jobs.job_registry import MADE_UP, JobSpec, ended_in, next_run
from ..jobs.trajectory import Job, Progress
from ..model import Answer
from ..services import lookup, service_of
from ..services.base import Context, JobListService, Service, SingleJobService
from . import list_runs
from .made_answers import answer_about
from .values import Scope, filled, value, values

Deed = Callable[[Operation, Action, Scope], Scope]


def perform(operation: Operation, context: Context) -> Answer:
    """Do it and answer. Raises RequestProblem: unknown-id, job-exists, job-running, job-not-running."""
    assert operation.action is not None
    with context.namespace.declared.one_at_a_time():
        scope = _DEEDS[operation.action.do](operation, operation.action, _scope(operation, operation.action, context))
        if operation.vendor not in VENDORS:
            return answer_about(operation, operation.action, scope)
        example = next((item for item in operation.examples.values() if item.statuses[0] < 300), None)
        status = example.statuses[0] if example else min(operation.responses)
        if status == 204:
            headers = (("X-Request-Id", context.request_id),) if operation.vendor == "huaweicloud" else ()
            return Answer(status, None, headers, content_type="", raw=b"")
        return Answer(status, filled(example.value if example else {}, operation.action.answer, scope))


def _scope(operation: Operation, action: Action, context: Context) -> Scope:
    """What the sources may look at; the identity's parts that the request gives none of are empty."""
    service = _service(action)
    key = (context.namespace.settings.seed, operation.id, context.namespace.declared.last, context.now)
    scope = Scope(context, {}, key, service.views)
    parts = {**action.identity, **({"run": action.run} if action.run else {})}
    return replace(scope, identity={name: str(part) for name, part in values(parts, scope).items()})


def _service(action: Action) -> Service:
    service = service_of(action.status)
    assert service is not None
    return service


def _life(action: Action) -> JobLife:
    assert action.status.job is not None
    return action.status.job


# Starting


def _start(operation: Operation, action: Action, scope: Scope) -> Scope:
    service = _service(action)
    if isinstance(service, JobListService):
        deed = list_runs.rerun if action.do == "rerun" else list_runs.start
        return deed(operation, action, service, scope)
    if action.makes:
        return _seen(action, scope, _make(operation, action, scope))
    context = scope.context
    declared = _declared(action, scope) if action.may_name else _earlier_declaration(action, scope)
    if declared is None and action.may_name:
        return _seen(action, scope, _make(operation, action, scope))
    if declared is None:
        return _seen(action, scope, _first_run(operation, action, scope))
    if declared.waiting:
        return _seen(action, scope, _change(scope, declared, _again(action, scope, declared)))
    job = _job(action, scope, declared)
    if not job.moment.terminal:
        hint = (
            "; declared with started=False, it would wait for its start" if declared.number and not declared.made_by else ""
        )
        raise RequestProblem("job-running", f"the job is {job.moment.status}{hint}", **_texts(context, scope))
    return _seen(action, scope, _change(scope, declared, _again(action, scope, declared, job)))


def _again(action: Action, scope: Scope, declared: JobSpec, job: Job | None = None) -> JobSpec:
    job = job or _job(action, scope, declared)
    fresh = next_run(declared, job.moment, scope.context.now)
    if declared.hidden is not None:
        return replace(fresh, visible=scope.context.now + declared.hidden)
    return replace(fresh, visible=_visible(action, scope.context))


def _change(scope: Scope, before: JobSpec, after: JobSpec) -> JobSpec:
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
    after = action.visible_after if action.visible_after is not None else _life(action).visible_after
    return context.now + round(after * SECOND)


def _first_run(operation: Operation, action: Action, scope: Scope, waiting: bool = False) -> JobSpec:
    """A job that nobody declared. By chance, where unknown ids are made up; else its first life."""
    context = scope.context
    namespace, service = context.namespace, _service(action)
    by_chance = namespace.settings.unknown_ids == "create"
    owner, filters = service.owner, service.filters
    return namespace.declared.add(
        JobSpec(
            number=0,
            service=_life(action).kind,
            match={name: part for name, part in scope.identity.items() if name not in filters},
            life=None if by_chance else next(iter(_life(action).lives.values())),
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
        if declared.service == _life(action).kind and declared.waiting and _fits(declared, scope.identity, facts):
            started = _again(action, scope, declared)
            fresh = replace(started, match=scope.identity, facts={**facts, **declared.facts}, made_by=operation.id)
            return _change(scope, declared, fresh)
    return _first_run(operation, action, scope)


def _fits(declared: JobSpec, identity: Mapping[str, str], facts: Mapping[str, Any]) -> bool:
    """Whether a declaration is about a job like this: neither its identity nor its facts say otherwise."""
    same = all(identity.get(name) == part for name, part in declared.match.items())
    return same and all(_agree(facts[name], fact) for name, fact in declared.facts.items() if name in facts)


def _agree(made: Any, declared: Any) -> bool:
    if isinstance(made, dict) and isinstance(declared, dict):
        return all(_agree(made[name], part) for name, part in declared.items() if name in made)
    return bool(made == declared)


# Making without starting, stopping, deleting


def _create(operation: Operation, action: Action, scope: Scope) -> Scope:
    allowed = _declared(action, scope)
    if allowed is None:
        return _seen(action, scope, _first_run(operation, action, scope, waiting=True))
    if not allowed.waiting or allowed.made_by:
        raise RequestProblem("job-exists", "there is a job with this name", **_texts(scope.context, scope))
    facts = {**values(action.facts, scope), **allowed.facts}
    return _seen(action, scope, _change(scope, allowed, replace(allowed, facts=facts, made_by=operation.id)))


def _stop(_operation: Operation, action: Action, scope: Scope) -> Scope:
    service = _service(action)
    if isinstance(service, JobListService):
        return list_runs.stop(action, service, scope)
    declared = _earlier_declaration(action, scope)
    job = None if declared is None or declared.waiting else _job(action, scope, declared)
    if declared is None or job is None or job.moment.terminal:
        state = "has ended" if job else "was never started"
        raise RequestProblem("job-not-running", f"the job {state}", **_texts(scope.context, scope))
    goal = action.to or _life(action).actions.get("cancel") or _life(action).actions["fail"]
    with suppress(InputError):  # no way leads there: it goes on
        life = ended_in(_life(action), goal, job.moment)
        plan = declared.plan or (declared.life, declared.progress)
        declared = _change(scope, declared, replace(declared, life=life, progress=Progress(), plan=plan))
    return _seen(action, scope, declared)


def _delete(_operation: Operation, action: Action, scope: Scope) -> Scope:
    allowed = _earlier_declaration(action, scope)
    if allowed is None:
        raise RequestProblem("unknown-id", "nobody declared, made or started such a job", **_texts(scope.context, scope))
    answer = _seen(action, scope, allowed)
    declared = scope.context.namespace.declared
    declared.delete(allowed.number or declared.add(allowed).number)
    return answer


# Looking


def _read(_operation: Operation, action: Action, scope: Scope) -> Scope:
    if action.where:
        return next(_with_facts(action, scope), None) or _nobody(scope)
    declared = _earlier_declaration(action, scope)
    if declared is None:  # asked for the first time: a job that is made up
        declared = lookup.declaration(action.status, _single(action), _status_context(scope))
    return _seen(action, scope, declared)


def _nobody(scope: Scope) -> Scope:
    raise RequestProblem("unknown-id", "nobody declared, made or started a job like this", **_texts(scope.context, scope))


def _with_facts(action: Action, scope: Scope) -> Iterator[Scope]:
    """The newest jobs whose facts are what the action asks for."""
    expected = values(action.where, scope)
    service = _service(action)
    if isinstance(service, JobListService):
        runs = list_runs.known(action, service, scope)
        yield from (run for run in runs if run.job and all(value_at(run.job.profile, at) == v for at, v in expected.items()))
        return
    for declared in _newest_first(action, scope):
        identity = {**scope.identity, **declared.match}
        same = all(identity[name] == part for name, part in scope.identity.items())
        if same and set(_life(action).identity) <= set(identity):
            seen = _seen(action, replace(scope, identity=identity), declared)
            if seen.job and all(value_at(seen.job.profile, place) == fact for place, fact in expected.items()):
                yield seen


def _list(_operation: Operation, action: Action, scope: Scope) -> Scope:
    rows = [row for row in (_runs(action, scope) if action.of == "runs" else _jobs(action, scope)) if _is_kind(action, row)]
    remaining = [row for row in rows if _passes(action, row)]
    if action.must_exist and not rows and set(_life(action).identity) <= set(scope.identity):
        return _nobody(scope)
    start, size = _page(action, scope)
    return replace(scope, rows=remaining[start : start + size], total=len(remaining))


def _is_kind(action: Action, row: Scope) -> bool:
    """Whether a row's facts are what the list is of: each the same, or one of several."""
    expected = {place: value(source, row) for place, source in action.where.items()}
    facts = {place: value_at(row.job.profile, place) if row.job else MISSING for place in expected}
    return all(facts[place] in some if isinstance(some, list) else facts[place] == some for place, some in expected.items())


def _passes(action: Action, row: Scope) -> bool:
    """Whether a row is what the request's filters ask for; one that it doesn't send leaves all."""
    expected = ((value(source, row), name) for name, source in action.filters.items())
    return all(fact in (MISSING, row.context.parameters[name]) for fact, name in expected if name in row.context.parameters)


def _page(action: Action, scope: Scope) -> tuple[int, int]:
    paging, parameters = action.paging, scope.context.parameters
    if paging is None:
        return 0, 1_000_000
    size = int(parameters.get(paging.limit or "", paging.size))
    if paging.offset:
        return max(0, int(parameters.get(paging.offset, paging.first)) - paging.first), size
    return max(0, int(parameters.get(paging.number or "", paging.first)) - paging.first) * size, size


def _runs(action: Action, scope: Scope) -> Iterator[Scope]:
    """The runs of one job, the newest first; a job that was never started has none."""
    service = _service(action)
    if isinstance(service, JobListService):
        yield from list_runs.runs(action, service, scope)
        return
    declared = _earlier_declaration(action, scope)
    if declared is None:
        declared = lookup.declaration(action.status, _single(action), _status_context(scope))
    for run in [] if declared.waiting else [declared, *reversed(declared.history)]:
        yield _seen(action, scope, run)


def _jobs(action: Action, scope: Scope) -> Iterator[Scope]:
    """Every job whose whole identity is known, the newest first."""
    for declared in _newest_first(action, scope):
        identity = {**scope.identity, **declared.match}
        hidden = declared.waiting and _life(action).unstarted is None
        allowed = set(_life(action).identity) <= set(identity)
        same = all(identity[name] == part for name, part in scope.identity.items())
        if not (allowed and same and not hidden and scope.context.now >= declared.visible):
            continue
        service, scope_of_job = _service(action), replace(scope, identity={**identity, **declared.narrow})
        if isinstance(service, JobListService):  # it has no state of its own: the facts are those of its newest run
            newest = list_runs.newest(action, service, scope_of_job, declared)
            yield replace(newest, identity=scope_of_job.identity) if newest else scope_of_job
        else:
            yield _seen(action, scope_of_job, declared)


def _newest_first(action: Action, scope: Scope) -> list[JobSpec]:
    jobs = [item for item in scope.context.namespace.declared.all() if item.service == _life(action).kind]
    return sorted(jobs, key=lambda item: (item.born, item.number), reverse=True)


# Jobs of the status operation


def _status_context(scope: Scope) -> Context:
    return replace(scope.context, parameters={**scope.context.parameters, **scope.identity})


def _texts(context: Context, scope: Scope) -> dict[str, str]:
    return {name: str(text) for name, text in {**context.parameters, **scope.identity}.items()}


def _single(action: Action) -> SingleJobService:
    service = _service(action)
    assert isinstance(service, SingleJobService)
    return service


def _declared(action: Action, scope: Scope) -> JobSpec | None:
    """The newest declaration of this job; one that only waits for a call does not count."""
    return lookup.declared(action.status, _status_context(scope))


def _earlier_declaration(action: Action, scope: Scope) -> JobSpec | None:
    """This job, as declared or asked for before; None for one that nobody knows. Raises RequestProblem: unknown-id."""
    return lookup.declaration_if_any(action.status, _single(action), _status_context(scope))


def _job(action: Action, scope: Scope, declared: JobSpec) -> Job:
    return lookup.job(action.status, _single(action), _status_context(scope), declared, poll=False)


def _seen(action: Action, scope: Scope, declared: JobSpec) -> Scope:
    """The scope with this job as the status operation shows it now."""
    scope = replace(scope, identity={**scope.identity, **declared.match})
    job = _job(action, scope, declared)
    if declared.waiting and _life(action).unstarted is None:
        return replace(scope, job=job)
    observation = action.status.observation
    body = _single(action).body(job, scope.context.switches)
    node = next((node for _, node in matches(body, observation.jobs)), MISSING) if observation else body
    return scope.of(job, node)


_DEEDS: Mapping[str, Deed] = {
    "start": _start,
    "rerun": _start,
    "create": _create,
    "stop": _stop,
    "delete": _delete,
    "read": _read,
    "list": _list,
}
