"""What an operation does to jobs (`x-action`): starting, stopping, making, reading them, as data of a definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .node import Node
from .provenance import provenance_of

if TYPE_CHECKING:
    from .model import Operation
from .provenance import Provenance

VERBS = ("start", "stop", "create", "delete", "rerun", "read", "list")
"""What an action can do (`do`)."""


KINDS = (
    "parameter",
    "body",
    "identity",
    "job",
    "fact",
    "time",
    "now",
    "new",
    "view",
    "value",
    "each",
    "total",
    "next",
    "more",
)
"""Where a value of an action can come from."""


@dataclass(frozen=True)
class Source:
    """Where a value comes from.

    `kind` is one of `KINDS`, `of` what it names (a name, a JSON pointer, for `each` the row's members). `form` is how a
    time is written, `map` which values become which, `default` what stands where nothing is (None: the member is left out).
    """

    kind: str
    of: Any
    form: str | None = None
    map: Mapping[str, Any] = field(default_factory=dict)
    default: Source | None = None


@dataclass(frozen=True)
class Paging:
    """Which parameters choose the page of a list: where it begins (`offset`, or `token`, which the page before it gave) or
    which it is (`number`), and its size.

    `first` is what the first page (or row) is called, `size` how many rows a page has where no parameter says so.
    """

    offset: str | None
    number: str | None
    limit: str | None
    first: int
    size: int
    token: str | None = None


@dataclass(frozen=True)
class Action:
    """What an operation does to the jobs of a status operation.

    `status` is that operation (one with `x-job`); `do` one of `VERBS`; `identity` says where each part of a job's identity
    comes from, `where` which facts pick the jobs meant, `filters` what a row of a list must have; `facts` are given to a job
    that is made; `answer` sets places of the first example's answer; `to` is the state that a stop leads to; `visible_after`
    seconds pass before a job that is made can be found; a list is one `of` jobs, or of a job's runs; `must_exist`: where
    it asks for one job, and there is none, that is unknown-id. `run` says which run of a list is meant.
    """

    do: str
    status: Operation
    identity: Mapping[str, Source]
    where: Mapping[str, Source]
    filters: Mapping[str, Source]
    facts: Mapping[str, Source]
    answer: Mapping[str, Source]
    of: str
    to: str | None
    visible_after: float | None
    paging: Paging | None
    must_exist: bool
    provenance: Provenance
    run: Source | None = None

    @property
    def of_list(self) -> bool:
        """Whether it is about the runs of a list."""
        return bool(self.status.observation and self.status.observation.total)

    @property
    def makes(self) -> bool:
        """Whether each call makes a job with an id of its own."""
        return self.do == "start" and any(source.kind in ("new", "view") for source in self.identity.values())

    @property
    def may_name(self) -> bool:
        """Whether the caller may bring the id of the job that a call makes, which else gets a new one."""
        defaults = [source.default for source in self.identity.values()]
        return self.do == "start" and any(default is not None and default.kind == "new" for default in defaults)

    @property
    def problems(self) -> Iterator[str]:
        """The problems that it can have beside those of every operation."""
        if self.do == "create":
            yield "job-exists"
        of_one = (
            self.must_exist or (self.of == "runs" and not self.of_list) or self.do in ("stop", "delete", "read", "rerun")
        )
        if of_one or (self.do == "start" and not self.makes):
            yield "unknown-id"
        if self.do == "rerun" or (self.do == "start" and not self.makes and not self.of_list):
            yield "job-running"
        if self.do == "stop":
            yield "job-not-running"


def action_of(place: Node, status: Operation) -> Action:
    """An `x-action` as a value; a part of the identity that it doesn't mention is the parameter of the same name."""
    node = place.value
    assert status.job is not None
    parts = {name: source_of({"parameter": name}) for name in status.job.identity}
    return Action(
        do=node["do"],
        status=status,
        identity={**parts, **_sources(node.get("identity", {}))},
        where=_sources(node.get("where", {})),
        filters=_sources(node.get("filters", {})),
        facts=_sources(node.get("facts", {})),
        answer=_sources(node.get("answer", {})),
        of=node.get("of", "jobs"),
        to=node.get("to"),
        visible_after=node.get("visible-after-seconds"),
        paging=_paging(node["page"]) if "page" in node else None,
        must_exist=node.get("must-exist", False),
        provenance=provenance_of(place),
        run=source_of(node["run"]) if "run" in node else None,
    )


def _paging(node: Mapping[str, Any]) -> Paging:
    offset, number, limit, token = (node.get(name) for name in ("offset", "number", "limit", "token"))
    return Paging(offset, number, limit, node.get("first", 0), node.get("size", 10), token)


def _sources(node: Mapping[str, Any]) -> dict[str, Source]:
    return {name: source_of(value) for name, value in node.items()}


def source_of(node: Mapping[str, Any]) -> Source:
    """A source as a value."""
    kind = next(name for name in node if name not in ("form", "map", "default"))
    of = _sources(node[kind]) if kind == "each" else node[kind]
    default = source_of(node["default"]) if "default" in node else None
    return Source(kind, of, node.get("form"), node.get("map", {}), default)
