"""Declaring jobs, from Python, the control API and fixture files alike; and what can be done to a declared job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from .declared_facts import checked
from .definitions import Definitions, JobLife, Life, Operation
from .definitions.parameter_values import read_value
from .errors import InputError, did_you_mean
from .generate import hex_id
from .jobs.clock import LATEST, SECOND, parse_time, utc
from .jobs.duration import seconds
from .jobs.job_registry import JobSpec, ended_in, next_run, truncate_life
from .jobs.trajectory import Moment, Progress, life_from
from .namespace import Namespace
from .services import list_of, service_of
from .services.base import JobListService, Service

OPTIONS = ("life", "progress", "created", "age", "visible_after", "count", "every", "facts", "started")
"""What can be said of a job beside who it is."""

LifeGiven = str | Sequence[str | Sequence[Any]] | None
"""A life as tests give it: a name, or steps."""

_USUAL = {"count": 1}  # what `Mock.job` says where its caller says nothing
_MOST_RUNS = 1_000_000_000


@dataclass(frozen=True)
class DeclaredJob:
    """A job that was declared: what tests do to it. Each call raises InputError once the job is deleted."""

    namespace: Namespace
    operation: Operation
    number: int

    def __repr__(self) -> str:
        declared = self.namespace.declared.find(self.number)
        if declared is None:
            return f"<job #{self.number} {self.operation.service}, deleted>"
        parts = {**declared.match, **declared.narrow, **({"owner": declared.owner} if declared.owner else {})}
        who = " ".join(f"{name}={value!r}" for name, value in parts.items()) or "any"
        life = f", life {declared.life.name}" if declared.life else ""
        many = f", {declared.count} runs" if declared.count > 1 else ""
        return f"<job #{self.number} {self.operation.service} {who} {self.status}{life}{many}>"

    @property
    def status(self) -> str:
        """The job's state now; looking doesn't count as a poll."""
        return self._moment(self._declaration()).status

    def rerun(self) -> DeclaredJob:
        """Run it again, from now: the same job goes through its life once more; of a list, a new run begins.

        Where the service gives each run an id of its own (TaurusDB), there is a new job: the one that is returned.
        """
        declared, now = self._declaration(), self.namespace.clock.now()
        if list_of(self.operation):
            life, progress = declared.plan or (declared.life, declared.progress)
            fresh = replace(
                declared, life=life, progress=progress, born=now, visible=now, count=1, every=0, plan=None, ends={}
            )
            return DeclaredJob(self.namespace, self.operation, self.namespace.declared.add(fresh).number)
        fresh = next_run(declared, self._moment(declared), now)
        if self.operation.job and self.operation.job.rerun:
            seed, last = self.namespace.settings.seed, self.namespace.declared.last
            ids = {name: str(UUID(hex_id("rerun", seed, name, last))) for name in self.operation.job.rerun}
            another = replace(fresh, match={**declared.match, **ids}, run=0, history=())
            return DeclaredJob(self.namespace, self.operation, self.namespace.declared.add(another).number)
        changes = {
            name: getattr(fresh, name)
            for name in ("life", "progress", "born", "visible", "run", "plan", "waiting", "history")
        }
        self.namespace.declared.update(self.number, **changes)
        return self

    def cancel(self) -> DeclaredJob:
        """Stop it now, by the shortest documented way to the service's state for that."""
        return self._stop("cancel")

    def fail(self) -> DeclaredJob:
        """Let it fail now, by the shortest documented way to the service's state for that."""
        return self._stop("fail")

    def delete(self) -> None:
        """Take it away: callers get the documented not-found error."""
        self.namespace.declared.delete(self.number)

    def as_json(self) -> dict[str, Any]:
        """The job as `/_mock/jobs` shows it."""
        declared = self._declaration()
        moment = self._moment(declared)
        return {
            "number": declared.number,
            "service": declared.service,
            "match": {**declared.match, **declared.narrow, **({"owner": declared.owner} if declared.owner else {})},
            "life": [list(step) for step in declared.life.steps] if declared.life else None,
            "progress": f"polls:{declared.progress.polls}" if declared.progress.kind == "polls" else declared.progress.kind,
            "created": utc(declared.born).isoformat(timespec="milliseconds"),
            "status": moment.status,
            "terminal": moment.terminal,
            "count": declared.count,
            "run": declared.run,
            "waiting": declared.waiting,
            "made_by": declared.made_by or None,
        }

    def _declaration(self) -> JobSpec:
        return self.namespace.declared.get(self.number)

    def _some_life(self) -> Life:
        assert self.operation.job is not None
        return next(iter(self.operation.job.lives.values()))

    def _moment(self, declared: JobSpec) -> Moment:
        assert self.operation.job is not None
        end = declared.ends.get(declared.count - 1)
        life = end or declared.life or self._some_life()
        if end:
            declared = replace(declared, progress=Progress())
        return self.namespace.declared.furthest(self.operation.job, declared, life, self.namespace.clock.now())

    def end_as(self, state: str) -> DeclaredJob:
        """Let it end now as this state, by the shortest documented way."""
        assert self.operation.job is not None
        return self._led(ended_in(self.operation.job, state, self._moment(self._declaration())))

    def _stop(self, action: str) -> DeclaredJob:
        assert self.operation.job is not None
        return self._led(truncate_life(self.operation.job, action, self._moment(self._declaration())))

    def _led(self, life: Life) -> DeclaredJob:
        declared = self._declaration()
        if declared.count > 1:  # the newest run: those before it stay as they were
            self.namespace.declared.update(self.number, ends={**declared.ends, declared.count - 1: life})
            return self
        plan = declared.plan or (declared.life, declared.progress)
        self.namespace.declared.update(self.number, life=life, progress=Progress("time"), plan=plan)
        return self


def without_none(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were chosen: None is the default."""
    return {name: value for name, value in options.items() if value is not None}


def _service(operation: Operation) -> Service:
    service = service_of(operation)
    if service is None:
        raise InputError(
            f"nothing says where a {operation.service} job's status stands: give {operation.id} an x-observation"
        )
    return service


def declare(
    definitions: Definitions, namespace: Namespace, service: str, fields: Mapping[str, Any], place: str = ""
) -> DeclaredJob:
    """Declare a job. `fields` are parts of its identity by the vendor's names, and `OPTIONS`; `place` is who says so.

    Raises InputError for an unknown service, field, life, status or value, saying what is allowed.
    """
    try:
        operation = definitions.operation_of(service)
    except KeyError as error:
        raise InputError(error.args[0]) from None
    assert operation.job is not None
    kind = _service(operation)
    names = kind.identity_names(operation)
    _check_fields(service, names, fields)
    parts = {name: _part(operation, name, fields[name]) for name in names if fields.get(name) is not None}
    owner, filters = kind.owner, kind.filters
    waiting = _waits(fields)
    now = namespace.clock.now()
    born = _born(fields, now)
    hidden = None if fields.get("visible_after") is None else round(seconds(fields["visible_after"]) * SECOND)
    count, every = _many(kind, fields)
    _check_dates(born, count, every)
    declaration = JobSpec(
        number=0,
        service=operation.job.kind,
        match={name: value for name, value in parts.items() if name != owner and name not in filters},
        life=_life_field(operation.job, fields, count),
        progress=Progress.parse(fields.get("progress") or "time"),
        born=born,
        visible=born + (0 if waiting else hidden or 0),
        hidden=hidden if waiting else None,
        count=count,
        every=every,
        owner=parts.get(owner) if owner else None,
        narrow={name: value for name, value in parts.items() if name in filters},
        facts=checked(operation, kind, fields.get("facts") or {}, _usual_switches(definitions)),
        place=place,
        waiting=waiting,
    )
    return DeclaredJob(namespace, operation, namespace.declared.add(declaration).number)


def _usual_switches(definitions: Definitions) -> dict[str, str]:
    return {name: switch.default for name, switch in definitions.switches.items()}


def handles(definitions: Definitions, namespace: Namespace) -> list[DeclaredJob]:
    """All declared jobs of a namespace, the oldest first."""
    return [DeclaredJob(namespace, definitions.operation_of(item.service), item.number) for item in namespace.declared.all()]


def handle(definitions: Definitions, namespace: Namespace, number: int) -> DeclaredJob:
    """The declared job with this number. Raises InputError where there is none."""
    return DeclaredJob(namespace, definitions.operation_of(namespace.declared.get(number).service), number)


def identity_names(operation: Operation) -> list[str]:
    """What an operation's jobs can be told apart by, in the vendor's names."""
    return _service(operation).identity_names(operation)


def _check_fields(service: str, names: list[str], fields: Mapping[str, Any]) -> None:
    allowed = [*names, *OPTIONS]
    for name in fields:
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise InputError(f"a {service} job has no {name!r}{hint}; allowed: {', '.join(allowed)}")


def _waits(fields: Mapping[str, Any]) -> bool:
    """Whether the job waits for a call that starts it."""
    started = fields.get("started", True)
    if not isinstance(started, bool):
        raise InputError(f"started is {started!r}; allowed: true, or false for a job that waits for a call which starts it")
    if not started:
        for name in ("created", "age", "count", "every"):
            if fields.get(name) not in (None, _USUAL.get(name)):
                raise InputError(f"a job that waits for its start has no {name}: it begins when a call starts it")
    return not started


def _part(operation: Operation, name: str, value: object) -> str:
    parameter = next(parameter for parameter in operation.parameters if parameter.name == name)
    text = str(value)
    with suppress(ValueError):
        value = read_value(parameter, text)
    if not parameter.allows(value):
        for error in parameter.errors(value):
            raise InputError(f"{name} is {value!r}; allowed: {error.validator} {error.validator_value}")
    return text


def _born(fields: Mapping[str, Any], now: int) -> int:
    if fields.get("created") is not None and fields.get("age") is not None:
        raise InputError("created and age both say when the job was made; give one of them")
    if fields.get("created") is not None:
        return parse_time(fields["created"])
    return now - round(seconds(fields.get("age") or 0) * SECOND)


def _many(service: Service, fields: Mapping[str, Any]) -> tuple[int, int]:
    count = fields.get("count", 1)
    count = int(count) if isinstance(count, float) and count.is_integer() else count  # JSON may write 2.0
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_RUNS:
        raise InputError(f"count is {count!r}; allowed: 1 to {_MOST_RUNS}")
    if not isinstance(service, JobListService) and (count != 1 or "every" in fields):
        raise InputError("count and every are for services that list the runs of a job; declare single jobs one by one")
    every = max(1, round(seconds(fields.get("every", "1h")) * SECOND)) if count > 1 else 0
    return count, every


def _check_dates(born: int, count: int, every: int) -> None:
    """Raises InputError where the oldest run, or the only one, would have been made before 1970."""
    if not 0 <= born - (count - 1) * every <= LATEST:
        back = f"{count} runs, one every {every / SECOND:g} s, reach" if count > 1 else "its age reaches"
        raise InputError(f"{back} back to before 1970; allowed: runs made in 1970 or later")


def _life_field(definition: JobLife, fields: Mapping[str, Any], count: int) -> Life | None:
    value = fields.get("life")
    if value is not None:
        return life_from(definition, value)
    return next(iter(definition.lives.values())) if count == 1 else None
