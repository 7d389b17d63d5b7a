"""Who the caller is, by the vendor's own means."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..definitions import Operation
from ..model import ANONYMOUS, Caller, Request
from ..settings import Settings
from ..vendors import enos, huaweicloud, openapi

_VENDORS: Mapping[str, Callable[[Request, Settings], Caller]] = {
    "huaweicloud": huaweicloud.identify,
    "enos": enos.identify,
}


def identify(operation: Operation, request: Request, settings: Settings) -> Caller:
    """The caller. Raises RequestProblem for a credential that is missing, malformed or wrong.

    The caller's `check_time` does for one that has expired.
    """
    if not operation.secured:
        return ANONYMOUS
    allowed = _VENDORS.get(operation.vendor)
    return allowed(request, settings) if allowed else openapi.identify(operation, request, settings)


def authorise(operation: Operation, parameters: Mapping[str, object], settings: Settings) -> None:
    """Raises RequestProblem for a project, user or organisation that isn't configured."""
    if "project_id" in parameters:
        huaweicloud.check_project(str(parameters["project_id"]), settings)
    if operation.vendor == "enos" and "userId" in parameters and "orgId" in parameters:
        enos.check_user(str(parameters["userId"]), str(parameters["orgId"]), settings)
