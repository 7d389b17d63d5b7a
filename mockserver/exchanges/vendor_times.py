"""Reads and writes times in the vendors' forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

_DIGITS = 20
_LATEST = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_CHINA = timezone(timedelta(hours=8))
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_JAVA = re.compile(r"(\w{3}) (\w{3}) (\d\d) (\d\d):(\d\d):(\d\d) ([A-Z]{1,5}(?:[+-]\d\d:\d\d)?) (\d{4})")


@dataclass(frozen=True, slots=True)
class Form:
    """A form of times. `parse` gives milliseconds since 1970, or raises ValueError; `show` writes a time in the zone and the
    JSON type of a sample value; `rounding` is the precision that the form loses, in milliseconds."""

    parse: Callable[[Any], int]
    show: Callable[[int, Any], Any]
    rounding: int


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(time: int, zone: timezone | None) -> datetime:
    return (_EPOCH + timedelta(milliseconds=time)).astimezone(zone)


def _parse_epoch(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, str) and len(value) > _DIGITS):
        raise ValueError(value)
    time = int(value)
    if abs(time) > _LATEST:
        raise ValueError(value)
    return time


def _show_epoch(time: int, sample: Any) -> Any:
    return str(time) if isinstance(sample, str) else time


def _parse_iso(value: Any) -> int:
    """RFC 3339, also with an offset without a colon (+0800), which Python 3.10 reads by strptime only."""
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", str(value).replace("Z", "+00:00"))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(value)
    return _ms(moment)


def _zone_of(sample: Any) -> timezone:
    offset = datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", str(sample).replace("Z", "+00:00"))).utcoffset()
    return timezone(offset or timedelta())


def _show_rfc3339(time: int, sample: Any) -> str:
    return _moment(time, _zone_of(sample)).isoformat(timespec="milliseconds")


def _show_offset(time: int, sample: Any) -> str:
    return _moment(time, _zone_of(sample)).strftime("%Y-%m-%dT%H:%M:%S%z")


def _parse_local(value: Any) -> int:
    return _ms(datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA))


def _show_local(time: int, _sample: Any) -> str:
    return _moment(time, _CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _java_zone(name: str) -> timezone:
    match = re.fullmatch(r"[A-Z]+([+-])(\d\d):(\d\d)", name)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(offset if match[1] == "+" else -offset)
    return timezone.utc if name in ("UTC", "GMT", "Z") else _CHINA  # CST is China Standard Time in every published sample


def _parse_java(value: Any) -> int:
    match = _JAVA.fullmatch(str(value))
    if match is None or match[2] not in _MONTHS:
        raise ValueError(value)
    day, hour, minute, second = (int(match[index]) for index in (3, 4, 5, 6))
    month, zone = _MONTHS.index(match[2]) + 1, _java_zone(match[7])
    moment = datetime(int(match[8]), month, day, hour, minute, second, tzinfo=zone)
    if _DAYS[moment.weekday()] != match[1]:
        raise ValueError(value)
    return _ms(moment)


def _show_java(time: int, sample: Any) -> str:
    match = _JAVA.fullmatch(str(sample))
    name = match[7] if match else "CST"
    moment = _moment(time, _java_zone(name))
    return f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {moment:%d %H:%M:%S} {name} {moment:%Y}"


FORMS: Mapping[str, Form] = {
    "epoch-ms": Form(_parse_epoch, _show_epoch, 0),
    "epoch-s": Form(
        lambda value: 1_000 * _parse_epoch(value), lambda time, sample: _show_epoch(time // 1_000, sample), 1_000
    ),
    "rfc3339": Form(_parse_iso, _show_rfc3339, 0),
    "iso-basic-offset": Form(_parse_iso, _show_offset, 1_000),
    "local-china": Form(_parse_local, _show_local, 1_000),
    "java-date": Form(_parse_java, _show_java, 1_000),
}
"""The forms that `x-observation` may name. `local-china` is yyyy-MM-dd HH:mm:ss (+08:00), `java-date` Date.toString."""


def parse(form: str, value: Any) -> int | None:
    """Milliseconds since 1970; None for a value that means no time (null, "", 0) and for one that isn't in the form."""
    if value is None or value in ("", 0, "0"):
        return None
    try:
        return FORMS[form].parse(value)
    except (ValueError, OverflowError):
        return None


def show(form: str, time: int, sample: Any) -> Any:
    """The time in this form, with the zone and JSON type of `sample`. Raises ValueError or OverflowError if impossible."""
    return FORMS[form].show(time, sample)
