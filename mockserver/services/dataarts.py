"""DataArts Studio: how the runs of a job's node look at an instant."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from ..errors import RequestProblem
from ..generate import Fake, digest, hex_id
from ..jobs.clock import SECOND, utc
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job, Moment
from .base import JobListService, Switches

_BEIJING = timezone(timedelta(hours=8))
_EXACT = 2**53  # beyond it, JSON readers that take numbers as doubles lose digits
_SQL = """Create table if NOT EXISTS {table} (
  num int,
  sno string,
  name string
) using csv options(
  path '{path}',mode 'DROPMALFORMED'
);
INSERT into TABLE {table}
  select
      num,
      sno,
      name
  from {source}   ;
drop table if exists {table};"""
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_by_lines = json.JSONEncoder(ensure_ascii=False, separators=(",\n\t\t\t", ":")).encode
_RUNNER = "com.hwclouds.dataide.lts.plugins.hwclouds.etl.ETLJobRunner;dps;dps"
_PARAMETERS = _compact({"total": 1, "rows": [{"name": "运行参数", "value": _RUNNER}]})


def identify(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Whose runs are asked for. The workspace may be left out: then it is one made up for the instance."""
    instance = parameters["instance"]
    return {
        "project_id": parameters["project_id"],
        "instance": instance,
        "task_id": parameters["task_id"],
        "job_name": parameters["job_name"],
        "workspace_id": parameters.get("workspace_id") or hex_id("workspace", instance),
    }


def profile(fake: Fake, identity: Identity) -> dict[str, Any]:
    """What never changes of a run, and of the node whose run it is: the latter is the same for all runs."""
    run = {
        "delay": fake.integer(100, 900),
        "rows": fake.integer(80, 2_000_000),
        "engine_job": fake.uuid(),
        "suffix": fake.hex(4),
    }
    key = [value for name, value in identity.items() if name != "run"]
    node = fake.shared(_node, "dataarts", *key)
    own = {
        "task": _task(identity["task_id"]),
        "workspace": f"ws_{hex_id('workspace-name', identity['workspace_id'])[:8]}",
        "log": node["log"] + int(identity["run"]),  # no two runs have the same
    }
    return run | node | own


def _node(fake: Fake) -> dict[str, Any]:
    return {
        "job": fake.integer(1, 9_999),
        "other_name": fake.name(),
        "owner": fake.user(),
        "folder": fake.uuid(),
        "source": f"{fake.word()}.{fake.name()}".lower(),
        "log": fake.integer(100_000_000, 199_999_999),
    }


def _task(task_id: str) -> int:
    """The path's task_id where it is a number that JSON carries, else a number made up for it."""
    if task_id.isdecimal() and int(task_id) <= _EXACT:
        return int(task_id)
    return 1 + digest("task", task_id) % 1_000_000_000


def window(parameters: Mapping[str, Any], now: int) -> tuple[int, int]:
    """Between `start_time` and `end_time` (milliseconds, both included), and born by `now`.

    The page doesn't say which of a run's times must lie in the range: the mock takes submitTime. Raises RequestProblem for a
    start_time later than end_time.
    """
    start, end = parameters["start_time"], parameters["end_time"]
    if start > end:
        raise RequestProblem("parameter-invalid", "start_time is later than end_time", parameter="start_time")
    # Limited before rounding, because a number such as 1e999 is infinite.
    return math.ceil(min(start, now + 1)), math.floor(min(end, now))


def row(job: Job, _parameters: Mapping[str, Any], switches: Switches) -> dict[str, Any]:
    """One run of ShowInstanceInfos, its 24 members in the order of the page's example.

    The example is running and has runningTime 0: the mock keeps 0 until the run has ended, then sends the milliseconds
    from startTime to endTime. Until the run has succeeded, the counts are -1 and speed is 0.0 (then rows a second).
    """
    facts, moment = job.profile, job.moment
    task_name, job_name = _name_members(job, switches)
    succeeded = moment.status == "success"
    rows = facts["rows"] if succeeded else -1
    length = _length(moment)
    return {
        "endTime": moment.ended or 0,
        "executionLogPath": _log_path(job, task_name, job_name),
        "failCount": 0 if succeeded else -1,
        "forceSuccess": 0,
        "inputRowCount": rows,
        "jobId": facts["job"],
        "jobName": job_name,
        "outputRowCount": rows,
        "owner": facts["owner"],
        "planTime": moment.born - int(facts["delay"]),
        "retryTimes": moment.times("running-exception"),
        "runningData": _running_data(job),
        "runningParam": _PARAMETERS,
        "runningTime": length,
        "speed": round(rows / max(length / SECOND, 1), 1) if succeeded else 0.0,
        "startTime": _started(moment) or 0,
        "status": moment.status,
        "submitTime": moment.born,
        "taskId": facts["task"],
        "taskName": task_name,
        "taskRunningLogId": facts["log"],
        "type": "ETLJob",
        "workspaceId": job.identity["workspace_id"],
        "workspaceName": facts["workspace"],
    }


def _name_members(job: Job, switches: Switches) -> tuple[str, str]:
    """The members taskName and jobName: the query has one of them."""
    requested, other = job.identity["job_name"], job.profile["other_name"]
    return (other, requested) if switches["dataarts-job-name"] == "job" else (requested, other)


def _started(moment: Moment) -> int | None:
    return moment.first("running")


def _length(moment: Moment) -> int:
    started, ended = _started(moment), moment.ended
    return 0 if started is None or ended is None else ended - started


def _log_path(job: Job, task_name: str, job_name: str) -> str:
    if _started(job.moment) is None:
        return ""
    time = _beijing(job.moment.born)
    stamp = f"{time:%Y-%m-%d_%H_%M_%S}.{time.microsecond // 1_000:03d}"
    return f"{_bucket(job)}/{job.identity['workspace_id']}/{task_name}/{stamp}/{job_name}/{job_name}.job"


def _running_data(job: Job) -> str:
    started = _started(job.moment)
    if started is None:
        return "{}"
    facts = job.profile
    stamp = f"{_beijing(started):%Y%m%d%H%M%S}_{facts['suffix']}"
    path = f"{_bucket(job)}/{facts['folder']}/{stamp}/obsData/"
    source = facts["source"]
    return _compact(
        {
            "obsDataPath": path,
            "jobId": facts["engine_job"],
            "dliCurrentStep": "1",
            "firstTimeEtlSqlList": _SQL.format(table=f"{source}_temp_{stamp}", path=path, source=source),
            "type": "DLI",
        }
    )


def _bucket(job: Job) -> str:
    return f"obs://dlf-log-{job.identity['project_id']}"


def _beijing(time_ms: int) -> datetime:
    return utc(time_ms).astimezone(_BEIJING)


def page(rows: list[dict[str, Any]], total: int) -> str:
    """The inner answer as text, printed as in the page's example: indented by tabs."""
    texts = ",\n\t\t".join(map(_row_text, rows))
    listed_rows = f"[\n\t\t{texts}\n\t]" if rows else "[]"
    return f'{{\n\t"msg":"success",\n\t"rows":{listed_rows},\n\t"success":true,\n\t"total":{total}\n}}'


def _row_text(row: dict[str, Any]) -> str:
    """A row, which has no objects or arrays in it; json's own `indent` takes thirty times as long."""
    members = _by_lines(row)
    return f"{{\n\t\t\t{members[1:-1]}\n\t\t}}"


def body(text: str, now: int, request_id: str) -> dict[str, Any]:
    """The answer of ShowInstanceInfos: the inner answer as text, and its headers."""
    return {"status_code": 200, "body": text, "header_map": _example_headers(text, now, request_id)}


def _example_headers(text: str, now: int, request_id: str) -> dict[str, str]:
    """The example's headers in its order. Content-Length is the UTF-8 length of the text; the example's is not."""
    return {
        "Keep-Alive": "timeout=20",
        "Server": "CloudMiddleWareTomcat",
        "X-Request-Id": _request_id(now, request_id),
        "X-Content-Type-Options": "nosniff",
        "Connection": "keep-alive",
        "Pragma": "no-cache",
        "Date": _date(now // SECOND),
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
        "X-XSS-Protection": "1; mode=block",
        "Content-Length": str(len(text.encode())),
        "Content-Type": "application/json;charset=UTF-8",
    }


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    return format_datetime(utc(second * SECOND), usegmt=True)


def _request_id(now: int, request_id: str) -> str:
    """The inner request's id: a UUID, epoch milliseconds and the node that answered, as in the page's example."""
    number = digest("scheduler", request_id)
    return f"{UUID(int=number, version=4)}-{now}-scheduler0{1 + number % 3}"


_VIEWS = {"instance-id": lambda scope: int(scope.job.identity["run"])}
SERVICE = JobListService(
    identity=identify,
    profile=profile,
    period=(3_600, 21_600),
    past=(24, 200),
    window=window,
    row=row,
    page=page,
    body=body,
    filters=("workspace_id",),
    views=_VIEWS,
)
