"""Jobs nobody declared: their life, their facts and their birth, from the seed and their identity alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ..definitions import JobLife
from ..generate import Fake, choose
from .trajectory import Job, moment_of

Identity = Mapping[str, str]
Profile = Callable[[Fake, Identity], dict[str, Any]]


def job_at(definition: JobLife, service: str, profile: Profile, seed: int, identity: Identity, born: int, now: int) -> Job:
    """The made-up job with this identity, at an instant. `born` and `now` are milliseconds."""
    key = tuple(identity.items())
    weights = tuple((life.name, life.weight) for life in definition.lives.values())
    life = definition.lives[_life(weights, service, seed, key)]
    moment = moment_of(definition, life, born, now)
    return Job(identity, _facts(profile, service, seed, key), moment, definition)


@lru_cache(maxsize=65_536)
def _life(weights: tuple[tuple[str, int], ...], service: str, seed: int, key: tuple[tuple[str, str], ...]) -> str:
    return choose(weights, seed, service, key)


@lru_cache(maxsize=16_384)
def _facts(profile: Profile, service: str, seed: int, key: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    return profile(Fake(seed, service, key), dict(key))
