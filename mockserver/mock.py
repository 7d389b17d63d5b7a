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

from .actions.values import identity_of
from .declare import DeclaredJob, declare
from .definitions import Definitions, Example, Operation, load
from .definitions.reading import texts_of
from .errors import InputError, Misuse, Problem
from .faults import effects
from .faults.active import Taken
from .faults.declare import fault_from
from .faults.handle import DeclaredFault
from .faults.model import GATEWAY, NETWORK
from .faults.patch import TestFailed, Unpatchable
from .fixtures import read_fixtures, read_replays
from .generate import hex_id
from .jobs.clock import LATEST, Clock, utc
from .jobs.store import Store
from .journal import Exchange, Journal
from .model import Answer, RawRequest, Request, Response, request_from
from .services import CALLS, SINGLES
from .services.kinds import Context
from .settings import Settings, check_settings
from .steps import force, namespace, render, route, validate
from .steps.authenticate import authenticate, authorise
from .steps.replay import replay
from .steps.respond import respond, respond_as_documented
from .world import DEFAULT, World

_LOG = logging.getLogger("mockserver")


_MOST_WORLDS = 100_000
CRASHED = "the mock failed: "
"""What the line of `X-Mock-Problem` begins with, where the mock itself is at fault."""

OnAnswer = Callable[[int, Request, Response, Operation | None, World], None]
"""Called after each exchange: the world's time (milliseconds), the request and the answer as they are, secrets and all, the
operation, where there is one, and the world."""


@dataclass
class _Visit:
    """What is known of a request so far: a problem is answered with it, however far the request came."""

    request: Request
    world: World
    now: int
    request_id: str
    operation: Operation | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    taken: Taken | None = None


class Mock:
    """A mock of the documented services, whatever door requests come through. Thread-safe.

    Parameters: `settings`; `clock` of the default namespace, by default as the settings say; `definitions`, by default the
    shipped ones and those that the settings name; `on_exchange`, called with each exchange once it is answered; `on_answer`,
    an `OnAnswer`, may also be set later; `sockets`, whether the door holds the raw sockets, so that faults can break
    them. Raises InputError for a setting, a definition or a fixture that is wrong.

    `home` names the namespace of requests that name none, by default the default one.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        clock: Clock | None = None,
        definitions: Definitions | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
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
        self.home = DEFAULT
        self._worlds = {DEFAULT: World.new(DEFAULT, self.settings, clock)}
        files = [Path(path) for path in self.settings.fixtures]
        self._fixtures = {str(path): read_fixtures(path) for path in files}
        self._replays = read_replays(files, self.definitions)
        self._declare_fixtures(self.world())

    def __repr__(self) -> str:
        return f"<Mock {', '.join(self.definitions.services)}; {len(self._worlds)} namespaces; {self.clock!r}>"

    def world(self, name: str = DEFAULT, **settings: Any) -> World:
        """The world of a namespace, new if nobody asked for it yet; with `settings` that differ from the mock's, new anyway.

        A new one knows the jobs of the fixtures. Raises InputError for a setting that is wrong, Misuse for a name that is
        none, for settings of the default namespace, and for too many namespaces.
        """
        with self._lock:
            world = self._worlds.get(name)
            if world is None or settings:
                world = self._new_world(namespace.checked(name), settings)
                self._worlds[name] = world
            return world

    def _new_world(self, name: str, settings: Mapping[str, Any]) -> World:
        if name == DEFAULT:
            raise Misuse("Invalid namespace", f"the namespace {DEFAULT!r} has the mock's own settings; reset it instead")
        if name not in self._worlds and len(self._worlds) >= _MOST_WORLDS:
            raise Misuse("Too many namespaces", f"there are {_MOST_WORLDS}; delete some", 429)
        world = World.new(name, check_settings(replace(self.settings, **settings)))
        self._declare_fixtures(world)
        return world

    def drop_world(self, name: str) -> None:
        """Forget a namespace. The default one is reset."""
        if name == DEFAULT:
            self.reset()
        else:
            with self._lock:
                self._worlds.pop(name, None)

    def world_names(self) -> list[str]:
        """The namespaces there are, the default one first."""
        return list(self._worlds)

    @property
    def clock(self) -> Clock:
        """The default namespace's clock."""
        return self.world().clock

    @property
    def store(self) -> Store:
        """The default namespace's state."""
        return self.world().store

    @property
    def journal(self) -> Journal:
        """The default namespace's journal."""
        return self.world().journal

    def job(self, service: str, *, namespace: str = DEFAULT, **fields: Any) -> DeclaredJob:
        """Declare a job.

        Parameters: `service` is dataarts, enos, cdm, tics or taurusdb; `fields` are parts of its identity by the vendor's
        names (left out, they match any), `life` (a name, or a list of status or (status, duration)), `progress` (`time`,
        `immediate`, `polls`, `polls:N`), `created` (ISO 8601) or `age`, `visible_after`, `facts`, `started` (False: it
        waits for a call that starts it); for lists `count` and `every`. Durations are seconds, or text such as `2h`.
        Raises InputError.
        """
        return declare(self.definitions, self.world(namespace), service, fields)

    def fail(self, target: str, *, namespace: str = DEFAULT, **fields: Any) -> DeclaredFault:
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
        world = self.world(namespace)
        fault = fault_from(self.definitions, target, fields, world.clock.now(), self.sockets)
        if fault.listener and world.name != DEFAULT:
            raise InputError(f"{fault.fault} is about the port, which all namespaces share; declare it in {DEFAULT!r}")
        return DeclaredFault(world.faults, world.faults.add(fault))

    def reset(self, namespace: str = DEFAULT) -> None:
        """Forget what was declared, asked and answered; the clock begins anew. Fixtures are declared again."""
        world = self.world(namespace)
        world.reset()
        self._declare_fixtures(world)

    def handle_raw(self, raw: RawRequest) -> Response:
        """The answer to a request as it came from a socket. Never raises; every exchange goes into the journal."""
        return self.handle(request_from(raw))

    def handle(self, request: Request) -> Response:
        """The answer to a request. Never raises; every exchange goes into the journal."""
        began, world, misuse = time.perf_counter_ns(), self._worlds[DEFAULT], None
        try:
            world = self._world_of(request)
        except Misuse as error:
            misuse = error
        now = world.clock.now()
        visit = _Visit(request, world, now, hex_id(world.settings.seed, request.method, request.path, request.query, now))
        answer = render.misuse_answer(misuse) if misuse else self._answer(visit)
        response = render.response(answer, now, visit.request_id, self._vendor(visit))
        if visit.taken:
            response, moved = effects.finished(visit.taken, response, world.settings.seed)
            if moved:
                world.clock.advance_to(min(LATEST, world.clock.now() + moved))
        if world.clock.tick and visit.operation and visit.operation.job:
            world.clock.poll()
        self._record(visit, response, (time.perf_counter_ns() - began) // 1_000)
        return response

    def _world_of(self, request: Request) -> World:
        named = namespace.named(request)
        if named is not None:
            return self.world(named)
        if len(self._worlds) > 1:
            world = self._worlds.get(namespace.credential_name(request) or self.home)
            if world is not None:
                return world
        return self._worlds.get(self.home) or self._worlds[DEFAULT]

    def _answer(self, visit: _Visit) -> Answer:
        try:
            return self._serve(visit)
        except Problem as problem:
            return self._refuse(visit, problem)
        except Misuse as misuse:
            return render.misuse_answer(misuse)
        except Exception as crash:
            _LOG.exception("mockserver failed to answer %s %s", visit.request.method, ascii(visit.request.path))
            detail = f"{CRASHED}{type(crash).__name__}; see its log"
            return self._refuse(visit, Problem("internal-error", detail))

    def _serve(self, visit: _Visit) -> Answer:
        request = visit.request
        route.check_size(request)
        route.check_text(request)
        found = route.route(self.definitions, request)
        operation = visit.operation = found.operation
        visit.parameters = found.path_values
        faults = visit.world.faults
        if faults.entries:
            visit.taken = faults.take(operation.id, partial(texts_of, operation, request), visit.now)
            if visit.taken:
                return self._serve_with(visit.taken, operation, visit)
        return self._respond(operation, visit, self._admit(operation, visit))

    def _admit(self, operation: Operation, visit: _Visit) -> Context:
        """What answering may look at, of a request that is in order. Raises Problem."""
        request, settings = visit.request, visit.world.settings
        authenticate(operation, request, settings, visit.now)
        strict = settings.unknown_query == "reject"
        parameters = validate.parameters(operation, visit.parameters, request, strict, self.switches)
        visit.parameters = parameters
        body = validate.body(operation, request)
        if operation.action:
            visit.parameters = {**identity_of(operation.action, parameters, body), **parameters}
        authorise(operation, parameters, settings)
        return Context(parameters, body, visit.now, visit.request_id, self.switches, visit.world)

    def _respond(self, operation: Operation, visit: _Visit, context: Context) -> Answer:
        return self._forced(operation, visit, context) or respond(operation, context)

    def _serve_with(self, taken: Taken, operation: Operation, visit: _Visit) -> Answer:
        """The answer to a request that gets a fault."""
        fault = taken.fault
        documented = partial(self._documented_error, visit)
        if fault.stage == GATEWAY:
            return effects.gateway_answer(taken, operation, documented, self.switches, visit.world.settings.seed)
        if fault.stage == NETWORK:
            return self._respond(operation, visit, self._admit(operation, visit))
        try:
            context = self._admit(operation, visit)
            if fault.error is not None:
                return effects.error_answer(fault, operation, documented, self.switches)
            answer = self._respond(operation, visit, context)
        except (Problem, Misuse):
            self._spare(taken, visit)
            raise
        try:
            return effects.patched(fault.patch, answer)
        except TestFailed:
            self._spare(taken, visit)
            return answer
        except Unpatchable as error:
            raise Misuse("Fault can't be applied", f"fault {taken.number}: {error}", 500) from None

    def _spare(self, taken: Taken, visit: _Visit) -> None:
        visit.world.faults.give_back(taken)
        visit.taken = None

    def _documented_error(self, visit: _Visit, example: Example, status: int) -> Answer:
        return render.error_answer(self.definitions, example, status, self._facts(visit), self.switches)

    def _forced(self, operation: Operation, visit: _Visit, context: Context) -> Answer | None:
        """The answer that `Prefer`, a magic id, a recorded job's ids or the documented example's ask for."""
        asked = force.wish(visit.request.headers.get("prefer", ""))
        wished = force.wished(operation, asked, self.switches)
        if wished is not None:
            return self._example(operation, visit, context, *wished)
        magic = force.magic(operation, context.parameters, context.body)
        if isinstance(magic, str):
            raise Problem("unknown-id" if operation.job else "parameter-invalid", magic)
        if magic is not None:
            return self._example(operation, visit, context, magic, magic.status(self.switches))
        if asked.dynamic:
            return None
        recorded = replay(operation, context)
        if recorded is not None:
            return recorded
        documented = force.documented(operation, context.parameters)
        return respond_as_documented(operation, context, documented) if documented else None

    def _example(self, operation: Operation, visit: _Visit, context: Context, example: Example, status: int) -> Answer:
        if example.error is not None:
            return self._documented_error(visit, example, status)
        if operation.id in CALLS:  # a token's header comes with its body
            return Answer(status, example.value, respond(operation, context).headers)
        service = SINGLES.get(operation.service)
        body = service.adapt(example.value, self.settings.switches) if service and operation.job else example.value
        return Answer(status, body)

    def _refuse(self, visit: _Visit, problem: Problem) -> Answer:
        found = render.problem(self.definitions, visit.operation, visit.request.path, problem, self.switches)
        if found is None:
            return render.nobody_answer(problem)
        facts = {**self._facts(visit), **problem.facts}
        return render.error_answer(self.definitions, *found, facts, self.switches, problem.detail)

    def _facts(self, visit: _Visit) -> dict[str, str]:
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

    def _vendor(self, visit: _Visit) -> str:
        service = visit.operation or self.definitions.service_at(visit.request.path)
        return service.vendor if service else ""

    def _record(self, visit: _Visit, response: Response, micros: int) -> None:
        operation = visit.operation.id if visit.operation else None
        exchange = visit.world.journal.add(visit.now, micros, operation, visit.request, response)
        if self.on_exchange:
            self.on_exchange(exchange)
        if self.on_answer:
            self.on_answer(visit.now, visit.request, response, visit.operation, visit.world)

    def _declare_fixtures(self, world: World) -> None:
        world.replays = self._replays
        for path, fixtures in self._fixtures.items():
            for index, job in enumerate(fixtures.jobs):
                with _at(place := f"{path}#/jobs/{index}"):
                    declare(self.definitions, world, job["service"], _but("service", job), place)
            for index, fault in enumerate(fixtures.faults):
                with _at(place := f"{path}#/faults/{index}"):
                    fields, now = _but("target", fault), world.clock.now()
                    read = fault_from(self.definitions, fault["target"], fields, now, self.sockets)
                if world.name == DEFAULT or not read.listener:  # there is one port for all namespaces
                    world.faults.add(read, place)


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
