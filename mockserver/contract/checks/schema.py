"""Checks of the body against its schema: each finding names the pointer, and the documented fact that it departs from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ...definitions import Definitions, Operation, Provenance, ResponseSpec
from ...definitions.inlined import NOTHING, PLACE
from ...definitions.node import node_at
from ...definitions.pointer import join, parts_of
from ...definitions.provenance import provenance_of
from ...errors import excerpt, shortened
from ..findings import Finding, finding

if TYPE_CHECKING:
    from jsonschema import ValidationError

_RANGE_KEYWORDS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "minProperties", "maxProperties", "uniqueItems", "x-max-bytes",
)  # fmt: skip
_CODES = {
    "enum": "value-wrong", "const": "value-wrong", "not": "conditional-wrong", "pattern": "pattern-wrong",
    "format": "pattern-wrong", "contentSchema": "embedded-not-json", "additionalProperties": "member-undeclared",
    "anyOf": "shape-unknown", "oneOf": "shape-unknown", **dict.fromkeys(_RANGE_KEYWORDS, "out-of-range"),
}  # fmt: skip


def check_schema(definitions: Definitions, operation: Operation, status: int, body: Any) -> list[Finding]:
    """One finding for each mistake in a body that came with this HTTP status."""
    response_spec = operation.answers[status]
    findings = []
    for error in _relevant_errors(operation.responses[status](body)):
        fact = _fact_of(definitions, response_spec, error)
        findings += [
            finding(code, "body", pointer, actual, documented, fact.source, fact.provenance)
            for code, pointer, actual, documented in _finding_parts(operation, error, fact)
        ]
    return _without_consequences(operation, list(dict.fromkeys(findings)))


def _without_consequences(operation: Operation, findings: list[Finding]) -> list[Finding]:
    """The findings without those that only follow from another one: an undocumented value that has the wrong type, and
    conditions that depend on a wrong status."""
    wrong_types = {item.pointer for item in findings if item.code in ("type-wrong", "null-unexpected")}
    findings = [
        item for item in findings if item.pointer not in wrong_types or item.code not in ("value-wrong", "status-unknown")
    ]
    observation = operation.observation
    if observation is None:
        return findings
    status_pattern = observation.jobs + observation.status
    wrong_statuses = [
        item.pointer
        for item in findings
        if item.code != "conditional-wrong" and _matches_pattern(item.pointer, status_pattern)
    ]
    jobs_with_wrong_status = tuple(pointer.rpartition("/")[0] + "/" for pointer in wrong_statuses)
    return [
        item for item in findings if item.code != "conditional-wrong" or not item.pointer.startswith(jobs_with_wrong_status)
    ]


def _relevant_errors(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors; if a choice between alternatives failed, the errors of the alternative that fits best."""
    for error in errors:
        if error.validator in ("anyOf", "oneOf") and error.context:
            yield from _relevant_errors(_nearest_alternative(error))
        else:
            yield error


def _nearest_alternative(error: ValidationError) -> list[ValidationError]:
    ordered = sorted(error.context or (), key=lambda item: int(item.relative_schema_path[0]))
    branches = [list(group) for _, group in groupby(ordered, key=lambda item: item.relative_schema_path[0])]
    alternatives: Any = error.validator_value
    return min(branches, key=lambda branch: _distance(branch, error.instance, alternatives))


def _distance(branch: list[ValidationError], value: Any, alternatives: Sequence[Any]) -> tuple[int, int, int, int]:
    """How far a value is from an alternative: a wrong type counts most, then members that the alternative doesn't have, then
    missing members and wrong values that tell alternatives apart, then the rest."""
    alternative = alternatives[int(branch[0].relative_schema_path[0])]
    properties = alternative.get("properties") if isinstance(alternative, Mapping) else None
    unknown_count = 0
    if properties and isinstance(value, Mapping):
        unknown_count = len(set(value) - set(properties))
        if unknown_count == len(value):  # nothing in common: no alternative of that kind is better than the first
            return 0, unknown_count + 1, 0, 0
    wrong_types = sum(error.validator == "type" and not error.relative_path for error in branch)
    missing_count = sum(error.validator == "required" and not error.relative_path for error in branch)
    distinguishing_count = sum(
        error.validator in ("const", "not", "pattern") and len(error.relative_path) == 1 for error in branch
    )
    return wrong_types, unknown_count, 2 * distinguishing_count + missing_count, len(branch)


class _SchemaFact:
    """The fact in the document that an error departs from: its place (file#pointer), its provenance, and the comment on its
    condition or on a contradiction that is read strictly."""

    __slots__ = ("comment", "conditional", "provenance", "source")

    def __init__(self, source: str, provenance: Provenance, comment: str, conditional: bool) -> None:
        self.source = source
        self.provenance = provenance
        self.comment = comment
        self.conditional = conditional


def _fact_of(definitions: Definitions, response_spec: ResponseSpec, error: ValidationError) -> _SchemaFact:
    """Follow the error's path through the schema; parts that were inlined for a reference say where they were written."""
    node = response_spec.schema
    source = response_spec.place + "/content/application~1json/schema"
    comment, conditional = "", False
    for part in (None, *error.absolute_schema_path):
        if part is not None:
            if node == NOTHING:  # the document has `false` here
                break
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                break
            source += join(part)
            conditional = conditional or part in ("then", "else", "allOf")
        if isinstance(node, dict):
            source = node.get(PLACE, source)
            comment = node.get("$comment", comment)
    strict = ", read strictly: " in comment
    shown_comment = comment if conditional or strict else ""
    return _SchemaFact(source, _provenance(definitions, source), shown_comment, conditional and not strict)


def _provenance(definitions: Definitions, source: str) -> Provenance:
    file, _, pointer = source.partition("#")
    try:
        return provenance_of(node_at(definitions.documents, file, parts_of(pointer)))
    except KeyError:
        return Provenance("documented")


def _finding_parts(operation: Operation, error: ValidationError, fact: _SchemaFact) -> Iterator[tuple[str, str, str, str]]:
    """Code, pointer, actual and documented text of each finding; missing members get one each."""
    pointer = join(*error.absolute_path)
    if error.validator == "required":
        required: Any = error.validator_value
        for name in required:
            if error.message.startswith(f"{name!r} "):
                code = "conditional-wrong" if fact.conditional else "member-missing"
                yield code, pointer + join(name), "nothing", fact.comment or "required"
        return
    documented = _documented_text(error, fact)
    actual = excerpt(error.instance) if error.validator != "contentSchema" else shortened(error.message.split(": ", 1)[-1])
    yield _code_of(operation, error, pointer, fact), pointer, actual, documented


def _code_of(operation: Operation, error: ValidationError, pointer: str, fact: _SchemaFact) -> str:
    if error.validator == "contentSchema":
        return "embedded-not-json"
    if fact.conditional or error.validator is None:
        return "conditional-wrong"
    if error.validator == "type":
        return "null-unexpected" if error.instance is None else "type-wrong"
    observation = operation.observation
    if (
        error.validator in ("enum", "const")
        and observation
        and _matches_pattern(pointer, observation.jobs + observation.status)
    ):
        return "status-unknown"
    return _CODES.get(str(error.validator), "value-wrong")


def _matches_pattern(pointer: str, pattern: str) -> bool:
    parts, pattern_parts = parts_of(pointer), parts_of(pattern)
    return len(parts) == len(pattern_parts) and all(
        pattern_part in ("*", part) for part, pattern_part in zip(parts, pattern_parts, strict=True)
    )


def _documented_text(error: ValidationError, fact: _SchemaFact) -> str:
    if fact.comment:
        return fact.comment
    if error.validator is None or error.validator == "not":
        return "no such member"
    if error.validator == "contentSchema":
        return "a string that holds JSON"
    if error.validator in ("anyOf", "oneOf"):
        return "one of the documented alternatives"
    description = error.schema.get("description", "") if isinstance(error.schema, Mapping) else ""
    return f"{error.validator} {excerpt(error.validator_value)}" + (
        f" ({shortened(description, 100)})" if description else ""
    )
