"""EnOS: how a task instance looks at an instant."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ..generate import Fake, digest
from ..jobs.clock import DAY, SECOND, utc
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job, Moment
from .base import SingleJobService, Switches

if TYPE_CHECKING:
    from ..actions.values import Scope

_CHINA = timezone(timedelta(hours=8))  # the zone of every time in the documented example; only the id's stamp is in UTC
_STAMPED = re.compile(r"([0-9]{1,18})-([0-9]{10}|[0-9]{12}|[0-9]{14})")  # 18 digits: a taskId fits a Java Long
_FORMS = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_SCHEDULED_CYCLES = {10: "H", 12: "mi"}
_YEARS = range(2000, 3000)  # digits of other years are no stamp; not every platform can compute with such times
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_YEAR_2026 = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_DATA_INTEGRATION = 7
_PROGRAMS = {3: ("sh", "sh"), 8: ("python", "py"), 9: ("java -jar", "jar")}
_TIMEOUT_SECONDS = 300  # the documented example's, and how long the life `times-out` runs
_LEAD_SECONDS = 7_200  # between timeStamp and triggerTime of the documented example
_RERUN_SECONDS = 5  # how long the state RERUN lasts in the definition
_NOT_STARTED = ("INIT", "WAIT", "READY")
_ALARMING = ("FAIL", "TIMEOUT", "INTERNAL_ERROR")
_compact = json.JSONEncoder(separators=(",", ":")).encode
_SAMPLE_REQUEST = "4d4bfd4d-b5c5-4b9c-b452-833516153b49"  # of a published EnOS API response


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What an id of the form <task>-<digits> says; `time` is when the instance is triggered, in milliseconds."""

    task: int
    digits: str
    time: int


def _stamp_of(instance: str) -> _Stamp | None:
    match = _STAMPED.fullmatch(instance)
    if match is None:
        return None
    task, digits = int(match[1]), match[2]
    try:
        time = datetime.strptime(digits, _FORMS[len(digits)]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    if time.year not in _YEARS:
        return None
    if len(digits) == 10:
        time = time.replace(minute=digest("minute", task) % 60)  # a task runs at the same minute of every hour
    return _Stamp(task, digits, int(time.timestamp()) * SECOND)


def born(identity: Identity, requested: int) -> int:
    """When the instance's life begins (milliseconds): at the time in its id, or else when first asked for."""
    stamp = _stamp_of(identity["taskInstId"])
    return requested if stamp is None else stamp.time


def created(identity: Identity, born: int) -> int:
    """When an instance is made (milliseconds): a scheduled one two hours before its trigger, as the documented one is."""
    stamp = _stamp_of(identity["taskInstId"])
    return born - (_lead_of(stamp) if stamp else 0)


def _lead_of(stamp: _Stamp) -> int:
    return 0 if len(stamp.digits) == 14 else _LEAD_SECONDS * SECOND  # a manual run is made when it is triggered


def profile(fake: Fake, identity: Identity) -> dict[str, Any]:
    """What never changes of an instance: its task and flow, its schedule, what it runs. `lead` is in ms."""
    stamp = _stamp_of(identity["taskInstId"])
    name = fake.name()
    kind = (3, _DATA_INTEGRATION, 8, 9)[fake.integer(0, 3)]
    return {
        "task": fake.integer(100_000, 999_999) if stamp is None else stamp.task,
        "name": name,
        "type": kind,
        "sync": fake.integer(0, 1) if kind == _DATA_INTEGRATION else None,
        **_schedule(fake, stamp),
        "pre": fake.integer(0, 1),
        "limit": fake.integer(1, 3),
        "interval": _RERUN_SECONDS,
        "lead": fake.integer(0, _LEAD_SECONDS) * SECOND if stamp is None else _lead_of(stamp),
        "flow": fake.integer(1_000, 99_999) if stamp is None else flow_of(stamp.task),
        "account": f"data_{fake.word().lower()}",
        "alert": fake.integer(0, 1) == 1,
        "mode": _run_mode(fake),
        **_command(fake, kind, name),
    }


def _schedule(fake: Fake, stamp: _Stamp | None) -> dict[str, Any]:
    """The cycle (the length of a stamp says it), and whether a cron expression is shown; a manual run never shows one."""
    random_cycle = fake.pick(("M", "W", "D", "H", "mi") if stamp is None else ("M", "W", "D", "H"))
    shows_cron = fake.integer(0, 1) == 1
    if stamp is None:
        return {"cycle": random_cycle, "scheduled": shows_cron}
    cycle = _SCHEDULED_CYCLES.get(len(stamp.digits))
    return {"cycle": cycle or random_cycle, "scheduled": shows_cron and cycle is not None}


def _run_mode(fake: Fake) -> str:
    """RunMode of a single task, as JSON. Source: Export Flow (cores 0.1 to 2, memory 0.3 to 4 G)."""
    mode = {
        "taskMode": 1,
        "cpu": fake.integer(1, 20) / 10,
        "memory": fake.integer(3, 40) / 10,
        "maxParallel": 0,
        "keyType": 0,
        "datasourceId": 0,
        "path": "",
        "content": "",
    }
    return _compact(mode)


def _command(fake: Fake, kind: int, name: str) -> dict[str, Any]:
    if kind == _DATA_INTEGRATION:
        return {"cmd": "echo hi", "has_resource": False, "resource": "", "file": "", "version": ""}  # as documented
    program, extension = _PROGRAMS[kind]
    file = f"{name}.{extension}"
    if fake.integer(0, 1) == 0:
        return {"cmd": f"{program} {file}", "has_resource": False, "resource": "", "file": "", "version": ""}
    version = f"V{fake.integer(1, 9)}"
    return {"cmd": f"{program} {file}", "has_resource": True, "resource": name, "file": file, "version": version}


def body(job: Job, switches: Switches) -> dict[str, Any]:
    """The answer of GetTaskInstance."""
    return _switched({"code": 0, "msg": "OK", "data": _instance(job)}, switches, job)


def until(job: Job, switches: Switches) -> int:
    """When the answer changes next (milliseconds): with the job's state, or as soon as it has run for too long."""
    moment = job.moment
    if switches.get("enos-request-id") == "present":
        return moment.now
    started = _started(moment)
    if started is None or moment.ended is not None or _ran(moment) > _TIMEOUT_SECONDS * SECOND:
        return moment.until
    return min(moment.until, started + _TIMEOUT_SECONDS * SECOND + 1)


def adapt(answer: dict[str, Any], chosen: Switches) -> dict[str, Any]:
    """The documented answer, with data and requestId as the user chose."""
    return _switched(answer, chosen)


def _switched(answer: dict[str, Any], switches: Switches, job: Job | None = None) -> dict[str, Any]:
    data = [answer["data"]] if switches.get("enos-data") == "list" else answer["data"]
    head = {"code": answer["code"], "msg": answer["msg"]}
    if switches.get("enos-request-id") == "present":
        request_id = job and str(uuid.UUID(int=digest("request", job.identity["taskInstId"], job.moment.now)))
        head["requestId"] = request_id or _SAMPLE_REQUEST
    return {**head, "data": data}


def _instance(job: Job) -> dict[str, Any]:
    facts, moment = job.profile, job.moment
    stamp = _stamp_of(job.identity["taskInstId"])
    # A test may declare a job to run now whose id has a stamp of the future: it runs as declared.
    trigger = moment.born if stamp is None else min(stamp.time, moment.born)
    reruns = job.run + moment.times("RERUN")
    return {
        "instanceId": job.identity["taskInstId"],
        "taskId": facts["task"],
        "taskName": facts["name"],
        "cycle": facts["cycle"],
        "status": job.definition.states[moment.status].code,
        "runNum": 1 + reruns,
        "type": facts["type"],
        "syncType": facts["sync"],
        "freq": _cron(facts["cycle"], trigger) if facts["scheduled"] else None,
        "ifPre": facts["pre"],
        "stsDesc": moment.status,
        "recallNum": reruns,
        "triggerTime": _time_text(trigger),
        "timeout": _TIMEOUT_SECONDS,
        "recallLimit": max(facts["limit"], reruns),
        "recallInterval": facts["interval"],
        "startTime": _time_or_none(_started(moment)),
        "endTime": _time_or_none(moment.ended),
        "timeStamp": _java_date(min(trigger, moment.born) - facts["lead"]),
        "isTimeout": moment.status == "TIMEOUT" or _ran(moment) > _TIMEOUT_SECONDS * SECOND,
        "flowInstId": f"{facts['flow']}-{_suffix(facts['cycle'], trigger) if stamp is None else stamp.digits}",
        "doAs": facts["account"],
        "alert": facts["alert"] and moment.status in _ALARMING,
        "runMode": facts["mode"],
        "cmd": facts["cmd"],
        "hasResourceBefore": facts["has_resource"],
        "resourceName": facts["resource"],
        "fileName": facts["file"],
        "resourceVersion": facts["version"],
    }


def _started(moment: Moment) -> int | None:
    if moment.status in _NOT_STARTED:
        return None
    # What succeeded or timed out has run, even where a life that the user declared leaves RUNNING out.
    return moment.first("RUNNING", "SUCCESS", "TIMEOUT")


def _ran(moment: Moment) -> int:
    """For how long it has run, or ran (milliseconds)."""
    started = _started(moment)
    return 0 if started is None else (moment.ended or moment.now) - started


def _suffix(cycle: str, time: int) -> str:
    """The stamp that an instance of this cycle would have."""
    return utc(time).strftime({"H": _FORMS[10], "mi": _FORMS[12]}.get(cycle, _FORMS[14]))


def _time_text(time: int) -> str:
    return utc(time).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _time_or_none(time: int | None) -> str | None:
    return None if time is None else _time_text(time)


def _java_date(time: int) -> str:
    """Java's Date.toString, whose names are English in any locale."""
    at = utc(time).astimezone(_CHINA)
    return f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at:%d %H:%M:%S} CST {at:%Y}"


def _cron(cycle: str, trigger: int) -> str:
    """An expression that is due at the trigger time. Its dialect is Quartz's, with seven fields, as of a flow."""
    at = utc(trigger).astimezone(_CHINA)
    return {
        "mi": f"{at.second} * * * * ? *",
        "H": f"{at.second} {at.minute} * * * ? *",
        "D": f"{at.second} {at.minute} {at.hour} * * ? *",
        "W": f"{at.second} {at.minute} {at.hour} ? * {_DAYS[at.weekday()].upper()} *",
        "M": f"{at.second} {at.minute} {at.hour} {at.day} * ? *",
    }[cycle]


# Workflows: one task each, as in every published sample; the ids of the two tell each other.

_TASKS = 100_000  # a workflow's task has the id of the workflow and so much more


def flow_of(task: int) -> int:
    """The workflow that a task belongs to."""
    return task - _TASKS if task > _TASKS else task + _TASKS


def task_of(flow: int) -> int:
    """The task of a workflow."""
    return flow + _TASKS


def _task_of_new_flow(scope: Scope) -> str:
    """A task instance of a workflow that is triggered now; of two in the same second, the later has the later stamp."""
    flow, now = int(scope.context.body["flowId"]), scope.context.now
    taken = {declared.match.get("taskInstId") for declared in scope.context.namespace.declared.all()}
    while (name := f"{task_of(flow)}-{utc(now).strftime(_FORMS[14])}") in taken:
        now += SECOND
    return name


def _task_of_flow_instance(scope: Scope) -> str:
    """The task instance of the workflow instance that the request names."""
    body = scope.context.body if isinstance(scope.context.body, dict) else {}
    requested = str(scope.context.parameters.get("flowInstId") or body.get("flowInstId", ""))
    stamp = _stamp_of(requested)
    return requested if stamp is None else f"{task_of(stamp.task)}-{stamp.digits}"


def _flow(scope: Scope) -> dict[str, Any]:
    """A workflow instance: its state is its task's, its graph (JSON in a string) leads to the task instance."""
    assert scope.job is not None
    node, facts = scope.node[0] if isinstance(scope.node, list) else scope.node, scope.job.profile
    name = str(scope.context.parameters["flowInstId"])
    task = {
        "taskName": node["taskName"],
        "taskInstId": node["instanceId"],
        "x": 0.002,
        "y": 0.002,
        "taskId": node["taskId"],
        "nodeId": f"t_{node['taskId']}",
        "status": node["stsDesc"],
    }
    shared = {"freq": node["freq"], "alertMode": 3, "cycle": node["cycle"], "doAs": node["doAs"], "parameters": "[]"}
    flow = int(name.split("-", maxsplit=1)[0]) if name.split("-", maxsplit=1)[0].isdecimal() else facts["flow"]
    graph = {"creator": facts["account"], "owners": facts["account"], "name": facts["name"], "instId": name, "id": flow}
    graph |= {**shared, "flows": [], "relations": [], "tasks": [task]}
    return {
        "instanceId": name,
        "flowId": flow,
        "flowName": facts["name"],
        **shared,
        "graph": json.dumps(graph, ensure_ascii=False, separators=(",", ":")),
        "status": node["status"],
        "statusDesc": node["stsDesc"],
        "triggerTime": node["triggerTime"],
        "startTime": node["startTime"],
        "endTime": node["endTime"],
        "timestamp": f"{_time_text(scope.job.moment.born)}.0",
        "virtual": False,
        "owner": facts["account"],
        "calDt": _time_text(scope.job.moment.born - DAY)[:10],
        "hasEditPri": True,
        "hasReadPri": True,
    }


def _log(scope: Scope) -> str:
    """The log of a task instance, in the lines of the page's sample; its end says how the run went."""
    assert scope.job is not None
    node, job = scope.node[0] if isinstance(scope.node, list) else scope.node, scope.job
    lines = [
        "=" * 73,
        f"run  num:\t{node['runNum']}",
        f"instance:\t{node['instanceId']}",
        f"cmdline:\t{node['cmd']}",
        f"submitter:\t{node['doAs']}",
        f"current time:\t{_java_date(job.moment.born)}",
        "=" * 39,
        *(f"{_time_text(time)}\t{status}" for status, time in job.moment.entered),
    ]
    limit = str(scope.context.parameters.get("maxLength") or "")
    text = "\n".join(lines) + "\n"
    return text[: int(limit)] if limit else text


def _made_instance(fake: Fake) -> str:
    """An instance that is triggered at some hour of 2026, a fixed year: generated files never change."""
    triggered = utc(_YEAR_2026 + fake.integer(0, 364 * 24) * 3_600 * SECOND)
    return f"{fake.integer(100_000, 999_999)}-{triggered:%Y%m%d%H}"


_VIEWS: dict[str, Callable[[Scope], Any]] = {
    "task-of-new-flow": _task_of_new_flow,
    "task-of-flow": lambda scope: task_of(int(scope.context.body["flowId"])),
    "task-of-flow-instance": _task_of_flow_instance,
    "flow-instance": lambda scope: f"{scope.context.body['flowId']}-{scope.identity['taskInstId'].rpartition('-')[2]}",
    "flow": _flow,
    "log": _log,
}
SERVICE = SingleJobService(
    profile=profile,
    body=body,
    born=born,
    until=until,
    created=created,
    owner="orgId",
    adapt=adapt,
    status_text="/stsDesc",
    views=_VIEWS,
    made_identity={"taskInstId": _made_instance},
)
