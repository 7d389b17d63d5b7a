"""Texts and numbers by what a schema says of them: its format, pattern and limits, and the name of the member."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ..generate import Fake
from ..jobs.clock import utc

_EPOCH = 1_767_225_600_000  # 2026-01-01T00:00:00Z: made-up times lie in the year after
_FORMATS: Mapping[str, Callable[[Fake], str]] = {
    "date-time": lambda fake: f"{_moment(fake):%Y-%m-%dT%H:%M:%SZ}",
    "datetime": lambda fake: f"{_moment(fake):%Y-%m-%dT%H:%M:%SZ}",
    "google-datetime": lambda fake: f"{_moment(fake):%Y-%m-%dT%H:%M:%SZ}",
    "date": lambda fake: f"{_moment(fake):%Y-%m-%d}",
    "time": lambda fake: f"{_moment(fake):%H:%M:%SZ}",
    "duration": lambda fake: f"PT{fake.integer(1, 59)}M",
    "email": lambda fake: fake.email(),
    "idn-email": lambda fake: fake.email(),
    "hostname": lambda fake: fake.host(),
    "ipv4": lambda fake: fake.ipv4(),
    "ip": lambda fake: fake.ipv4(),
    "ipv6": lambda fake: f"2001:db8::{fake.integer(1, 0xFFFF):x}",
    "uri": lambda fake: f"https://{fake.host()}/{fake.name(1)}",
    "url": lambda fake: f"https://{fake.host()}/{fake.name(1)}",
    "uri-reference": lambda fake: f"/{fake.name(1)}",
    "uuid": lambda fake: fake.uuid(),
    "guid": lambda fake: fake.uuid(),
    "byte": lambda fake: base64.b64encode(fake.sentence().encode()).decode(),
    "base64": lambda fake: base64.b64encode(fake.sentence().encode()).decode(),
    "json-pointer": lambda fake: f"/{fake.name(1)}",
    "regex": lambda _fake: "^[a-z]+$",
    "int64": lambda fake: str(fake.integer(1, 10**9)),
    "uint64": lambda fake: str(fake.integer(1, 10**9)),
}
_NAMES: tuple[tuple[re.Pattern[str], Callable[[Fake], str]], ...] = tuple(
    (re.compile(pattern), maker)
    for pattern, maker in (
        (r"(^|_)e?mail(_|$)", _FORMATS["email"]),
        (r"(^|_)(uuid|guid)$", _FORMATS["uuid"]),
        (r"(^|_)(project|tenant|domain|instance|job|task|cluster|node|user|account)_?id$", lambda fake: fake.hex(32)),
        (r"(^|_)id$", lambda fake: fake.hex(16)),
        (r"(_at|_time|_date|^created|^updated|^start(ed)?|^end(ed)?|^finished|_on)$", _FORMATS["date-time"]),
        (r"(^|_)date(_|$)", _FORMATS["date-time"]),
        (r"(^|_)(url|uri|href|link|endpoint|location)$", _FORMATS["uri"]),
        (r"(^|_)(host|hostname|domain_name)$", _FORMATS["hostname"]),
        (r"(^|_)(ip|ip_address|address|cidr)$", _FORMATS["ipv4"]),
        (r"(^|_)(user|username|user_name|login|owner|creator|creation_user)$", lambda fake: fake.user()),
        (r"(^|_)(message|description|detail|details|summary|reason|comment|text|title)$", lambda fake: fake.sentence()),
        (r"(^|_)(version)$", lambda fake: f"{fake.integer(1, 9)}.{fake.integer(0, 9)}.{fake.integer(0, 9)}"),
        (r"(^|_)(region|zone)$", lambda _fake: "cn-north-4"),
        (r"(^|_)(country)$", lambda _fake: "CN"),
        (r"(^|_)(currency)$", lambda _fake: "CNY"),
        (r"(^|_)(first|given)_name$", lambda fake: fake.by_faker("first_name")),
        (r"(^|_)(last|family)_name$|(^|_)surname$", lambda fake: fake.by_faker("last_name")),
        (r"(^|_)(company|company_name|organi[sz]ation_name)$", lambda fake: fake.by_faker("company")),
        (r"(^|_)(city|town)$", lambda fake: fake.by_faker("city")),
        (r"(^|_)street(_address)?$", lambda fake: fake.by_faker("street_address")),
        (r"(^|_)(postcode|postal_code|zip_code)$", lambda fake: fake.by_faker("postcode")),
        (r"(^|_)(phone|phone_number|mobile|telephone)$", lambda fake: fake.by_faker("phone_number")),
        (r"name$", lambda fake: fake.name()),
    )
)  # fmt: skip
_RANGES: tuple[tuple[re.Pattern[str], tuple[int, int]], ...] = tuple(
    (re.compile(pattern), bounds)
    for pattern, bounds in (
        (r"progress|percent|ratio", (0, 100)),
        (r"(^|_)port$", (1024, 65_535)),
        (r"(^|_)year$", (2020, 2026)),
        (r"(time|_at|date|timestamp)$", (_EPOCH // 1_000, _EPOCH // 1_000 + 31_000_000)),
        (r"(^|_)(lat|latitude)$", (-90, 90)),
        (r"(^|_)(lon|lng|longitude)$", (-180, 180)),
        (r"(count|total|num|number|size|limit|quantity)$", (1, 100)),
    )
)


def _moment(fake: Fake) -> Any:
    return utc(_EPOCH) + timedelta(seconds=fake.integer(0, 31_000_000))


def _snake_case(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower())


def text_for(fake: Fake, name: str, keywords: Mapping[str, Any]) -> str:
    """A text: by its pattern, its format or its name, of an allowed length."""
    low, high = int(keywords.get("minLength", 0)), int(min(keywords.get("maxLength", 10_000), 10_000))
    pattern = keywords.get("pattern")
    if isinstance(pattern, str):
        from .pattern_texts import text_matching  # only schemas with a pattern need it

        return text_matching(fake, pattern, low, high)
    maker = _FORMATS.get(str(keywords.get("format")).lower())
    if maker is None:
        words = _snake_case(name)
        maker = next((maker for name_pattern, maker in _NAMES if name_pattern.search(words)), None)
    text = maker(fake) if maker else fake.word()
    if maker is _FORMATS["date-time"] and len(text) < low:
        text = f"{text[:-1]}.{'0' * (low - len(text) - 1)}Z" if low > len(text) + 1 else text[:-1] + ".0Z"
    while len(text) < low:
        text += fake.word()
    return text[:high]


def number_for(fake: Fake, name: str, kind: str, keywords: Mapping[str, Any]) -> int | float:
    """A number within the schema's limits; by its name where they leave it open."""
    words = _snake_case(name)
    low: float
    high: float
    low, high = next((bounds for name_pattern, bounds in _RANGES if name_pattern.search(words)), (0, 1_000))
    if words.endswith(("_ms", "millis")) or (
        keywords.get("format") == "int64" and re.search(r"(time|_at|date|timestamp)$", words)
    ):
        low, high = _EPOCH, _EPOCH + 31_000_000_000
    least, most = _limits(keywords, kind)
    low = low if least is None else (least if low < least or (most is not None and low > most) else low)
    high = high if most is None else min(high, most)
    high = max(low, high) if most is None or most >= low else low
    step = keywords.get("multipleOf")
    if step:
        first, last = math.ceil(low / step), math.floor(high / step)
        value = fake.integer(first, max(first, last)) * step
        return int(value) if kind == "integer" or value == int(value) else value
    if kind == "integer" or (low == math.ceil(low) and high - low >= 1):
        return fake.integer(math.ceil(low), max(math.ceil(low), math.floor(high)))
    return low + (high - low) * fake.integer(1, 99) / 100


def _limits(keywords: Mapping[str, Any], kind: str) -> tuple[float | None, float | None]:
    least, most = keywords.get("minimum"), keywords.get("maximum")
    margin = 1 if kind == "integer" else 0.001
    if "exclusiveMinimum" in keywords:
        over = math.floor(keywords["exclusiveMinimum"]) + 1 if kind == "integer" else keywords["exclusiveMinimum"] + margin
        least = over if least is None else max(least, over)
    if "exclusiveMaximum" in keywords:
        under = math.ceil(keywords["exclusiveMaximum"]) - 1 if kind == "integer" else keywords["exclusiveMaximum"] - margin
        most = under if most is None else min(most, under)
    return least, most
