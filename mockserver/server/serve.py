"""`mockserver serve` and `replay`: the server as a process of its own."""

from __future__ import annotations

import gc
import logging
import signal
import ssl
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from ..definitions import Definitions, load
from ..definitions.example_notes import check_examples
from ..definitions.notes import Notes
from ..errors import InputError
from ..journal import JournalEntry
from ..mock import Mock
from ..settings import Settings
from .access_log import access_line
from .log_writer import LogHandler, LogWriter
from .mock_http_server import MockHttpServer

LOG_LOST = 3
"""The exit status where lines of the log were lost."""
_LOG_SECONDS = 1.0
_NOTES = 20
"""How many notes on the user's documents are printed at the start."""

_EXAMPLES = 50
"""How many examples of the user's documents are checked at the start: each takes some milliseconds."""


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Prints one line on stdout once the server answers.

    Returns:
        The exit status: 0, or 3 where stderr couldn't take all lines of the log.

    Raises:
        InputError: For a busy port, a host that can't be bound, a wrong setting, definition or fixture.
    """
    writer = LogWriter()
    handler = LogHandler(writer)
    logging.getLogger().addHandler(handler)
    try:
        _serve(settings, writer)
    finally:
        logging.getLogger().removeHandler(handler)
        lost = writer.close(_LOG_SECONDS)
    return LOG_LOST if lost else 0


def _serve(settings: Settings, writer: LogWriter) -> None:
    def log(exchange: JournalEntry) -> None:
        writer.write(access_line(exchange))

    mock = Mock(settings, definitions=_definitions(settings), on_exchange=log if settings.access_log else None)
    mock.log_lines_lost = writer.lost
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before: dict[int, Any] = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        tls, trusted = _certificates(settings)
        with MockHttpServer(mock, settings.host, settings.port, tls=tls, quick=True) as server:
            if trusted:
                _tell_clients(settings, server.port, trusted)
            if settings.port_file:
                _write_port(settings.port_file, server.port)
            spare_the_collector()
            _announce(f"mockserver ready on {server.url}")
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _definitions(settings: Settings) -> Definitions:
    """The definitions to serve; on stderr, what of the user's documents is left out."""
    notes = Notes()
    definitions = load([Path(path) for path in settings.definitions], notes=notes)
    whole = check_examples(definitions, notes, _EXAMPLES)
    for note in notes.all()[:_NOTES]:
        print(f"mockserver: note: {note}", file=sys.stderr, flush=True)
    if len(notes.all()) > _NOTES:
        print(
            f"mockserver: {len(notes.all()) - _NOTES} more notes; `mockserver lint FILE` has all",
            file=sys.stderr,
            flush=True,
        )
    if not whole:
        print(
            f"mockserver: {_EXAMPLES} examples were checked; `mockserver lint FILE` checks all", file=sys.stderr, flush=True
        )
    return definitions


def _certificates(settings: Settings) -> tuple[ssl.SSLContext | None, bytes]:
    """What to speak TLS by, if at all, and what clients have to trust where that was made on the spot."""
    if not (settings.tls or settings.tls_cert):
        return None, b""
    from .certificates import context_from_files, context_made_up

    if settings.tls_cert:
        return context_from_files(settings.tls_cert, settings.tls_key), b""
    return context_made_up(settings.host)


def _tell_clients(settings: Settings, port: int, trusted: bytes) -> None:
    from .certificates import trust_file, write_trust_file

    write_trust_file(trust_file(replace(settings, port=port)), trusted)


def spare_the_collector() -> None:
    """Let Python's collector of cycles leave alone what lives as long as the process, and look at the rest less often.

    With 6,000 connections open it held up a request for 130 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _write_port(file: str, port: int) -> None:
    try:
        Path(file).write_text(f"{port}\n", encoding="ascii")
    except OSError as error:
        raise InputError(f"can't write --port-file {file}: {error.strerror}") from error


def _announce(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:  # nobody reads it: no reason not to serve
        sys.stdout = None  # or Python complains about it at the end
