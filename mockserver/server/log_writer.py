"""Writes lines to stderr from a thread of its own, so that the server never waits for that."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
from queue import Empty, SimpleQueue

_LIMIT = 100_000
"""At most so many lines wait to be written; further ones are lost."""
_BATCH_SECONDS = 0.02
_RETRY_SECONDS = 0.1


class LogWriter:
    """Writes lines in batches, from its creation to `close`.

    Lines are lost if the file can't be written (its reader is gone, the disk is full), or if too many wait because nobody
    reads the pipe.

    Args:
        number: The number of the file; 2 is stderr.
        limit: How many lines may wait.
    """

    def __init__(self, number: int = 2, limit: int = _LIMIT) -> None:
        self._number = number
        self._limit = limit
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._lost_count = self._writing_count = 0
        self._closing = threading.Lock()
        self._closing.acquire()
        self._thread = threading.Thread(target=self._write_lines, name="mockserver-log", daemon=True)
        self._thread.mockserver_real_time = True  # type: ignore[attr-defined]
        self._thread.start()

    def write(self, line: str) -> None:
        """Add a line (without a line break) to those that wait to be written. Never blocks."""
        if self._lines.qsize() < self._limit:
            self._lines.put(line)
        else:
            self._count_lost(1)

    def lost_count(self) -> int:
        """The number of lines lost so far."""
        return self._lost_count

    def close(self, seconds: float) -> int:
        """Write the lines that wait, for at most so many real seconds; returns the number of lines lost in all."""
        self._lines.put(None)
        self._closing.release()
        self._thread.join(seconds)
        if self._thread.is_alive():  # nobody reads: the waiting lines will never be written
            self._count_lost(self._lines.qsize() - 1 + self._writing_count)
        return self._lost_count

    def _count_lost(self, count: int) -> None:
        with self._lock:
            self._lost_count += count

    def _write_lines(self) -> None:
        is_open = True
        while is_open:
            lines = [self._lines.get()]
            if lines[0] is not None:
                self._closing.acquire(timeout=_BATCH_SECONDS)  # more lines come meanwhile
            with contextlib.suppress(Empty):
                while lines[-1] is not None:
                    lines.append(self._lines.get_nowait())
            is_open = lines[-1] is not None
            self._write_all([line for line in lines if line is not None])

    def _write_all(self, lines: list[str]) -> None:
        self._writing_count = len(lines)
        data = "".join([line + "\n" for line in lines]).encode("utf-8", "backslashreplace")
        written = 0
        try:
            while written < len(data):
                written += self._write_some(data[written:])
        except OSError:
            self._count_lost(len(lines) - data[:written].count(b"\n"))
        self._writing_count = 0

    def _write_some(self, data: bytes) -> int:
        try:
            return os.write(self._number, data)
        except BlockingIOError:  # somebody made the file non-blocking
            select.select([], [self._number], [], _RETRY_SECONDS)
            return 0


class LogHandler(logging.Handler):
    """A logging handler that gives the program's own messages to a writer."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self._writer.write(self.format(record))
