"""`Service`: one object for each service, which its module fills in; and calls that are not about jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..definitions import Operation
from ..generate import Fake
from ..jobs.made_up_jobs import Identity, Profile
from ..jobs.trajectory import Job
from ..model import Answer, Request
from ..namespace import Namespace
from ..record import record

Switches = Mapping[str, str]


def _unchanged(body: dict[str, Any], _chosen: Switches) -> dict[str, Any]:
    return body


def _first_request(_identity: Identity, requested: int) -> int:
    return requested


def _always(_identity: Identity, _born: int) -> int:
    return 0


def _at_rest(job: Job, _chosen: Switches) -> int:
    """A job that has ended stays as it is; any other one may change all the time."""
    return job.moment.until if job.moment.terminal else job.moment.now


def _as_drawn(page: dict[str, Any], _now: int, _request_id: str) -> dict[str, Any]:
    return page


def _nothing(_body: dict[str, Any]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Service:
    """How the jobs of one service look: what its definition can't say.

    Attributes:
        profile: Makes up what never changes of a job.
        adapt: Fits a documented example to the switches that the user chose.
        owner: The parameter whose value the job belongs to, beside its identity.
        filters: The optional parameters that narrow a list.
        other_job: The identity of another job in the same list, where the list holds those of several jobs.
        status_text: Where an answer has the status in words (a JSON pointer inside the job), if its status is a number.
        views: Values of answers that only code can compute, by the name that an `x-action` calls them by.
        made_identity: Makes up parts of an identity that must have more of a form than their schemas say.
    """

    profile: Profile
    adapt: Callable[[dict[str, Any], Switches], dict[str, Any]] = _unchanged
    owner: str | None = None
    filters: tuple[str, ...] = ()
    other_job: Mapping[str, str] = field(default_factory=dict)
    status_text: str = ""
    views: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    made_identity: Mapping[str, Callable[[Fake], str]] = field(default_factory=dict)

    def identity_names(self, operation: Operation) -> list[str]:
        """The parameters that tell jobs apart, in the vendor's names: those of the definition, the owner, the filters."""
        assert operation.job is not None
        return [*operation.job.identity, *([self.owner] if self.owner else []), *self.filters]

    def identity_of_run(self, parameters: Mapping[str, Any], run: int) -> Mapping[str, str]:
        """Whose facts a run's are: the job itself, where each has one run at a time."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class SingleJobService(Service):
    """One job by its id.

    Attributes:
        body: The answer about a job at its moment.
        born: When the life of a job begins that is first asked for at a time (both in milliseconds).
        created: From when on a made-up job of this birth can be found (both in milliseconds); by default always.
        until: When the answer about a job changes next, as time goes on (milliseconds).
        facts: What a profile keeps of the documented example when the example's job moves on.
    """

    body: Callable[[Job, Switches], dict[str, Any]]
    born: Callable[[Identity, int], int] = _first_request
    created: Callable[[Identity, int], int] = _always
    until: Callable[[Job, Switches], int] = _at_rest
    facts: Callable[[dict[str, Any]], dict[str, Any]] = _nothing

    def identity_of_run(self, parameters: Mapping[str, Any], run: int) -> Mapping[str, str]:
        """The job's own identity: it has one run at a time."""
        del run
        return parameters


@dataclass(frozen=True, kw_only=True)
class JobListService(Service):
    """The runs of recurring jobs, newest first.

    Attributes:
        identity: Picks whose history it is from the parameters.
        period: How many seconds apart made-up runs are, at least and at most.
        past: How many there were before the history was first asked for, at least and at most.
        window: Between which times (milliseconds, both included) a run must be born to be listed.
        row: One run in the list; it stays as it is until the run comes to its next state.
        page: A page, made of its rows, newest first, and of how many the filters leave.
        body: The page as it is sent at a time (milliseconds), with a request's id.
    """

    identity: Callable[[Mapping[str, Any]], dict[str, str]]
    period: tuple[int, int]
    past: tuple[int, int]
    window: Callable[[Mapping[str, Any], int], tuple[int, int]]
    row: Callable[[Job, Mapping[str, Any], Switches], dict[str, Any]]
    page: Callable[[list[dict[str, Any]], int], Any]
    body: Callable[[Any, int, str], dict[str, Any]] = _as_drawn

    def identity_of_run(self, parameters: Mapping[str, Any], run: int) -> Mapping[str, str]:
        """The list's identity, and the number of the run in it."""
        return {**self.identity(parameters), "run": str(run)}


@record
class Context:
    """What answering may look at. `now` is the namespace's time in milliseconds."""

    parameters: Mapping[str, Any]
    body: Any
    now: int
    request_id: str
    switches: Switches
    namespace: Namespace = field(repr=False)
    request: Request = field(repr=False)

    @property
    def accept(self) -> str:
        """The media types that the caller takes."""
        return self.request.headers.get("accept", "")

    @property
    def origin(self) -> str:
        """Where the client sees the mock: scheme and host; "" where the request names no host.

        A proxy before it says in X-Forwarded-Proto whether it speaks TLS.
        """
        host = self.request.headers.get("host")
        return f"{self.request.headers.get('x-forwarded-proto', 'http')}://{host}" if host else ""


Call = Callable[[Context], Answer]
