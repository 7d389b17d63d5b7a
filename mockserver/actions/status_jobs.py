"""How an action finds jobs: by the operation that shows them (`action.status`)."""

from __future__ import annotations

from dataclasses import replace

from ..definitions import JobLife
from ..definitions.actions import Action
from ..exchanges.json_path import MISSING, matches
from ..jobs.job_registry import JobSpec
from ..jobs.trajectory import Job
from ..services import lookup, service_of
from ..services.base import Context, Service, SingleJobService
from .values import Scope


def service_behind(action: Action) -> Service:
    """The service of the operation that shows the jobs."""
    service = service_of(action.status)
    assert service is not None
    return service


def life_of(action: Action) -> JobLife:
    """The lives of its jobs."""
    assert action.status.job is not None
    return action.status.job


def status_context(scope: Scope) -> Context:
    """The request as if it asked for the job itself."""
    return replace(scope.context, parameters={**scope.context.parameters, **scope.identity})


def texts_of_request(scope: Scope) -> dict[str, str]:
    """What an error's message may repeat: the request's parameters and the job's identity."""
    return {name: str(text) for name, text in {**scope.context.parameters, **scope.identity}.items()}


def single_job_service(action: Action) -> SingleJobService:
    """The service, where the operation shows one job and not a list."""
    service = service_behind(action)
    assert isinstance(service, SingleJobService)
    return service


def declared_job(action: Action, scope: Scope) -> JobSpec | None:
    """The newest declaration of this job; one that only waits for a call does not count."""
    return lookup.newest_spec(action.status, status_context(scope))


def known_job(action: Action, scope: Scope) -> JobSpec | None:
    """This job, as declared or asked for before; None for one that nobody knows. Raises RequestProblem: unknown-id."""
    return lookup.find_spec_if_any(action.status, single_job_service(action), status_context(scope))


def job_now(action: Action, scope: Scope, spec: JobSpec) -> Job:
    """The job as it is at this time; that is no poll of it."""
    return lookup.job(action.status, single_job_service(action), status_context(scope), spec, poll=False)


def with_job(action: Action, scope: Scope, spec: JobSpec) -> Scope:
    """The scope with this job as the status operation shows it now."""
    scope = replace(scope, identity={**scope.identity, **spec.match})
    job = job_now(action, scope, spec)
    if spec.waiting and life_of(action).unstarted is None:
        return replace(scope, job=job)
    observation = action.status.observation
    body = single_job_service(action).body(job, scope.context.switches)
    node = next((node for _, node in matches(body, observation.jobs)), MISSING) if observation else body
    return scope.of(job, node)
