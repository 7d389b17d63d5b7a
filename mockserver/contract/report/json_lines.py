"""A JSON body as lines of text, with the node at a pointer marked. Strings that hold JSON are unfolded.

Numbers are shown as they were sent; a member that was sent twice is shown twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...definitions.pointer import parts_of

_INDEX = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object as it was sent: its members in order, including doubled ones."""

    pairs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class TextNode:
    """The node that a pointer leads to.

    `positions` is the path to it, as positions among members and items; `rest` are the parts of the pointer that nothing
    stands at (empty: the pointer was followed to its end).
    """

    value: Any
    positions: tuple[int, ...] = ()
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a body.

    Attributes:
        number: From 1.
        indent: In levels.
        name: The member's name as JSON, or "".
        text: The line without name, indent and comma.
        kind: open, close, empty, string, number or word.
        comma: Whether a comma follows.
        embedded: How many strings that hold JSON this line is inside of.
        unfolds: True on the line where such a string begins.
        marked: Whether the line belongs to the node that is marked.
    """

    number: int
    indent: int
    name: str
    text: str
    kind: str
    comma: bool = False
    embedded: int = 0
    unfolds: bool = False
    marked: bool = False

    def __str__(self) -> str:
        name = f"{self.name}: " if self.name else ""
        return "  " * self.indent + name + self.text + ("," if self.comma else "")


@dataclass(frozen=True, slots=True)
class Gap:
    """A number of lines that are left out."""

    lines: int


@dataclass(frozen=True, slots=True)
class _Task:
    value: Any
    positions: tuple[int, ...] = ()
    name: str = ""
    comma: bool = False
    embedded: int = 0
    closes: str = ""


def parsed(text: str) -> Any:
    """JSON read without loss: `Members`, lists, strings, `Number`, True, False, None.

    Raises ValueError for what is not JSON, or is nested too deep to be read.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_members_of_pairs, parse_int=Number, parse_float=Number, parse_constant=Number
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def _members_of_pairs(pairs: list[tuple[str, Any]]) -> Members:
    return Members(tuple(pairs))


def unfolded(text: str) -> Members | list[Any] | None:
    """The JSON object or array that a string holds; None if it holds none."""
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        return None
    try:
        value = parsed(text)
    except ValueError:
        return None
    return value if isinstance(value, Members | list) else None


def text_node_at(value: Any, pointer: str) -> TextNode:
    """The node at a pointer, also inside strings that hold JSON; if there is none, the last one on the way."""
    parts = parts_of(pointer)
    node = TextNode(value, (), parts)
    while node.rest:
        step = _child(node.value, node.rest[0])
        if step is None:
            return node
        position, child = step
        node = TextNode(child, (*node.positions, position), node.rest[1:])
    return node


def _child(value: Any, part: str) -> tuple[int, Any] | None:
    container = unfolded(value) if isinstance(value, str) else value
    if isinstance(container, list):
        index = int(part) if _INDEX.fullmatch(part) else len(container)
        return (index, container[index]) if index < len(container) else None
    if isinstance(container, Members):  # the last one of a doubled member counts, as in most parsers
        return next(
            (
                (position, container.pairs[position][1])
                for position in reversed(range(len(container.pairs)))
                if container.pairs[position][0] == part
            ),
            None,
        )
    return None


def lines_of(value: Any, mark: TextNode | None = None) -> list[Line]:
    """The body's lines. Those of the node `mark` are marked; only its first line if the pointer didn't end there."""
    lines: list[Line] = []
    tasks = [_Task(value)]
    while tasks:
        task = tasks.pop()
        lines.append(replace(_line_of_task(task, len(lines) + 1), marked=mark is not None and _is_marked(task, mark)))
        tasks.extend(_tasks_inside(task))
    return lines


def _is_marked(task: _Task, mark: TextNode) -> bool:
    if mark.rest:
        return task.positions == mark.positions and not task.closes
    return task.positions[: len(mark.positions)] == mark.positions


def _container(value: Any) -> Any:
    return unfolded(value) if isinstance(value, str) else value


def _line_of_task(task: _Task, number: int) -> Line:
    depth = len(task.positions)
    if task.closes:
        return Line(number, depth, "", task.closes, "close", task.comma, task.embedded)
    container = _container(task.value)
    unfolds = isinstance(task.value, str) and container is not None
    embedded = task.embedded + unfolds
    if isinstance(container, Members | list):
        brackets = "{}" if isinstance(container, Members) else "[]"
        has_members = bool(container.pairs if isinstance(container, Members) else container)
        text, kind = (brackets[0], "open") if has_members else (brackets, "empty")
        return Line(number, depth, task.name, text, kind, task.comma and not has_members, embedded, unfolds)
    kind = "string" if isinstance(task.value, str) else "number" if isinstance(task.value, Number) else "word"
    text = task.value.text if isinstance(task.value, Number) else json.dumps(task.value, ensure_ascii=False)
    return Line(number, depth, task.name, text, kind, task.comma, embedded)


def _tasks_inside(task: _Task) -> Iterator[_Task]:
    """The tasks for the lines below, last one first."""
    container = None if task.closes else _container(task.value)
    if not isinstance(container, Members | list):
        return
    embedded = task.embedded + isinstance(task.value, str)
    pairs = container.pairs if isinstance(container, Members) else [(None, child) for child in container]
    if not pairs:
        return
    yield _Task(None, task.positions, "", task.comma, embedded, "}" if isinstance(container, Members) else "]")
    for position in reversed(range(len(pairs))):
        name, child = pairs[position]
        json_name = "" if name is None else json.dumps(name, ensure_ascii=False)
        yield _Task(child, (*task.positions, position), json_name, position < len(pairs) - 1, embedded)


def around(lines: list[Line], context: int = 3, limit: int = 24) -> list[Line | Gap]:
    """The marked lines with some lines around them, about `limit` lines at most, and gaps for the lines left out."""
    marked_indexes = [index for index, line in enumerate(lines) if line.marked]
    if not marked_indexes:
        return _with_gaps(lines, range(min(len(lines), limit)))
    first, last = marked_indexes[0], marked_indexes[-1]
    indexes = set(range(max(first - context, 0), min(last + context + 1, len(lines))))
    if last - first >= limit:
        half_limit = limit // 2
        indexes -= set(range(first + half_limit, last - half_limit + 1))
    return _with_gaps(lines, sorted(indexes))


def _with_gaps(lines: list[Line], indexes: Iterable[int]) -> list[Line | Gap]:
    result: list[Line | Gap] = []
    next_index = 0
    for index in indexes:
        if index > next_index:
            result.append(Gap(index - next_index))
        result.append(lines[index])
        next_index = index + 1
    if next_index < len(lines):
        result.append(Gap(len(lines) - next_index))
    return result
