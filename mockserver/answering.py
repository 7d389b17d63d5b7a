"""The order of the steps from a prepared request to its answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .answers.declared_problem import declared_answer, standard_answer, with_detail
from .answers.made_answer import made_answer, requested_values
from .definitions import Definitions, Example, Operation
from .definitions.parameter_values import texts_of
from .errors import ControlError, RequestProblem
from .faults import effects
from .faults.kinds import GATEWAY, NETWORK
from .faults.patch import TestFailed, Unpatchable
from .faults.registry import MatchedFault
from .generate import Fake, hex_id
from .jobs.clock import LATEST, utc
from .model import Answer, Response
from .namespace import Namespace
from .prepared import LARGEST_ANSWER, Admitted, LastAnswer, Prepared
from .services import CALLS, service_of
from .services.base import Context
from .settings import Settings
from .steps import render
from .steps.replay import replay
from .steps.respond import respond, respond_as_documented

_LOG = logging.getLogger("mockserver")

CRASHED = "the mock failed: "
"""What the line of `X-Mock-Problem` begins with, where the mock itself is at fault."""


class _RequestState:
    """What is known of a request so far: a problem is answered with it, however far the request came."""

    __slots__ = ("credential_ends", "namespace", "now", "parameters", "prepared", "request_id", "taken")

    def __init__(self, prepared: Prepared, namespace: Namespace, now: int) -> None:
        self.prepared = prepared
        self.namespace = namespace
        self.now = now
        self.request_id = prepared.request_id(namespace.settings.seed, now)
        self.parameters: Mapping[str, Any] = prepared.path_values
        self.taken: MatchedFault | None = None
        self.credential_ends = False


def _said_again(answer: Answer, prepared: Prepared, namespace: Namespace, now: int) -> Response:
    """An answer that still holds, at another time: its headers differ."""
    request_id = prepared.request_id(namespace.settings.seed, now)
    if answer.body_at is not None:
        answer = replace(answer, body=answer.body_at(now, request_id))
    return render.response(answer, now, request_id, prepared.vendor)


class Answering:
    """Answers requests by these definitions, settings and switches. It has no state of its own."""

    def __init__(self, definitions: Definitions, settings: Settings, switches: Mapping[str, str]) -> None:
        self._definitions = definitions
        self._settings = settings
        self._switches = switches

    def response(self, prepared: Prepared, namespace: Namespace, now: int) -> Response:
        """The answer to a request in a namespace, at a time (milliseconds). Never raises.

        The answer is remembered with the request, for as long as nothing changes in the namespace and time alone doesn't
        change it.
        """
        faulty, changes = namespace.faults.entries, namespace.changes()
        last = prepared.last
        if last is not None and not faulty and last.holds(namespace.serial, changes):
            response = last.response_at(now)
            if response is not None:
                return response
            if last.lasts(now):
                return last.sent(now, _said_again(last.answer, prepared, namespace, now))
        state = _RequestState(prepared, namespace, now)
        answer = self._answer_or_problem(state)
        taken = state.taken
        response = render.response(answer, now, state.request_id, prepared.vendor, quick=taken is None)
        if taken is not None:
            response, moved = effects.apply_fault(taken, response, namespace.settings.seed)
            if moved:
                namespace.clock.advance_to(min(LATEST, namespace.clock.now() + moved))
        elif prepared.repeatable and not faulty and changes == namespace.changes() and len(response.body) <= LARGEST_ANSWER:
            last = prepared.last = LastAnswer(namespace.serial, changes, answer, state.credential_ends)
            last.sent(now, response)
        return response

    def refusal(self, prepared: Prepared, namespace: Namespace, now: int, misuse: ControlError) -> Response:
        """The answer to a request that names an invalid namespace."""
        service = self._definitions.service_at(prepared.request.path)
        request_id = prepared.request_id(namespace.settings.seed, now)
        return render.response(render.misuse_answer(misuse), now, request_id, service.vendor if service else "")

    def _answer_or_problem(self, state: _RequestState) -> Answer:
        try:
            return self._serve(state)
        except RequestProblem as problem:
            return self._refuse(state, problem)
        except ControlError as misuse:
            return render.misuse_answer(misuse)
        except Exception as crash:
            request = state.prepared.request
            _LOG.exception("mockserver failed to answer %s %s", request.method, ascii(request.path))
            detail = f"{CRASHED}{type(crash).__name__}; see its log"
            return self._refuse(state, RequestProblem("internal-error", detail))

    def _serve(self, state: _RequestState) -> Answer:
        operation = state.prepared.operation
        if operation is None:
            assert state.prepared.problem is not None
            return self._refuse(state, state.prepared.problem)
        faults = state.namespace.faults
        if faults.entries:
            state.taken = faults.take(operation.id, partial(texts_of, operation, state.prepared.request), state.now)
            if state.taken:
                return self._serve_with(state.taken, operation, state)
        return self._respond(operation, state, self._admit(state))

    def _admit(self, state: _RequestState) -> Admitted:
        """What a request comes to that is in order. Raises RequestProblem."""
        admitted = state.prepared.admitted(state.namespace.settings, self._switches)
        if admitted.caller is not None and admitted.caller.check_time is not None:
            state.credential_ends = True
            admitted.caller.check_time(state.now)
        state.parameters = admitted.parameters_so_far
        if admitted.problem is not None:
            raise admitted.problem.again()
        return admitted

    def _respond(self, operation: Operation, state: _RequestState, admitted: Admitted) -> Answer:
        context = Context(
            admitted.parameters,
            admitted.body,
            state.now,
            state.request_id,
            self._switches,
            state.namespace,
            state.prepared.request,
        )
        answer = self._forced(operation, state, admitted, context) or respond(operation, context)
        return replace(answer, problem=admitted.notice) if admitted.notice and not answer.problem else answer

    def _serve_with(self, taken: MatchedFault, operation: Operation, state: _RequestState) -> Answer:
        """The answer to a request that gets a fault."""
        fault = taken.fault
        documented = partial(self._documented_error, state)
        if fault.stage == GATEWAY:
            return effects.gateway_answer(taken, operation, documented, self._switches, state.namespace.settings.seed)
        if fault.stage == NETWORK:
            return self._respond(operation, state, self._admit(state))
        try:
            admitted = self._admit(state)
            if fault.error is not None:
                return effects.error_answer(fault, operation, documented, self._switches)
            answer = self._respond(operation, state, admitted)
        except (RequestProblem, ControlError):
            self._spare(taken, state)
            raise
        try:
            return effects.apply_patch_to_answer(fault.patch, answer)
        except TestFailed:
            self._spare(taken, state)
            return answer
        except Unpatchable as error:
            raise ControlError("Fault can't be applied", f"fault {taken.number}: {error}", 500) from None

    def _spare(self, taken: MatchedFault, state: _RequestState) -> None:
        state.namespace.faults.release(taken)
        state.taken = None

    def _documented_error(self, state: _RequestState, example: Example, status: int) -> Answer:
        return render.error_answer(self._definitions, example, status, self._facts(state), self._switches)

    def _forced(self, operation: Operation, state: _RequestState, admitted: Admitted, context: Context) -> Answer | None:
        """The answer that `Prefer`, a magic id, a recorded job's ids or the documented example's ask for."""
        if admitted.misuse is not None:
            raise admitted.misuse.again()
        if admitted.status is not None:
            fake = Fake(self._settings.seed, operation.id, admitted.status)
            requested = requested_values(operation, context.parameters)
            made = made_answer(operation, admitted.status, fake, requested, context.accept)
            return with_detail(operation, made, "As Prefer asks.") if made.status >= 400 else made
        if admitted.wished is not None:
            return self._example(operation, state, context, *admitted.wished)
        magic = admitted.magic
        if isinstance(magic, str):
            raise RequestProblem("unknown-id" if operation.job else "parameter-invalid", magic)
        if magic is not None:
            return self._example(operation, state, context, magic, magic.status(self._switches))
        if admitted.dynamic:
            return None
        recorded = replay(operation, context)
        if recorded is not None:
            return recorded
        documented = admitted.documented
        return respond_as_documented(operation, context, documented) if documented else None

    def _example(
        self, operation: Operation, state: _RequestState, context: Context, example: Example, status: int
    ) -> Answer:
        if example.error is not None:
            return self._documented_error(state, example, status)
        if operation.id in CALLS:  # a token's header comes with its body
            return Answer(status, example.value, respond(operation, context).headers)
        service = service_of(operation) if operation.job else None
        body = service.adapt(example.value, self._settings.switches) if service else example.value
        return Answer(status, body)

    def _refuse(self, state: _RequestState, problem: RequestProblem) -> Answer:
        prepared = state.prepared
        result = render.problem(self._definitions, prepared.operation, prepared.request.path, problem, self._switches)
        if result is None:
            seed = state.namespace.settings.seed
            declared = declared_answer(prepared.operation, problem, seed) if prepared.operation else None
            return declared or standard_answer(problem)
        facts = {**self._facts(state), **problem.facts}
        return render.error_answer(self._definitions, *result, facts, self._switches, problem.detail)

    def _facts(self, state: _RequestState) -> dict[str, str]:
        """What messages of errors can have placeholders for."""
        operation = state.prepared.operation
        magic = operation.magic.parameter if operation and operation.magic else None
        return {
            "access_key": next(iter(self._settings.credentials), ""),
            "expires_at": utc(state.now).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "parameter": magic or "",
            "token": hex_id("refresh", state.request_id),
            **{name: str(value) for name, value in state.parameters.items()},
            "request_id": state.request_id,
        }
