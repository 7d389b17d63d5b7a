"""The part of a request's handling that depends on definitions and settings only, so that it can be remembered.

The part that depends on time and state (faults, a credential's expiry, jobs, polls, pages) is done for each request again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .actions.values import identity_of
from .definitions import Definitions, Example, Operation
from .errors import ControlError, RequestProblem
from .generate import IdMaker
from .journal import size_of
from .model import Answer, Caller, Request, Response
from .settings import Settings
from .steps import requested_answer, route, select_namespace, validate
from .steps.authenticate import authorise, identify

LARGEST_REQUEST = 8 * 1024
"""The largest request that is remembered: characters of path, query and headers."""

LARGEST_ANSWER = 32 * 1024
"""The largest answer that is remembered: bytes of its body."""


class SentHeaders:
    """The headers of a request, read once: clients send the same headers with each request.

    `by_name` are their values by name in lower case; `size` is their size in characters; `namespace_name` is the namespace
    that they name; `namespace_error` says why that is invalid.
    """

    __slots__ = ("by_name", "namespace_error", "namespace_name", "size")

    def __init__(self, by_name: Mapping[str, str]) -> None:
        self.by_name = by_name
        self.size = size_of(by_name)
        self.namespace_name: str | None = None
        self.namespace_error: ControlError | None = None
        try:
            self.namespace_name = select_namespace.namespace_header(by_name)
        except ControlError as control_error:
            self.namespace_error = control_error


class Prepared:
    """A request with its operation and its parameters.

    `size` is its size without the body, in characters; `problem` says why no operation takes it; `repeatable` says whether
    the same request can get the same answer again; `last` is the answer that it got.
    """

    __slots__ = (
        "_admitted", "_claim", "_id_maker", "_query", "_validated", "headers", "last", "operation", "path_values", "problem",
        "repeatable", "request", "size", "vendor",
    )  # fmt: skip

    def __init__(self, definitions: Definitions, request: Request, headers: SentHeaders) -> None:
        self.request = request
        self.headers = headers
        self.size = headers.size + len(request.path) + len(request.query)
        self.operation: Operation | None = None
        self.path_values: Mapping[str, str] = {}
        self.problem: RequestProblem | None = None
        self.last: LastAnswer | None = None
        self._claim: tuple[str | None] | None = None
        self._admitted: Admitted | None = None
        self._id_maker: IdMaker | None = None
        self._query: list[tuple[str, str]] | None = None
        self._validated: dict[bool, Mapping[str, Any] | RequestProblem] = {}
        try:
            route.check_size(request, headers.size)
            route.check_text(request)
            self.operation, self.path_values = route.route(definitions, request)
        except RequestProblem as problem:
            self.problem = problem
            service = definitions.service_at(request.path)
            self.vendor = service.vendor if service else ""
        else:
            self.vendor = self.operation.vendor
        self.repeatable = request.method == "GET" and not (self.operation and self.operation.action)

    def claim(self) -> str | None:
        """The access key, app key or user that the request claims to come from."""
        if self._claim is None:
            self._claim = (select_namespace.credential_name(self.request),)
        return self._claim[0]

    def request_id(self, seed: int, now: int) -> str:
        """The id of the request: the same for the same seed, request and time (ms since 1970)."""
        maker = self._id_maker
        if maker is None or maker.seed != seed:
            request = self.request
            maker = self._id_maker = IdMaker(seed, request.method, request.path, request.query)
        return maker.hex_id(now)

    def query(self) -> list[tuple[str, str]]:
        """The query's parameters, in order. Raises RequestProblem for a query that can't be read."""
        if self._query is None:
            self._query = validate.read_query(self.request)
        return self._query

    def validated(self, strict: bool, switches: Mapping[str, str]) -> Mapping[str, Any]:
        """The parameters; `strict` refuses undocumented query parameters. Raises RequestProblem."""
        outcome = self._validated.get(strict)
        if outcome is None:
            assert self.operation is not None
            try:
                if strict:
                    validate.check_names(self.operation, self.query())
                outcome = validate.parameters(self.operation, self.path_values, self.query(), self.request, switches)
            except RequestProblem as problem:
                outcome = problem
            self._validated[strict] = outcome
        if isinstance(outcome, RequestProblem):
            raise outcome.again()
        return outcome

    def admitted(self, settings: Settings, switches: Mapping[str, str]) -> Admitted:
        """The request, checked under these settings."""
        admitted = self._admitted
        if admitted is None or admitted.settings is not settings:
            admitted = self._admitted = Admitted(self, settings, switches)
        return admitted


class Admitted:
    """A request for an operation, checked under settings.

    `caller` is None if the credential is refused; `problem` says why the request is refused. `parameters_so_far` are for
    errors: the parameters that were read, and those that identify the job. The other attributes say which answer a request
    in order asks for (`steps/requested_answer.py`); `status` names one without an example; `control_error` says why the
    request can't get it.
    """

    __slots__ = (
        "body",
        "caller",
        "control_error",
        "documented",
        "dynamic",
        "magic",
        "notice",
        "parameters",
        "parameters_so_far",
        "preferred_example",
        "problem",
        "settings",
        "status",
    )  # fmt: skip

    def __init__(self, prepared: Prepared, settings: Settings, switches: Mapping[str, str]) -> None:
        self.settings = settings
        self.caller: Caller | None = None
        self.parameters: Mapping[str, Any] = prepared.path_values
        self.parameters_so_far: Mapping[str, Any] = prepared.path_values
        self.body: Any = None
        self.problem: RequestProblem | None = None
        self.control_error: ControlError | None = None
        self.preferred_example: tuple[Example, int] | None = None
        self.status: str | None = None
        self.magic: Example | str | None = None
        self.documented: Example | None = None
        self.dynamic = False
        self.notice: str | None = None
        assert prepared.operation is not None
        try:
            self._admit(prepared, prepared.operation, switches)
        except RequestProblem as problem:
            self.problem = problem
        else:
            self._read_requested_answer(prepared.operation, prepared.request, switches)

    def _admit(self, prepared: Prepared, operation: Operation, switches: Mapping[str, str]) -> None:
        settings, request = self.settings, prepared.request
        self.caller = identify(operation, request, settings)
        strict = settings.unknown_query == "reject"
        self.parameters = self.parameters_so_far = prepared.validated(strict, switches)
        if settings.unknown_query == "report":
            self.notice = validate.undocumented_query(operation, prepared.query())
        self.body = validate.body(operation, request)
        if operation.action:
            self.parameters_so_far = {**identity_of(operation.action, self.parameters, self.body), **self.parameters}
        authorise(operation, self.parameters, settings)

    def _read_requested_answer(self, operation: Operation, request: Request, switches: Mapping[str, str]) -> None:
        prefer = request.headers.get("prefer")
        if prefer is not None:
            try:
                preference = requested_answer.read_preference(prefer)
                self.status = requested_answer.preferred_status(operation, preference)
                self.preferred_example = requested_answer.preferred_example(operation, preference, switches)
                self.dynamic = preference.dynamic
            except ControlError as control_error:
                self.control_error = control_error
        self.magic = requested_answer.example_of_magic_id(operation, self.parameters, self.body)
        self.documented = requested_answer.documented_example(operation, self.parameters)


class LastAnswer:
    """The last answer to a request, which is given again while nothing changes that answers depend on.

    The whole response is reused at the same time; its body (`answer`) is reused until time alone changes it.

    Args:
        serial: The serial number of the namespace.
        changes: The number of changes in the namespace so far.
        answer: The answer.
        credential_expires: Whether the caller's credential must be checked each time.
    """

    __slots__ = ("_changes", "_sent", "_serial", "_until", "answer")

    def __init__(self, serial: int, changes: int, answer: Answer, credential_expires: bool) -> None:
        self._serial, self._changes, self.answer = serial, changes, answer
        self._until = 0 if credential_expires else answer.until
        self._sent: tuple[int, Response | None] = (-1, None)

    def remember(self, now: int, response: Response) -> Response:
        """Remember the response that was sent at this time (ms since 1970)."""
        self._sent = (now, response)
        return response

    def holds(self, serial: int, changes: int) -> bool:
        """True if nothing has changed but the time."""
        return self._serial == serial and self._changes == changes

    def response_at(self, now: int) -> Response | None:
        """The response, if it was sent at this very time; else None."""
        at, response = self._sent
        return response if at == now else None

    def lasts(self, now: int) -> bool:
        """True if the body is still the same at this time."""
        return self._sent[0] <= now < self._until
