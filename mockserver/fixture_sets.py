"""Fixture files made by Faker from a seed: `mockserver generate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .answers.made_texts import text_for
from .definitions import Definitions, JobLife, Operation
from .errors import InputError
from .generate import LOCALES, Fake
from .services import service_of

_MOST = 100_000


_PARTS: Mapping[str, Callable[[Fake], str]] = {
    "project_id": lambda fake: fake.hex(32),
    "cluster_id": lambda fake: fake.uuid(),
    "job_name": lambda fake: fake.name(),
    "instance": lambda fake: fake.hex(32),
    "task_id": lambda fake: str(fake.integer(100_000, 999_999)),
    "workspace_id": lambda fake: fake.hex(32),
    "id": lambda fake: fake.uuid(),
    "league_id": lambda fake: fake.hex(32),
    "job_id": lambda fake: fake.hex(32),
    "orgId": lambda fake: f"o{fake.integer(10**15, 10**16 - 1)}",
}


def fixture_set(definitions: Definitions, service: str, count: int, seed: int, locale: str) -> str:
    """A fixture file of `count` jobs: their identities, lives and facts. The same arguments give the same text.

    Raises InputError for an unknown service or locale, or a count that is not allowed.
    """
    if not 1 <= count <= _MOST:
        raise InputError(f"count is {count}; allowed: 1 to {_MOST}")
    if locale not in LOCALES:
        raise InputError(f"locale is {locale!r}; allowed: {', '.join(LOCALES)}")
    try:
        operation = definitions.operation_of(service)
    except KeyError as error:
        raise InputError(error.args[0]) from None
    command = f"mockserver generate {service} --count {count} --seed {seed} --locale {locale}"
    jobs = [
        _job_entry(operation, Fake(seed, "fixture", service, locale, index, locale=locale), index) for index in range(count)
    ]
    return json.dumps({"description": f"Made by: {command}", "jobs": jobs}, ensure_ascii=False, indent=2) + "\n"


def _job_entry(operation: Operation, fake: Fake, index: int) -> dict[str, Any]:
    assert operation.job is not None
    service = service_of(operation)
    if service is None:
        raise InputError(f"the document of {operation.service} doesn't say how its jobs look")
    parts = {**_PARTS, **service.made_identity}
    identity = {
        name: parts[name](fake) if name in parts else _by_schema(operation, name, fake)
        for name in service.identity_names(operation)
    }
    return {
        "service": operation.job.kind,
        **identity,
        "life": _life_in_turn(operation.job, index),
        "facts": service.profile(fake.of("facts", index), service.identity_of_run(identity, 0)),
    }


def _life_in_turn(definition: JobLife, index: int) -> str:
    """Each life in turn, so that even a small set shows them all."""
    names = list(definition.lives)
    return names[index % len(names)]


def _by_schema(operation: Operation, name: str, fake: Fake) -> str:
    parameter = next(parameter for parameter in operation.parameters if parameter.name == name)
    return text_for(fake, name, parameter.schema)
