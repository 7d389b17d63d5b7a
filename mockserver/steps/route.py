"""Which operation a request is for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from ..definitions import Definitions, Operation
from ..errors import RequestProblem
from ..model import Request

URI_LIMIT = 32 * 1024
HEADER_LIMIT = 32 * 1024
BODY_LIMIT = 12 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """An operation and the values in its path."""

    operation: Operation
    path_values: Mapping[str, str]


def route(definitions: Definitions, request: Request) -> Route:
    """The request's route. Raises RequestProblem: no-route, wrong-method."""
    others = []
    for operation in definitions.operations:
        values = operation.path_values(request.path)
        if values is None:
            continue
        if operation.method == request.method:
            return Route(operation, values)
        others.append(operation.method)
    if others:
        allowed = ", ".join(others)
        raise RequestProblem("wrong-method", f"{request.method} is not documented here, only {allowed}", allow=allowed)
    near = difflib.get_close_matches(request.path[:200], [operation.path for operation in definitions.operations], 1, 0.4)
    hint = f"nearest: {near[0]}" if near else "`mockserver operations` lists them"
    raise RequestProblem("no-route", f"no operation has this path; {hint}")


def check_size(request: Request) -> None:
    """Raises RequestProblem for a request that the gateway would not take.

    Source: API Gateway user guide (URI of 32 KB, body of 12 MB; it gives no limit for headers, 32 KB is invented).
    """
    if len(request.path) + len(request.query) > URI_LIMIT:
        raise RequestProblem(
            "uri-too-long", f"path and query have {len(request.path) + len(request.query)} bytes; allowed: {URI_LIMIT}"
        )
    size = sum(len(name) + len(value) for name, value in request.headers.items())
    if size > HEADER_LIMIT:
        raise RequestProblem("header-too-large", f"the headers have {size} bytes; allowed: {HEADER_LIMIT}")
    body = max(len(request.body), request.body_size)
    if body > BODY_LIMIT:
        raise RequestProblem("body-too-large", f"the body has {body} bytes; allowed: {BODY_LIMIT}")


def check_text(request: Request) -> None:
    """Raises RequestProblem for a path or a query that isn't UTF-8."""
    for name, text in (("path", request.path), ("query", request.query)):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RequestProblem("request-malformed", f"the {name} is not UTF-8") from None
