"""Which jobs a request is about, and where they stand now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..definitions import Example, JobLife, Life, Operation
from ..errors import Problem
from ..exchanges.observe import state_of
from ..generate import digest
from ..jobs.clock import DAY, SECOND
from ..jobs.declared import MADE_UP, Declaration
from ..jobs.history import Stretch, page, total
from ..jobs.made_up import facts_of, life_of
from ..jobs.trajectory import Job, Progress
from .kinds import Context, Listing, Single

_RUNS = 1_000_000_000  # runs are numbered within their declaration


def one(operation: Operation, service: Single, context: Context) -> Job:
    """The job with the request's id. Raises Problem for an id that nobody knows, or not yet, or not any more."""
    return job(operation, service, context, declaration(operation, service, context))


def job(operation: Operation, service: Single, context: Context, declared: Declaration, poll: bool = True) -> Job:
    """The declared job as the request means it; `poll`: whether asking counts as a poll."""
    return _job(_life_of(operation), service, declared, _identity(operation, context), declared.born, context, poll)


def declaration(operation: Operation, service: Single, context: Context) -> Declaration:
    """Who the job is with the request's id. Raises Problem for an id that nobody knows, or not yet, or not any more."""
    found = declared(operation, context)
    if found is None:
        _check_known(operation, context)
        found = _made_up(operation, service, context, _identity(operation, context), _owner(service, context))
    else:
        _check_owner(found, _owner(service, context), context)
    _check_age(_life_of(operation), found, context)
    return found


def known(operation: Operation, service: Single, context: Context) -> Declaration | None:
    """Like `declaration`, but None for an id that nobody has asked for before, where such an id would be made up."""
    births, epoch = context.world.store, context.world.epoch
    key = (operation.service, *_identity(operation, context).values())
    if declared(operation, context) is None and epoch is None and births.known_birth(key) is None:
        _check_known(operation, context)
        return None
    return declaration(operation, service, context)


def declared(operation: Operation, context: Context) -> Declaration | None:
    """The newest declaration of the request's job; one that can't be seen before its start doesn't count."""
    definition = _life_of(operation)
    found = context.world.declared.matching(operation.service, context.parameters)
    return next((one for one in found if not one.waiting or definition.unstarted is not None), None)


def _identity(operation: Operation, context: Context) -> dict[str, str]:
    return {name: str(context.parameters[name]) for name in _life_of(operation).identity}


def _owner(service: Single, context: Context) -> str:
    return str(context.parameters[service.owner]) if service.owner else ""


def documented(operation: Operation, service: Single, context: Context, example: Example) -> Job | None:
    """The documented example's job, as it goes on from there; None where somebody declared it otherwise."""
    if declared(operation, context) is not None:
        return None
    definition = _life_of(operation)
    identity = {name: str(context.parameters[name]) for name in definition.identity}
    born = context.world.store.birth((operation.service, *identity.values()), context.now).time
    life = _rest_of_life(definition, state_of(operation, example.value))
    facts = service.facts(example.value)
    made_up = Declaration(MADE_UP, operation.service, identity, life, _progress(context), born, visible=0, facts=facts)
    return _job(definition, service, made_up, identity, born, context)


def listed(operation: Operation, service: Listing, context: Context) -> tuple[list[Job], int]:
    """A page of runs, newest first, and how many there are in all. Raises Problem for a list that nobody knows."""
    world, parameters = context.world, context.parameters
    low, high = service.window(parameters, context.now)
    offset, limit = parameters["offset"], parameters["limit"]
    key = (operation.service, *(f"{name}={parameters[name]}" for name in parameters if name not in ("offset", "limit")))
    found = world.declared.matching(operation.service, parameters)
    if not found:
        _check_known(operation, context)
    shown, last = world.store.as_of(key, offset, context.now, world.declared.last)
    found = [one for one in found if one.number <= last] or found or [_made_up_history(operation, service, context)]
    sources = [one for one in reversed(found) if _passes(one, service, parameters)]
    stretches = [
        Stretch(one, one.first_born(), one.every, one.count).between(low, min(high, shown - max(0, one.visible - one.born)))
        for one in sources
    ]
    jobs = [
        _job(_life_of(operation), service, source, _identity_of_run(service, parameters, source, number), born, context)
        for source, number, born in page(stretches, offset, limit)
    ]
    asked_for = {name: str(parameters[name]) for name in service.filters if parameters.get(name)}
    return [replace(job, identity={**job.identity, **asked_for}) for job in jobs], total(stretches)


def _life_of(operation: Operation) -> JobLife:
    assert operation.job is not None
    return operation.job


def _progress(context: Context) -> Progress:
    return Progress.parse(context.world.settings.progress)


def _rest_of_life(definition: JobLife, status: str | None) -> Life:
    """The first life that comes through this state, from there on."""
    for life in definition.lives.values():
        for index, (state, _) in enumerate(life.steps):
            if state == status:
                return Life(life.name, life.summary, 0, life.steps[index:])
    raise AssertionError(f"no life comes through {status}")


def _texts(context: Context) -> dict[str, str]:
    return {name: str(value) for name, value in context.parameters.items()}


def _check_owner(declared: Declaration, owner: str, context: Context) -> None:
    if declared.owner is not None and declared.owner != owner:
        detail = f"the job was declared for {declared.owner!r}, not for {owner!r}"
        raise Problem("unknown-id", detail, **_texts(context))


def _check_age(definition: JobLife, declared: Declaration, context: Context) -> None:
    if context.now < declared.visible:
        wait = (declared.visible - context.now) / SECOND
        raise Problem("unknown-id", f"the job was only just created: it can be found in {wait:g} s", **_texts(context))
    if definition.kept is not None and context.now - declared.born > definition.kept * SECOND:
        kept = definition.kept * SECOND // DAY
        raise Problem("unknown-id", f"the job is older than {kept:g} days: it is not kept longer", **_texts(context))


def _check_known(operation: Operation, context: Context) -> None:
    if context.world.declared.deleted(operation.service, context.parameters):
        raise Problem("unknown-id", "the job was deleted", **_texts(context))
    if context.world.settings.unknown_ids == "reject":
        asked = ", ".join(f"{name} {context.parameters[name]!r}" for name in _life_of(operation).identity)
        detail = f"no job has {asked}; declare one, or use --unknown-ids create"
        raise Problem("unknown-id", detail, **_texts(context))


def _made_up(
    operation: Operation, service: Single, context: Context, identity: Mapping[str, str], owner: str
) -> Declaration:
    world = context.world
    birth = world.store.birth((operation.service, *identity.values()), context.now, owner)
    if birth.owner != owner:
        detail = f"the job belongs to another {service.owner}: the one that asked for it first"
        raise Problem("unknown-id", detail, **_texts(context))
    asked = birth.time if world.epoch is None else world.epoch
    born = service.born(identity, asked - round(_life_of(operation).visible_after * SECOND))  # it can be found by now
    return Declaration(MADE_UP, operation.service, identity, None, _progress(context), born, visible=0)


def _made_up_history(operation: Operation, service: Listing, context: Context) -> Declaration:
    """Runs at even distances: when the history is first asked for, one begins; the others came before or follow."""
    world, identity = context.world, service.identity(context.parameters)
    asked = world.store.birth((operation.service, *identity.values()), context.now).time
    first_asked = asked if world.epoch is None else world.epoch
    every = _between(service.period, "period", world.settings.seed, *identity.items()) * SECOND
    since = max(0, context.now - first_asked) // every
    count = _between(service.past, "past", world.settings.seed, *identity.items()) + 1 + since
    newest = first_asked + since * every
    return Declaration(MADE_UP, operation.service, identity, None, _progress(context), newest, 0, count, every)


def _between(bounds: tuple[int, int], *key: object) -> int:
    low, high = bounds
    return low + digest(*key) % (high - low + 1)


def _passes(declared: Declaration, service: Listing, parameters: Mapping[str, Any]) -> bool:
    """Whether the list's optional filters leave a declaration's runs."""
    asked = {name: parameters[name] for name in service.filters if parameters.get(name)}
    return all(declared.narrow.get(name, value) == value for name, value in asked.items())


def _identity_of_run(service: Listing, parameters: Mapping[str, Any], declared: Declaration, number: int) -> dict[str, str]:
    """Who a run is, however it was asked for: a filter that the declaration leaves open doesn't count."""
    asked = {name: value for name, value in parameters.items() if declared.number == MADE_UP or name not in service.filters}
    identity = service.identity({**asked, **declared.match, **declared.narrow})
    return {**identity, "run": str(declared.number * _RUNS + number)}


def _job(
    definition: JobLife,
    service: Single | Listing,
    declared: Declaration,
    identity: Mapping[str, str],
    born: int,
    context: Context,
    poll: bool = True,
) -> Job:
    """The job at its moment; `poll`: being asked for counts as one. By chance, each run has a life of its own."""
    world, name = context.world, declared.service
    seed = world.settings.seed
    run = {"rerun": str(declared.run)} if declared.run else {}
    life = declared.life or life_of(definition, name, seed, {**identity, **run})
    who = (name, *identity.values())
    moment = world.declared.moment(definition, declared, life, who, context.now, born, poll)
    facts = facts_of(service.profile, name, seed, identity)
    return Job(identity, {**facts, **declared.facts}, moment, definition, declared.run)
