"""Made-up facts from a seed: the vendors' with the words of Faker's lists, other kinds of fact by Faker itself."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from random import Random
from struct import Struct
from typing import Any, TypeVar, cast

from .package_data import folder

T = TypeVar("T")
_NUMBERS = Struct(">16I")


def digest(*key: object) -> int:
    """A number that depends on nothing but the key: the same in every process."""
    text = "\x1f".join(map(str, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")


def hex_id(*key: object) -> str:
    """32 hex digits that depend on nothing but the key."""
    return f"{digest(*key):032x}"


class IdMaker:
    """Makes the ids of `hex_id(seed, *key, now)` for many times `now`. It digests the constant part of the key only once."""

    __slots__ = ("_begun", "seed")

    def __init__(self, seed: int, *key: object) -> None:
        self.seed = seed
        text = "\x1f".join([str(seed), *map(str, key), ""])
        self._begun = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)

    def hex_id(self, now: int) -> str:
        """32 hex digits for this time."""
        hasher = self._begun.copy()
        hasher.update(str(now).encode())
        return hasher.hexdigest()


def weighted(names: Sequence[str], sums: Sequence[int], *key: object) -> str:
    """One of the names, by weight, that depends on nothing but the key; `sums` are those of the weights so far."""
    return names[bisect_right(sums, digest(*key) * sums[-1] >> 128)]


def fraction(*key: object) -> float:
    """A number from 0 up to, but not including, 1 that depends on nothing but the key."""
    return (digest("fraction", *key) >> 75) / 2**53


def lognormal(median: float, sigma: float, *key: object) -> float:
    """A number with this lognormal distribution that depends on nothing but the key (Box and Muller's method)."""
    radius = math.sqrt(-2 * math.log(1 - fraction("radius", *key)))
    return median * math.exp(sigma * radius * math.cos(2 * math.pi * fraction("angle", *key)))


def garbage(length: int, *key: object) -> bytes:
    """Bytes without meaning that depend on nothing but the key; they begin like no HTTP answer."""
    noise = b"".join(digest("garbage", index, *key).to_bytes(16, "big") for index in range(-(-length // 16)))
    return (b"\x00" + noise)[:length]


class Fake:
    """A source of made-up facts that depend on nothing but `seed` and `key`.

    It draws numbers of 32 bits from digests of its key, so it costs nothing to begin, and threads share nothing.
    """

    __slots__ = ("_drawn", "_locale", "_numbers", "_seed", "_text")

    def __init__(self, seed: int, *key: object, locale: str = "en_US") -> None:
        self._seed = seed
        self._locale = locale
        self._text = "\x1f".join(["fake", str(seed), *map(str, key)]).encode("utf-8", "surrogatepass")
        self._drawn = 0
        self._numbers: list[int] = []

    def of(self, *key: object) -> Fake:
        """Another source, with another key and the same seed."""
        return Fake(self._seed, *key, locale=self._locale)

    def shared(self, maker: Callable[[Fake], T], *key: object) -> T:
        """What `maker` makes of the source with this key. It is remembered: many jobs may share it."""
        return cast("T", _shared(maker, self._seed, self._locale, key))

    def _draw(self, count: int) -> int:
        """A number from 0 up to, but not including, `count`; large ones not quite evenly, which no made-up fact shows."""
        if not self._numbers:
            self._draw_more()
        return self._numbers.pop() * count >> 32

    def _draw_more(self) -> None:
        drawn = hashlib.blake2b(self._text, digest_size=64, salt=self._drawn.to_bytes(16, "big"))
        self._numbers += _NUMBERS.unpack(drawn.digest())
        self._drawn += 1

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        if not self._numbers:
            self._draw_more()
        return low + (self._numbers.pop() * (high - low + 1) >> 32)

    def integers(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """A whole number for each name, from the first of its two numbers to the second, both included."""
        while len(self._numbers) < len(ranges):
            self._draw_more()
        pop = self._numbers.pop
        return {name: low + (pop() * (high - low + 1) >> 32) for name, (low, high) in ranges.items()}

    def pick(self, values: Sequence[str]) -> str:
        """One of the values."""
        return values[self._draw(len(values))]

    def hex(self, length: int) -> str:
        """Hex digits."""
        return "".join([f"{self._draw(1 << 32):08x}" for _ in range(0, length, 8)])[:length]

    def uuid(self) -> str:
        """A random-looking UUID (RFC 9562, version 4)."""
        digits = self.hex(32)
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def user(self) -> str:
        """A user's name, such as `asmith` or `jones41`."""
        lists = _words_of_locale(self._locale)
        last = self.pick(lists["last_names"])
        if self._draw(2):
            return f"{self.pick(lists['first_names'])[0]}{last}"
        return f"{last}{self._draw(100):02d}"

    def word(self) -> str:
        """A word, lower case."""
        return self.pick(_words_of_locale(self._locale)["words"])

    def name(self, parts: int = 2) -> str:
        """An identifier such as `orders_daily`."""
        return "_".join(self.word().lower() for _ in range(parts))

    def sentence(self) -> str:
        """A sentence."""
        words = [self.word() for _ in range(self.integer(4, 8))]
        blank, stop = ("", "\u3002") if self._locale == "zh_CN" else (" ", ".")
        text = blank.join(words)
        return f"{text[0].upper()}{text[1:]}{stop}"

    def email(self) -> str:
        """A mail address of an example domain."""
        return f"{self.user()}@example.com"

    def host(self) -> str:
        """A host of an example domain."""
        return f"{self.name(1)}.example.com"

    def random(self) -> Random:
        """A source of random numbers, for a library that makes values up by one."""
        return Random(self._draw(1 << 62))  # noqa: S311 - made-up texts, no secrets

    def by_faker(self, kind: str) -> str:
        """A fact that Faker has a method for, such as `company`, `city` or `phone_number`, on one line."""
        maker = _faker(self._locale)
        with _ONE_AT_A_TIME:
            maker.seed_instance(self._draw(1 << 62))
            return " ".join(str(getattr(maker, kind)()).split())

    def ipv4(self) -> str:
        """A private IPv4 address."""
        number = self._draw(1 << 24)
        return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


@lru_cache(maxsize=256)
def _shared(maker: Callable[[Fake], Any], seed: int, locale: str, key: tuple[object, ...]) -> Any:
    return maker(Fake(seed, *key, locale=locale))


_ONE_AT_A_TIME = threading.Lock()
"""Faker's makers have a state: who seeds one asks it before anybody else does."""

LOCALES = ("en_US", "zh_CN")
"""Languages that names and texts can be made up in."""


@cache
def _faker(locale: str) -> Any:
    """Faker for a locale."""
    from faker import Faker  # 60 ms: only schemas with such members need it

    return Faker(locale)


@cache
def _words_of_locale(locale: str) -> dict[str, list[str]]:
    """The words of a locale (`fixtures/words.json`: Faker's lists)."""
    lists: dict[str, dict[str, list[str]]] = json.loads((folder("fixtures") / "words.json").read_text(encoding="utf-8"))
    return lists[locale]
