"""What reads jobs: a single one, or a list with pages and filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..definitions import Operation
from ..definitions.actions import Action
from ..errors import RequestProblem
from ..exchanges.json_path import MISSING, value_at
from ..jobs.job_registry import JobSpec
from ..services import lookup
from ..services.base import JobListService
from . import list_runs
from .status_jobs import known_job, life_of, service_behind, single_job_service, status_context, texts_of_request, with_job
from .values import Scope, value, values


def read(_operation: Operation, action: Action, scope: Scope) -> Scope:
    """A single job, found by its identity or by its facts."""
    if action.where:
        return next(_with_facts(action, scope), None) or _no_such_job(scope)
    spec = known_job(action, scope)
    if spec is None:  # asked for the first time: a job that is made up
        spec = lookup.find_spec(action.status, single_job_service(action), status_context(scope))
    return with_job(action, scope, spec)


def _no_such_job(scope: Scope) -> Scope:
    raise RequestProblem("unknown-id", "no such job was declared, created or started", **texts_of_request(scope))


def _with_facts(action: Action, scope: Scope) -> Iterator[Scope]:
    """The jobs that have the facts of the action's `where`, the newest first."""
    facts = values(action.where, scope)
    service = service_behind(action)
    if isinstance(service, JobListService):
        runs = list_runs.known(action, service, scope)
        yield from (run for run in runs if run.job and all(value_at(run.job.profile, at) == v for at, v in facts.items()))
        return
    for spec in _newest_first(action, scope):
        identity = {**scope.identity, **spec.match}
        same = all(identity[name] == part for name, part in scope.identity.items())
        if same and set(life_of(action).identity) <= set(identity):
            job_scope = with_job(action, replace(scope, identity=identity), spec)
            if job_scope.job and all(value_at(job_scope.job.profile, at) == v for at, v in facts.items()):
                yield job_scope


def list_jobs(_operation: Operation, action: Action, scope: Scope) -> Scope:
    """The page of jobs (or of a job's runs) that the request asks for, and the number of all."""
    candidates = _runs_of_job(action, scope) if action.of == "runs" else _all_jobs(action, scope)
    rows = [row for row in candidates if _is_of_kind(action, row)]
    matches = [row for row in rows if _passes_filters(action, row)]
    if action.must_exist and not rows and set(life_of(action).identity) <= set(scope.identity):
        return _no_such_job(scope)
    start, size = _page_of(action, scope)
    following = start + size if start + size < len(matches) else None
    return replace(scope, rows=matches[start : start + size], total=len(matches), following=following)


def _is_of_kind(action: Action, row: Scope) -> bool:
    """Whether a row's facts are those of the action's `where`: each equal, or one of several."""
    wanted = {place: value(source, row) for place, source in action.where.items()}
    facts = {place: value_at(row.job.profile, place) if row.job else MISSING for place in wanted}
    return all(facts[place] in some if isinstance(some, list) else facts[place] == some for place, some in wanted.items())


def _passes_filters(action: Action, row: Scope) -> bool:
    """Whether a row passes the filters in the request's parameters; a missing parameter filters nothing."""
    filters = ((value(source, row), name) for name, source in action.filters.items())
    return all(fact in (MISSING, row.context.parameters[name]) for fact, name in filters if name in row.context.parameters)


def _page_of(action: Action, scope: Scope) -> tuple[int, int]:
    paging, parameters = action.paging, scope.context.parameters
    if paging is None:
        return 0, 1_000_000
    size = int(parameters.get(paging.limit or "", paging.size))
    if paging.token:
        token = str(parameters.get(paging.token) or 0)
        return int(token) if token.isdecimal() and len(token) < 10 else 0, size
    if paging.offset:
        return max(0, int(parameters.get(paging.offset, paging.first)) - paging.first), size
    return max(0, int(parameters.get(paging.number or "", paging.first)) - paging.first) * size, size


def _runs_of_job(action: Action, scope: Scope) -> Iterator[Scope]:
    """The runs of one job, the newest first; a job that was never started has none."""
    service = service_behind(action)
    if isinstance(service, JobListService):
        yield from list_runs.runs(action, service, scope)
        return
    spec = known_job(action, scope)
    if spec is None:
        spec = lookup.find_spec(action.status, single_job_service(action), status_context(scope))
    for run in [] if spec.waiting else [spec, *reversed(spec.history)]:
        yield with_job(action, scope, run)


def _all_jobs(action: Action, scope: Scope) -> Iterator[Scope]:
    """Every job whose whole identity is known, the newest first."""
    for spec in _newest_first(action, scope):
        identity = {**scope.identity, **spec.match}
        hidden = spec.waiting and life_of(action).unstarted is None
        is_complete = set(life_of(action).identity) <= set(identity)
        same = all(identity[name] == part for name, part in scope.identity.items())
        if not (is_complete and same and not hidden and scope.context.now >= spec.visible):
            continue
        service, scope_of_job = service_behind(action), replace(scope, identity={**identity, **spec.narrow})
        if isinstance(service, JobListService):  # it has no state of its own: the facts are those of its newest run
            newest = list_runs.newest(action, service, scope_of_job, spec)
            yield replace(newest, identity=scope_of_job.identity) if newest else scope_of_job
        else:
            yield with_job(action, scope_of_job, spec)


def _newest_first(action: Action, scope: Scope) -> list[JobSpec]:
    jobs = [item for item in scope.context.namespace.declared.all() if item.service == life_of(action).kind]
    return sorted(jobs, key=lambda item: (item.born, item.number), reverse=True)
