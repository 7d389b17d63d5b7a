"""Options of every command that judges: how strictly, which reports, and when the exit status is 1."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from ..contract.result import Result
    from ..definitions import Definitions

_SEVERITIES = ("error", "warning", "note")
_FORMS = ("console", "junit", "json", "html", "github")


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how findings are judged and reported."""
    parser.add_argument(
        "--report",
        action="append",
        metavar="FORM[=FILE]",
        help=f"report to write: {', '.join(_FORMS)}, to stdout or to a file (default: console). Repeatable.",
    )
    parser.add_argument(
        "--strict",
        nargs="?",
        const="all",
        default="",
        metavar="ID,ID",
        help="read tables to the letter where the documents' own examples contradict them: all, or these contradictions",
    )
    parser.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        default="warning",
        help="least severity that gives exit status 1 (default: warning)",
    )
    parser.add_argument(
        "--fail-under", type=float, metavar="PERCENT", help="exit status 1 where less of the documentation was seen"
    )


def strict_of(options: argparse.Namespace) -> frozenset[str]:
    """The contradictions that are read strictly."""
    return frozenset(part.strip() for part in options.strict.split(",") if part.strip())


def parse_reports(texts: Sequence[str] | None) -> list[tuple[str, str | None]]:
    """Forms and files of `--report`. Raises InputError for a wrong form, or a file that can't be written."""
    reports: list[tuple[str, str | None]] = []
    for text in texts or ["console"]:
        form, equals, path = text.partition("=")
        if form not in _FORMS or (equals and not path):
            nearest = difflib.get_close_matches(form, _FORMS, 1)
            hint = f"did you mean {nearest[0]!r}? " if nearest and form not in _FORMS else ""
            raise InputError(f"--report {text!r} is not a report; {hint}allowed: {', '.join(_FORMS)}, each with =FILE")
        if path:
            check_writable(path)
        reports.append((form, path or None))
    return reports


def check_writable(path: str) -> None:
    """Raises InputError for a file that can't be written: better before a long run than after it."""
    try:
        with Path(path).open("ab"):
            pass
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None


def write_reports(
    result: Result,
    reports: Sequence[tuple[str, str | None]],
    definitions: Definitions,
    fail_on: str,
    fail_under: float | None = None,
) -> int:
    """Write the reports; returns the exit status. If files can't be written, raises InputError after writing the others."""
    from ..contract.report import render, step_summary

    mistakes: list[str] = []

    def write(path: str, text: str) -> None:
        try:
            _write(path, text)
        except InputError as error:
            mistakes.append(str(error))

    for form, path in reports:
        colours = form == "console" and path is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        text = render(result, form, definitions, colours=colours, fail_on=fail_on, fail_under=fail_under)
        if path is None:
            sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        else:
            write(path, text)
        if form == "github" and os.environ.get("GITHUB_STEP_SUMMARY"):
            summary = step_summary(result, definitions, fail_on=fail_on, fail_under=fail_under)
            write(os.environ["GITHUB_STEP_SUMMARY"], summary)
    if mistakes:
        raise InputError("; ".join(mistakes))
    return result.exit_code(fail_on, fail_under)


def _write(path: str, text: str, mode: str = "w") -> None:
    try:
        with Path(path).open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from error


class ProgressLine:
    """A progress bar on stderr, if that is a terminal; only a count if the `total` is unknown (0)."""

    def __init__(self, total: int = 0) -> None:
        self._total = total
        self._enabled = sys.stderr.isatty() and total != 1
        self._next = 0.0

    def show(self, number: int, name: str) -> None:
        """Draw the bar at this number, at most ten times a second."""
        now = time.monotonic() if self._enabled else 0.0
        if not self._enabled or now < self._next:
            return
        self._next = now + 0.1
        filled = 24 * number // self._total if self._total else 0
        bar = f"[{'#' * filled}{'.' * (24 - filled)}] {number}/{self._total}" if self._total else f"{number:,}"
        sys.stderr.write(f"\r{bar} {name[:48]:<48}")
        sys.stderr.flush()

    def end(self) -> None:
        """Remove the bar."""
        if self._enabled:
            sys.stderr.write("\r" + " " * 90 + "\r")
            sys.stderr.flush()
