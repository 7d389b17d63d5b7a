"""TaurusDB: how a job of the task center looks at an instant."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ..generate import Fake, hex_id
from ..jobs.clock import LATEST, utc
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job, Moment
from .base import SingleJobService, Switches

if TYPE_CHECKING:
    from ..actions.values import Scope

_CHINA = timezone(timedelta(hours=8))
_FORM = "%Y-%m-%dT%H:%M:%S%z"

_CREATE = "CreateGaussDBforMySQLInstance"
_EIP = ("GaussDBforMySQLBindEIP", "GaussDBforMySQLUnbindEIP")
_JOBS = (
    _CREATE,
    "RestoreGaussDBforMySQLNewInstance",
    "AddGaussDBforMySQLNodes",
    "DeleteGaussDBforMySQLNode",
    "RebootGaussDBforMySQLInstance",
    "ModifyGaussDBforMySQLPort",
    "ModifyGaussDBforMySQLSecurityGroup",
    "ResizeGaussDBforMySQLFlavor",
    "SwitchoverGaussDBforMySQLMasterNode",
    *_EIP,
    "RenameGaussDBforMySQLInstance",
    "DeleteGaussDBforMySQLInstance",
    "UpgradeGaussDBforMySQLDatabaseVersion",
    "EnlargeGaussDBforMySQLProxy",
    "OpenGaussDBforMySQLProxy",
    "CloseGaussDBforMySQLProxy",
    "ScaleGaussDBforMySQLProxy",
    "GaussdbforMySQLModifyProxyIp",
    "GaussDBforMySQLModifyInstanceMetricExtend",
    "GaussDBforMySQLModifyInstanceDataVip",
    "GaussDBforMySQLModifyProxyConsist",
    "GaussDBforMySQLModifyProxyWeight",
    "GaussDBforMySQLSwitchSSL",
)


def profile(fake: Fake, _identity: Identity) -> dict[str, Any]:
    """What never changes of a job: its kind, the instance it works on, why it would fail."""
    name = fake.pick(_JOBS)
    instance = f"{fake.hex(32)}in07"
    return {
        "name": name,
        "instance": {"id": instance, "name": f"mysql-{fake.name()}"},
        "entities": _entities(name, instance, fake.ipv4()),
        "busy": "",
        "reason": fake.pick(("Single task exception.", "Server failure.", "Failed to process the request.")),
    }


def _entities(name: str, instance: str, address: str) -> dict[str, Any]:
    """What the job is about, which differs from job to job. Source: older pages of the API reference."""
    if name == _CREATE:
        datastore = {"type": "gaussdb-mysql", "version": "8.0"}
        return {
            "instance": {"endpoint": f"{address}:3306", "type": "Cluster", "datastore": datastore},
            "resource_ids": [f"{instance}.vm", f"{instance}.volume"],
        }
    return {"public_ip": address} if name in _EIP else {}


def body(job: Job, switches: Switches) -> dict[str, Any]:
    """The answer of ShowGaussMySqlJobInfo."""
    facts, moment = job.profile, job.moment
    answer: dict[str, Any] = {
        "id": job.identity["id"],
        "name": facts["name"],
        "status": moment.status,
        "created": _time_text(moment.born, _CHINA),
        **_ended(moment, switches),
        "process": _process(moment),
        "instance": facts["instance"],
        "entities": facts["entities"],
    }
    if moment.status == "Failed":
        answer["fail_reason"] = facts["reason"]
    return {"job": answer}


def _ended(moment: Moment, switches: Switches) -> dict[str, str]:
    if moment.ended is not None:
        zone = timezone.utc if switches["taurusdb-time-zone"] == "documented" else _CHINA
        return {"ended": _time_text(moment.ended, zone)}
    return {"ended": ""} if switches["taurusdb-ended"] == "empty" else {}


def _process(moment: Moment) -> str:
    return f"{min(99, int(moment.fraction * 100))}%" if moment.status == "Running" else ""


def until(job: Job, _switches: Switches) -> int:
    """When the answer changes next (milliseconds): with the job's state, or the percentage of what is done."""
    moment = job.moment
    if moment.status != "Running" or moment.until == LATEST:
        return moment.until
    hundredths = (moment.until - moment.since) * (int(moment.fraction * 100) + 1)
    return min(moment.until, moment.since + math.ceil(hundredths / 100))


def _time_text(time: int, zone: timezone) -> str:
    return utc(time).astimezone(zone).strftime(_FORM)


def adapt(answer: dict[str, Any], chosen: Switches) -> dict[str, Any]:
    """The documented answer, with `ended` in the zone of `created` (the same instant) where the user chose that."""
    if chosen.get("taurusdb-time-zone") != "as-created":
        return answer
    job = answer["job"]
    ended = datetime.strptime(job["ended"], _FORM).astimezone(_CHINA)
    return {"job": {**job, "ended": ended.strftime(_FORM)}}


def new_instance(scope: Scope) -> dict[str, str]:
    """The instance that a call makes, by the name in its body."""
    return {"id": f"{hex_id('instance', *scope.key)}in07", "name": str(scope.context.body["name"])}


def entities(scope: Scope) -> dict[str, Any]:
    """What the job that makes an instance is about."""
    made = new_instance(scope)["id"]
    return _entities(_CREATE, made, scope.fake("taurusdb", made).ipv4())


def instance(scope: Scope) -> dict[str, str] | None:
    """The instance that a call is about: with the name that an earlier job gave it, or one that is made up.

    None for a call that names none.
    """
    body = scope.context.body if isinstance(scope.context.body, dict) else {}
    requested = str(scope.context.parameters.get("instance_id") or body.get("instance_id") or "")
    if not requested:
        return None
    facts = (declared.facts.get("instance", {}) for declared in reversed(scope.context.namespace.declared.all()))
    name = next((fact["name"] for fact in facts if fact.get("id") == requested and "name" in fact), None)
    return {"id": requested, "name": name or f"mysql-{hex_id('instance-name', requested)[:8]}"}


def instance_status(scope: Scope) -> str:
    """What an instance is doing: what the newest job about it does, or nothing."""
    assert scope.job is not None
    status, busy = scope.job.moment.status, str(scope.job.profile.get("busy") or "MODIFYING")
    if not scope.job.moment.terminal:
        return busy
    return "FAILED" if busy == "BUILD" and status == "Failed" else "ACTIVE"


_VIEWS = {"new-instance": new_instance, "entities": entities, "instance": instance, "instance-status": instance_status}
SERVICE = SingleJobService(profile=profile, body=body, until=until, adapt=adapt, views=_VIEWS)
