"""What calls do to the runs of lists: they start one, stop one, run one again, list them by their job's name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..definitions import Operation
from ..definitions.actions import Action
from ..errors import RequestProblem
from ..jobs.history import RunSeries, page
from ..jobs.job_registry import JobSpec, ended_in
from ..jobs.made_up_jobs import life_of
from ..jobs.trajectory import Progress
from ..services import lookup
from ..services.base import JobListService
from .values import Scope, values

MAX_RUNS = 1_000
"""How many runs of a declared list can be seen by calls: its newest."""


def start(operation: Operation, action: Action, service: JobListService, scope: Scope) -> Scope:
    """Begin a run that is listed from now on: that of the oldest declared list that waits, else a new one of this job."""
    jobs = list(_declared(action, scope))
    if not jobs and scope.context.namespace.settings.unknown_ids == "reject":
        raise RequestProblem("unknown-id", "no such job was declared", **dict(scope.identity))
    return _begin(operation, action, service, scope, next((job for job in jobs if job.waiting), jobs[-1] if jobs else None))


def rerun(operation: Operation, action: Action, service: JobListService, scope: Scope) -> Scope:
    """Begin a new run like the one that the request names."""
    spec, _, previous = _numbered_run(action, service, scope)
    if previous.job is not None and not previous.job.moment.terminal:
        raise RequestProblem("job-running", f"the run is {previous.job.moment.status}", **dict(scope.identity))
    return _begin(operation, action, service, scope, spec)


def stop(action: Action, service: JobListService, scope: Scope) -> Scope:
    """Lead the run that the request names, by the shortest documented way, to the action's goal state."""
    assert action.status.job is not None
    spec, number, run = _numbered_run(action, service, scope)
    assert run.job is not None
    if run.job.moment.terminal:
        raise RequestProblem("job-not-running", f"the run is {run.job.moment.status}", **dict(scope.identity))
    goal = action.to or action.status.job.actions["cancel"]
    ends = {**spec.ends, number: ended_in(action.status.job, goal, run.job.moment)}
    stopped = scope.context.namespace.declared.update(spec.number, ends=ends)
    return _with_run(action, service, scope, stopped, number, run.job.moment.born)


def runs(action: Action, service: JobListService, scope: Scope) -> Iterator[Scope]:
    """The runs of all lists of this job, the newest first."""
    for spec, number, born in _numbered(action, scope):
        yield _with_run(action, service, scope, spec, number, born)


def newest(action: Action, service: JobListService, scope: Scope, spec: JobSpec) -> Scope | None:
    """The newest run of a declared list; None of one that waits, or has none yet."""
    series = RunSeries(spec, spec.first_born(), spec.every, spec.count).between(0, scope.context.now)
    runs = [] if spec.waiting else page([series], 0, 1)
    return _with_run(action, service, scope, *runs[0]) if runs else None


def known(action: Action, service: JobListService, scope: Scope) -> Iterator[Scope]:
    """The newest runs in the list of this identity, made up where nobody declared any. Raises RequestProblem: unknown-id."""
    parameters = {**scope.context.parameters, **scope.identity, "offset": 0, "limit": MAX_RUNS}
    context = replace(scope.context, parameters=parameters)
    for job in lookup.find_runs(action.status, service, context).jobs:
        yield scope.of(job, service.row(job, parameters, context.switches))


def _begin(operation: Operation, action: Action, service: JobListService, scope: Scope, source: JobSpec | None) -> Scope:
    assert action.status.job is not None
    context, now = scope.context, scope.context.now
    jobs, identity = context.namespace.declared, {name: part for name, part in scope.identity.items() if name != "run"}
    lives = action.status.job.lives
    if context.namespace.settings.unknown_ids == "create":
        key = (*identity.values(), str(jobs.last))
        chance = life_of(action.status.job, action.status.service, context.namespace.settings.seed, key)
    else:
        chance = next(iter(lives.values()))
    fresh = JobSpec(
        number=0,
        service=action.status.service,
        match={**(source.match if source else {}), **identity},
        life=(source.life if source else None) or chance,
        progress=source.progress if source else Progress.parse(context.namespace.settings.progress),
        born=now,
        visible=now + (source.hidden or 0 if source and source.waiting else 0),
        narrow=source.narrow if source else {},
        facts={**values(action.facts, scope), **(source.facts if source else {})},
        place=operation.id,
        made_by=operation.id,
    )
    if source is not None and source.waiting:
        changes = {"match": fresh.match, "life": fresh.life, "born": now, "visible": fresh.visible, "facts": fresh.facts}
        return _with_run(
            action, service, scope, jobs.update(source.number, **changes, waiting=False, made_by=operation.id), 0, now
        )
    return _with_run(action, service, scope, jobs.add(fresh), 0, now)


def _declared(action: Action, scope: Scope) -> Iterator[JobSpec]:
    """The lists of this job, in the order of their declaration."""
    identity = {name: part for name, part in scope.identity.items() if name != "run"}
    for spec in scope.context.namespace.declared.all():
        same = all(spec.match.get(name, part) == part for name, part in identity.items())
        if spec.service == action.status.service and same:
            yield spec


def _numbered(action: Action, scope: Scope) -> list[tuple[JobSpec, int, int]]:
    """The newest runs so far: whose, which, and when it began."""
    series = (
        RunSeries(job, job.first_born(), job.every, job.count).between(0, scope.context.now)
        for job in _declared(action, scope)
        if not job.waiting
    )
    return page(list(series), 0, MAX_RUNS)


def _numbered_run(action: Action, service: JobListService, scope: Scope) -> tuple[JobSpec, int, Scope]:
    """The run whose number the request has."""
    for spec, number, born in _numbered(action, scope):
        if lookup.run_number(spec, number) == scope.identity.get("run"):
            return spec, number, _with_run(action, service, scope, spec, number, born)
    raise RequestProblem("unknown-id", "no run of this job has this number", **dict(scope.identity))


def _with_run(action: Action, service: JobListService, scope: Scope, spec: JobSpec, number: int, born: int) -> Scope:
    """The scope with this run as the status operation lists it now."""
    context = replace(scope.context, parameters={**scope.context.parameters, **scope.identity})
    job = lookup.run(action.status, service, spec, number, born, context)
    return scope.of(job, service.row(job, context.parameters, context.switches))
