"""Mutants of requests: path, method, parameters, credential, body. The answer is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from body_mutants import slip
from mutants import REQUEST, Mutant, mutant
from valid_exchanges import DEFINITIONS, successes

from mockserver.definitions import Operation, Parameter
from mockserver.definitions.parameter_values import read_value
from mockserver.definitions.pointer import join
from mockserver.exchanges.exchange import Exchange
from mockserver.model import Request

_WRONG = ("", "-1", "x", "~ ~", "a\x01", "1.5.2", "9" * 70, "99999999999", "2147483648")
_CREDENTIALS = ("x-auth-token", "authorization", "apim-accesstoken")


def request_mutants(name: str) -> Iterator[Mutant]:
    """Mutants of one request. Equivalent, and not made: values that a parameter's schema accepts, optional parameters left
    out, members of a body that are not required."""
    operation = DEFINITIONS.operation(name)
    exchange = successes(name)[0]
    request = exchange.request

    def made(kind: str, other: Request, places: set[str], codes: set[str], note: str) -> Mutant:
        matches = {f"request {place}" for place in places}
        return mutant(kind, REQUEST, name, replace(exchange, request=other), matches, codes, note)

    pairs = parse_qsl(request.query, keep_blank_values=True)
    for kind, other, places, codes, note in (
        *_routes(operation, request),
        *_names(operation, request, pairs),
        *_values(operation, request, pairs),
        *_others(operation, request),
        *_bodies(operation, exchange),
    ):
        yield made(kind, other, places, codes, note)


Change = tuple[str, Request, set[str], set[str], str]


def _routes(operation: Operation, request: Request) -> Iterator[Change]:
    documented = {other.method for other in DEFINITIONS.operations if other.path_values(request.path) is not None}
    for method in sorted({"GET", "POST", "PUT", "DELETE"} - documented):
        yield "method wrong", replace(request, method=method), {""}, {"request-unknown"}, method
    segments = request.path.split("/")
    for index, segment in enumerate(operation.path.split("/")):
        if segment and "{" not in segment:
            for other in (slip(segment), segment + "s"):
                path = "/".join([*segments[:index], other, *segments[index + 1 :]])
                yield "path wrong", replace(request, path=path), {""}, {"request-unknown"}, other
    yield "path wrong", replace(request, path=request.path + "/"), {""}, {"request-unknown"}, "a slash at the end"
    yield "path wrong", replace(request, path="/v9" + request.path), {""}, {"request-unknown"}, "a version in front"


def _names(operation: Operation, request: Request, pairs: list[tuple[str, str]]) -> Iterator[Change]:
    unknown, missing = {"request-parameter-unknown"}, {"request-parameter-missing"}
    strange = replace(request, query=urlencode([*pairs, ("colour", "blue")]))
    yield "parameter unknown", strange, {"/colour"}, unknown, "colour"
    required = {parameter.name for parameter in operation.parameters if parameter.required}
    for name, value in pairs:
        slipped = slip(name)
        renamed = [(slipped if one == name else one, text) for one, text in pairs]
        other = replace(request, query=urlencode(renamed))
        yield "parameter misspelled", other, {join(slipped), join(name)}, unknown | missing, f"{name} as {slipped}"
        twice = replace(request, query=urlencode([*pairs, (name, value)]))
        yield "parameter doubled", twice, {join(name)}, unknown, name
        if name in required:
            less = replace(request, query=urlencode([pair for pair in pairs if pair[0] != name]))
            yield "parameter missing", less, {join(name)}, missing, name
    for parameter in operation.parameters:
        if parameter.location == "header" and parameter.required:
            less = replace(request, headers=_without(request, parameter.name))
            yield "parameter missing", less, {join(parameter.name)}, missing, parameter.name


def _without(request: Request, *names: str) -> dict[str, str]:
    lower = {name.lower() for name in names}
    return {name: value for name, value in request.headers.items() if name not in lower}


def _is_wrong(parameter: Parameter, text: str) -> bool:
    try:
        return any(parameter.errors(read_value(parameter, text)))
    except ValueError:
        return True


def _values(operation: Operation, request: Request, pairs: list[tuple[str, str]]) -> Iterator[Change]:
    match = operation.pattern.fullmatch(request.path)
    assert match is not None
    for parameter in operation.parameters:
        for text in _WRONG:
            if _is_wrong(parameter, text):
                other = _with(operation, request, parameter, text, pairs)
                if other is not None:
                    yield (
                        "parameter invalid",
                        other,
                        {join(parameter.name)},
                        {"request-parameter-invalid"},
                        (f"{parameter.name}={text[:20]!r}"),
                    )


def _with(
    operation: Operation, request: Request, parameter: Parameter, text: str, pairs: list[tuple[str, str]]
) -> Request | None:
    """The request with another value of a parameter; None for an empty segment of a path, which is another path."""
    if parameter.location == "query":
        kept = [pair for pair in pairs if pair[0] != parameter.name]
        return replace(request, query=urlencode([*kept, (parameter.name, text)]))
    if parameter.location == "header":
        return replace(request, headers={**request.headers, parameter.name.lower(): text})
    segments, template = request.path.split("/"), operation.path.split("/")
    changed = [text if one == f"{{{parameter.name}}}" else segment for one, segment in zip(template, segments, strict=True)]
    return replace(request, path="/".join(changed)) if text else None


def _others(operation: Operation, request: Request) -> Iterator[Change]:
    malformed = {"request-malformed"}
    for query in ("%", "%zz=1", "a=%FF%FE"):
        joined = f"{request.query}&{query}" if request.query else query
        yield "query malformed", replace(request, query=joined), {""}, malformed, query
    if operation.secured:
        yield (
            "credential missing",
            replace(request, headers=_without(request, *_CREDENTIALS)),
            {""},
            {"request-credential-missing"},
            "",
        )
    if "{project_id}" in operation.path:
        other = replace(request, headers={**request.headers, "x-project-id": "f" * 32})
        yield "another project in the header", other, {"/X-Project-Id"}, {"project-mismatch"}, ""


def _bodies(operation: Operation, exchange: Exchange) -> Iterator[Change]:
    request, judge = exchange.request, operation.body_errors
    if judge is None:
        return
    wrong = {"request-body-invalid"}
    none = (b"",) if operation.body_required else ()
    for body in (*none, b"{", b'{"a":', b"appKey=app", b"\xff\xfe"):
        yield "request's body is not JSON", replace(request, body=body), {""}, wrong, repr(body[:20])
    value = json.loads(request.body or b"{}")
    for pointer, change, other in _changes(value):
        if any(judge(other)):
            body = json.dumps(other).encode()
            places = {
                pointer,
                pointer + "/0",
                *(pointer + join(name) for name in _names_at(value, pointer)),
                pointer.rpartition("/")[0],
            }
            yield f"request's body: {change}", replace(request, body=body), places, wrong, pointer


def _names_at(value: Any, pointer: str) -> list[str]:
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return list(value) if isinstance(value, dict) else []


def _changes(value: Any, pointer: str = "") -> Iterator[tuple[str, str, Any]]:
    """Each value of a body with another type, and each member taken away."""
    for other in (None, [value], 7 if not isinstance(value, int) else "7"):
        yield pointer, "member retyped", other
    if isinstance(value, dict):
        for name, child in value.items():
            yield pointer + join(name), "member dropped", {key: one for key, one in value.items() if key != name}
            for place, change, other in _changes(child, pointer + join(name)):
                yield place, change, {**value, name: other}
    if isinstance(value, list):
        for index, child in enumerate(value):
            for place, change, other in _changes(child, pointer + join(index)):
                yield place, change, [*value[:index], other, *value[index + 1 :]]
