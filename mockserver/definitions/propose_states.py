"""Where a status stands in an answer, and what its values say: which come first, which are the end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .job_shorthand import is_end
from .job_words import CANCEL, FAILURE, SUCCESS, WAITING
from .schema_lookup import Node, types_of_schema, whole_schema

_STATUS = re.compile(
    r"^(status|state|phase|stage)$|[a-z](_|)(Status|State|Phase)$|_(status|state|phase)$|^(job|task|run|build)(status|state)$",
)
_OUTCOME = re.compile(r"conclusion|outcome|result(_?(state|status|code))?$", re.IGNORECASE)
_LATE = re.compile(r"ending|finaliz|clean|stopp?ing|terminating|cancell?ing|upload|sav", re.IGNORECASE)
_EARLY = re.compile(r"start|init|boot|provision|load|assign|launch", re.IGNORECASE)
_BREAK = re.compile(r"retry|suspend|pause|block|defer|reschedul|restart|unknown", re.IGNORECASE)
_DEPTH = 2


@dataclass(frozen=True)
class Status:
    """A status: the job's pointer (`base`), the status's from there, the job's schema, its states as lines, their ends.

    `set_places` are other members that some states set.
    """

    base: str
    place: str
    holder: Node
    lines: tuple[str, ...]
    ends: tuple[str, ...]
    set_places: tuple[str, ...] = ()


def status_of(document: Node, schema: Node, base: str = "", depth: int = 0) -> Status | None:
    """The status of what a schema describes: at its top, or in a member of it."""
    properties = schema.get("properties", {})
    for name in sorted(properties, key=lambda name: name.lower() not in ("status", "state", "done", "phase")):
        status = _at(document, name, schema, base)
        if status:
            return status
    for name, child in properties.items() if depth < _DEPTH else ():
        inner = whole_schema(document, child)
        status = status_of(document, inner, f"{base}/{name}", depth + 1) if inner.get("properties") else None
        if status and _STATUS.search(name):  # {status: {phase: ...}}: the job is around it
            lines = tuple(line.replace("set: {/", f"set: {{/{name}/") for line in status.lines)
            places = tuple(f"/{name}{place}" for place in status.set_places)
            return Status(base, f"/{name}{status.place}", schema, lines, status.ends, places)
        if status:
            return status
    return None


def _at(document: Node, name: str, holder: Node, base: str) -> Status | None:
    if name == "done" and "boolean" in types_of_schema(document, holder["properties"][name]):
        ended = tuple(f"{state}: {{end: true, code: true}}" for state in ("succeeded", "failed"))
        return Status(base, "/done", holder, ("running: {for: 10s, code: false}", *ended), ("succeeded", "failed"))
    values = _texts(document, holder["properties"][name])
    if not _STATUS.search(name) or len(values) < 2:
        return None
    ends = [value for value in values if is_end(value)]
    if not ends or len(ends) == len(values):
        return None
    going = sorted((value for value in values if value not in ends), key=_stage)
    outcome = _outcome(document, holder, name) if not any(FAILURE.search(value) for value in ends) else None
    if outcome is not None:
        end, (member, results) = next((value for value in ends if not CANCEL.search(value)), ends[0]), outcome
        lines = [f"{quoted(value)}: 10s" for value in going]
        lines += [
            f"{quoted(value)}: {{end: true, code: {quoted(end)}, set: {{/{member}: {quoted(value)}}}}}" for value in results
        ]
        return Status(base, f"/{name}", holder, tuple(lines), tuple(results), (f"/{member}",))
    ordered = [*going, *sorted(ends, key=lambda value: not SUCCESS.search(value) or bool(FAILURE.search(value)))]
    lines = [f"{quoted(value)}: {'end' if value in ends else '10s'}" for value in ordered]
    return Status(base, f"/{name}", holder, tuple(lines), tuple(ends))


def _texts(document: Node, child: Any) -> list[str]:
    values = [value for value in whole_schema(document, child).get("enum", ()) if value is not None]
    return values if all(isinstance(value, str) for value in values) else []


def _outcome(document: Node, holder: Node, status: str) -> tuple[str, list[str]] | None:
    """A member beside a status that only says that it is over, which says how it ended."""
    for name, child in holder["properties"].items():
        values = _texts(document, child)
        good = any(SUCCESS.search(value) and not FAILURE.search(value) for value in values)
        if name != status and _OUTCOME.search(name) and good and any(FAILURE.search(value) for value in values):
            ends = [value for value in values if is_end(value)]
            return name, sorted(ends, key=lambda value: not SUCCESS.search(value) or bool(FAILURE.search(value)))
    return None


def _stage(state: str) -> int:
    """Which states come first: those that wait, those that begin, those that go on, those that clean up, breaks."""
    order = (_BREAK, WAITING, _EARLY, _LATE)
    kind = next((index for index, pattern in enumerate(order) if pattern.search(state)), 9)
    return {0: 5, 1: 1, 2: 2, 3: 4}.get(kind, 3)


def quoted(text: str) -> str:
    """Text as YAML has it."""
    words = ("true", "false", "null", "yes", "no", "on", "off")
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and text.lower() not in words
    return text if plain else "'" + text.replace("'", "''") + "'"
