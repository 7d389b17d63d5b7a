"""The file and line that an exchange comes from, read from its source."""

from __future__ import annotations

import re

_LINE = re.compile(r"(?P<file>.+?):(?P<line>[1-9]\d{0,8})(?::.*)?", re.DOTALL)
_TEST = re.compile(r"(?P<file>[^\n]+?\.\w+)::.+", re.DOTALL)
_FILE = re.compile(r"\S+\.\w+")


def file_of(source: str) -> tuple[str, int | None]:
    """The file and line of `run.jsonl:3`, `tests/test_x.py:12`, `tests/test_x.py::test_y`, `run.har`; else ("", None)."""
    if "://" in source:
        return "", None
    for pattern in (_TEST, _LINE, _FILE):
        match = pattern.fullmatch(source)
        if match:
            parts = match.groupdict()
            return parts.get("file", source), int(parts["line"]) if "line" in parts else None
    return "", None
