"""Finds what can't be right in compiled definitions: lives that jump, invalid examples, problems with no answer."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable

from ..errors import DefinitionError
from .actions import Action
from .job_model import JobLife, JobMapping
from .json_regex import compile_pattern
from .magic_ids import magic_id
from .model import VENDORS, Definitions, Example, Operation
from .pointer import join

_ALWAYS = ("no-route", "wrong-method", "request-malformed", "uri-too-long", "header-too-large", "body-too-large",
           "parameter-missing", "parameter-invalid", "parameter-unknown", "internal-error")  # fmt: skip
_SECURED = ("credential-missing", "credential-malformed", "token-invalid", "token-expired", "access-key-unknown",
            "signature-mismatch", "signature-expired")  # fmt: skip
_NUMBERED = ("enos", "iam", "apim-token", "apim-status")  # envelopes whose code is a number


def check_definitions(definitions: Definitions, trusted: Collection[str] = ()) -> None:
    """Raises DefinitionError for the first mistake found in any operation, but those of documents that are `trusted`."""
    file_by_id: dict[str, str] = {}
    routes: dict[tuple[str, ...], str] = {}
    for operation in definitions.operations:
        file, where = operation.place.split("#", 1)
        if operation.id in file_by_id:
            actual = f"the operationId {operation.id!r} a second time"
            raise DefinitionError(
                file, where + "/operationId", actual, f"an id that {file_by_id[operation.id]} doesn't have"
            )
        file_by_id[operation.id] = file
        kind = "shipped" if operation.vendor in VENDORS else "a user's"  # which may take a shipped one's place
        route = (kind, operation.method, operation.pattern.pattern, *map(str, sorted(operation.chosen_by.items())))
        if route in routes:
            actual = f"{operation.method} {operation.path}, which {routes[route]} has already"
            raise DefinitionError(file, where, actual, "a path and method of its own")
        routes[route] = operation.id
        if file in trusted:
            continue
        if operation.action:
            _check_action(file, where + "/x-action", operation, operation.action)
        if operation.vendor in VENDORS:
            _check_problems(file, where, operation)
        _check_examples(file, where, operation)
        _check_parameters(file, where, operation)
        if operation.job:
            _check_job(file, where + "/x-job", operation, operation.job)
        if operation.observation:
            _check_observation(file, where + "/x-observation", operation, operation.observation)


def _check_problems(file: str, where: str, operation: Operation) -> None:
    needed = {*_ALWAYS, *(_SECURED if operation.secured else ()), *(["unknown-id"] if operation.job else [])}
    needed |= set(operation.action.problems) if operation.action else set()
    for kind in sorted(needed):
        if kind not in operation.problems:
            allowed = f"an error whose x-error has {kind!r} in its when"
            raise DefinitionError(file, where + "/responses", f"no answer to the problem {kind!r}", allowed)


def _check_examples(file: str, where: str, operation: Operation) -> None:
    for example in operation.examples.values():
        for status in example.statuses:
            place = join("responses", status, "content", "application/json", "examples", example.name)
            if operation.vendor not in VENDORS:  # judged when it is answered: a public document has many, and many are wrong
                continue
            _check_error(file, where + place, example)
            for error in operation.responses[status](example.value):
                actual = f"at {join(*error.absolute_path) or '/'} {_short_json(error.instance)}"
                allowed = f"{error.validator} {_short_json(error.validator_value)}, as the response's schema says"
                raise DefinitionError(file, where + place, actual, allowed)


def _check_error(file: str, pointer: str, example: Example) -> None:
    if example.error is None:
        return
    if example.envelope in _NUMBERED and not re.fullmatch(r"-?[0-9]{1,18}", example.error["code"]):
        allowed = f"a whole number, as the envelope {example.envelope!r} has it"
        raise DefinitionError(file, pointer, f"the code {example.error['code']!r}", allowed)
    for status in example.error.get("statuses", {}).values():
        if status not in example.statuses:
            allowed = f"a status that the example stands under: {', '.join(map(str, example.statuses))}"
            raise DefinitionError(file, pointer, f"the status {status} for a value of its switch", allowed)


def _short_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:197] + "..."


def _check_parameters(file: str, where: str, operation: Operation) -> None:
    names = {parameter.name for parameter in operation.parameters}
    for name in operation.path_names:
        if name not in {p.name for p in operation.parameters if p.location == "path"}:
            raise _unknown(file, where + "/parameters", name, names)
    for name in operation.documented_request or ():
        if name not in names:
            raise _unknown(file, where + "/x-documented-request", name, names)
    if operation.documented_request and "documented" not in operation.examples:
        raise DefinitionError(file, where + "/responses", "no example 'documented'", "one, as there is x-documented-request")
    if operation.magic and operation.magic.parameter is not None:
        if operation.magic.parameter not in names:
            raise _unknown(file, where + "/x-magic/parameter", operation.magic.parameter, names)
        for example in operation.errors():
            if magic_id(operation, example.name) is None:
                actual = f"the error {example.name!r}, whose magic id {operation.magic.parameter} can't hold"
                raise DefinitionError(file, where + "/x-magic", actual, "a shorter name")


def _check_job(file: str, where: str, operation: Operation, job: JobLife) -> None:
    names = {parameter.name for parameter in operation.parameters}
    for name in job.identity:
        if name not in names:
            raise _unknown(file, where + "/identity", name, names)
    if job.unstarted is not None and job.unstarted not in job.states:
        raise _unknown(file, where + "/unstarted", job.unstarted, job.states)
    for state, followers in job.transitions.items():
        for follower in followers:
            if follower not in job.states:
                raise _unknown(file, where + join("transitions", state), follower, job.states)
    for life in job.lives.values():
        for (before, seconds), (after, _) in zip(life.steps, life.steps[1:], strict=False):
            if after not in job.transitions[before]:
                actual = f"{after!r} after {before!r}"
                allowed = "one of " + (", ".join(sorted(job.transitions[before])) or "nothing: it is terminal")
                raise DefinitionError(file, where + join("lives", life.name), actual, allowed)
            if seconds is None:
                raise DefinitionError(file, where + join("lives", life.name), "a step for ever before the last", "seconds")
    if not any(life.weight for life in job.lives.values()):
        raise DefinitionError(file, where + "/lives", "no life with a weight", "one whose weight is more than 0")


def _check_action(file: str, where: str, operation: Operation, action: Action) -> None:
    names = {parameter.name for parameter in operation.parameters}
    assert action.status.job is not None
    identity = action.status.job.identity
    for name, source in action.identity.items():
        if name not in identity:
            raise _unknown(file, where + "/identity", name, identity)
        open_part = action.do == "list" or action.where or action.of_list
        if source.kind == "parameter" and source.of not in names and not open_part:
            actual = f"the identity's part {name!r} from a parameter {source.of!r}, which the operation doesn't have"
            raise DefinitionError(
                file, where + join("identity", name), actual, f"one of {', '.join(sorted(names)) or 'nothing'}"
            )
        if source.kind in ("job", "fact", "time", "each", "total", "next", "more"):
            allowed = "parameter, body, value, new or view"
            raise DefinitionError(
                file, where + join("identity", name), f"a part of the identity from {source.kind!r}", allowed
            )
    if action.to is not None and action.to not in action.status.job.states:
        raise _unknown(file, where + "/to", action.to, action.status.job.states)
    if action.do == "create" and action.status.job.unstarted is None:
        allowed = "an x-job that says which state is the unstarted one"
        raise DefinitionError(
            file, where + "/do", f"'create' for {action.status.id}, whose jobs can't be seen before", allowed
        )


def _check_observation(file: str, where: str, operation: Operation, observation: JobMapping) -> None:
    names = {parameter.name for parameter in operation.parameters}
    window = observation.window
    for name in (*(same.parameter for same in observation.same), *((window.start, window.end) if window else ())):
        if name not in names:
            raise _unknown(file, where, name, names)
    for same in observation.same:
        for pattern in (same.when, same.part):
            if pattern is not None and not _is_pattern(pattern):
                raise DefinitionError(file, where + "/same", repr(pattern), "a regular expression")


def _is_pattern(text: str) -> bool:
    try:
        compile_pattern(text)
    except re.error:
        return False
    return True


def _unknown(file: str, pointer: str, actual: str, allowed: Iterable[str]) -> DefinitionError:
    return DefinitionError(file, pointer, repr(actual), "one of " + (", ".join(sorted(allowed)) or "nothing"))
