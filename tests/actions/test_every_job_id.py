"""Each call of TaurusDB's SDK whose answer has a `job_id` is served, and its job is found and comes to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import huaweicloudsdkgaussdb.v3 as gaussdb
from sample_requests import SAMPLES

from mockserver.definitions import load
from mockserver.testing.running import running

VALUES = {**SAMPLES, "body": None}
ABOUT_A_JOB = {"ShowTaskDetails"}
"""It has a job_id because it tells of one: it starts none, and isn't served."""


@dataclass(frozen=True)
class Call:
    """A method of the SDK's client, and what it sends."""

    operation: str
    name: str
    request: Any
    method: str
    path: str


@cache
def calls() -> tuple[Call, ...]:
    """The calls of the installed SDK that answer a job_id."""
    return tuple(_calls())


def _calls() -> Iterator[Call]:
    classes = {name.lower(): name for name in dir(gaussdb)}
    for builder in (name for name in dir(gaussdb.GaussDBClient) if name.endswith("_http_info") and name[0] == "_"):
        name = builder.removeprefix("_").removesuffix("_http_info")
        operation = classes[name.replace("_", "") + "request"].removesuffix("Request")
        answer = getattr(gaussdb, f"{operation}Response")
        if "job_id" in answer.openapi_types and operation not in ABOUT_A_JOB:
            request = getattr(gaussdb, f"{operation}Request")()
            for part in request.openapi_types:
                setattr(request, part, VALUES.get(part, "x") if part != "x_language" else "en-us")
            sent = getattr(gaussdb.GaussDBClient, builder)(request)
            yield Call(operation, name, request, sent["method"], sent["resource_path"])


def test_every_call_is_defined_as_the_sdk_sends_it() -> None:
    """By its name, its method and its path."""
    defined = {operation.id: (operation.method, operation.path) for operation in load().operations}
    assert len(calls()) > 80
    assert {call.operation: defined.get(call.operation) for call in calls()} == {
        call.operation: (call.method, call.path) for call in calls()
    }


def test_every_call_starts_a_job_that_ends() -> None:
    """Not found at once, found after some seconds, and Completed in the end; no two calls have the same job."""
    seen = set()
    with running() as mock:
        mock.clock.freeze()
        client = mock.sdk("taurusdb")
        for call in calls():
            if call.operation == "CreateGaussMySqlInstance":  # whose body is needed; test_calls_by_sdk.py has it
                continue
            job_id = getattr(client, call.name)(call.request).job_id
            mock.clock.advance(5)
            poll = gaussdb.ShowGaussMySqlJobInfoRequest(id=job_id)
            statuses = [client.show_gauss_my_sql_job_info(poll).job.status]
            mock.clock.advance(600)
            statuses.append(client.show_gauss_my_sql_job_info(poll).job.status)
            assert statuses == ["Pending", "Completed"], call
            seen.add(job_id)
    assert len(seen) == len(calls()) - 1
