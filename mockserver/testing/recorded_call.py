"""What a caller was shown: each exchange, read when it is answered, before its body is cut or its time forgotten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from ..answering import CRASHED
from ..contract.rate_limit import retry_after
from ..definitions import Definitions, Operation
from ..definitions.parameter_values import texts_of
from ..errors import RequestProblem
from ..exchanges.job_view import job_views
from ..jobs.clock import SECOND
from ..model import Request, Response
from ..redaction import redact
from ..services import service_of
from ..steps.route import route


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A job's run in an answer: `key` tells it from others of the same answer, `state` is what was shown of it."""

    key: tuple[str, ...]
    state: str
    terminal: bool


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """An exchange as the caller saw it, without secrets.

    `time` is the mock's, in milliseconds. `operation` and `service` are None where no operation has the path, and
    `unexpected` says so. `parameters` are those of path, query and headers, by the vendor's names, as text; `error` the
    documented error's name; `retry_at` when the answer's Retry-After lets the caller come back (milliseconds); `fault`
    the kind of fault that was injected; `crash` what went wrong inside the mock.
    """

    number: int
    time: int
    method: str
    path: str
    operation: str | None
    service: str | None
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    status: int
    error: str | None = None
    runs: tuple[ShownRun, ...] = ()
    retry_at: int | None = None
    fault: str | None = None
    unexpected: str | None = None
    problem: str | None = None  # the line of X-Mock-Problem
    crash: str | None = None

    @property
    def poll(self) -> bool:
        """Whether this asks for jobs again: the first page of a list, or a single job."""
        return self.parameters.get("offset", "0") == "0"

    @property
    def failed(self) -> bool:
        """Whether the answer was an error, or broken on its way, so that an HTTP library may ask again by itself."""
        return self.status >= 400 or self.status == 0 or (self.fault is not None and not self.runs)

    @property
    def terminal(self) -> bool:
        """Whether all that was shown has ended."""
        return bool(self.runs) and all(run.terminal for run in self.runs)

    @property
    def summary(self) -> str:
        """The answer in a few words: `200 RUNNING`, `404 job-not-found`, `502 (fault status)`."""
        states = [run.state for run in self.runs]
        counted = [
            state if states.count(state) == 1 else f"{states.count(state)} {state}" for state in dict.fromkeys(states)
        ]
        what, fault = ", ".join(counted) or self.error or "", f"(fault {self.fault})" if self.fault else ""
        parts = [str(self.status or "no answer"), what, fault]
        return " ".join(part for part in parts if part)


def read(
    definitions: Definitions, number: int, time: int, request: Request, response: Response, operation: Operation | None
) -> RecordedCall:
    """What the caller saw. `time` is the mock's, in milliseconds."""
    secrets = redact.secrets_of(request.headers)
    headers = redact.headers(request.headers)
    clean = replace(request, query=redact.query(request.query, secrets), headers=headers)
    parameters = texts_of(operation, clean) if operation else dict(parse_qsl(clean.query, keep_blank_values=True))
    return RecordedCall(
        number=number,
        time=time,
        method=request.method,
        path=redact.text(request.path, secrets),
        operation=operation.id if operation else None,
        service=operation.service if operation else None,
        parameters=parameters,
        headers=headers,
        status=response.status,
        error=response.error,
        runs=_runs(operation, parameters, response),
        fault=response.fault.kind if response.fault else None,
        retry_at=_retry_at(response.header("Retry-After"), time),
        unexpected=None if operation else _unexpected(definitions, request),
        problem=redact.text(response.problem, secrets) if response.problem else None,
        crash=response.problem if (response.problem or "").startswith(CRASHED) else None,
    )


def _unexpected(definitions: Definitions, request: Request) -> str | None:
    """Why no operation has the request; None where it failed before anyone looked (a path of 40 KB, say)."""
    try:
        route(definitions, request)
    except RequestProblem as problem:
        return str(problem)
    return None


def _retry_at(value: str | None, time: int) -> int | None:
    """When the caller may come back, in milliseconds."""
    wait = retry_after(value, time)
    return None if wait is None else time + round(wait * SECOND)


def _runs(operation: Operation | None, parameters: Mapping[str, str], response: Response) -> tuple[ShownRun, ...]:
    broken = response.delivery is not None and response.delivery.fault not in (None, "SLOW_DRIBBLE")
    if broken or operation is None or operation.job is None or response.status >= 400 or response.error:
        return ()
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):  # a fault may have left anything
        return ()
    requested = identity(operation, parameters)
    return tuple(
        ShownRun((look.id, *map(str, look.run)) if look.id else requested, look.state or str(look.sent), look.terminal)
        for look in job_views(operation, body)
    )


def identity_names(operation: Operation) -> tuple[str, ...]:
    """The parameters that say which job, or which list of jobs, a request is about."""
    assert operation.job is not None
    service = service_of(operation)
    return (*operation.job.identity, *(service.filters if service else ()))


def identity(operation: Operation, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Their values; empty where one was not sent."""
    return tuple(parameters.get(name, "") for name in identity_names(operation))
