"""How each service answers: one module for each, found by itself. What a definition says is not repeated in it.

A module here that has `SERVICE` answers for the jobs of the service it is named after; `CALLS` are its other calls, by
operation id. A service without a module is answered by its document alone (`by_declaration`).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from ..definitions import Operation
from . import by_declaration
from .base import Call, JobListService, Service, SingleJobService

_MODULES = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
_BY_NAME: Mapping[str, Service] = {
    module.__name__.rpartition(".")[2]: module.SERVICE
    for module in _MODULES
    if hasattr(module, "SERVICE") and module is not by_declaration
}

CALLS: Mapping[str, Call] = {name: call for module in _MODULES for name, call in getattr(module, "CALLS", {}).items()}
"""Calls that are not about jobs, by operation id."""


def service_of(operation: Operation) -> Service | None:
    """What answers for the jobs of an operation: a service's module, or else its document; None if neither does."""
    declared = by_declaration.SERVICE if by_declaration.is_declared(operation) else None
    return _BY_NAME.get(operation.service, declared)


def single_of(operation: Operation) -> SingleJobService | None:
    """As `service_of`, if it answers for one job by its id."""
    service = service_of(operation)
    return service if isinstance(service, SingleJobService) else None


def list_of(operation: Operation) -> JobListService | None:
    """As `service_of`, if it lists the runs of a job."""
    service = service_of(operation)
    return service if isinstance(service, JobListService) else None
