"""The mock: the order of the steps from a request to its answer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from .declare_job import DeclaredJob, declare
from .definitions import Definitions, Example, Operation, load
from .definitions.parameter_values import texts_of
from .errors import ControlError, InputError, RequestProblem
from .faults import effects
from .faults.declared_fault import DeclaredFault
from .faults.model import GATEWAY, NETWORK
from .faults.parse import fault_from
from .faults.patch import TestFailed, Unpatchable
from .faults.registry import MatchedFault
from .fixtures import read_fixtures, read_replays
from .generate import hex_id
from .jobs.clock import LATEST, Clock, utc
from .jobs.store import Store
from .journal import Journal, JournalEntry
from .model import Answer, RawRequest, Request, Response, request_from
from .namespace import DEFAULT_NAMESPACE, Namespace
from .services import CALLS, SINGLES
from .services.base import Context
from .settings import Settings, check_settings
from .steps import render, requested_answer, route, select_namespace, validate
from .steps.authenticate import authenticate, authorise
from .steps.replay import replay
from .steps.respond import respond, respond_as_documented

_LOG = logging.getLogger("mockserver")


_MOST_NAMESPACES = 100_000
CRASHED = "the mock failed: "
"""What the line of `X-Mock-Problem` begins with, where the mock itself is at fault."""

OnAnswer = Callable[[int, Request, Response, Operation | None, Namespace], None]
"""Called after each exchange: the namespace's time (milliseconds), the request and the answer as they are, secrets and all,
the operation, where there is one, and the namespace."""


@dataclass
class _RequestState:
    """What is known of a request so far: a problem is answered with it, however far the request came."""

    request: Request
    namespace: Namespace
    now: int
    request_id: str
    operation: Operation | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    taken: MatchedFault | None = None


class Mock:
    """A mock of the documented services, whatever door requests come through. Thread-safe.

    Parameters: `settings`; `clock` of the default namespace, by default as the settings say; `definitions`, by default the
    shipped ones and those that the settings name; `on_exchange`, called with each exchange once it is answered; `on_answer`,
    an `OnAnswer`, may also be set later; `sockets`, whether the door holds the raw sockets, so that faults can break
    them. Raises InputError for a setting, a definition or a fixture that is wrong.

    `default_namespace` names the namespace of requests that name none, by default the default one.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        clock: Clock | None = None,
        definitions: Definitions | None = None,
        on_exchange: Callable[[JournalEntry], None] | None = None,
        on_answer: OnAnswer | None = None,
        sockets: bool = True,
    ) -> None:
        self.settings = check_settings(settings or Settings())
        self.definitions = definitions or load(Path(path) for path in self.settings.definitions)
        self.on_exchange = on_exchange
        self.on_answer = on_answer
        self.sockets = sockets
        self.switches = switches_from(self.definitions, self.settings.switches)
        self._lock = threading.Lock()
        self.default_namespace = DEFAULT_NAMESPACE
        self._namespaces = {DEFAULT_NAMESPACE: Namespace.new(DEFAULT_NAMESPACE, self.settings, clock)}
        files = [Path(path) for path in self.settings.fixtures]
        self._fixtures = {str(path): read_fixtures(path) for path in files}
        self._replays = read_replays(files, self.definitions)
        self._declare_fixtures(self.namespace())

    def __repr__(self) -> str:
        return f"<Mock {', '.join(self.definitions.services)}; {len(self._namespaces)} namespaces; {self.clock!r}>"

    def namespace(self, name: str = DEFAULT_NAMESPACE, **settings: Any) -> Namespace:
        """The namespace of this name; a new one if there is none yet, or if `settings` differ from the mock's.

        A new one knows the jobs of the fixtures. Raises InputError for a setting that is wrong, ControlError for an
        invalid name, for settings of the default namespace, and for too many namespaces.
        """
        with self._lock:
            namespace = self._namespaces.get(name)
            if namespace is None or settings:
                namespace = self._new_namespace(select_namespace.checked_name(name), settings)
                self._namespaces[name] = namespace
            return namespace

    def _new_namespace(self, name: str, settings: Mapping[str, Any]) -> Namespace:
        if name == DEFAULT_NAMESPACE:
            raise ControlError(
                "Invalid namespace", f"the namespace {DEFAULT_NAMESPACE!r} has the mock's own settings; reset it instead"
            )
        if name not in self._namespaces and len(self._namespaces) >= _MOST_NAMESPACES:
            raise ControlError("Too many namespaces", f"there are {_MOST_NAMESPACES}; delete some", 429)
        namespace = Namespace.new(name, check_settings(replace(self.settings, **settings)))
        self._declare_fixtures(namespace)
        return namespace

    def delete_namespace(self, name: str) -> None:
        """Forget a namespace. The default one is reset."""
        if name == DEFAULT_NAMESPACE:
            self.reset()
        else:
            with self._lock:
                self._namespaces.pop(name, None)

    def namespace_names(self) -> list[str]:
        """The namespaces there are, the default one first."""
        return list(self._namespaces)

    @property
    def clock(self) -> Clock:
        """The default namespace's clock."""
        return self.namespace().clock

    @property
    def store(self) -> Store:
        """The default namespace's state."""
        return self.namespace().store

    @property
    def journal(self) -> Journal:
        """The default namespace's journal."""
        return self.namespace().journal

    def job(self, service: str, *, namespace: str = DEFAULT_NAMESPACE, **fields: Any) -> DeclaredJob:
        """Declare a job.

        Parameters: `service` is dataarts, enos, cdm, tics or taurusdb; `fields` are parts of its identity by the vendor's
        names (left out, they match any), `life` (a name, or a list of status or (status, duration)), `progress` (`time`,
        `immediate`, `polls`, `polls:N`), `created` (ISO 8601) or `age`, `visible_after`, `facts`; for lists `count` and
        `every`. Durations are seconds, or text such as `2h`. Raises InputError.
        """
        return declare(self.definitions, self.namespace(namespace), service, fields)

    def fail(self, target: str, *, namespace: str = DEFAULT_NAMESPACE, **fields: Any) -> DeclaredFault:
        """Declare a fault: what some requests get instead of their answer, or on top of it.

        Parameters: `target`, a service, an operation id, or `*` for all; `fields`, see "Faults" in README.md:

        - which requests: parts of the path and query by the vendor's names, such as `job_name` (left out, any);
        - when: `times` (how many), `after` (how many are spared first), `share` (0 to 1, by the seed), `window` (from, to);
        - what, one of: `error` (a documented one's name), `status`, `quota`, `fault` (a name of `faults.model.KINDS`),
          `patch` (RFC 6902), `body` (which may go with `status`); and with any: `delay` (and `clock`: real or mock),
          `headers`; `retry_after` goes with refusals; `content_type` with `body`.

        Once the operation is known, the oldest fault that applies is taken. `status`, `quota`, `body` and most kinds of
        `fault` answer at once, as a gateway does, before anyone looks at credentials. `delay`, SLOW_DRIBBLE and what
        breaks a body (CLOSE_MID_BODY, SHORT_BODY, TRUNCATED_JSON, WRONG_ENCODING) come upon whatever the service
        answers. `error`, `patch` and `headers` are the service's: a request that is refused anyway doesn't get or count
        them. Raises InputError.
        """
        selected = self.namespace(namespace)
        fault = fault_from(self.definitions, target, fields, selected.clock.now(), self.sockets)
        if fault.listener and selected.name != DEFAULT_NAMESPACE:
            raise InputError(
                f"{fault.fault} is about the port, which all namespaces share; declare it in {DEFAULT_NAMESPACE!r}"
            )
        return DeclaredFault(selected.faults, selected.faults.add(fault))

    def reset(self, namespace: str = DEFAULT_NAMESPACE) -> None:
        """Forget what was declared, asked and answered; the clock starts again. Fixtures are declared again."""
        selected = self.namespace(namespace)
        selected.reset()
        self._declare_fixtures(selected)

    def handle_raw(self, raw: RawRequest) -> Response:
        """The answer to a request as it came from a socket. Never raises; every exchange goes into the journal."""
        return self.handle(request_from(raw))

    def handle(self, request: Request) -> Response:
        """The answer to a request. Never raises; every exchange goes into the journal."""
        began, namespace, misuse = time.perf_counter_ns(), self._namespaces[DEFAULT_NAMESPACE], None
        try:
            namespace = self._namespace_of(request)
        except ControlError as error:
            misuse = error
        now = namespace.clock.now()
        visit = _RequestState(
            request, namespace, now, hex_id(namespace.settings.seed, request.method, request.path, request.query, now)
        )
        answer = render.misuse_answer(misuse) if misuse else self._answer(visit)
        response = render.response(answer, now, visit.request_id, self._vendor(visit))
        if visit.taken:
            response, moved = effects.finished(visit.taken, response, namespace.settings.seed)
            if moved:
                namespace.clock.advance_to(min(LATEST, namespace.clock.now() + moved))
        if namespace.clock.tick and visit.operation and visit.operation.job:
            namespace.clock.poll()
        self._record(visit, response, (time.perf_counter_ns() - began) // 1_000)
        return response

    def _namespace_of(self, request: Request) -> Namespace:
        named = select_namespace.namespace_header(request)
        if named is not None:
            return self.namespace(named)
        if len(self._namespaces) > 1:
            namespace = self._namespaces.get(select_namespace.credential_name(request) or self.default_namespace)
            if namespace is not None:
                return namespace
        return self._namespaces.get(self.default_namespace) or self._namespaces[DEFAULT_NAMESPACE]

    def _answer(self, visit: _RequestState) -> Answer:
        try:
            return self._serve(visit)
        except RequestProblem as problem:
            return self._refuse(visit, problem)
        except ControlError as misuse:
            return render.misuse_answer(misuse)
        except Exception as crash:
            _LOG.exception("mockserver failed to answer %s %s", visit.request.method, ascii(visit.request.path))
            detail = f"{CRASHED}{type(crash).__name__}; see its log"
            return self._refuse(visit, RequestProblem("internal-error", detail))

    def _serve(self, visit: _RequestState) -> Answer:
        request = visit.request
        route.check_size(request)
        route.check_text(request)
        found = route.route(self.definitions, request)
        operation = visit.operation = found.operation
        visit.parameters = found.path_values
        faults = visit.namespace.faults
        if faults.entries:
            visit.taken = faults.take(operation.id, partial(texts_of, operation, request), visit.now)
            if visit.taken:
                return self._serve_with(visit.taken, operation, visit)
        return self._respond(operation, visit, self._admit(operation, visit))

    def _admit(self, operation: Operation, visit: _RequestState) -> Context:
        """What answering may look at, of a request that is in order. Raises RequestProblem."""
        request, settings = visit.request, visit.namespace.settings
        authenticate(operation, request, settings, visit.now)
        strict = settings.unknown_query == "reject"
        parameters = validate.parameters(operation, visit.parameters, request, strict, self.switches)
        visit.parameters = parameters
        body = validate.body(operation, request)
        authorise(operation, parameters, settings)
        return Context(parameters, body, visit.now, visit.request_id, self.switches, visit.namespace)

    def _respond(self, operation: Operation, visit: _RequestState, context: Context) -> Answer:
        return self._forced(operation, visit, context) or respond(operation, context)

    def _serve_with(self, taken: MatchedFault, operation: Operation, visit: _RequestState) -> Answer:
        """The answer to a request that gets a fault."""
        fault = taken.fault
        documented = partial(self._documented_error, visit)
        if fault.stage == GATEWAY:
            return effects.gateway_answer(taken, operation, documented, self.switches, visit.namespace.settings.seed)
        if fault.stage == NETWORK:
            return self._respond(operation, visit, self._admit(operation, visit))
        try:
            context = self._admit(operation, visit)
            if fault.error is not None:
                return effects.error_answer(fault, operation, documented, self.switches)
            answer = self._respond(operation, visit, context)
        except (RequestProblem, ControlError):
            self._spare(taken, visit)
            raise
        try:
            return effects.patched(fault.patch, answer)
        except TestFailed:
            self._spare(taken, visit)
            return answer
        except Unpatchable as error:
            raise ControlError("Fault can't be applied", f"fault {taken.number}: {error}", 500) from None

    def _spare(self, taken: MatchedFault, visit: _RequestState) -> None:
        visit.namespace.faults.release(taken)
        visit.taken = None

    def _documented_error(self, visit: _RequestState, example: Example, status: int) -> Answer:
        return render.error_answer(self.definitions, example, status, self._facts(visit), self.switches)

    def _forced(self, operation: Operation, visit: _RequestState, context: Context) -> Answer | None:
        """The answer that `Prefer`, a magic id, a recorded job's ids or the documented example's ask for."""
        asked = requested_answer.read_preference(visit.request.headers.get("prefer", ""))
        wished = requested_answer.preferred_example(operation, asked, self.switches)
        if wished is not None:
            return self._example(operation, visit, context, *wished)
        magic = requested_answer.example_of_magic_id(operation, context.parameters, context.body)
        if isinstance(magic, str):
            raise RequestProblem("unknown-id" if operation.job else "parameter-invalid", magic)
        if magic is not None:
            return self._example(operation, visit, context, magic, magic.status(self.switches))
        if asked.dynamic:
            return None
        recorded = replay(operation, context)
        if recorded is not None:
            return recorded
        documented = requested_answer.documented_example(operation, context.parameters)
        return respond_as_documented(operation, context, documented) if documented else None

    def _example(
        self, operation: Operation, visit: _RequestState, context: Context, example: Example, status: int
    ) -> Answer:
        if example.error is not None:
            return self._documented_error(visit, example, status)
        if operation.id in CALLS:  # a token's header comes with its body
            return Answer(status, example.value, respond(operation, context).headers)
        service = SINGLES.get(operation.service)
        body = service.adapt(example.value, self.settings.switches) if service and operation.job else example.value
        return Answer(status, body)

    def _refuse(self, visit: _RequestState, problem: RequestProblem) -> Answer:
        found = render.problem(self.definitions, visit.operation, visit.request.path, problem, self.switches)
        if found is None:
            return render.nobody_answer(problem)
        facts = {**self._facts(visit), **problem.facts}
        return render.error_answer(self.definitions, *found, facts, self.switches, problem.detail)

    def _facts(self, visit: _RequestState) -> dict[str, str]:
        """What messages of errors can have placeholders for."""
        magic = visit.operation.magic.parameter if visit.operation and visit.operation.magic else None
        return {
            "access_key": next(iter(self.settings.credentials), ""),
            "expires_at": utc(visit.now).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "parameter": magic or "",
            "token": hex_id("refresh", visit.request_id),
            **{name: str(value) for name, value in visit.parameters.items()},
            "request_id": visit.request_id,
        }

    def _vendor(self, visit: _RequestState) -> str:
        service = visit.operation or self.definitions.service_at(visit.request.path)
        return service.vendor if service else ""

    def _record(self, visit: _RequestState, response: Response, micros: int) -> None:
        operation = visit.operation.id if visit.operation else None
        exchange = visit.namespace.journal.add(visit.now, micros, operation, visit.request, response)
        if self.on_exchange:
            self.on_exchange(exchange)
        if self.on_answer:
            self.on_answer(visit.now, visit.request, response, visit.operation, visit.namespace)

    def _declare_fixtures(self, namespace: Namespace) -> None:
        namespace.replays = self._replays
        for path, fixtures in self._fixtures.items():
            for index, job in enumerate(fixtures.jobs):
                with _at(place := f"{path}#/jobs/{index}"):
                    declare(self.definitions, namespace, job["service"], _but("service", job), place)
            for index, fault in enumerate(fixtures.faults):
                with _at(place := f"{path}#/faults/{index}"):
                    fields, now = _but("target", fault), namespace.clock.now()
                    read = fault_from(self.definitions, fault["target"], fields, now, self.sockets)
                if namespace.name == DEFAULT_NAMESPACE or not read.listener:  # there is one port for all namespaces
                    namespace.faults.add(read, place)


def _but(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {other: value for other, value in fields.items() if other != name}


@contextmanager
def _at(where: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def switches_from(definitions: Definitions, chosen: Mapping[str, str]) -> dict[str, str]:
    """The value of every switch: the user's choice or the default. Raises InputError for an unknown one."""
    for name, value in chosen.items():
        if name not in definitions.switches:
            raise InputError(f"{name!r} is not a switch; known: {', '.join(definitions.switches)}")
        if value not in definitions.switches[name].values:
            allowed = ", ".join(definitions.switches[name].values)
            raise InputError(f"switch {name} is {value!r}; allowed: {allowed}")
    return {name: chosen.get(name, switch.default) for name, switch in definitions.switches.items()}
