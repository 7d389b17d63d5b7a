"""Recordings: exchanges as JSON Lines. The first line is a header, then each exchange has a line of its own."""

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

MARK = "mockserver-recording"
FORM = 1
"""The version of the form of the file, which stands at `MARK` in the header."""

SUFFIXES = (".jsonl", ".ndjson", ".har")
"""How the names of recordings end, those in the form of HAR included."""

_SAFE = "/:@!$&'()*+,;=~"
_UTC = "1970-01-01T00:00:00.000+00:00"
_BLOCK = 64 * 1024
_LATEST = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970."""

_LONGEST = 1e9
"""The longest duration, in seconds."""

_EXCHANGE = ("time", "duration", "sent", "origin", "request", "response")
_REQUEST = ("method", "path", "query", "headers", "body", "encoding", "body_size")
_RESPONSE = ("status", "headers", "body", "encoding")


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file holds.

    `pseudonyms` are the names of the parameters and members whose values are not the real ones; `notes` say, in words, what
    of the file could not be used: a line that was only half written, entries of a HAR file that are not exchanges.
    """

    exchanges: tuple[Exchange, ...]
    target: str = ""
    created: str = ""
    pseudonyms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _Wrong(Exception):
    """What is wrong with a line, in words."""


class Recorder:
    """Writes exchanges to a file, each as soon as it is there, without its secrets. Thread-safe.

    Parameters: `path`, new or a recording to go on with (a half-written last line is cut off; `notes` tell); `redactor`
    takes the secrets out; `target`, what is recorded, for the header; `created`, when (ms since 1970). Raises InputError for
    a file that can't be written, is not a recording, or has other pseudonyms than this redactor makes.
    """

    def __init__(self, path: Path, redactor: Redactor, target: str = "", created: int | None = None) -> None:
        self.path = path
        self.notes: list[str] = []
        self.count = 0
        self._redactor = redactor
        self._lock = threading.Lock()
        try:
            self._file = path.open("a+b", buffering=0)  # a line is in the system's hands as soon as it is written
            self._begin(target, created)
        except OSError as error:
            raise InputError(f"can't write {path}: {error.strerror or error}") from error

    def _begin(self, target: str, created: int | None) -> None:
        end = self._file.seek(0, 2)
        if end and self._go_on(end):
            return
        head = {
            MARK: FORM,
            "version": __version__,
            "created": "" if created is None else show("rfc3339", created, _UTC),
            "target": target,
            "pseudonyms": list(self._redactor.names),
        }
        self._write(_line_bytes(head))

    def _go_on(self, end: int) -> bool:
        """Whether the file is a recording with its header; a half-written last line is cut off."""
        start, tail = _tail(self._file, end)
        if tail and _is_json(tail):
            self._write(b"\n")
        elif tail:
            self._file.truncate(start)
            self.notes.append(f"{self.path}: its last line was only half written, and cut off: {excerpt(_line_text(tail))}")
            if start == 0:
                return False
        self._file.seek(0)
        try:
            result = _head(self._file.readline())
        except _Wrong as wrong:
            self._file.close()
            raise InputError(f"{self.path}:1: {wrong}; choose another file") from None
        if result["pseudonyms"] != list(self._redactor.names):
            self._file.close()
            remaining = "real" if self._redactor.names else "pseudonyms of"
            raise InputError(
                f"{self.path}: its ids are not {remaining} ids, as those to come; choose another file or --keep-ids"
            )
        return True

    def add(self, exchange: Exchange) -> None:
        """Append an exchange. Raises InputError where the file can't be written, or is closed."""
        line = _line_bytes(as_json(self._redactor.redact(exchange)))
        with self._lock:
            try:
                self._write(line)
            except (OSError, ValueError) as error:  # ValueError: the file is closed
                raise InputError(f"can't write {self.path}: {getattr(error, 'strerror', None) or error}") from error
            self.count += 1

    def _write(self, line: bytes) -> None:
        start, rest = self._file.seek(0, os.SEEK_END), line
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):  # no file, such as /dev/full
                self._file.truncate(start)  # a line that is half there would spoil those that follow it
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _tail(file: IO[bytes], end: int) -> tuple[int, bytes]:
    """What follows the last end of a line, and where it begins."""
    tail, start = b"", end
    while start > 0 and b"\n" not in tail:
        size = min(_BLOCK, start)
        start -= size
        file.seek(start)
        tail = file.read(size) + tail
    at = tail.rfind(b"\n") + 1
    return start + at, tail[at:]


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _line_text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def as_json(exchange: Exchange) -> dict[str, Any]:
    """An exchange as a line has it. The path is percent-encoded; a body that isn't UTF-8 is in base64."""
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
    answered = {
        "status": response.status,
        "headers": [list(pair) for pair in response.headers],
        **body_as_json(response.body),
    }
    times = {"time": exchange.time, "duration": exchange.duration}
    sent = {} if exchange.sent is None else {"sent": exchange.sent}
    return {**times, **sent, "origin": exchange.origin, "request": request_json, "response": answered}


def body_as_json(body: bytes) -> dict[str, str]:
    """A body as text, or in base64 where it isn't UTF-8: then `encoding` says so."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "encoding": "base64"}


def body_from_json(value: Mapping[str, Any]) -> bytes:
    """The bytes of a body. Raises ValueError for what isn't base64, or is not a text that UTF-8 can hold."""
    if value.get("encoding") == "base64":
        return base64.b64decode(value["body"], validate=True)
    text: str = value["body"]
    return text.encode()


def _line_bytes(value: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can say it in ASCII only
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read(path: Path) -> Recording:
    """A recording. A last line that was only half written is left out, and reported in `notes`.

    Raises InputError for a file that can't be read and for any other line that is wrong: file, line, found, allowed.
    """
    notes: list[str] = []
    head, exchanges = stream(path, notes)
    return Recording(tuple(exchanges), head["target"], head["created"], tuple(head["pseudonyms"]), tuple(notes))


def stream(path: Path, notes: list[str]) -> tuple[dict[str, Any], Iterator[Exchange]]:
    """The header of a recording, and its exchanges one by one, as they are read. Adds to `notes` and raises as `read`."""
    lines = _lines(path)
    number, line = next(lines, (1, b""))
    if not line:
        raise InputError(f"{path}:1: found an empty file; allowed: a recording, its header first")
    try:
        return _head(line), _exchanges(path, lines, notes)
    except _Wrong as wrong:
        raise InputError(f"{path}:{number}: {wrong}") from None


def _exchanges(path: Path, lines: Iterator[tuple[int, bytes]], notes: list[str]) -> Iterator[Exchange]:
    for number, line in lines:
        try:
            yield from_json(_line_object(line), f"{path}:{number}")
        except _Wrong as wrong:
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
        raise _Wrong(
            f"found what is not JSON ({error}): {excerpt(_line_text(line.strip()))}; allowed: a JSON object"
        ) from None
    if not isinstance(value, dict):
        raise _Wrong(f"found {excerpt(value)}; allowed: a JSON object")
    return value


def _head(line: bytes) -> dict[str, Any]:
    value = _line_object(line)
    if value.get(MARK) != FORM:
        raise _Wrong(f'found {excerpt(value)}; allowed: the header of a recording, {{"{MARK}":{FORM},...}}')
    head = {"created": "", "target": "", "pseudonyms": [], **value}
    _typed(head, "created", str, "text")
    _typed(head, "target", str, "text")
    _typed(head, "pseudonyms", list, "a list of names")
    if not all(isinstance(name, str) for name in head["pseudonyms"]):
        raise _Wrong(f"pseudonyms is {excerpt(head['pseudonyms'])}; allowed: a list of names")
    return head


def from_json(value: Mapping[str, Any], source: str) -> Exchange:
    """The exchange of a line. Raises `_Wrong`, which `read` turns into an InputError."""
    _check_members(value, _EXCHANGE, "")
    requested, answered = (_typed(value, name, dict, "an object") for name in ("request", "response"))
    _check_members(requested, _REQUEST, "request.")
    _check_members(answered, _RESPONSE, "response.")
    request = Request(
        _typed(requested, "method", str, "text"),
        _path(requested),
        _typed(requested, "query", str, "text"),
        dict(_header_pairs(requested)),
        _body_bytes(requested),
        _whole(requested, "body_size", 0, 2**63),
    )
    status = _whole(answered, "status")
    if not 100 <= status <= 999:
        raise _Wrong(f"status is {excerpt(status, 40)}; allowed: an HTTP status, 100 to 999")
    time = None if value.get("time") is None else _whole(value, "time", most=_LATEST)
    duration = (
        None if value.get("duration") is None else _number_member(value, "duration", _LONGEST, "seconds, 0 to 10^9, or null")
    )
    sent = (
        None
        if value.get("sent") is None
        else _number_member(value, "sent", _LATEST, "ms since 1970, to the year 9999, or null")
    )
    response = Response(status, tuple(_header_pairs(answered)), _body_bytes(answered))
    origin = _typed({"origin": "", **value}, "origin", str, "text")
    return Exchange(request, response, time, duration, source, origin, sent=sent)


def _path(value: Mapping[str, Any]) -> str:
    path: str = _typed(value, "path", str, "text")
    try:
        return unquote_to_bytes(path).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _Wrong(f"path is {path[:80]!a}; allowed: text, percent-encoded where UTF-8 can't hold it") from None


def _check_members(value: Mapping[str, Any], names: Iterable[str], place: str) -> None:
    for name in value:
        if name not in names:
            hint = did_you_mean(name, names)
            raise _Wrong(f"found {place}{name}{hint}; allowed: {', '.join(names)}")


def _typed(value: Mapping[str, Any], name: str, kind: Any, allowed: str) -> Any:
    if name not in value:
        raise _Wrong(f"{name} is missing; allowed: {allowed}")
    if not isinstance(value[name], kind) or isinstance(value[name], bool):
        raise _Wrong(f"{name} is {excerpt(value[name])}; allowed: {allowed}")
    return value[name]


def _whole(value: Mapping[str, Any], name: str, default: int | None = None, most: int = 2**63) -> int:
    result: int = _typed(value if default is None else {name: default, **value}, name, int, "a whole number")
    if not -most <= result <= most:
        raise _Wrong(f"{name} is {excerpt(result, 40)}; allowed: a whole number, at most {most}")
    return result


def _number_member(value: Mapping[str, Any], name: str, most: float, allowed: str) -> float:
    result: float = _typed(value, name, int | float, allowed)
    if not -most <= result <= most:  # NaN isn't either
        raise _Wrong(f"{name} is {excerpt(result, 40)}; allowed: {allowed}")
    return float(result)


def _header_pairs(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = _typed(value, "headers", list, "a list of [name, value]")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise _Wrong(f"headers has {excerpt(pair)}; allowed: [name, value]")
    return [(name, text) for name, text in pairs]


def _body_bytes(value: Mapping[str, Any]) -> bytes:
    _typed(value, "body", str, "text")
    if value.get("encoding", "base64") != "base64":
        raise _Wrong(f"encoding is {excerpt(value['encoding'])}; allowed: base64, or none")
    try:
        return body_from_json(value)
    except (ValueError, binascii.Error) as error:
        raise _Wrong(f"body can't be read ({error}); allowed: text, or base64 with encoding base64") from None
