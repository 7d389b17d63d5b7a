"""Checks of parameters, made once of their schemas: whether a value is allowed. jsonschema is asked only why one isn't."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .json_regex import SlowPattern, compile_pattern
from .model import Errors

Check = Callable[[Any], bool]
"""Whether a value is allowed."""

_NO_RULES = {
    "$comment", "default", "deprecated", "description", "example", "examples", "externalDocs", "readOnly", "title",
    "writeOnly", "xml",
}  # fmt: skip
_TYPES: Mapping[str, Check] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}


def check_of(schema: Mapping[str, Any], errors: Errors) -> Check:
    """A check of texts, numbers and booleans by this schema.

    Args:
        schema: A parameter's schema, its references replaced.
        errors: Judges values by the same schema: the reference, and what decides where the schema has keywords that no
            check is made of here.

    Returns:
        A function that returns True where `errors` yields nothing.
    """
    checks = [check for keyword, value in schema.items() if (check := _check_of_keyword(keyword, value))]
    allowed = all(keyword in _NO_RULES or keyword.startswith("x-") or keyword in _MAKERS for keyword in schema)
    if not allowed or len(checks) < sum(keyword in _MAKERS for keyword in schema):
        return lambda value: next(iter(errors(value)), None) is None
    return _all_of(checks)


def _all_of(checks: Sequence[Check]) -> Check:
    """One check for several: nested, since a generator for each value costs more than the checks."""
    if len(checks) > 1:
        first, rest = checks[0], _all_of(checks[1:])
        return lambda value: first(value) and rest(value)
    return checks[0] if checks else lambda _value: True


def _check_of_keyword(keyword: str, rule: Any) -> Check | None:
    maker = _MAKERS.get(keyword)
    return maker(rule) if maker else None


def _type(rule: Any) -> Check | None:
    return _TYPES.get(rule) if isinstance(rule, str) else None


def _enum(rule: Any) -> Check | None:
    if not all(isinstance(value, str) for value in rule):
        return None
    allowed = frozenset(rule)
    return lambda value: isinstance(value, str) and value in allowed


def _pattern_check(rule: Any) -> Check:
    search = compile_pattern(rule).search

    def matches(value: Any) -> bool:
        try:
            return not isinstance(value, str) or search(value) is not None
        except SlowPattern:
            return False

    return matches


def _length(fits: Callable[[int, Any], bool]) -> Callable[[Any], Check]:
    return lambda rule: lambda value: not isinstance(value, str) or fits(len(value), rule)


def _amount(fits: Callable[[Any, Any], bool]) -> Callable[[Any], Check]:
    number = _TYPES["number"]
    return lambda rule: lambda value: not number(value) or fits(value, rule)


_MAKERS: Mapping[str, Callable[[Any], Check | None]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda rule: _enum([rule]),
    "pattern": _pattern_check,
    "minLength": _length(lambda length, rule: length >= rule),
    "maxLength": _length(lambda length, rule: length <= rule),
    "minimum": _amount(lambda value, rule: value >= rule),
    "maximum": _amount(lambda value, rule: value <= rule),
    "exclusiveMinimum": _amount(lambda value, rule: value > rule),
    "exclusiveMaximum": _amount(lambda value, rule: value < rule),
}
