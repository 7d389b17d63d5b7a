"""Runs the steps, in order, from a prepared request to its answer."""

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
"""The beginning of the `X-Mock-Problem` line if the mock itself has failed."""


class _RequestState:
    """What is known about a request so far; errors are answered with it, at whatever step they occur."""

    __slots__ = ("credential_expires", "matched_fault", "namespace", "now", "parameters", "prepared", "request_id")

    def __init__(self, prepared: Prepared, namespace: Namespace, now: int) -> None:
        self.prepared = prepared
        self.namespace = namespace
        self.now = now
        self.request_id = prepared.request_id(namespace.settings.seed, now)
        self.parameters: Mapping[str, Any] = prepared.path_values
        self.matched_fault: MatchedFault | None = None
        self.credential_expires = False


def _render_again(answer: Answer, prepared: Prepared, namespace: Namespace, now: int) -> Response:
    """Render an answer that still holds again: only its headers differ."""
    request_id = prepared.request_id(namespace.settings.seed, now)
    if answer.body_at is not None:
        answer = replace(answer, body=answer.body_at(now, request_id))
    return render.response(answer, now, request_id, prepared.vendor)


class Answering:
    """Answers requests by these definitions, settings and switches. It has no state."""

    def __init__(self, definitions: Definitions, settings: Settings, switches: Mapping[str, str]) -> None:
        self._definitions = definitions
        self._settings = settings
        self._switches = switches

    def response(self, prepared: Prepared, namespace: Namespace, now: int) -> Response:
        """The answer to a request in a namespace, at a time (ms since 1970). Never raises.

        The answer is remembered with the request, as long as the namespace doesn't change, and time alone doesn't change the
        answer.
        """
        faults, changes = namespace.faults.entries, namespace.changes()
        last = prepared.last
        if last is not None and not faults and last.holds(namespace.serial, changes):
            response = last.response_at(now)
            if response is not None:
                return response
            if last.lasts(now):
                return last.remember(now, _render_again(last.answer, prepared, namespace, now))
        state = _RequestState(prepared, namespace, now)
        answer = self._answer_or_problem(state)
        matched_fault = state.matched_fault
        response = render.response(answer, now, state.request_id, prepared.vendor, quick=matched_fault is None)
        if matched_fault is not None:
            response, clock_shift = effects.apply_fault(matched_fault, response, namespace.settings.seed)
            if clock_shift:
                namespace.clock.advance_to(min(LATEST, namespace.clock.now() + clock_shift))
        elif prepared.repeatable and not faults and changes == namespace.changes() and len(response.body) <= LARGEST_ANSWER:
            last = prepared.last = LastAnswer(namespace.serial, changes, answer, state.credential_expires)
            last.remember(now, response)
        return response

    def refusal(self, prepared: Prepared, namespace: Namespace, now: int, control_error: ControlError) -> Response:
        """The answer to a request that names an invalid namespace."""
        service = self._definitions.service_at(prepared.request.path)
        request_id = prepared.request_id(namespace.settings.seed, now)
        return render.response(render.misuse_answer(control_error), now, request_id, service.vendor if service else "")

    def _answer_or_problem(self, state: _RequestState) -> Answer:
        try:
            return self._serve(state)
        except RequestProblem as problem:
            return self._refuse(state, problem)
        except ControlError as control_error:
            return render.misuse_answer(control_error)
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
            state.matched_fault = faults.take(operation.id, partial(texts_of, operation, state.prepared.request), state.now)
            if state.matched_fault:
                return self._serve_with(state.matched_fault, operation, state)
        return self._respond(operation, state, self._admit(state))

    def _admit(self, state: _RequestState) -> Admitted:
        """The admitted request. Raises RequestProblem for a request that is not in order."""
        admitted = state.prepared.admitted(state.namespace.settings, self._switches)
        if admitted.caller is not None and admitted.caller.check_time is not None:
            state.credential_expires = True
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
        answer = self._requested_answer(operation, state, admitted, context) or respond(operation, context)
        return replace(answer, problem=admitted.notice) if admitted.notice and not answer.problem else answer

    def _serve_with(self, matched_fault: MatchedFault, operation: Operation, state: _RequestState) -> Answer:
        """The answer to a request that gets a fault."""
        fault = matched_fault.fault
        answer_for = partial(self._documented_error, state)
        if fault.stage == GATEWAY:
            return effects.gateway_answer(
                matched_fault, operation, answer_for, self._switches, state.namespace.settings.seed
            )
        if fault.stage == NETWORK:
            return self._respond(operation, state, self._admit(state))
        try:
            admitted = self._admit(state)
            if fault.error is not None:
                return effects.error_answer(fault, operation, answer_for, self._switches)
            answer = self._respond(operation, state, admitted)
        except (RequestProblem, ControlError):
            self._release_fault(matched_fault, state)
            raise
        try:
            return effects.apply_patch_to_answer(fault.patch, answer)
        except TestFailed:
            self._release_fault(matched_fault, state)
            return answer
        except Unpatchable as error:
            raise ControlError("Fault can't be applied", f"fault {matched_fault.number}: {error}", 500) from None

    def _release_fault(self, matched_fault: MatchedFault, state: _RequestState) -> None:
        state.namespace.faults.release(matched_fault)
        state.matched_fault = None

    def _documented_error(self, state: _RequestState, example: Example, status: int) -> Answer:
        return render.error_answer(self._definitions, example, status, self._facts(state), self._switches)

    def _requested_answer(
        self, operation: Operation, state: _RequestState, admitted: Admitted, context: Context
    ) -> Answer | None:
        """The answer that `Prefer`, a magic id, or the ids of a recorded job or of the documented example ask for."""
        if admitted.control_error is not None:
            raise admitted.control_error.again()
        if admitted.status is not None:
            fake = Fake(self._settings.seed, operation.id, admitted.status)
            values = requested_values(operation, context.parameters)
            answer = made_answer(operation, admitted.status, fake, values, context.accept)
            return with_detail(operation, answer, "As Prefer asks.") if answer.status >= 400 else answer
        if admitted.preferred_example is not None:
            return self._example(operation, state, context, *admitted.preferred_example)
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
        example = admitted.documented
        return respond_as_documented(operation, context, example) if example else None

    def _example(
        self, operation: Operation, state: _RequestState, context: Context, example: Example, status: int
    ) -> Answer:
        if example.error is not None:
            return self._documented_error(state, example, status)
        if operation.id in CALLS:  # a token is in a header that belongs to the body
            return Answer(status, example.value, respond(operation, context).headers)
        service = service_of(operation) if operation.job else None
        body = service.adapt(example.value, self._settings.switches) if service else example.value
        return Answer(status, body)

    def _refuse(self, state: _RequestState, problem: RequestProblem) -> Answer:
        prepared = state.prepared
        example_status = render.problem(
            self._definitions, prepared.operation, prepared.request.path, problem, self._switches
        )
        if example_status is None:
            seed = state.namespace.settings.seed
            answer = declared_answer(prepared.operation, problem, seed) if prepared.operation else None
            return answer or standard_answer(problem)
        facts = {**self._facts(state), **problem.facts}
        return render.error_answer(self._definitions, *example_status, facts, self._switches, problem.detail)

    def _facts(self, state: _RequestState) -> dict[str, str]:
        """The values for placeholders in error messages."""
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
