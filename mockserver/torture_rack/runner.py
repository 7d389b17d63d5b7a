"""The torture rack: a poller is run once against each hazard, and graded.

for report in torture("cdm", lambda: wait_for("jdbc2hive"), job_name="jdbc2hive"):
    print(report.hazard, report.grade)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from ..definitions import Definitions
from ..errors import InputError, did_you_mean
from ..jobs.clock import SECOND
from ..jobs.duration import seconds
from ..setting_values import settings_from
from ..testing.mock_options import MockOptions, mock_options
from ..testing.mock_server import MockServer
from ..testing.poll_timeline import span, table
from ..testing.recorded_call import RecordedCall
from ..testing.server_pool import SharedServer
from .grading import (
    ENDLESS,
    GRADES,
    HAMMERED,
    UNDRIVEN,
    WRONG,
    Verdict,
    grade_of,
    hammering,
    is_clear,
    success_was_shown,
    verdict_of,
)
from .hazard import Hazard
from .hazards import hazards
from .scenario import Scenario
from .service_profiles import SUCCEEDED, UNKNOWN, ServiceProfile, profile_of
from .supervisor import Limits, Outcome, supervised

_SHOWN = 200


@dataclass(frozen=True)
class TortureOptions:
    """What a rack is set to: the hazards that are left, the grades that pass beside a hazard's own, when it stops a poller,
    and the fields of the job: parts of its identity, `facts`. `starts`: the code starts the job itself.
    """

    service: str
    hazards: tuple[Hazard, ...]
    allow: tuple[str, ...]
    limits: Limits
    job: Mapping[str, Any] = field(default_factory=dict)
    starts: bool = False


def options(
    definitions: Definitions,
    service: str,
    *,
    only: Sequence[str] | str = (),
    skip: Sequence[str] | str = (),
    allow: Sequence[str] | str = (),
    give_up: float | str = "6h",
    max_polls: int = 3_000,
    watchdog: float = 10.0,
    starts: bool = False,
    **job: Any,
) -> TortureOptions:
    """The options of a rack.

    Parameters: `only` and `skip`, names of hazards or patterns such as `status-*`; `allow`, grades that pass beside those
    that are good for a hazard; `give_up`, the time on the clock, `max_polls`, the number of calls, `watchdog`, the real
    seconds without a sleep or a call, after which a poller never ends; `starts`, whether the code starts its job before it
    polls: then the job waits for that, and there are hazards of starting; `job`, parts of the job's identity by the
    vendor's names, and `facts`. Raises InputError for what is unknown, naming the nearest.
    """
    if not isinstance(starts, bool):
        raise InputError(f"starts is {starts!r}; allowed: True for code that starts its job before it polls, or False")
    allowed = hazards(definitions, service, starts)
    for grade in _several(allow):
        _check_name(grade, GRADES, "allow")
    if isinstance(max_polls, bool) or not isinstance(max_polls, int) or max_polls < 1:
        raise InputError(f"max_polls is {max_polls!r}; allowed: a whole number, 1 or more")
    chosen = _matching(allowed, _several(only), "only") if only else allowed
    left = [item for item in chosen if item not in _matching(allowed, _several(skip), "skip")]
    if not left:
        raise InputError(f"only={only!r} and skip={skip!r} leave no hazard of {service}")
    limits = Limits(seconds(give_up), max_polls, seconds(watchdog))
    return TortureOptions(service, tuple(left), _several(allow), limits, job, starts)


def _several(value: Sequence[str] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _matching(allowed: Sequence[Hazard], patterns: Sequence[str], what: str) -> list[Hazard]:
    names = [item.name for item in allowed]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            _check_name(pattern, names, what)
    return [item for item in allowed if any(fnmatchcase(item.name, pattern) for pattern in patterns)]


def _check_name(name: str, allowed: Sequence[str], what: str) -> None:
    if name not in allowed:
        hint = did_you_mean(name, allowed)
        raise InputError(f"{what} has {name!r}{hint or '.'} Allowed: {', '.join(allowed)}")


@dataclass(frozen=True)
class Report:
    """What a hazard did to a poller. `good` are the grades that pass; `seconds` on the clock; `text` says it all."""

    service: str
    hazard: str
    grade: str
    good: tuple[str, ...]
    did: str
    polls: int
    seconds: float
    text: str

    @property
    def passed(self) -> bool:
        """Whether the grade is good enough."""
        return self.grade in self.good

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON, without its text."""
        collected = {name: value for name, value in asdict(self).items() if name != "text"}
        return {**collected, "good": list(self.good), "passed": self.passed}


class HazardRun:
    """The fixture `hazard`: one hazard, and the mock that it happens in. A poller is run in it once."""

    def __init__(self, mock: MockServer, hazard: Hazard, chosen: TortureOptions) -> None:
        self.mock = mock
        self.hazard = hazard
        self.report: Report | None = None
        self._options = chosen

    @property
    def name(self) -> str:
        """What happens, by its name in the table."""
        return self.hazard.name

    def run(self, wait: Callable[[], Any], *, verdict: Verdict | None = None, own_thread: bool = True) -> Report:
        """Run the poller, a function or a coroutine function, and grade it.

        Args:
            wait: The poller.
            verdict: Says what a returned value means: `succeeded`, `failed`, `unknown`, or None: as by default.
            own_thread: False runs it in the caller's thread, for code that is bound to it, such as Airflow's operators,
                whose ExecutorSafeguard remembers in the thread who called; one that nothing stops then holds up the test.

        Raises:
            AssertionError: A grade that isn't good for the hazard.
            InputError: An invalid verdict, or a poller was run before.
        """
        __tracebackhide__ = True
        report = self.judge(wait, verdict=verdict, own_thread=own_thread)
        if not report.passed:
            raise AssertionError(report.text)
        return report

    async def run_async(self, wait: Callable[[], Any], *, verdict: Verdict | None = None) -> Report:
        """The same for asynchronous tests; the poller has an event loop of its own, in a thread."""
        return await asyncio.to_thread(lambda: self.run(wait, verdict=verdict))

    def judge(self, wait: Callable[[], Any], *, verdict: Verdict | None = None, own_thread: bool = True) -> Report:
        """As `run`, but a bad grade raises nothing."""
        if self.report is not None:
            raise InputError(f"hazard {self.name} has had its poller; run each in a test of its own")
        operation = self.mock.mock.definitions.operation_of(self._options.service)
        self.mock.clock.freeze()
        chosen = self._options
        scenario = Scenario(self.mock, self.hazard, chosen.service, chosen.job, chosen.starts)
        outcome = supervised(self.mock, operation, scenario, wait, chosen.limits, own_thread)
        calls = [call for call in self.mock.seen if call.operation == operation.id]
        self.report = self._graded(outcome, calls, verdict, scenario.runs() if chosen.starts else 1)
        return self.report

    def _graded(self, outcome: Outcome, calls: Sequence[RecordedCall], mapping: Verdict | None, runs: int) -> Report:
        verdict, clear = self._verdict_of(outcome, mapping)
        unshown = outcome.how == "returned" and verdict == SUCCEEDED and not self._success_was_shown(calls)
        starting = self._starting_calls()
        hammered = hammering(calls) or hammering([call for call in self.mock.seen if call.operation in starting])
        if unshown:
            verdict = UNKNOWN if UNKNOWN not in self.hazard.verdicts else ""
        grade = grade_of((outcome.how, outcome.what), self.hazard.verdicts, verdict, clear, bool(hammered), runs > 1)
        did = _told(outcome) + (f"; {hammered}" if hammered and grade == HAMMERED and not outcome.note else "")
        if unshown:
            did += " (says: succeeded; no answer had shown that)"
        elif verdict is not None and outcome.how == "returned":
            did += f" (says: {verdict}; right: {' or '.join(self.hazard.verdicts)}"
            did += "; `verdict=` of run says what a value means)" if verdict == UNKNOWN and grade == WRONG else ")"
        did += f"; it started the job {runs} times" if runs > 1 else ""
        good = (*self.hazard.good, *self._options.allow)
        around = [call for call in self.mock.seen if call in calls or call.operation in starting]
        text = _drawn(self._options.service, self.hazard, grade, good, did, table(around, {}, starting) if around else "")
        return Report(self._options.service, self.name, grade, good, did, len(calls), outcome.seconds, text)

    def _starting_calls(self) -> set[str]:
        """The calls that start and stop the job, where the code is to start it."""
        profile = self._profile()
        return {call.id for call in (*profile.starts, *profile.stops)} if self._options.starts else set()

    def _success_was_shown(self, calls: Sequence[RecordedCall]) -> bool:
        """Whether any answer said so: in the service's word, the hazard's, or by an end that the vendor doesn't explain."""
        profile = self._profile()
        end = {self.hazard.end} if SUCCEEDED in self.hazard.verdicts and profile.means(self.hazard.end) is None else set()
        return success_was_shown(calls, profile, {*self._success_words(), *end})

    def _success_words(self) -> set[str]:
        """What stands in answers in the place of the word for success."""
        return self._patched_values() if self.hazard.end == "succeeded" and SUCCEEDED in self.hazard.verdicts else set()

    def _odd_values(self) -> set[str]:
        """What the hazard's patches put into answers, as far as an error that names it says something."""
        return {value for value in self._patched_values() if len(value) > 1}

    def _patched_values(self) -> set[str]:
        faults = self.hazard.faults(self._profile())
        values = [step.get("value") for fault in faults for step in fault.get("patch", ())]
        return {str(value) for value in values if isinstance(value, str | int)}

    def _profile(self) -> ServiceProfile:
        return profile_of(self.mock.mock.definitions, self._options.service)

    def _verdict_of(self, outcome: Outcome, mapping: Verdict | None) -> tuple[str | None, bool]:
        profile = self._profile()
        if outcome.how == "returned":
            return verdict_of(outcome.what, profile, mapping), False
        if outcome.how == "raised":
            return None, is_clear(outcome.what, self.mock.seen, self.mock.mock.definitions, self._odd_values())
        return None, False


def _told(outcome: Outcome) -> str:
    took = f"after {span(round(outcome.seconds * SECOND))}"
    if outcome.how == "stopped":
        return outcome.note
    if outcome.how == "returned":
        return f"returned {_short_repr(outcome.what)} {took}"
    return f"raised {type(outcome.what).__name__} {took}: {_short_repr(str(outcome.what) or 'without a word')}"


def _short_repr(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


_ADVICE_UNDRIVEN = "wait in a way that virtual time drives: docs/virtual-time.md has the table"


def _drawn(service: str, hazard: Hazard, grade: str, good: Sequence[str], did: str, drawn: str) -> str:
    """The whole story, as text."""
    return "\n".join(
        [
            f"hazard {hazard.name} ({service}): {grade}; wanted: {' or '.join(good)}",
            f"  what happens  {hazard.summary}",
            f"  what it did   {did}",
            *(
                [f"  what to do    {_ADVICE_UNDRIVEN}"]
                if grade == UNDRIVEN
                else [f"  why it hurts  {hazard.hurts}", f"  what to do    {hazard.advice}"]
            ),
            "what it was shown, on the mock's clock:",
            drawn or "it never asked: is the client pointed at the mock?",
        ]
    )


@cache
def _house(definitions: tuple[str, ...]) -> SharedServer:
    """One for the life of the process: the vendors' SDKs remember where they were sent."""
    return SharedServer(_mock_options(definitions))


def _mock_options(definitions: tuple[str, ...]) -> MockOptions:
    """A user's own documents have credentials that no test knows: they aren't looked for."""
    return mock_options({"definitions": definitions, "auth": "off"} if definitions else {}, "torture()")


def torture(
    service: str,
    wait: Callable[[], Any],
    *,
    verdict: Verdict | None = None,
    definitions: Sequence[str] | None = None,
    **supplied: Any,
) -> Iterator[Report]:
    """Run a poller against each hazard of a service, without pytest, and report each.

    Parameters: `wait`, a function or coroutine function without arguments, which finds its way by the environment
    (`mockserver env`) while it runs; `verdict`, see `HazardRun.run`; `definitions`, the user's own documents (default: those
    that `MOCKSERVER_DEFINITIONS` or `[tool.mockserver]` of pyproject.toml names); `given`, see `options`. Raises InputError.
    """
    files = tuple(map(str, definitions if definitions is not None else settings_from({}).definitions))
    house = _house(files)
    chosen = options(house.mock.definitions, service, **supplied)
    for hazard in chosen.hazards:
        double = house.acquire(_mock_options(files))
        try:
            with double.environ():
                yield HazardRun(double, hazard, chosen).judge(wait, verdict=verdict)
        finally:
            house.release(double)


__all__ = ["ENDLESS", "GRADES", "HazardRun", "Report", "TortureOptions", "options", "torture"]
