"""A run's counts of what its pollers were shown, with something of every kind."""

from __future__ import annotations

from typing import Any

from mockserver.contract.coverage import Coverage
from mockserver.definitions import Definitions
from mockserver.testing import poller_coverage

COUNTS: dict[str, Any] = {
    "polls": 11,
    "states": {"seen": {"BOOTING": 2, "RUNNING": 6, "FAILED": 1}},
    "transitions": {"seen": {"BOOTING -> RUNNING": 2, "RUNNING -> FAILED": 1}},
    "errors": {"seen": {"job-not-found": 1}},
    "faults": {"seen": {"status": 1, "HANG": 1}},
    "undocumented": {"states: running": 2, "transitions: FAILED -> running": 1},
}


def shown_sample(definitions: Definitions) -> Coverage:
    """The coverage with these counts, of CDM."""
    return poller_coverage.sum_of_counts(definitions, [{"ShowJobStatus": COUNTS}])
