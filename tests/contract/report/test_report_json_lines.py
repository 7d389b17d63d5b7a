"""Fragments of bodies: pointers through strings that hold JSON, lines, marks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mockserver.contract.report.json_lines import (
    Gap,
    Line,
    Members,
    Number,
    around,
    lines_of,
    parsed,
    text_node_at,
    unfolded,
)
from mockserver.definitions.pointer import join

NAMES = some.text(max_size=4) | some.sampled_from(["", "a/b", "~", "0", "01", "-1", "status"])
LEAVES = some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=8)


def nested(children: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    """Arrays, objects and strings that hold JSON."""
    containers = some.lists(children, max_size=3) | some.dictionaries(NAMES, children, max_size=3)
    return containers | containers.map(json.dumps)


VALUES = some.recursive(LEAVES, nested, max_leaves=12)


def plain(value: Any) -> Any:
    """What was parsed as ordinary values, with every string that holds an object or array unfolded."""
    if isinstance(value, str) and (inside := unfolded(value)) is not None:
        value = inside
    if isinstance(value, Members):
        return {key: plain(child) for key, child in value.pairs}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return json.loads(value.text) if isinstance(value, Number) else value


def places(value: Any, parts: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Every place of a JSON value, through strings that hold JSON, and what stands there."""
    result = [(parts, value)]
    if isinstance(value, str):
        try:
            inside = json.loads(value)
        except ValueError:
            return result
        value = inside if isinstance(inside, dict | list) else None
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return result + [place for key, child in children for place in places(child, (*parts, key))]


@given(VALUES)
def test_every_place_of_any_json_is_found(value: Any) -> None:
    """The node at a place's pointer is what stands there, and nothing of the pointer is left over."""
    body = parsed(json.dumps(value))
    for parts, expected in places(value):
        node = text_node_at(body, join(*parts))
        assert node.rest == ()
        assert plain(node.value) == plain(parsed(json.dumps(expected)))


@given(VALUES, some.lists(NAMES, max_size=4))
def test_any_pointer_leads_somewhere(value: Any, parts: list[str]) -> None:
    """A pointer is followed as far as it goes: what was followed and what is left over make the whole."""
    body = parsed(json.dumps(value))
    node = text_node_at(body, join(*parts))
    assert len(node.positions) + len(node.rest) == len(parts)
    assert list(node.rest) == parts[len(node.positions) :]
    lines = lines_of(body, node)
    assert any(line.marked for line in lines)


@given(some.text(max_size=20))
def test_any_text_is_a_pointer(pointer: str) -> None:
    """Text that is not JSON pointer marks something too, and raises nothing."""
    body = parsed('{"a": ["{\\"b\\": 1}"], "": 2}')
    assert any(line.marked for line in lines_of(body, text_node_at(body, pointer)))


@given(VALUES)
def test_lines_are_the_body_with_strings_unfolded(value: Any) -> None:
    """All lines together are JSON: the body's, with what its strings hold in place of the strings."""
    body = parsed(json.dumps(value))
    lines = lines_of(body)
    assert json.loads("\n".join(map(str, lines))) == plain(body)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))


@given(VALUES, some.data())
def test_marked_lines_are_the_node(value: Any, data: some.DataObject) -> None:
    """The marked lines stand together, and are what stands at the pointer."""
    body = parsed(json.dumps(value))
    parts, _ = data.draw(some.sampled_from(places(value)))
    node = text_node_at(body, join(*parts))
    marked = [line for line in lines_of(body, node) if line.marked]
    assert [line.number for line in marked] == list(range(marked[0].number, marked[0].number + len(marked)))
    text = "\n".join(map(str, marked)).strip()
    name = f"{marked[0].name}: "
    text = text.removeprefix(name) if marked[0].name else text
    assert json.loads(text.removesuffix(",") if marked[-1].comma else text) == plain(node.value)


def test_embedded_json_says_on_which_line_it_begins() -> None:
    """Two strings deep: each line knows how many strings it is in, and the first of each says that it unfolds."""
    inner = json.dumps({"total": 7})
    lines = lines_of(parsed(json.dumps({"body": json.dumps({"param": inner, "rows": "[]"})})))
    assert [(str(line).strip(), line.embedded, line.unfolds) for line in lines] == [
        ("{", 0, False),
        ('"body": {', 1, True),
        ('"param": {', 2, True),
        ('"total": 7', 2, False),
        ("},", 2, False),
        ('"rows": []', 2, True),
        ("}", 1, False),
        ("}", 0, False),
    ]


def test_what_was_sent_is_not_tidied() -> None:
    """Doubled members, long numbers, zeros and NaN stand as they were sent; of doubled ones the last is meant."""
    body = parsed('{"a": 1.50, "a": 12345678901234567890123, "b": NaN, "c": "\\u4efb\\ud800"}')
    node = text_node_at(body, "/a")
    assert [str(line) for line in lines_of(body, node)] == [
        "{",
        '  "a": 1.50,',
        '  "a": 12345678901234567890123,',
        '  "b": NaN,',
        '  "c": "任\ud800"',
        "}",
    ]
    assert [line.number for line in lines_of(body, node) if line.marked] == [3]


def test_of_what_is_missing_its_holder_is_marked() -> None:
    """A pointer to a missing member marks the line on which the object that should hold it begins."""
    body = parsed('{"rows": [{"id": 1}]}')
    node = text_node_at(body, "/rows/0/status/code")
    assert node.rest == ("status", "code")
    assert [str(line) for line in lines_of(body, node) if line.marked] == ["    {"]


@pytest.mark.parametrize("index", ["-1", "01", "2", "1e0", "٠", "", "9" * 30])
def test_only_an_index_of_a_row_is_followed(index: str) -> None:
    """An index is digits without leading zeros, of a row that is there."""
    assert text_node_at(parsed("[1, 2]"), f"/{index}").rest == (index,)


def test_numbers_too_long_for_python_are_read() -> None:
    """A number of more digits than Python turns into an integer stands as it was sent."""
    assert parsed("9" * 10_000) == Number("9" * 10_000)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_deep_bodies_are_read_or_refused(depth: int) -> None:
    """Nesting ends in lines or in ValueError, never in RecursionError."""
    try:
        body = parsed("[" * depth + "]" * depth)
    except ValueError:
        return
    assert len(lines_of(body, text_node_at(body, "/0" * 100))) == 2 * depth - 1


def test_around_shows_context_and_counts_what_it_leaves_out() -> None:
    """A few lines around the mark; of a long node its beginning and end; the gaps make up for the rest."""
    body = parsed(json.dumps({"before": list(range(50)), "it": 1, "after": list(range(50))}))
    lines = lines_of(body, text_node_at(body, "/it"))
    shown = around(lines, context=2)
    assert [str(item).strip() if isinstance(item, Line) else item.lines for item in shown] == [
        51, "49", "],", '"it": 1,', '"after": [', "0,", 51,
    ]  # fmt: skip
    long = around(lines_of(body, text_node_at(body, "/before")), limit=10)
    assert sum(item.lines if isinstance(item, Gap) else 1 for item in long) == len(lines)
    assert sum(isinstance(item, Line) and item.marked for item in long) == 10
    assert sum(item.lines if isinstance(item, Gap) else 1 for item in around(lines_of(body), limit=5)) == len(lines)
