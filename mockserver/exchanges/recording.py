"""Recordings: exchanges as JSON Lines. The first line is a header, then there is one line for each exchange."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote, unquote_to_bytes

from ..errors import InputError, did_you_mean, excerpt
from ..model import Request, Response
from ..redaction.redactor import Redactor
from ..version import __version__
from .exchange import Exchange
from .vendor_times import show

HEADER_KEY = "mockserver-recording"
VERSION = 1
"""The version of the file format; it stands at `HEADER_KEY` in the header."""

SUFFIXES = (".jsonl", ".ndjson", ".har")
"""The endings of recordings' names, including HAR."""

_SAFE = "/:@!$&'()*+,;=~"
_UTC = "1970-01-01T00:00:00.000+00:00"
_BLOCK = 64 * 1024
_LATEST = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970."""

_LONGEST = 1e9
"""The longest duration, in seconds."""

_EXCHANGE_MEMBERS = ("time", "duration", "sent", "origin", "request", "response")
_REQUEST_MEMBERS = ("method", "path", "query", "headers", "body", "encoding", "body_size")
_RESPONSE_MEMBERS = ("status", "headers", "body", "encoding")


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


class _LineError(Exception):
    """Says what is wrong with a line."""


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
        self._write(_line_bytes(head))

    def _continue_recording(self, end: int) -> bool:
        """True if the file is a recording with its header; a half-written last line is cut off."""
        start, last_line = _last_line(self._file, end)
        if last_line and _is_json(last_line):
            self._write(b"\n")
        elif last_line:
            self._file.truncate(start)
            self.notes.append(
                f"{self.path}: its last line was only half written, and cut off: {excerpt(_line_text(last_line))}"
            )
            if start == 0:
                return False
        self._file.seek(0)
        try:
            header = _read_header(self._file.readline())
        except _LineError as wrong:
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
        line = _line_bytes(as_json(self._redactor.redact(exchange)))
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


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _line_text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def as_json(exchange: Exchange) -> dict[str, Any]:
    """An exchange as the JSON of a line. The path is percent-encoded; a body that isn't UTF-8 is in base64."""
    request, response = exchange.request, exchange.response
    request_json: dict[str, Any] = {
        "method": request.method,
        "path": quote(request.path, _SAFE, errors="surrogateescape"),
        "query": request.query,
        "headers": [list(pair) for pair in request.headers.items()],
        **body_as_json(request.body),
    }
    if request.body_size:
        request_json["body_size"] = request.body_size
    response_json = {
        "status": response.status,
        "headers": [list(pair) for pair in response.headers],
        **body_as_json(response.body),
    }
    times = {"time": exchange.time, "duration": exchange.duration}
    sent = {} if exchange.sent is None else {"sent": exchange.sent}
    return {**times, **sent, "origin": exchange.origin, "request": request_json, "response": response_json}


def body_as_json(body: bytes) -> dict[str, str]:
    """A body as text; if it isn't UTF-8, in base64, which `encoding` says."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "encoding": "base64"}


def body_from_json(value: Mapping[str, Any]) -> bytes:
    """The bytes of a body. Raises ValueError for invalid base64, or for a text that UTF-8 can't encode."""
    if value.get("encoding") == "base64":
        return base64.b64decode(value["body"], validate=True)
    text: str = value["body"]
    return text.encode()


def _line_bytes(value: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can only hold it as an ASCII escape
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


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
    except _LineError as wrong:
        raise InputError(f"{path}:{number}: {wrong}") from None


def _exchanges(path: Path, lines: Iterator[tuple[int, bytes]], notes: list[str]) -> Iterator[Exchange]:
    for number, line in lines:
        try:
            yield from_json(_line_object(line), f"{path}:{number}")
        except _LineError as wrong:
            if line.endswith(b"\n") or _is_json(line):
                raise InputError(f"{path}:{number}: {wrong}") from None
            notes.append(f"{path}:{number}: the last line was only half written, and is left out")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            yield from enumerate(file, 1)
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror or error}") from error


def _line_object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _LineError(
            f"found what is not JSON ({error}): {excerpt(_line_text(line.strip()))}; allowed: a JSON object"
        ) from None
    if not isinstance(value, dict):
        raise _LineError(f"found {excerpt(value)}; allowed: a JSON object")
    return value


def _read_header(line: bytes) -> dict[str, Any]:
    value = _line_object(line)
    if value.get(HEADER_KEY) != VERSION:
        raise _LineError(f'found {excerpt(value)}; allowed: the header of a recording, {{"{HEADER_KEY}":{VERSION},...}}')
    head = {"created": "", "target": "", "pseudonyms": [], **value}
    _member(head, "created", str, "text")
    _member(head, "target", str, "text")
    _member(head, "pseudonyms", list, "a list of names")
    if not all(isinstance(name, str) for name in head["pseudonyms"]):
        raise _LineError(f"pseudonyms is {excerpt(head['pseudonyms'])}; allowed: a list of names")
    return head


def from_json(value: Mapping[str, Any], source: str) -> Exchange:
    """The exchange of a line. Raises `_LineError`, which `read` turns into an InputError."""
    _check_members(value, _EXCHANGE_MEMBERS, "")
    request_json, response_json = (_member(value, name, dict, "an object") for name in ("request", "response"))
    _check_members(request_json, _REQUEST_MEMBERS, "request.")
    _check_members(response_json, _RESPONSE_MEMBERS, "response.")
    request = Request(
        _member(request_json, "method", str, "text"),
        _path(request_json),
        _member(request_json, "query", str, "text"),
        dict(_header_pairs(request_json)),
        _body_bytes(request_json),
        _whole_number_member(request_json, "body_size", 0, 2**63),
    )
    status = _whole_number_member(response_json, "status")
    if not 100 <= status <= 999:
        raise _LineError(f"status is {excerpt(status, 40)}; allowed: an HTTP status, 100 to 999")
    time = None if value.get("time") is None else _whole_number_member(value, "time", largest=_LATEST)
    duration = (
        None if value.get("duration") is None else _number_member(value, "duration", _LONGEST, "seconds, 0 to 10^9, or null")
    )
    sent = (
        None
        if value.get("sent") is None
        else _number_member(value, "sent", _LATEST, "ms since 1970, to the year 9999, or null")
    )
    response = Response(status, tuple(_header_pairs(response_json)), _body_bytes(response_json))
    origin = _member({"origin": "", **value}, "origin", str, "text")
    return Exchange(request, response, time, duration, source, origin, sent=sent)


def _path(value: Mapping[str, Any]) -> str:
    path: str = _member(value, "path", str, "text")
    try:
        return unquote_to_bytes(path).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _LineError(f"path is {path[:80]!a}; allowed: text, percent-encoded where UTF-8 can't hold it") from None


def _check_members(value: Mapping[str, Any], names: Iterable[str], place: str) -> None:
    for name in value:
        if name not in names:
            hint = did_you_mean(name, names)
            raise _LineError(f"found {place}{name}{hint}; allowed: {', '.join(names)}")


def _member(value: Mapping[str, Any], name: str, kind: Any, allowed: str) -> Any:
    if name not in value:
        raise _LineError(f"{name} is missing; allowed: {allowed}")
    if not isinstance(value[name], kind) or isinstance(value[name], bool):
        raise _LineError(f"{name} is {excerpt(value[name])}; allowed: {allowed}")
    return value[name]


def _whole_number_member(value: Mapping[str, Any], name: str, default: int | None = None, largest: int = 2**63) -> int:
    number: int = _member(value if default is None else {name: default, **value}, name, int, "a whole number")
    if not -largest <= number <= largest:
        raise _LineError(f"{name} is {excerpt(number, 40)}; allowed: a whole number, at most {largest}")
    return number


def _number_member(value: Mapping[str, Any], name: str, largest: float, allowed: str) -> float:
    number: float = _member(value, name, int | float, allowed)
    if not -largest <= number <= largest:  # also refuses NaN
        raise _LineError(f"{name} is {excerpt(number, 40)}; allowed: {allowed}")
    return float(number)


def _header_pairs(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = _member(value, "headers", list, "a list of [name, value]")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise _LineError(f"headers has {excerpt(pair)}; allowed: [name, value]")
    return [(name, text) for name, text in pairs]


def _body_bytes(value: Mapping[str, Any]) -> bytes:
    _member(value, "body", str, "text")
    if value.get("encoding", "base64") != "base64":
        raise _LineError(f"encoding is {excerpt(value['encoding'])}; allowed: base64, or none")
    try:
        return body_from_json(value)
    except (ValueError, binascii.Error) as error:
        raise _LineError(f"body can't be read ({error}); allowed: text, or base64 with encoding base64") from None
