"""A run's counts of what its pollers were shown, with something of every kind."""

from __future__ import annotations

from typing import Any

from mockserver.definitions import Definitions
from mockserver.testing import poller_coverage

COUNTS: dict[str, Any] = {
    "polls": 11,
    "statuses": {"BOOTING": 2, "RUNNING": 6, "FAILED": 1, "running": 2},
    "transitions": {"BOOTING>RUNNING": 2, "RUNNING>FAILED": 1, "FAILED>running": 1},
    "errors": {"job-not-found": 1},
    "faults": {"status": 1, "HANG": 1},
}


def shown_sample(definitions: Definitions) -> dict[str, Any]:
    """The report of these counts, of CDM."""
    return poller_coverage.report(definitions, {"services": {"cdm": COUNTS}})
