"""Answers a request of `requests` directly, without urllib3, where urllib3 would change nothing."""

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

    None if urllib3 is needed: the adapter retries, the body is sent in parts, or a fault could break the answer.
    """
    retries, body = adapter.max_retries, request.body
    if retries.total or retries.status_forcelist or not isinstance(body, str | bytes | None):
        return None
    content = body.encode() if isinstance(body, str) else body or b""
    if request.headers.get("Content-Length", "0") != str(len(content)) or not line.is_sound(request.headers):
        return None
    return adapter.build_response(request, _as_urllib3(request, line.handle(_request_of(request, content))))


def _request_of(request: PreparedRequest, content: bytes) -> model.Request:
    headers = [(name.encode("latin-1"), _as_bytes(value)) for name, value in request.headers.items()]
    host = str(request.url).split("/", 3)[2].rpartition("@")[2]
    headers.insert(0, (b"Host", host.encode()))
    return model.request_from(
        model.RawRequest(str(request.method), request.path_url.encode(), tuple(headers), content, len(content))
    )


def _as_bytes(value: str | bytes) -> bytes:
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
        original_response=_cookie_source(answer),
        request_method=request.method,
    )


def _cookie_source(answer: model.Response) -> Any:
    """The object that `requests` reads cookies from; None if there are none."""
    cookies = HTTPMessage()
    for name, value in answer.headers:
        if name.lower() == "set-cookie":
            cookies[name] = value
    return SimpleNamespace(msg=cookies, isclosed=lambda: True, close=lambda: None) if cookies else None
