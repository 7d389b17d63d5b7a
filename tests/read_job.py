"""Reads a job out of an answer of each service, as a caller would; for the tests of lives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Seen:
    """What one answer says of a job.

    `times` stand in the order in which they must be (milliseconds; None: not yet); `rounding` is what their format cuts
    off. `progress` is None where the service shows none, `done` counts of work, `error` the text of a failure; `constant`
    is what must never change.
    """

    status: str
    times: tuple[tuple[str, int | None], ...]
    rounding: int
    progress: float | None
    done: tuple[int, ...]
    error: str | None
    constant: Mapping[str, Any]


SUCCESS = {"cdm": "SUCCEEDED", "enos": "SUCCESS", "tics": "SUCCEEDED", "taurusdb": "Completed", "dataarts": "success"}
FAILED = {"cdm": ("FAILED",), "taurusdb": ("Failed",), "enos": (), "tics": (), "dataarts": ()}


def _cdm(body: Any) -> Seen:
    run = body["submissions"][0]
    counters = run.get("counters", {}).get("org.apache.sqoop.submission.counter.SqoopCounters", {})
    assert ("counters" in run) == (run["status"] == "SUCCEEDED")
    assert ("error-details" in run) == ("error-summary" in run) == (run["status"] == "FAILED")
    assert not counters or counters["ROWS_WRITTEN"] + counters["ROWS_WRITTEN_SKIPPED"] == counters["ROWS_READ"]
    assert not counters or run["write_rows"] == counters["ROWS_WRITTEN"]
    assert run.get("update_rows", 0) <= run.get("write_rows", 0)
    times = (
        ("creation", int(run["creation-date"])),
        ("execute", run.get("execute-date")),
        ("update", run.get("last-update-date")),
    )
    done = tuple(run[name] for name in ("write_rows", "update_rows", "delete_rows") if name in run)
    constant = {name: run[name] for name in ("job-name", "creation-user", "creation-date")}
    return Seen(run["status"], times, 0, run["progress"], done, run.get("error-details"), constant)


def _enos(body: Any) -> Seen:
    data = body["data"][0] if isinstance(body["data"], list) else body["data"]
    _check_timeout(data)
    assert data["runNum"] == data["recallNum"] + 1 <= data["recallLimit"] + 1
    times = (
        (
            "timeStamp",
            _ms(datetime.strptime(data["timeStamp"].replace("CST ", ""), "%a %b %d %H:%M:%S %Y").replace(tzinfo=CHINA)),
        ),
        ("trigger", _local(data["triggerTime"])),
        ("start", _local(data["startTime"])),
        ("end", _local(data["endTime"])),
    )
    changing = ("status", "stsDesc", "startTime", "endTime", "runNum", "recallNum", "isTimeout", "alert")
    constant = {name: value for name, value in data.items() if name not in changing}
    return Seen(data["stsDesc"], times, 1_000, None, (), None, constant)


def _check_timeout(data: Any) -> None:
    """An instance is timed out when its state says so, or when it has run, or runs, for longer than its timeout."""
    start, end, longest = _local(data["startTime"]), _local(data["endTime"]), data["timeout"] * 1_000
    ran = None if start is None or end is None else end - start  # in whole seconds
    if data["stsDesc"] == "TIMEOUT":  # however short: its steps may go by polls
        assert data["isTimeout"]
    elif data["isTimeout"]:
        assert start is not None
        assert ran is None or ran >= longest - 1_000
    else:
        assert ran is None or ran <= longest + 1_000


def _taurusdb(body: Any) -> Seen:
    job = body["job"]
    assert (job["process"] != "") == (job["status"] == "Running")
    assert ("fail_reason" in job) == (job["status"] == "Failed")
    times = (("created", _offset(job["created"])), ("ended", _offset(job.get("ended"))))
    progress = float(job["process"][:-1]) if job["process"] else None
    changing = ("status", "ended", "process", "fail_reason")
    constant = {name: value for name, value in job.items() if name not in changing}
    return Seen(job["status"], times, 1_000, progress, (), job.get("fail_reason"), constant)


def _tics(body: Any) -> Seen:
    assert body["total"] == len(body["lists"]) == 1
    run = body["lists"][0]
    end = run.get("end_time")
    times = (("start", _ms(datetime.fromisoformat(run["start_time"]))), ("end", end and _ms(datetime.fromisoformat(end))))
    constant = {name: value for name, value in run.items() if name not in ("status", "end_time")}
    return Seen(run["status"], times, 0, None, (), None, constant)


def _dataarts(body: Any) -> Seen:
    inner = json.loads(body["body"])
    assert inner["total"] == len(inner["rows"]) == 1
    assert body["header_map"]["Content-Length"] == str(len(body["body"].encode()))
    run = inner["rows"][0]
    counts = [run[name] for name in ("failCount", "inputRowCount", "outputRowCount")]
    assert all((count >= 0) == (run["status"] == "success") for count in counts)
    names = ("planTime", "submitTime", "startTime", "endTime")
    times = tuple((name, run[name] or None) for name in names)
    constant = {
        name: run[name] for name in ("jobId", "jobName", "taskId", "taskName", "owner", "planTime", "taskRunningLogId")
    }
    return Seen(run["status"], times, 0, None, (), None, constant)


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1_000)


def _local(text: str | None) -> int | None:
    return None if text is None else _ms(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA))


def _offset(text: str | None) -> int | None:
    return _ms(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")) if text else None


READERS: Mapping[str, Callable[[Any], Seen]] = {
    "cdm": _cdm,
    "enos": _enos,
    "taurusdb": _taurusdb,
    "tics": _tics,
    "dataarts": _dataarts,
}
