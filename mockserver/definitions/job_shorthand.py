"""The short way to say how jobs live (`jobs` in `mockserver.yaml`), as `x-job`, `x-observation` and `x-action`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .job_words import CANCEL, DETOUR, FAILURE, SKIPPED, STOPPING, SUCCESS, UNENDING
from .operation_forms import PATH_NAME
from .schema_lookup import operation_named, parameters_of, schema_of
from .shorthand_defaults import list_action, new_id, path_values

VERBS = ("start", "stop", "delete", "rerun", "list")
_MEMBERS = ("status", "job", "states", "progress", "times", "only", "id", "lives", "counts", "constant", *VERBS)
_TIMES = ("created", "started", "updated", "ended")
_PROVENANCE = {"kind": "invented", "note": "How long states last is chosen, not documented."}
_DEFAULT_SECONDS = 10.0
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}

Extensions = dict[str, Any]


def job_extensions(
    document: Mapping[str, Any], path: str, node: Mapping[str, Any], job: Mapping[str, Any]
) -> tuple[Extensions, dict[tuple[str, str], Extensions]]:
    """The extensions of the operation that reads a job, and the `x-action` of others, by (what it does, which operation).

    Raises ValueError, `found|allowed`, for what makes no sense.
    """
    for name in job:
        if name not in _MEMBERS:
            raise ValueError(f"{name!r}|one of {', '.join(_MEMBERS)}")
    if not (isinstance(job.get("states"), dict | list) and job["states"] and isinstance(job.get("status"), str)):
        raise ValueError("a job without status and states|status: /POINTER, states: {queued: 5s, done: end}")
    names = PATH_NAME.findall(path)
    identity = [job["id"]] if isinstance(job.get("id"), str) else names
    if not identity:
        raise ValueError(f"{path}, which has no parameter that tells jobs apart|id: NAME of a query parameter")
    states = _states(job["states"])
    life = {
        "identity": [*dict.fromkeys([*names, *identity])],
        "states": states,
        "transitions": _transitions(states),
        "lives": job.get("lives") or _lives(states),
        "actions": _actions(states),
        "x-provenance": _PROVENANCE,
    }
    own: Extensions = {"x-job": life, "x-observation": _observation(job, states)}
    read = str(node.get("operationId"))
    actions = {
        (verb, *_first_name(job[verb])): _action(read, verb, job[verb], identity[-1], document)
        for verb in VERBS
        if verb in job
    }
    return own, actions


def _first_name(value: Any) -> tuple[str]:
    return (str(next(iter(value))),) if isinstance(value, dict) and value else (str(value),)


def _states(states: Any) -> dict[str, Any]:
    entries = states if isinstance(states, dict) else dict.fromkeys(states)
    read = {}
    for name, value in entries.items():
        state: dict[str, Any] = {"summary": str(name)}
        node = value if isinstance(value, dict) else {"for": value}
        if "code" in node:
            state["code"] = node["code"]
        for member in node:
            if member not in ("for", "end", "code", "set"):
                raise ValueError(f"{member!r} in the state {name}|one of for, end, code, set")
        length = node.get("for")
        ends = node.get("end") is True or length == "end"
        ends = ends or (length is None and is_end(str(name)))
        state |= {"terminal": True} if ends else {"seconds": _seconds(length)}
        read[str(name)] = state
    if all("terminal" in state for state in read.values()) or not any("terminal" in state for state in read.values()):
        raise ValueError("states that all end, or of which none ends|some with a duration (5s) and some that are the end")
    return read


def is_end(name: str) -> bool:
    """Whether a state's name says that it is an end."""
    words = any(words.search(name) for words in (SUCCESS, FAILURE, CANCEL, SKIPPED))
    return words and not UNENDING.search(name)


def _seconds(value: Any) -> float:
    if value is None:
        return _DEFAULT_SECONDS
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)?", str(value))
    if not match or float(match[1]) <= 0:
        raise ValueError(f"{value!r}|a duration such as 5s, 2m or 1h, or end")
    return float(match[1]) * _UNITS[match[2] or "s"]


def _split(states: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    ends = [name for name, state in states.items() if state.get("terminal")]
    return [name for name in states if name not in ends], ends


def _transitions(states: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each state that doesn't end leads to every later one, and to every end; a detour leads back, too."""
    going, ends = _split(states)
    return {
        name: [*(going[index + 1 :] if name in _way(going) else [other for other in going if other != name]), *ends]
        for index, name in enumerate(going)
    }


def _way(going: list[str], end: str = "") -> list[str]:
    """The states that a job comes through on its way to this end: no detours, and stopping only where it was stopped."""
    stopped = bool(CANCEL.search(end))
    regular = [name for name in going if not DETOUR.search(name) and (stopped or not STOPPING.search(name))]
    return regular or going


def _lives(states: Mapping[str, Any]) -> dict[str, Any]:
    going, ends = _split(states)
    way = _way(going)
    best = next((name for name in ends if SUCCESS.search(name) and not FAILURE.search(name)), ends[0])
    order = [best, *(name for name in ends if name != best)]
    lives: dict[str, Any] = {}
    for name in order:
        label = (
            "succeeds" if name == best else "fails" if FAILURE.search(name) else re.sub(r"[^a-z0-9.-]+", "-", name.lower())
        )
        label = f"{label}-{name.lower()}" if label in lives else label
        lives[label] = {
            "summary": f"It ends as {name}.",
            "weight": 8 if name == best else 1,
            "steps": [*_way(going, name), name],
        }
    lives["hangs"] = {"summary": "It never ends.", "weight": 0, "steps": [*way[:-1], [way[-1], None]]}
    return lives


def _actions(states: Mapping[str, Any]) -> dict[str, str]:
    ends = _split(states)[1]
    cancel = next((name for name in ends if CANCEL.search(name)), None)
    fail = next((name for name in ends if FAILURE.search(name)), None)
    return {**({"cancel": cancel} if cancel else {}), **({"fail": fail} if fail else {})}


def _observation(job: Mapping[str, Any], states: Mapping[str, Any]) -> Extensions:
    observation: Extensions = {"jobs": job.get("job", ""), "status": job["status"], "x-provenance": _PROVENANCE}
    observation |= {name: job[name] for name in ("progress", "counts", "constant") if name in job}
    times = job.get("times", {})
    if not isinstance(times, dict) or any(name not in _TIMES for name in times):
        raise ValueError(f"times {times!r}|an object with {', '.join(_TIMES)}: /POINTER, or [/POINTER, form]")
    observation["times"] = [_time_extensions(name, times[name]) for name in _TIMES if name in times]
    only = {place: [held] if isinstance(held, str) else held for place, held in (job.get("only") or {}).items()}
    for place, held in only.items():
        for name in held:
            if name not in states:
                raise ValueError(f"only {place} in the state {name!r}|one of {', '.join(states)}")
    values: dict[str, dict[str, Any]] = {}
    for name, state in job["states"].items() if isinstance(job["states"], dict) else ():
        for place, value in (state.get("set") or {}).items() if isinstance(state, dict) else ():
            values.setdefault(place, {})[str(name)] = value
    return {**observation, **({"only": only} if only else {}), **({"values": values} if values else {})}


def _time_extensions(name: str, value: Any) -> Extensions:
    place, form = value if isinstance(value, list) and len(value) == 2 else (value, "rfc3339")
    return {"at": place, "form": form, "is": name, **({"moves": True} if name == "updated" else {})}


def _action(read: str, verb: str, value: Any, name: str, document: Mapping[str, Any]) -> Extensions:
    """An `x-action`; `start: {createExport: {"new": "exp-{hex}"}}` says where the new id comes from."""
    action: Extensions = {"jobs": read, "do": verb, "x-provenance": _PROVENANCE}
    other, node = operation_named(document, _first_name(value)[0])
    supplied = value if isinstance(value, dict) else {}
    source = next(iter(supplied.values()), None) if supplied else None
    if isinstance(source, dict):
        action["identity"] = {name: source}
    sent = schema_of(document, node.get("requestBody", {})).get("properties", {})
    if "identity" not in action and verb == "start" and "{" + name + "}" not in other:
        new = {"new": new_id(document, read, name)}
        action["identity"] = {name: {"body": f"/{name}", "default": new} if name in sent else new}
    if verb in ("stop", "delete", "rerun") and "{" + name + "}" not in other and name in sent:
        action["identity"] = {name: {"body": f"/{name}"}}
    if verb == "start":
        identity = PATH_NAME.findall(operation_named(document, read)[0])
        around = [member for member in path_values(parameters_of(document, node)) if member not in (name, *identity)]
        facts = {member: {"parameter": member} for member in around}
        action["facts"] = facts | {member: {"body": f"/{member}"} for member in sent if member != name}
    if verb == "list":
        action |= list_action(document, node)
    return action
