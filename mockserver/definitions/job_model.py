"""What a document says of jobs: their life (`x-job`), and where an answer shows them (`x-observation`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from .provenance import INVENTED, Provenance

if TYPE_CHECKING:
    from .drawing import Drawing


@dataclass(frozen=True)
class State:
    """A state of a job: `code` is its value on the wire, `seconds` how long it lasts by default (None: for ever)."""

    name: str
    summary: str
    code: str | int
    seconds: float | None
    terminal: bool


@dataclass(frozen=True)
class Life:
    """A course of states: `steps` are (state, seconds); None seconds last for ever.

    `cut` is how much of the last state before the end passes (0 to 1): less than 1 where the job is stopped in it.
    """

    name: str
    summary: str
    weight: int
    steps: tuple[tuple[str, float | None], ...]
    cut: float = 1.0

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """How long after the birth each step begins (milliseconds)."""
        return tuple(accumulate((round((seconds or 0) * 1_000) for _, seconds in self.steps[:-1]), initial=0))


@dataclass(frozen=True)
class JobLife:
    """The documented life of an operation's jobs.

    `visible_after` (from when on a job can be found) and `retention` (how long) are seconds; `actions` says which state
    `cancel` and `fail` lead to; `unstarted` is the state of a job that was made, but never started (None: it can't be seen);
    `rerun` names the parts of the identity that each run has of its own (`uuid`: how they are made). `kind` is the name
    these jobs are declared by: the service's, or the operation's id where the service has other jobs already.
    """

    identity: tuple[str, ...]
    states: Mapping[str, State]
    transitions: Mapping[str, frozenset[str]]
    lives: Mapping[str, Life]
    visible_after: float = 0
    retention: float | None = None
    actions: Mapping[str, str] = field(default_factory=dict)
    unstarted: str | None = None
    drawing: Drawing | None = field(default=None, repr=False, compare=False)
    rerun: Mapping[str, str] = field(default_factory=dict)
    provenance: Provenance = INVENTED
    kind: str = ""

    @cached_property
    def weights(self) -> tuple[int, ...]:
        """How likely each life is beside the others: the sums of the weights, up to and with its own."""
        return tuple(accumulate(life.weight for life in self.lives.values()))


@dataclass(frozen=True)
class TimeField:
    """A time of a job: where it stands in the job, in which form.

    `moves` where it goes on while the job does, `planned` where it may lie in the future.
    """

    at: str
    form: str
    moves: bool = False
    planned: bool = False


@dataclass(frozen=True)
class EchoRule:
    """A parameter whose value an answer gives back at one of these places of a job.

    `code` is the finding where it doesn't; `when` a pattern that the parameter must match for the rule to hold, `part` one
    whose first group is what counts of the place.
    """

    parameter: str
    at: tuple[str, ...]
    code: str
    when: str | None
    part: str | None
    provenance: Provenance


@dataclass(frozen=True)
class TimeWindow:
    """The parameters (milliseconds) between which a listed job must lie."""

    start: str
    end: str
    provenance: Provenance


@dataclass(frozen=True)
class NestedResponse:
    """An answer inside the answer: where its body, its length and its HTTP status stand.

    `accepted` is the contradiction by which the documented example's wrong length is accepted.
    """

    body: str
    length: str | None
    status: str | None
    accepted: str | None
    provenance: Provenance


@dataclass(frozen=True)
class CountLimit:
    """A count of a job that is never above a limit which stands in the same answer."""

    at: str
    limit: str
    provenance: Provenance


@dataclass(frozen=True)
class InnerTotal:
    """A total inside a job (mostly in a string that holds JSON) that counts the rows beside it."""

    at: str
    rows: str
    provenance: Provenance


@dataclass(frozen=True)
class JobMapping:
    """How to read jobs in an operation's answer. Places are JSON pointers, which go on through strings that hold JSON.

    `jobs` leads to the job or jobs (`*`: every item); other places start there, but `total`. `id` tells jobs of a list
    apart, `run` the runs of one job; `times` stand in the order in which they must be; `counts` never fall, `constant` never
    changes within a run; `limits` and `inner_totals` hold within one answer. `progress_accepted` is the contradiction by
    which progress may be less at the end.
    """

    jobs: str
    status: str
    id: str | None
    total: str | None
    progress: str | None
    progress_accepted: str | None
    run: tuple[str, ...]
    counts: tuple[str, ...]
    constant: tuple[str, ...]
    times: tuple[TimeField, ...]
    limits: tuple[CountLimit, ...]
    inner_totals: tuple[InnerTotal, ...]
    same: tuple[EchoRule, ...]
    window: TimeWindow | None
    wrapped: NestedResponse | None
    provenance: Provenance
