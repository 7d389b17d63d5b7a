"""Exchanges as lines of a recording, and back."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from ..errors import did_you_mean, excerpt
from ..model import Request, Response
from .exchange import Exchange

_SAFE = "/:@!$&'()*+,;=~"
_LATEST = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970."""
_LONGEST = 1e9
"""The longest duration, in seconds."""
_EXCHANGE_MEMBERS = ("time", "duration", "sent", "origin", "request", "response")
_REQUEST_MEMBERS = ("method", "path", "query", "headers", "body", "encoding", "body_size")
_RESPONSE_MEMBERS = ("status", "headers", "body", "encoding")


class WrongLine(Exception):
    """Says what is wrong with a line."""


def is_json(line: bytes) -> bool:
    """Whether a line is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def line_text(line: bytes) -> str:
    """A line as text, for messages."""
    return line.decode("utf-8", "replace")


def as_json(exchange: Exchange) -> dict[str, Any]:
    """An exchange as the JSON of a line. The path is percent-encoded; a body that isn't UTF-8 is in base64."""
    request, response = exchange.request, exchange.response
    request_json: dict[str, Any] = {
        "method": request.method,
        "path": quote(request.path, _SAFE, errors="surrogateescape"),
        "query": request.query,
        "headers": [list(pair) for pair in request.headers.items()],
        **body_as_json(request.body),
    }
    if request.body_size:
        request_json["body_size"] = request.body_size
    response_json = {
        "status": response.status,
        "headers": [list(pair) for pair in response.headers],
        **body_as_json(response.body),
    }
    times = {"time": exchange.time, "duration": exchange.duration}
    sent = {} if exchange.sent is None else {"sent": exchange.sent}
    return {**times, **sent, "origin": exchange.origin, "request": request_json, "response": response_json}


def body_as_json(body: bytes) -> dict[str, str]:
    """A body as text; if it isn't UTF-8, in base64, which `encoding` says."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "encoding": "base64"}


def body_from_json(value: Mapping[str, Any]) -> bytes:
    """The bytes of a body. Raises ValueError for invalid base64, or for a text that UTF-8 can't encode."""
    if value.get("encoding") == "base64":
        return base64.b64decode(value["body"], validate=True)
    text: str = value["body"]
    return text.encode()


def line_bytes(value: Mapping[str, Any]) -> bytes:
    """A JSON object as a line of a recording."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can only hold it as an ASCII escape
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def line_object(line: bytes) -> dict[str, Any]:
    """The JSON object in a line. Raises WrongLine."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WrongLine(
            f"found what is not JSON ({error}): {excerpt(line_text(line.strip()))}; allowed: a JSON object"
        ) from None
    if not isinstance(value, dict):
        raise WrongLine(f"found {excerpt(value)}; allowed: a JSON object")
    return value


def from_json(value: Mapping[str, Any], source: str) -> Exchange:
    """The exchange of a line. Raises `WrongLine`, which `read` turns into an InputError."""
    _check_members(value, _EXCHANGE_MEMBERS, "")
    request_json, response_json = (typed_member(value, name, dict, "an object") for name in ("request", "response"))
    _check_members(request_json, _REQUEST_MEMBERS, "request.")
    _check_members(response_json, _RESPONSE_MEMBERS, "response.")
    request = Request(
        typed_member(request_json, "method", str, "text"),
        _path(request_json),
        typed_member(request_json, "query", str, "text"),
        dict(_header_pairs(request_json)),
        _body_bytes(request_json),
        _whole_number_member(request_json, "body_size", 0, 2**63),
    )
    status = _whole_number_member(response_json, "status")
    if not 100 <= status <= 999:
        raise WrongLine(f"status is {excerpt(status, 40)}; allowed: an HTTP status, 100 to 999")
    time = None if value.get("time") is None else _whole_number_member(value, "time", largest=_LATEST)
    duration = (
        None if value.get("duration") is None else _number_member(value, "duration", _LONGEST, "seconds, 0 to 10^9, or null")
    )
    sent = (
        None
        if value.get("sent") is None
        else _number_member(value, "sent", _LATEST, "ms since 1970, to the year 9999, or null")
    )
    response = Response(status, tuple(_header_pairs(response_json)), _body_bytes(response_json))
    origin = typed_member({"origin": "", **value}, "origin", str, "text")
    return Exchange(request, response, time, duration, source, origin, sent=sent)


def _path(value: Mapping[str, Any]) -> str:
    path: str = typed_member(value, "path", str, "text")
    try:
        return unquote_to_bytes(path).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise WrongLine(f"path is {path[:80]!a}; allowed: text, percent-encoded where UTF-8 can't hold it") from None


def _check_members(value: Mapping[str, Any], names: Iterable[str], place: str) -> None:
    for name in value:
        if name not in names:
            hint = did_you_mean(name, names)
            raise WrongLine(f"found {place}{name}{hint}; allowed: {', '.join(names)}")


def typed_member(value: Mapping[str, Any], name: str, kind: Any, allowed: str) -> Any:
    """A member of the given type. Raises WrongLine, which says what is allowed."""
    if name not in value:
        raise WrongLine(f"{name} is missing; allowed: {allowed}")
    if not isinstance(value[name], kind) or isinstance(value[name], bool):
        raise WrongLine(f"{name} is {excerpt(value[name])}; allowed: {allowed}")
    return value[name]


def _whole_number_member(value: Mapping[str, Any], name: str, default: int | None = None, largest: int = 2**63) -> int:
    number: int = typed_member(value if default is None else {name: default, **value}, name, int, "a whole number")
    if not -largest <= number <= largest:
        raise WrongLine(f"{name} is {excerpt(number, 40)}; allowed: a whole number, at most {largest}")
    return number


def _number_member(value: Mapping[str, Any], name: str, largest: float, allowed: str) -> float:
    number: float = typed_member(value, name, int | float, allowed)
    if not -largest <= number <= largest:  # also refuses NaN
        raise WrongLine(f"{name} is {excerpt(number, 40)}; allowed: {allowed}")
    return float(number)


def _header_pairs(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = typed_member(value, "headers", list, "a list of [name, value]")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise WrongLine(f"headers has {excerpt(pair)}; allowed: [name, value]")
    return [(name, text) for name, text in pairs]


def _body_bytes(value: Mapping[str, Any]) -> bytes:
    typed_member(value, "body", str, "text")
    if value.get("encoding", "base64") != "base64":
        raise WrongLine(f"encoding is {excerpt(value['encoding'])}; allowed: base64, or none")
    try:
        return body_from_json(value)
    except (ValueError, binascii.Error) as error:
        raise WrongLine(f"body can't be read ({error}); allowed: text, or base64 with encoding base64") from None
