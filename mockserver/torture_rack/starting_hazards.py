"""The hazards of starting: what may happen to code that starts its job before it polls. All of them are ours, as in
hazards.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .grading import CLEAR, RIGHT
from .hazard import Fault, Hazard
from .hazard_faults import last_run_s_end
from .service_profiles import FAILED, SUCCEEDED, UNKNOWN, ServiceProfile

EITHER = (RIGHT, CLEAR)
LOST = (
    "a start whose answer is lost isn't sent again before a look at the job, or at the list of jobs, says that nothing"
    " runs; or raise an error that names the job"
)


def _on_start(**fields: Any) -> Callable[[ServiceProfile], list[Fault]]:
    """The same fault for each call that starts a job of the service; only the first such call gets it."""
    return lambda profile: [{"on": operation.id, "times": 1, **fields} for operation in profile.starts]


def _nothing_to_stop(profile: ServiceProfile) -> list[Fault]:
    return [{"on": call.id, "error": call.problems["job-not-running"].name, "times": 1} for call in profile.stops]


STARTING: tuple[Hazard, ...] = (
    Hazard("start-500-but-it-runs", "the start is answered with 500, but the job runs",
           "a retried start makes a second run of it; one that isn't looked for runs unwatched", LOST, good=EITHER,
           faults=_on_start(fault="LATE_500")),
    Hazard("start-answer-lost", "the job runs, but the connection breaks before the start's answer is whole",
           "a retried start makes a second run of it; one that isn't looked for runs unwatched", LOST, good=EITHER,
           faults=_on_start(fault="CLOSE_MID_BODY")),
    Hazard("start-lost-and-over", "the start's answer is lost, and the run has ended well a few seconds later",
           "who looks for a run that still runs sees none, and starts a second one", LOST, good=EITHER, quick=True,
           faults=_on_start(fault="LATE_500")),
    Hazard("start-refused-once", "the first start gets 503 from the gateway: nothing runs",
           "who takes it for lost waits for ever for a job that was never started",
           "look whether the job runs; if it doesn't, start it again, or raise an error that names the job", good=EITHER,
           faults=_on_start(status=503)),
    Hazard("start-throttled", "the first start gets 429 with Retry-After: 30",
           "who comes back sooner stays throttled; who doesn't come back has started nothing",
           "sleep for Retry-After, at least, and start it then", good=EITHER, faults=_on_start(status=429, retry_after=30)),
    Hazard("not-visible-after-start", "the new run can be found only a minute after its start",
           "not-found is taken for an end, or the job is started again", "allow not-found for the first minutes",
           job={"visible_after": 60}, applies=lambda p: p.new_ids or p.listed),
    Hazard("last-run-s-end-after-start",
           "for 20 s after the start the answer shows an earlier run, which succeeded; the new one fails",
           "yesterday's success is taken for today's",
           "believe an end once two answers, a pause apart, agree on it, or compare start times", end="failed",
           verdicts=(FAILED,), good=EITHER, faults=last_run_s_end, applies=lambda p: not (p.new_ids or p.listed)),
    Hazard("stop-too-late", "the job runs on and on; when it is stopped at last, it has just succeeded",
           "the error of a stop that finds nothing to stop hides what became of the job",
           "take that error for an end: look at the job once more, or raise TimeoutError as if it had been stopped",
           end="running", verdicts=(SUCCEEDED, UNKNOWN), good=EITHER, faults=_nothing_to_stop, ends_at_stop=True,
           applies=lambda p: bool(p.stops)),
)  # fmt: skip
"""Beside those of polling, for code that starts its job."""
