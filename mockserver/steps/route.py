"""Which operation a request is for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from ..definitions import Definitions, Operation
from ..definitions.model import chosen
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
    matches = definitions.router.matches(request.segments or request.path.split("/"))
    here = [(operation, values) for _, operation, values in matches if operation.method == request.method]
    found = here[0][0] if len(here) == 1 else chosen([operation for operation, _ in here], request.query)
    if found:
        values = next(values for operation, values in here if operation is found)
        return Route(found, dict(zip(found.path_names, values, strict=True)))
    if matches:
        allowed = ", ".join(dict.fromkeys(operation.method for _, operation, _ in matches))
        raise RequestProblem("wrong-method", f"{request.method} is not documented here, only {allowed}", allow=allowed)
    near = difflib.get_close_matches(request.path[:200], [operation.path for operation in definitions.operations], 1, 0.4)
    hint = f"nearest: {near[0]}" if near else "`mockserver operations` lists them"
    raise RequestProblem("no-route", f"no operation has this path; {hint}")


def check_size(request: Request, whole: int) -> None:
    """Raises RequestProblem for a request that the gateway would not take.

    `whole` is what it has before its body, in characters.

    Source: API Gateway user guide (URI of 32 KB, body of 12 MB; it gives no limit for headers, 32 KB is invented).
    """
    address = len(request.path) + len(request.query)
    if address > URI_LIMIT:
        raise RequestProblem("uri-too-long", f"path and query have {address} bytes; allowed: {URI_LIMIT}")
    size = whole - address
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
