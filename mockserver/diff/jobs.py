"""Compares how jobs live: statuses, ends, what follows what, from when on and how long jobs can be asked for."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from ..definitions.node import Node
from .change import ABSENT, Changes
from .operations import Call
from .schema_text import canonical

_ALIKE = 0.75
_MOCK = ("lives", "actions")


@dataclass(frozen=True, slots=True)
class _Life:
    """A document's `x-job`, read. `follows` has an entry for each status."""

    node: Node
    states: dict[str, Node]
    codes: dict[str, Any]
    ends: set[str]
    follows: dict[str, set[str]]

    def reach(self, state: str) -> set[str]:
        """The statuses that can come after this one, at once or later."""
        seen: set[str] = set()
        ahead = [state]
        while ahead:
            fresh = self.follows.get(ahead.pop(), set()) - seen
            seen |= fresh
            ahead.extend(fresh)
        return seen


def compare_job(changes: Changes, old: Call, new: Call) -> set[str]:
    """Compare the lives of jobs; the status values (canonical JSON) that came, went or changed, to be reported only here."""
    nodes = (old.node.find("x-job"), new.node.find("x-job"))
    if nodes[0] is None or nodes[1] is None:
        if nodes[0] is not nodes[1]:
            code = "job-life-removed" if nodes[0] else "job-life-added"
            changes.add(code, new.name, "x-job", (nodes[0] or old.node, nodes[1] or new.node))
        return set()
    before, after = _life_of_node(nodes[0]), _life_of_node(nodes[1])
    names = _matched_statuses(before, after)
    _statuses(changes, new.name, before, after, names)
    _transitions(changes, new.name, before, after, names)
    _times(changes, new.name, before, after)
    _compare_mock_only(changes, new.name, before, after, names)
    reported_states = {state for state in before.states if names.get(state) != state} | set(after.states) - set(
        before.states
    )
    wires = {canonical(side.codes[state]) for state in reported_states for side in (before, after) if state in side.states}
    for old_state, new_state in names.items():
        if canonical(before.codes[old_state]) != canonical(after.codes[new_state]):
            wires |= {canonical(before.codes[old_state]), canonical(after.codes[new_state])}
    return wires | {canonical(state) for state in reported_states}


def _life_of_node(node: Node) -> _Life:
    states = {name: state.as_object() for name, state in node.as_object().members("states").items()}
    transitions = node.find("transitions")
    follows = {name: {item.as_text() for item in transitions.items(name)} if transitions else set() for name in states}
    codes = {name: state.get("code", name) for name, state in states.items()}
    ends = {name for name, state in states.items() if state.get("terminal") is True}
    return _Life(node, states, codes, ends, follows)


def _matched_statuses(old: _Life, new: _Life) -> dict[str, str]:
    """Which status of OLD is which of NEW: by name, else by wire value, else by a name that is nearly the same."""
    renamed = {name: name for name in old.states if name in new.states}
    free = [name for name in new.states if name not in old.states]
    for name in [name for name in old.states if name not in new.states]:
        alike = [other for other in free if _is_same_life(old, name, new, other)]
        if alike:
            renamed[name] = max(alike, key=lambda other: difflib.SequenceMatcher(None, name, other).ratio())
            free.remove(renamed[name])
    return renamed


def _is_same_life(old: _Life, name: str, new: _Life, other: str) -> bool:
    if (name in old.ends) != (other in new.ends):
        return False
    same_code = canonical(old.codes[name]) == canonical(new.codes[other])
    return same_code or difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio() >= _ALIKE


def _statuses(changes: Changes, operation: str, old: _Life, new: _Life, names: dict[str, str]) -> None:
    for status in [name for name in old.states if name not in names]:
        code = "terminal-status-removed" if status in old.ends else "status-value-removed"
        changes.add(code, operation, f"status {status}", (old.states[status], new.node), old.codes[status], ABSENT)
    for other in [name for name in new.states if name not in names.values()]:
        code = "terminal-status-added" if other in new.ends else "status-value-added"
        changes.add(code, operation, f"status {other}", (old.node, new.states[other]), ABSENT, new.codes[other])
    for status, other in names.items():
        places, at = (old.states[status], new.states[other]), f"status {other}"
        if status != other or canonical(old.codes[status]) != canonical(new.codes[other]):
            values: tuple[Any, Any] = (status, other) if status != other else (old.codes[status], new.codes[other])
            changes.add("status-value-renamed", operation, at, places, *values)
        if (status in old.ends) != (other in new.ends):
            code = "status-became-terminal" if other in new.ends else "status-left-terminal"
            changes.add(code, operation, at, places, status in old.ends, other in new.ends, detail="whether it is an end")


def _transitions(changes: Changes, operation: str, old: _Life, new: _Life, names: dict[str, str]) -> None:
    """What follows what among the statuses of both; those of a new status are not listed: it is new."""
    places = (old.node.find("transitions") or old.node, new.node.find("transitions") or new.node)
    for old_state, new_state in names.items():
        old_followers = {names[state] for state in old.follows[old_state] if state in names}
        new_followers = {state for state in new.follows[new_state] if state in names.values()}
        reachable = {names[state] for state in old.reach(old_state) if state in names}
        for state in sorted(new_followers - old_followers):
            code = "transition-shortened" if state in reachable else "transition-added"
            changes.add(code, operation, f"after {new_state}", places, ABSENT, f"{new_state} -> {state}")
        for state in sorted(old_followers - new_followers):
            changes.add("transition-removed", operation, f"after {new_state}", places, f"{new_state} -> {state}", ABSENT)
        ended_before = old_state in old.ends or old.reach(old_state) & old.ends
        ends_now = new_state in new.ends or new.reach(new_state) & new.ends
        if ended_before and not ends_now and not new.node.get("x-inferred"):
            reached = sorted(old.reach(old_state) & old.ends)
            changes.add(
                "end-unreachable", operation, f"after {new_state}", places, reached, [], detail="ends that can be reached"
            )


def _times(changes: Changes, operation: str, old: _Life, new: _Life) -> None:
    values = [life.node.get("identity") for life in (old, new)]
    if canonical(values[0]) != canonical(values[1]):
        changes.add("identity-changed", operation, "identity", (old.node, new.node), *map(_or_absent, values))
    for key, grown, shrunk in (
        ("visible-after-seconds", "visible-later", "visible-sooner"),
        ("kept-days", "kept-longer", "kept-shorter"),
    ):
        before, after = (_seconds_at(life.node, key) for life in (old, new))
        if before != after:
            places = (old.node, new.node)
            values = [_or_absent(life.node.get(key)) for life in (old, new)]
            changes.add(grown if after > before else shrunk, operation, key, places, *values)


def _seconds_at(node: Node, key: str) -> float:
    """A time of the life; by default a job is visible at once, and kept for ever."""
    value = node.get(key)
    if value is None:
        return 0 if key == "visible-after-seconds" else float("inf")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise node.child(key).error(canonical(value), "a number")
    return value


def _compare_mock_only(changes: Changes, operation: str, old: _Life, new: _Life, names: dict[str, str]) -> None:
    for key in _MOCK:
        before, after = (life.node.get(key, ABSENT) for life in (old, new))
        if canonical(before) != canonical(after):
            changes.add("lives-changed", operation, key, (old.node, new.node), before, after, detail=key)
    if canonical(old.node.get("x-provenance")) != canonical(new.node.get("x-provenance")):
        values = (old.node.get("x-provenance"), new.node.get("x-provenance"))
        changes.add("provenance-changed", operation, "x-job", (old.node, new.node), *values)
    for old_state, new_state in names.items():
        for key, code in (("summary", "docs-changed"), ("seconds", "lives-changed")):
            before, after = (_or_absent(state.get(key)) for state in (old.states[old_state], new.states[new_state]))
            if canonical(before) != canonical(after):
                places = (old.states[old_state], new.states[new_state])
                changes.add(code, operation, f"status {new_state}", places, before, after, detail=key)


def _or_absent(value: Any) -> Any:
    return ABSENT if value is None else value
