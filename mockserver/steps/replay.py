"""The step that answers from a recording: with the answer that was in effect so long after the job's first poll."""

from __future__ import annotations

from ..definitions import Operation
from ..exchanges.replays import move_date, move_times
from ..model import Answer
from ..redaction.content_coding import map_text
from ..services.base import Context


def replay(operation: Operation, context: Context) -> Answer | None:
    """The recorded answer with its times moved to now; None if no recording has this job.

    A job's replay begins with its first request, like its recording.
    """
    replays = context.namespace.replays
    match = replays.find(operation, context.parameters, context.now) if replays.all else None
    if match is None:
        return None
    number, recorded_job = match
    began = context.namespace.store.birth(("replay", str(number)), context.now).time
    step = recorded_job.at(context.now - began)
    shift = began - recorded_job.began
    body = map_text(step.body, lambda text: move_times(text, operation.observation, shift))
    headers = tuple((name, move_date(value, shift)) for name, value in step.headers if name.lower() != "content-type")
    media_type = next((value for name, value in step.headers if name.lower() == "content-type"), "")
    return Answer(step.status, None, headers, media_type, raw=body)
