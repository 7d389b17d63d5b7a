"""What a definition can't say: how a service's job looks at an instant, and the few calls that are no job-status calls."""

from __future__ import annotations

from collections.abc import Mapping

from . import apim_token, cdm, dataarts, enos, iam, taurusdb, tics
from .base import Call, JobListService, SingleJobService

SINGLES: Mapping[str, SingleJobService] = {"cdm": cdm.SERVICE, "enos": enos.SERVICE, "taurusdb": taurusdb.SERVICE}
"""Services that answer for one job by its id."""

LISTINGS: Mapping[str, JobListService] = {"dataarts": dataarts.SERVICE, "tics": tics.SERVICE}
"""Services that list the runs of a job."""

CALLS: Mapping[str, Call] = {**iam.CALLS, **apim_token.CALLS}
"""Other calls, by operation id."""
