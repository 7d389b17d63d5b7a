"""A request and its answer as the contract kit judges them, made from whatever form the user has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ..errors import InputError, shortened
from ..model import Request, Response


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer.

    Attributes:
        request: The request.
        response: The answer.
        time: When it was answered (ms since 1970). None: unknown, then the answer's Date header counts.
        duration: How long answering took (s).
        source: Where the exchange comes from: a test, a line of a recording.
        origin: The scheme and host that were asked, if known.
        sent: When the request was sent (ms since 1970, with fractions), by the sender's clock.
    """

    request: Request
    response: Response
    time: int | None = None
    duration: float | None = None
    source: str = ""
    origin: str = ""
    sent: float | None = None

    def span(self) -> tuple[float, float] | None:
        """When the request was sent and when its answer was received (ms since 1970); None if unknown.

        Without `sent`, the first is computed from `time`, which has whole milliseconds: the latest that it can have been.
        """
        if self.time is None:
            return None
        milliseconds = (self.duration or 0.0) * 1_000
        if self.sent is not None:
            return self.sent, self.sent + milliseconds
        return min(self.time, self.time - milliseconds + 1), self.time


def request_from(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Request:
    """A request from its URL: the path is percent-decoded, the query stays as it was sent.

    Raises TypeError for a URL that isn't text: `urlsplit` would read None or 0 as empty bytes.
    """
    if not isinstance(url, str):
        raise TypeError(f"the URL is {url!r}, which is no text")
    parts = urlsplit(url)
    path = unquote_to_bytes(parts.path or "/").decode("utf-8", "surrogateescape")
    lower_case_headers = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
    return Request(method.upper(), path, parts.query, lower_case_headers, bytes(memoryview(body)))


def response_from(status: int, headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes | str) -> Response:
    """An answer from its parts."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(memoryview(body))
    return Response(int(status), tuple((str(name), str(value)) for name, value in pairs), raw)


def exchange_of(answer: Any, request: Any = None, time: int | None = None) -> Exchange:
    """An exchange from a requests or httpx response, from (status, headers, body), or from an SDK's response.

    Args:
        answer: The answer, in one of these forms.
        request: Needed if the answer doesn't hold its request: a URL (of a GET), (method, URL), (method, URL, headers,
            body), or an object with .method and .url.
        time: When it was answered (ms since 1970).

    Raises:
        InputError: For anything else; the text says what was found and what is allowed.
    """
    if isinstance(answer, Exchange):
        return answer
    try:
        return _exchange_of(answer, request, time)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        kinds = f"{type(answer).__name__} and request {type(request).__name__}"
        raise InputError(f"can't check {kinds}: {shortened(str(error))}; {_ALLOWED}") from error


_ALLOWED = (
    "allowed: a response of requests or httpx, (status, headers, body), or an SDK's response with raw content; headers are a"
    " mapping of texts, the body is text or bytes"
)


def _exchange_of(answer: Any, request: Any, time: int | None) -> Exchange:
    if isinstance(answer, tuple) and len(answer) == 3:
        status, headers, body = answer
        return Exchange(_request_of(request), _unpacked_by_client(response_from(status, headers, body)), time)
    if hasattr(answer, "raw_content") and hasattr(answer, "status_code"):  # huaweicloudsdkcore's SdkResponse
        headers = getattr(answer, "header_params", None) or {}
        response = _unpacked_by_client(response_from(answer.status_code, headers, answer.raw_content))
        return Exchange(_request_of(request), response, time)
    if hasattr(answer, "status_code") and hasattr(answer, "headers") and hasattr(answer, "content"):
        request_source = request if request is not None else answer.request
        response_headers = _without_encoding(answer.headers)
        return Exchange(
            _request_of(request_source), response_from(answer.status_code, response_headers, answer.content), time
        )
    raise InputError(f"can't check {type(answer).__name__}; {_ALLOWED}")


def _unpacked_by_client(response: Response) -> Response:
    """The answer without Content-Encoding if the body reads as JSON: then the client has already unpacked it."""
    if response.header("Content-Encoding") is None or response.body[:1] not in (b"{", b"["):
        return response
    return replace(response, headers=tuple(_without_encoding(dict(response.headers)).items()))


def _without_encoding(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a body that the client has unpacked: its length is no longer the one that was sent."""
    if not any(name.lower() == "content-encoding" for name in headers):
        return dict(headers)
    return {name: value for name, value in headers.items() if name.lower() not in ("content-encoding", "content-length")}


def _request_of(request: Any) -> Request:
    if isinstance(request, Request):
        return request
    if isinstance(request, str):
        return request_from("GET", request)
    if isinstance(request, tuple) and 2 <= len(request) <= 4:
        return request_from(*request)
    if hasattr(request, "method") and hasattr(request, "url"):
        body = getattr(request, "body", None) or getattr(request, "content", None) or b""
        headers = {str(name): _header_text(value) for name, value in dict(getattr(request, "headers", {})).items()}
        return request_from(request.method, str(request.url), headers, body.encode() if isinstance(body, str) else body)
    raise InputError(
        f"the answer doesn't say what was asked, and request is {type(request).__name__}; allowed: a URL, (method, URL),"
        " (method, URL, headers, body), or an object with .method and .url"
    )


def _header_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
