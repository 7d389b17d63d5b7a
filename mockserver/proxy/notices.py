"""Messages for the user: lines during the run, and in the result what was not judged or not recorded."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from ..contract.result import Result
from ..model import Request
from ..redaction import redact
from ..server.log_writer import LogWriter
from ..steps.render import one_line

_LONGEST_LINE = 1_000
_MOST_REASONS = 1_000
_LAST_SECONDS = 1.0


class Notices:
    """Collects messages. Thread-safe.

    Args:
        print_line: Takes a line; it may neither block nor raise. Default: lines go to stderr, and those that can't be
            written are counted.
    """

    def __init__(self, print_line: Callable[[str], None] | None = None) -> None:
        self._writer = None
        if print_line is None:
            self._writer = LogWriter()
            print_line = self._writer.write
        self._print_line = print_line
        self._lock = threading.Lock()
        self._skipped: Counter[tuple[str, str]] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()

    def report(self, text: str) -> None:
        """Print one line of printable ASCII."""
        line = one_line(" ".join(text.split()))
        self._print_line(line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 3]}...")

    def skip(self, name: str, reason: str) -> None:
        """Add to the result that an exchange was not judged; a new reason is also printed."""
        self._count(self._skipped, name, reason)

    def fail(self, name: str, reason: str) -> None:
        """Add to the result that something was lost, so that the exit status is 2; a new reason is also printed."""
        self._count(self._failed, name, reason)

    def _count(self, counter: Counter[tuple[str, str]], name: str, reason: str) -> None:
        with self._lock:
            key = (name, reason)
            key = key if key in counter or len(counter) < _MOST_REASONS else ("proxy", "more, for other reasons")
            counter[key] += 1
            is_new = counter[key] == 1
        if is_new:
            self.report(f"{name}: {reason}")

    def finish(self, result: Result) -> None:
        """Write the lines that wait, and add all collected reasons to the result."""
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
    """Method and path of a request, without secrets; of a very long path, only the first parts."""
    path = request.path
    path = path if len(path) <= _LONGEST_LINE else f"{path[:_LONGEST_LINE].rpartition('/')[0]}/..."
    return f"{request.method} {clean(request, path)}"


def clean(request: Request, text: str) -> str:
    """A text about a request and its answer, without its secrets."""
    return redact.text(text, redact.secrets_of(request.headers))
