"""The fields of a fault, each read and checked against what it may be."""

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

_MOST_DELAY = 86_400.0
_MOST_CHUNKS = 10_000
_DISTRIBUTIONS = {"uniform": ("lower", "upper"), "lognormal": ("median", "sigma")}


def whole(name: str, value: Any, least: int, most: int = 1_000_000_000) -> int:
    """A whole number within bounds, which JSON may write as 2.0. Raises InputError."""
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InputError(f"{name} is {value!r}; allowed: a whole number, {least} to {most}")
    return value


def share(value: Any) -> float:
    """A share of requests. Raises InputError."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise InputError(f"share is {value!r}; allowed: more than 0, at most 1 (0.3: three of ten requests)")
    return float(value)


def window(value: Any, now: int) -> tuple[int | None, int | None]:
    """When a window begins and ends, in milliseconds; None: always was, or never. Raises InputError."""
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
    return Quota(whole("quota/limit", value["limit"], 0), per, value.get("error"))


def delay(value: Any, clock: Any) -> Delay:
    """A delay; `clock` is `real` or `mock`. Raises InputError."""
    if clock not in ("real", "mock"):
        raise InputError(f"clock is {clock!r}; allowed: real (the caller waits) or mock (the mock's clock goes on)")
    if not isinstance(value, Mapping):
        return Delay("fixed", _not_too_long("delay", seconds(value)), mock=clock == "mock")
    kind = value.get("type")
    names = _DISTRIBUTIONS.get(kind, ()) if isinstance(kind, str) else ()
    if not names or set(value) != {"type", *names}:
        allowed = '{"type": "uniform", "lower": .., "upper": ..} or {"type": "lognormal", "median": .., "sigma": ..}'
        raise InputError(f"delay is {dict(value)!r}; allowed: a duration, {allowed}")
    low = _not_too_long(f"delay/{names[0]}", seconds(value[names[0]]))
    if kind == "lognormal":
        return Delay("lognormal", low, _sigma(value["sigma"]), clock == "mock")
    high = _not_too_long("delay/upper", seconds(value["upper"]))
    if high < low:
        raise InputError(f"delay/upper is {value['upper']!r}, which is less than lower, {value['lower']!r}")
    return Delay("uniform", low, high, clock == "mock")


def _sigma(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 10:
        raise InputError(f"delay/sigma is {value!r}; allowed: a number, 0 to 10")
    return float(value)


def _not_too_long(name: str, value: float) -> float:
    if value > _MOST_DELAY:
        raise InputError(f"{name} is {value:g} s; allowed: at most {_MOST_DELAY:g} s, a day")
    return value


def longest(value: float) -> float:
    """A drawn delay in seconds, cut to the longest one allowed."""
    return min(value, _MOST_DELAY)


def retry_after(value: Any, counted: bool) -> str | bool:
    """The header `Retry-After`: whole seconds, an HTTP date, or True for what is left of a quota's window (`counted`).

    Raises InputError.
    """
    allowed = f"seconds, an HTTP date{', or true: what is left of the window' if counted else ''}"
    if value is True and counted:
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
    """A body and its content type: text goes as it is, anything else as JSON. Raises InputError."""
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
    """Seconds and chunks of `fault={"type": name, ...}`. Raises InputError for members that this kind hasn't."""
    for option in options:
        if option not in ("type", *allowed):
            raise InputError(f"fault {name} has {option!r}; allowed: {', '.join(('type', *allowed))}")
    if "chunks" in allowed:
        chunks = whole("fault/chunks", options.get("chunks", 5), 1, _MOST_CHUNKS)
        return _not_too_long("fault/duration", seconds(options.get("duration", 1))), chunks
    limit = options.get("limit")
    return (None if limit is None else _not_too_long("fault/limit", seconds(limit))), 0


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as JSON has them: lists for tuples, and no value shared with the caller's. Raises InputError."""
    try:
        copied: dict[str, Any] = json.loads(json.dumps(fields, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the fields of a fault are JSON values: {error}") from None
    return copied
