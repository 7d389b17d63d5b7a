"""CDM: how a migration job's run looks at an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..generate import Fake
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job
from .base import SingleJobService, Switches

if TYPE_CHECKING:
    from ..actions.values import Scope

_FAILURES = (
    "Failed to connect to the source database.",
    "The target table does not exist.",
    "Insufficient space at the destination.",
)
_DRAWN = {
    "incremental": (0, 3),  # of four runs, one is
    "scheduled": (0, 1),
    "delete": (0, 4),
    "number": (1, 9_999),
    "application": (1_000_000_000, 1_999_999_999),
    "rows": (80, 2_000_000),
    "size": (40, 400),  # bytes of a row
    "skipped": (0, 1_000),  # of a million rows
    "updated": (0, 100_000),
    "files": (1, 64),
    "retries": (1, 3),
}
_NOT_STARTED = ("NEW", "PENDING", "NEVER_EXECUTED", "BOOTING")


def profile(fake: Fake, _identity: Identity) -> dict[str, Any]:
    """What never changes of a run: who made it, what it moves, why it would fail."""
    drawn, summary = fake.integers(_DRAWN), fake.pick(_FAILURES)
    rows = drawn["rows"]
    return {
        "user": fake.user(),
        "incremental": drawn["incremental"] == 0,
        "scheduled": drawn["scheduled"] == 0,
        "delete": drawn["delete"] == 0,
        "number": drawn["number"],
        "application": drawn["application"],
        "rows": rows,
        "skipped": rows * drawn["skipped"] // 1_000_000,
        "updated": rows * drawn["updated"] // 1_000_000,
        "bytes": rows * drawn["size"],
        "files": drawn["files"],
        "summary": summary,
        "details": f"{summary} Retries: {drawn['retries']}.",
    }


def body(job: Job, switches: Switches) -> dict[str, Any]:
    """The answer of ShowJobStatus."""
    return {"submissions": [_submission(job, switches)]}


def _submission(job: Job, switches: Switches) -> dict[str, Any]:
    facts, moment = job.profile, job.moment
    created = facts.get("created", moment.born)
    run: dict[str, Any] = {
        "job-name": job.identity["job_name"],
        "creation-user": facts["user"],
        "creation-date": str(created) if facts.get("quoted") or switches["cdm-creation-date"] == "string" else created,
        "progress": _progress_of(job),
        "status": moment.status,
    }
    if moment.status in _NOT_STARTED:
        return run
    number = facts["number"] + job.run
    updated = moment.since if moment.terminal else moment.now
    run |= {
        "isIncrementing": facts["incremental"],
        "isStopingIncrement": "",
        "is-execute-auto": facts["scheduled"],
        "last-update-date": updated,
        **_updater(facts["user"], switches),
        "isDeleteJob": facts["delete"],
        "external-id": f"job_local{facts['application']}_{number:04d}",
        "submission-id": number,
    }
    started = moment.first("RUNNING")
    if started is not None:
        run |= {"execute-date": started, **_row_counts(job)}
    if moment.status == "SUCCEEDED":
        run["counters"] = {"org.apache.sqoop.submission.counter.SqoopCounters": _counters(facts)}
    if moment.status == "FAILED":
        run |= {"error-details": facts["details"], "error-summary": facts["summary"]}
    return run


def until(job: Job, _switches: Switches) -> int:
    """When the answer changes next (milliseconds): while a run goes on, its date of the last update does all the time."""
    moment = job.moment
    return moment.until if moment.terminal or moment.status in _NOT_STARTED else moment.now


def _updater(user: str, switches: Switches) -> dict[str, str]:
    names = {
        "both": ("last-update-user", "last-udpate-user"),
        "correct": ("last-update-user",),
        "misspelled": ("last-udpate-user",),
    }
    return dict.fromkeys(names[switches["cdm-last-update-user"]], user)


def _done(job: Job) -> float:
    """The share of the work that is done: it never falls, whatever states come after RUNNING."""
    moment = job.moment
    if moment.status == "SUCCEEDED":
        return 1.0
    if moment.first("RUNNING") is None:
        return 0.0
    if moment.status == "RUNNING" and moment.times("RUNNING") == 1:
        return 0.9 * moment.fraction
    return 0.9


def _progress_of(job: Job) -> int:
    if job.moment.status in ("FAILED", "FAILURE_ON_SUBMIT"):
        return -1
    if job.moment.status == "SUCCEEDED":
        return 100
    if job.moment.status in ("BOOTING", "RUNNING", "UNKNOWN"):
        return max(1, min(99, int(_done(job) * 100)))
    return 0


def _row_counts(job: Job) -> dict[str, int]:
    facts, share = job.profile, _done(job)
    return {
        "write_rows": int((facts["rows"] - facts["skipped"]) * share),
        "update_rows": int(facts["updated"] * share),
        "delete_rows": 0,
    }


def _counters(facts: Any) -> dict[str, int]:
    return {
        "BYTES_WRITTEN": facts["bytes"],
        "TOTAL_FILES": facts["files"],
        "BYTES_READ": facts["bytes"],
        "FILES_WRITTEN": facts["files"],
        "TOTAL_SIZE": facts["bytes"],
        "FILES_READ": facts["files"],
        "ROWS_WRITTEN": facts["rows"] - facts["skipped"],
        "ROWS_READ": facts["rows"],
        "ROWS_WRITTEN_SKIPPED": facts["skipped"],
        "FILES_SKIPPED": 0,
    }


def adapt(answer: dict[str, Any], chosen: Switches) -> dict[str, Any]:
    """The documented answer, with creation-date of the type that the user chose."""
    kind = {"string": str, "number": int}.get(chosen.get("cdm-creation-date", ""))
    if kind is None:
        return answer
    runs = [{**run, "creation-date": kind(run["creation-date"])} for run in answer["submissions"]]
    return {"submissions": runs}


def documented_facts(answer: dict[str, Any]) -> dict[str, Any]:
    """What stays the same when the documented example's job moves on."""
    run = answer["submissions"][0]
    quoted = isinstance(run["creation-date"], str)  # as the example has it: the type doesn't change within one job
    return {"user": run["creation-user"], "created": int(run["creation-date"]), "quoted": quoted}


_STATUSES = {"NEVER_EXECUTED": "NEW", "PENDING": "NEW", "FAILURE_ON_SUBMIT": "FAILED", "UNKNOWN": "RUNNING"}
_DOCUMENT = {
    "job_type": "NORMAL_JOB",
    "from-connector-name": "generic-jdbc-connector",
    "to-connector-name": "hive-connector",
    "from-link-name": "mysql_link",
    "to-link-name": "hive_link",
    "from-config-values": {"configs": []},
    "to-config-values": {"configs": []},
    "driver-config-values": {"configs": []},
}


def job_document(scope: Scope) -> dict[str, Any]:
    """A job of ShowJobs: as it was created (or made up, where no call created it), and how its last run stands."""
    assert scope.job is not None
    job, document = scope.job, scope.job.profile.get("document", _DOCUMENT)
    return {
        **document,
        "name": job.identity["job_name"],
        "creation-user": job.profile["user"],
        "creation-date": job.moment.born,
        "update-date": job.moment.since,
        "update-user": job.profile["user"],
        "status": _STATUSES.get(job.moment.status, job.moment.status),
    }


def job_count(scope: Scope) -> int:
    """How many jobs there are; 0 where one was asked for by its name."""
    return scope.total if scope.context.parameters["job_name"] == "all" else 0


SERVICE = SingleJobService(
    profile=profile,
    body=body,
    until=until,
    adapt=adapt,
    facts=documented_facts,
    views={"job-document": job_document, "job-count": job_count},
)
