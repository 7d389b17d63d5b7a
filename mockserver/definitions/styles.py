"""Parameters that are more than one text: arrays, objects, cookies, and those whose type their schema leaves open."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_DEFAULTS = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_SEPARATORS = {"spaceDelimited": re.compile(r"%20| |,"), "pipeDelimited": re.compile(r"%7[cC]|\|")}
_COMMA = re.compile(",")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,19}(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,3})?")
_TYPES = ("array", "object", "integer", "number", "boolean", "string")
MISSING = object()


@dataclass(frozen=True)
class Style:
    """How a parameter is written (OpenAPI's `style` and `explode`), and the schema that its parts are read by."""

    name: str
    explode: bool
    types: tuple[str, ...]
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """The texts of a request: those of the path, the pairs of the query, the headers (names in lower case), the cookies."""

    path: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]


def cookies_of(header: str) -> dict[str, str]:
    """The cookies of a Cookie header."""
    pairs = (part.strip().partition("=") for part in header.split(";") if "=" in part)
    return {name: value.strip('"') for name, _, value in pairs}


def types_of(schema: Any) -> tuple[str, ...]:
    """The JSON types that a schema names, alternatives included; empty where it leaves them open."""
    if not isinstance(schema, Mapping):
        return ()
    named = schema.get("type", [])
    types = [named] if isinstance(named, str) else list(named)
    for keyword in ("anyOf", "oneOf", "allOf"):
        types += (
            [name for branch in schema.get(keyword, ()) for name in types_of(branch)]
            if not types or keyword != "allOf"
            else []
        )
    if not types and "properties" in schema:
        types = ["object"]
    if not types and "items" in schema:
        types = ["array"]
    return tuple(name for name in _TYPES if name in types)


def style_of(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Style | None:
    """The style of a parameter; None for a plain text, number or boolean of path, query or header."""
    types = types_of(schema)
    if node["in"] != "cookie" and len(types) == 1 and types[0] not in ("array", "object"):
        return None
    if (
        node["in"] != "cookie"
        and not types
        and not any(key in schema for key in ("anyOf", "oneOf", "allOf", "$ref", "enum", "const"))
    ):
        return None
    name = node.get("style") or _DEFAULTS[node["in"]]
    return Style(name, bool(node.get("explode", name == "form")), types, schema)


def read_styled(name: str, location: str, style: Style, sent: Sent) -> Any:
    """The value of a parameter; MISSING where the request has none."""
    if location == "query":
        return _of_query(name, style, sent.query)
    if location == "cookie" and "object" in style.types and style.explode:  # each member is a cookie
        return _of_query(name, style, tuple(sent.cookies.items()))
    source = {"path": sent.path, "header": sent.headers, "cookie": sent.cookies}[location]
    text = source.get(name.lower() if location == "header" else name)
    return MISSING if text is None else _of_text(name, style, text)


def header_value(schema: Any, text: str) -> Any:
    """What an answer's header says, read by its schema: `Retry-After: 1` is a number where the schema wants one."""
    keywords = schema if isinstance(schema, Mapping) else {}
    return _of_text("", Style("simple", False, types_of(keywords), keywords), text)


def _of_query(name: str, style: Style, pairs: Sequence[tuple[str, str]]) -> Any:
    if "object" in style.types:
        deep = {key[len(name) + 1 : -1]: value for key, value in pairs if key.startswith(f"{name}[") and key.endswith("]")}
        if deep:
            return _object_members(style, deep)
        if style.name == "form" and style.explode:
            allowed = style.schema.get("properties", {})
            loose = {key: value for key, value in pairs if key in allowed}
            return _object_members(style, loose) if loose else MISSING
    texts = [value for key, value in pairs if key in (name, f"{name}[]")]
    if not texts:
        return MISSING
    if "array" in style.types and (len(texts) > 1 or (style.explode and style.name == "form")):
        return [_scalar(text, _items(style)) for text in texts]
    return _of_text(name, style, texts[0])


def _of_text(name: str, style: Style, text: str) -> Any:
    if style.name == "label":
        text = text.removeprefix(".")
    elif style.name == "matrix":
        text = text.removeprefix(f";{name}=") if not style.explode else ",".join(
            part.removeprefix(f"{name}=") for part in text.removeprefix(";").split(";"))  # fmt: skip
    if "array" in style.types:
        separator = _SEPARATORS.get(style.name, re.compile(r"\.") if style.name == "label" and style.explode else _COMMA)
        return [_scalar(part, _items(style)) for part in separator.split(text)] if text else []
    if "object" in style.types and ("," in text or "=" in text):
        return _object(style, text)
    return _scalar(text, style.schema, style.types)


def _object(style: Style, text: str) -> Any:
    parts = re.split(r"[,.]" if style.name == "label" else ",", text)
    if all("=" in part for part in parts):
        return _object_members(style, dict(part.split("=", 1) for part in parts))
    return _object_members(style, dict(zip(parts[::2], parts[1::2], strict=False)))


def _object_members(style: Style, texts: Mapping[str, str]) -> dict[str, Any]:
    allowed = style.schema.get("properties", {})
    return {key: _scalar(text, allowed.get(key, {})) for key, text in texts.items()}


def _items(style: Style) -> Any:
    branches = [style.schema, *style.schema.get("anyOf", ()), *style.schema.get("oneOf", ())]
    return next((branch["items"] for branch in branches if isinstance(branch, Mapping) and "items" in branch), {})


def _scalar(text: str, schema: Any, types: Sequence[str] | None = None) -> Any:
    """The text as the first of the schema's types that it can be; the text itself where it can be none of them."""
    values = schema.get("enum", []) if isinstance(schema, Mapping) else []
    if text in values:
        return text
    for name in types if types is not None else types_of(schema):
        if name == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        if name == "number" and _NUMBER.fullmatch(text):
            return int(text) if _INTEGER.fullmatch(text) else float(text)
        if name == "boolean" and text.lower() in ("true", "false"):
            return text.lower() == "true"
    same = [value for value in values if str(value) == text]
    return same[0] if same else text
