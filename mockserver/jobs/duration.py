"""Lengths of time, as people write them."""

from __future__ import annotations

import re

from ..errors import InputError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_MOST = 1_000 * 365 * 86_400.0  # a thousand years
_LONGEST = 100  # characters: no length of time that anybody writes is longer
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(value: object) -> float:
    """Seconds from a number of them, or from text such as `90s`, `1.5h` or `1h30m`. Raises InputError."""
    result = _seconds_of(value)
    if result is None or not 0 <= result <= _MOST:
        allowed = "seconds (90), or text such as 90s, 2h, 1h30m; at most 365000d"
        raise InputError(f"{_short_repr(value)} is not a length of time; allowed: {allowed}")
    return float(result)


def _short_repr(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _seconds_of(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= _LONGEST:
        text = value.replace(" ", "")
        parts = _PART.findall(text)
        if parts and "".join(number + unit for number, unit in parts) == text:
            return sum(float(number) * _UNITS[unit] for number, unit in parts)
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
    return None
