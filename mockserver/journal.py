"""What was asked and answered: the last exchanges, without secrets."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from . import redact
from .model import Request, Response

KEPT = 10_000
BODY_KEPT = 8 * 1_024


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A request and its answer. `time` is the mock's, in milliseconds; `micros` is how long answering took in real time."""

    number: int
    time: int
    micros: int
    operation: str | None
    request: Request
    response: Response

    def as_json(self) -> dict[str, Any]:
        """The exchange as `/_mock/journal` shows it; of long bodies, the beginning."""
        return {
            "number": self.number,
            "time": self.time,
            "duration_us": self.micros,
            "operation": self.operation,
            "request": {
                "method": self.request.method,
                "path": self.request.path.encode("utf-8", "backslashreplace").decode(),
                "query": self.request.query,
                "headers": dict(self.request.headers),
                "body": self.request.body.decode("utf-8", "replace"),
            },
            "response": {
                "status": self.response.status,
                "headers": dict(self.response.headers),
                "body": self.response.body.decode("utf-8", "replace"),
            },
            "problem": self.response.problem,
            "fault": {"number": fault.number, "kind": fault.kind} if (fault := self.response.fault) else None,
        }


class Journal:
    """The last `KEPT` exchanges, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[JournalEntry] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, time: int, micros: int, operation: str | None, request: Request, response: Response) -> JournalEntry:
        """Keep an exchange, its secrets taken out and its bodies cut to `BODY_KEPT` bytes."""
        secrets = redact.secrets_of(request.headers)
        clean_request = Request(
            request.method,
            redact.text(request.path, secrets),
            redact.query(request.query, secrets),
            redact.headers(request.headers),
            _body(request.body, secrets),
        )
        problem = redact.text(response.problem, secrets) if response.problem else None
        headers = tuple(
            (name, redact.text(value, secrets)) for name, value in redact.headers(dict(response.headers)).items()
        )
        clean_response = Response(response.status, headers, _body(response.body, secrets), problem, None, response.fault)
        with self._lock:
            self._count += 1
            exchange = JournalEntry(self._count, time, micros, operation, clean_request, clean_response)
            self._kept.append(exchange)
        return exchange

    def last(self, limit: int = KEPT) -> list[JournalEntry]:
        """The newest exchanges, oldest first."""
        with self._lock:
            return list(self._kept)[-limit:] if limit else []

    def clear(self) -> None:
        """Forget all; numbers begin at 1 again."""
        with self._lock:
            self._kept.clear()
            self._count = 0


def _body(body: bytes, secrets: list[str]) -> bytes:
    if not body:
        return body
    return redact.text(body.decode("utf-8", "replace"), secrets).encode()[:BODY_KEPT]
