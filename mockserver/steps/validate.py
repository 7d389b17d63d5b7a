"""A request's parameters and body, typed and checked against the definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from ..definitions import Operation, Parameter
from ..definitions.model import VENDORS
from ..definitions.parameter_values import query_pairs, read_value
from ..definitions.styles import MISSING, Sent, cookies_of, read_styled
from ..errors import RequestProblem, nearest_or_allowed
from ..model import Request


def read_query(request: Request) -> list[tuple[str, str]]:
    """The parameters of the query, in order. Raises RequestProblem for one that can't be read."""
    try:
        return query_pairs(request.query) if request.query else []
    except ValueError as error:
        raise RequestProblem("request-malformed", str(error)) from None


def parameters(
    operation: Operation,
    path_values: Mapping[str, str],
    query: list[tuple[str, str]],
    request: Request,
    switches: Mapping[str, str],
) -> dict[str, Any]:
    """The parameters by name, each of its documented type; `query` is that of `read_query`. Raises RequestProblem."""
    by_name = dict(reversed(query))  # of a doubled parameter the first one counts
    sources: Mapping[str, Mapping[str, str]] = {"path": path_values, "query": by_name, "header": request.headers}
    values: dict[str, Any] = {}
    styled = _styled(operation, path_values, query, request) if operation.styled else {}
    for parameter in operation.parameters:
        name = parameter.name
        if parameter.style is not None:
            if name in styled:
                values[name] = _checked(parameter, styled[name])
                continue
        else:
            text = sources[parameter.location].get(parameter.key)
            if text is not None:
                values[name] = _typed_value(parameter, text)
                continue
        _absent(operation, parameter, switches, values)
    if operation.required_if:
        _check_headers(operation, request, switches)
    return values


def _styled(
    operation: Operation, path_values: Mapping[str, str], query: list[tuple[str, str]], request: Request
) -> dict[str, Any]:
    """The arrays, objects and cookies among the parameters that the request has."""
    sent = Sent(path_values, query, request.headers, cookies_of(request.headers.get("cookie", "")))
    read = {
        parameter.name: read_styled(parameter.name, parameter.location, parameter.style, sent)
        for parameter in operation.styled
        if parameter.style is not None
    }
    return {name: value for name, value in read.items() if value is not MISSING}


def _absent(operation: Operation, parameter: Parameter, switches: Mapping[str, str], values: dict[str, Any]) -> None:
    """A parameter that was not sent: its default. Raises Problem where it is required."""
    if _required(operation, parameter.name, parameter.required, switches):
        detail = f"{parameter.location} parameter {parameter.name!r} is required"
        raise RequestProblem("parameter-missing", detail, parameter=parameter.name)
    if "default" in parameter.schema:
        values[parameter.name] = parameter.schema["default"]


def _required(operation: Operation, name: str, usually: bool, switches: Mapping[str, str]) -> bool:
    if name not in operation.required_if:
        return usually
    switch, value = operation.required_if[name]
    return switches[switch] == value


def _check_headers(operation: Operation, request: Request, switches: Mapping[str, str]) -> None:
    """Headers that OpenAPI has no place for among the parameters, such as Content-Type."""
    parameters = {parameter.name for parameter in operation.parameters}
    for name, (switch, _) in operation.required_if.items():
        missing = name not in parameters and name.lower() not in request.headers
        if missing and _required(operation, name, False, switches):
            raise RequestProblem("parameter-missing", f"header {name!r} is required (switch {switch})", parameter=name)


def check_names(operation: Operation, query: list[tuple[str, str]]) -> None:
    """Raises RequestProblem for a query parameter that is not documented, or stands twice."""
    allowed = operation.query_names
    if allowed is None:
        return
    names = [name for name, _ in query]
    if len(names) == len(set(names)) and allowed.issuperset(names):
        return
    for name in names:
        if name not in allowed:
            known = [parameter.name for parameter in operation.parameters if parameter.location == "query"]
            detail = f"query parameter {_short_ascii(name)} is not documented{nearest_or_allowed(name, known)}"
            raise RequestProblem("parameter-unknown", detail, parameter=name)
        if names.count(name) > 1:
            raise RequestProblem(
                "parameter-unknown", f"query parameter {name!r} is sent {names.count(name)} times", parameter=name
            )


def undocumented_query(operation: Operation, query: list[tuple[str, str]]) -> str | None:
    """What `X-Mock-Problem` says of query parameters that are served although they are not documented; None of none."""
    try:
        check_names(operation, query)
    except RequestProblem as problem:
        return f"{problem}; served all the same: --unknown-query reject refuses it"
    return None


def _is_json(operation: Operation, kind: str) -> bool:
    """Whether the body is to be read as JSON. Raises RequestProblem for a media type that the operation doesn't take."""
    taken = [name.partition(";")[0].strip().lower() for name in (operation.source / "requestBody").members("content")]
    json_both = kind.endswith("json") and any(name.endswith("json") for name in taken)
    if kind and taken and not json_both and not any(fnmatchcase(kind, name) for name in taken):
        raise RequestProblem("body-media-type", f"the body is {kind}; allowed: {', '.join(taken)}")
    return kind.endswith("json") or (not kind and any(name.endswith("json") or name == "*/*" for name in taken))


def _short_ascii(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _typed_value(parameter: Parameter, text: str) -> Any:
    try:
        value = read_value(parameter, text)
    except ValueError:
        raise _invalid(parameter, text, f"{parameter.type} only") from None
    return _checked(parameter, value)


def _checked(parameter: Parameter, value: Any) -> Any:
    """The value, if its schema allows it. Raises RequestProblem."""
    if parameter.allows(value):
        return value
    for error in parameter.errors(value):
        raise _invalid(parameter, value, f"{error.validator} {json.dumps(error.validator_value, ensure_ascii=True)}")
    return value


def _invalid(parameter: Parameter, value: Any, allowed: str) -> RequestProblem:
    detail = f"{parameter.location} parameter {parameter.name!r} is {_short_ascii(value)}; allowed: {allowed}"
    return RequestProblem("parameter-invalid", detail, parameter=parameter.name)


def body(operation: Operation, request: Request) -> Any:
    """The body, parsed and checked; None for an operation that has none. Raises RequestProblem."""
    if operation.body_errors is None:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if operation.vendor not in VENDORS and request.body and not _is_json(operation, kind):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"))) if kind.endswith("urlencoded") else None
    if not request.body and not operation.body_required:
        return None
    if not request.body:
        kind = "body-missing" if "body-missing" in operation.problems else "body-invalid"
        raise RequestProblem(kind, "the operation needs a JSON body")
    try:
        value = json.loads(request.body)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is not a text
    except (ValueError, RecursionError):
        raise RequestProblem("body-invalid", "the body is not JSON, or not UTF-8") from None
    for error in operation.body_errors(value):
        place = "".join(f"/{part}" for part in error.absolute_path) or "/"
        allowed = f"{error.validator} {json.dumps(error.validator_value)}"
        raise RequestProblem("body-invalid", f"the body is wrong at {place}; allowed: {_short_ascii(allowed)}")
    return value
