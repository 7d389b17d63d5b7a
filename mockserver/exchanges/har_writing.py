"""Recordings as HAR 1.2."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from ..errors import InputError
from ..version import __version__
from .exchange import Exchange
from .recording import Recording
from .recording_lines import body_as_json
from .vendor_times import show

_UTC = "1970-01-01T00:00:00.000+00:00"
UNKNOWN_ORIGIN = "http://unknown.invalid"
_SAFE = "/:@!$&'()*+,;=~"


def har_of(recording: Recording) -> dict[str, Any]:
    """A recording as a HAR document.

    Values that HAR has no member for are in members that begin with `_`, as HAR allows: an unknown time, the exact duration,
    the exact time when a request was sent, a request's body that is not text.
    """
    entries = [_entry(exchange) for exchange in recording.exchanges]
    creator = {"name": "mockserver", "version": __version__}
    return {
        "log": {
            "version": "1.2",
            "creator": creator,
            "pages": [],
            "entries": entries,
            "_recording": {
                "created": recording.created,
                "target": recording.target,
                "pseudonyms": list(recording.pseudonyms),
            },
        }
    }


def write(path: Path, recording: Recording) -> None:
    """Write a recording as a HAR file. Raises InputError if it can't be written."""
    text = json.dumps(har_of(recording), indent=1)  # ASCII only, so that any tool can read it
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror or error}") from error


def _entry(exchange: Exchange) -> dict[str, Any]:
    duration_ms = max(0.0, (exchange.duration or 0.0) * 1_000)
    started = max(0, (exchange.time or 0) - round(duration_ms))
    return {
        "startedDateTime": str(show("rfc3339", started, _UTC)).replace("+00:00", "Z"),
        "time": duration_ms,
        "request": _har_request(exchange),
        "response": _har_response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": duration_ms, "receive": 0},
        "_time": exchange.time,
        "_duration": exchange.duration,
        **({} if exchange.sent is None else {"_sent": exchange.sent}),
        "_origin": exchange.origin,
    }


def _har_request(exchange: Exchange) -> dict[str, Any]:
    request = exchange.request
    path = quote(request.path, _SAFE, errors="surrogateescape")
    query = quote(request.query, _SAFE + "%?", errors="surrogatepass")
    request_json: dict[str, Any] = {
        "method": request.method,
        "url": f"{exchange.origin or UNKNOWN_ORIGIN}{path if path.startswith('/') else '/' + path}"
        + (f"?{query}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _name_value_pairs(request.headers.items()),
        "queryString": _name_value_pairs(parse_qsl(request.query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(request.body),
        "_path": path,
        "_query": request.query,
    }
    if request.body_size:
        request_json["_bodySize"] = request.body_size
    if request.body:
        content = body_as_json(request.body)
        request_json["postData"] = {"mimeType": request.headers.get("content-type", ""), "text": content["body"]}
        if "encoding" in content:
            request_json["postData"]["_encoding"] = content["encoding"]
    return request_json


def _har_response(exchange: Exchange) -> dict[str, Any]:
    response = exchange.response
    content = body_as_json(response.body)
    har_content: dict[str, Any] = {"size": len(response.body), "mimeType": response.header("content-type") or "x-unknown"}
    har_content["text"] = content["body"]
    if "encoding" in content:
        har_content["encoding"] = content["encoding"]
    if response.header("content-encoding"):
        har_content["_packed"] = True
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _name_value_pairs(response.headers),
        "content": har_content,
        "redirectURL": response.header("location") or "",
        "headersSize": -1,
        "bodySize": len(response.body),
    }


def _name_value_pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
