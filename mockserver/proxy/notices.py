"""What the user is told: lines as they come, and in the result what was not judged or not recorded."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from ..contract.result import Result
from ..model import Request
from ..redaction import redact
from ..server.log_writer import LogWriter
from ..steps.render import one_line

_LINE = 1_000
_REASONS = 1_000
_LAST_SECONDS = 1.0


class Notices:
    """Collects what is to be told. Thread-safe.

    Args:
        say: Takes a line; it may neither block nor raise. Default: lines go to stderr, and those that can't be written are
            counted.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._writer = None
        if say is None:
            self._writer = LogWriter()
            say = self._writer.write
        self._say = say
        self._lock = threading.Lock()
        self._skipped: Counter[tuple[str, str]] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()

    def tell(self, text: str) -> None:
        """Show one line of printable ASCII."""
        line = one_line(" ".join(text.split()))
        self._say(line if len(line) <= _LINE else f"{line[: _LINE - 3]}...")

    def skip(self, name: str, reason: str) -> None:
        """Keep for the result that an exchange was not judged; a reason is told when it is new."""
        self._count(self._skipped, name, reason)

    def fail(self, name: str, reason: str) -> None:
        """Keep for the result that something was lost: the exit status is 2. A reason is told when it is new."""
        self._count(self._failed, name, reason)

    def _count(self, counter: Counter[tuple[str, str]], name: str, reason: str) -> None:
        with self._lock:
            key = (name, reason)
            key = key if key in counter or len(counter) < _REASONS else ("proxy", "more, for other reasons")
            counter[key] += 1
            first = counter[key] == 1
        if first:
            self.tell(f"{name}: {reason}")

    def finish(self, result: Result) -> None:
        """Write what still waits, and add all that was kept to the result."""
        lost = self._writer.close(_LAST_SECONDS) if self._writer else 0
        with self._lock:
            if lost:
                self._failed["stderr", f"{lost} lines could not be written"] += 1
            result.skipped += map(_line_of, self._skipped.items())
            result.failed += map(_line_of, self._failed.items())


def _line_of(entry: tuple[tuple[str, str], int]) -> tuple[str, str]:
    (name, reason), count = entry
    return name, reason if count == 1 else f"{reason} ({count} times)"


def name_of(request: Request) -> str:
    """What was asked, without its query and without secrets; of a very long path its first parts."""
    path = request.path
    path = path if len(path) <= _LINE else f"{path[:_LINE].rpartition('/')[0]}/..."
    return f"{request.method} {clean(request, path)}"


def clean(request: Request, text: str) -> str:
    """A text about a request and its answer, without its secrets."""
    return redact.text(text, redact.secrets_of(request.headers))
