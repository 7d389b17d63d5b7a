"""A request's texts as values: what a route, a query and a parameter's type make of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..model import Request
from .model import Operation, Parameter
from .query_text import split_query

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,19}(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,3})?")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a raw query, in order. Raises ValueError, which says what can't be read."""
    if _ESCAPE.search(query):
        raise ValueError("the query has a % that two hex digits don't follow")
    try:
        return split_query(query)
    except UnicodeDecodeError:
        raise ValueError("the query is not UTF-8") from None


def texts_of(operation: Operation, request: Request) -> dict[str, str]:
    """What a request of this operation sends, by the vendor's names of the parameters; whatever of it is documented.

    Of a parameter that is sent twice the first one counts; what can't be read is replaced, never refused.
    """
    query = dict(reversed(split_query(request.query, errors="replace")))
    named = [
        parameter.name
        for parameter in operation.parameters
        if parameter.location == "header" and parameter.name.lower() in request.headers
    ]
    headers = {name: request.headers[name.lower()] for name in named}
    return {**query, **headers, **(operation.path_values(request.path, request.segments) or {})}


def read_value(parameter: Parameter, text: str) -> Any:
    """The text as the parameter's type. Raises ValueError."""
    return text if parameter.type == "string" else _READERS[parameter.type](text)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _number_of_text(text: str) -> float | int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_READERS: Mapping[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number_of_text,
    "boolean": _boolean,
}
