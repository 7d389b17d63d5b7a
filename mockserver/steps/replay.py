"""The answer of a recorded job: the one that was in effect so long after its first poll."""

from __future__ import annotations

from ..definitions import Operation
from ..exchanges.replays import move_date, move_times
from ..model import Answer
from ..redaction.content_coding import changed
from ..services.base import Context


def replay(operation: Operation, context: Context) -> Answer | None:
    """The recorded answer, its times moved to now; None where no recording has this job.

    The replay of a job begins when it is first asked for, as its recording did.
    """
    replays = context.namespace.replays
    result = replays.find(operation, context.parameters, context.now) if replays.all else None
    if result is None:
        return None
    number, trajectory = result
    began = context.namespace.store.birth(("replay", str(number)), context.now).time
    step = trajectory.at(context.now - began)
    by = began - trajectory.began
    body = changed(step.body, lambda text: move_times(text, operation.observation, by))
    headers = tuple((name, move_date(value, by)) for name, value in step.headers if name.lower() != "content-type")
    media_type = next((value for name, value in step.headers if name.lower() == "content-type"), "")
    return Answer(step.status, None, headers, media_type, raw=body)
