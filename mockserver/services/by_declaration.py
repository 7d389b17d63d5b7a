"""How a job looks at an instant whose document says it: a sample of the answer, with the moment's status and times."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..answers.made_answer import json_body, requested_values, success_of
from ..definitions import Operation
from ..definitions.by_status import sent_as
from ..definitions.compile import json_media
from ..definitions.drawing import Drawing
from ..definitions.job_shorthand import FAILURE, SUCCESS
from ..definitions.pointer import parts_of
from ..exchanges import vendor_times
from ..exchanges.json_path import MISSING, value_at
from ..generate import Fake
from ..jobs.made_up_jobs import Identity
from ..jobs.trajectory import Job, Moment
from .base import SingleJobService, Switches

_LIKE = {"rfc3339": "2026-01-01T00:00:00+00:00", "iso-basic-offset": "2026-01-01T00:00:00+0000", "epoch-ms": 0, "epoch-s": 0}
_STEP_LEFT = 0.4
"""Of what is left to do, the share that is still left after one more state."""


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
        answer = _put(answer, place, _progress(job.moment, value_at(whole, place)))
    for time in drawing.times:
        answer = _with_time(answer, f"{base}{time['at']}", time, job.moment)
    for place, states in drawing.only.items():
        made = value_at(answer, base + place)
        made = value_at(whole, base + place) if made is MISSING else made
        answer = _put(answer, base + place, made if job.moment.status in states else MISSING)
    extra: dict[str, Any] = {name: fact for name, fact in job.profile.items() if name != "seed"}
    for name, fact in extra.items():
        if value_at(whole, f"{base}/{name}") is not MISSING:
            answer = _put(answer, f"{base}/{name}", fact)
    result: dict[str, Any] = answer
    return result


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


def _progress(moment: Moment, like: Any) -> Any:
    """How much is done: it rises with each state and within it, and is all only at a success."""
    steps = len(moment.entered) - 1 + (-0.5 if moment.terminal else moment.fraction)
    succeeded = moment.terminal and SUCCESS.search(moment.status) and not FAILURE.search(moment.status)
    done = 1.0 if succeeded else min(0.99, 1 - _STEP_LEFT**steps)
    if isinstance(like, float) and 0 <= like <= 1:
        return round(done, 2)
    if isinstance(like, str):
        return f"{int(done * 100)}%"
    return int(done * 100)


def _with_time(answer: Any, place: str, time: Mapping[str, Any], moment: Moment) -> Any:
    started = moment.entered[1][1] if len(moment.entered) > 1 else None
    updated = moment.since if moment.terminal else moment.now
    value = {"created": moment.born, "started": started, "updated": updated, "ended": moment.ended}[
        time.get("is", "created")
    ]
    if value is None:
        return _put(answer, place, None if time.get("null") else MISSING)
    like = value_at(answer, place)
    usual = _LIKE.get(time["form"], "")
    like = like if vendor_times.parse(time["form"], None if like is MISSING else like) is not None else usual
    return _put(answer, place, vendor_times.show(time["form"], value, like))


SERVICE = SingleJobService(profile=profile, body=body)


def is_declared(operation: Operation) -> bool:
    """Whether an operation's jobs are drawn by its document alone."""
    return operation.job is not None and operation.job.drawing is not None
