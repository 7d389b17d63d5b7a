"""What a service's definition says that the hazards need: names of states, and where in an answer they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..definitions import Definitions, JobLife, Operation
from ..definitions.job_model import JobMapping
from ..definitions.job_words import CANCEL, FAILURE
from ..errors import InputError
from ..exchanges import vendor_times
from ..exchanges.json_path import MISSING, value_at
from ..services import by_declaration, service_of
from ..services.base import JobListService

SUCCEEDED, FAILED, UNKNOWN = "succeeded", "failed", "unknown"
VERDICTS = (SUCCEEDED, FAILED, UNKNOWN)
"""What a poller can say of a job: it has succeeded, it has failed, or that it can't tell."""

RUNNING_SECONDS = 600
"""How long the rack's jobs run; their first states take less than a minute."""
_YEAR_2000 = 946_684_800_000
"""2000-01-01T00:00:00Z, in milliseconds since 1970."""
Steps = list[tuple[str, float | None]]
Patch = list[dict[str, Any]]


@dataclass(frozen=True)
class ServiceProfile:
    """A service's words and places, read from its definition.

    Pointers are RFC 6901, into an answer; "" where the service has no such member.

    Attributes:
        service: Its name.
        operation: Its job-status operation.
        first: The state that a job begins in.
        running: The state before a plain end.
        succeeded: The state of a success.
        failed: The state of a failure.
        verdicts: What each other terminal state means; one that isn't there: the vendor doesn't say.
        status: Where the status stands, in words if there are any.
        codes: Where it stands as a number, and `two_fields`: whether it stands in words beside that.
        rows: Where the runs stand: an array, or (`single`) what holds the one run.
        name: Where an answer says whose it is.
        example: The documented answer.
        progress: Where the progress stands, and `done`: all of it.
        stamps: Times by their places, each as it was in the year 2000.
        broken: The documented error that says with a 200 that the service is broken.
        listed: Whether the runs are those of a list, and `other_job`: the identity of another job in the same list.
        starts: The calls that start such a job, and `stops`: those that stop it.
    """

    service: str
    operation: Operation = field(repr=False)
    first: str
    running: str
    succeeded: str
    failed: str
    verdicts: Mapping[str, str]
    status: str
    codes: str
    two_fields: bool
    rows: str
    single: bool
    name: str
    example: Any
    progress: str
    done: Any
    stamps: Mapping[str, Any]
    broken: str
    listed: bool
    other_job: Mapping[str, str]
    starts: Sequence[Operation] = field(repr=False)
    stops: Sequence[Operation] = field(repr=False)

    @property
    def new_ids(self) -> bool:
        """Whether each start makes a job with an id of its own."""
        return any(call.action is not None and call.action.makes for call in self.starts)

    def means(self, state: str) -> str | None:
        """The verdict that a terminal state stands for; None where the vendor doesn't say."""
        return {self.succeeded: SUCCEEDED, self.failed: FAILED, **self.verdicts}.get(state)

    @property
    def job(self) -> JobLife:
        """The documented life of its jobs."""
        assert self.operation.job is not None
        return self.operation.job

    @property
    def no_rows(self) -> Any:
        """What stands where the runs are, if there is none."""
        return None if self.single else []

    def terminal_states(self) -> list[str]:
        """The documented terminal states, in the order of the definition."""
        return [name for name, state in self.job.states.items() if state.terminal]

    def code_of(self, state: str) -> Any:
        """What stands for a state in an answer, where that is a number; None elsewhere."""
        return self.job.states[state].code if self.codes else None

    def shown(self, state: str) -> Any:
        """What stands at `status` for a state."""
        return state if self.two_fields else self.job.states[state].code

    @property
    def in_words(self) -> bool:
        """Whether the status can be read."""
        return isinstance(self.shown(self.succeeded), str)

    def life_to(self, state: str) -> Steps:
        """The first documented life that ends in this state; what runs, runs for `RUNNING_SECONDS`. Raises InputError."""
        for life in self.job.lives.values():
            if life.steps[-1][0] == state:
                return [(name, RUNNING_SECONDS if name == self.running and lasts else lasts) for name, lasts in life.steps]
        raise InputError(f"no life of {self.service} ends in {state}")

    def life_that_stays(self, state: str) -> Steps:
        """The life of a job that never leaves this state, on its way to a success."""
        steps = self.life_to(self.succeeded)
        return [*steps[: [name for name, _ in steps].index(state)], (state, None)]

    def says(self, text: Any, code: Any = None) -> Patch:
        """A patch that makes an answer say this status; `code`, where the service has numbers, is the number."""
        steps = [{"op": "replace", "path": self.status, "value": text}]
        if self.codes and code is not None:
            steps.append({"op": "replace", "path": self.codes, "value": code})
        return steps

    def says_state(self, state: str) -> Patch:
        """The same for a documented state."""
        return self.says(self.shown(state), self.code_of(state))

    def once_succeeded(self, spelled: Callable[[str], str]) -> Patch:
        """A patch that spells the success in another way, in answers that say it."""
        word = self.shown(self.succeeded)
        return [{"op": "test", "path": self.status, "value": word}, *self.says(spelled(str(word)))]


def profile_of(definitions: Definitions, service: str) -> ServiceProfile:
    """The profile of a service. Raises InputError for one whose jobs the rack can't know, saying which it knows."""
    try:
        operation = definitions.operation_of(service)
    except KeyError:
        operation = None
    profile = _profile(definitions, operation) if operation else None
    if profile is None:
        allowed = ", ".join(services(definitions))
        raise InputError(f"the torture rack knows no service {service!r}; allowed: {allowed}")
    return profile


def services(definitions: Definitions) -> list[str]:
    """The services that have a profile, in the order of their names."""
    jobs = ((operation, operation.job) for operation in definitions.operations)
    return sorted(job.kind for operation, job in jobs if job and _profile(definitions, operation))


def starters(definitions: Definitions) -> list[str]:
    """Those of them that have calls which start jobs."""
    return [service for service in services(definitions) if profile_of(definitions, service).starts]


def _profile(definitions: Definitions, operation: Operation) -> ServiceProfile | None:
    job, mapping, service, example = operation.job, operation.observation, service_of(operation), _example(operation)
    if job is None or mapping is None or service is None or example is MISSING:
        return None
    steps = [state for state, _ in next(iter(job.lives.values())).steps]
    succeeded, failed = steps[-1], _failed(job)
    run = mapping.jobs.replace("*", "0")
    numbered = not isinstance(job.states[succeeded].code, str)
    words = run + (service.status_text or mapping.status)
    progress = f"{run}{mapping.progress}" if mapping.progress else ""
    return ServiceProfile(
        service=job.kind,
        operation=operation,
        first=steps[0],
        running=steps[max(0, len(steps) - 2)],
        succeeded=succeeded,
        failed=failed,
        verdicts={name: FAILED for name in job.states if _went_wrong(job, name) and name not in (succeeded, failed)},
        status=words,
        codes=f"{run}{mapping.status}" if numbered else "",
        two_fields=bool(service.status_text),
        rows=mapping.jobs.removesuffix("/*"),
        single="*" not in mapping.jobs,
        name=_job_name(operation, mapping, run),
        example=example,
        progress=progress,
        done=_all_done(value_at(example, progress)) if progress else None,
        stamps=_stamps(mapping, run, example),
        broken=_broken(operation),
        listed=isinstance(service, JobListService),
        other_job=service.other_job,
        starts=_calls(definitions, operation, "start"),
        stops=_calls(definitions, operation, "stop"),
    )


def _calls(definitions: Definitions, status: Operation, do: str) -> list[Operation]:
    """The calls that do this to the jobs of a status operation."""
    actions = ((operation, operation.action) for operation in definitions.operations)
    return [operation for operation, action in actions if action and action.do == do and action.status.id == status.id]


def _example(operation: Operation) -> Any:
    """An answer, as the document has it, or as it describes it."""
    if "documented" in operation.examples:
        return operation.examples["documented"].value
    drawing = operation.job.drawing if operation.job else None
    return by_declaration.sample_answer(drawing) if drawing else MISSING


def _failed(job: JobLife) -> str:
    return job.actions.get("fail") or next((name for name in job.states if _went_wrong(job, name)), "")


def _went_wrong(job: JobLife, state: str) -> bool:
    """Whether a terminal state is a failure: one that a call or a test leads to, or that is called so."""
    named = bool(FAILURE.search(state) or CANCEL.search(state))
    return job.states[state].terminal and (state in job.actions.values() or named)


def _job_name(operation: Operation, mapping: JobMapping, run: str) -> str:
    identity = operation.job.identity if operation.job else ()
    echoed = [rule.at[0] for rule in mapping.same if rule.parameter in identity and rule.part is None]
    place = mapping.id or next(iter(echoed), "")
    return run + place if place else ""


def _all_done(progress: Any) -> Any:
    if isinstance(progress, str):
        return "100%"
    return 1.0 if isinstance(progress, float) and progress <= 1 else 100


def _stamps(mapping: JobMapping, run: str, example: Any) -> dict[str, Any]:
    """When the job was made, and the times that move with it."""
    likes = {
        time: 0 if time.form.startswith("epoch") else value_at(example, run + time.at)
        for time in mapping.times
        if not time.planned
    }
    first = next(iter(likes), None)
    return {
        run + time.at: vendor_times.show(time.form, _YEAR_2000, like)
        for time, like in likes.items()
        if (time is first or time.moves) and like is not MISSING
    }


def _broken(operation: Operation) -> str:
    error = operation.problems.get("internal-error")
    return error.name if error and error.statuses[0] < 300 else ""
