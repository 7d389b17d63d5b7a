"""Requests that every operation serves, for the sweeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from mockserver.definitions import Operation, Parameter
from mockserver.definitions.read import read_documents
from mockserver.model import Request
from mockserver.vendors.tokens import seal

NOW = 1_700_000_000_000
"""2023-11-14T22:13:20Z"""

SAMPLES = {
    "project_id": "0833a5737480d53b2f25c010dc1a7b88",
    "cluster_id": "6ec9a0a4-76be-4262-8697-e7af1fac7920",
    "job_name": "load",
    "task_id": "937987",
    "instance": "b88c445407b24283aa949f9833a38fd8",
    "start_time": "0",
    "end_time": "1900000000000",
    "offset": "0",
    "limit": "5",
    "league_id": "league1",
    "id": "job-1",
    "taskInstId": "load-1",
    "userId": "u1",
    "orgId": "o1",
    "action": "get",
    "instance_id": f"{'a' * 32}in07",
    "node_id": "node-1",
    "proxy_id": "proxy-1",
    "configuration_id": "configuration-1",
    "database": "orders",
    "database_name": "orders",
    "clickhouse_instance_id": "clickhouse-1",
    "jname": "load",
    "guid": "table-1",
    "flowInstId": "3377-20231114221320",
    "page_no": "1",
    "workspace": "b" * 32,
    "page_size": "10",
    "X-Subject-Token": seal(
        0, "token", {"user": "ann", "project": "", "issued": NOW, "expires": 4 * 10**12, "domain": "IAMDomain", "scope": {}}
    ),
}
OWN = {
    **{key: {"instance_id": "1000000000"} for key in ("StopJobInstance", "RestoreJobInstance")},
    "ShowInstanceReport": {"instance_id": "a" * 32},
}
"""Values that differ in an operation: the run that the first RunOnce starts."""
USER = {"name": "ann", "password": "s3cret", "domain": {"name": "IAMDomain"}}
LOGIN = {"auth": {"identity": {"methods": ["password"], "password": {"user": USER}}}}
APP = {"appKey": "app", "encryption": "0" * 64, "timestamp": NOW}
BODIES: Mapping[str, dict[str, Any]] = {
    "GetAccessToken": APP,
    "RefreshAccessToken": {**APP, "accessToken": "a-token-of-any-form"},
    "KeystoneCreateUserTokenByPassword": LOGIN,
    "CreateJob": {
        "jobs": [
            {
                "name": "load",
                "from-connector-name": "jdbc",
                "from-link-name": "mysql",
                "to-link-name": "hive",
                "from-config-values": {"configs": []},
                "to-config-values": {"configs": []},
                "driver-config-values": {"configs": []},
            }
        ]
    },
    "CreateGaussMySqlInstance": {
        "charge_info": {"charge_mode": "postPaid"},
        "region": "cn-north-4",
        "name": "orders-db",
        "datastore": {"type": "gaussdb-mysql", "version": "8.0"},
        "mode": "Cluster",
        "flavor_ref": "gaussdb.mysql.large",
        "vpc_id": "v",
        "subnet_id": "s",
        "password": "Secret-12!",
        "backup_strategy": {"start_time": "08:00-09:00"},
        "availability_zone_mode": "single",
        "slave_count": 1,
    },
    "TriggerFlow": {"flowId": 3377, "triggerTime": NOW},
    "CancelFlowInstance": {"flowInstId": "3377-20231114221320"},
}
BEFORE: Mapping[str, tuple[str, ...]] = {
    "StopJob": ("StartJob",),
    "DeleteJob": ("StartJob",),
    "ShowJobs": ("StartJob",),
    "CancelFlowInstance": ("TriggerFlow",),
    "ShowGaussMySqlInstanceInfo": ("RestartGaussMySqlInstance",),
    "StopJobInstance": ("RunOnce",),
    "RestoreJobInstance": ("RunOnce", "StopJobInstance"),
}
"""What must have been called for an operation to have something to do."""
HEADERS = {"x-auth-token": "t", "apim-accesstoken": "t", "content-type": "application/json"}
ALIKE = frozenset(
    node["operationId"]
    for document in read_documents().values()
    for item in document.get("paths", {}).values()
    for node in item.values()
    if "x-like" in node
)
"""Operations that are written as like another one (`x-like`), with its answers and errors."""


def request_for(operation: Operation, headers: Mapping[str, str] | None = None, **values: str) -> Request:
    """A request that the operation serves, with these values of its parameters."""
    samples = {**SAMPLES, **OWN.get(operation.id, {})}
    named = {**samples, **{p.name: _sample(p, samples) for p in operation.parameters if p.name in samples}, **values}
    query = {p.name: named[p.name] for p in operation.parameters if p.location == "query" and p.name in named}
    own = {p.name.lower(): named[p.name] for p in operation.parameters if p.location == "header" and p.name in named}
    body = json.dumps(BODIES[operation.id]).encode() if operation.id in BODIES else b""
    path = operation.path.format(**named)
    return Request(operation.method, path, urlencode(query), {**HEADERS, **own, **(headers or {})}, body)


def _sample(parameter: Parameter, samples: Mapping[str, str]) -> str:
    """The sample value, or, where the parameter takes a few values only, the first of these."""
    schema, value = parameter.schema, samples[parameter.name]
    choices = [str(schema["const"])] if "const" in schema else list(map(str, schema.get("enum", (value,))))
    return value if value in choices else choices[0]
