"""Patterns and JSON as JSON Schema means them, where Python differs.

Patterns are a user's, and some take for ever on some texts: the library `regex` stops after a time (re2 would be linear, but
knows no look-ahead, which many public documents use) and knows `\\p{L}`, which `re` doesn't. A pattern of one class of
characters, repeated, takes linear time anywhere: `re` looks for it in a seventh of the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NoReturn

from .limits import PATTERN_LENGTH, PATTERN_SECONDS

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$|\(\?<(?![=!])", re.DOTALL)
_PROPERTY = re.compile(r"\\[pP]\{")
_SLASH = {r"\/": "/", r"\-": r"\-", r"\_": "_", r"\#": r"\#", r"\@": "@", r"\:": ":", r"\'": "'", r"\"": '"', r"\%": "%"}

_ONE_CLASS = re.compile(
    r"\^\[\^?(?:(?!--)[A-Za-z0-9_./:@ -]|\\[-./\\dDwW]|\\x[0-9A-Fa-f]{2})+\](?:[*+?]|\{[0-9]{1,4}(?:,[0-9]{0,4})?\})?\$"
)


class SlowPattern(Exception):
    """A pattern that took too long on a text."""


class Pattern:
    """A pattern that ends: each search has a limit of time.

    `search` gives the first match in a text, `fullmatch` the match of the whole text; None where there is none. Both raise
    SlowPattern.
    """

    __slots__ = ("fullmatch", "pattern", "search")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        if len(pattern) > PATTERN_LENGTH:
            raise re.error(f"longer than {PATTERN_LENGTH} characters")
        self.search: Callable[[str], Any]
        self.fullmatch: Callable[[str], Any]
        if _ONE_CLASS.fullmatch(pattern):
            compiled = re.compile(_TOKEN.sub(_translated, pattern), re.ASCII)
            self.search, self.fullmatch = compiled.search, compiled.fullmatch
        else:
            slow = _compiled(pattern)
            self.search = partial(_within_time, pattern, slow.search)
            self.fullmatch = partial(_within_time, pattern, slow.fullmatch)


def _compiled(pattern: str) -> Any:
    """By `regex`, which is imported with the first pattern that needs it: 9 ms, 2 MiB."""
    import regex

    flag = regex.UNICODE if _PROPERTY.search(pattern) else regex.ASCII
    try:
        return regex.compile(_TOKEN.sub(_translated, pattern), flag)
    except regex.error as error:
        raise re.error(str(error)) from None
    except (RecursionError, OverflowError, MemoryError):
        raise re.error("nested too deeply") from None


def _within_time(pattern: str, how: Any, text: str) -> Any:
    try:
        return how(text, timeout=PATTERN_SECONDS, concurrent=True)
    except TimeoutError:
        pass  # perhaps it was the machine that was slow: a quick pattern is quick the second time
    try:
        return how(text, timeout=PATTERN_SECONDS, concurrent=True)
    except TimeoutError:
        raise SlowPattern(f"the pattern {pattern[:80]!r} takes more than {PATTERN_SECONDS} s") from None


def _translated(token: re.Match[str]) -> str:
    text = token[0]
    if text == "$":
        return r"\Z"
    return "(?P<" if text == "(?<" else _SLASH.get(text, text)


@lru_cache(maxsize=1_024)
def compile_pattern(pattern: str) -> Pattern:
    r"""A pattern as JSON Schema means it: unlike in Python, `$` is only the very end, and `\d` and `\w` are ASCII.

    Raises re.error for what is not a pattern.
    """
    return Pattern(pattern)


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN, Infinity and -Infinity, which Python's parser takes for numbers and JSON doesn't have."""
    raise ValueError(f"{name} is not JSON")
