"""The mock: the order of the steps from a request to its answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .definitions import Definitions, Example, Operation, load
from .errors import InputError, Misuse, Problem
from .generate import hex_id
from .jobs.clock import Clock, parse_time, utc
from .jobs.store import Store
from .journal import Exchange, Journal
from .model import Answer, Request, Response
from .services import CALLS, SINGLES
from .services.kinds import Context
from .settings import Settings
from .steps import force, render, route, validate
from .steps.authenticate import authenticate, authorise
from .steps.respond import respond

_LOG = logging.getLogger("mockserver")


@dataclass
class _Visit:
    """What is known of a request so far: a problem is answered with it, however far the request came."""

    request: Request
    now: int
    request_id: str
    operation: Operation | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Mock:
    """A mock of the documented services, whatever door requests come through. Thread-safe.

    Parameters: `settings`; `clock`, the real one by default; `definitions`, by default the shipped ones and those that the
    settings name; `on_exchange`, called with each exchange once it is answered. Raises InputError for a setting or a
    definition that is wrong.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        clock: Clock | None = None,
        definitions: Definitions | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.definitions = definitions or load(Path(path) for path in self.settings.definitions)
        self.clock = clock or Clock()
        self.store = Store()
        self.journal = Journal()
        self.on_exchange = on_exchange
        self.switches = switches_from(self.definitions, self.settings.switches)
        self._epoch = parse_time(self.settings.epoch) if self.settings.epoch else None

    def handle(self, request: Request) -> Response:
        """The answer to a request. Never raises; every exchange goes into the journal."""
        began, now = time.perf_counter_ns(), self.clock.now()
        visit = _Visit(request, now, hex_id(self.settings.seed, request.method, request.path, request.query, now))
        try:
            answer = self._serve(visit)
        except Problem as problem:
            answer = self._refuse(visit, problem)
        except Misuse as misuse:
            answer = render.misuse_answer(misuse)
        except Exception as crash:
            _LOG.exception("mockserver failed to answer %s %s", request.method, ascii(request.path))
            answer = self._refuse(visit, Problem("internal-error", f"the mock failed: {type(crash).__name__}; see its log"))
        response = render.response(answer, now, visit.request_id, self._vendor(visit))
        self._record(visit, response, (time.perf_counter_ns() - began) // 1_000)
        return response

    def reset(self) -> None:
        """Forget what was asked and answered: births, tokens, journal. The clock and the settings stay."""
        self.store.clear()
        self.journal.clear()

    def _serve(self, visit: _Visit) -> Answer:
        request = visit.request
        route.check_size(request)
        route.check_text(request)
        found = route.route(self.definitions, request)
        operation = visit.operation = found.operation
        visit.parameters = found.path_values
        authenticate(operation, request, self.settings, visit.now)
        strict = self.settings.unknown_query == "reject"
        parameters = validate.parameters(operation, found.path_values, request, strict, self.switches)
        visit.parameters = parameters
        body = validate.body(operation, request)
        authorise(operation, parameters, self.settings)
        context = Context(parameters, body, visit.now, visit.request_id, self.settings, self.switches, self.store)
        return self._forced(operation, visit, context) or respond(operation, context, self._epoch)

    def _forced(self, operation: Operation, visit: _Visit, context: Context) -> Answer | None:
        """The answer that `Prefer`, a magic id or the documented example's ids ask for."""
        asked = force.wish(visit.request.headers.get("prefer", ""))
        wished = force.wished(operation, asked, self.switches)
        if wished is not None:
            return self._example(operation, visit, context, *wished)
        magic = force.magic(operation, context.parameters, context.body)
        if isinstance(magic, str):
            raise Problem("unknown-id" if operation.job else "parameter-invalid", magic)
        documented = None if asked.dynamic else force.documented(operation, context.parameters)
        example = magic or documented
        return self._example(operation, visit, context, example, example.status(self.switches)) if example else None

    def _example(self, operation: Operation, visit: _Visit, context: Context, example: Example, status: int) -> Answer:
        if example.error is not None:
            return render.error_answer(self.definitions, example, status, self._facts(visit), self.switches)
        if operation.id in CALLS:  # a token's header comes with its body
            return Answer(status, example.value, respond(operation, context, self._epoch).headers)
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
        exchange = self.journal.add(visit.now, micros, operation, visit.request, response)
        if self.on_exchange:
            self.on_exchange(exchange)


def switches_from(definitions: Definitions, chosen: Mapping[str, str]) -> dict[str, str]:
    """The value of every switch: the user's choice or the default. Raises InputError for an unknown one."""
    for name, value in chosen.items():
        if name not in definitions.switches:
            raise InputError(f"{name!r} is not a switch; known: {', '.join(definitions.switches)}")
        if value not in definitions.switches[name].values:
            allowed = ", ".join(definitions.switches[name].values)
            raise InputError(f"switch {name} is {value!r}; allowed: {allowed}")
    return {name: chosen.get(name, switch.default) for name, switch in definitions.switches.items()}
