"""The step that finds the operation of a request."""

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
_SIMILAR = 0.6
"""Paths and segments of at least this likeness are similar."""


def route(definitions: Definitions, request: Request) -> tuple[Operation, Mapping[str, str]]:
    """The request's operation, and the values in its path. Raises RequestProblem: no-route, wrong-method."""
    matches = definitions.router.matches(request.segments or request.path.split("/"))
    candidates = {
        candidate.id: (candidate, values) for _, candidate, values in matches if candidate.method == request.method
    }
    if len(candidates) == 1:
        operation, values = candidates.popitem()[1]
        return operation, dict(zip(operation.path_names, values, strict=True))
    chosen_operation = chosen([operation for operation, _ in candidates.values()], request.query)
    if chosen_operation:
        return chosen_operation, dict(zip(chosen_operation.path_names, candidates[chosen_operation.id][1], strict=True))
    if matches:
        allowed = ", ".join(dict.fromkeys(operation.method for _, operation, _ in matches))
        raise RequestProblem("wrong-method", f"{request.method} is not documented here, only {allowed}", allow=allowed)
    nearest = _nearest_path(definitions, request.path[:2_000].split("/"))
    hint = f"nearest: {nearest}" if nearest else "`mockserver operations` lists them"
    raise RequestProblem("no-route", f"no operation has this path; {hint}")


def _nearest_path(definitions: Definitions, segments: list[str]) -> str | None:
    """The documented path that is most similar, segment by segment; an id is similar to any other id."""
    paths = dict.fromkeys(operation.path.partition("?")[0] for operation in definitions.operations)
    of_segments = lru_cache(maxsize=None)(_segment_likeness)  # for this path alone: documented paths share their names
    likeness = {path: _likeness(path.split("/"), segments, of_segments) for path in paths}
    best = max(likeness, key=lambda path: likeness[path], default=None)
    return best if best is not None and likeness[best] >= _SIMILAR else None


def _likeness(documented_segments: list[str], segments: list[str], of_segments: Callable[[str, str], float]) -> float:
    """The share of the longer path that has similar segments in the other one, in the same order; 1 for the same path."""
    shorter, longer = sorted((len(documented_segments) - 1, len(segments) - 1))
    if shorter < _SIMILAR * longer:
        return 0.0
    best = [0.0] * (len(segments) + 1)
    for documented in documented_segments[1:]:
        row = [0.0]
        for index, segment in enumerate(segments[1:], 1):
            row.append(max(row[-1], best[index], best[index - 1] + of_segments(documented, segment)))
        best = row
    return best[-1] / max(longer, 1)


def _segment_likeness(name: str, segment: str) -> float:
    if name.startswith("{"):
        return 0.5 if segment else 0.0  # an id may be anything
    ratio = difflib.SequenceMatcher(None, name, segment[:100]).ratio()
    return ratio if ratio >= _SIMILAR else 0.0


def check_size(request: Request, header_size: int) -> None:
    """Raises RequestProblem for a request that the gateway would refuse; `header_size` is in characters.

    Source: API Gateway user guide (URI of 32 KB, body of 12 MB; it gives no limit for headers, 32 KB is invented).
    """
    uri_size = len(request.path) + len(request.query)
    if uri_size > URI_LIMIT:
        raise RequestProblem("uri-too-long", f"path and query have {uri_size} bytes; allowed: {URI_LIMIT}")
    if header_size > HEADER_LIMIT:
        raise RequestProblem("header-too-large", f"the headers have {header_size} bytes; allowed: {HEADER_LIMIT}")
    body_size = max(len(request.body), request.body_size)
    if body_size > BODY_LIMIT:
        raise RequestProblem("body-too-large", f"the body has {body_size} bytes; allowed: {BODY_LIMIT}")


def check_text(request: Request) -> None:
    """Raises RequestProblem for a path or a query that isn't UTF-8."""
    for name, text in (("path", request.path), ("query", request.query)):
        if text.isascii():
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RequestProblem("request-malformed", f"the {name} is not UTF-8") from None
