"""What the same mishap looks like in each service: names of states, and where in an answer they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..definitions import Definitions, Operation
from ..errors import InputError

SUCCEEDED, FAILED, UNKNOWN = "succeeded", "failed", "unknown"
VERDICTS = (SUCCEEDED, FAILED, UNKNOWN)
"""What a poller can say of a job: it has succeeded, it has failed, or that it can't tell."""

RUNNING_SECONDS = 600
"""How long the rack's jobs run; their first states take less than a minute."""
Steps = list[tuple[str, float | None]]
Patch = list[dict[str, Any]]


@dataclass(frozen=True)
class ServiceProfile:
    """A service's words. Pointers are RFC 6901, into an answer; "" where the service has no such member.

    `succeeded` and `failed` are the states of a plain end, `first` and `running` those before; `verdicts` what each other
    terminal state means (none: the vendor doesn't say). `rows` is where its runs stand: an array, or what holds the one
    run (`single`); `name` where an answer says whose it is; `codes` the pointer to a state as a number, and `odd_code` one
    that no vendor documents; `stamps` times, as text or numbers; `throttled` its error for too many calls.
    """

    service: str
    first: str
    running: str
    succeeded: str
    failed: str
    verdicts: Mapping[str, str]
    status: str
    rows: str
    name: str
    single: bool = False
    codes: str = ""
    progress: str = ""
    done: Any = None
    stamps: Mapping[str, Any] = field(default_factory=dict)
    other_type: Any = 3
    no_rows: Any = field(default_factory=list)
    broken: str = ""
    crowd: Mapping[str, str] = field(default_factory=dict)

    def means(self, state: str) -> str | None:
        """The verdict that a terminal state stands for; None where the vendor doesn't say."""
        return {self.succeeded: SUCCEEDED, self.failed: FAILED, **self.verdicts}.get(state)

    def says(self, text: Any, code: Any = None) -> Patch:
        """A patch that makes an answer say this status; `code`, where the service has numbers, is the number."""
        steps = [{"op": "replace", "path": self.status, "value": text}]
        if self.codes and code is not None:
            steps.append({"op": "replace", "path": self.codes, "value": code})
        return steps

    def once_succeeded(self, text: str) -> Patch:
        """The same for answers that say that the job has succeeded, and no others."""
        return [{"op": "test", "path": self.status, "value": self.succeeded}, *self.says(text)]


PROFILES: Mapping[str, ServiceProfile] = {
    profile.service: profile
    for profile in (
        ServiceProfile(
            service="cdm", first="BOOTING", running="RUNNING", succeeded="SUCCEEDED", failed="FAILED",
            verdicts={"FAILURE_ON_SUBMIT": FAILED},
            status="/submissions/0/status", rows="/submissions", name="/submissions/0/job-name",
            progress="/submissions/0/progress", done=100,
            stamps={"/submissions/0/creation-date": 0, "/submissions/0/last-update-date": 0},
        ),
        ServiceProfile(
            service="taurusdb", first="Pending", running="Running", succeeded="Completed", failed="Failed",
            verdicts={"Canceled": FAILED},
            status="/job/status", rows="/job", name="/job/id", single=True, no_rows=None,
            progress="/job/process", done="100%", stamps={"/job/created": "2000-01-01T00:00:00+0800"},
        ),
        ServiceProfile(
            service="tics", first="NEW", running="RUNNING", succeeded="SUCCEEDED", failed="FAILED",
            verdicts={"TERMINATED": FAILED},
            status="/lists/0/status", rows="/lists", name="/lists/0/id",
            stamps={"/lists/0/start_time": "2000-01-01T00:00:00.000+00:00"}, crowd={"job_id": "another_job"},
        ),
        ServiceProfile(
            service="dataarts", first="waiting", running="running", succeeded="success", failed="fail",
            verdicts={"manual-stop": FAILED},
            status="/body/rows/0/status", rows="/body/rows", name="/body/rows/0/taskRunningLogId",
            stamps={"/body/rows/0/submitTime": 0, "/body/rows/0/startTime": 0},
        ),
        ServiceProfile(
            service="enos", first="INIT", running="RUNNING", succeeded="SUCCESS", failed="FAIL",
            verdicts={"INTERNAL_ERROR": FAILED, "TIMEOUT": FAILED, "CANCEL": FAILED},
            status="/data/stsDesc", rows="/data", name="/data/instanceId", single=True, codes="/data/status", no_rows=None,
            stamps={"/data/triggerTime": "2000-01-01 00:00:00"}, other_type="1", broken="internal-exception",
        ),
    )
}  # fmt: skip


def profile_of(service: str) -> ServiceProfile:
    """The profile of a service. Raises InputError for one that the rack doesn't know."""
    if service not in PROFILES:
        raise InputError(f"the torture rack knows no service {service!r}; allowed: {', '.join(PROFILES)}")
    return PROFILES[service]


def life_to(operation: Operation, state: str) -> Steps:
    """The first documented life that ends in this state; what runs, runs for `RUNNING_SECONDS`. Raises InputError."""
    assert operation.job is not None
    running = PROFILES[operation.service].running
    for life in operation.job.lives.values():
        if life.steps[-1][0] == state:
            return [(name, RUNNING_SECONDS if name == running and lasts else lasts) for name, lasts in life.steps]
    raise InputError(f"no life of {operation.service} ends in {state}")


def terminal_states(definitions: Definitions, service: str) -> Sequence[str]:
    """The documented terminal states of a service, in the order of its definition."""
    job = definitions.operation_of(service).job
    assert job is not None
    return [name for name, state in job.states.items() if state.terminal]


def code_of(operation: Operation, state: str) -> Any:
    """What stands for a state in an answer, where that is a number; None elsewhere."""
    assert operation.job is not None
    code = operation.job.states[state].code
    return None if isinstance(code, str) else code
