"""The commands for a user's own documents: `lint` reports mistakes and gaps, `init` proposes how its jobs live."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..errors import InputError


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    lint = commands.add_parser(
        "lint",
        help="check an OpenAPI document",
        description="Check OpenAPI documents: what is wrong, left out or read otherwise, by file and JSON pointer."
        " Exit status: 0 it can be served, 1 with --strict and something left out, 2 it can't.",
    )
    lint.add_argument("files", nargs="+", metavar="FILE", help="a document (OpenAPI 3.x, Swagger 2.0) or a folder")
    lint.add_argument("--strict", action="store_true", help="exit with 1 where anything is left out")
    lint.set_defaults(run=_lint)
    init = commands.add_parser(
        "init",
        help="propose how a document's jobs live",
        description="Propose a mockserver.yaml for a document: which operations read a job, where its status stands, which"
        " values are the end, what starts and stops it.",
    )
    init.add_argument("file", metavar="FILE", help="a document (OpenAPI 3.x, Swagger 2.0)")
    init.add_argument("--out", metavar="FILE", help="where to write it (default: stdout)")
    init.set_defaults(run=_init)


def _lint(options: argparse.Namespace) -> int:
    from ..definitions.lint import lint

    note_count = 0
    for name in options.files:
        result = lint(Path(name))
        for note in result.notes:
            print(f"note: {note}")
        note_count += len(result.notes)
        print(f"{name}: {result.operations} operations, {result.jobs} with jobs, {len(result.notes)} notes")
        if not result.jobs and result.job_like:
            print(f"hint: `mockserver init {name}` proposes how its jobs live", file=sys.stderr)
    return 1 if note_count and options.strict else 0


def _init(options: argparse.Namespace) -> int:
    from ..definitions.propose import proposal

    text = proposal(Path(options.file))
    if options.out is None:
        sys.stdout.write(text)
        return 0
    path = Path(options.out)
    if path.exists():
        raise InputError(f"{path} exists already; remove it, or name another --out")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from error
    return 0
