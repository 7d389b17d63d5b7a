"""Fixture files: jobs and faults to declare, recorded jobs to replay; `schemas/mockserver/fixtures.schema.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .definitions import Definitions
from .errors import InputError, did_you_mean
from .exchanges.har import read_any
from .exchanges.recording import SUFFIXES
from .exchanges.recording_to_replay import replays_from
from .exchanges.replays import RecordedJob, Replays, recorded_job_from
from .user_files import check, read_file, shape

SCHEMA = "fixtures.schema.json"


@dataclass(frozen=True)
class Fixtures:
    """What a fixture file declares: jobs, and faults."""

    jobs: list[dict[str, Any]]
    faults: list[dict[str, Any]]


def schema() -> dict[str, Any]:
    """The JSON Schema of fixture files; its `$defs/job` is what `POST /_mock/jobs` takes, `$defs/fault` what
    `POST /_mock/faults` does."""
    return shape(SCHEMA)


def read_fixtures(path: Path) -> Fixtures:
    """The jobs and faults of a fixture file (JSON or YAML); a recording (*.jsonl, *.har) has none to declare.

    Raises InputError, which names file, JSON pointer, found and allowed.
    """
    value = {} if _is_recording(path) else _read_fixture(path)
    return Fixtures(value.get("jobs", []), value.get("faults", []))


def read_replays(paths: Iterable[Path], definitions: Definitions) -> Replays:
    """The recorded jobs of fixture files and of recordings. Raises InputError."""
    recorded_jobs: list[RecordedJob] = []
    for path in paths:
        recorded = replays_from(read_any(path), definitions) if _is_recording(path) else _replays(path, definitions)
        recorded_jobs += (item if item.place else replace(item, place=str(path)) for item in recorded)
    return Replays(recorded_jobs)


def _is_recording(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _read_fixture(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = read_file(path)
    check(value, schema(), str(path))
    return value


def _replays(path: Path, definitions: Definitions) -> Iterator[RecordedJob]:
    allowed = [operation.id for operation in definitions.operations]
    for index, value in enumerate(_read_fixture(path).get("replays", ())):
        where = f"{path}#/replays/{index}"
        if value["operation"] not in allowed:
            hint = did_you_mean(value["operation"], allowed) or "; allowed: those of `mockserver operations`"
            raise InputError(f"{where}/operation: found {value['operation']!r}{hint}")
        try:
            yield replace(recorded_job_from(value), place=where)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None
