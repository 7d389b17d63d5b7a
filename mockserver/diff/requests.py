"""Compares what operations ask for: parameters and request bodies."""

from __future__ import annotations

import difflib
from typing import Any

from ..definitions.node import Node
from . import classify
from .change import ABSENT, Changes
from .operations import Call
from .schema_text import canonical, expanded, is_added
from .schemas import SchemaComparer

_STYLE = ("style", "explode", "allowReserved", "allowEmptyValue")
_NOTES = ("description", "deprecated", "example", "examples")
_ALIKE = 0.6
Parameters = dict[tuple[str, str], Node]


def compare_parameters(changes: Changes, old: Call, new: Call) -> None:
    """Compare the parameters; those of a path are told apart by their order, since their names are not on the wire."""
    before, after = _parameters_of(old), _parameters_of(new)
    gone = [key for key in before if key not in after]
    come = [key for key in after if key not in before]
    for old_key, new_key in _moved(before, after, gone, come):
        gone.remove(old_key)
        come.remove(new_key)
        if old_key[0] != "path" or new_key[0] != "path":
            code = "parameter-renamed" if old_key[0] == new_key[0] else "parameter-moved"
            values = (f"{old_key[1]} ({old_key[0]})", f"{new_key[1]} ({new_key[0]})")
            changes.add(code, new.name, _place_text(new_key), (before[old_key], after[new_key]), *values)
        _compare_parameter(changes, new, before[old_key], after[new_key], _place_text(new_key), new_key[1])
    for key in gone:
        changes.add("parameter-removed", new.name, _place_text(key), (before[key], new.node), key[1], ABSENT)
    for key in come:
        code = "parameter-added-required" if after[key].get("required") is True else "parameter-added-optional"
        changes.add(code, new.name, _place_text(key), (old.node, after[key]), ABSENT, key[1])
    for key in [key for key in before if key in after]:
        _compare_parameter(changes, new, before[key], after[key], _place_text(key), key[1])


def _parameters_of(call: Call) -> Parameters:
    """The parameters by place and name; those of a path by their number in it. Headers have no case."""
    parameters: Parameters = {}
    for holder in (call.item, call.node):  # an operation's own win
        for node in holder.items("parameters"):
            name, place = (str(node.as_object().get(part, "")) for part in ("name", "in"))
            if not name or place not in ("path", "query", "header", "cookie"):
                raise node.error(canonical({"name": name, "in": place}), "a name, and in: path, query, header or cookie")
            parameters[place, name.lower() if place == "header" else name] = node
    return parameters


def _place_text(key: tuple[str, str]) -> str:
    return f"{key[0]} parameter {key[1]}"


def _moved(
    before: Parameters, after: Parameters, gone: list[tuple[str, str]], come: list[tuple[str, str]]
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Parameters that are the same one under another name or in another place."""
    moves = []
    free = list(come)
    for old_key in gone:
        alike = [new_key for new_key in free if _is_same_parameter(old_key, new_key, before, after)]
        if alike:
            best = max(alike, key=lambda new_key: difflib.SequenceMatcher(None, old_key[1], new_key[1]).ratio())
            moves.append((old_key, best))
            free.remove(best)
    return moves


def _is_same_parameter(old_key: tuple[str, str], new_key: tuple[str, str], before: Parameters, after: Parameters) -> bool:
    if old_key[1].lower() == new_key[1].lower() or old_key[0] == new_key[0] == "path":
        return True
    near = difflib.SequenceMatcher(None, old_key[1].lower(), new_key[1].lower()).ratio() >= _ALIKE
    schemas = [node.find("schema") for node in (before[old_key], after[new_key])]
    return near and old_key[0] == new_key[0] and all(schemas) and len({expanded(node) for node in schemas if node}) == 1


def _compare_parameter(changes: Changes, call: Call, old: Node, new: Node, at: str, name: str) -> None:
    required = (old.get("required", False) is True, new.get("required", False) is True)
    if required[0] != required[1]:
        code = "parameter-became-required" if required[1] else "parameter-became-optional"
        changes.add(code, call.name, at, (old, new), *required)
    for part in _STYLE:
        if canonical(old.get(part)) != canonical(new.get(part)):
            changes.add("parameter-style-changed", call.name, at, (old, new), old.get(part), new.get(part), detail=part)
    if old.members("content").keys() != new.members("content").keys():
        values = (sorted(old.members("content")), sorted(new.members("content")))
        changes.add("parameter-style-changed", call.name, at, (old, new), *values, detail="content")
    pairs = SchemaComparer(classify.parameter(changes, call.name, name))
    _schemas(pairs, old, new, at)
    for media, node in old.members("content").items():
        if media in new.members("content"):
            _schemas(pairs, node, new.members("content")[media], at)
    compare_notes(changes, call.name, old, new, at)


def _schemas(pairs: SchemaComparer, old: Node, new: Node, at: str) -> None:
    empty = [holder.child("schema") if "schema" in holder.as_object().value else None for holder in (old, new)]
    before, after = empty
    if before and after:
        pairs.compare([before], [after], at)
    elif before or after:
        values: list[Any] = [node.value if node else ABSENT for node in empty]
        pairs.emit("values-closed" if after else "values-opened", at, (old, new), values[0], values[1], "schema")


def compare_notes(changes: Changes, operation: str, old: Node, new: Node, at: str) -> None:
    """Compare what is not on the wire: descriptions, provenance, extensions."""
    keys = {key for node in (old, new) for key in node.as_object().value if key in _NOTES or key.startswith("x-")}
    for key in sorted(keys):
        before, after = (ABSENT if is_added(node, key) else node.value.get(key, ABSENT) for node in (old, new))
        if canonical(before) != canonical(after):
            code = "docs-changed" if key in _NOTES else "mock-only-changed"
            code = "provenance-changed" if key == "x-provenance" else code
            changes.add(code, operation, at, (old, new), before, after, detail=key)


def compare_body(changes: Changes, old: Call, new: Call) -> None:
    """Compare the request bodies."""
    before, after = old.node.find("requestBody"), new.node.find("requestBody")
    if before is None and after is None:
        return
    needed = [node is not None and node.as_object().get("required", False) is True for node in (before, after)]
    places = (before or old.node, after or new.node)
    if before is not None and after is None:
        changes.add("request-body-removed", new.name, "request body", places, before.value, ABSENT)
    elif needed[0] != needed[1] or before is None:
        code = "request-body-required" if needed[1] else "request-body-optional"
        changes.add(code, new.name, "request body", places, *needed)
    if before is not None and after is not None:
        _contents(changes, new, before, after)


def _contents(changes: Changes, call: Call, old: Node, new: Node) -> None:
    before, after = old.members("content"), new.members("content")
    for media in before:
        if media not in after:
            changes.add("request-media-type-removed", call.name, "request body", (before[media], new), media, ABSENT)
    for media in after:
        if media not in before:
            changes.add("request-media-type-added", call.name, "request body", (old, after[media]), ABSENT, media)
        else:
            _schemas(SchemaComparer(classify.request(changes, call.name)), before[media], after[media], "request body")
    compare_notes(changes, call.name, old, new, "request body")
