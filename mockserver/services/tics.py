"""TICS: how the past instances of a league's jobs look at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..generate import Fake
from ..jobs.clock import utc
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job
from .base import JobListService, Switches

_TYPES = (
    "HFL",
    "SQL",
    "VFL_EVALUATE",
    "VFL_FEATURE_SELECTION",
    "VFL_ID_TRUNCATION",
    "VFL_PREDICT",
    "VFL_SAMPLE_ALIGNMENT",
    "VFL_TRAIN",
)


def identify(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Whose history is asked for: that of one job, or (`job_id` is empty) that of all jobs of the league."""
    return {
        "project_id": parameters["project_id"],
        "league_id": parameters["league_id"],
        "job_id": parameters.get("job_id") or "",
    }


def profile(fake: Fake, identity: Identity) -> dict[str, Any]:
    """What never changes of an instance, and of its job: the same for all instances of a job that is asked for by id.

    An instance in the list of a whole league has a job of its own.
    """
    instance = {"id": fake.hex(32)}
    job_id = identity["job_id"]
    return instance | (fake.shared(_facts, "tics", identity["league_id"], job_id) if job_id else _facts(fake))


def _facts(fake: Fake) -> dict[str, Any]:
    kind = fake.pick(_TYPES)
    return {
        "name": fake.name(),
        "type": kind,
        "rounds": 1 if kind == "SQL" else fake.integer(2, 50),
        "partners": f"tics{fake.integer(1, 999):03d},dayu{fake.integer(1, 999):03d}",
        "batch": fake.integer(1, 16) * 64,
        "single": fake.integer(0, 1) == 1,
    }


def window(_parameters: Mapping[str, Any], now: int) -> tuple[int, int]:
    """All instances born by `now` (milliseconds): the call has no filter but the job's id."""
    return 0, now


def row(job: Job, _parameters: Mapping[str, Any], switches: Switches) -> dict[str, Any]:
    """One instance of ListInstanceHistory, its members in the order of the page's example.

    `round_id` is the total number of rounds, as the page describes it, in spite of its name. An instance of type SQL
    has the example's members and no others.
    """
    facts, moment = job.profile, job.moment
    return {
        "id": facts["id"],
        "status": moment.status,
        "job_name": facts["name"],
        "job_instance_type": facts["type"],
        "round_id": facts["rounds"],
        "start_time": _time_text(moment.born),
        **_end_members(moment.ended, switches),
        "result_ext": "1",
        **_learning(facts),
    }


def _end_members(ended: int | None, switches: Switches) -> dict[str, str | None]:
    if ended is not None:
        return {"end_time": _time_text(ended)}
    return {"end_time": None} if switches["tics-end-time"] == "null" else {}


def _learning(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What only federated learning has: parties, parameters and, for a prediction, whether one party predicts alone."""
    if facts["type"] == "SQL":
        return {}
    members = {"job_partner": facts["partners"], "ext": f"batch_size={facts['batch']}"}
    return members | ({"is_single_predict": facts["single"]} if facts["type"] == "VFL_PREDICT" else {})


@lru_cache(maxsize=4_096)
def _time_text(time_ms: int) -> str:
    return utc(time_ms).isoformat(timespec="milliseconds")


def page(rows: list[dict[str, Any]], total: int) -> dict[str, Any]:
    """The answer of ListInstanceHistory. `total` counts before paging: the page doesn't say."""
    return {"total": total, "lists": rows}


SERVICE = JobListService(
    identity=identify,
    profile=profile,
    period=(3_600, 43_200),
    past=(3, 60),
    window=window,
    row=row,
    page=page,
    filters=("job_id",),
    other_job={"job_id": "another_job"},
)
