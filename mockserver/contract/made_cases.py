"""Cases made from the definitions: each documented error, each life and each change of status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..definitions import Definitions, Operation
from .cases import Case, Profile


def error_cases(definitions: Definitions, profile: Profile) -> Iterator[Case]:
    """A case for each documented error of each operation with jobs; `Prefer`, which mocks understand, asks for the error."""
    for operation in definitions.operations:
        if operation.job and operation.service in profile:
            parameters = _case_parameters(operation, profile[operation.service])
            for example in operation.errors():
                for status in example.statuses:
                    yield Case(
                        name=f"{operation.service}:prefer-{example.name}-{status}",
                        service=operation.service,
                        operation=operation.id,
                        title=f"The documented error {example.name}, asked for",
                        parameters=parameters,
                        headers={"Prefer": f"example={example.name}, code={status}"},
                        expect={"status": status, "error": example.name},
                    )


def error_cases_without_jobs(cases: Iterable[Case], definitions: Definitions) -> Iterator[Case]:
    """The same for operations without jobs, with the first case of each whose request is in order."""
    case_by_operation = {
        case.operation: case
        for case in reversed(list(cases))
        if case.request is not None and case.expect.get("problem") in (None, "unknown-id", "job-not-running")
    }
    for operation in definitions.operations:
        case = case_by_operation.get(operation.id)
        if case is None or case.request is None or operation.job:
            continue
        for example in operation.errors():
            for status in example.statuses:
                prefer_header = {"Prefer": f"example={example.name}, code={status}"}
                yield replace(
                    case,
                    name=f"{operation.service}:prefer-{operation.id}-{example.name}-{status}",
                    title=f"The documented error {example.name}, asked for",
                    request={**case.request, "headers": {**case.request.get("headers", {}), **prefer_header}},
                    expect={"status": status, "error": example.name},
                )


def _case_parameters(operation: Operation, ids: Mapping[str, str]) -> dict[str, str]:
    defaults = {"offset": "0", "limit": "10", "start_time": "{week_ago}", "end_time": "{later}", "action": "get"}
    names = [parameter.name for parameter in operation.parameters if parameter.required or parameter.name in ids]
    return {name: defaults.get(name, "{" + name + "}") for name in names}


def life_and_change_cases(definitions: Definitions, profile: Profile) -> Iterator[Case]:
    """For the mock: a polled case for each life of each service, and for each documented transition."""
    for operation in definitions.operations:
        if not operation.job or operation.service not in profile:
            continue
        parameters = _case_parameters(operation, profile[operation.service])
        lives: dict[str, tuple[Any, str]] = {
            f"life-{name}": (name, life.steps[-1][0]) for name, life in operation.job.lives.items()
        }
        for before, followers in operation.job.transitions.items():
            lives |= {f"change-{before}-{after}": ([[before, 40], [after, 40]], after) for after in sorted(followers)}
        for name, (life, end) in lives.items():
            identity = {key: profile[operation.service][key] for key in operation.job.identity}
            yield Case(
                name=f"{operation.service}:{name}",
                service=operation.service,
                operation=operation.id,
                title=f"A job that goes through {life}",
                parameters=parameters,
                poll=True,
                jobs=({"service": operation.job.kind, "life": life, **identity},),
                expect={"status": 200, "state": end},
            )
