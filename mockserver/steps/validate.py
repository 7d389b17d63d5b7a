"""The step that reads a request's parameters and body, and checks them against the definition."""

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
    """The parameters of the query, in order. Raises RequestProblem for a query that can't be read."""
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
    by_name = dict(reversed(query))  # the first one of a doubled parameter counts
    sources: Mapping[str, Mapping[str, str]] = {"path": path_values, "query": by_name, "header": request.headers}
    values: dict[str, Any] = {}
    styled_values = _read_styled_parameters(operation, path_values, query, request) if operation.styled else {}
    for parameter in operation.parameters:
        name = parameter.name
        if parameter.style is not None:
            if name in styled_values:
                values[name] = _check_value(parameter, styled_values[name])
                continue
        else:
            text = sources[parameter.location].get(parameter.key)
            if text is not None:
                values[name] = _typed_value(parameter, text)
                continue
        _add_default(operation, parameter, switches, values)
    if operation.required_if:
        _check_headers(operation, request, switches)
    return values


def _read_styled_parameters(
    operation: Operation, path_values: Mapping[str, str], query: list[tuple[str, str]], request: Request
) -> dict[str, Any]:
    """The values of the request's parameters that are arrays, objects or cookies."""
    sent = Sent(path_values, query, request.headers, cookies_of(request.headers.get("cookie", "")))
    values = {
        parameter.name: read_styled(parameter.name, parameter.location, parameter.style, sent)
        for parameter in operation.styled
        if parameter.style is not None
    }
    return {name: value for name, value in values.items() if value is not MISSING}


def _add_default(operation: Operation, parameter: Parameter, switches: Mapping[str, str], values: dict[str, Any]) -> None:
    """Add the default of a parameter that was not sent. Raises RequestProblem if it is required."""
    if _is_required(operation, parameter.name, parameter.required, switches):
        detail = f"{parameter.location} parameter {parameter.name!r} is required"
        raise RequestProblem("parameter-missing", detail, parameter=parameter.name)
    if "default" in parameter.schema:
        values[parameter.name] = parameter.schema["default"]


def _is_required(operation: Operation, name: str, required: bool, switches: Mapping[str, str]) -> bool:
    if name not in operation.required_if:
        return required
    switch, value = operation.required_if[name]
    return switches[switch] == value


def _check_headers(operation: Operation, request: Request, switches: Mapping[str, str]) -> None:
    """Check required headers that OpenAPI doesn't allow as parameters, such as Content-Type."""
    parameters = {parameter.name for parameter in operation.parameters}
    for name, (switch, _) in operation.required_if.items():
        missing = name not in parameters and name.lower() not in request.headers
        if missing and _is_required(operation, name, False, switches):
            raise RequestProblem("parameter-missing", f"header {name!r} is required (switch {switch})", parameter=name)


def check_names(operation: Operation, query: list[tuple[str, str]]) -> None:
    """Raises RequestProblem for a query parameter that is not documented, or is sent twice."""
    known_names = operation.query_names
    if known_names is None:
        return
    names = [name for name, _ in query]
    if len(names) == len(set(names)) and known_names.issuperset(names):
        return
    for name in names:
        if name not in known_names:
            documented_names = [parameter.name for parameter in operation.parameters if parameter.location == "query"]
            detail = f"query parameter {_short_ascii(name)} is not documented{nearest_or_allowed(name, documented_names)}"
            raise RequestProblem("parameter-unknown", detail, parameter=name)
        if names.count(name) > 1:
            raise RequestProblem(
                "parameter-unknown", f"query parameter {name!r} is sent {names.count(name)} times", parameter=name
            )


def undocumented_query(operation: Operation, query: list[tuple[str, str]]) -> str | None:
    """The text of `X-Mock-Problem` if the request has undocumented query parameters, which are ignored; else None."""
    try:
        check_names(operation, query)
    except RequestProblem as problem:
        return f"{problem}; served all the same: --unknown-query reject refuses it"
    return None


def _is_json(operation: Operation, media_type: str) -> bool:
    """True if the body is to be read as JSON. Raises RequestProblem for a media type that the operation doesn't accept."""
    accepted = [name.partition(";")[0].strip().lower() for name in (operation.source / "requestBody").members("content")]
    both_json = media_type.endswith("json") and any(name.endswith("json") for name in accepted)
    if media_type and accepted and not both_json and not any(fnmatchcase(media_type, name) for name in accepted):
        raise RequestProblem("body-media-type", f"the body is {media_type}; allowed: {', '.join(accepted)}")
    return media_type.endswith("json") or (
        not media_type and any(name.endswith("json") or name == "*/*" for name in accepted)
    )


def _short_ascii(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _typed_value(parameter: Parameter, text: str) -> Any:
    try:
        value = read_value(parameter, text)
    except ValueError:
        raise _invalid_parameter(parameter, text, f"{parameter.type} only") from None
    return _check_value(parameter, value)


def _check_value(parameter: Parameter, value: Any) -> Any:
    """The value, if its schema allows it. Raises RequestProblem."""
    if parameter.allows(value):
        return value
    for error in parameter.errors(value):
        raise _invalid_parameter(
            parameter, value, f"{error.validator} {json.dumps(error.validator_value, ensure_ascii=True)}"
        )
    return value


def _invalid_parameter(parameter: Parameter, value: Any, allowed: str) -> RequestProblem:
    detail = f"{parameter.location} parameter {parameter.name!r} is {_short_ascii(value)}; allowed: {allowed}"
    return RequestProblem("parameter-invalid", detail, parameter=parameter.name)


def body(operation: Operation, request: Request) -> Any:
    """The body, parsed and checked; None for an operation that has none. Raises RequestProblem."""
    if operation.body_errors is None:
        return None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if operation.vendor not in VENDORS and request.body and not _is_json(operation, media_type):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"))) if media_type.endswith("urlencoded") else None
    if not request.body and not operation.body_required:
        return None
    if not request.body:
        media_type = "body-missing" if "body-missing" in operation.problems else "body-invalid"
        raise RequestProblem(media_type, "the operation needs a JSON body")
    try:
        value = json.loads(request.body)
        json.dumps(value, ensure_ascii=False).encode()  # raises for half of a surrogate pair
    except (ValueError, RecursionError):
        raise RequestProblem("body-invalid", "the body is not JSON, or not UTF-8") from None
    for error in operation.body_errors(value):
        place = "".join(f"/{part}" for part in error.absolute_path) or "/"
        allowed = f"{error.validator} {json.dumps(error.validator_value)}"
        raise RequestProblem("body-invalid", f"the body is wrong at {place}; allowed: {_short_ascii(allowed)}")
    return value
