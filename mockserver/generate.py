"""Made-up facts, by Faker, from a seed: the only importer of Faker."""

from __future__ import annotations

import hashlib
import math
import random
import threading
from collections.abc import Sequence
from typing import Any


def digest(*key: object) -> int:
    """A number that depends on nothing but the key: the same in every process."""
    text = "\x1f".join(map(str, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")


def hex_id(*key: object) -> str:
    """32 hex digits that depend on nothing but the key."""
    return f"{digest(*key):032x}"


class IdMaker:
    """Makes what `hex_id(seed, *key, now)` gives, for many times `now`: the part of the key that stays is digested once."""

    __slots__ = ("_begun", "seed")

    def __init__(self, seed: int, *key: object) -> None:
        self.seed = seed
        text = "\x1f".join((str(seed), *map(str, key), ""))
        self._begun = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)

    def hex_id(self, now: int) -> str:
        """32 hex digits for this time."""
        whole = self._begun.copy()
        whole.update(str(now).encode())
        return whole.hexdigest()


def choose(weights: Sequence[tuple[str, int]], *key: object) -> str:
    """One of the names, by weight, depending on nothing but the key."""
    point = digest("choose", *key) % sum(weight for _, weight in weights)
    for name, weight in weights:
        point -= weight
        if point < 0:
            return name
    raise AssertionError("weights that sum up to more than their sum")


def fraction(*key: object) -> float:
    """A number from 0 up to, but not including, 1 that depends on nothing but the key."""
    return (digest("fraction", *key) >> 75) / 2**53


def lognormal(median: float, sigma: float, *key: object) -> float:
    """A number with this lognormal distribution that depends on nothing but the key (Box and Muller's method)."""
    radius = math.sqrt(-2 * math.log(1 - fraction("radius", *key)))
    return median * math.exp(sigma * radius * math.cos(2 * math.pi * fraction("angle", *key)))


def garbage(length: int, *key: object) -> bytes:
    """Bytes without meaning that depend on nothing but the key; they begin like no HTTP answer."""
    made = b"".join(digest("garbage", index, *key).to_bytes(16, "big") for index in range(-(-length // 16)))
    return (b"\x00" + made)[:length]


class Fake:
    """A source of made-up facts that depend on nothing but `seed` and `key`, whatever else was asked for."""

    def __init__(self, seed: int, *key: object, locale: str = "en_US") -> None:
        self._seed = seed
        self._locale = locale
        self._random = random.Random(digest("fake", seed, *key))  # noqa: S311 - made-up facts, no secrets

    def of(self, *key: object) -> Fake:
        """A source for something else under the same seed."""
        return Fake(self._seed, *key, locale=self._locale)

    @property
    def _faker(self) -> Any:
        faker = _faker(self._locale)
        faker.random = self._random
        return faker

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self._random.randint(low, high))

    def pick(self, values: Sequence[str]) -> str:
        """One of the values."""
        return str(self._random.choice(values))

    def hex(self, length: int) -> str:
        """Hex digits."""
        return f"{self._random.getrandbits(4 * length):0{length}x}"

    def uuid(self) -> str:
        """A random-looking UUID."""
        return str(self._faker.uuid4())

    def user(self) -> str:
        """A user's name."""
        return str(self._faker.user_name())

    def word(self) -> str:
        """A word, lower case."""
        return str(self._faker.word())

    def name(self, parts: int = 2) -> str:
        """An identifier such as `orders_daily`."""
        return "_".join(str(self._faker.word()).lower() for _ in range(parts))

    def sentence(self) -> str:
        """A sentence."""
        return str(self._faker.sentence())

    def ipv4(self) -> str:
        """A private IPv4 address."""
        return str(self._faker.ipv4_private())


LOCALES = ("en_US", "zh_CN")
"""Languages that names and texts can be made up in."""

_LOCAL = threading.local()


def _faker(locale: str) -> Any:
    """One Faker a thread and locale: it draws from whatever source asks it."""
    if not hasattr(_LOCAL, locale):
        from faker import Factory  # 60 ms, and only needed once an id is asked for that nobody declared

        setattr(_LOCAL, locale, Factory.create(locale, use_weighting=False))
    return getattr(_LOCAL, locale)
