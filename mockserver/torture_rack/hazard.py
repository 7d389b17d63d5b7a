"""What a hazard is: something that happens to a poller, with its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .grading import RIGHT
from .service_profiles import SUCCEEDED, ServiceProfile, Steps

Fault = dict[str, Any]
"""The fields of a fault; `on` names its operation, where that isn't the one that is polled."""
Event = tuple[float, str]
"""When, in seconds from the start, and what: `delete`, `rerun`, `crowd`, `refuse` or `accept` (see `scenario.py`)."""


@dataclass(frozen=True)
class Hazard:
    """Something that happens to a poller.

    Attributes:
        name: What happens.
        summary: What the server does.
        hurts: What that does in production to a poller that isn't ready for it.
        advice: What to do.
        end: The state that the job ends in, or never leaves: an attribute of a profile (`failed`), or a state.
        verdicts: Those that a poller may return.
        good: The grades that pass.
        job: More of the job's declaration.
        faults: Makes the faults of a service.
        events: What happens on the clock.
        applies: Whether a service has it.
        hangs: Whether a call gets no answer, so that the client's timeout is what counts.
        quick: Whether each state but the last takes a second.
        ends_at_stop: Whether the job succeeds as a call comes that would stop it.
    """

    name: str
    summary: str
    hurts: str
    advice: str
    end: str = "succeeded"
    verdicts: Sequence[str] = (SUCCEEDED,)
    good: Sequence[str] = (RIGHT,)
    job: Mapping[str, Any] = field(default_factory=dict)
    faults: Callable[[ServiceProfile], list[Fault]] = lambda _profile: []
    events: tuple[Event, ...] = ()
    applies: Callable[[ServiceProfile], bool] = lambda _profile: True
    hangs: bool = False
    quick: bool = False
    ends_at_stop: bool = False

    def life(self, profile: ServiceProfile) -> Steps:
        """The job's life. Raises InputError for an end that no documented life has."""
        if self.end in ("first", "running"):
            return profile.life_that_stays(getattr(profile, self.end))
        steps = profile.life_to(getattr(profile, self.end, self.end))
        return [(state, 1 if lasts else lasts) for state, lasts in steps] if self.quick else steps
