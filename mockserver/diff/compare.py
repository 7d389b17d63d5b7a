"""Compares two sets of documents: operation by operation, then what belongs to none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..definitions.node import Documents, Node, node_at
from ..errors import InputError
from .change import ABSENT, Change, Changes
from .jobs import compare_job
from .operations import Call, calls, compare_reach, paired
from .requests import compare_body, compare_notes, compare_parameters
from .responses import compare_responses
from .schema_text import canonical
from .sources import Source

_OPERATION_NOTES = ("description", "summary", "tags", "externalDocs")
_TOLD = ("x-job", "x-required-if", "x-provenance")


def compare(old: Source, new: Source) -> list[Change]:
    """Every change from OLD to NEW, the worst first. Raises InputError for what can't be compared.

    A change that several operations share (in what they refer to) is one change that names them all.
    """
    changes = Changes()
    try:
        before, after = calls(old.documents), calls(new.documents)
        pairs = paired(before, after)
        for old_call, new_call in pairs:
            _compare_operation(changes, old_call, new_call)
        _unpaired(changes, pairs, before, after, old, new)
        _switches(changes, old.documents, new.documents)
        _compare_rest(changes, old.documents, new.documents)
    except RecursionError as error:
        raise InputError(f"{old.name} or {new.name} is nested too deeply to be compared") from error
    return changes.sorted()


def _compare_operation(changes: Changes, old: Call, new: Call) -> None:
    compare_reach(changes, old, new)
    compare_parameters(changes, old, new)
    compare_body(changes, old, new)
    reported_statuses = compare_job(changes, old, new)
    compare_responses(changes, old, new, reported_statuses)
    before, after = (_or_absent(call.node.get("x-required-if")) for call in (old, new))
    if canonical(before) != canonical(after):
        changes.add("required-if-changed", new.name, "x-required-if", (old.node, new.node), before, after)
    _notes(changes, old, new)


def _notes(changes: Changes, old: Call, new: Call) -> None:
    """What is not on the wire, of the operation itself."""
    keys = {key for call in (old, new) for key in call.node.value if key in _OPERATION_NOTES or key.startswith("x-")}
    for key in sorted(keys - set(_TOLD)):
        before, after = (call.node.value.get(key, ABSENT) for call in (old, new))
        if canonical(before) != canonical(after):
            code = "docs-changed" if key in _OPERATION_NOTES else "mock-only-changed"
            changes.add(code, new.name, key, (old.node, new.node), before, after, detail=key)
    values = [_or_absent(call.node.value.get("x-provenance")) for call in (old, new)]
    if canonical(values[0]) != canonical(values[1]):
        changes.add("provenance-changed", new.name, "x-provenance", (old.node, new.node), *values)


def _unpaired(
    changes: Changes, pairs: list[tuple[Call, Call]], before: list[Call], after: list[Call], old: Source, new: Source
) -> None:
    roots = [node_at(side.documents, next(iter(side.documents))) for side in (old, new)]
    for call in before:
        if call not in [paired_call for paired_call, _ in pairs]:
            code = "operation-not-seen" if new.inferred else "operation-removed"
            places = (call.node, _document_like(call, new.documents) or roots[1])
            changes.add(code, call.name, "operation", places, f"{call.method} {call.path}", ABSENT)
    for call in after:
        if call not in [other for _, other in pairs]:
            places = (_document_like(call, old.documents) or roots[0], call.node)
            changes.add("operation-added", call.name, "operation", places, ABSENT, f"{call.method} {call.path}")


def _document_like(call: Call, documents: Documents) -> Node | None:
    return node_at(documents, call.root.name) if call.root.name in documents else None


def _switches(changes: Changes, old: Documents, new: Documents) -> None:
    before, after = _all_switches(old), _all_switches(new)
    nothing = [node_at(side, next(iter(side))) for side in (old, new)]
    for name in sorted(before.keys() | after.keys()):
        places = (before.get(name, nothing[0]), after.get(name, nothing[1]))
        if name not in before or name not in after:
            values = [side[name].get("default") if name in side else ABSENT for side in (before, after)]
            changes.add("switch-changed", "", f"switch {name}", places, *values)
            continue
        defaults = [node.get("default") for node in places]
        if defaults[0] != defaults[1]:
            changes.add("switch-default-changed", "", f"switch {name}", places, *defaults)
        values = [node.get("values", {}) for node in places]
        if canonical(values[0]) != canonical(values[1]):
            changes.add("switch-changed", "", f"switch {name}", places, *values)
        compare_notes(changes, "", *places, at=f"switch {name}")


def _all_switches(documents: Documents) -> dict[str, Node]:
    """The switches of all documents; one that bundles several services has them by service."""
    switches: dict[str, Node] = {}
    for name in documents:
        for key, node in node_at(documents, name).members("x-switches").items():
            if "default" in node.as_object().value:
                switches[key] = node
            else:
                switches |= {inner: node.child(inner).as_object() for inner in node.value}
    return switches


def _compare_rest(changes: Changes, old: Documents, new: Documents) -> None:
    """Documents that differ, and in which nothing was found so far: in titles, sources, parts that no operation uses."""
    for old_name, new_name in _same_documents(old, new):
        for key in sorted(old[old_name].keys() | new[new_name].keys()):
            before, after = (_or_absent(side.get(key)) for side in (old[old_name], new[new_name]))
            if key in ("paths", "components", "x-switches", "servers", "security") or canonical(before) == canonical(after):
                continue
            code = (
                "provenance-changed"
                if key == "x-provenance"
                else "mock-only-changed"
                if key == "x-service"
                else "docs-changed"
            )
            values = (before, after) if key == "x-service" or len(canonical([before, after])) < 2_000 else (ABSENT, ABSENT)
            changes.add(code, "", key, (node_at(old, old_name), node_at(new, new_name)), *values, detail=key)
        if canonical(old[old_name]) != canonical(new[new_name]) and not changes.touched() & {old_name, new_name}:
            at = "parts that no operation uses, or notes on them"
            changes.add("docs-changed", "", at, (node_at(old, old_name), node_at(new, new_name)))


def _same_documents(old: Documents, new: Documents) -> list[tuple[str, str]]:
    """Documents of one name; or the two first ones, where each side is one file (and what it refers to)."""
    same_names = [(name, name) for name in old if name in new]
    return same_names or ([(next(iter(old)), next(iter(new)))] if _is_one(old) and _is_one(new) else [])


def _is_one(documents: Mapping[str, Mapping[str, Any]]) -> bool:
    return sum("paths" in document for document in documents.values()) == 1


def _or_absent(value: Any) -> Any:
    return ABSENT if value is None else value
