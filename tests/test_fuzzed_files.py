"""Readers of users' files, and the mock, fed with what is almost right: each reads it or raises InputError, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import ODD, READERS, crash_of

from mockserver.errors import InputError
from mockserver.jobs.duration import seconds


@pytest.mark.parametrize("name", READERS)
def test_almost_right(name: str, tmp_path: Path) -> None:
    """The first inputs of each reader; `python tests/fuzz.py 1000000` tries more. A definition takes longer than others."""
    attempt = READERS[name](tmp_path)
    crashes = {number: crash_of(attempt, number) for number in range(5 if name == "definitions" else 100)}
    assert not any(crashes.values()), {number: crash for number, crash in crashes.items() if crash}


@pytest.mark.parametrize(
    "value", [item for item in ODD if not isinstance(item, dict | list)], ids=lambda item: repr(item)[:20]
)
def test_durations(value: object) -> None:
    """A number of seconds, or InputError with a short text."""
    assert crash_of(lambda _number: seconds(value), 0) is None


def test_a_crash_is_told() -> None:
    """What isn't an InputError is named with its place; so is an InputError without a text."""

    def refuse(text: str) -> None:
        raise InputError(text)

    def crash(number: int) -> None:
        raise KeyError(number)

    assert "test_fuzzed_files.py" in (crash_of(crash, 0) or "")
    assert crash_of(lambda _number: refuse("no"), 0) is None
    assert crash_of(lambda _number: refuse(""), 0)
