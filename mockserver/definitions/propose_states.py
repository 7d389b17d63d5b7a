"""Where a status stands in an answer, and what its values say: which come first, which are the end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .job_shorthand import is_end
from .job_words import ARRIVED, CANCEL, FAILURE, LIVE, MADE, STRONG_FAILURE, STRONG_SUCCESS, SUCCESS, UNENDING, WAITING
from .schema_lookup import Node, types_of_schema, whole_schema

_STATUS = re.compile(
    r"^(status|state|phase|stage)$|[a-z](_|)(Status|State|Phase)$|_(status|state|phase)$|^(job|task|run|build)(status|state)$",
)
_OUTCOME = re.compile(r"conclusion|outcome|result(_?(state|status|code))?$", re.IGNORECASE)
_LATE = re.compile(r"ending|finaliz|clean|stopp?ing|terminating|cancell?ing|upload|sav", re.IGNORECASE)
_EARLY = re.compile(r"start|init|boot|provision|load|assign|launch", re.IGNORECASE)
_BREAK = re.compile(r"retry|suspend|pause|block|defer|reschedul|restart|unknown|unspecified|undefined", re.IGNORECASE)
_QUOTED = re.compile(r"[`'\"‘“]([A-Za-z][A-Za-z_-]{1,30})[`'\"’”]")
_ACCEPTED = re.compile(r"accept", re.IGNORECASE)
_OPERATION = re.compile(r"^(error|response|result|output|metadata)$", re.IGNORECASE)
_PLAIN = ("status", "state", "done", "phase")
_IS_ANOTHER = re.compile(r"previous|last|old|desired|target|expected|initial", re.IGNORECASE)
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
    for name in sorted(properties, key=lambda name: (_IS_ANOTHER.match(name) is not None, name.lower() not in _PLAIN)):
        status = _status_at(document, name, schema, base)
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


def _status_at(document: Node, name: str, holder: Node, base: str) -> Status | None:
    is_flag = name == "done" and "boolean" in types_of_schema(document, holder["properties"][name])
    if is_flag and any(_OPERATION.search(other) for other in holder["properties"]):
        ended = tuple(f"{state}: {{end: true, code: true}}" for state in ("succeeded", "failed"))
        return Status(base, "/done", holder, ("running: {for: 10s, code: false}", *ended), ("succeeded", "failed"))
    codes = values_of(document, holder["properties"][name]) if _STATUS.search(name) else {}
    values = list(codes)
    ends = _ends(values)
    if len(values) < 2 or not ends or len(ends) == len(values):
        return None
    going = sorted((value for value in values if value not in ends), key=_stage)
    outcome = _outcome_member(document, holder, name) if not any(FAILURE.search(value) for value in ends) else None
    if outcome is None and not any(STRONG_SUCCESS.search(value) or STRONG_FAILURE.search(value) for value in ends):
        return None
    if outcome is not None:
        end, (member, results) = next((value for value in ends if not CANCEL.search(value)), ends[0]), outcome
        lines = [_line(value, codes[value], ends) for value in going]
        lines += [
            f"{quoted(value)}: {{end: true, code: {quoted(end)}, set: {{/{member}: {quoted(value)}}}}}" for value in results
        ]
        return Status(base, f"/{name}", holder, tuple(lines), tuple(results), (f"/{member}",))
    ordered = [*going, *sorted(ends, key=lambda value: not _is_good(value))]
    return Status(base, f"/{name}", holder, tuple(_line(value, codes[value], ends) for value in ordered), tuple(ends))


def _is_good(value: str) -> bool:
    good = SUCCESS.search(value) or LIVE.search(value) or ARRIVED.search(value) or value.lower() == "running"
    return bool(good) and not FAILURE.search(value)


def _line(value: str, code: Any, ends: list[str]) -> str:
    if code == value:
        return f"{quoted(value)}: {'end' if value in ends else '10s'}"
    return f"{quoted(value)}: {{{'end: true' if value in ends else 'for: 10s'}, code: {code}}}"


def _ends(values: list[str]) -> list[str]:
    """The values that are ends."""
    ends = [value for value in values if is_end(value)]
    good = [value for value in ends if SUCCESS.search(value) and not FAILURE.search(value)]
    strong = [value for value in good if STRONG_SUCCESS.search(value)]
    if strong:
        ends = [value for value in ends if value not in good or value in strong]
    elif not good:
        ends += _reached_states(values, ends)
    elif len(good) > 1:
        ends = [value for value in ends if value not in good or not _ACCEPTED.search(value)]
    return ends


def _reached_states(values: list[str], ends: list[str]) -> list[str]:
    """The values that say of a thing that it is what it was to be, where none says success."""
    going = [value for value in values if value not in ends and not UNENDING.search(value)]
    for words in (LIVE, ARRIVED):
        if reached := [value for value in going if words.search(value)]:
            return reached
    is_created = any(MADE.search(value) for value in values if value not in ends)
    return [value for value in values if is_created and value.lower() == "running"]


def values_of(document: Node, child: Any) -> dict[str, Any]:
    """What a status may be, by its name, in the document's order: its texts, or numbers that the document names."""
    schema = whole_schema(document, child)
    alternatives = [
        whole_schema(document, alternative) for keyword in ("oneOf", "anyOf") for alternative in schema.get(keyword, ())
    ]
    values = [value for value in schema.get("enum", ()) if value is not None]
    values = values or [alternative["const"] for alternative in alternatives if "const" in alternative]
    if not values and "string" in types_of_schema(document, child):
        values = _QUOTED.findall(str(schema.get("description", "")))
    if all(isinstance(value, str) for value in values):
        return {value: value for value in values}
    names = schema.get(
        "x-enum-varnames", schema.get("x-enumNames", [alternative.get("title") for alternative in alternatives])
    )
    if isinstance(names, list) and len(names) == len(values) and all(isinstance(name, str) for name in names):
        return dict(zip(names, values, strict=True))
    return {}


def _outcome_member(document: Node, holder: Node, status: str) -> tuple[str, list[str]] | None:
    """A member beside a status that only says that it is over, which says how it ended."""
    for name, child in holder["properties"].items():
        values = [value for value, code in values_of(document, child).items() if value == code]
        good = any(SUCCESS.search(value) and not FAILURE.search(value) for value in values)
        if name != status and _OUTCOME.search(name) and good and any(FAILURE.search(value) for value in values):
            ends = [value for value in values if is_end(value)]
            return name, sorted(ends, key=lambda value: not _is_good(value))
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
