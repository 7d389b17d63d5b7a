"""What `mockserver.yaml` leaves unsaid of a call: the form of new ids, the rows, counts, filters and pages of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    answer: dict[str, Any] = {f"/{place}" if place else "": {"each": {"": {"job": ""}}}}
    for name, child in members.items():
        if _COUNTS.match(name) and types_of_schema(document, child) & {"integer", "number"}:
            answer[f"/{name}"] = {"total": True}
    items = whole_schema(document, members[place] if place else schema).get("items")
    row = whole_schema(document, items).get("properties", {})
    asked = [item for item in parameters_of(document, node) if item.get("in") == "query"]
    filters = {str(item["name"]): {"job": f"/{item['name']}"} for item in asked if _is_filter(document, item, row)}
    page = _paging_of(document, asked)
    return {"answer": answer, **({"filters": filters} if filters else {}), **({"page": page} if page else {})}


def _is_filter(document: Node, parameter: Node, row: Node) -> bool:
    """Whether a parameter has the name of a member of the rows, and takes a single value."""
    simple = types_of_schema(document, parameter.get("schema")) <= {"string", "integer", "boolean"}
    return parameter.get("name") in row and simple


def _paging_of(document: Node, parameters: list[Node]) -> Mapping[str, Any]:
    page: dict[str, Any] = {}
    for parameter in parameters:
        name, schema = str(parameter["name"]), whole_schema(document, parameter.get("schema"))
        if not types_of_schema(document, schema) & {"integer", "number"}:
            continue
        first = int(schema.get("default", schema.get("minimum", 0)) or 0)
        if _LIMITS.match(name) and "limit" not in page:
            page |= {"limit": name, "size": int(schema.get("default") or _USUAL_SIZE)}
        elif _OFFSETS.match(name) and "offset" not in page:
            page |= {"offset": name, "first": first}
        elif _NUMBERS.match(name) and "number" not in page:
            page |= {"number": name, "first": min(first, 1) if "default" in schema or "minimum" in schema else 1}
    return page if {"limit"} & page.keys() else {}
