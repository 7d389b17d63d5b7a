"""The examples on a page, and what they add to a schema made from its tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

Schema = dict[str, Any]

_REQUEST = r"请求(示例|样例)|(示例|样例)请求|(Sample|Example) Requests?|Requests? (Samples?|Examples?)"
_RESPONSE = (
    r"(响应|返回)(示例|样例|结果示例)|(Sample|Example) (Responses?|Returns?)|(Responses?|Returns?) (Samples?|Examples?)"
)
_MARKS = (
    ("request", re.compile(_REQUEST, re.IGNORECASE)),
    ("response", re.compile(_RESPONSE, re.IGNORECASE)),
    ("other", re.compile(r"^.{0,40}(结构体|struct(ure)?|参数|Parameters?)$|SDK", re.IGNORECASE | re.MULTILINE)),
)
_QUERY = re.compile(r"(?:https?://|/)[^\s?\"'()]+\?([\w.%-]+=[^\s\"'()|]*)")
_STATUS = re.compile(r"(?:状态码|Status Code)\s*[::]\s*(\d{3})", re.IGNORECASE)


def json_examples(text: str) -> tuple[list[Any], dict[str, Any]]:
    """The bodies of example requests, and the answers by their status."""
    decoder, requests, answers, others = json.JSONDecoder(), list[Any](), dict[str, Any](), list[Any]()
    at = 0
    while (start := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, start)
        except ValueError:
            at = start + 1
            continue
        if not isinstance(value, dict) or not value:
            continue
        kind, since = _kind_of(text[:start])
        if kind == "request":
            requests.append(value)
        elif kind == "response":
            statuses = _STATUS.findall(text[since:start])
            answers.setdefault(statuses[-1] if statuses else "200", value)
        else:
            others.append(value)
    if not answers and others:
        answers["200"] = others[-1]
    return requests, answers


def _kind_of(before: str) -> tuple[str, int]:
    """Under which heading something stands, and where that is."""
    ends = [(max((match.end() for match in mark.finditer(before)), default=-1), kind) for kind, mark in _MARKS]
    end, kind = max(ends)
    return (kind, max(end, 0)) if end >= 0 else ("other", 0)


def query_examples(text: str) -> dict[str, str]:
    """The parameters in the queries of the example requests."""
    result: dict[str, str] = {}
    for query in _QUERY.findall(text):
        result |= {name: value for name, value in parse_qsl(query, keep_blank_values=True) if name not in result}
    return result


def add_example(schema: Schema, value: Any, place: str = "") -> Iterator[str]:
    """Widens a schema, in place, so that it allows an example. Yields where the two differ, in words."""
    kind = json_type(value)
    types = schema.get("type", kind)
    names = [types] if isinstance(types, str) else list(types)
    if kind not in names and not (kind == "integer" and "number" in names):
        if kind != "null":
            yield f"{place}: {' or '.join(names)} in its table, {kind} in the example"
        if kind == "object" and names == ["array"] and isinstance(schema.get("items"), dict):
            array = {key: child for key, child in schema.items() if key != "description"}
            single = json.loads(json.dumps(schema["items"]))
            yield from add_example(single, value, place)
            for key in array:
                del schema[key]
            schema["anyOf"] = [array, single]
            return
        schema["type"] = [*names, kind]
    else:
        schema.setdefault("type", kind)
    if kind == "object" and not isinstance(schema.get("additionalProperties"), dict):
        properties = schema.setdefault("properties", {})
        for name, child in value.items():
            if name in properties:
                yield from add_example(properties[name], child, f"{place}/{name}")
            else:
                yield f"{place}/{name}: only in the example"
                list(add_example(properties.setdefault(name, {}), child))
    elif kind == "array":
        is_new = "items" not in schema
        for child in value:
            differences = list(add_example(schema.setdefault("items", {}), child, f"{place}/*"))
            yield from () if is_new else differences


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")
