"""Lines for stderr, from a thread of their own: who serves does not wait until they are written."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
from queue import Empty, SimpleQueue

_LIMIT = 100_000
"""So many lines wait to be written; what comes on top is lost."""
_BATCH_SECONDS = 0.02
_RETRY_SECONDS = 0.1


class LogWriter:
    """Writes lines in batches, from when it is made to `close`.

    Lines are lost where the file can't be written (its reader is gone, the disk is full), and where too many wait because
    nobody reads the pipe.

    Args:
        number: The file's number; 2 is stderr.
        limit: How many lines may wait.
    """

    def __init__(self, number: int = 2, limit: int = _LIMIT) -> None:
        self._number = number
        self._limit = limit
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._lost = self._writing = 0
        self._closing = threading.Lock()
        self._closing.acquire()
        self._thread = threading.Thread(target=self._write_lines, name="mockserver-log", daemon=True)
        self._thread.mockserver_real_time = True  # type: ignore[attr-defined]
        self._thread.start()

    def write(self, line: str) -> None:
        """Have a line written, which ends without a line break. Never blocks."""
        if self._lines.qsize() < self._limit:
            self._lines.put(line)
        else:
            self._lose(1)

    def lost(self) -> int:
        """How many lines were lost so far."""
        return self._lost

    def close(self, seconds: float) -> int:
        """Write what waits, for so many real seconds at most; how many lines were lost in all."""
        self._lines.put(None)
        self._closing.release()
        self._thread.join(seconds)
        if self._thread.is_alive():  # nobody reads: what waits now will never be written
            self._lose(self._lines.qsize() - 1 + self._writing)
        return self._lost

    def _lose(self, count: int) -> None:
        with self._lock:
            self._lost += count

    def _write_lines(self) -> None:
        going = True
        while going:
            lines = [self._lines.get()]
            if lines[0] is not None:
                self._closing.acquire(timeout=_BATCH_SECONDS)  # more lines come meanwhile
            with contextlib.suppress(Empty):
                while lines[-1] is not None:
                    lines.append(self._lines.get_nowait())
            going = lines[-1] is not None
            self._write_all([line for line in lines if line is not None])

    def _write_all(self, lines: list[str]) -> None:
        self._writing = len(lines)
        data = "".join([line + "\n" for line in lines]).encode("utf-8", "backslashreplace")
        written = 0
        try:
            while written < len(data):
                written += self._write_some(data[written:])
        except OSError:
            self._lose(len(lines) - data[:written].count(b"\n"))
        self._writing = 0

    def _write_some(self, data: bytes) -> int:
        try:
            return os.write(self._number, data)
        except BlockingIOError:  # somebody made the file non-blocking
            select.select([], [self._number], [], _RETRY_SECONDS)
            return 0


class LogHandler(logging.Handler):
    """Hands what the program itself has to say to a writer."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over one record."""
        self._writer.write(self.format(record))
