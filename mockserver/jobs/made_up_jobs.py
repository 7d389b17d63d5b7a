"""What nobody declared of a job: its life and its facts, from the seed and its identity alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ..definitions import JobLife, Life
from ..generate import Fake, choose

Identity = Mapping[str, str]
Profile = Callable[[Fake, Identity], dict[str, Any]]
_Key = tuple[tuple[str, str], ...]


def life_of(definition: JobLife, service: str, seed: int, identity: Identity) -> Life:
    """The life that chance gives this job, by the weights of the definition."""
    weights = tuple((life.name, life.weight) for life in definition.lives.values())
    return definition.lives[_life(weights, service, seed, tuple(identity.items()))]


def facts_of(profile: Profile, service: str, seed: int, identity: Identity) -> Mapping[str, Any]:
    """What never changes of this job."""
    return _facts(profile, service, seed, tuple(identity.items()))


@lru_cache(maxsize=8_192)
def _life(weights: tuple[tuple[str, int], ...], service: str, seed: int, key: _Key) -> str:
    return choose(weights, seed, service, key)


@lru_cache(maxsize=4_096)
def _facts(profile: Profile, service: str, seed: int, key: _Key) -> Mapping[str, Any]:
    return profile(Fake(seed, service, key), dict(key))
