"""A JSON body as text, line by line, with the place that a pointer means: strings that hold JSON are unfolded.

Numbers stand as they were sent, and a member that was sent twice stands there twice.
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
    """A JSON object as it was sent: its members in order, doubled ones too."""

    pairs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class TextNode:
    """What stands at a pointer.

    `positions` is the way there, as positions among members and rows; `rest` are the parts of the pointer that lead nowhere
    from here (empty: the pointer was followed to its end).
    """

    value: Any
    positions: tuple[int, ...] = ()
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a body. `text` without its name, indent (in levels) and comma; `kind` says what it is.

    Kinds: open, close, empty, string, number, word. `name` is the member's name as JSON, or empty. `embedded` is how many
    strings this line is inside of; `unfolds` marks the line on which such a string begins; `marked`, the node looked for.
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
    """Lines that are left out."""

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
    """The object or array that a string holds; None where it holds none."""
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        return None
    try:
        value = parsed(text)
    except ValueError:
        return None
    return value if isinstance(value, Members | list) else None


def text_node_at(value: Any, pointer: str) -> TextNode:
    """The node at a pointer, through strings that hold JSON; where it leads nowhere, the nearest node before."""
    parts = parts_of(pointer)
    node = TextNode(value, (), parts)
    while node.rest:
        inner = _child(node.value, node.rest[0])
        if inner is None:
            return node
        position, child = inner
        node = TextNode(child, (*node.positions, position), node.rest[1:])
    return node


def _child(value: Any, part: str) -> tuple[int, Any] | None:
    inside = unfolded(value) if isinstance(value, str) else value
    if isinstance(inside, list):
        index = int(part) if _INDEX.fullmatch(part) else len(inside)
        return (index, inside[index]) if index < len(inside) else None
    if isinstance(inside, Members):  # of a doubled member the last one counts, as in most parsers
        return next(
            ((at, inside.pairs[at][1]) for at in reversed(range(len(inside.pairs))) if inside.pairs[at][0] == part), None
        )
    return None


def lines_of(value: Any, mark: TextNode | None = None) -> list[Line]:
    """The body's lines; the node's own are marked, or only its first where the pointer leads nowhere from there."""
    lines: list[Line] = []
    tasks = [_Task(value)]
    while tasks:
        task = tasks.pop()
        lines.append(replace(_line_of_task(task, len(lines) + 1), marked=mark is not None and _is_marked(task, mark)))
        tasks.extend(_inside(task))
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
    inside = _container(task.value)
    held = isinstance(task.value, str) and inside is not None
    embedded = task.embedded + held
    if isinstance(inside, Members | list):
        brackets = "{}" if isinstance(inside, Members) else "[]"
        full = bool(inside.pairs if isinstance(inside, Members) else inside)
        text, kind = (brackets[0], "open") if full else (brackets, "empty")
        return Line(number, depth, task.name, text, kind, task.comma and not full, embedded, held)
    kind = "string" if isinstance(task.value, str) else "number" if isinstance(task.value, Number) else "word"
    text = task.value.text if isinstance(task.value, Number) else json.dumps(task.value, ensure_ascii=False)
    return Line(number, depth, task.name, text, kind, task.comma, embedded)


def _inside(task: _Task) -> Iterator[_Task]:
    """What comes on the lines below, last one first."""
    inside = None if task.closes else _container(task.value)
    if not isinstance(inside, Members | list):
        return
    embedded = task.embedded + isinstance(task.value, str)
    pairs = inside.pairs if isinstance(inside, Members) else [(None, child) for child in inside]
    if not pairs:
        return
    yield _Task(None, task.positions, "", task.comma, embedded, "}" if isinstance(inside, Members) else "]")
    for position in reversed(range(len(pairs))):
        name, child = pairs[position]
        written = "" if name is None else json.dumps(name, ensure_ascii=False)
        yield _Task(child, (*task.positions, position), written, position < len(pairs) - 1, embedded)


def around(lines: list[Line], context: int = 3, limit: int = 24) -> list[Line | Gap]:
    """The marked lines with some around them, at most about `limit`; gaps say how many lines are left out."""
    marked = [at for at, line in enumerate(lines) if line.marked]
    if not marked:
        return _with_gaps(lines, range(min(len(lines), limit)))
    first, last = marked[0], marked[-1]
    numbers = set(range(max(first - context, 0), min(last + context + 1, len(lines))))
    if last - first >= limit:
        half = limit // 2
        numbers -= set(range(first + half, last - half + 1))
    return _with_gaps(lines, sorted(numbers))


def _with_gaps(lines: list[Line], numbers: Iterable[int]) -> list[Line | Gap]:
    result: list[Line | Gap] = []
    due = 0
    for at in numbers:
        if at > due:
            result.append(Gap(at - due))
        result.append(lines[at])
        due = at + 1
    if due < len(lines):
        result.append(Gap(len(lines) - due))
    return result
