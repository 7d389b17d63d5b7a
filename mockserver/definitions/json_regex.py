"""Patterns and JSON as JSON Schema means them, where Python differs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


@lru_cache(maxsize=1_024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""A pattern as JSON Schema means it: unlike in Python, `$` is only the very end, and `\d` and `\w` are ASCII."""
    return re.compile(_TOKEN.sub(lambda token: r"\Z" if token[0] == "$" else token[0], pattern), re.ASCII)


def refuse_constant(name: str) -> Any:
    """Refuses NaN, Infinity and -Infinity, which Python's parser takes for numbers and JSON doesn't have."""
    raise ValueError(f"{name} is not JSON")
