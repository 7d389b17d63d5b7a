"""Definitions as plain values: what a document says, resolved and ready to use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import did_you_mean
from .router import Router, chosen

if TYPE_CHECKING:
    from .actions import Action
    from .drawing import Drawing
    from .node import Node

from .styles import Style

Document = dict[str, Any]
Errors = Callable[[Any], Iterator[Any]]
"""Judges a JSON value: yields one `jsonschema.ValidationError` for each thing wrong."""


VENDORS = ("huaweicloud", "enos")
"""The vendors whose credentials and errors the mock knows. Any other's are what its document says, or RFC 9457."""


@dataclass(frozen=True)
class Provenance:
    """Where a fact comes from: `kind` is documented, vendor-sdk, analogous or invented."""

    kind: str
    source: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Parameter:
    """A path, query, header or cookie parameter. `type` is the JSON type that its text is read as.

    `allows` says whether a value is allowed, and costs little; `errors` says why it isn't. `style` says how it is written
    where it is more than one plain text: an array, an object, a cookie.
    """

    name: str
    location: str
    required: bool
    type: str
    schema: Mapping[str, Any]
    errors: Errors = field(repr=False, compare=False)
    allows: Callable[[Any], bool] = field(repr=False, compare=False)
    style: Style | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Example:
    """A named answer: `error` is its `x-error`, where it is one; `statuses` where it stands."""

    name: str
    value: Any
    summary: str
    statuses: tuple[int, ...]
    envelope: str
    provenance: Provenance
    error: Mapping[str, Any] | None = None

    def status(self, switches: Mapping[str, str]) -> int:
        """The HTTP status to answer with, under these switches."""
        if self.error and "switch" in self.error:
            return int(self.error["statuses"][switches[self.error["switch"]]])
        return self.statuses[0]


@dataclass(frozen=True)
class State:
    """A state of a job: `code` is its value on the wire, `seconds` how long it lasts by default (None: for ever)."""

    name: str
    summary: str
    code: str | int
    seconds: float | None
    terminal: bool


@dataclass(frozen=True)
class Life:
    """A course of states: `steps` are (state, seconds); None seconds last for ever.

    `cut` is how much of the last state before the end passes (0 to 1): less than 1 where the job is stopped in it.
    """

    name: str
    summary: str
    weight: int
    steps: tuple[tuple[str, float | None], ...]
    cut: float = 1.0


@dataclass(frozen=True)
class JobLife:
    """The documented life of an operation's jobs.

    `visible_after` (from when on a job can be found) and `kept` (how long) are seconds; `actions` says which state
    `cancel` and `fail` lead to; `unstarted` is the state of a job that was made, but never started (None: it can't be seen);
    `rerun` names the parts of the identity that each run has anew, and how they are made (`uuid`). `kind` is the name that
    these jobs are declared by: the service's, or the operation's id where the service has other jobs already.
    """

    identity: tuple[str, ...]
    states: Mapping[str, State]
    transitions: Mapping[str, frozenset[str]]
    lives: Mapping[str, Life]
    visible_after: float = 0
    kept: float | None = None
    actions: Mapping[str, str] = field(default_factory=dict)
    unstarted: str | None = None
    drawing: Drawing | None = field(default=None, repr=False, compare=False)
    rerun: Mapping[str, str] = field(default_factory=dict)
    provenance: Provenance = Provenance("invented")
    kind: str = ""

    @cached_property
    def weights(self) -> tuple[tuple[str, int], ...]:
        """How likely each life is, by its name, beside the others."""
        return tuple((life.name, life.weight) for life in self.lives.values())


@dataclass(frozen=True)
class TimeField:
    """A time of a job: where it stands in the job, in which form.

    `moves` where it goes on while the job does, `planned` where it may lie in the future.
    """

    at: str
    form: str
    moves: bool = False
    planned: bool = False


@dataclass(frozen=True)
class EchoRule:
    """A parameter whose value an answer gives back at one of these places of a job.

    `code` is the finding where it doesn't; `when` a pattern that the parameter must match for the rule to hold, `part` one
    whose first group is what counts of the place.
    """

    parameter: str
    at: tuple[str, ...]
    code: str
    when: str | None
    part: str | None
    provenance: Provenance


@dataclass(frozen=True)
class TimeWindow:
    """The parameters (milliseconds) between which a listed job must lie."""

    start: str
    end: str
    provenance: Provenance


@dataclass(frozen=True)
class NestedResponse:
    """An answer inside the answer: where its body, its length and its HTTP status stand.

    `accepted` is the contradiction by which the documented example's wrong length is accepted.
    """

    body: str
    length: str | None
    status: str | None
    accepted: str | None
    provenance: Provenance


@dataclass(frozen=True)
class CountLimit:
    """A count of a job that is never above a limit which stands in the same answer."""

    at: str
    limit: str
    provenance: Provenance


@dataclass(frozen=True)
class InnerTotal:
    """A total inside a job (mostly in a string that holds JSON) that counts the rows beside it."""

    at: str
    rows: str
    provenance: Provenance


@dataclass(frozen=True)
class JobMapping:
    """How to read jobs in an operation's answer. Places are JSON pointers, which go on through strings that hold JSON.

    `jobs` leads to the job or jobs (`*`: every item); other places start there, but `total`. `id` tells jobs of a list
    apart, `run` the runs of one job; `times` stand in the order in which they must be; `counts` never fall, `constant` never
    changes within a run; `limits` and `inner_totals` hold within one answer. `progress_accepted` is the contradiction by
    which progress may be less at the end.
    """

    jobs: str
    status: str
    id: str | None
    total: str | None
    progress: str | None
    progress_accepted: str | None
    run: tuple[str, ...]
    counts: tuple[str, ...]
    constant: tuple[str, ...]
    times: tuple[TimeField, ...]
    limits: tuple[CountLimit, ...]
    inner_totals: tuple[InnerTotal, ...]
    same: tuple[EchoRule, ...]
    window: TimeWindow | None
    wrapped: NestedResponse | None
    provenance: Provenance


@dataclass(frozen=True)
class Header:
    """A documented header of an answer."""

    name: str
    required: bool
    errors: Errors = field(repr=False, compare=False)
    provenance: Provenance


@dataclass(frozen=True)
class ResponseSpec:
    """What is documented of an operation's answers with one HTTP status.

    `make_schema` puts together what `schema` gives: few of them are ever looked at.
    """

    place: str
    make_schema: Callable[[], Any] = field(repr=False, compare=False)
    headers: tuple[Header, ...]
    media_types: tuple[str, ...]
    provenance: Provenance

    @cached_property
    def schema(self) -> Any:
        """The JSON body's schema, references replaced; each part that came from elsewhere has `x-place`. None: no body."""
        return self.make_schema()

    def judged_schema(self) -> Any:
        """The schema to judge a body by; without one, anything goes."""
        return True if self.schema is None else self.schema


@dataclass(frozen=True)
class MagicId:
    """Which parameter, or which member of the body (a JSON pointer), takes a magic id."""

    parameter: str | None = None
    body: str | None = None


@dataclass(frozen=True)
class Operation:
    """One documented call.

    `place` is where it stands (file#pointer); `servers` are the URLs that a user's own document has it at: its path is
    answered with their paths before it, too; `required_if` says which parameters and headers only a value of a switch makes
    required; `answers` is, by HTTP status, what `responses` judge by; `action` is what it does to jobs, where it isn't about
    their status; `chosen_by` are the query's values that tell it apart from another one with its method and path.
    """

    id: str
    service: str
    vendor: str
    method: str
    path: str
    summary: str
    pattern: re.Pattern[str]
    path_names: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    secured: bool
    examples: Mapping[str, Example]
    problems: Mapping[str, Example]
    responses: Mapping[int, Errors]
    body_errors: Errors | None
    magic: MagicId | None
    documented_request: Mapping[str, str] | None
    job: JobLife | None
    required_if: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    observation: JobMapping | None = None
    answers: Mapping[int, ResponseSpec] = field(default_factory=dict)
    place: str = ""
    action: Action | None = None
    body_required: bool = True
    source: Node = field(default=None, repr=False, compare=False)  # type: ignore[assignment]  # every document has it
    chosen_by: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[str, ...] = ()

    def prefix_in(self, path: str) -> str:
        """What stands in a request's path before the operation's own: the path of a server, or nothing."""
        segments = path.split("/")
        return "/".join(segments[: len(segments) - self.path.count("/")])

    @cached_property
    def documented_state(self) -> str | None:
        """The state of the job in the documented example; None where there is none."""
        from ..exchanges.job_view import state_of  # which knows operations

        return state_of(self, self.examples["documented"].value) if "documented" in self.examples else None

    def errors(self) -> list[Example]:
        """The documented errors, in the order of the document."""
        return [example for example in self.examples.values() if example.error is not None]

    @cached_property
    def _router(self) -> Router:
        return Router([self])

    def path_values(self, path: str, segments: Sequence[str] = ()) -> dict[str, str] | None:
        """What a path has in place of the path parameters; None where it isn't the operation's.

        Args:
            path: The path, percent-decoded.
            segments: Its segments, where one of them holds a slash (`Request.segments`).
        """
        matches = self._router.matches(segments or path.split("/"))
        return dict(zip(self.path_names, matches[0][2], strict=True)) if matches else None


@dataclass(frozen=True)
class Switch:
    """A choice where documents contradict each other or are silent."""

    name: str
    default: str
    values: Mapping[str, str]
    description: str


@dataclass(frozen=True)
class ServiceInfo:
    """A service as its document names it: its `x-service`.

    `sdk` is the vendor's client, as module:name; `catalogue` holds the errors that no single operation owns.
    """

    name: str
    vendor: str
    prefixes: tuple[str, ...]
    sdk: str | None
    region_variable: str | None
    catalogue: Mapping[str, Example]


@dataclass(frozen=True)
class Definitions:
    """All that the documents say."""

    documents: Mapping[str, Document]
    operations: Sequence[Operation]
    services: Mapping[str, ServiceInfo]
    switches: Mapping[str, Switch]

    @cached_property
    def router(self) -> Router:
        """Which operations a path belongs to."""
        return Router(self.operations)

    def operation(self, operation_id: str) -> Operation:
        """The operation with this id. Raises KeyError that names the known ones."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise KeyError(f"{operation_id!r} is not an operation; known: {', '.join(o.id for o in self.operations)}")

    def operation_at(self, method: str, path: str, query: str = "") -> Operation | None:
        """The operation with this method at a (decoded) path, and with this (raw) query, where that tells two apart."""
        matches = [item for _, item, _ in self.router.matches(path.split("/")) if item.method == method]
        return matches[0] if len(matches) == 1 else chosen(matches, query)

    def operation_of(self, kind: str) -> Operation:
        """The operation that reads this kind of jobs, or has this id. Raises KeyError that names the known kinds."""
        for operation in self.operations:
            if operation.job and kind in (operation.job.kind, operation.id):
                return operation
        known = [operation.job.kind for operation in self.operations if operation.job]
        hint = did_you_mean(kind, known)
        raise KeyError(f"{kind!r} is not a service with jobs{hint}; known: {', '.join(known)}")

    def service_at(self, path: str) -> ServiceInfo | None:
        """The service that answers for a path which no operation has: by the first segment of the path."""
        first = "/" + path.lstrip("/").split("/", 1)[0]
        return next((service for service in self.services.values() if first in service.prefixes), None)
