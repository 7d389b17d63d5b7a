"""The journal: the last exchanges, without secrets.

Exchanges are stored as they were, in memory only, and redacted when they are read. So only `JournalEntry` itself uses its
`_raw_exchange`, and every way to read an entry (attribute, repr, copy, pickle) shows it without secrets.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .model import Request, Response, ServedFault
from .redaction import redact

MAX_ENTRIES = 10_000
"""The largest number of exchanges in a journal."""
MAX_BYTES = 12 * 1_024 * 1_024
"""The largest size of a journal in bytes of memory, counted as `add` does."""
MAX_BODY_BYTES = 8 * 1_024
"""So many bytes of a body are shown."""
_MAX_STORED = MAX_BODY_BYTES + 32 * 1_024
"""So many bytes of a text are stored: more than shown, so that a secret is recognised even if the end cuts it."""
_OVERHEAD = 600
"""Bytes of memory that an exchange takes beside its texts, on CPython 3.11: 450 if another exchange shares its headers,
otherwise more."""
_RawExchange = tuple[Request, int, tuple[tuple[str, str], ...] | None, bytes, str | None, ServedFault | None]


class JournalEntry:
    """An exchange in the journal: a request and its answer, without secrets. Made by `Journal.add`.

    `number` counts from 1; `time` is the mock's (ms since 1970); `micros` is how long answering took (real microseconds);
    `operation` is the operation's id, or None if no operation matches.
    """

    __slots__ = ("_raw_exchange", "_request", "_response", "micros", "number", "operation", "size", "time")

    def __init__(
        self, number: int, time: int, micros: int, operation: str | None, request: Request, response: Response
    ) -> None:
        self.number, self.time, self.micros, self.operation = number, time, micros, operation
        headers: tuple[tuple[str, str], ...] | None = None
        data = response.wire  # one object, instead of a dozen headers
        if data is None or len(data) > _MAX_STORED:
            headers, data = response.headers, response.body[:_MAX_STORED]
        self.size = _OVERHEAD + len(request.body) + len(data)
        """Bytes of memory that it takes, without the request's path, query and headers."""
        self._raw_exchange: _RawExchange | None = (request, response.status, headers, data, response.problem, response.fault)
        self._request: Request
        self._response: Response

    def _redact(self) -> None:
        raw_exchange = self._raw_exchange
        if raw_exchange is not None:
            request, status, headers, data, problem, fault = raw_exchange
            if headers is None:
                headers, data = _split_wire(data)
            self._request, self._response = _redacted(request, status, headers, data, problem, fault)
            self._raw_exchange = None

    def line(self) -> tuple[str, str, str, int, str | None, ServedFault | None]:
        """The values for a line of a log, without secrets: method, path, query, status, problem and fault.

        This is cheap, because headers and bodies are not redacted for it.
        """
        raw_exchange = self._raw_exchange
        if raw_exchange is None:
            request, response = self._request, self._response
            return request.method, request.path, request.query, response.status, response.problem, response.fault
        request, status, _, _, problem, fault = raw_exchange
        path, query = _clean_target(request.path, request.query, tuple(request.headers.items()))
        if problem:
            problem = redact.text(problem, redact.secrets_of(request.headers))
        return request.method, path, query, status, problem, fault

    @property
    def request(self) -> Request:
        """The request without secrets, its body cut to `MAX_BODY_BYTES` bytes."""
        self._redact()
        return self._request

    @property
    def response(self) -> Response:
        """The answer without secrets, its body cut to `MAX_BODY_BYTES` bytes."""
        self._redact()
        return self._response

    def __repr__(self) -> str:
        return f"JournalEntry({self.number}, {self.operation}, {self.request!r}, {self.response!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return JournalEntry, (self.number, self.time, self.micros, self.operation, self.request, self.response)

    def as_json(self) -> dict[str, Any]:
        """The exchange as `/_mock/journal` shows it; of long bodies, only the beginning."""
        request, response = self.request, self.response
        return {
            "number": self.number,
            "time": self.time,
            "duration_us": self.micros,
            "operation": self.operation,
            "request": {
                "method": request.method,
                "path": request.path.encode("utf-8", "backslashreplace").decode(),
                "query": request.query,
                "headers": dict(request.headers),
                "body": request.body.decode("utf-8", "replace"),
            },
            "response": {
                "status": response.status,
                "headers": _by_name(response.headers),
                "body": response.body.decode("utf-8", "replace"),
            },
            "problem": response.problem,
            "fault": {"number": fault.number, "kind": fault.kind} if (fault := response.fault) else None,
        }


def _by_name(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name; of a name that comes several times, all values, as RFC 9110 (5.3) puts them together."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: ", ".join(several) for name, several in values.items()}


def size_of(headers: Mapping[str, str]) -> int:
    """The number of characters in headers."""
    return sum(map(len, headers)) + sum(map(len, headers.values()))


class Journal:
    """The last exchanges, in order: at most `MAX_ENTRIES`, and at most `MAX_BYTES` bytes of memory. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[JournalEntry] = deque()
        self._bytes = 0
        self._count = 0

    def add(
        self, time: int, micros: int, operation: str | None, request: Request, response: Response, size: int | None = None
    ) -> JournalEntry:
        """Add an exchange.

        Args:
            time: The mock's time (ms since 1970).
            micros: How long answering took (real microseconds).
            operation: The operation's id, if there is one.
            request: The request, as it was received.
            response: The answer, as it is sent.
            size: The size of the request without its body (characters), if the caller knows it.
        """
        size = len(request.path) + len(request.query) + size_of(request.headers) if size is None else size
        if size > _MAX_STORED or len(request.body) > _MAX_STORED:
            request, size = _cut_request(request), _MAX_STORED
        with self._lock:
            self._count += 1
            exchange = JournalEntry(self._count, time, micros, operation, request, response)
            exchange.size += size
            self._entries.append(exchange)
            self._bytes += exchange.size
            while self._bytes > MAX_BYTES or len(self._entries) > MAX_ENTRIES:
                self._bytes -= self._entries.popleft().size
        return exchange

    def last(self, limit: int = MAX_ENTRIES) -> list[JournalEntry]:
        """The newest exchanges, oldest first."""
        with self._lock:
            return list(self._entries)[-limit:] if limit else []

    def clear(self) -> None:
        """Forget all exchanges; numbers begin at 1 again."""
        with self._lock:
            self._entries.clear()
            self._bytes = self._count = 0


def _split_wire(wire: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """The headers and the body of an answer, from its bytes."""
    head, _, body = wire.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    return tuple((name, value) for name, _, value in (line.partition(": ") for line in lines)), body


def _cut_request(request: Request) -> Request:
    headers = {name: value[:_MAX_STORED] for name, value in request.headers.items()}
    return Request(
        request.method,
        request.path[:_MAX_STORED],
        request.query[:_MAX_STORED],
        headers,
        request.body[:_MAX_STORED],
    )


def _redacted(
    request: Request,
    status: int,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    problem: str | None,
    fault: ServedFault | None,
) -> tuple[Request, Response]:
    secrets = redact.secrets_of(request.headers)
    clean_request = Request(
        request.method,
        *_clean_target(request.path, request.query, tuple(request.headers.items())),
        redact.headers(request.headers),
        _clean_body(request.body, secrets),
    )
    clean_headers = tuple((name, redact.text(redact.header(name, value), secrets)) for name, value in headers)
    clean_problem = redact.text(problem, secrets) if problem else None
    return clean_request, Response(status, clean_headers, _clean_body(body, secrets), clean_problem, None, fault)


@lru_cache(maxsize=128)
def _secrets_of(headers: tuple[tuple[str, str], ...]) -> list[str]:
    return redact.secrets_of(dict(headers))


@lru_cache(maxsize=1_024)  # polls repeat the same requests
def _clean_target(path: str, query: str, headers: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    secrets = _secrets_of(headers)
    return _cut(redact.text(path, secrets), path), _cut(redact.query(query, secrets), query)


def _cut(redacted: str, stored: str) -> str:
    """The redacted text; only its beginning if the stored text was cut."""
    return redacted if len(stored) < _MAX_STORED else redacted[:MAX_BODY_BYTES]


def _clean_body(body: bytes, secrets: list[str]) -> bytes:
    return redact.text(body.decode("utf-8", "replace"), secrets).encode()[:MAX_BODY_BYTES] if body else body
