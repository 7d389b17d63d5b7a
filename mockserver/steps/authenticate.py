"""The step that identifies the caller, as the vendor does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..definitions import Operation
from ..model import ANONYMOUS, Caller, Request
from ..settings import Settings
from ..vendors import enos, huaweicloud, openapi

_IDENTIFY_BY_VENDOR: Mapping[str, Callable[[Request, Settings], Caller]] = {
    "huaweicloud": huaweicloud.identify,
    "enos": enos.identify,
}


def identify(operation: Operation, request: Request, settings: Settings) -> Caller:
    """The caller. Raises RequestProblem for a missing, malformed or wrong credential.

    For an expired credential, the caller's `check_time` raises it.
    """
    if not operation.secured:
        return ANONYMOUS
    identify_by_vendor = _IDENTIFY_BY_VENDOR.get(operation.vendor)
    return identify_by_vendor(request, settings) if identify_by_vendor else openapi.identify(operation, request, settings)


def authorise(operation: Operation, parameters: Mapping[str, object], settings: Settings) -> None:
    """Raises RequestProblem for a project, user or organisation that isn't configured."""
    if "project_id" in parameters:
        huaweicloud.check_project(str(parameters["project_id"]), settings)
    if operation.vendor == "enos" and "userId" in parameters and "orgId" in parameters:
        enos.check_user(str(parameters["userId"]), str(parameters["orgId"]), settings)
