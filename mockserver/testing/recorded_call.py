"""An exchange as the caller saw it, read when it is answered, before its body is cut."""

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
    """A run of a job in an answer: `key` tells it from other runs in the answer, `state` is the status that was sent."""

    key: tuple[str, ...]
    state: str
    terminal: bool


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """An exchange as the caller saw it, without secrets.

    `time` is the mock's (ms since 1970). `operation` and `service` are None if no operation has the path; then `unexpected`
    says why. `parameters` are those of path, query and headers, by the vendor's names, as text; `error` is the documented
    error's name; `retry_at` is when the answer's Retry-After allows the next call (ms since 1970); `fault` is the kind of
    fault that was injected; `crash` is an error inside the mock.
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
        """True if this asks for a single job, or for the first page of a list."""
        return self.parameters.get("offset", "0") == "0"

    @property
    def failed(self) -> bool:
        """True if the answer was an error, or a fault broke it, so that an HTTP library may retry by itself."""
        return self.status >= 400 or self.status == 0 or (self.fault is not None and not self.runs)

    @property
    def terminal(self) -> bool:
        """True if all runs in the answer have ended."""
        return bool(self.runs) and all(run.terminal for run in self.runs)

    @property
    def summary(self) -> str:
        """The answer in a few words: `200 RUNNING`, `404 job-not-found`, `502 (fault status)`."""
        states = [run.state for run in self.runs]
        state_texts = [
            state if states.count(state) == 1 else f"{states.count(state)} {state}" for state in dict.fromkeys(states)
        ]
        outcome, fault = ", ".join(state_texts) or self.error or "", f"(fault {self.fault})" if self.fault else ""
        parts = [str(self.status or "no answer"), outcome, fault]
        return " ".join(part for part in parts if part)


def read(
    definitions: Definitions, number: int, time: int, request: Request, response: Response, operation: Operation | None
) -> RecordedCall:
    """The call as the caller saw it. `time` is the mock's (ms since 1970)."""
    secrets = redact.secrets_of(request.headers)
    headers = redact.headers(request.headers)
    redacted = replace(request, query=redact.query(request.query, secrets), headers=headers)
    parameters = texts_of(operation, redacted) if operation else dict(parse_qsl(redacted.query, keep_blank_values=True))
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
    """Why no operation matches the request; None if it failed before that was checked (such as a path of 40 KB)."""
    try:
        route(definitions, request)
    except RequestProblem as problem:
        return str(problem)
    return None


def _retry_at(value: str | None, time: int) -> int | None:
    """When the caller may call again (ms since 1970)."""
    wait = retry_after(value, time)
    return None if wait is None else time + round(wait * SECOND)


def _runs(operation: Operation | None, parameters: Mapping[str, str], response: Response) -> tuple[ShownRun, ...]:
    is_broken = response.delivery is not None and response.delivery.fault not in (None, "SLOW_DRIBBLE")
    if is_broken or operation is None or operation.job is None or response.status >= 400 or response.error:
        return ()
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):  # a fault may have left any bytes
        return ()
    request_identity = identity(operation, parameters)
    return tuple(
        ShownRun(
            (view.id, *map(str, view.run)) if view.id else request_identity, view.state or str(view.sent), view.terminal
        )
        for view in job_views(operation, body)
    )


def identity_names(operation: Operation) -> tuple[str, ...]:
    """The names of the parameters that identify the job, or the list of jobs, that a request is about."""
    assert operation.job is not None
    service = service_of(operation)
    return (*operation.job.identity, *(service.filters if service else ()))


def identity(operation: Operation, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the identifying parameters; "" for one that was not sent."""
    return tuple(parameters.get(name, "") for name in identity_names(operation))
