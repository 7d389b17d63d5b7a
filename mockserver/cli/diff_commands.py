"""The command `diff`: what changed between two definitions or two recordings, and what that means for a poller."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from ..diff import Source

_FORMS = ("console", "json", "github", "markdown")
_LEVELS = ("breaking", "risky", "harmless")
_EPILOG = (
    "OLD and NEW are both definitions (OpenAPI 3.x: a JSON or YAML file, a folder of them, the word 'shipped', or a URL such"
    " as http://127.0.0.1:6210/_mock/openapi.json) or both recordings (*.jsonl, *.har). Exit status: 0 nothing as bad as"
    " --fail-on, 1 something, 2 could not compare."
)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    diff = commands.add_parser(
        "diff",
        help="compare two definitions or two recordings",
        description="Compare two definitions or two recordings: is each change breaking, risky or harmless for a poller?",
        epilog=_EPILOG,
    )
    diff.add_argument("old", metavar="OLD", help="what it was")
    diff.add_argument("new", metavar="NEW", help="what it is now")
    diff.add_argument("--report", choices=_FORMS, default="console", help="form of the output (default: console)")
    diff.add_argument(
        "--fail-on",
        choices=_LEVELS,
        default="breaking",
        help="exit with 1 for a change of this class or a worse one (breaking)",
    )
    diff.set_defaults(run=_diff)


def _diff(options: argparse.Namespace) -> int:
    from ..diff import at_least, compare
    from ..diff.reports import REPORTS

    if _is_recording(options.old) != _is_recording(options.new):
        raise InputError(
            f"can't compare {options.old} with {options.new}: one is a recording, the other a definition; allowed: two of a"
            " kind"
        )
    old, new = _source(options.old), _source(options.new)
    changes = compare(old, new)
    sys.stdout.write(REPORTS[options.report](changes, old, new))
    return 1 if at_least(changes, options.fail_on) else 0


def _is_recording(text: str) -> bool:
    from ..exchanges.recording import SUFFIXES

    return not text.startswith(("http://", "https://")) and Path(text).suffix.lower() in SUFFIXES


def _source(text: str) -> Source:
    from ..diff import read_source

    if not _is_recording(text):
        return read_source(text)
    from ..definitions import load
    from ..diff.schema_from_recording import inferred
    from ..exchanges.har import read_any

    recording = read_any(Path(text))
    for note in recording.notes:
        print(f"mockserver: {note}", file=sys.stderr)
    if not recording.exchanges:
        raise InputError(f"{text} holds no exchanges; record some, or compare definitions")
    return inferred(text, recording.exchanges, load())
