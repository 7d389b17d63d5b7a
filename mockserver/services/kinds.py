"""The three kinds of call that the mock can answer; a service module fills one of them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..jobs.history import History
from ..jobs.made_up import Identity, Profile
from ..jobs.store import Store
from ..jobs.trajectory import Job
from ..model import Answer
from ..settings import Settings

Switches = Mapping[str, str]


def _unchanged(body: dict[str, Any], _chosen: Switches) -> dict[str, Any]:
    return body


def _as_asked(_identity: Identity, asked: int) -> int:
    return asked


@dataclass(frozen=True)
class Single:
    """One job by its id.

    `profile` makes up what never changes; `body` draws the job at its moment; `born` says when the life of a job begins
    that is first asked for at `asked` (milliseconds); `owner` names the parameter whose value the job belongs to;
    `adapt` fits a documented example to switches that the user chose.
    """

    profile: Profile
    body: Callable[[Job, Switches], dict[str, Any]]
    born: Callable[[Identity, int], int] = _as_asked
    owner: str | None = None
    adapt: Callable[[dict[str, Any], Switches], dict[str, Any]] = _unchanged


@dataclass(frozen=True)
class Page:
    """A page of a list: `rows` newest first, `total` of all that the filters leave."""

    rows: list[dict[str, Any]]
    total: int
    now: int
    request_id: str


@dataclass(frozen=True)
class Listing:
    """The runs of a recurring job, newest first.

    `identity` picks whose history it is from the parameters; `period` is how many seconds apart the runs are, and `past`
    how many there were before the history was first asked for (both as lowest and highest); `select` says which runs the
    filters leave; `row` draws one, `body` the page.
    """

    identity: Callable[[Mapping[str, Any]], dict[str, str]]
    profile: Profile
    period: tuple[int, int]
    past: tuple[int, int]
    select: Callable[[History, Mapping[str, Any], int], range]
    row: Callable[[Job, Mapping[str, Any], Switches], dict[str, Any]]
    body: Callable[[Page, Switches], dict[str, Any]]


@dataclass(frozen=True)
class Context:
    """What a call that is no job-status call may look at. `now` is the mock's time in milliseconds."""

    parameters: Mapping[str, Any]
    body: Any
    now: int
    request_id: str
    settings: Settings
    switches: Switches
    store: Store = field(repr=False)


Call = Callable[[Context], Answer]
