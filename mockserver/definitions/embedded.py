"""JSON Schema 2020-12 that looks into strings which hold JSON (`contentMediaType`, `contentSchema`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .json_regex import compile_pattern, refuse_constant
from .model import Document, Errors
from .pointer import uri_of


def _content_schema(validator: Any, schema: Any, instance: Any, parent: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(instance, str) or parent.get("contentMediaType") != "application/json":
        return
    try:
        value = json.loads(instance, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        yield ValidationError(f"the string does not hold JSON: {error}")
        return
    yield from validator.descend(value, schema)


def _pattern(validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not compile_pattern(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _max_bytes(_validator: Any, limit: int, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and len(instance.encode("utf-8", "surrogatepass")) > limit:
        yield ValidationError(f"{instance!r} has more than {limit} bytes")


def _number(_checker: Any, value: Any) -> bool:
    # 1.0 is a number but, unlike in JSON Schema's own reading, no integer: SDKs print and parse the two differently.
    return isinstance(value, int) and not isinstance(value, bool)


Validator: type[Draft202012Validator] = validators.extend(  # type: ignore[no-untyped-call]  # the stubs lack it
    Draft202012Validator,
    {"contentSchema": _content_schema, "pattern": _pattern, "x-max-bytes": _max_bytes},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _number),
)


def registry_of(documents: Mapping[str, Document]) -> Registry[Any]:
    """All documents under their URIs, so that their schemas can refer to each other."""
    return Registry().with_resources(
        (uri_of(name), DRAFT202012.create_resource(document)) for name, document in documents.items()
    )


def errors_of(schema: Any, registry: Registry[Any]) -> Errors:
    """A judge of values by this schema."""
    errors: Errors = Validator(schema, registry=registry, format_checker=FormatChecker()).iter_errors
    return errors
