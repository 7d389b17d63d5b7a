"""The server as a process of its own: `mockserver serve` and `replay`."""

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
"""The exit status if lines of the log were lost."""
_LOG_SECONDS = 1.0
_NOTES = 20
"""How many notes on the user's documents are printed at the start."""

_EXAMPLES = 50
"""How many examples of the user's documents are checked at the start: each takes some milliseconds."""


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Prints one line on stdout once the server answers.

    Returns:
        The exit status: 0, or 3 if lines of the log were lost because stderr was full or closed.

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
        lost_count = writer.close(_LOG_SECONDS)
    return LOG_LOST if lost_count else 0


def _serve(settings: Settings, writer: LogWriter) -> None:
    def log(exchange: JournalEntry) -> None:
        writer.write(access_line(exchange))

    mock = Mock(settings, definitions=_definitions(settings), on_exchange=log if settings.access_log else None)
    mock.log_lines_lost = writer.lost_count
    stop = threading.Event()

    def stop_on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    handlers_before: dict[int, Any] = {
        number: signal.signal(number, stop_on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        tls, certificates = _certificates(settings)
        with MockHttpServer(mock, settings.host, settings.port, tls=tls, quick=True) as server:
            if certificates:
                _write_trust_file(settings, server.port, certificates)
            if settings.port_file:
                _write_port(settings.port_file, server.port)
            spare_the_collector()
            _announce(f"mockserver ready on {server.url}")
            stop.wait()
    finally:
        for number, handler in handlers_before.items():
            signal.signal(number, handler)


def _definitions(settings: Settings) -> Definitions:
    """The definitions to serve; prints on stderr what is left out of the user's documents."""
    notes = Notes()
    definitions = load([Path(path) for path in settings.definitions], notes=notes)
    all_checked = check_examples(definitions, notes, _EXAMPLES)
    for note in notes.all()[:_NOTES]:
        print(f"mockserver: note: {note}", file=sys.stderr, flush=True)
    if len(notes.all()) > _NOTES:
        print(
            f"mockserver: {len(notes.all()) - _NOTES} more notes; `mockserver lint FILE` has all",
            file=sys.stderr,
            flush=True,
        )
    if not all_checked:
        print(
            f"mockserver: {_EXAMPLES} examples were checked; `mockserver lint FILE` checks all", file=sys.stderr, flush=True
        )
    return definitions


def _certificates(settings: Settings) -> tuple[ssl.SSLContext | None, bytes]:
    """The TLS context, if TLS is used, and the certificates that clients have to trust if the authority is new."""
    if not (settings.tls or settings.tls_cert):
        return None, b""
    from .certificates import context_from_files, new_context

    if settings.tls_cert:
        return context_from_files(settings.tls_cert, settings.tls_key), b""
    return new_context(settings.host)


def _write_trust_file(settings: Settings, port: int, certificates: bytes) -> None:
    from .certificates import trust_file, write_trust_file

    write_trust_file(trust_file(replace(settings, port=port)), certificates)


def spare_the_collector() -> None:
    """Let Python's garbage collector skip all objects that exist now, and run less often.

    With 6,000 open connections, it delayed a request by 130 ms.
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
    except OSError:  # nobody reads stdout: the server still works
        sys.stdout = None  # otherwise Python complains at exit
