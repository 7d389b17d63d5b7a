"""Which operations a path belongs to: an index of path templates, so that the number of operations costs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from .query_text import split_query
from .servers import paths_of

if TYPE_CHECKING:
    from .model import Operation

PLAIN = "openapi"
"""The vendor and the envelope of a document that names none: credentials as its security schemes say, errors by RFC 9457."""

_NAME = re.compile(r"\{([^{}/]+)\}")
Match = tuple[int, "Operation", tuple[str, ...]]
"""The operation's place in the order of paths, the operation, and the values in the path."""


class _Template:
    """The operations at one path template; `patterns` are those of the parameters that are a part of their segment only."""

    __slots__ = ("operations", "patterns")

    def __init__(self, patterns: tuple[re.Pattern[str] | None, ...]) -> None:
        self.patterns = patterns if any(patterns) else ()
        self.operations: list[tuple[int, Operation]] = []

    def values(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        """The values in a path's segments with parameters; None where one of them isn't of its pattern."""
        values: list[str] = []
        for segment, pattern in zip(segments, self.patterns, strict=True):
            match = pattern.fullmatch(segment) if pattern else None
            if pattern and match is None:
                return None
            values += match.groups() if match else (segment,)
        return tuple(values)


class _Shape:
    """The templates that have parameters in the same segments: `open` picks these of a path, `fixed` the others."""

    __slots__ = ("fixed", "open", "templates")

    def __init__(self, segments: Sequence[str]) -> None:
        self.fixed = _picker([place for place, segment in enumerate(segments) if not _NAME.search(segment)])
        self.open = _picker([place for place, segment in enumerate(segments) if _NAME.search(segment)])
        self.templates: dict[tuple[str, ...], list[_Template]] = {}


class Router:
    """The operations by their paths; with the paths of their servers before them, too, where nothing else stands there.

    Of two paths that a request fits, the one with fewer or later names in braces counts, in whatever documents they stand:
    `/jobs/latest` before `/jobs/{id}`. An operation of a user's document takes the place of a shipped one at the same path.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._shapes: dict[int, dict[tuple[bool, ...], _Shape]] = {}
        operations = sorted(operations, key=lambda operation: openness(operation.path))
        for place, operation in enumerate(operations):
            _put(self._template(operation.path), place, operation)
        for place, operation in enumerate(operations, len(operations)):
            for prefix in paths_of(operation.servers):
                template = self._template(prefix + operation.path)
                if all(other.method != operation.method for _, other in template.operations):
                    template.operations.append((place, operation))

    def _template(self, path: str) -> _Template:
        segments = path.split("/")
        shapes = self._shapes.setdefault(len(segments), {})
        form = tuple(bool(_NAME.search(segment)) for segment in segments)
        shape = shapes.get(form) or shapes.setdefault(form, _Shape(segments))
        new_template = _Template(tuple(_segment_pattern(segment) for segment in shape.open(segments)))
        templates = shape.templates.setdefault(shape.fixed(segments), [])
        for template in templates:
            if template.patterns == new_template.patterns:
                return template
        templates.append(new_template)
        return new_template

    def matches(self, segments: Sequence[str]) -> list[Match]:
        """The operations that have a path of these segments, whatever their methods, the least open path first.

        Args:
            segments: What stands between the slashes of a path, each percent-decoded; the first one is empty.
        """
        matches: list[Match] = []
        for shape in self._shapes.get(len(segments), _NONE).values():
            templates = shape.templates.get(shape.fixed(segments))
            if templates is None:
                continue
            picked = shape.open(segments)
            if "" in picked:
                continue
            for template in templates:
                values = template.values(picked) if template.patterns else picked
                if values is not None:
                    matches += [(place, operation, values) for place, operation in template.operations]
        if len(matches) > 1:
            matches.sort(key=lambda match: match[0])
        return matches


_NONE: dict[tuple[bool, ...], _Shape] = {}


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Picks the segments at these places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda segments: tuple(segments[place] for place in places)


def openness(path: str) -> list[bool]:
    """Paths with fewer parameters, and later ones, come first when sorted by this."""
    return ["{" in segment for segment in path.split("/")]


def _put(template: _Template, place: int, operation: Operation) -> None:
    """The operation at its path; a user's own takes the place of a shipped one."""
    for index, (other_place, other) in enumerate(template.operations):
        if other.method == operation.method and other.vendor != operation.vendor == PLAIN:
            template.operations[index] = (other_place, operation)
            return
    template.operations.append((place, operation))


def _segment_pattern(segment: str) -> re.Pattern[str] | None:
    """A segment of a path template as a pattern for a decoded segment; None where it is a parameter as a whole."""
    if _NAME.fullmatch(segment):
        return None
    parts = _NAME.split(segment)
    return re.compile("".join("(.+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)), re.DOTALL)


def chosen(operations: Sequence[Operation], query: str) -> Operation | None:
    """Which of the operations at one path a query means: one whose values it has, or else the one that asks for none."""
    values = dict(split_query(query, errors="replace")) if len(operations) > 1 else {}
    default = None
    for operation in operations:
        if operation.chosen_by and all(values.get(name) == value for name, value in operation.chosen_by.items()):
            return operation
        if not operation.chosen_by and default is None:
            default = operation
    return default
