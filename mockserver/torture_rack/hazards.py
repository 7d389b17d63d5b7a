"""The torture rack's hazards: what may happen to a poller, and what is right then. All of them are ours: no vendor
documents that these things happen, only the statuses and errors that they are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..definitions import Definitions, Operation
from ..definitions.pointer import parts_of
from .grading import CLEAR, RIGHT
from .hazard_texts import TEXTS
from .service_profiles import FAILED, PROFILES, SUCCEEDED, UNKNOWN, VERDICTS, ServiceProfile, Steps, code_of, life_to

SINGLE, LISTS = ("cdm", "taurusdb", "enos"), ("tics", "dataarts")
Fault = dict[str, Any]
Event = tuple[float, str]
"""When, in seconds from the start, and what: `delete`, `rerun`, `crowd`, `refuse` or `accept` (see `scenario.py`)."""


@dataclass(frozen=True)
class Setting:
    """What a hazard may build on: a service's profile, its operation, the mock's URL."""

    profile: ServiceProfile
    operation: Operation


@dataclass(frozen=True)
class Hazard:
    """Something that happens to a poller.

    `name` says what; `summary` what the server does, `hurts` what that does in production to who isn't ready for it,
    `advice` what to do. `end` is the state that the job ends in: the attribute of a profile, a state, or one that it never
    leaves. `verdicts` may be returned, and `good` are the grades that pass. `job` holds more of the declaration, `faults`
    makes those of a service, `events` happen on the clock. `services` has it; `hangs`: a client's timeout is what counts.
    """

    name: str
    summary: str
    hurts: str
    advice: str
    end: str = "succeeded"
    verdicts: Sequence[str] = (SUCCEEDED,)
    good: Sequence[str] = (RIGHT,)
    job: Mapping[str, Any] = field(default_factory=dict)
    faults: Callable[[Setting], list[Fault]] = lambda _setting: []
    events: tuple[Event, ...] = ()
    services: Sequence[str] = tuple(PROFILES)
    hangs: bool = False

    def life(self, setting: Setting) -> Steps:
        """The job's life."""
        if self.end in ("first", "running"):
            return _staying(setting, getattr(setting.profile, self.end))
        return life_to(setting.operation, getattr(setting.profile, self.end, self.end))


def _staying(setting: Setting, state: str) -> Steps:
    steps = life_to(setting.operation, setting.profile.succeeded)
    place = [name for name, _ in steps].index(state)
    return [*steps[:place], (state, None)]


LATE, SOON, MIDWAY = ("2m", None), ("2m", "5m"), ("2m", "12m")
ONCE = {"times": 1, "after": 2}
OPEN = (FAILED, UNKNOWN)
EITHER = (RIGHT, CLEAR)


def _fault(**fields: Any) -> Callable[[Setting], list[Fault]]:
    return lambda _setting: [fields]


def _patch(make: Callable[[ServiceProfile], list[dict[str, Any]]], **fields: Any) -> Callable[[Setting], list[Fault]]:
    return lambda setting: [{"patch": make(setting.profile), **fields}]


def _replaced(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


def _without_status(profile: ServiceProfile) -> list[dict[str, Any]]:
    return [{"op": "remove", "path": path} for path in (profile.status, profile.codes) if path]


def _null_status(profile: ServiceProfile) -> list[dict[str, Any]]:
    return profile.says(None) + (_replaced(profile.codes, None) if profile.codes else [])


def _flap(setting: Setting) -> list[Fault]:
    profile = setting.profile
    return [{"patch": profile.says(profile.succeeded, code_of(setting.operation, profile.succeeded)), **ONCE}]


def _service_s_own(setting: Setting) -> list[Fault]:
    broken = setting.profile.broken
    return [{"error": broken, **ONCE} if broken else {"status": 500, **ONCE}]


def _another_type(setting: Setting) -> list[Fault]:
    profile = setting.profile
    if profile.codes:
        steps = [{"op": "test", "path": profile.status, "value": profile.succeeded}]
        return [{"patch": steps + _replaced(profile.codes, profile.other_type)}]
    return [{"patch": profile.says(profile.other_type), "window": LATE}]


def _another_job(setting: Setting) -> list[Fault]:
    profile = setting.profile
    code = code_of(setting.operation, profile.succeeded)
    other = 424_242 if setting.profile.service == "dataarts" else "another-job"
    return [{"patch": _replaced(profile.name, other) + profile.says(profile.succeeded, code), **ONCE}]


def _skewed(setting: Setting) -> list[Fault]:
    steps = [{"op": "add", "path": path, "value": value} for path, value in setting.profile.stamps.items()]
    return [{"patch": steps, "headers": {"Date": "Sat, 01 Jan 2000 00:00:00 GMT"}, "window": LATE}]


def _twice(setting: Setting) -> list[Fault]:
    """The running row stands there twice: the documented one, about this job, is the second."""
    profile = setting.profile
    row = _documented_row(setting)
    step = {"op": "add", "path": f"{profile.rows}/-", "value": {**row, "status": profile.running}}
    return [{"patch": [step], "window": SOON}]


def _documented_row(setting: Setting) -> dict[str, Any]:
    return dict(DOCUMENTED_ROWS[setting.profile.service])


DOCUMENTED_ROWS: Mapping[str, Mapping[str, Any]] = {
    "cdm": {"job-name": "jdbc2hive", "creation-user": "cdm", "creation-date": 1536905778725, "progress": 1},
    "tics": {"id": "0", "job_name": "twin", "job_instance_type": "SQL", "round_id": 1},
    "dataarts": {"taskId": 1, "taskName": "twin", "jobName": "twin", "taskRunningLogId": 1, "submitTime": 0},
}
"""What a second row has beside its status; enough for the vendors' models, which leave out what isn't there."""


def _doubled_member(setting: Setting) -> list[Fault]:
    """The status stands there twice in one object; readers that take the first one see the end."""
    profile = setting.profile
    first, last = profile.succeeded, profile.running
    member = parts_of(profile.status)[-1]
    inner = f'{{"{member}":"{first}","{member}":"{last}"'
    if profile.codes:
        codes = [code_of(setting.operation, state) for state in (first, last)]
        inner += f',"status":{codes[0]},"status":{codes[1]}'
    return [{"body": _wrapped(profile, inner + "}"), "content_type": "application/json", **ONCE}]


def _wrapped(profile: ServiceProfile, row: str) -> str:
    texts = {
        "cdm": '{"submissions":[%s]}', "taurusdb": '{"job":%s}', "tics": '{"total":1,"lists":[%s]}',
        "enos": '{"code":0,"msg":"OK","data":%s}',
    }  # fmt: skip
    if profile.service in texts:
        return texts[profile.service] % row
    inner = f'{{"rows":[{row}],"success":true,"total":1}}'.replace('"', '\\"')
    return f'{{"status_code":200,"body":"{inner}","header_map":{{}}}}'


LOGIN = "login-page"


def _to_login(setting: Setting) -> list[Fault]:
    path = setting.operation.path
    for name in setting.operation.path_names:
        path = path.replace(f"{{{name}}}", LOGIN)
    query = "&".join(
        f"{parameter.name}={LOGIN}"
        for parameter in setting.operation.parameters
        if parameter.location == "query" and parameter.required
    )
    match = {setting.operation.path_names[0]: LOGIN} if setting.operation.path_names else {"taskInstId": LOGIN}
    page = "<html><head><title>Sign in</title></head><body><form>user, password</form></body></html>"
    return [
        {"body": page, "content_type": "text/html", **match},
        {"status": 302, "body": "", "headers": {"Location": f"{path}?{query}" if query else path}, **ONCE},
    ]


def _drifted(text: str) -> str:
    return text.capitalize() if text.isupper() else text.upper()


def _hazard(name: str, **fields: Any) -> Hazard:
    return Hazard(name, *TEXTS[name], **fields)


HAZARDS: tuple[Hazard, ...] = (
    _hazard("undocumented-status", verdicts=OPEN, good=EITHER, faults=_patch(lambda d: d.says("ARCHIVED", 42), window=LATE)),
    _hazard(
        "status-in-another-case",
        verdicts=(SUCCEEDED, UNKNOWN),
        good=EITHER,
        faults=_patch(lambda d: d.once_succeeded(_drifted(d.succeeded))),
    ),
    _hazard(
        "status-with-spaces",
        verdicts=(SUCCEEDED, UNKNOWN),
        good=EITHER,
        faults=_patch(lambda d: d.once_succeeded(f" {d.succeeded} ")),
    ),
    _hazard(
        "status-in-chinese",
        verdicts=(SUCCEEDED, UNKNOWN),
        good=EITHER,
        faults=_patch(lambda d: d.once_succeeded("运行成功")),
    ),
    _hazard("end-that-is-taken-back", end="failed", verdicts=(FAILED,), good=EITHER, faults=_flap),
    _hazard(
        "last-run-s-end-first", verdicts=(FAILED,), good=EITHER, job={"age": "1d"}, events=((20, "rerun"),), services=SINGLE
    ),
    _hazard("not-found-at-first", job={"visible_after": 60}),
    _hazard("job-vanishes", verdicts=OPEN, good=EITHER, events=((180, "delete"),)),
    _hazard("one-502", faults=_fault(status=502, **ONCE)),
    _hazard("ten-minutes-of-503", good=EITHER, faults=_fault(status=503, window=MIDWAY)),
    _hazard("one-error-of-the-service", faults=_service_s_own),
    _hazard("throttled-with-retry-after", good=EITHER, faults=_fault(status=429, retry_after=60, window=SOON)),
    _hazard("throttled", good=EITHER, faults=_fault(status=429, window=SOON)),
    _hazard("quota", good=EITHER, faults=_fault(quota={"limit": 1, "per": "1m"}, retry_after=True)),
    _hazard("one-401", good=EITHER, faults=_fault(status=401, **ONCE)),
    _hazard("401-for-good", verdicts=OPEN, good=EITHER, faults=_fault(status=401, window=("3m", None))),
    _hazard("hang", faults=_fault(fault="HANG", **ONCE), hangs=True),
    _hazard("connection-reset", faults=_fault(fault="CONNECTION_RESET_BY_PEER", **ONCE)),
    _hazard("port-closed", good=EITHER, events=((120, "refuse"), (300, "accept"))),
    _hazard("short-body", faults=_fault(fault="SHORT_BODY", **ONCE)),
    _hazard("cut-json", good=EITHER, faults=_fault(fault="TRUNCATED_JSON", **ONCE)),
    _hazard("html-with-200", good=EITHER, faults=_fault(fault="HTML_200", **ONCE)),
    _hazard("empty-body", good=EITHER, faults=_fault(fault="EMPTY_BODY", **ONCE)),
    _hazard("nothing-in-the-answer", good=EITHER, faults=_patch(lambda d: _replaced(d.rows, d.no_rows), **ONCE)),
    _hazard("status-null", good=EITHER, faults=_patch(_null_status, **ONCE)),
    _hazard("status-missing", good=EITHER, faults=_patch(_without_status, **ONCE)),
    _hazard("status-of-another-type", verdicts=VERDICTS, good=EITHER, faults=_another_type),
    _hazard(
        "progress-100-too-soon",
        end="failed",
        verdicts=(FAILED,),
        good=EITHER,
        services=("cdm", "taurusdb"),
        faults=_patch(lambda d: _replaced(d.progress, d.done), window=SOON),
    ),
    _hazard("progress-minus-1", services=("cdm",), faults=_patch(lambda d: _replaced(d.progress, -1), window=SOON)),
    _hazard("runs-for-ever", end="running", verdicts=OPEN, good=EITHER),
    _hazard("never-starts", end="first", verdicts=OPEN, good=EITHER),
    _hazard("clock-skew", faults=_skewed),
    _hazard("page-shift", good=EITHER, events=((120, "crowd"),), services=LISTS),
    _hazard("second-row", good=EITHER, faults=_twice, services=("cdm", *LISTS)),
    _hazard("another-job-s-answer", end="failed", verdicts=(FAILED,), good=EITHER, faults=_another_job),
    _hazard("slow-bytes", faults=_fault(fault={"type": "SLOW_DRIBBLE", "chunks": 20, "duration": 0.1}, **ONCE)),
    _hazard("slow-answers", faults=_fault(delay=40, clock="mock", window=LATE)),
    _hazard("doubled-member", faults=_doubled_member),
    _hazard("login-page", good=EITHER, faults=_to_login),
)
"""All of them but those for each documented terminal status, in the order of the tables."""


def hazards(definitions: Definitions, service: str) -> list[Hazard]:
    """All hazards of a service: one for each terminal status, and those of the table that apply."""
    operation = definitions.operation_of(service)
    assert operation.job is not None
    ends = [_ending(PROFILES[service], state) for state, facts in operation.job.states.items() if facts.terminal]
    return ends + [hazard for hazard in HAZARDS if service in hazard.services]


def _ending(profile: ServiceProfile, state: str) -> Hazard:
    meant = profile.means(state)
    good = (RIGHT,) if meant == SUCCEEDED else EITHER
    hurts = {
        SUCCEEDED: "the poller misses the end",
        FAILED: "a failure is taken for a success, or waited on for ever",
        None: "a job that never did its work is waited on for ever",
    }
    advice = "list every documented terminal status, and what each means"
    name = f"ends-{state}"
    return Hazard(name, f"the job ends as {state}", hurts[meant], advice, state, (meant,) if meant else VERDICTS, good)
