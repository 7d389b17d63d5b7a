"""The facts that a test declares of a job: of the names and types that are made up, and in the documented formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .definitions import Operation
from .definitions.pointer import join
from .errors import InputError, excerpt
from .generate import Fake
from .jobs.trajectory import Job, moment_at_end
from .services.base import Service, SingleJobService, Switches
from .services.by_declaration import free_members

_SAMPLES = 16


def checked(operation: Operation, service: Service, facts: object, switches: Switches) -> dict[str, Any]:
    """Facts that replace made-up ones. Raises InputError for other names and types, and for what no document allows."""
    if not isinstance(facts, Mapping):
        raise InputError(f"facts is {facts!r}; allowed: an object")
    if not facts:
        return {}  # most jobs have none, and what there could be is made up to see its types
    identity = service.identity_of_run(dict.fromkeys(service.identity_names(operation), "0"), 0)
    samples = [service.profile(Fake(seed), identity) for seed in range(_SAMPLES)]
    drawing = operation.job.drawing if operation.job else None
    members = free_members(drawing) if drawing else []
    for name, value in facts.items():
        if name in members:
            continue  # the schema says what is allowed
        if name not in samples[0]:
            allowed = ", ".join(members or samples[0])
            raise InputError(f"a {operation.service} job has no fact {name!r}; allowed: {allowed}")
        types = {type(sample[name]) for sample in samples}
        if type(value) not in types:
            names = " or ".join(sorted("null" if item is type(None) else item.__name__ for item in types))
            raise InputError(f"the fact {name} is {value!r}; allowed: of type {names}")
    if isinstance(service, SingleJobService):
        usual = set(_mistakes(operation, service, identity, samples[0], switches))
        for mistake in _mistakes(operation, service, identity, {**samples[0], **facts}, switches):
            if mistake not in usual:
                raise InputError(f"the facts make an answer that is not as documented: {mistake}")
    return dict(facts)


def _mistakes(
    operation: Operation,
    service: SingleJobService,
    identity: Mapping[str, str],
    profile: Mapping[str, Any],
    switches: Switches,
) -> Iterator[str]:
    """What is wrong with the answers about a job of these facts, at the end of each of its lives."""
    assert operation.job is not None
    for life in operation.job.lives.values():
        job = Job(identity, profile, moment_at_end(operation.job, life, 0, 0), operation.job)
        for error in operation.responses[200](service.body(job, switches)):
            where = join(*error.absolute_path) or "/"
            yield f"{where} is {excerpt(error.instance)}; allowed: {error.validator} {excerpt(error.validator_value)}"
