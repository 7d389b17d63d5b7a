"""Reads and checks the fields of a fault."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import InputError
from ..jobs.clock import LATEST, SECOND, parse_time
from ..jobs.duration import seconds
from .model import Delay, Quota

_LONGEST_DELAY = 86_400.0
_MAX_CHUNKS = 10_000
_DISTRIBUTIONS = {"uniform": ("lower", "upper"), "lognormal": ("median", "sigma")}


def whole_number(name: str, value: Any, minimum: int, maximum: int = 1_000_000_000) -> int:
    """A whole number within bounds; JSON may write it as 2.0. Raises InputError."""
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise InputError(f"{name} is {value!r}; allowed: a whole number, {minimum} to {maximum}")
    return value


def share(value: Any) -> float:
    """A share of requests. Raises InputError."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise InputError(f"share is {value!r}; allowed: more than 0, at most 1 (0.3: three of ten requests)")
    return float(value)


def window(value: Any, now: int) -> tuple[int | None, int | None]:
    """Begin and end of a window (ms since 1970); None: no begin, or no end. Raises InputError."""
    if value is None:
        return (None, None)
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError(f"window is {value!r}; allowed: (from, to), each a duration from now, an ISO 8601 time or null")
    begin, end = (_moment(moment, now) for moment in value)
    if begin is not None and end is not None and end <= begin:
        raise InputError(f"window is {value!r}, which ends before it begins")
    return (begin, end)


def _moment(value: Any, now: int) -> int | None:
    if value is None:
        return None
    try:
        return min(LATEST, now + round(seconds(value) * SECOND))
    except InputError:
        if not isinstance(value, str):
            raise
    try:
        return parse_time(value)
    except InputError:
        raise InputError(
            f"window has {value!r}; allowed: a duration from now, such as 90 or 2h, an ISO 8601 time, or null"
        ) from None


def quota(value: Any) -> Quota:
    """A quota. Raises InputError."""
    if not isinstance(value, Mapping) or not {"limit", "per"} <= set(value) <= {"limit", "per", "error"}:
        raise InputError(f'quota is {value!r}; allowed: {{"limit": 120, "per": "1m"}}, and the name of an "error"')
    per = round(seconds(value["per"]) * SECOND)
    if per < 1:
        raise InputError(f"quota/per is {value['per']!r}; allowed: a millisecond or more")
    return Quota(whole_number("quota/limit", value["limit"], 0), per, value.get("error"))


def delay(value: Any, clock: Any) -> Delay:
    """A delay; `clock` is `real` or `mock`. Raises InputError."""
    if clock not in ("real", "mock"):
        raise InputError(f"clock is {clock!r}; allowed: real (the caller waits) or mock (the mock's clock goes on)")
    if not isinstance(value, Mapping):
        return Delay("fixed", _check_length("delay", seconds(value)), mock=clock == "mock")
    kind = value.get("type")
    names = _DISTRIBUTIONS.get(kind, ()) if isinstance(kind, str) else ()
    if not names or set(value) != {"type", *names}:
        allowed = '{"type": "uniform", "lower": .., "upper": ..} or {"type": "lognormal", "median": .., "sigma": ..}'
        raise InputError(f"delay is {dict(value)!r}; allowed: a duration, {allowed}")
    low = _check_length(f"delay/{names[0]}", seconds(value[names[0]]))
    if kind == "lognormal":
        return Delay("lognormal", low, _sigma(value["sigma"]), clock == "mock")
    high = _check_length("delay/upper", seconds(value["upper"]))
    if high < low:
        raise InputError(f"delay/upper is {value['upper']!r}, which is less than lower, {value['lower']!r}")
    return Delay("uniform", low, high, clock == "mock")


def _sigma(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 10:
        raise InputError(f"delay/sigma is {value!r}; allowed: a number, 0 to 10")
    return float(value)


def _check_length(name: str, value: float) -> float:
    if value > _LONGEST_DELAY:
        raise InputError(f"{name} is {value:g} s; allowed: at most {_LONGEST_DELAY:g} s, a day")
    return value


def limit_delay(value: float) -> float:
    """A random delay (s), cut to the longest one allowed."""
    return min(value, _LONGEST_DELAY)


def retry_after(value: Any, has_quota: bool) -> str | bool:
    """The header `Retry-After`: whole seconds, an HTTP date, or True for the rest of a quota's window (`has_quota`).

    Raises InputError.
    """
    allowed = f"seconds, an HTTP date{', or true: what is left of the window' if has_quota else ''}"
    if value is True and has_quota:
        return True
    if isinstance(value, str):
        try:
            parsedate_to_datetime(value)
        except ValueError:
            pass
        else:
            return value
    try:
        return str(math.ceil(seconds(value)))
    except InputError:
        raise InputError(f"retry_after is {value!r}; allowed: {allowed}") from None


def body(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    """A body and its content type: text is sent as it is, anything else as JSON. Raises InputError."""
    value = fields["body"]
    content_type = fields.get("content_type")
    if content_type is not None and (
        not isinstance(content_type, str) or not content_type.isascii() or not content_type.isprintable() or not content_type
    ):
        raise InputError(f"content_type is {content_type!r}; allowed: text, such as text/plain")
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace"), content_type or "text/plain; charset=utf-8"
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"body is neither text nor JSON: {error}") from None
    return text.encode("utf-8", "backslashreplace"), content_type or "application/json"


def fault_options(name: str, options: Mapping[str, Any], allowed: tuple[str, ...]) -> tuple[float | None, int]:
    """Seconds and chunks of `fault={"type": name, ...}`. Raises InputError for members that this kind doesn't have."""
    for option in options:
        if option not in ("type", *allowed):
            raise InputError(f"fault {name} has {option!r}; allowed: {', '.join(('type', *allowed))}")
    if "chunks" in allowed:
        chunks = whole_number("fault/chunks", options.get("chunks", 5), 1, _MAX_CHUNKS)
        return _check_length("fault/duration", seconds(options.get("duration", 1))), chunks
    limit = options.get("limit")
    return (None if limit is None else _check_length("fault/limit", seconds(limit))), 0


def as_json_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the fields as JSON values, with lists for tuples. Raises InputError."""
    try:
        copied: dict[str, Any] = json.loads(json.dumps(fields, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the fields of a fault are JSON values: {error}") from None
    return copied
