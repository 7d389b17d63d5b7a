"""Bodies opened up: strings that hold JSON as what they hold, each value with the schemas that apply to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from mutants import with_body
from valid_exchanges import DEFINITIONS, body_of, successes

from mockserver.definitions.pointer import join
from mockserver.exchanges.exchange import Exchange

Schema = Mapping[str, Any]
ABSENT: Any = object()
"""What stands where a member is taken away."""


@dataclass
class Held:
    """A string that holds JSON."""

    value: Any


@dataclass(frozen=True)
class Doubled:
    """A member that stands twice: as it was, and then as this."""

    value: Any


@dataclass(frozen=True)
class Raw:
    """Text that stands in the JSON as it is."""

    text: str


def applying(schemas: Sequence[Any]) -> list[Schema]:
    """The schemas and all alternatives in them, but not what only holds on a condition (which a `$comment` tells)."""
    result: list[Schema] = []
    for schema in schemas:
        if isinstance(schema, Mapping):
            keywords = ("allOf",) if "$comment" in schema else ("allOf", "anyOf", "oneOf")
            inner = [part for keyword in keywords for part in schema.get(keyword, ())]
            result += [schema, *applying(inner)]
    return result


def opened(value: Any, schemas: Sequence[Schema]) -> Any:
    """A JSON value with `Held` for each string that is documented to hold JSON."""
    if isinstance(value, dict):
        return {name: opened(child, inner(schemas, name)) for name, child in value.items()}
    if isinstance(value, list):
        return [opened(child, inner(schemas, 0)) for child in value]
    held = [schema["contentSchema"] for schema in schemas if "contentSchema" in schema] if isinstance(value, str) else []
    return Held(opened(json.loads(value), applying(held))) if held else value


def inner(schemas: Sequence[Schema], part: str | int) -> list[Schema]:
    """The schemas of a member or an item."""
    if isinstance(part, int):
        return applying([schema["items"] for schema in schemas if "items" in schema])
    named = [schema.get("properties", {}) for schema in schemas]
    others = [schema["additionalProperties"] for schema in schemas if "additionalProperties" in schema]
    return applying([properties[part] for properties in named if part in properties] or others)


def plain(model: Any) -> Any:
    """What strings hold in place of the strings: what the unfolded schema judges."""
    if isinstance(model, Held):
        return plain(model.value)
    if isinstance(model, dict):
        return {name: plain(child) for name, child in model.items()}
    return [plain(child) for child in model] if isinstance(model, list) else model


def text_of(model: Any) -> str:
    """The model as it goes over the wire."""
    if isinstance(model, Raw):
        return model.text
    if isinstance(model, Held):
        return json.dumps(text_of(model.value), ensure_ascii=False)
    if isinstance(model, dict):
        return "{" + ",".join(_member(name, child) for name, child in model.items()) + "}"
    if isinstance(model, list):
        return "[" + ",".join(map(text_of, model)) + "]"
    return json.dumps(model, ensure_ascii=False)


def _member(name: str, child: Any) -> str:
    key = json.dumps(name, ensure_ascii=False)
    if isinstance(child, Doubled):
        return f"{key}:{text_of(child.value)},{key}:{text_of(child.value)}"
    return f"{key}:{text_of(child)}"


def unfolded(schema: Any) -> Any:
    """The schema with what strings hold in place of the strings."""
    if isinstance(schema, list):
        return [unfolded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "contentSchema" in schema:
        return unfolded(schema["contentSchema"])
    return {key: part if key in ("const", "enum", "examples") else unfolded(part) for key, part in schema.items()}


@cache
def stock(operation: str, status: int) -> Draft202012Validator:
    """A plain JSON Schema validator of the document's own schema: it says which mutants are equivalent."""
    schema = unfolded(DEFINITIONS.operation(operation).answers[status].schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@dataclass(frozen=True)
class Spot:
    """A value in a body. `path` leads there, through strings that hold JSON; `holder` is the innermost one (None: none)."""

    exchange: Exchange
    model: Any = field(repr=False)
    path: tuple[str | int, ...]
    value: Any = field(repr=False)
    schemas: tuple[Schema, ...] = field(repr=False)
    holder: str | None

    @property
    def embedded(self) -> bool:
        return self.holder is not None

    @property
    def pointer(self) -> str:
        return join(*self.path)

    @property
    def pattern(self) -> str:
        """The pointer with a star for every number."""
        return re.sub(r"/\d+(?=/|$)", "/*", self.pointer)

    def facts(self, keyword: str) -> list[Any]:
        """The values of a keyword in the schemas."""
        return [schema[keyword] for schema in self.schemas if keyword in schema]

    def members(self) -> dict[str, Any]:
        """The members, where an object stands here."""
        return self.value if isinstance(self.value, dict) else {}


def spots(exchange: Exchange, schema: Any) -> Iterator[Spot]:
    """Every value of a body. Where a string holds JSON, the string and what it holds are one spot."""
    start = applying([schema])
    model = opened(body_of(exchange), start)

    def descend(value: Any, schemas: list[Schema], path: tuple[str | int, ...], holder: str | None) -> Iterator[Spot]:
        yield Spot(exchange, model, path, value, tuple(schemas), holder)
        if isinstance(value, Held):
            held = applying([schema["contentSchema"] for schema in schemas if "contentSchema" in schema])
            value, schemas, holder = value.value, held, join(*path)
            yield Spot(exchange, model, path, value, tuple(held), holder)
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for part, child in children:
            yield from descend(child, inner(schemas, part), (*path, part), holder)

    yield from descend(model, start, (), None)


def changed(spot: Spot, value: Any, name: str | None = None, rename: str | None = None) -> Any:
    """The whole model with another value here, or in this member; `rename` moves the member to another name. What is not
    on the way there is shared with the model that it was."""
    path = spot.path if name is None else (*spot.path, name)
    into = name is None and not isinstance(spot.value, Held)  # a string that holds JSON and what it holds share a path

    def at(node: Any, rest: tuple[str | int, ...]) -> Any:
        if isinstance(node, Held) and (rest or into):
            return Held(at(node.value, rest))
        if not rest:
            return value
        part: Any = rest[0]
        if isinstance(node, list):
            return [at(child, rest[1:]) if index == part else child for index, child in enumerate(node)]
        if len(rest) == 1 and rename is not None:
            return {rename if key == part else key: child for key, child in node.items()}
        if len(rest) == 1 and value is ABSENT:
            return {key: child for key, child in node.items() if key != part}
        return {**node, part: at(node.get(part), rest[1:])}

    return at(spot.model, path)


def sent(operation: str, exchange: Exchange, model: Any) -> Exchange:
    """The exchange with this model for its body; the length of an answer inside the answer is put right."""
    observation = DEFINITIONS.operation(operation).observation
    wrapped = observation.wrapped if observation else None
    if wrapped and isinstance(model, dict):
        body, headers = model.get("body"), model.get("header_map")
        known = (
            isinstance(headers, dict) and headers.get("Content-Length") == body_of(exchange)["header_map"]["Content-Length"]
        )
        if isinstance(body, Held | Raw | str) and isinstance(headers, dict) and known:
            try:
                text = json.loads(text_of(body))
            except (ValueError, RecursionError):
                text = None
            if isinstance(text, str):
                length = str(len(text.encode("utf-8", "surrogatepass")))
                model = {**model, "header_map": {**headers, "Content-Length": length}}
    return with_body(exchange, text_of(model).encode("utf-8", "surrogatepass"))


def valid(operation: str, status: int, model: Any) -> bool:
    """Whether the document's schema accepts the model."""
    return bool(stock(operation, status).is_valid(plain(model)))


@cache
def different_spots(operation: str) -> tuple[Spot, ...]:
    """Every place that an operation's successful answers have, in the first answer that has it; objects once for each set of
    members, documented values once for each value."""
    result: dict[tuple[Any, ...], Spot] = {}
    for exchange in successes(operation):
        schema = DEFINITIONS.operation(operation).answers[exchange.response.status].schema
        for spot in spots(exchange, schema):
            value = spot.value if spot.facts("enum") and isinstance(spot.value, str) else None
            result.setdefault(
                (spot.pattern, spot.embedded, isinstance(spot.value, Held), tuple(spot.members()), value), spot
            )
    return tuple(result.values())


def error_spots(operation: str, exchanges: Sequence[Exchange]) -> Iterator[Spot]:
    """Every place of the operation's errors: of the first error of each form and status."""
    seen = set()
    for exchange in exchanges:
        status = exchange.response.status
        schema = DEFINITIONS.operation(operation).answers[status].schema
        for spot in spots(exchange, schema):
            key = (status, tuple(sorted(body_of(exchange))), spot.pattern)
            if key not in seen:
                seen.add(key)
                yield spot
