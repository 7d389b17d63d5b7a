"""Checks of the request: a documented operation, its parameters, its body, a credential."""

from __future__ import annotations

import difflib
import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...definitions import Definitions, Operation, Parameter
from ...definitions.parameter_values import query_pairs, read_value
from ...definitions.pointer import join
from ...errors import excerpt, shortened
from ...model import Request
from ..findings import Finding, finding

REMEMBERED = 5_000
"""At most so many requests, and so many bodies, are remembered."""
_CREDENTIALS = {"huaweicloud": ("x-auth-token", "authorization"), "enos": ("apim-accesstoken",)}


@dataclass(frozen=True)
class ParsedRequest:
    """A request's operation (None: no operation matches), its parameters as texts and, if they can be read, as values, and
    its namespace. Two requests with the same `key` ask the same."""

    operation: Operation | None
    texts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""

    @cached_property
    def key(self) -> tuple[Hashable, ...]:
        """Everything in the request that an answer depends on."""
        return self.operation.id if self.operation else "", self.namespace, *sorted(self.texts.items())


class RequestChecks:
    """Reads requests. Those in order are remembered, because most polls ask the same as the last one.

    Not for several threads at a time.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._in_order: dict[Hashable, ParsedRequest] = {}
        parameters = (parameter for operation in definitions.operations for parameter in operation.parameters)
        parameter_names = {parameter.name.lower() for parameter in parameters if parameter.location == "header"}
        conditional_names = {name.lower() for operation in definitions.operations for name in operation.required_if}
        self._headers = tuple(sorted({"x-project-id", *parameter_names, *conditional_names}))
        self._credentials = tuple(sorted({name for names in _CREDENTIALS.values() for name in names}))

    def read(self, request: Request) -> tuple[ParsedRequest, list[Finding]]:
        """Same as `read_request`, with a memory."""
        if request.body:
            return read_request(self._definitions, request)
        headers = request.headers
        key = (
            request.method, request.path, request.query, *(headers.get(name) for name in self._headers),
            *(name in headers for name in self._credentials),
        )  # fmt: skip
        parsed = self._in_order.get(key)
        if parsed is not None:
            return parsed, []
        parsed, findings = read_request(self._definitions, request)
        if not findings:
            if len(self._in_order) >= REMEMBERED:
                self._in_order.clear()
            self._in_order[key] = parsed
        return parsed, findings


def read_request(definitions: Definitions, request: Request) -> tuple[ParsedRequest, list[Finding]]:
    """The parsed request, and the findings about it."""
    operation = definitions.operation_at(request.method, request.path, request.query)
    if operation is None:
        return ParsedRequest(None), [_no_operation(definitions, request)]
    path_texts = operation.path_values(request.path, request.segments) or {}
    try:
        pairs = query_pairs(request.query)
    except ValueError as error:
        return ParsedRequest(operation, path_texts), [
            finding("request-malformed", "request", "", str(error), "UTF-8, percent-encoded")
        ]
    findings = list(_check_names(operation, [name for name, _ in pairs]))
    query = dict(reversed(pairs))
    sources: Mapping[str, Mapping[str, str]] = {"path": path_texts, "query": query, "header": request.headers}
    all_texts, values = dict(path_texts), dict[str, Any]()
    for parameter in operation.parameters:
        text = sources[parameter.location].get(parameter.name.lower() if parameter.location == "header" else parameter.name)
        if text is not None:
            all_texts[parameter.name] = text
            findings += _check_parameter(operation, parameter, text, values)
        elif parameter.required:
            documented = f"required ({parameter.location})"
            findings.append(
                finding("request-parameter-missing", "request", join(parameter.name), "nothing", documented, operation.place)
            )
    findings += [
        *_check_headers(operation, request),
        *_check_body(operation, request),
        *_check_credential(operation, request),
        *_check_project(operation, request, path_texts),
    ]
    return ParsedRequest(operation, all_texts, values), findings


def _no_operation(definitions: Definitions, request: Request) -> Finding:
    documented = [f"{operation.method} {operation.path}" for operation in definitions.operations]
    actual = f"{request.method} {shortened(request.path)}"
    nearest = difflib.get_close_matches(actual[:200], documented, 1, cutoff=0.3)
    return finding(
        "request-unknown", "request", "", ascii(actual)[1:-1], f"nearest: {nearest[0]}" if nearest else "no such path"
    )


def _check_names(operation: Operation, names: list[str]) -> Iterator[Finding]:
    known_names = [parameter.name for parameter in operation.parameters if parameter.location == "query"]
    for name in dict.fromkeys(names):
        if name not in known_names:
            nearest = difflib.get_close_matches(name[:64], known_names, 1)
            documented = (
                f"no such parameter; the nearest is {nearest[0]!r}"
                if nearest
                else f"one of {', '.join(known_names) or 'none'}"
            )
            yield finding("request-parameter-unknown", "request", join(name), excerpt(name), documented, operation.place)
        elif names.count(name) > 1:
            yield finding("request-parameter-unknown", "request", join(name), "sent twice", "sent once", operation.place)


def _check_parameter(operation: Operation, parameter: Parameter, text: str, values: dict[str, Any]) -> Iterator[Finding]:
    code, pointer = "request-parameter-invalid", join(parameter.name)
    try:
        value = values[parameter.name] = read_value(parameter, text)
    except ValueError:
        yield finding(code, "request", pointer, excerpt(text), parameter.type, operation.place)
        return
    if parameter.allows(value):
        return
    for error in parameter.errors(value):
        documented = f"{error.validator} {excerpt(error.validator_value)}"
        yield finding(code, "request", pointer, excerpt(text), documented, operation.place)


def _check_headers(operation: Operation, request: Request) -> Iterator[Finding]:
    """Required headers that OpenAPI doesn't allow as parameters, such as Content-Type."""
    parameters = {parameter.name for parameter in operation.parameters}
    for name in operation.required_if:
        if name not in parameters and name.lower() not in request.headers:
            yield finding(
                "request-parameter-missing", "request", join(name), "nothing", "required (header)", operation.place
            )


def _check_body(operation: Operation, request: Request) -> Iterator[Finding]:
    if operation.body_errors is None or not (request.body or operation.body_required):
        return
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        yield finding("request-body-invalid", "request", "", "no JSON", "a JSON body", operation.place)
        return
    for error in operation.body_errors(value):  # values in it may be secrets, so the finding names the pointer only
        documented = f"{error.validator} {excerpt(error.validator_value)}"
        yield finding(
            "request-body-invalid", "request", join(*error.absolute_path), "another value", documented, operation.place
        )


def _check_credential(operation: Operation, request: Request) -> Iterator[Finding]:
    names = _CREDENTIALS.get(operation.vendor, ())
    if operation.secured and names and not any(name in request.headers for name in names):
        yield finding("request-credential-missing", "request", "", "none", f"one of {', '.join(names)}", operation.place)


def _check_project(operation: Operation, request: Request, texts: Mapping[str, str]) -> Iterator[Finding]:
    """SDKs send the project a second time, in a header; the gateway answers for the project in the path."""
    header, path = request.headers.get("x-project-id"), texts.get("project_id")
    if header is not None and path is not None and header != path:
        yield finding("project-mismatch", "request", "/X-Project-Id", header, f"{path}, as in the path", operation.place)
