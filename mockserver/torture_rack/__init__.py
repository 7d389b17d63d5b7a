"""The torture rack: a poller is run once against each hazard of a service, and graded.

hazards.py says what may happen; scenario.py declares it in a mock; supervisor.py runs the poller; grading.py judges it;
runner.py puts these together.
"""

from __future__ import annotations

from .runner import HazardRun, Report, torture

__all__ = ["HazardRun", "Report", "torture"]
