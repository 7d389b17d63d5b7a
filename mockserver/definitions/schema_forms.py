"""Schemas as people write them, brought to JSON Schema 2020-12: OpenAPI 3.0's and Swagger's spellings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLES = (
    "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
TEXTS = ("$ref", "$anchor", "$comment", "$schema", "$dynamicRef", "$dynamicAnchor", "$id", "contentEncoding",
          "contentMediaType", "description", "format", "pattern", "title")  # fmt: skip
COUNTS = ("maxContains", "maxItems", "maxLength", "maxProperties", "minContains", "minItems", "minLength", "minProperties")
NUMBERS = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum")
FLAGS = ("deprecated", "readOnly", "uniqueItems", "writeOnly")
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
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


def is_schema(value: Any) -> bool:
    """Whether a value can stand where a schema does."""
    return isinstance(value, dict | bool)


def is_number(value: Any) -> bool:
    """Whether a value is a number, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _all(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: all(kind(item) for item in (value.values() if isinstance(value, dict) else value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_type(value: Any) -> bool:
    """Whether a value is a type, or a list of different ones."""
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and bool(names) and all(name in TYPES for name in names) and len(set(names)) == len(names)


FORMS: Mapping[str, Callable[[Any], bool]] = {
    **{name: (lambda value: isinstance(value, dict) and _all(is_schema)(value)) for name in MAPS},
    **{name: (lambda value: isinstance(value, list) and bool(value) and _all(is_schema)(value)) for name in LISTS},
    **dict.fromkeys(SINGLES, is_schema),
    **dict.fromkeys(TEXTS, _is_text),
    **dict.fromkeys(COUNTS, _is_count),
    **dict.fromkeys(NUMBERS, is_number),
    **dict.fromkeys(FLAGS, lambda value: isinstance(value, bool)),
    "multipleOf": lambda value: is_number(value) and value > 0,
    "type": is_type,
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


KEYWORDS = frozenset(FORMS)
"""The keywords of JSON Schema 2020-12, and OpenAPI's."""


def well_formed(schema: Mapping[str, Any]) -> bool:
    """Whether each keyword of a schema is known and has the form that JSON Schema 2020-12 wants of it."""
    return all(keyword.startswith("x-") or (keyword in FORMS and FORMS[keyword](value)) for keyword, value in schema.items())


def to_2020(schema: dict[str, Any]) -> None:
    """Rewrites, in place, what OpenAPI 3.0 and Swagger 2.0 spell in another way, without changing what it means."""
    for name, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(name), bool):
            exclusive = schema.pop(name)
            if exclusive and is_number(schema.get(limit)):
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
