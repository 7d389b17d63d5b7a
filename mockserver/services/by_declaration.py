"""How a job looks at an instant whose document says it: a sample of the answer, with the moment's status and times."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..answers.made_answer import documented_headers, json_body, plain_media, requested_values, success_of
from ..definitions import Operation
from ..definitions.by_status import sent_as
from ..definitions.compile import json_media
from ..definitions.drawing import Drawing
from ..definitions.job_words import DETOUR, FAILURE, STOPPING, SUCCESS, WAITING
from ..definitions.pointer import parts_of
from ..exchanges import vendor_times
from ..exchanges.json_path import MISSING, value_at
from ..generate import Fake
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job
from ..model import Answer
from .base import SingleJobService, Switches

_LIKE = {"rfc3339": "2026-01-01T00:00:00+00:00", "iso-basic-offset": "2026-01-01T00:00:00+0000", "epoch-ms": 0, "epoch-s": 0}
_NEARLY = 0.99
"""The most that is done of a job that hasn't succeeded."""


def profile(fake: Fake, identity: Identity) -> dict[str, Any]:
    """What never changes of a job: the seed of its sample."""
    del identity
    return {"seed": fake.integer(0, 2**31)}


def body(job: Job, switches: Switches) -> dict[str, Any]:
    """The answer of the operation that reads it."""
    del switches
    drawing = job.definition.drawing
    assert drawing is not None
    answer = copy.deepcopy(_template(drawing, tuple(job.identity.items()), job.profile["seed"], True))
    whole = _template(drawing, tuple(job.identity.items()), job.profile["seed"], False)
    places = [part if part != "*" else "0" for part in parts_of(drawing.mapping.jobs)]
    base = "".join(f"/{part}" for part in places)
    answer = _put(answer, f"{base}{drawing.mapping.status}", job.definition.states[job.moment.status].code)
    if drawing.mapping.progress:
        place = f"{base}{drawing.mapping.progress}"
        answer = _put(answer, place, _progress_of(job, value_at(whole, place)))
    for time in drawing.times:
        answer = _with_time(answer, f"{base}{time['at']}", time, job)
    for place, states in drawing.only.items():
        made = value_at(answer, base + place)
        made = value_at(whole, base + place) if made is MISSING else made
        answer = _put(answer, base + place, made if job.moment.status in states else _nothing(drawing, base + place))
    for place, by_state in drawing.values.items():
        value = by_state.get(job.moment.status, MISSING)
        answer = _put(answer, base + place, _nothing(drawing, base + place) if value is MISSING else value)
    extra: dict[str, Any] = {name: fact for name, fact in job.profile.items() if name != "seed"}
    for name, fact in extra.items():
        if value_at(whole, f"{base}/{name}") is not MISSING:
            answer = _put(answer, f"{base}/{name}", fact)
    result: dict[str, Any] = answer
    return result


def sample_answer(drawing: Drawing) -> Any:
    """An answer about a job, whoever it is."""
    return copy.deepcopy(_template(drawing, (), 0, True))


def free_members(drawing: Drawing) -> list[str]:
    """The members of a job that its life leaves alone: neither status, progress and times, nor what depends on the state."""
    mapping = drawing.mapping
    places = {mapping.status, mapping.progress, *drawing.only, *drawing.values, *(time["at"] for time in drawing.times)}
    job = value_at(_template(drawing, (), 0, False), mapping.jobs.replace("*", "0"))
    taken = {parts_of(place)[0] for place in places if place}
    return [name for name in job if name not in taken] if isinstance(job, Mapping) else []


@lru_cache(maxsize=2_048)
def _template(drawing: Drawing, identity: tuple[tuple[str, str], ...], seed: int, examples: bool) -> Any:
    """The answer as the document shows it, or (without its examples) as its schema does, about this job."""
    responses = drawing.source.members("responses")
    key = success_of(drawing)
    content = responses[key].members("content")
    media = json_media(content)
    if media is None:
        return {}
    requested = requested_values(drawing, dict(identity))
    status = sent_as(key, responses)
    return json_body(drawing.responses[status], content[media], Fake(seed, "job"), requested, examples)


def _put(node: Any, pointer: str, value: Any, parts: Sequence[str] | None = None) -> Any:
    """The node with a value at a JSON pointer; MISSING takes away what is there."""
    parts = parts_of(pointer) if parts is None else parts
    if not parts:
        return value
    if isinstance(node, list):
        index = int(parts[0]) if parts[0].isdecimal() else 0
        return [_put(child, "", value, parts[1:]) if place == index else child for place, child in enumerate(node or [{}])]
    remaining = dict(node) if isinstance(node, Mapping) else {}
    if len(parts) == 1 and value is MISSING:
        remaining.pop(parts[0], None)
    elif value is not MISSING or parts[0] in remaining:
        remaining[parts[0]] = _put(remaining.get(parts[0]), "", value, parts[1:])
    return remaining


@lru_cache(maxsize=2_048)
def _nothing(drawing: Drawing, place: str) -> Any:
    """What stands at a place where there is nothing yet: nothing at all, or null where the schema wants the member."""
    whole = _template(drawing, (), 0, False)
    errors = drawing.responses[sent_as(success_of(drawing), drawing.source.members("responses"))]
    for value in (MISSING, None):
        if next(iter(errors(_put(whole, place, value))), None) is None:
            return value
    return MISSING


def _working(job: Job) -> list[str]:
    """The states in which something is done: no waiting, no detour, no end; if none is left, all that are not an end."""
    going = [name for name, state in job.definition.states.items() if not state.terminal]
    return [name for name in going if not any(words.search(name) for words in (WAITING, DETOUR, STOPPING))] or going


def _progress_of(job: Job, like: Any) -> Any:
    """How much is done: it rises with each working state and within it, and is all only at a success."""
    moment, working = job.moment, _working(job)
    begun = [status for status, _ in moment.entered if status in working]
    here = moment.cut if moment.terminal else moment.fraction if moment.status in working else 1.0
    succeeded = moment.terminal and SUCCESS.search(moment.status) and not FAILURE.search(moment.status)
    done = 1.0 if succeeded else min(_NEARLY, max(0.0, len(begun) - 1 + here) / len(working)) if begun else 0.0
    if isinstance(like, float) and 0 <= like <= 1:
        return round(done, 2)
    if isinstance(like, str):
        return f"{int(done * 100)}%"
    return int(done * 100)


def _with_time(answer: Any, place: str, time: Mapping[str, Any], job: Job) -> Any:
    moment = job.moment
    started = moment.first(*_working(job))
    updated = moment.since if moment.terminal else moment.now
    value = {"created": moment.born, "started": started, "updated": updated, "ended": moment.ended}[
        time.get("is", "created")
    ]
    if value is None:
        assert job.definition.drawing is not None
        return _put(answer, place, None if time.get("null") else _nothing(job.definition.drawing, place))
    like = value_at(answer, place)
    usual = _LIKE.get(time["form"], "")
    like = like if vendor_times.parse(time["form"], None if like is MISSING else like) is not None else usual
    return _put(answer, place, vendor_times.show(time["form"], value, like))


def read_answer(operation: Operation, job: Job, switches: Switches) -> Answer:
    """The answer of the operation that reads a job, with its documented headers.

    Where the document has 202 beside another success, that is the answer until the job has ended, and so is Retry-After.
    """
    responses, shown = operation.source.members("responses"), body(job, switches)
    key = success_of(operation)
    if not job.moment.terminal and "202" in responses:
        key = "202"
    status, response = sent_as(key, responses), responses.get(key)
    content = response.members("content") if response else {}
    headers = documented_headers(response, Fake(job.profile["seed"], "headers")) if response else ()
    headers = tuple(header for header in headers if header[0].lower() != "retry-after")
    if response and not job.moment.terminal:
        headers += tuple((name, "1") for name in response.members("headers") if name.lower() == "retry-after")
    if status == 202 and (not content or next(iter(operation.responses[status](shown)), None) is not None):
        return Answer(status, None, headers, content_type="", raw=b"")
    media = json_media(content) or "application/json"
    return Answer(status, shown, headers, content_type=plain_media(media))


SERVICE = SingleJobService(profile=profile, body=body)


def is_declared(operation: Operation) -> bool:
    """Whether an operation's jobs are drawn by its document alone."""
    return operation.job is not None and operation.job.drawing is not None
