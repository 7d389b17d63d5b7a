"""What a definition can't say: how a service's job looks at an instant, and the few calls that are no job-status calls."""

from __future__ import annotations

from collections.abc import Mapping

from ..definitions import Operation
from . import apim_token, by_declaration, cdm, dataarts, enos, iam, taurusdb, tics
from .base import Call, JobListService, SingleJobService

SINGLES: Mapping[str, SingleJobService] = {"cdm": cdm.SERVICE, "enos": enos.SERVICE, "taurusdb": taurusdb.SERVICE}
"""Services that answer for one job by its id."""

LISTINGS: Mapping[str, JobListService] = {"dataarts": dataarts.SERVICE, "tics": tics.SERVICE}
"""Services that list the runs of a job."""

CALLS: Mapping[str, Call] = {**iam.CALLS, **apim_token.CALLS}
"""Other calls, by operation id."""


def service_of(operation: Operation) -> SingleJobService | JobListService | None:
    """What answers for the jobs of an operation: a service's module, or else its document; None where neither does."""
    allowed = SINGLES.get(operation.service) or LISTINGS.get(operation.service)
    return allowed or (by_declaration.SERVICE if by_declaration.is_declared(operation) else None)


def single_of(operation: Operation) -> SingleJobService | None:
    """As `service_of`, where it answers for one job by its id."""
    service = service_of(operation)
    return service if isinstance(service, SingleJobService) else None
