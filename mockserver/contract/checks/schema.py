"""The body against its schema: what is wrong, at the place where it is wrong, with the fact that it departs from."""

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

_RANGES = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
           "maxItems", "minProperties", "maxProperties", "uniqueItems", "x-max-bytes")  # fmt: skip
_CODES = {
    "enum": "value-wrong", "const": "value-wrong", "not": "conditional-wrong", "pattern": "pattern-wrong",
    "format": "pattern-wrong", "contentSchema": "embedded-not-json", "additionalProperties": "member-undeclared",
    "anyOf": "shape-unknown", "oneOf": "shape-unknown", **dict.fromkeys(_RANGES, "out-of-range"),
}  # fmt: skip


def check_schema(definitions: Definitions, operation: Operation, status: int, body: Any) -> list[Finding]:
    """One finding for each thing wrong with a body that has this HTTP status."""
    answers = operation.answers[status]
    matches = []
    for error in _leaves(operation.responses[status](body)):
        fact = _fact(definitions, answers, error)
        matches += [
            finding(code, "body", pointer, what, documented, fact.source, fact.provenance)
            for code, pointer, what, documented in _said(operation, error, fact)
        ]
    return _without_consequences(operation, list(dict.fromkeys(matches)))


def _without_consequences(operation: Operation, findings: list[Finding]) -> list[Finding]:
    """Without what only follows from something else: that a value of a wrong type is undocumented, and, from a
    wrong status, conditions on it."""
    retyped = {item.pointer for item in findings if item.code in ("type-wrong", "null-unexpected")}
    findings = [
        item for item in findings if item.pointer not in retyped or item.code not in ("value-wrong", "status-unknown")
    ]
    observation = operation.observation
    if observation is None:
        return findings
    place = observation.jobs + observation.status
    wrong = [item.pointer for item in findings if item.code != "conditional-wrong" and _matches(item.pointer, place)]
    broken = tuple(pointer.rpartition("/")[0] + "/" for pointer in wrong)
    return [item for item in findings if item.code != "conditional-wrong" or not item.pointer.startswith(broken)]


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors, where a choice between alternatives failed: those of the alternative that fits best."""
    for error in errors:
        if error.validator in ("anyOf", "oneOf") and error.context:
            yield from _leaves(_nearest_alternative(error))
        else:
            yield error


def _nearest_alternative(error: ValidationError) -> list[ValidationError]:
    ordered = sorted(error.context or (), key=lambda item: int(item.relative_schema_path[0]))
    branches = [list(group) for _, group in groupby(ordered, key=lambda item: item.relative_schema_path[0])]
    alternatives: Any = error.validator_value
    return min(branches, key=lambda branch: _distance(branch, error.instance, alternatives))


def _distance(branch: list[ValidationError], value: Any, alternatives: Sequence[Any]) -> tuple[int, int, int, int]:
    """How far a value is from an alternative: another type counts most, then members that it doesn't have, then members that
    are missing or whose values tell alternatives apart, then the rest."""
    alternative = alternatives[int(branch[0].relative_schema_path[0])]
    allowed = alternative.get("properties") if isinstance(alternative, Mapping) else None
    strange = 0
    if allowed and isinstance(value, Mapping):
        strange = len(set(value) - set(allowed))
        if strange == len(value):  # nothing in common: no alternative of that kind is better than the first
            return 0, strange + 1, 0, 0
    types = sum(error.validator == "type" and not error.relative_path for error in branch)
    missing = sum(error.validator == "required" and not error.relative_path for error in branch)
    telling = sum(error.validator in ("const", "not", "pattern") and len(error.relative_path) == 1 for error in branch)
    return types, strange, 2 * telling + missing, len(branch)


class _Fact:
    """What the document says where an error comes from: the place in its file, its provenance, its words on a condition or
    on a contradiction that is read strictly."""

    __slots__ = ("comment", "conditional", "provenance", "source")

    def __init__(self, source: str, provenance: Provenance, comment: str, conditional: bool) -> None:
        self.source = source
        self.provenance = provenance
        self.comment = comment
        self.conditional = conditional


def _fact(definitions: Definitions, answers: ResponseSpec, error: ValidationError) -> _Fact:
    """Follows the error's path through the schema; parts that came by reference say where they were written."""
    node = answers.schema
    source = answers.place + "/content/application~1json/schema"
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
    said = comment if conditional or strict else ""
    return _Fact(source, _provenance(definitions, source), said, conditional and not strict)


def _provenance(definitions: Definitions, source: str) -> Provenance:
    file, _, pointer = source.partition("#")
    try:
        return provenance_of(node_at(definitions.documents, file, parts_of(pointer)))
    except KeyError:
        return Provenance("documented")


def _said(operation: Operation, error: ValidationError, fact: _Fact) -> Iterator[tuple[str, str, str, str]]:
    """Code, pointer, what was found and what is documented; for missing members, one for each."""
    pointer = join(*error.absolute_path)
    if error.validator == "required":
        required: Any = error.validator_value
        for name in required:
            if error.message.startswith(f"{name!r} "):
                code = "conditional-wrong" if fact.conditional else "member-missing"
                yield code, pointer + join(name), "nothing", fact.comment or "required"
        return
    documented = _documented(error, fact)
    result = excerpt(error.instance) if error.validator != "contentSchema" else shortened(error.message.split(": ", 1)[-1])
    yield _code(operation, error, pointer, fact), pointer, result, documented


def _code(operation: Operation, error: ValidationError, pointer: str, fact: _Fact) -> str:
    if error.validator == "contentSchema":
        return "embedded-not-json"
    if fact.conditional or error.validator is None:
        return "conditional-wrong"
    if error.validator == "type":
        return "null-unexpected" if error.instance is None else "type-wrong"
    observation = operation.observation
    if error.validator in ("enum", "const") and observation and _matches(pointer, observation.jobs + observation.status):
        return "status-unknown"
    return _CODES.get(str(error.validator), "value-wrong")


def _matches(pointer: str, pattern: str) -> bool:
    parts, expected = parts_of(pointer), parts_of(pattern)
    return len(parts) == len(expected) and all(w in ("*", part) for part, w in zip(parts, expected, strict=True))


def _documented(error: ValidationError, fact: _Fact) -> str:
    if fact.comment:
        return fact.comment
    if error.validator is None or error.validator == "not":
        return "no such member"
    if error.validator == "contentSchema":
        return "a string that holds JSON"
    if error.validator in ("anyOf", "oneOf"):
        return "one of the documented alternatives"
    said = error.schema.get("description", "") if isinstance(error.schema, Mapping) else ""
    return f"{error.validator} {excerpt(error.validator_value)}" + (f" ({shortened(said, 100)})" if said else "")
