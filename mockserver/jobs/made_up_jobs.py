"""What nobody declared of a job: its life and its facts, from the seed and its identity alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ..definitions import JobLife, Life
from ..generate import Fake, weighted

Identity = Mapping[str, str]
Profile = Callable[[Fake, Identity], dict[str, Any]]
_Values = tuple[str, ...]


def life_of(definition: JobLife, service: str, seed: int, values: _Values) -> Life:
    """The life that chance gives the job whose identity has these values, by the weights of the definition."""
    return definition.lives[_life_by_chance(tuple(definition.lives), definition.weights, service, seed, values)]


def facts_of(profile: Profile, service: str, seed: int, identity: Identity) -> Mapping[str, Any]:
    """What never changes of this job."""
    return _facts(profile, service, seed, tuple(identity), tuple(identity.values()))


@lru_cache(maxsize=2_048)
def _life_by_chance(names: tuple[str, ...], weights: tuple[int, ...], service: str, seed: int, values: _Values) -> str:
    return weighted(names, weights, "life", seed, service, *values)


@lru_cache(maxsize=1_024)
def _facts(profile: Profile, service: str, seed: int, names: _Values, values: _Values) -> Mapping[str, Any]:
    return profile(Fake(seed, service, *values), dict(zip(names, values, strict=True)))
