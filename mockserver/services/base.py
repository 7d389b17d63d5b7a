"""The three kinds of call that the mock can answer; a service module fills one of them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..jobs.made_up_jobs import Identity, Profile
from ..jobs.trajectory import Job
from ..model import Answer
from ..namespace import Namespace

Switches = Mapping[str, str]


def _unchanged(body: dict[str, Any], _chosen: Switches) -> dict[str, Any]:
    return body


def _as_asked(_identity: Identity, requested: int) -> int:
    return requested


def _nothing(_body: dict[str, Any]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class SingleJobService:
    """One job by its id.

    `profile` makes up what never changes; `body` draws the job at its moment; `born` says when the life of a job begins
    that is first asked for at `asked` (milliseconds); `owner` names the parameter whose value the job belongs to; `adapt`
    fits a documented example to switches that the user chose, `facts` are what a profile keeps of it when the example's job
    moves on. `views` are values of answers that only code can compute, by the name that an `x-action` calls them by.
    """

    profile: Profile
    body: Callable[[Job, Switches], dict[str, Any]]
    born: Callable[[Identity, int], int] = _as_asked
    owner: str | None = None
    adapt: Callable[[dict[str, Any], Switches], dict[str, Any]] = _unchanged
    facts: Callable[[dict[str, Any]], dict[str, Any]] = _nothing
    views: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ListPage:
    """A page of a list: `rows` newest first, `total` of all that the filters leave."""

    rows: list[dict[str, Any]]
    total: int
    now: int
    request_id: str


@dataclass(frozen=True)
class JobListService:
    """The runs of recurring jobs, newest first.

    `identity` picks whose history it is from the parameters; `period` is how many seconds apart made-up runs are, and
    `past` how many there were before the history was first asked for (both as lowest and highest); `window` says between
    which times (milliseconds, both included) a run must be born to be listed; `row` draws one, `body` the page; `filters`
    name the optional parameters that narrow the list.
    """

    identity: Callable[[Mapping[str, Any]], dict[str, str]]
    profile: Profile
    period: tuple[int, int]
    past: tuple[int, int]
    window: Callable[[Mapping[str, Any], int], tuple[int, int]]
    row: Callable[[Job, Mapping[str, Any], Switches], dict[str, Any]]
    body: Callable[[ListPage, Switches], dict[str, Any]]
    filters: tuple[str, ...] = ()
    views: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What answering may look at. `now` is the namespace's time in milliseconds; `path` and `accept` are the request's,
    `origin` is scheme and host as it names them ("" where it names none)."""

    parameters: Mapping[str, Any]
    body: Any
    now: int
    request_id: str
    switches: Switches
    namespace: Namespace = field(repr=False)
    path: str = ""
    accept: str = ""
    origin: str = ""


Call = Callable[[Context], Answer]
