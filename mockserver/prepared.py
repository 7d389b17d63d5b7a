"""What a request comes to whatever the time and the jobs: a function of definitions and settings, so it can be remembered.

What depends on time and state (faults, a credential's expiry, jobs, polls, pages) is done each time that the request comes.
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

LARGEST = 8 * 1024
"""Of a request that is remembered: bytes of path, query and headers."""


LARGEST_ANSWER = 32 * 1024
"""Of an answer that is remembered: bytes of its body."""


class SentHeaders:
    """What a request's headers come to, whatever its target: clients send the same ones with each request.

    `by_name` are their values, names in lower case; `size` what they have, in characters; `named` is the namespace in them,
    `misnamed` why it is wrong.
    """

    __slots__ = ("by_name", "misnamed", "named", "size")

    def __init__(self, by_name: Mapping[str, str]) -> None:
        self.by_name = by_name
        self.size = size_of(by_name)
        self.named: str | None = None
        self.misnamed: ControlError | None = None
        try:
            self.named = select_namespace.namespace_header(by_name)
        except ControlError as misuse:
            self.misnamed = misuse


class Prepared:
    """A request, which operation it is for and what its parameters come to.

    `size` is what it has before its body, in characters; `problem` is why no operation takes it; `repeatable` whether the
    same request can get the same answer again, `last` the answer that it got.
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
        """The id of the request: the same for the same seed, request and time (milliseconds)."""
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
        """The parameters; `strict` refuses those of the query that are not documented. Raises RequestProblem."""
        result = self._validated.get(strict)
        if result is None:
            assert self.operation is not None
            try:
                if strict:
                    validate.check_names(self.operation, self.query())
                result = validate.parameters(self.operation, self.path_values, self.query(), self.request, switches)
            except RequestProblem as problem:
                result = problem
            self._validated[strict] = result
        if isinstance(result, RequestProblem):
            raise result.again()
        return result

    def admitted(self, settings: Settings, switches: Mapping[str, str]) -> Admitted:
        """What the request comes to under these settings."""
        admitted = self._admitted
        if admitted is None or admitted.settings is not settings:
            admitted = self._admitted = Admitted(self, settings, switches)
        return admitted


class Admitted:
    """What a request for an operation comes to under settings.

    `caller` is None where its credential is refused; `problem` is why the request is refused. `known` is what errors
    can tell of it: its parameters, as far as they were read, and which job it is about. Of one in order, the rest says which
    answer it asks for (`steps/requested_answer.py`), `status` one that has no example; `misuse` is why that can't be.
    """

    __slots__ = (
        "body",
        "caller",
        "documented",
        "dynamic",
        "magic",
        "misuse",
        "notice",
        "parameters",
        "parameters_so_far",
        "problem",
        "settings",
        "status",
        "wished",
    )  # fmt: skip

    def __init__(self, prepared: Prepared, settings: Settings, switches: Mapping[str, str]) -> None:
        self.settings = settings
        self.caller: Caller | None = None
        self.parameters: Mapping[str, Any] = prepared.path_values
        self.parameters_so_far: Mapping[str, Any] = prepared.path_values
        self.body: Any = None
        self.problem: RequestProblem | None = None
        self.misuse: ControlError | None = None
        self.wished: tuple[Example, int] | None = None
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
            self._read_wishes(prepared.operation, prepared.request, switches)

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

    def _read_wishes(self, operation: Operation, request: Request, switches: Mapping[str, str]) -> None:
        prefer = request.headers.get("prefer")
        if prefer is not None:
            try:
                wish = requested_answer.read_preference(prefer)
                self.status = requested_answer.preferred_status(operation, wish)
                self.wished, self.dynamic = requested_answer.preferred_example(operation, wish, switches), wish.dynamic
            except ControlError as misuse:
                self.misuse = misuse
        self.magic = requested_answer.example_of_magic_id(operation, self.parameters, self.body)
        self.documented = requested_answer.documented_example(operation, self.parameters)


class LastAnswer:
    """What a request was answered last, which it is answered again while nothing changes that answers depend on.

    As a whole at the same time; its body (`answer`) from then on until time alone changes it.

    Args:
        serial: Of the namespace.
        changes: How often what answers depend on had changed.
        answer: What was said.
        credential_ends: Whether the caller's credential is to be looked at each time.
    """

    __slots__ = ("_changes", "_sent", "_serial", "_until", "answer")

    def __init__(self, serial: int, changes: int, answer: Answer, credential_ends: bool) -> None:
        self._serial, self._changes, self.answer = serial, changes, answer
        self._until = 0 if credential_ends else answer.until
        self._sent: tuple[int, Response | None] = (-1, None)

    def sent(self, now: int, response: Response) -> Response:
        """Remember how it was sent at a time (milliseconds)."""
        self._sent = (now, response)
        return response

    def holds(self, serial: int, changes: int) -> bool:
        """Whether nothing but time has passed."""
        return self._serial == serial and self._changes == changes

    def response_at(self, now: int) -> Response | None:
        """How it was sent at this time; None where that was another time."""
        at, response = self._sent
        return response if at == now else None

    def lasts(self, now: int) -> bool:
        """Whether the body is still the same."""
        return self._sent[0] <= now < self._until
