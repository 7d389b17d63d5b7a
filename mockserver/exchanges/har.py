"""Reads HAR 1.2 from any tool, and writes it. Browsers and proxies save HTTP exchanges in this format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import InputError, excerpt
from ..model import Request
from .exchange import Exchange, request_from, response_from
from .har_bodies import Unusable, number, request_body, response_body, with_attached_body
from .har_writing import UNKNOWN_ORIGIN
from .recording import Recording, read, stream
from .vendor_times import parse

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_any(path: Path) -> Recording:
    """Read a recording or a HAR file, recognised by its name or by its beginning. Raises InputError."""
    return read_har(path) if path.suffix.lower() == ".har" or _looks_like_har(path) else read(path)


def stream_any(path: Path, notes: list[str]) -> tuple[bool, Iterator[Exchange]]:
    """Whether a file is HAR, and an iterator of its exchanges, which reads a recording line by line. Adds to `notes`. Raises
    InputError."""
    if path.suffix.lower() == ".har" or _looks_like_har(path):
        recording = read_har(path)
        notes += recording.notes
        return True, iter(recording.exchanges)
    return False, stream(path, notes)[1]


def _looks_like_har(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b'"log"' in file.read(200).removeprefix(b"\xef\xbb\xbf").lstrip()[:20]
    except OSError:
        return False


_LATEST = 253_402_300_799_999
_LONGEST = 1_000_000_000.0
_MALFORMED_ENTRY_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def read_har(path: Path) -> Recording:
    """The exchanges of a HAR file from any tool, in the order of their times.

    Entries that are not HTTP exchanges, have no answer (status 0) or no body, or are not valid HAR 1.2, are left out, and
    mentioned in `notes`. A body that Playwright wrote to a separate file is read from there. If the tool has unpacked a
    body, its encoding headers are left out. Raises InputError for a file that is not HAR.
    """
    log = _log(path)
    exchanges, notes = [], []
    for index, entry in enumerate(log["entries"]):
        place = f"{path}#/log/entries/{index}"
        try:
            exchanges.append(_exchange(entry, place, path.parent))
        except Unusable as reason:
            notes.append(f"{place}: {reason}; left out")
        except _MALFORMED_ENTRY_ERRORS as error:
            mistake = f"no {error}" if isinstance(error, KeyError) else type(error).__name__
            notes.append(f"{place}: it is not an entry of HAR 1.2 ({mistake}); left out")
    own_member = log.get("_recording")
    header = own_member if isinstance(own_member, dict) else {}
    ordered = exchanges if header else sorted(exchanges, key=lambda each: (each.time is None, each.time or 0))
    pseudonyms = header.get("pseudonyms")
    names = tuple(str(name) for name in (pseudonyms if isinstance(pseudonyms, list) else ()))
    return Recording(tuple(ordered), str(header.get("target", "")), str(header.get("created", "")), names, tuple(notes))


def _log(path: Path) -> Mapping[str, Any]:
    try:
        raw = path.read_bytes()
        value = json.loads(raw.decode("utf-16" if raw[:2] in _UTF_16 else "utf-8-sig"))
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: found what is not JSON in UTF-8 ({error}); allowed: a HAR file") from None
    log = value.get("log") if isinstance(value, dict) else None
    if not isinstance(log, dict) or not isinstance(log.get("entries"), list):
        raise InputError(f'{path}: found {excerpt(value)}; allowed: a HAR file, {{"log": {{"entries": [...]}}}}')
    return log


def _exchange(entry: Mapping[str, Any], place: str, folder: Path) -> Exchange:
    har_request, har_response = entry["request"], entry["response"]
    if "_path" not in har_request and not str(har_request["url"]).lower().startswith(("http://", "https://")):
        raise Unusable(f"{str(har_request['url'])[:40]!r} is not a URL of HTTP")
    status = _status(entry)
    headers = list(_pairs(har_response.get("headers") or []))
    packing = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    content = har_response.get("content") or {}
    if not isinstance(content, dict):
        raise Unusable(f"its content is {excerpt(content, 40)}, no object")
    body = response_body(with_attached_body(content, folder), entry, packing)
    if not content.get("_packed"):
        headers = _without_encoding_headers(headers)
    request = _request_of(har_request, folder)
    duration, time = _duration(entry), _answered_at(entry)
    return Exchange(
        request,
        response_from(status, headers, body),
        time,
        duration,
        place,
        _origin(entry, str(har_request["url"])),
        sent=number(entry.get("_sent"), _LATEST),
    )


def _status(entry: Mapping[str, Any]) -> int:
    """The status of an answer. Raises Unusable if there is none, or if it switches to another protocol."""
    answer = entry["response"]
    status = answer.get("status")
    if not status:
        reasons = (answer.get(name) for name in ("_error", "_failureText", "statusText"))
        reason = next((f": {text[:60]}" for text in reasons if isinstance(text, str) and text), "")
        raise Unusable(f"it got no answer (status 0{reason})")
    if isinstance(status, str) and status.isdecimal() and len(status) == 3:
        status = int(status)
    if isinstance(status, bool) or not isinstance(status, int):
        raise Unusable(f"its status is {excerpt(status, 40)}")
    if not 100 <= status <= 999:
        raise Unusable(f"{excerpt(status, 40)} is not an HTTP status")
    if status == 101 and "_origin" not in entry:  # our own recordings hold all answers
        raise Unusable("it was upgraded to another protocol, such as WebSocket (status 101)")
    return status


def _request_of(har_request: Mapping[str, Any], folder: Path) -> Request:
    headers: dict[str, str] = {}
    for name, value in _pairs(har_request.get("headers") or []):
        lower_name = name.lower()
        separator = "; " if lower_name == "cookie" else ", "
        headers[lower_name] = headers[lower_name] + separator + value if lower_name in headers else value
    url = str(har_request.get("_path", har_request["url"]))
    request = request_from(
        str(har_request["method"]),
        UNKNOWN_ORIGIN + url if "_path" in har_request else url,
        headers,
        request_body(har_request.get("postData"), folder),
    )
    if "_path" in har_request:
        request = replace(request, query=str(har_request.get("_query", "")))
    body_size = int(number(har_request.get("_bodySize"), 2**63) or 0)
    return replace(request, method=str(har_request["method"]), body_size=body_size)


def _pairs(headers: Any) -> Iterator[tuple[str, str]]:
    """Headers from a list or an object, without the pseudo-headers of HTTP/2, which begin with a colon."""
    if not isinstance(headers, list | dict):
        raise Unusable(f"its headers are {excerpt(headers, 40)}, no list")
    items = [{"name": name, "value": value} for name, value in headers.items()] if isinstance(headers, dict) else headers
    pairs = ((str(header["name"]), _value(header.get("value"))) for header in items)
    return ((name, value) for name, value in pairs if not name.startswith(":"))


def _value(value: Any) -> str:
    return "" if value is None else str(value)


def _without_encoding_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if not any(name.lower() == "content-encoding" for name, _ in headers):
        return headers
    return [(name, value) for name, value in headers if name.lower() not in ("content-encoding", "content-length")]


def _duration(entry: Mapping[str, Any]) -> float | None:
    if "_duration" in entry:
        return number(entry["_duration"], _LONGEST)
    milliseconds = number(entry.get("time"), _LONGEST)
    return milliseconds / 1_000 if milliseconds is not None and milliseconds > 0 else None


def _answered_at(entry: Mapping[str, Any]) -> int | None:
    """When the answer came (ms since 1970); HAR has the start of the request, and the duration."""
    if "_time" in entry:
        answered_at = number(entry["_time"], _LATEST)
        return None if answered_at is None else int(answered_at)
    text = str(entry.get("startedDateTime") or "")
    started = parse("rfc3339", text)
    if started is None:
        started = _parse_loose_time(text)
    return None if started is None else started + round((_duration(entry) or 0) * 1_000)


def _parse_loose_time(text: str) -> int | None:
    """A time with any number of digits in its fraction of a second, or without a zone (then UTC)."""
    before_dot, dot, after_dot = text.partition(".")
    digits = after_dot[: len(after_dot) - len(after_dot.lstrip("0123456789"))]
    fraction = f".{digits[:6].ljust(6, '0')}" if dot else ""
    normalized = before_dot + fraction + after_dot[len(digits) :].replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(normalized.replace("Z", "+00:00"))
        with_zone = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return round(with_zone.timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None


def _origin(entry: Mapping[str, Any], url: str) -> str:
    if "_origin" in entry:
        return str(entry["_origin"])
    scheme, _, rest = url.partition("://")
    host = rest.replace("?", "/").replace("#", "/").partition("/")[0].rpartition("@")[2]
    return f"{scheme.lower()}://{host}"
