"""Compiled checks of parameters say what jsonschema says, and lead where the templates' patterns lead."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import regex

from mockserver.definitions import Parameter, check, load
from mockserver.definitions.json_regex import compile_pattern
from mockserver.definitions.judges import Judges
from mockserver.definitions.parameter_checks import check_of
from mockserver.definitions.read import read_documents
from mockserver.definitions.router import Router, openness

DEFINITIONS = load()
PARAMETERS = [(operation, parameter) for operation in DEFINITIONS.operations for parameter in operation.parameters]
ODD: tuple[Any, ...] = (
    "", "a", "A_b-9", "x" * 64, "x" * 65, "x" * 300, "\x00", "a/b", "\u4e2d\u6587", "a\n", "\ud800", "true", "0", "-1",
    "1e3",
    0, 1, -1, 10, 99, 100, 101, 2**31, 2**63, 10**30,
    0.0, 0.5, -0.5, 1e300, float("inf"), True, False,
)  # fmt: skip


def mutated(text: str, chance: random.Random) -> Iterator[str]:
    """Texts near a text: a character more, less, another."""
    for _ in range(20):
        at = chance.randrange(len(text) + 1)
        new = chance.choice(["", "\n", "/", "-", ".", "_", "0", "z", " ", "\u00e9", "\x7f"])
        yield text[:at] + new + text[at + chance.randrange(2) :]


@pytest.mark.parametrize(
    ("operation", "parameter"), PARAMETERS, ids=lambda part: str(part.name if isinstance(part, Parameter) else part.id)
)
def test_shipped_parameters_are_judged_like_jsonschema(operation: Any, parameter: Parameter) -> None:
    """Documented values, odd ones and mutated ones of every parameter of every definition."""
    chance = random.Random(f"{operation.id} {parameter.name}")
    documented = (operation.documented_request or {}).get(parameter.name)
    seeds = [str(documented)] if documented is not None else ["6ec9a0a4-76be-4262-8697-e7af1fac7920"]
    values = [*seeds, *ODD, *(text for seed in seeds for text in mutated(seed, chance)), *parameter.schema.get("enum", ())]
    for value in values:
        assert parameter.allows(value) == (not any(parameter.errors(value))), value


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": ["string", "null"]},
        {"type": "integer", "minimum": 1, "maximum": 100},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        {"type": "integer", "multipleOf": 5},
        {"type": "boolean"},
        {"enum": ["a", "0"]},
        {"enum": [0, 1, "a", None]},
        {"const": "true"},
        {"type": "string", "pattern": "^[a-z]$"},
        {"type": "string", "pattern": r"^\d+$", "x-note": 1},
        {"type": "string", "minLength": 1, "maxLength": 5, "description": "short"},
        {"anyOf": [{"maxLength": 1}, {"pattern": "^x+$"}]},
        {"not": {"enum": ["a"]}},
        {"type": "string", "format": "ipv4"},
    ],
    ids=str,
)
def test_any_schema_is_judged_like_jsonschema(schema: dict[str, Any]) -> None:
    """Keywords that have no compiled check are left to jsonschema."""
    errors = Judges({}).judge(schema)
    allows = check_of(schema, errors)
    for value in ODD:
        assert allows(value) == (not any(errors(value))), value


@pytest.mark.parametrize(
    "pattern",
    ["^[A-Za-z0-9_-]{1,64}$", "^[0-9]{0,9}$", r"^[^\x00-\x1f\x7f/]+$", r"^[\w.\-]*$", r"^[^\D5]?$", "^[a-c:/ ]{3}$"],
)
def test_a_class_repeated_matches_the_same_by_re_and_by_regex(pattern: str) -> None:
    """These are looked for by `re`; all other patterns by `regex`, within a time."""
    quick, chance = compile_pattern(pattern), random.Random(pattern)
    assert isinstance(quick.search.__self__, re.Pattern)  # type: ignore[attr-defined]
    slow = regex.compile(pattern[:-1] + r"\Z", regex.ASCII)
    texts = [text for text in ODD if isinstance(text, str)] + ["abc", "5", "a.b-c", "\u0665", "\u00e9a"]
    for text in [*texts, *(near for start in texts for near in mutated(start, chance))]:
        assert bool(quick.search(text)) == bool(slow.search(text)), text
        assert bool(quick.fullmatch(text)) == bool(slow.fullmatch(text)), text


def test_shipped_definitions_hold() -> None:
    """A start trusts the shipped definitions: this is what proves them."""
    assert [operation.id for operation in check(_written_out()).operations] == [
        operation.id for operation in DEFINITIONS.operations
    ]


def _written_out() -> Any:
    from mockserver.definitions.like import written_out

    return written_out(read_documents())


def test_an_index_of_paths_leads_where_the_templates_do() -> None:
    """Every template, and paths near it, have the operations whose patterns match them, the least open first."""
    chance = random.Random(1)
    router = Router(DEFINITIONS.operations)
    ordered = sorted(DEFINITIONS.operations, key=lambda operation: openness(operation.path))
    for operation in DEFINITIONS.operations:
        path = operation.path.replace("{", "").replace("}", "")
        for near in (path, path + "/", path + "x", "/" + path, *mutated(path, chance)):
            expected = [other.id for other in ordered if other.pattern.fullmatch(near)]
            assert [other.id for _, other, _ in router.matches(near.split("/"))] == expected, near
