"""The commands for recordings: record, replay, export."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..settings import TABLE
from .options import add_settings, settings_of

if TYPE_CHECKING:
    from ..exchanges.recording import Recording


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    _add_record(commands)
    _add_replay(commands)
    export = commands.add_parser(
        "export",
        help="turn a recording into HAR, or into a fixture file",
        description="Turn recordings (JSON Lines or HAR) into one HAR file, which browsers' developer tools open, or into a"
        " fixture file whose jobs `mockserver --fixtures` replays.",
    )
    export.add_argument("files", nargs="+", metavar="FILE", help="recording: *.jsonl or *.har")
    forms = export.add_mutually_exclusive_group(required=True)
    forms.add_argument("--har", metavar="OUT", help="the HAR file to write")
    forms.add_argument("--replays", metavar="OUT", help="the fixture file to write")
    add_settings(export, ["definitions"])
    export.set_defaults(run=_export)


def _add_record(commands: Any) -> None:
    from .proxy_commands import add_proxy_options

    record = commands.add_parser(
        "record",
        help="stand in front of a service and record what it answers",
        description="Stand in front of a service, pass all through, and write every exchange to a file, without secrets and"
        " with pseudonyms for what identifies a tenant. Goes on with an existing recording. Ctrl-C stops it.",
    )
    add_proxy_options(record)
    record.add_argument("--out", required=True, dest="record", metavar="FILE", help="the recording to write, JSON Lines")
    record.add_argument("--har", metavar="FILE", help="write it as HAR 1.2 too, when it stops")
    add_settings(record, ["definitions"])
    record.set_defaults(run=_record)


def _add_replay(commands: Any) -> None:
    replay = commands.add_parser(
        "replay",
        help="start a server that answers as a recording did",
        description="Start a server whose jobs answer as in recordings (JSON Lines or HAR), at any pace of polling, on its"
        " own clock: --speed 60 plays an hour in a minute. It takes the options of `serve`; ids that were not recorded"
        " get the documented error, unless --unknown-ids create is given.",
    )
    replay.add_argument("files", nargs="+", metavar="FILE", help="recording: *.jsonl or *.har")
    add_settings(replay, [row.name for row in TABLE])
    replay.set_defaults(run=_replay)


def _record(options: argparse.Namespace) -> int:
    from ..proxy.notices import Notices
    from .proxy_commands import Recordings, run

    with Recordings(options) as recordings:
        result, _ = run(options, recordings)
        recordings.finish(result)
    failed = list(result.failed)
    notices = Notices()  # not print: it would block if nobody reads stderr
    for subject, reason in failed:
        notices.report(f"mockserver record: {subject}: {reason}")
    notices.finish(result)
    return 2 if failed else 0


def _replay(options: argparse.Namespace) -> int:
    from ..exchanges.recording import SUFFIXES
    from ..server.serve import serve

    for file in options.files:
        if not file.lower().endswith(SUFFIXES):
            raise InputError(f"{file} is not a recording by its name; allowed: *.jsonl, *.har (a fixture file: --fixtures)")
    if options.unknown_ids is None:
        options.unknown_ids = "reject"
    settings = settings_of(options)
    return serve(replace(settings, fixtures=(*settings.fixtures, *options.files)))


def _export(options: argparse.Namespace) -> int:
    recording = _joined(options.files)
    if options.har:
        from ..exchanges.har_writing import write

        write(Path(options.har), recording)
        return 0
    from ..definitions import load
    from ..exchanges.recording_to_replay import replays_from

    recorded_jobs = replays_from(recording, load(Path(path) for path in settings_of(options).definitions))
    text = json.dumps({"replays": [recorded_job.as_json() for recorded_job in recorded_jobs]}, ensure_ascii=False, indent=2)
    try:
        Path(options.replays).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"can't write {options.replays}: {error.strerror or error}") from error
    return 0


def _joined(files: list[str]) -> Recording:
    """The recordings as one; what could not be used is reported on stderr."""
    from ..exchanges.har import read_any

    recordings = [read_any(Path(file)) for file in files]
    for note in (note for recording in recordings for note in recording.notes):
        print(f"mockserver export: {note}", file=sys.stderr)
    exchanges = tuple(exchange for recording in recordings for exchange in recording.exchanges)
    names = tuple(sorted({name for recording in recordings for name in recording.pseudonyms}))
    return replace(recordings[0], exchanges=exchanges, pseudonyms=names)
