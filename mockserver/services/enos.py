"""EnOS: how a task instance looks at an instant."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..generate import Fake, digest
from ..jobs.clock import SECOND, utc
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job, Moment
from .base import SingleJobService, Switches

_CHINA = timezone(timedelta(hours=8))  # the zone of every time in the documented example; only the id's stamp is in UTC
_STAMPED = re.compile(r"([0-9]{1,18})-([0-9]{10}|[0-9]{12}|[0-9]{14})")  # 18 digits: a taskId fits a Java Long
_FORMS = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_SCHEDULED_CYCLES = {10: "H", 12: "mi"}
_YEARS = range(2000, 3000)  # digits of other years are no stamp; not every platform can compute with such times
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_DATA_INTEGRATION = 7
_PROGRAMS = {3: ("sh", "sh"), 8: ("python", "py"), 9: ("java -jar", "jar")}
_TIMEOUT_SECONDS = 300  # the documented example's, and how long the life `times-out` runs
_NOT_STARTED = ("INIT", "WAIT", "READY")
_ALARMING = ("FAIL", "TIMEOUT", "INTERNAL_ERROR")
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


def born(identity: Identity, asked: int) -> int:
    """When the instance's life begins (milliseconds): at the time in its id, or else when first asked for."""
    stamp = _stamp_of(identity["taskInstId"])
    return asked if stamp is None else stamp.time


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
        "interval": fake.integer(0, 5),
        "lead": fake.integer(0, 7_200) * SECOND,
        "flow": fake.integer(1_000, 99_999),
        "account": f"data_{fake.word().lower()}",
        "alert": fake.integer(0, 1) == 1,
        "mode": _run_mode(fake),
        **_command(fake, kind, name),
    }


def _schedule(fake: Fake, stamp: _Stamp | None) -> dict[str, Any]:
    """The cycle, which the length of a stamp tells, and whether a cron expression is shown: of a manual run never."""
    made_up = fake.pick(("M", "W", "D", "H", "mi") if stamp is None else ("M", "W", "D", "H"))
    shown = fake.integer(0, 1) == 1
    if stamp is None:
        return {"cycle": made_up, "scheduled": shown}
    cycle = _SCHEDULED_CYCLES.get(len(stamp.digits))
    return {"cycle": cycle or made_up, "scheduled": shown and cycle is not None}


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
    return json.dumps(mode, separators=(",", ":"))


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
    request = str(uuid.UUID(int=digest("request", job.identity["taskInstId"], job.moment.now)))
    return _switched({"code": 0, "msg": "OK", "data": _instance(job)}, switches, request)


def adapt(answer: dict[str, Any], chosen: Switches) -> dict[str, Any]:
    """The documented answer, with data and requestId as the user chose."""
    return _switched(answer, chosen, _SAMPLE_REQUEST)


def _switched(answer: dict[str, Any], switches: Switches, request: str) -> dict[str, Any]:
    data = [answer["data"]] if switches.get("enos-data") == "list" else answer["data"]
    head = {"code": answer["code"], "msg": answer["msg"]}
    if switches.get("enos-request-id") == "present":
        head["requestId"] = request
    return {**head, "data": data}


def _instance(job: Job) -> dict[str, Any]:
    facts, moment = job.profile, job.moment
    stamp = _stamp_of(job.identity["taskInstId"])
    # A test may declare a job to run now whose id has a stamp of the future.
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
        "triggerTime": _time(trigger),
        "timeout": _TIMEOUT_SECONDS,
        "recallLimit": max(facts["limit"], reruns),
        "recallInterval": facts["interval"],
        "startTime": _time_or_none(_started(moment)),
        "endTime": _time_or_none(moment.ended),
        "timeStamp": _java_date(min(trigger, moment.born) - facts["lead"]),
        "isTimeout": moment.status == "TIMEOUT",
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


def _suffix(cycle: str, time: int) -> str:
    """The stamp that an instance of this cycle would have."""
    return utc(time).strftime({"H": _FORMS[10], "mi": _FORMS[12]}.get(cycle, _FORMS[14]))


def _time(time: int) -> str:
    return utc(time).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _time_or_none(time: int | None) -> str | None:
    return None if time is None else _time(time)


def _java_date(time: int) -> str:
    """Java's Date.toString, whose names are English in any locale."""
    at = utc(time).astimezone(_CHINA)
    return f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at:%d %H:%M:%S} CST {at:%Y}"


def _cron(cycle: str, trigger: int) -> str:
    """An expression that is due at the trigger time. Its dialect is Quartz's: the vendor documents none."""
    at = utc(trigger).astimezone(_CHINA)
    return {
        "mi": f"{at.second} * * * * ?",
        "H": f"{at.second} {at.minute} * * * ?",
        "D": f"{at.second} {at.minute} {at.hour} * * ?",
        "W": f"{at.second} {at.minute} {at.hour} ? * {_DAYS[at.weekday()].upper()}",
        "M": f"{at.second} {at.minute} {at.hour} {at.day} * ?",
    }[cycle]


SERVICE = SingleJobService(profile=profile, body=body, born=born, owner="orgId", adapt=adapt)
