"""Common slips in schemas, read as what they clearly mean, or left out, each with a note."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from .json_regex import compile_pattern
from .notes import Notes
from .schema_forms import COUNTS, FLAGS, FORMS, LISTS, MAPS, NUMBERS, TEXTS, TYPES, is_number, is_schema, is_type

_MEANT = {
    "bool": "boolean", "int": "integer", "int32": "integer", "int64": "integer", "long": "integer", "double": "number",
    "float": "number", "decimal": "number", "str": "string", "text": "string", "date": "string", "datetime": "string",
    "date-time": "string", "uuid": "string", "enum": "string", "list": "array", "dict": "object", "map": "object",
}  # fmt: skip
_LITERAL = re.compile(r"/(\^.*|.*\$)/([gimsuy]*)", re.DOTALL)
"""A pattern as JavaScript writes it: `/^[a-z]+$/i`."""


def mend(schema: dict[str, Any], source: str, parts: tuple[str, ...], notes: Notes) -> None:
    """Takes out, in place, each keyword that has not the form it needs, and remarks on it."""
    _mend_type(schema, source, parts, notes)
    for keyword in list(schema):
        value = schema[keyword]
        if keyword.startswith("x-") or (keyword in FORMS and FORMS[keyword](value)):
            continue
        meant = _meant(keyword, value)
        if meant is not None:
            schema[keyword] = meant
            notes.add(source, (*parts, keyword), repr(value)[:80], f"read as {meant!r}")
        else:
            del schema[keyword]
            why = repr(value)[:80] if keyword in FORMS else f"the keyword {keyword!r}"
            notes.add(source, (*parts, keyword), why, "left out: JSON Schema 2020-12 has no such thing here")
    for keyword in ("$id", "$anchor"):  # references go by file and pointer
        schema.pop(keyword, None)
    if schema.get("enum") == []:
        del schema["enum"]
    _mend_enum(schema, source, parts, notes)
    _mend_patterns(schema, source, parts, notes)


def _mend_type(schema: dict[str, Any], source: str, parts: tuple[str, ...], notes: Notes) -> None:
    types = schema.get("type")
    if types == "file":
        schema.update(type="string", format="binary")
    elif types == ["file", "null"]:
        schema.update(type=["string", "null"], format="binary")
    elif "type" in schema and not is_type(types):
        names = [name.lower() for name in (types if isinstance(types, list) else [types]) if isinstance(name, str)]
        allowed = list(dict.fromkeys(name for name in (_MEANT.get(name, name) for name in names) if name in TYPES))
        if allowed:
            schema["type"] = allowed[0] if len(allowed) == 1 else allowed
        else:
            del schema["type"]
        notes.add(source, (*parts, "type"), repr(types)[:80], f"read as {allowed or 'any type'}")


def _mend_enum(schema: dict[str, Any], source: str, parts: tuple[str, ...], notes: Notes) -> None:
    """Values that the type beside them never allows: those of a list's items, numbers in quotes, or another type."""
    values, types = schema.get("enum"), schema.get("type")
    names = [types] if isinstance(types, str) else types
    if not values or not isinstance(names, list) or any(_is_of(value, name) for value in values for name in names):
        return
    if "array" in names and isinstance(schema.get("items", {}), dict):
        schema["items"] = {**schema.get("items", {}), "enum": schema.pop("enum")}
        notes.add(source, (*parts, "enum"), "values that are no lists", "read as those of the items")
        return
    numbers = [_number_of_text(value) if isinstance(value, str) else None for value in values]
    if {"integer", "number"} & set(names) and None not in numbers:
        schema["enum"] = numbers
        notes.add(source, (*parts, "enum"), repr(values)[:80], "read as numbers")
    elif "string" in names and all(isinstance(value, bool | int | float) for value in values):
        schema["enum"] = [json.dumps(value) for value in values]
        notes.add(source, (*parts, "enum"), repr(values)[:80], "read as texts")
    else:
        del schema["type"]
        notes.add(source, (*parts, "type"), f"{types!r}, which no value of enum has", "left out")


def _is_of(value: Any, name: str) -> bool:
    kinds: dict[str, Any] = {
        "array": list,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
        "object": dict,
        "string": str,
    }
    if name == "null" or isinstance(value, bool):
        return name == "boolean" and isinstance(value, bool)
    return isinstance(value, kinds[name])


def _meant(keyword: str, value: Any) -> Any:
    """What a value of the wrong form clearly means; None where that isn't clear."""
    meant: Any = None
    if keyword in (*COUNTS, *NUMBERS, "multipleOf") and isinstance(value, str):
        meant = _number_of_text(value)
    elif keyword in FLAGS and value in ("true", "false"):
        meant = value == "true"
    elif keyword == "required" and isinstance(value, list):
        meant = list(dict.fromkeys(name for name in value if isinstance(name, str)))
    elif keyword in TEXTS and is_number(value):
        meant = str(value)
    elif keyword in MAPS and isinstance(value, dict):
        meant = {name: child for name, child in value.items() if is_schema(child)}
    elif keyword in LISTS and isinstance(value, list):
        meant = [child for child in value if is_schema(child)]
    return meant if meant is not None and FORMS[keyword](meant) else None


def _number_of_text(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and number == int(number) else number


def _mend_patterns(schema: dict[str, Any], source: str, parts: tuple[str, ...], notes: Notes) -> None:
    literal = _LITERAL.fullmatch(schema.get("pattern", ""))
    if literal:
        notes.add(source, (*parts, "pattern"), repr(schema["pattern"])[:80], "read without the slashes around it")
        schema["pattern"] = ("(?i)" if "i" in literal[2] else "") + literal[1]
    patterns = [schema["pattern"]] if "pattern" in schema else []
    for pattern in (*patterns, *schema.get("patternProperties", ())):
        try:
            compile_pattern(pattern)
        except re.error as error:
            notes.add(source, (*parts, "pattern"), f"{pattern[:80]!r} ({error})", "left out: it is not a regular expression")
            schema.pop("pattern", None)
            schema.get("patternProperties", {}).pop(pattern, None)
