"""What the user is told: lines as they come, and in the result what was not judged or not recorded."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from ..contract.result import Result
from ..model import Request
from ..redaction import redact
from ..steps.render import one_line

_LINE = 1_000
_QUEUED = 10_000
_REASONS = 1_000
_LAST_SECONDS = 1.0


def to_stderr(line: str) -> None:
    """Write a line past Python's buffers: a reader that doesn't read must not hold their locks. Raises OSError."""
    data = f"{line}\n".encode()
    try:
        number = sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # no file: a test's
        sys.stderr.write(data.decode())
        return
    while data:
        data = data[os.write(number, data) :]


class Notices:
    """Collects what is to be told. Thread-safe; never waits and never raises, whatever becomes of the lines.

    Args:
        write: Writes a line; it may raise, and may block: then lines are lost, and counted.
    """

    def __init__(self, write: Callable[[str], None] = to_stderr) -> None:
        self._write = write
        self._lines: queue.Queue[str | None] = queue.Queue(_QUEUED)
        self._lock = threading.Lock()
        self._lost = 0
        self._skipped: Counter[tuple[str, str]] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()
        self._thread = threading.Thread(target=self._work, name="mockserver-notices", daemon=True)
        self._thread.mockserver_real_time = True  # type: ignore[attr-defined]  # see jobs/drive.py
        self._thread.start()

    def tell(self, text: str) -> None:
        """Show one line of printable ASCII."""
        line = one_line(" ".join(text.split()))
        try:
            self._lines.put_nowait(line if len(line) <= _LINE else f"{line[: _LINE - 3]}...")
        except queue.Full:
            self._lose()

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
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(_LAST_SECONDS)
        stuck = int(self._thread.is_alive())  # at a line that nobody reads
        with self._lock:
            lost = self._lost + stuck + sum(line is not None for line in self._left())
            if lost:
                self._failed["stderr", f"{lost} lines could not be written"] += 1
            result.skipped += map(_line_of, self._skipped.items())
            result.failed += map(_line_of, self._failed.items())

    def _left(self) -> Iterator[str | None]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._lines.get_nowait()

    def _lose(self) -> None:
        with self._lock:
            self._lost += 1

    def _work(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._write(line)
            except Exception:  # whatever is wrong with the terminal: it must stop nothing
                self._lose()


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
