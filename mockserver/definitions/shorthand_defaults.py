"""What `mockserver.yaml` leaves unsaid of a call: the form of new ids, the rows, counts, filters and pages of a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .schema_lookup import (
    Node,
    operation_named,
    parameters_of,
    schema_of,
    success_response,
    types_of_schema,
    whole_schema,
)

_DIGITS = "0123456789abcdef0123456789abcdef"
_UUID = "01234567-89ab-cdef-0123-456789abcdef"
_SHORTER = {f"{{hex{size}}}": _DIGITS[:size] for size in (24, 20, 16, 12, 8)}
_FORMS = {"uuid": _UUID, "{hex}": _DIGITS, **_SHORTER, "{integer}": "17"}
_COUNTS = re.compile(r"^(total|count|size)(_?(count|items|size|entries|elements|records|results))?$", re.IGNORECASE)
_LIMITS = re.compile(r"^(limit|page_?size|per_?page|max_?(results|items|records)|size|top)$", re.IGNORECASE)
_OFFSETS = re.compile(r"^(offset|skip|start|start_?index)$", re.IGNORECASE)
_NUMBERS = re.compile(r"^(page|page_?(no|num|number|index))$", re.IGNORECASE)
_TOKENS = re.compile(r"^(page_?token|next_?token|cursor|after|marker|continuation_?token|starting_?after)$", re.IGNORECASE)
_NEXT = re.compile(r"^(next_?(page)?_?(token|cursor|marker)|continuation_?token|cursor|marker)$", re.IGNORECASE)
_LINKS = re.compile(r"^(@odata\.)?next(_?(link|url|uri|page))?(_?url)?$", re.IGNORECASE)
_MORE = re.compile(r"^has_?(more|next)(_?page)?$|^more$", re.IGNORECASE)
_USUAL_SIZE = 20


def new_id(document: Node, read: str, name: str) -> str:
    """The form of new ids that the parameter of the operation which reads a job takes; uuid where any would do."""
    parameters = parameters_of(document, operation_named(document, read)[1])
    schema = next((whole_schema(document, item.get("schema")) for item in parameters if item.get("name") == name), {})
    if schema.get("type") in ("integer", "number"):
        return "{integer}"
    if schema.get("format") == "uuid":
        return "uuid"
    return next((form for form, sample in _FORMS.items() if _is_valid_sample(sample, schema)), "uuid")


def _is_valid_sample(sample: str, schema: Node) -> bool:
    if not schema.get("minLength", 0) <= len(sample) <= schema.get("maxLength", 100):
        return False
    try:
        return re.search(schema.get("pattern", ""), sample) is not None
    except re.error:
        return True


def list_action(document: Node, node: Node) -> dict[str, Any]:
    """The rows of a list (its answer, or its first list of objects), their number, and what its parameters choose."""
    schema = schema_of(document, success_response(document, node))
    members = schema.get("properties", {})
    place = next((name for name, child in members.items() if "array" in types_of_schema(document, child)), None)
    parameters = parameters_of(document, node)
    asked = [item for item in parameters if item.get("in") == "query"]
    page = _paging_of(document, asked)
    answer = {f"/{place}" if place else "": {"each": {"": {"job": ""}}}, **_about_pages(document, schema, "token" in page)}
    items = whole_schema(document, members[place] if place else schema).get("items")
    row = whole_schema(document, items).get("properties", {})
    filters = {str(item["name"]): {"job": f"/{item['name']}"} for item in asked if _is_filter(document, item, row)}
    filters |= {name: {"fact": f"/{name}"} for name in path_values(parameters) if name in row}
    return {"answer": answer, **({"filters": filters} if filters else {}), **({"page": page} if page else {})}


def path_values(parameters: Iterable[Node]) -> list[str]:
    """The names of the parameters of the path."""
    return [str(item["name"]) for item in parameters if item.get("in") == "path"]


def _about_pages(document: Node, schema: Node, by_token: bool, base: str = "") -> dict[str, Any]:
    """What an answer says of its pages: counts, what asks for the next one, whether there is one."""
    answer: dict[str, Any] = {}
    required = schema.get("required", ())
    for name, child in schema.get("properties", {}).items():
        types, at = types_of_schema(document, child), f"{base}/{name}"
        if _COUNTS.match(name) and types & {"integer", "number"}:
            answer[at] = {"total": True}
        elif _MORE.match(name) and "boolean" in types:
            answer[at] = {"more": True}
        elif _NEXT.match(name) and "string" in types:
            nothing = {"default": {"value": ""}} if name in required else {}
            answer[at] = {"next": True, **nothing} if by_token else {"value": "" if name in required else None}
        elif _LINKS.match(name) and "string" in types and name not in required:
            answer[at] = {"value": None}  # a list that only links lead through has one page
        elif "object" in types and not base:
            answer |= _about_pages(document, whole_schema(document, child), by_token, at)
    return answer


def _is_filter(document: Node, parameter: Node, row: Node) -> bool:
    """Whether a parameter has the name of a member of the rows, and takes a single value."""
    simple = types_of_schema(document, parameter.get("schema")) <= {"string", "integer", "boolean"}
    return parameter.get("name") in row and simple


def _paging_of(document: Node, parameters: list[Node]) -> Mapping[str, Any]:
    page: dict[str, Any] = {}
    for parameter in parameters:
        name, schema = str(parameter["name"]), whole_schema(document, parameter.get("schema"))
        if _TOKENS.match(name) and "string" in types_of_schema(document, schema):
            page["token"] = name
        if not types_of_schema(document, schema) & {"integer", "number"}:
            continue
        first = int(schema.get("default", schema.get("minimum", 0)) or 0)
        if _LIMITS.match(name) and "limit" not in page:
            page |= {"limit": name, "size": int(schema.get("default") or _USUAL_SIZE)}
        elif _OFFSETS.match(name) and "offset" not in page:
            page |= {"offset": name, "first": first}
        elif _NUMBERS.match(name) and "number" not in page:
            page |= {"number": name, "first": min(first, 1) if "default" in schema or "minimum" in schema else 1}
    return {"size": _USUAL_SIZE, **page} if {"limit", "token"} & page.keys() else {}
