"""Fixture files: jobs to declare, checked against `schemas/mockserver/fixtures.schema.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .shapes import check, read_file, shape

SCHEMA = "fixtures.schema.json"


def schema() -> dict[str, Any]:
    """The JSON Schema of fixture files; its `$defs/job` is what `POST /_mock/jobs` takes."""
    return shape(SCHEMA)


def read_fixtures(path: Path) -> list[dict[str, Any]]:
    """The jobs of a fixture file (JSON or YAML). Raises InputError, which names file, JSON pointer, found and allowed."""
    value = read_file(path)
    check(value, schema(), str(path))
    jobs: list[dict[str, Any]] = value["jobs"]
    return jobs
