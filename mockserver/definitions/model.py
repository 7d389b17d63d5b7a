"""Definitions as plain values: what a document says, resolved and ready to use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import did_you_mean
from .job_model import JobLife, JobMapping
from .provenance import Provenance
from .router import Router, chosen

if TYPE_CHECKING:
    from .actions import Action
    from .node import Node

from .styles import Style

Document = dict[str, Any]
Errors = Callable[[Any], Iterator[Any]]
"""Judges a JSON value: yields one `jsonschema.ValidationError` for each thing wrong."""


VENDORS = ("huaweicloud", "enos")
"""The vendors whose credentials and errors the mock knows. Any other's are what its document says, or RFC 9457."""


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

    @cached_property
    def key(self) -> str:
        """What a request has it by: headers are read by their names in lower case."""
        return self.name.lower() if self.location == "header" else self.name


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
class Header:
    """A documented header of an answer. `allows` says whether a value is allowed, and costs little; `errors`, why not."""

    name: str
    required: bool
    errors: Errors = field(repr=False, compare=False)
    allows: Callable[[Any], bool] = field(repr=False, compare=False)
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

    @cached_property
    def styled(self) -> tuple[Parameter, ...]:
        """The parameters that are more than one plain text."""
        return tuple(parameter for parameter in self.parameters if parameter.style is not None)

    @cached_property
    def query_names(self) -> frozenset[str] | None:
        """The documented names of the query; None where any name may be the member of an object."""
        query = [parameter for parameter in self.parameters if parameter.location == "query"]
        return None if any(parameter.style for parameter in query) else frozenset(parameter.name for parameter in query)

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
        kinds = [operation.job.kind for operation in self.operations if operation.job]
        hint = did_you_mean(kind, kinds)
        raise KeyError(f"{kind!r} is not a service with jobs{hint + ' Known' if hint else '; known'}: {', '.join(kinds)}")

    def service_at(self, path: str) -> ServiceInfo | None:
        """The service that answers for a path which no operation has: by the first segment of the path."""
        first = "/" + path.lstrip("/").split("/", 1)[0]
        return next((service for service in self.services.values() if first in service.prefixes), None)
