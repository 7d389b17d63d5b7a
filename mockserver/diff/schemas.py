"""Compares two schemas, member by member, through strings that hold JSON."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from ..definitions.job_shorthand import is_end
from ..definitions.node import Node
from .change import ABSENT
from .likeness import alike, covers, folded_name, likeness, renamed_values
from .merged_schema import LOWER, UPPER, Shape, shape_of
from .schema_notes import Emit, compare_conditions, compare_notes
from .schema_text import canonical, expanded

STATUS_NAME = re.compile(r"^(?:.*[_-])?(?:status|state|phase)$|^stsDesc$|[a-z](?:Status|State|Phase)$", re.IGNORECASE)
_CODE_NAME = re.compile(r"^(?:err(?:or)?[_-]?)?code$", re.IGNORECASE)
_STRUCTURES = frozenset(("object", "array"))


@dataclass
class SchemaComparer:
    """Compares schemas and emits what happened, in the words of an answer: a member removed, a type widened.

    `known` are the status values that the job's life has on either side: what changes about those is reported there.
    """

    emit: Emit
    reported_values: Collection[str] = ()
    _done: set[tuple[str, ...]] = field(default_factory=set)

    def compare(self, old: list[Node], new: list[Node], at: str) -> None:
        """Compare what these schemas say together. A pair that was compared before is left out, so that cycles end."""
        key = (*(node.resolved().where for node in old), "|", *(node.resolved().where for node in new))
        if key not in self._done:
            self._done.add(key)
            self._compare_shapes(shape_of(old), shape_of(new), at)

    def _compare_shapes(self, old: Shape, new: Shape, at: str) -> None:
        compare_notes(self.emit, old, new, at)
        compare_conditions(self.emit, old, new, at)
        if bool(old.alternatives) != bool(new.alternatives):
            self._one_and_several(old, new, at)
            return
        self._compare_alternatives(old, new, at)
        self._compare_plain(old, new, at)

    def _compare_plain(self, old: Shape, new: Shape, at: str) -> None:
        self._compare_null(old, new, at)
        if self._compare_folded(old, new, at) or not self._compare_types(old, new, at):
            return
        self._compare_values(old, new, at)
        self._compare_forms(old, new, at)
        self._compare_bounds(old, new, at)
        self._compare_members(old, new, at)
        self._compare_below(old, new, at)

    # Types

    def _compare_types(self, old: Shape, new: Shape, at: str) -> bool:
        """Compare the types; whether the rest can be compared at all."""
        if old.types == new.types:
            return True
        places = (old.place("type"), new.place("type"))
        if covers(old.types, new.types):
            kind = "type-narrowed"
        elif covers(new.types, old.types):
            kind = "type-widened"
        else:
            kind = "type-changed"
        self.emit(kind, at, places, _type_value(old), _type_value(new), "")
        return kind != "type-changed"

    def _compare_null(self, old: Shape, new: Shape, at: str) -> None:
        if old.nullable != new.nullable:
            places = (old.place("type"), new.place("type"))
            kind = "nullable-added" if new.nullable else "nullable-removed"
            self.emit(kind, at, places, old.nullable, new.nullable, "whether it may be null")

    def _compare_folded(self, old: Shape, new: Shape, at: str) -> bool:
        """JSON that left its string, or went into one."""
        old_inner, new_inner = old.below.get("contentSchema"), new.below.get("contentSchema")
        if old_inner and not new_inner and new.types and new.types <= _STRUCTURES:
            self.emit("embedded-json-unfolded", at, (old.node, new.node), _type_value(old), _type_value(new), "")
            self._compare_plain(shape_of(old_inner), new, f"{at} (embedded)")
            return True
        if new_inner and not old_inner and old.types and old.types <= _STRUCTURES:
            self.emit("embedded-json-folded", at, (old.node, new.node), _type_value(old), _type_value(new), "")
            self._compare_plain(old, shape_of(new_inner), f"{at} (embedded)")
            return True
        return False

    # Scalars

    def _compare_values(self, old: Shape, new: Shape, at: str) -> None:
        places = (old.place("enum"), new.place("enum"))
        if old.values is None or new.values is None:
            if old.values != new.values:
                kind = "values-opened" if new.values is None else "values-closed"
                self._emit_value(kind, at, places, _or_absent(old.values), _or_absent(new.values))
            return
        added = [value for value in new.values if canonical(value) not in set(map(canonical, old.values))]
        removed = [value for value in old.values if canonical(value) not in set(map(canonical, new.values))]
        for before, after in renamed_values(removed, added):
            self._emit_value("value-renamed", at, places, before, after)
            removed.remove(before)
            added.remove(after)
        for value in added:
            self._emit_value("value-added", at, places, ABSENT, value)
        for value in removed:
            self._emit_value("value-removed", at, places, value, ABSENT)

    def _emit_value(self, kind: str, at: str, places: tuple[Node, Node], old: Any, new: Any) -> None:
        name = at.rpartition("/")[2].removesuffix(" (embedded)")
        if STATUS_NAME.search(name):
            if any(canonical(value) in self.reported_values for value in (old, new)):
                return
            kind = {"values-opened": "status-opened"}.get(kind, kind.replace("value-", "status-value-"))
            if kind == "status-value-removed" and isinstance(old, str) and is_end(old):
                kind = "terminal-status-removed"
        elif _CODE_NAME.search(name):
            kind = {"value-added": "code-added", "value-removed": "code-removed"}.get(kind, kind)
        self.emit(kind, at, places, old, new, "")

    def _compare_forms(self, old: Shape, new: Shape, at: str) -> None:
        for keyword, kind in (("format", "format"), ("pattern", "pattern")):
            before, after = old.plain.get(keyword), new.plain.get(keyword)
            if before != after:
                step = _direction(keyword, before, after)
                places = (old.place(keyword), new.place(keyword))
                self.emit(f"{kind}-{step}", at, places, _or_absent(before), _or_absent(after), "")
        for keyword in ("contentEncoding", "contentMediaType"):
            before, after = old.plain.get(keyword), new.plain.get(keyword)
            if before != after and before is not None and after is not None:
                self.emit("encoding-changed", at, (old.place(keyword), new.place(keyword)), before, after, keyword)
        if old.units != new.units and old.units and new.units:
            places = (old.place("description"), new.place("description"))
            self.emit("unit-changed", at, places, sorted(old.units), sorted(new.units), "as the descriptions say")

    def _compare_bounds(self, old: Shape, new: Shape, at: str) -> None:
        for keyword in (*LOWER, *UPPER):
            before, after = old.bounds.get(keyword), new.bounds.get(keyword)
            if before == after:
                continue
            sign = 1 if keyword in LOWER else -1
            wider = after is None or (before is not None and sign * after < sign * before)
            places = (old.place(keyword), new.place(keyword))
            kind = "range-widened" if wider else "range-narrowed"
            self.emit(kind, at, places, _or_absent(before), _or_absent(after), keyword)

    # Members

    def _compare_members(self, old: Shape, new: Shape, at: str) -> None:
        gone = [name for name in old.properties if name not in new.properties]
        come = [name for name in new.properties if name not in old.properties]
        for before, after in self._renames(old, new, gone, come):
            gone.remove(before)
            come.remove(after)
            places = (old.properties[before][0], new.properties[after][0])
            self.emit("member-renamed", f"{at}/{before}", places, before, after, "")
            self.compare(old.properties[before], new.properties[after], f"{at}/{after}")
            self._compare_required(before in old.required, after in new.required, f"{at}/{after}", places)
        for name in gone:
            maybe = new.inferred and name not in old.required
            places = (old.properties[name][0], new.node)
            self.emit("member-not-seen" if maybe else "member-removed", f"{at}/{name}", places, name, ABSENT, "")
        for name in come:
            kind = "member-added-required" if name in new.required else "member-added"
            self.emit(kind, f"{at}/{name}", (old.node, new.properties[name][0]), ABSENT, name, "")
        for name in [name for name in old.properties if name in new.properties]:
            self.compare(old.properties[name], new.properties[name], f"{at}/{name}")
        for name in sorted((old.required | new.required) - {*gone, *come}):
            if (name in old.properties) == (name in new.properties):
                places = (old.place(f"required {name}"), new.place(f"required {name}"))
                self._compare_required(name in old.required, name in new.required, f"{at}/{name}", places)
        if old.closed != new.closed:
            kind = "members-closed" if new.closed else "members-opened"
            self.emit(kind, at, (old.node, new.node), not old.closed, not new.closed, "whether others may come")

    def _compare_required(self, before: bool, after: bool, at: str, places: tuple[Node, Node]) -> None:
        if before != after:
            kind = "member-became-required" if after else "member-became-optional"
            self.emit(kind, at, places, before, after, "whether it is always there")

    def _renames(self, old: Shape, new: Shape, gone: list[str], come: list[str]) -> list[tuple[str, str]]:
        renames = []
        free = list(come)
        for name in gone:
            text = expanded(old.properties[name][0])
            candidates = [
                other
                for other in free
                if folded_name(other) == folded_name(name)
                or (alike(name, other) and expanded(new.properties[other][0]) == text)
            ]
            if candidates:
                best = max(candidates, key=lambda other: difflib.SequenceMatcher(None, name, other).ratio())
                renames.append((name, best))
                free.remove(best)
        return renames

    def _compare_below(self, old: Shape, new: Shape, at: str) -> None:
        for keyword, step in (("items", "/*"), ("additionalProperties", "/*"), ("contentSchema", " (embedded)")):
            before, after = old.below.get(keyword), new.below.get(keyword)
            if before and after:
                self.compare(before, after, f"{at}{step}")
            elif before or after:
                self._one_below(keyword, old, new, at)

    def _one_below(self, keyword: str, old: Shape, new: Shape, at: str) -> None:
        wider = keyword not in new.below
        kinds = {
            "items": ("type-widened", "type-narrowed"),
            "additionalProperties": ("members-opened", "members-closed"),
            "contentSchema": ("embedded-json-dropped", "embedded-json-declared"),
        }
        old_value, new_value = (shape.below[keyword][0].value if keyword in shape.below else ABSENT for shape in (old, new))
        if keyword == "additionalProperties" and (old.closed or new.closed):
            return  # reported by whether others may come
        kind = kinds[keyword][0 if wider else 1]
        self.emit(kind, at, (old.node, new.node), old_value, new_value, keyword)

    # Alternatives

    def _one_and_several(self, old: Shape, new: Shape, at: str) -> None:
        """A schema that got alternatives, or lost them: what it was, or is, is one of them, or else a condition."""
        several = new if new.alternatives else old
        if several.types is not None or several.properties:
            places = (old.place("alternatives"), new.place("alternatives"))
            texts = [[alternative[0].value for alternative in shape.alternatives] or ABSENT for shape in (old, new)]
            self.emit("condition-changed", at, places, texts[0], texts[1], "alternatives")
            self._compare_plain(old, new, at)
            return
        self._compare_null(old, new, at)
        sides = [shape.alternatives or [[shape.node]] for shape in (old, new)]
        self._match_alternatives(sides[0], sides[1], old, new, at)

    def _compare_alternatives(self, old: Shape, new: Shape, at: str) -> None:
        if old.alternatives:
            self._match_alternatives(old.alternatives, new.alternatives, old, new, at)

    def _match_alternatives(
        self, before: list[list[Node]], after: list[list[Node]], old: Shape, new: Shape, at: str
    ) -> None:
        left, right = list(before), list(after)
        scored = [(likeness(a[0], b[0]), i, j) for i, a in enumerate(before) for j, b in enumerate(after)]
        for score, i, j in sorted(scored, key=lambda entry: -entry[0]):
            if score > 0 and before[i] in left and after[j] in right:
                left.remove(before[i])
                right.remove(after[j])
                self.compare(before[i], after[j], at)
        places = (old.place("alternatives"), new.place("alternatives"))
        for alternative in left:
            self.emit(
                "alternative-removed",
                at,
                (alternative[0], places[1]),
                alternative[0].value,
                ABSENT,
                alternative[0].resolved().label,
            )
        for alternative in right:
            self.emit(
                "alternative-added",
                at,
                (places[0], alternative[0]),
                ABSENT,
                alternative[0].value,
                alternative[0].resolved().label,
            )


def _type_value(shape: Shape) -> Any:
    return "any" if shape.types is None else sorted(shape.types)


def _or_absent(value: Any) -> Any:
    return ABSENT if value is None else value


def _direction(keyword: str, before: str | None, after: str | None) -> str:
    wider = {("int32", "int64"), ("float", "double")} if keyword == "format" else set()
    if after is None or (before, after) in wider:
        return "widened"
    return "narrowed" if before is None or (after, before) in wider else "changed"
