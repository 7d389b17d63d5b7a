"""Texts that match a regular expression: made by `rstr`, with few repetitions and of ordinary characters."""

from __future__ import annotations

import re
import string
from typing import Any

from rstr import Rstr

from ..definitions.json_regex import SlowPattern, compile_pattern
from ..generate import Fake

_REPETITIONS = (4, 0, 16, 64)
"""How often `*` and `+` repeat beyond what they must, try by try: few make short texts, many reach a least length."""

_MOST = 2_000
"""The most repetitions in one text: nested ones multiply."""

_TRIES = 12
_PLAIN = ("1", "a", "2026-01-01", "http://example.com", "")
_USUAL = string.ascii_lowercase + string.digits


class _Texts(Rstr):
    """`rstr` with a limit of its own, and letters and digits where any character would do."""

    def __init__(self, fake: Fake, repetitions: int) -> None:
        super().__init__(fake.random())
        self._repetitions, self._left = repetitions, _MOST
        usual = {"any": lambda _: self._random.choice(_USUAL), "not_literal": lambda code: self._other({chr(code)})}
        self._cases = {**self._cases, **usual}

    def _handle_repeat(self, start_range: int, end_range: int, value: Any) -> str:
        most = max(0, min(self._repetitions, end_range - start_range, self._left))
        times = start_range + self._random.randint(0, most)
        self._left -= times
        return "".join(self._handle_state(state) for _ in range(times) for state in value)

    def _handle_in(self, value: Any) -> Any:
        if value[0][0].name == "NEGATE":
            return self._other({character for state in value[1:] for character in self._handle_state(state)})
        return super()._handle_in(value)

    def _other(self, without: set[str]) -> str:
        usual = [character for character in _USUAL if character not in without]
        return self._random.choice(usual or sorted(set(string.printable) - without))


def text_matching(fake: Fake, pattern: str, low: int, high: int) -> str:
    """A text that matches a pattern, of a length from `low` to `high`, where one is made soon."""
    text = ""
    for number in range(_TRIES):
        text = _made(fake, pattern, _REPETITIONS[number % len(_REPETITIONS)])[:high]
        while len(text) < low and number >= len(_REPETITIONS):  # the pattern leaves more open than it makes
            text += fake.word()
        if low <= len(text) <= high and _is_match(pattern, text):
            return text
    for plain in (fake.word(), fake.hex(32), *_PLAIN):
        if low <= len(plain) <= high and _is_match(pattern, plain):
            return plain
    return text


def _made(fake: Fake, pattern: str, repetitions: int) -> str:
    try:
        return str(_Texts(fake, repetitions).xeger(pattern.replace("(?<", "(?P<")))
    except (re.error, KeyError, IndexError, NotImplementedError, ValueError, RecursionError, OverflowError):
        return fake.word()


def _is_match(pattern: str, text: str) -> bool:
    try:
        return compile_pattern(pattern).search(text) is not None
    except SlowPattern:
        return False
