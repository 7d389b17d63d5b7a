"""JSON Schema 2020-12 that looks into strings which hold JSON (`contentMediaType`, `contentSchema`)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .json_regex import SlowPattern, compile_pattern, refuse_constant
from .limits import STEPS, STEPS_EACH, size_of
from .model import Document, Errors
from .node import uri_of


def _content_schema(validator: Any, schema: Any, instance: Any, parent: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(instance, str) or parent.get("contentMediaType") != "application/json":
        return
    try:
        value = json.loads(instance, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        yield ValidationError(f"the string does not hold JSON: {error}")
        return
    yield from validator.descend(value, schema)


def _judge_pattern(validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "string"):
        return
    try:
        if not compile_pattern(pattern).search(instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")
    except SlowPattern as slow:
        yield ValidationError(str(slow))


def _matching(patterns: Mapping[str, Any], name: str) -> list[str]:
    """The patterns that a member's name matches; one that takes for ever counts as matching."""
    matching = []
    for pattern in patterns:
        try:
            if compile_pattern(pattern).search(name):
                matching.append(pattern)
        except SlowPattern:
            matching.append(pattern)
    return matching


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    for name, value in instance.items() if validator.is_type(instance, "object") else ():
        for pattern in _matching(patterns, name):
            yield from validator.descend(value, patterns[pattern], path=name, schema_path=pattern)


def _additional(validator: Any, extra: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    patterns = schema.get("patternProperties", {})
    others = [name for name in instance if name not in schema.get("properties", {}) and not _matching(patterns, name)]
    if extra is False:
        if others:
            names = ", ".join(repr(name) for name in sorted(others, key=str))
            yield ValidationError(
                f"Additional properties are not allowed ({names} {'were' if others[1:] else 'was'} unexpected)"
            )
        return
    for name in others if isinstance(extra, dict) else ():
        yield from validator.descend(instance[name], extra, path=name)


def _counted(keyword: str) -> Any:
    """The keyword as the validator has it, each use of it a step of `STEPS`."""
    usual = Draft202012Validator.VALIDATORS[keyword]

    def judge(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _LEFT.steps = getattr(_LEFT, "steps", STEPS) - 1
        if _LEFT.steps < 0:
            raise TooManySteps
        yield from usual(validator, value, instance, schema) or ()

    return judge


class TooManySteps(Exception):
    """A schema that branches too often on a value."""


_LEFT = threading.local()


def _max_bytes(_validator: Any, limit: int, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and len(instance.encode("utf-8", "surrogatepass")) > limit:
        yield ValidationError(f"{instance!r} has more than {limit} bytes")


def _is_number(_checker: Any, value: Any) -> bool:
    # 1.0 is a number but, unlike in JSON Schema's own reading, no integer: SDKs print and parse the two differently.
    return isinstance(value, int) and not isinstance(value, bool)


Validator: type[Draft202012Validator] = validators.extend(  # type: ignore[no-untyped-call]  # the stubs lack it
    Draft202012Validator,
    {
        "contentSchema": _content_schema,
        "pattern": _judge_pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional,
        "x-max-bytes": _max_bytes,
        **{keyword: _counted(keyword) for keyword in ("$ref", "allOf", "anyOf", "oneOf", "items", "properties")},
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_number),
)


def registry_of(documents: Mapping[str, Document]) -> Registry[Any]:
    """All documents under their URIs, so that their schemas can refer to each other."""
    return Registry().with_resources(
        (uri_of(name), DRAFT202012.create_resource(document)) for name, document in documents.items()
    )


def errors_of(schema: Any, registry: Registry[Any]) -> Errors:
    """A judge of values by this schema. What takes too many steps, or is nested too deep to be judged, is an error too."""
    errors: Errors = Validator(schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors

    def judged(value: Any) -> Iterator[ValidationError]:
        _LEFT.steps = most = STEPS + STEPS_EACH * size_of(value)
        try:
            yield from errors(value)
        except TooManySteps:
            yield _unjudged(value, f"at most {most} references and alternatives, followed to judge it")
        except RecursionError:
            yield _unjudged(value, "a value that is nested less deeply")

    return judged


def _unjudged(value: Any, allowed: str) -> ValidationError:
    return ValidationError(f"allowed: {allowed}", validator="steps", validator_value=allowed, instance=value)
