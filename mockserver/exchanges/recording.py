"""Recordings: exchanges as JSON Lines. The first line is a header, then there is one line for each exchange."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ..errors import InputError, excerpt
from ..redaction.redactor import Redactor
from ..version import __version__
from .exchange import Exchange
from .recording_lines import WrongLine, as_json, from_json, is_json, line_bytes, line_object, line_text, typed_member
from .vendor_times import show

HEADER_KEY = "mockserver-recording"
VERSION = 1
"""The version of the file format; it stands at `HEADER_KEY` in the header."""

SUFFIXES = (".jsonl", ".ndjson", ".har")
"""The endings of recordings' names, including HAR."""

_UTC = "1970-01-01T00:00:00.000+00:00"
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Recording:
    """The contents of a recording.

    `pseudonyms` are the names of the parameters and members whose values are pseudonyms; `notes` say, in words, what could
    not be used: a line that was only half written, or entries of a HAR file that are not exchanges.
    """

    exchanges: tuple[Exchange, ...]
    target: str = ""
    created: str = ""
    pseudonyms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Recorder:
    """Writes exchanges to a file at once, without their secrets. Thread-safe.

    Args:
        path: A new file, or a recording to append to (a half-written last line is cut off, and mentioned in `notes`).
        redactor: Takes the secrets out.
        target: The recorded service, for the header.
        created: When the recording begins (ms since 1970), for the header.

    Raises:
        InputError: For a file that can't be written, is not a recording, or has other pseudonyms than this redactor makes.
    """

    def __init__(self, path: Path, redactor: Redactor, target: str = "", created: int | None = None) -> None:
        self.path = path
        self.notes: list[str] = []
        self.count = 0
        self._redactor = redactor
        self._lock = threading.Lock()
        try:
            self._file = path.open("a+b", buffering=0)  # unbuffered: each line goes to the system at once
            self._write_header_if_new(target, created)
        except OSError as error:
            raise InputError(f"can't write {path}: {error.strerror or error}") from error

    def _write_header_if_new(self, target: str, created: int | None) -> None:
        end = self._file.seek(0, 2)
        if end and self._continue_recording(end):
            return
        head = {
            HEADER_KEY: VERSION,
            "version": __version__,
            "created": "" if created is None else show("rfc3339", created, _UTC),
            "target": target,
            "pseudonyms": list(self._redactor.names),
        }
        self._write(line_bytes(head))

    def _continue_recording(self, end: int) -> bool:
        """True if the file is a recording with its header; a half-written last line is cut off."""
        start, last_line = _last_line(self._file, end)
        if last_line and is_json(last_line):
            self._write(b"\n")
        elif last_line:
            self._file.truncate(start)
            self.notes.append(
                f"{self.path}: its last line was only half written, and cut off: {excerpt(line_text(last_line))}"
            )
            if start == 0:
                return False
        self._file.seek(0)
        try:
            header = _read_header(self._file.readline())
        except WrongLine as wrong:
            self._file.close()
            raise InputError(f"{self.path}:1: {wrong}; choose another file") from None
        if header["pseudonyms"] != list(self._redactor.names):
            self._file.close()
            expected_ids = "real" if self._redactor.names else "pseudonyms of"
            raise InputError(
                f"{self.path}: its ids are not {expected_ids} ids, as those to come; choose another file or --keep-ids"
            )
        return True

    def add(self, exchange: Exchange) -> None:
        """Append an exchange. Raises InputError if the file can't be written, or is closed."""
        line = line_bytes(as_json(self._redactor.redact(exchange)))
        with self._lock:
            try:
                self._write(line)
            except (OSError, ValueError) as error:  # ValueError: the file is closed
                raise InputError(f"can't write {self.path}: {getattr(error, 'strerror', None) or error}") from error
            self.count += 1

    def _write(self, line: bytes) -> None:
        start, remaining = self._file.seek(0, os.SEEK_END), line
        try:
            while remaining:
                remaining = remaining[self._file.write(remaining) :]
        except OSError:
            with contextlib.suppress(OSError):  # not a regular file, such as /dev/full
                self._file.truncate(start)  # half a line would make the next ones unreadable
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _last_line(file: IO[bytes], end: int) -> tuple[int, bytes]:
    """The text after the last line break, and where it begins."""
    tail, start = b"", end
    while start > 0 and b"\n" not in tail:
        size = min(_BLOCK, start)
        start -= size
        file.seek(start)
        tail = file.read(size) + tail
    line_start = tail.rfind(b"\n") + 1
    return start + line_start, tail[line_start:]


def read(path: Path) -> Recording:
    """Read a recording. A half-written last line is left out, and mentioned in `notes`.

    Raises InputError for a file that can't be read, and for any other wrong line; the text names file, line, what was found
    and what is allowed.
    """
    notes: list[str] = []
    head, exchanges = stream(path, notes)
    return Recording(tuple(exchanges), head["target"], head["created"], tuple(head["pseudonyms"]), tuple(notes))


def stream(path: Path, notes: list[str]) -> tuple[dict[str, Any], Iterator[Exchange]]:
    """The header of a recording, and an iterator that reads its exchanges. Adds to `notes`, and raises like `read`."""
    lines = _lines(path)
    number, line = next(lines, (1, b""))
    if not line:
        raise InputError(f"{path}:1: found an empty file; allowed: a recording, its header first")
    try:
        return _read_header(line), _exchanges(path, lines, notes)
    except WrongLine as wrong:
        raise InputError(f"{path}:{number}: {wrong}") from None


def _exchanges(path: Path, lines: Iterator[tuple[int, bytes]], notes: list[str]) -> Iterator[Exchange]:
    for number, line in lines:
        try:
            yield from_json(line_object(line), f"{path}:{number}")
        except WrongLine as wrong:
            if line.endswith(b"\n") or is_json(line):
                raise InputError(f"{path}:{number}: {wrong}") from None
            notes.append(f"{path}:{number}: the last line was only half written, and is left out")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            yield from enumerate(file, 1)
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror or error}") from error


def _read_header(line: bytes) -> dict[str, Any]:
    value = line_object(line)
    if value.get(HEADER_KEY) != VERSION:
        raise WrongLine(f'found {excerpt(value)}; allowed: the header of a recording, {{"{HEADER_KEY}":{VERSION},...}}')
    head = {"created": "", "target": "", "pseudonyms": [], **value}
    typed_member(head, "created", str, "text")
    typed_member(head, "target", str, "text")
    typed_member(head, "pseudonyms", list, "a list of names")
    if not all(isinstance(name, str) for name in head["pseudonyms"]):
        raise WrongLine(f"pseudonyms is {excerpt(head['pseudonyms'])}; allowed: a list of names")
    return head
