"""The door of `mockserver verify`: cases run against the mock itself, in this process, or against a service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .contract.cases import Case, Profile, read_cases, shipped_cases
from .contract.made_cases import error_cases, error_cases_without_jobs, life_and_change_cases
from .contract.result import Result
from .contract.runner import Endpoint, Pace, run, uses_only_methods
from .contract.sending import Sender
from .contract.session import Session
from .contract.strictness import mode_of
from .definitions import Definitions, load
from .errors import InputError
from .exchanges.exchange import Exchange
from .jobs.clock import Clock, parse_time
from .mock import Mock
from .model import Request
from .redaction.redactor import Redactor
from .services import list_of
from .setting_values import check_settings
from .settings import Settings

CLOCK = "2026-11-21T08:00:00Z"
"""The time that the mock's clock shows for cases that name none."""

IN_PROCESS = Pace(interval=2.0, growth=1.15, longest=600.0, polls=80)
"""Polls of the mock's own jobs, on its clock: dense at first, and far enough for the longest life (two hours)."""

_TOKEN_HEADERS = {
    "huaweicloud": {"x-auth-token": "a-token-of-any-form"},
    "enos": {"apim-accesstoken": "a-token-of-any-form"},
}
_RUNS = {"count": 10, "every": "1h"}


@dataclass(frozen=True)
class Plan:
    """What to verify, and how: the cases, the ids to send, how strictly documents are read, how to poll."""

    cases: tuple[Case, ...]
    profile: Profile
    strict: frozenset[str] = frozenset()
    definitions: tuple[str, ...] = ()
    pace: Pace = IN_PROCESS
    poll: bool = True
    methods: Collection[str] = ("GET",)


def cases_for(
    files: Collection[Path], profile: Profile, definitions: Definitions, in_process: bool, prefer: bool
) -> tuple[Case, ...]:
    """The cases of these files; without files, the shipped ones.

    In the mock's own process also those that only a mock can answer: each life and each change of status. `prefer` adds
    each documented error, requested by the header `Prefer`. Raises InputError.
    """
    if files:
        return tuple(read_cases(files, definitions))
    result = read_cases(shipped_cases(), definitions)
    if in_process:
        result += read_cases(shipped_cases("cases"), definitions)
        result += [*error_cases_without_jobs(result, definitions), *life_and_change_cases(definitions, profile)]
    if prefer or in_process:
        result += error_cases(definitions, profile)
    return tuple(result)


def verify_mock(plan: Plan, settings: Settings, progress: Callable[[int, Case], None] = lambda _n, _c: None) -> Result:
    """Check the mock in this process, each case on a new mock. `settings` are for cases that have none of their own."""
    definitions = load(Path(path) for path in plan.definitions)
    session = _session(plan)
    skipped, failed = run(
        list(plan.cases),
        session,
        lambda case: mock_target(case, settings, definitions, plan.profile),
        plan.profile,
        plan.pace,
        progress,
    )
    return _with_cases_left_out(session.result("mockserver, in this process"), skipped, failed)


def verify_service(
    plan: Plan,
    sender: Sender,
    name: str,
    redactor: Redactor,
    pause: Callable[[float], None],
    progress: Callable[[int, Case], None] = lambda _number, _case: None,
) -> Result:
    """Check a service over the network; `pause` waits between polls.

    Skipped are the cases that need a mock that they can set up, and those that send methods that the plan doesn't allow.
    """
    session = _session(plan, redactor)
    clock = Clock()

    def send(request: Request, credential: bool) -> Exchange:
        asks_for_error = "prefer" in request.headers
        return sender.send(request, signed=credential, retry=not asks_for_error)

    target = Endpoint(send, clock.now, pause)

    def target_for(case: Case) -> Endpoint | str:
        if case.for_the_mock:
            return "needs a mock that it can set up"
        if case.poll and not plan.poll:
            return "polls: run it with --poll"
        if not uses_only_methods(session.definitions, case, plan.methods):
            return f"sends another method than {', '.join(plan.methods)}"
        if "Prefer" in case.headers:  # an error that was asked for says nothing of the job
            return replace(target, namespace=case.name)
        return target

    skipped, failed = run(list(plan.cases), session, target_for, plan.profile, plan.pace, progress)
    return _with_cases_left_out(session.result(name), skipped, failed)


def _session(plan: Plan, redactor: Redactor | None = None) -> Session:
    definitions = load((Path(path) for path in plan.definitions), plan.strict)
    return Session(definitions, mode_of(plan.strict), redactor)


def _with_cases_left_out(result: Result, skipped: list[tuple[str, str]], failed: list[tuple[str, str]]) -> Result:
    return replace(result, skipped=skipped, failed=failed)


def mock_target(case: Case, settings: Settings, definitions: Definitions, profile: Profile) -> Endpoint:
    """A mock for one case: as the case sets it up, or else one that knows the profile's jobs and no others.

    Raises InputError for settings or jobs that are wrong.
    """
    clock = Clock(parse_time(case.clock or CLOCK), 0.0)
    case_settings = (
        settings_from_case(case.settings) if case.request is not None else replace(settings, unknown_ids="reject")
    )
    mock = Mock(case_settings, clock, definitions)
    for job in case.jobs or (_default_jobs(definitions, profile) if case.request is None else ()):
        mock.job(job["service"], **{name: value for name, value in job.items() if name != "service"})

    def send(request: Request, credential: bool) -> Exchange:
        vendor = definitions.operation(case.operation).vendor
        token_headers = _TOKEN_HEADERS.get(vendor, {}) if credential and case.request is None else {}
        sent = replace(request, headers={**token_headers, **request.headers})
        now = clock.now()
        return Exchange(sent, mock.handle(sent), now)

    return Endpoint(send, clock.now, clock.advance, namespace=case.name)


def settings_from_case(values: Mapping[str, Any]) -> Settings:
    """Settings from JSON, which has lists where settings have tuples. Raises InputError."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return check_settings(Settings(**fields))
    except TypeError as error:
        raise InputError(f"settings of a case: {error}") from None


def _default_jobs(definitions: Definitions, profile: Profile) -> list[dict[str, Any]]:
    jobs = []
    for service, ids in profile.items():
        operation = definitions.operation_of(service)
        identity = {name: ids[name] for name in (operation.job.identity if operation.job else ())}
        runs = _RUNS if list_of(operation) else {}
        jobs.append({"service": service, "life": "succeeds", "age": 3, **identity, **runs})
    return jobs
