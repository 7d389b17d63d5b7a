"""Schemas as people write them, brought to JSON Schema 2020-12: OpenAPI 3.0's and Swagger's spellings, and common slips."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from .json_regex import compile_pattern
from .notes import Notes

MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLES = (
    "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_TEXTS = ("$ref", "$anchor", "$comment", "$schema", "$dynamicRef", "$dynamicAnchor", "$id", "contentEncoding",
          "contentMediaType", "description", "format", "pattern", "title")  # fmt: skip
_COUNTS = ("maxContains", "maxItems", "maxLength", "maxProperties", "minContains", "minItems", "minLength", "minProperties")
_NUMBERS = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum")
_FLAGS = ("deprecated", "readOnly", "uniqueItems", "writeOnly")
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_MEANT = {
    "bool": "boolean", "int": "integer", "int32": "integer", "int64": "integer", "long": "integer", "double": "number",
    "float": "number", "decimal": "number", "str": "string", "text": "string", "date": "string", "datetime": "string",
    "date-time": "string", "uuid": "string", "enum": "string", "list": "array", "dict": "object", "map": "object",
}  # fmt: skip
_KEEP_BESIDE_REF = {
    "$ref",
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "readOnly",
    "summary",
    "title",
    "writeOnly",
}


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _all(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: all(kind(item) for item in (value.values() if isinstance(value, dict) else value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_type(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return (
        isinstance(names, list) and bool(names) and all(name in _TYPES for name in names) and len(set(names)) == len(names)
    )


_FORMS: Mapping[str, Callable[[Any], bool]] = {
    **{name: (lambda value: isinstance(value, dict) and _all(_is_schema)(value)) for name in MAPS},
    **{name: (lambda value: isinstance(value, list) and bool(value) and _all(_is_schema)(value)) for name in LISTS},
    **dict.fromkeys(SINGLES, _is_schema),
    **dict.fromkeys(_TEXTS, _is_text),
    **dict.fromkeys(_COUNTS, _is_count),
    **dict.fromkeys(_NUMBERS, _is_number),
    **dict.fromkeys(_FLAGS, lambda value: isinstance(value, bool)),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "type": _is_type,
    "enum": lambda value: isinstance(value, list),
    "examples": lambda value: isinstance(value, list),
    "required": lambda value: isinstance(value, list) and _all(_is_text)(value) and len(set(value)) == len(value),
    "dependentRequired": lambda value: isinstance(value, dict) and all(isinstance(names, list) for names in value.values()),
    "const": lambda _value: True,
    "default": lambda _value: True,
    "example": lambda _value: True,
    "discriminator": lambda value: isinstance(value, dict),
    "externalDocs": lambda _value: True,
    "xml": lambda _value: True,
}  # fmt: skip


KEYWORDS = frozenset(_FORMS)
"""The keywords of JSON Schema 2020-12, and OpenAPI's."""


def well_formed(schema: Mapping[str, Any]) -> bool:
    """Whether each keyword of a schema is known and has the form that JSON Schema 2020-12 wants of it."""
    return all(
        keyword.startswith("x-") or (keyword in _FORMS and _FORMS[keyword](value)) for keyword, value in schema.items()
    )


def to_2020(schema: dict[str, Any]) -> None:
    """Rewrites, in place, what OpenAPI 3.0 and Swagger 2.0 spell in another way, without changing what it means."""
    for name, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(name), bool):
            exclusive = schema.pop(name)
            if exclusive and _is_number(schema.get(limit)):
                schema[name] = schema.pop(limit)
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items") or [True]
    if isinstance(schema.get("examples"), dict):
        schema["examples"] = [
            item.get("value", item) if isinstance(item, dict) else item for item in schema["examples"].values()
        ]
    nullable = [schema.pop(name) for name in ("nullable", "x-nullable") if isinstance(schema.get(name), bool)]
    if any(nullable):
        _add_null(schema)


def _add_null(schema: dict[str, Any]) -> None:
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    types = schema.get("type")
    if isinstance(types, str | list):
        names = [types] if isinstance(types, str) else types
        schema["type"] = names if "null" in names else [*names, "null"]
    if "$ref" in schema or any(keyword in schema for keyword in LISTS[:3]):
        notes: dict[str, Any] = {
            key: schema.pop(key) for key in ("description", "title", "example", "default", "deprecated") if key in schema
        }
        rest = dict(schema)
        schema.clear()
        schema.update(notes)
        schema["anyOf"] = [rest, {"type": "null"}]


def alone(schema: dict[str, Any]) -> None:
    """Takes out what stands beside a `$ref`, which before OpenAPI 3.1 counts for nothing."""
    for keyword in [key for key in schema if key not in _KEEP_BESIDE_REF and not key.startswith("x-")]:
        del schema[keyword]


def mend(schema: dict[str, Any], source: str, parts: tuple[str, ...], notes: Notes) -> None:
    """Takes out, in place, each keyword that has not the form it needs, and remarks on it."""
    _mend_type(schema, source, parts, notes)
    for keyword in list(schema):
        value = schema[keyword]
        if keyword.startswith("x-") or (keyword in _FORMS and _FORMS[keyword](value)):
            continue
        meant = _meant(keyword, value)
        if meant is not None:
            schema[keyword] = meant
            notes.add(source, (*parts, keyword), repr(value)[:80], f"read as {meant!r}")
        else:
            del schema[keyword]
            why = repr(value)[:80] if keyword in _FORMS else f"the keyword {keyword!r}"
            notes.add(source, (*parts, keyword), why, "left out: JSON Schema 2020-12 has no such thing here")
    for keyword in ("$id", "$anchor"):  # references go by file and pointer
        schema.pop(keyword, None)
    if schema.get("enum") == []:
        del schema["enum"]
    _mend_patterns(schema, source, parts, notes)


def _mend_type(schema: dict[str, Any], source: str, parts: tuple[str, ...], notes: Notes) -> None:
    types = schema.get("type")
    if types == "file":
        schema.update(type="string", format="binary")
    elif types == ["file", "null"]:
        schema.update(type=["string", "null"], format="binary")
    elif "type" in schema and not _is_type(types):
        names = [name.lower() for name in (types if isinstance(types, list) else [types]) if isinstance(name, str)]
        allowed = list(dict.fromkeys(name for name in (_MEANT.get(name, name) for name in names) if name in _TYPES))
        if allowed:
            schema["type"] = allowed[0] if len(allowed) == 1 else allowed
        else:
            del schema["type"]
        notes.add(source, (*parts, "type"), repr(types)[:80], f"read as {allowed or 'any type'}")


def _meant(keyword: str, value: Any) -> Any:
    """What a value of the wrong form clearly means; None where that isn't clear."""
    meant: Any = None
    if keyword in (*_COUNTS, *_NUMBERS, "multipleOf") and isinstance(value, str):
        meant = _number(value)
    elif keyword in _FLAGS and value in ("true", "false"):
        meant = value == "true"
    elif keyword == "required" and isinstance(value, list):
        meant = list(dict.fromkeys(name for name in value if isinstance(name, str)))
    elif keyword in _TEXTS and _is_number(value):
        meant = str(value)
    elif keyword in MAPS and isinstance(value, dict):
        meant = {name: child for name, child in value.items() if _is_schema(child)}
    elif keyword in LISTS and isinstance(value, list):
        meant = [child for child in value if _is_schema(child)]
    return meant if meant is not None and _FORMS[keyword](meant) else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and number == int(number) else number


def _mend_patterns(schema: dict[str, Any], source: str, parts: tuple[str, ...], notes: Notes) -> None:
    patterns = [schema["pattern"]] if "pattern" in schema else []
    for pattern in (*patterns, *schema.get("patternProperties", ())):
        try:
            compile_pattern(pattern)
        except re.error as error:
            notes.add(source, (*parts, "pattern"), f"{pattern[:80]!r} ({error})", "left out: it is not a regular expression")
            schema.pop("pattern", None)
            schema.get("patternProperties", {}).pop(pattern, None)
