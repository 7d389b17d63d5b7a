"""Which operations a path belongs to: a tree of path templates, so that the number of operations costs nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .servers import paths_of

if TYPE_CHECKING:
    from .model import Operation

PLAIN = "openapi"
"""The vendor and the envelope of a document that names none: credentials as its security schemes say, errors by RFC 9457."""

_NAME = re.compile(r"\{([^{}/]+)\}")
Match = tuple[int, "Operation", tuple[str, ...]]
"""The operation's place in the order of paths, the operation, and the values in the path."""


class _Node:
    """A place in the tree: `literals` and `parameter` lead on from here, and so do `patterns` (`{name}.json`)."""

    __slots__ = ("literals", "operations", "parameter", "patterns")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.patterns: list[tuple[re.Pattern[str], _Node]] = []
        self.operations: list[tuple[int, Operation]] = []


class Router:
    """The operations by their paths; with the paths of their servers before them, too, where nothing else stands there.

    Of two paths that a request fits, the one with fewer or later names in braces counts, in whatever documents they stand:
    `/jobs/latest` before `/jobs/{id}`. An operation of a user's document takes the place of a shipped one at the same path.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._root = _Node()
        operations = sorted(operations, key=lambda operation: openness(operation.path))
        for place, operation in enumerate(operations):
            _put(self._node(operation.path), place, operation)
        for place, operation in enumerate(operations, len(operations)):
            for prefix in paths_of(operation.servers):
                node = self._node(prefix + operation.path)
                if all(other.method != operation.method for _, other in node.operations):
                    node.operations.append((place, operation))

    def _node(self, path: str) -> _Node:
        node = self._root
        for segment in path.split("/"):
            node = _child(node, segment)
        return node

    def matches(self, segments: Sequence[str]) -> list[Match]:
        """The operations that have a path of these segments, whatever their methods, the least open path first.

        Args:
            segments: What stands between the slashes of a path, each percent-decoded; the first one is empty.
        """
        matches: list[Match] = []
        open_nodes: list[tuple[_Node, int, tuple[str, ...]]] = [(self._root, 0, ())]
        while open_nodes:
            node, at, values = open_nodes.pop()
            if at == len(segments):
                matches += [(place, operation, values) for place, operation in node.operations]
                continue
            segment = segments[at]
            literal = node.literals.get(segment)
            if literal is not None:
                open_nodes.append((literal, at + 1, values))
            if not segment:
                continue
            if node.parameter is not None:
                open_nodes.append((node.parameter, at + 1, (*values, segment)))
            for pattern, child in node.patterns:
                if match := pattern.fullmatch(segment):
                    open_nodes.append((child, at + 1, (*values, *match.groups())))
        if len(matches) > 1:
            matches.sort(key=lambda match: match[0])
        return matches


def openness(path: str) -> list[bool]:
    """Paths with fewer parameters, and later ones, come first when sorted by this."""
    return ["{" in segment for segment in path.split("/")]


def _put(node: _Node, place: int, operation: Operation) -> None:
    """The operation at its path; a user's own takes the place of a shipped one."""
    for index, (other_place, other) in enumerate(node.operations):
        if other.method == operation.method and other.vendor != operation.vendor == PLAIN:
            node.operations[index] = (other_place, operation)
            return
    node.operations.append((place, operation))


def _child(node: _Node, segment: str) -> _Node:
    if _NAME.fullmatch(segment):
        node.parameter = node.parameter or _Node()
        return node.parameter
    if not _NAME.search(segment):
        return node.literals.setdefault(segment, _Node())
    pattern = segment_pattern(segment)
    for allowed, child in node.patterns:
        if allowed == pattern:
            return child
    child = _Node()
    node.patterns.append((pattern, child))
    return child


def segment_pattern(segment: str) -> re.Pattern[str]:
    """A segment of a path template as a pattern for a decoded segment."""
    parts = _NAME.split(segment)
    return re.compile("".join("(.+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)), re.DOTALL)


def chosen(operations: Sequence[Operation], query: str) -> Operation | None:
    """Which of the operations at one path a query means: one whose values it has, or else the one that asks for none."""
    values = dict(parse_qsl(query, keep_blank_values=True, errors="replace")) if len(operations) > 1 else {}
    plain = None
    for operation in operations:
        if operation.chosen_by and all(values.get(name) == value for name, value in operation.chosen_by.items()):
            return operation
        if not operation.chosen_by and plain is None:
            plain = operation
    return plain
