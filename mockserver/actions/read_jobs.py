"""What reads jobs: one, or a list with pages and filters."""

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
    """One job, by its identity or by its facts."""
    if action.where:
        return next(_with_facts(action, scope), None) or _nobody(scope)
    declared = known_job(action, scope)
    if declared is None:  # asked for the first time: a job that is made up
        declared = lookup.declaration(action.status, single_job_service(action), status_context(scope))
    return with_job(action, scope, declared)


def _nobody(scope: Scope) -> Scope:
    raise RequestProblem("unknown-id", "nobody declared, made or started a job like this", **texts_of_request(scope))


def _with_facts(action: Action, scope: Scope) -> Iterator[Scope]:
    """The newest jobs whose facts are what the action asks for."""
    expected = values(action.where, scope)
    service = service_behind(action)
    if isinstance(service, JobListService):
        runs = list_runs.known(action, service, scope)
        yield from (run for run in runs if run.job and all(value_at(run.job.profile, at) == v for at, v in expected.items()))
        return
    for declared in _newest_first(action, scope):
        identity = {**scope.identity, **declared.match}
        same = all(identity[name] == part for name, part in scope.identity.items())
        if same and set(life_of(action).identity) <= set(identity):
            seen = with_job(action, replace(scope, identity=identity), declared)
            if seen.job and all(value_at(seen.job.profile, place) == fact for place, fact in expected.items()):
                yield seen


def list_jobs(_operation: Operation, action: Action, scope: Scope) -> Scope:
    """The jobs, or the runs of one job, that the request asks for, and their number."""
    candidates = _runs_of_job(action, scope) if action.of == "runs" else _all_jobs(action, scope)
    rows = [row for row in candidates if _is_kind(action, row)]
    remaining = [row for row in rows if _passes(action, row)]
    if action.must_exist and not rows and set(life_of(action).identity) <= set(scope.identity):
        return _nobody(scope)
    start, size = _page_of(action, scope)
    following = start + size if start + size < len(remaining) else None
    return replace(scope, rows=remaining[start : start + size], total=len(remaining), following=following)


def _is_kind(action: Action, row: Scope) -> bool:
    """Whether a row's facts are what the list is of: each the same, or one of several."""
    expected = {place: value(source, row) for place, source in action.where.items()}
    facts = {place: value_at(row.job.profile, place) if row.job else MISSING for place in expected}
    return all(facts[place] in some if isinstance(some, list) else facts[place] == some for place, some in expected.items())


def _passes(action: Action, row: Scope) -> bool:
    """Whether a row is what the request's filters ask for; one that it doesn't send leaves all."""
    expected = ((value(source, row), name) for name, source in action.filters.items())
    return all(fact in (MISSING, row.context.parameters[name]) for fact, name in expected if name in row.context.parameters)


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
    declared = known_job(action, scope)
    if declared is None:
        declared = lookup.declaration(action.status, single_job_service(action), status_context(scope))
    for run in [] if declared.waiting else [declared, *reversed(declared.history)]:
        yield with_job(action, scope, run)


def _all_jobs(action: Action, scope: Scope) -> Iterator[Scope]:
    """Every job whose whole identity is known, the newest first."""
    for declared in _newest_first(action, scope):
        identity = {**scope.identity, **declared.match}
        hidden = declared.waiting and life_of(action).unstarted is None
        allowed = set(life_of(action).identity) <= set(identity)
        same = all(identity[name] == part for name, part in scope.identity.items())
        if not (allowed and same and not hidden and scope.context.now >= declared.visible):
            continue
        service, scope_of_job = service_behind(action), replace(scope, identity={**identity, **declared.narrow})
        if isinstance(service, JobListService):  # it has no state of its own: the facts are those of its newest run
            newest = list_runs.newest(action, service, scope_of_job, declared)
            yield replace(newest, identity=scope_of_job.identity) if newest else scope_of_job
        else:
            yield with_job(action, scope_of_job, declared)


def _newest_first(action: Action, scope: Scope) -> list[JobSpec]:
    jobs = [item for item in scope.context.namespace.declared.all() if item.service == life_of(action).kind]
    return sorted(jobs, key=lambda item: (item.born, item.number), reverse=True)
