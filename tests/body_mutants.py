"""Mutants of bodies, made from the schemas: members and values, strings that hold JSON, members that depend on others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from body_schemas import (
    ABSENT,
    Doubled,
    Held,
    Raw,
    Schema,
    Spot,
    applying,
    changed,
    different_spots,
    error_spots,
    plain,
    sent,
    spots,
    text_of,
    unfolded,
    valid,
)
from jsonschema import Draft202012Validator
from mutants import BODY, Mutant, mutant
from valid_exchanges import DEFINITIONS, errors, successes

from mockserver.definitions.pointer import join

EMBEDDED = ", in embedded JSON"
_OPEN = ("additionalProperties", "unevaluatedProperties", "patternProperties")
_CORRECTED = {"isStopingIncrement": "isStoppingIncrement", "SUBMITING": "SUBMITTING"}
"""What the vendors misspell, as people correct it."""


def body_mutants(operation: str) -> Iterator[Mutant]:
    """All mutants of this module. Equivalent, and not made: what a stock validator of the document's own schema, with
    embedded JSON unfolded, accepts; names that are documented, too; members of objects that are documented to be open."""
    seen = set()
    for spot in (*different_spots(operation), *error_spots(operation, errors(operation))):
        for item in (*_structural(operation, spot), *_named(operation, spot), *_textual(operation, spot)):
            key = (item.kind, item.note, spot.exchange.response.status)
            if key not in seen:
                seen.add(key)
                yield item
    yield from _conditional(operation)


def _make(operation: str, spot: Spot, kind: str, model: Any, codes: set[str], note: str, *names: str) -> Mutant:
    """A mutant found at the spot, or at these members of it. What is wrong with an error may be told of its form."""
    pointers = [spot.pointer + (join(name) if name else "") for name in names] or [spot.pointer]
    places = {f"body {pointer}" for pointer in pointers}
    if spot.exchange.response.status >= 400 or _is_error(spot):
        root = applying([DEFINITIONS.operation(operation).answers[spot.exchange.response.status].schema])
        places |= {"body ", *(f"body /{name}" for schema in root for name in schema.get("properties", ()))}
        codes = codes | {"envelope-wrong", "error-code-unknown", "error-status-wrong"}
    exchange = sent(operation, spot.exchange, model)
    return mutant(
        kind + (EMBEDDED if spot.embedded else ""), BODY, operation, exchange, places, codes, f"{note} at {spot.pointer}"
    )


def _is_error(spot: Spot) -> bool:
    """Whether it is an error that came with 200."""
    body = plain(spot.model)
    return isinstance(body, dict) and any(
        body.get(name, 0) not in (0, "0") for name in ("code", "status", "stauts", "apim_status")
    )


def _structural(operation: str, spot: Spot) -> Iterator[Mutant]:
    """What the schema says of values. Equivalent: what it accepts all the same."""
    for kind, value, codes, note, name in (*_dropped(spot), *_retyped(spot), *_revalued(operation, spot)):
        model = changed(spot, value, name)
        if not valid(operation, spot.exchange.response.status, model):
            names = [name] if name else ["", *_required(spot)] if "member-missing" in codes else []
            if name in _alternative(spot):
                names += _alternative(spot)
            yield _make(operation, spot, kind, model, codes, note, *names)


def _required(spot: Spot) -> list[str]:
    return [name for names in spot.facts("required") for name in names]


def _alternative(spot: Spot) -> list[str]:
    """Members of which one is required, whichever."""
    return [name for schema in spot.schemas if set(schema) == {"required"} for name in schema["required"]]


def _dropped(spot: Spot) -> Iterator[Change]:
    for name in dict.fromkeys(name for names in spot.facts("required") for name in names):
        if name in spot.members():
            yield "member dropped", ABSENT, {"member-missing"}, f"no {name}", name


def _retyped(spot: Spot) -> Iterator[Change]:
    value = spot.value
    as_text = text_of(value) if not isinstance(value, str | Held) else value
    others = {
        "string": as_text, "number": int(value) if isinstance(value, str) and value.isdecimal() else 7,
        "boolean": True, "array": [value], "object": {"value": value}, "null": None,
    }  # fmt: skip
    for name, other in others.items():
        if name != _type(value):
            codes = {"null-unexpected"} if other is None else {"type-wrong"}
            types = {kind for kinds in spot.facts("type") for kind in ([kinds] if isinstance(kinds, str) else kinds)}
            if name in types or (name == "number" and "integer" in types):
                codes |= {
                    "pattern-wrong",
                    "value-wrong",
                    "conditional-wrong",
                    "member-missing",
                }  # right in another alternative or condition
            yield ("null sent" if other is None else f"retyped to {name}"), other, codes, f"{name}", None


def _type(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "string"


Change = tuple[str, Any, set[str], str, str | None]
"""Kind, the value sent instead, the codes that it may be found by, a note, and the member that is meant (None: the spot)."""


def _revalued(operation: str, spot: Spot) -> Iterator[Change]:
    value, wrong = spot.value, {"status-unknown"} if _is_status(operation, spot) else {"value-wrong"}
    if spot.path in (("code",), ("status",), ("stauts",)):
        wrong = {"value-wrong", "error-code-unknown"}  # another code makes it an error
    if isinstance(value, str):
        yield from _texts(spot, value, wrong)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _numbers(spot, value, wrong)
    elif isinstance(value, list) and value:
        for low in spot.facts("minItems"):
            yield "too short", value[: low - 1], {"out-of-range"}, f"{low - 1} items", None
        for high in spot.facts("maxItems"):
            yield "too long", (value * (high + 1))[: high + 1], {"out-of-range"}, f"{high + 1} items", None


def _texts(spot: Spot, value: str, wrong: set[str]) -> Iterator[Change]:
    if spot.facts("enum") or spot.facts("const"):
        drifted = next((item for item in (value.swapcase(), value.title(), value.lower()) if item != value), value)
        yield "enum's case drifted", drifted, wrong, repr(drifted), None
        yield "enum value unknown", value + "X", wrong, repr(value + "X"), None
        if value in _CORRECTED:
            yield "misspelling corrected", _CORRECTED[value], wrong, _CORRECTED[value], None
    if spot.facts("pattern"):
        yield "pattern broken", f"~ {value}", {"pattern-wrong"}, repr(f"~ {value}"), None
    for low in spot.facts("minLength"):
        yield "too short", value[: low - 1], {"out-of-range"}, f"{low - 1} characters", None
    for high in spot.facts("maxLength"):
        yield "too long", value.ljust(high + 1, "a"), {"out-of-range"}, f"{high + 1} characters", None


def _numbers(spot: Spot, value: float, wrong: set[str]) -> Iterator[Change]:
    if spot.facts("enum") or spot.facts("const"):
        yield "enum value unknown", value + 99, wrong, str(value + 99), None
    for low in spot.facts("minimum"):
        yield "out of range, low", low - 1, {"out-of-range"}, str(low - 1), None
    for high in spot.facts("maximum"):
        yield "out of range, high", high + 1, {"out-of-range"}, str(high + 1), None


def _is_status(operation: str, spot: Spot) -> bool:
    observation = DEFINITIONS.operation(operation).observation
    return observation is not None and spot.pattern == observation.jobs + observation.status


def _named(operation: str, spot: Spot) -> Iterator[Mutant]:
    """What members are called. Equivalent: a name that is documented, too; any member of an object that is open."""
    known = {name for properties in spot.facts("properties") for name in properties}
    required = {name for names in spot.facts("required") for name in names}
    is_open = not known or any(keyword in schema for schema in spot.schemas for keyword in _OPEN)
    if spot.members() and not is_open:
        extra = changed(spot, {**spot.members(), "extraMember": 1})
        yield _make(operation, spot, "member added", extra, {"member-undeclared"}, "extraMember", "extraMember")
    for name in spot.members():
        for kind, new in (("renamed by a slip", slip(name)), ("renamed to another style", restyled(name)),
                          ("misspelling corrected", _CORRECTED.get(name, name))):  # fmt: skip
            if new in known or name not in known or (is_open and name not in required):
                continue
            if not valid_without(operation, spot, name) or not is_open:
                model = changed(spot, None, name, rename=new)
                codes = {"member-undeclared", "member-missing"}
                yield _make(operation, spot, kind, model, codes, f"{name} as {new}", name, new)


def valid_without(operation: str, spot: Spot, name: str) -> bool:
    """Whether the document's schema lets a member be missing."""
    return valid(operation, spot.exchange.response.status, changed(spot, ABSENT, name))


def slip(name: str) -> str:
    """The name with two letters in its middle exchanged, as in last-udpate-user."""
    middle = len(name) // 2
    for at in (*range(middle, len(name)), *range(middle, 0, -1)):
        if at < len(name) and name[at - 1] != name[at] and at > 0:
            return name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :]
    return name * 2


def restyled(name: str) -> str:
    """The name in another style: camelCase for snake_case and kebab-case, snake_case for camelCase, Title for one word."""
    if re.search("[-_.]", name):
        first, *rest = re.split("[-_.]", name)
        return first.lower() + "".join(part.title() for part in rest)
    snake = re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return snake if snake != name else name.title()


def _textual(operation: str, spot: Spot) -> Iterator[Mutant]:
    """What is wrong with the text of JSON, the body's or that in a string."""
    holder = spot.holder
    if spot.members():
        name = next(iter(spot.members()))
        model = changed(spot, Doubled(spot.members()[name]), name)
        yield _make(operation, spot, "member doubled", model, {"member-doubled"}, f"{name} twice", name)
    if isinstance(spot.value, int | float) and not isinstance(spot.value, bool):
        made = _make(operation, spot, "NaN sent", changed(spot, Raw("NaN")), set(), "NaN")
        codes = {"body-not-json"} if holder is None else {"embedded-not-json"}
        yield mutant(made.kind, BODY, operation, made.exchange, {f"body {holder or ''}"}, codes, made.note)
    if isinstance(spot.value, Held):
        text = text_of(spot.value.value)
        broken = {"embedded-not-json"}
        for kind, other, codes in (
            ("embedded JSON cut", Raw(json.dumps(text[: -len(text) // 3])), broken),
            ("embedded JSON empty", "", broken),
            ("embedded JSON as Python writes it", repr(plain(spot.value.value)), broken),
            ("embedded JSON as an object", spot.value.value, {"type-wrong"}),
            ("embedded JSON encoded twice", Held(text), {"type-wrong"}),
        ):
            if codes != broken or not is_json(other):
                yield _make(operation, spot, kind, changed(spot, other), codes, kind)


def is_json(text: Any) -> bool:
    """Whether a string holds JSON: then it is not broken. A cut {} or [] may be."""
    try:
        json.loads(json.loads(text.text) if isinstance(text, Raw) else text)
    except ValueError:
        return False
    return True


def conditions(operation: str) -> list[str]:
    """The kinds of mutants that break what the document says of members that depend on others."""
    return list(dict.fromkeys(_conditions(DEFINITIONS.operation(operation).answers[_success(operation)].schema, "")))


def _success(operation: str) -> int:
    return min(DEFINITIONS.operation(operation).answers)


def _conditions(schema: Any, suffix: str) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _conditions(part, suffix)
    elif isinstance(schema, dict):
        if _is_condition(schema):
            yield _kind(schema) + suffix
        for keyword, part in schema.items():
            inside = part.values() if keyword == "properties" else [part]
            for item in inside:
                yield from _conditions(item, EMBEDDED if keyword == "contentSchema" else suffix)


def _kind(schema: Schema) -> str:
    return f"condition broken: {schema['$comment']}"


def _is_condition(schema: Schema) -> bool:
    return "$comment" in schema and any(keyword in schema for keyword in ("if", "anyOf", "not"))


def _mentioned(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _mentioned(part)
    elif isinstance(schema, dict):
        yield from schema.get("required", ())
        yield from schema.get("properties", ()) if "type" not in schema else ()
        for keyword in ("if", "then", "else", "anyOf", "not"):
            yield from _mentioned(schema.get(keyword))


def _conditional(operation: str) -> Iterator[Mutant]:
    """A member as another valid answer has it (or lacks it), where a condition of the document then doesn't hold.
    Equivalent: where all conditions hold."""
    donors = _donors(operation)
    seen = set()
    for exchange in successes(operation):
        schema = DEFINITIONS.operation(operation).answers[exchange.response.status].schema
        for spot in spots(exchange, schema):
            if not spot.members():  # all the others would be missing, too
                continue
            for condition in filter(_is_condition, spot.schemas):
                names = sorted(set(_mentioned(dict(condition))))
                for name in names:
                    for text, value in donors.get((spot.pattern, name), {}).items():
                        key = (condition["$comment"], name, text, text_of({n: spot.members().get(n) for n in names}))
                        if key not in seen and _breaks(spot, condition, name, value):
                            seen.add(key)
                            yield _broken(operation, spot, condition, name, value, names)


def _broken(operation: str, spot: Spot, condition: Schema, name: str, value: Any, names: list[str]) -> Mutant:
    others = {key: child for key, child in spot.members().items() if key != name}
    model = changed(spot, others if value is ABSENT else {**others, name: value})
    note = f"{name} {'missing' if value is ABSENT else text_of(value)[:40]}"
    itself = [""] if "not" in condition else []  # members that exclude each other: wrong is the object that has them
    return _make(operation, spot, _kind(condition), model, {"conditional-wrong"}, note, *itself, *names)


@cache
def _donors(operation: str) -> dict[tuple[str, str], dict[str, Any]]:
    """By pattern of an object and name of a member: every value that it has in a valid answer, by its text."""
    result: dict[tuple[str, str], dict[str, Any]] = {}
    for exchange in successes(operation):
        schema = DEFINITIONS.operation(operation).answers[exchange.response.status].schema
        for spot in spots(exchange, schema):
            required = {name for names in spot.facts("required") for name in names}
            for properties in spot.facts("properties"):
                for name, declared in properties.items():
                    values = result.setdefault((spot.pattern, name), {})
                    if name in spot.members():
                        values.setdefault(text_of(spot.members()[name]), spot.members()[name])
                    elif name not in required:
                        values.setdefault("", ABSENT)
                    for value in (*declared.get("enum", ()), *([] if values.keys() - {""} else [sample(declared)])):
                        values.setdefault(text_of(value), value)
    return result


def sample(schema: Any) -> Any:
    """A value that the simple schemas of optional members accept."""
    types = schema.get("type", "string")
    one = types if isinstance(types, str) else types[0]
    if one == "object":
        return {name: sample(schema.get("properties", {}).get(name, {})) for name in schema.get("required", ())}
    return {"string": "x", "boolean": False, "array": []}.get(one, schema.get("minimum", 1))


def _breaks(spot: Spot, condition: Schema, name: str, value: Any) -> bool:
    members = {key: child for key, child in spot.members().items() if key != name}
    if value is not ABSENT:
        members[name] = value
    return not _judge_of(json.dumps(unfolded(dict(condition)))).is_valid(plain(members))


@cache
def _judge_of(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))
