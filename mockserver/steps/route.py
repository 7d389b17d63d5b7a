"""Which operation a request is for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import lru_cache

from ..definitions import Definitions, Operation
from ..definitions.router import chosen
from ..errors import RequestProblem
from ..model import Request

URI_LIMIT = 32 * 1024
HEADER_LIMIT = 32 * 1024
BODY_LIMIT = 12 * 1024 * 1024
_LIKE = 0.6
"""From here on, paths and their segments are alike."""


def route(definitions: Definitions, request: Request) -> tuple[Operation, Mapping[str, str]]:
    """The request's operation, and the values in its path. Raises RequestProblem: no-route, wrong-method."""
    matches = definitions.router.matches(request.segments or request.path.split("/"))
    here = {operation.id: (operation, values) for _, operation, values in matches if operation.method == request.method}
    if len(here) == 1:
        operation, values = here.popitem()[1]
        return operation, dict(zip(operation.path_names, values, strict=True))
    result = chosen([operation for operation, _ in here.values()], request.query)
    if result:
        return result, dict(zip(result.path_names, here[result.id][1], strict=True))
    if matches:
        allowed = ", ".join(dict.fromkeys(operation.method for _, operation, _ in matches))
        raise RequestProblem("wrong-method", f"{request.method} is not documented here, only {allowed}", allow=allowed)
    near = _nearest_path(definitions, request.path[:2_000].split("/"))
    hint = f"nearest: {near}" if near else "`mockserver operations` lists them"
    raise RequestProblem("no-route", f"no operation has this path; {hint}")


def _nearest_path(definitions: Definitions, segments: list[str]) -> str | None:
    """The documented path that is most like this one, segment by segment: an id counts as any id, however long it is."""
    paths = dict.fromkeys(operation.path.partition("?")[0] for operation in definitions.operations)
    alike = lru_cache(maxsize=None)(_segment_likeness)  # of this path alone: documented ones share their names
    likeness = {path: _likeness(path.split("/"), segments, alike) for path in paths}
    best = max(likeness, key=lambda path: likeness[path], default=None)
    return best if best is not None and likeness[best] >= _LIKE else None


def _likeness(expected: list[str], segments: list[str], alike: Callable[[str, str], float]) -> float:
    """How much of the longer path has its like in the other one, in order: 1 for the same path."""
    shorter, longer = sorted((len(expected) - 1, len(segments) - 1))
    if shorter < _LIKE * longer:
        return 0.0
    best = [0.0] * (len(segments) + 1)
    for name in expected[1:]:
        row = [0.0]
        for index, segment in enumerate(segments[1:], 1):
            row.append(max(row[-1], best[index], best[index - 1] + alike(name, segment)))
        best = row
    return best[-1] / max(longer, 1)


def _segment_likeness(name: str, segment: str) -> float:
    if name.startswith("{"):
        return 0.5 if segment else 0.0  # an id may be anything
    ratio = difflib.SequenceMatcher(None, name, segment[:100]).ratio()
    return ratio if ratio >= _LIKE else 0.0


def check_size(request: Request, size: int) -> None:
    """Raises RequestProblem for a request that the gateway would not take; its headers have so many characters.

    Source: API Gateway user guide (URI of 32 KB, body of 12 MB; it gives no limit for headers, 32 KB is invented).
    """
    address = len(request.path) + len(request.query)
    if address > URI_LIMIT:
        raise RequestProblem("uri-too-long", f"path and query have {address} bytes; allowed: {URI_LIMIT}")
    if size > HEADER_LIMIT:
        raise RequestProblem("header-too-large", f"the headers have {size} bytes; allowed: {HEADER_LIMIT}")
    body = max(len(request.body), request.body_size)
    if body > BODY_LIMIT:
        raise RequestProblem("body-too-large", f"the body has {body} bytes; allowed: {BODY_LIMIT}")


def check_text(request: Request) -> None:
    """Raises RequestProblem for a path or a query that isn't UTF-8."""
    for name, text in (("path", request.path), ("query", request.query)):
        if text.isascii():
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RequestProblem("request-malformed", f"the {name} is not UTF-8") from None
