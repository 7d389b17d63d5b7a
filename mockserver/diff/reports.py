"""What `mockserver diff` prints: for people, for programs, for GitHub, and the table of rules."""

from __future__ import annotations

import json
import posixpath
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from .change import Change, text_of
from .rules import LEVELS, RULES
from .sources import Source

VERSION = 1
"""The version of the JSON report's form."""

_WIDTH = 100
_COMMANDS = {"breaking": "error", "risky": "warning", "harmless": "notice"}
Report = Callable[[Sequence[Change], Source, Source], str]


def console(changes: Sequence[Change], old: Source, new: Source) -> str:
    """For people, the worst first."""
    if not changes:
        return f"{old.name} and {new.name}: no change.\n"
    lines = []
    for level in LEVELS:
        of_level = [change for change in changes if change.level == level]
        if of_level:
            lines += [f"{level.upper()} ({len(of_level)})", ""]
        for change in of_level:
            lines += _entry(change)
    return "\n".join([*lines, f"{old.name} -> {new.name}: {_summary(changes)}", ""])


def _entry(change: Change) -> list[str]:
    detail = f" ({change.detail})" if change.detail else ""
    facts = [
        ("operation", ", ".join(change.operations)),
        ("old", f"{text_of(change.old)}  at {change.old_at}"),
        ("new", f"{text_of(change.new)}  at {change.new_at}"),
        ("why", change.why),
    ]
    lines = [f"  {change.code}: {change.at.strip()}{detail}"]
    for name, text in facts:
        if text:
            first = f"    {name:<10}"
            lines += textwrap.wrap(_clean(text), _WIDTH, initial_indent=first, subsequent_indent=" " * 14) or [first]
    return [_clean(line) for line in lines] + [""]


def _clean(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _summary(changes: Sequence[Change]) -> str:
    counts = Counter(change.level for change in changes)
    return ", ".join(f"{counts[level]} {level}" for level in LEVELS)


def as_json(changes: Sequence[Change], old: Source, new: Source) -> str:
    """For programs: `version`, `old`, `new`, `counts` by class, `changes`."""
    counts = Counter(change.level for change in changes)
    report = {
        "version": VERSION,
        "old": old.name,
        "new": new.name,
        "counts": {level: counts[level] for level in LEVELS},
        "changes": [change.as_json() for change in changes],
    }
    return json.dumps(report, indent=2) + "\n"


def github(changes: Sequence[Change], old: Source, new: Source) -> str:
    """Workflow commands: errors, warnings and notices at the new document."""
    lines = []
    for change in changes:
        file = posixpath.normpath(posixpath.join(new.folder, change.new_at.partition("#")[0])) if new.folder else ""
        places = f"file={_property(file)}," if file else ""
        message = f"{change.at.strip()}: {text_of(change.old)} -> {text_of(change.new)}. {change.why}"
        names = f"{', '.join(change.operations)}: " if change.operations else ""
        lines.append(f"::{_COMMANDS[change.level]} {places}title={_property(change.code)}::{_data(names + message)}")
    return "\n".join([*lines, f"{_data(old.name)} -> {_data(new.name)}: {_summary(changes)}", ""])


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def markdown(changes: Sequence[Change], old: Source, new: Source) -> str:
    """A table for a pull request's comment or a job's summary."""
    lines = [f"### `{old.name}` to `{new.name}`: {_summary(changes)}", ""]
    if changes:
        lines += ["| class | change | where | old | new | why |", "|---|---|---|---|---|---|"]
    for change in changes:
        where = f"{', '.join(change.operations)}: {change.at.strip()}" if change.operations else change.at.strip()
        cells = (change.level, change.code, where, text_of(change.old), text_of(change.new), change.why)
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    """Text that can't leave its cell, nor be taken for Markdown or HTML."""
    for char in "\\`*_[]|~":
        text = text.replace(char, "\\" + char)
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())


REPORTS: Mapping[str, Report] = {"console": console, "json": as_json, "github": github, "markdown": markdown}
"""The forms, by name."""


def rules_table() -> str:
    """The rules as the table of docs/diff.md."""
    lines = ["| code | class | what changed | what it does to a poller |", "|---|---|---|---|"]
    lines += [f"| `{code}` | {rule.level} | {rule.change} | {rule.why} |" for code, rule in RULES.items()]
    return "\n".join(lines)
