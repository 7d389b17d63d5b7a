"""Compares what operations answer: HTTP statuses, headers, bodies, and the catalogue of errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..definitions.node import Node
from . import classify
from .change import ABSENT, Changes
from .operations import Call
from .requests import compare_notes
from .schema_text import canonical
from .schemas import SchemaComparer


def compare_responses(changes: Changes, old: Call, new: Call, reported_statuses: Collection[str]) -> None:
    """Compare the answers; `known` are the status values whose changes are reported with the job's life."""
    before, after = old.node.members("responses"), new.node.members("responses")
    for status, node in before.items():
        if status not in after:
            code = "success-status-removed" if _is_success(status) else "http-status-removed"
            changes.add(code, new.name, f"response {status}", (node, new.node), status, ABSENT)
    for status, node in after.items():
        if status not in before:
            changes.add("http-status-added", new.name, f"response {status}", (old.node, node), ABSENT, status)
        else:
            _compare_response(changes, new.name, before[status], node, f"response {status}", reported_statuses)
    _errors(changes, old, new)


def _is_success(status: str) -> bool:
    return status.startswith("2") or status == "default"


def _compare_response(
    changes: Changes, operation: str, old: Node, new: Node, at: str, reported_statuses: Collection[str]
) -> None:
    _compare_headers(changes, operation, old.as_object(), new.as_object(), at)
    compare_notes(changes, operation, old, new, at)
    before, after = old.members("content"), new.members("content")
    if before and not after:
        changes.add("body-removed", operation, at, (old, new), sorted(before), ABSENT)
        return
    if after and not before:
        changes.add("body-added", operation, at, (old, new), ABSENT, sorted(after))
        return
    for media in before:
        if media not in after:
            changes.add("media-type-removed", operation, at, (before[media], new), media, ABSENT)
    for media in after:
        if media not in before:
            changes.add("media-type-added", operation, at, (old, after[media]), ABSENT, media)
        else:
            _compare_bodies(changes, operation, before[media], after[media], at, reported_statuses)


def _compare_bodies(
    changes: Changes, operation: str, old: Node, new: Node, at: str, reported_statuses: Collection[str]
) -> None:
    holders = [node.child("schema") if "schema" in node.as_object().value else None for node in (old, new)]
    success = _is_success(at.rpartition(" ")[2])
    if holders[0] and holders[1]:
        emit = classify.answer(changes, operation) if success else classify.error(changes, operation)
        SchemaComparer(emit, reported_statuses).compare([holders[0]], [holders[1]], f"{at} ")
    elif holders[0]:
        changes.add("body-removed", operation, at, (old, new), holders[0].value, ABSENT, detail="schema")
    elif holders[1]:
        changes.add("body-added", operation, at, (old, new), ABSENT, holders[1].value, detail="schema")
    _examples(changes, operation, old, new, at)


def _examples(changes: Changes, operation: str, old: Node, new: Node, at: str) -> None:
    """Examples that are not errors are for readers."""
    before, after = (
        {name: node for name, node in side.members("examples").items() if not _is_error(node)} for side in (old, new)
    )
    for name in sorted(before.keys() | after.keys()):
        values = [canonical(side[name].value) if name in side else "" for side in (before, after)]
        if values[0] != values[1]:
            places = (before.get(name, old), after.get(name, new))
            summaries = [side[name].get("summary", name) if name in side else ABSENT for side in (before, after)]
            changes.add("docs-changed", operation, at, places, *summaries, detail=f"example {name}")
    if canonical(old.get("example")) != canonical(new.get("example")):
        changes.add("docs-changed", operation, at, (old, new), old.get("example"), new.get("example"), detail="example")


def _compare_headers(changes: Changes, operation: str, old: Node, new: Node, at: str) -> None:
    before, after = ({name.lower(): node for name, node in side.members("headers").items()} for side in (old, new))
    for name in sorted(before.keys() | after.keys()):
        place = f"{at} header {name}"
        if name not in after:
            changes.add("header-removed", operation, place, (before[name], new), name, ABSENT)
        elif name not in before:
            changes.add("header-added", operation, place, (old, after[name]), ABSENT, name)
        else:
            _header(changes, operation, before[name].as_object(), after[name].as_object(), place)


def _header(changes: Changes, operation: str, old: Node, new: Node, at: str) -> None:
    required = (old.get("required", False) is True, new.get("required", False) is True)
    if required[0] != required[1]:
        code = "header-added" if required[1] else "header-removed"
        changes.add(code, operation, at, (old, new), *required, detail="whether it is always there")
    if "schema" in old.value and "schema" in new.value:
        SchemaComparer(classify.header(changes, operation)).compare([old.child("schema")], [new.child("schema")], at)
    elif "schema" in old.value or "schema" in new.value:
        values = [node.value.get("schema", ABSENT) for node in (old, new)]
        changes.add("header-changed", operation, at, (old, new), *values, detail="schema")
    compare_notes(changes, operation, old, new, at)


# Errors


@dataclass(frozen=True, slots=True)
class _Error:
    """A documented error of an operation; `usual` is its HTTP status with all switches at their defaults."""

    name: str
    node: Node
    statuses: frozenset[str]
    usual: str
    code: str
    envelope: str | None
    message: str
    when: frozenset[str]


def _is_error(node: Node) -> bool:
    return isinstance(node.value, Mapping) and isinstance(node.value.get("x-error"), Mapping)


def _errors_of(call: Call) -> dict[str, _Error]:
    errors: dict[str, tuple[Node, list[str]]] = {}
    for status, response in call.node.members("responses").items():
        for media in response.as_object().members("content").values():
            for name, example in media.as_object().members("examples").items():
                if _is_error(example):
                    errors.setdefault(name, (example, []))[1].append(status)
    return {name: _error_of_example(name, node, statuses) for name, (node, statuses) in errors.items()}


def _error_of_example(name: str, node: Node, statuses: list[str]) -> _Error:
    error = node.child("x-error")
    document = Node(node.documents, node.name, (), node.documents[node.name])
    service = document.find("x-service")
    switch = error.get("switch")
    switches = document.members("x-switches")
    chosen = str(switches[switch].get("default")) if isinstance(switch, str) and switch in switches else ""
    by_switch = error.members("statuses")
    usual = str(by_switch[chosen].value) if chosen in by_switch else statuses[0]
    return _Error(
        name,
        node,
        frozenset(statuses),
        usual,
        str(error.get("code", "")),
        error.get("envelope") or (service.get("envelope") if service else None),
        str(error.get("message", "")),
        frozenset(str(item.value) for item in error.items("when")),
    )


def _errors(changes: Changes, old: Call, new: Call) -> None:
    before, after = _errors_of(old), _errors_of(new)
    pairs = [(name, name) for name in before if name in after]
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    for name in list(gone):
        same = [new_name for new_name in come if after[new_name].code == before[name].code]
        if same:
            pairs.append((name, same[0]))
            gone.remove(name)
            come.remove(same[0])
    for old_name, new_name in pairs:
        _pair(changes, new.name, before[old_name], after[new_name])
    for name in gone:
        same_code = before[name].code in {error.code for error in after.values()}
        code = "error-name-changed" if same_code else "error-code-removed"
        changes.add(code, new.name, f"error {name}", (before[name].node, new.node), before[name].code, ABSENT)
    for name in come:
        same_code = after[name].code in {error.code for error in before.values()}
        code = "error-name-changed" if same_code else "error-code-added"
        changes.add(code, new.name, f"error {name}", (old.node, after[name].node), ABSENT, after[name].code)


def _pair(changes: Changes, operation: str, old: _Error, new: _Error) -> None:
    at, places = f"error {new.name}", (old.node, new.node)
    if old.name != new.name:
        changes.add("error-name-changed", operation, at, places, old.name, new.name)
    if old.code != new.code:
        changes.add("error-code-changed", operation, at, places, old.code, new.code)
    if old.envelope and new.envelope and old.envelope != new.envelope:
        changes.add("error-envelope-changed", operation, at, places, old.envelope, new.envelope, detail="envelope")
    if old.message != new.message:
        changes.add("error-message-changed", operation, at, places, old.message, new.message)
    if old.when != new.when:
        changes.add("error-cause-changed", operation, at, places, sorted(old.when), sorted(new.when))
    _statuses(changes, operation, old, new, at)
    _compare_error_texts(changes, operation, old, new, at)


def _statuses(changes: Changes, operation: str, old: _Error, new: _Error, at: str) -> None:
    if old.statuses == new.statuses and old.usual == new.usual:
        return
    if old.usual != new.usual or (old.statuses - new.statuses and new.statuses - old.statuses):
        code = "error-status-moved"
    else:
        code = "error-status-added" if new.statuses - old.statuses else "error-status-removed"
    values = [[error.usual, *sorted(error.statuses - {error.usual})] for error in (old, new)]
    changes.add(code, operation, at, (old.node, new.node), *values)


def _compare_error_texts(changes: Changes, operation: str, old: _Error, new: _Error, at: str) -> None:
    """What is left of an error's example: texts for readers, the sample body, how the mock fills in the message."""
    for key in sorted(old.node.value.keys() | new.node.value.keys()):
        before, after = (error.node.value.get(key, ABSENT) for error in (old, new))
        if key == "x-error":
            compared_elsewhere = ("code", "envelope", "message", "when")
            before, after = (
                {name: v for name, v in side.items() if name not in compared_elsewhere} for side in (before, after)
            )
        if canonical(before) != canonical(after):
            codes = {"x-provenance": "provenance-changed", "x-error": "mock-only-changed"}
            changes.add(codes.get(key, "docs-changed"), operation, at, (old.node, new.node), before, after, detail=key)
