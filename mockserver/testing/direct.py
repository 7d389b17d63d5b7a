"""A request of `requests` answered at once: what urllib3 would do on the way is left out where it changes nothing."""

from __future__ import annotations

import io
from http.client import HTTPMessage
from types import SimpleNamespace
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from .. import model
from ..server.encoding import has_body, phrase
from .in_process import Line


def direct_answer(adapter: HTTPAdapter, request: PreparedRequest, line: Line) -> Response | None:
    """The mock's answer.

    None where urllib3 has a say: the adapter retries, the body goes out in parts, or an answer could be broken on its way.
    """
    retries, body = adapter.max_retries, request.body
    if retries.total or retries.status_forcelist or not isinstance(body, str | bytes | None):
        return None
    content = body.encode() if isinstance(body, str) else body or b""
    if request.headers.get("Content-Length", "0") != str(len(content)) or not line.is_sound(request.headers):
        return None
    return adapter.build_response(request, _as_urllib3(request, line.handle(_request_of(request, content))))


def _request_of(request: PreparedRequest, content: bytes) -> model.Request:
    headers = [(name.encode("latin-1"), _bytes(value)) for name, value in request.headers.items()]
    host = str(request.url).split("/", 3)[2].rpartition("@")[2]
    headers.insert(0, (b"Host", host.encode()))
    return model.request_from(
        model.RawRequest(str(request.method), request.path_url.encode(), tuple(headers), content, len(content))
    )


def _bytes(value: str | bytes) -> bytes:
    return value.encode("latin-1") if isinstance(value, str) else value


def _as_urllib3(request: PreparedRequest, answer: model.Response) -> HTTPResponse:
    body = answer.body if has_body(str(request.method), answer.status) else b""
    return HTTPResponse(
        io.BytesIO(body),
        HTTPHeaderDict(answer.headers),
        answer.status,
        version=11,
        reason=answer.reason or phrase(answer.status),
        preload_content=False,
        original_response=_with_cookies(answer),
        request_method=request.method,
    )


def _with_cookies(answer: model.Response) -> Any:
    """What `requests` reads cookies from; None where there are none."""
    cookies = HTTPMessage()
    for name, value in answer.headers:
        if name.lower() == "set-cookie":
            cookies[name] = value
    return SimpleNamespace(msg=cookies, isclosed=lambda: True, close=lambda: None) if cookies else None
