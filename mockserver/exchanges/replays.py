"""Replays: the answers about each recorded job, from its first poll on, and which request gets which answer when."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from ..definitions import Operation
from ..definitions.job_model import JobMapping
from ..definitions.parameter_values import read_value
from .json_path import matches
from .recording_lines import body_as_json, body_from_json
from .vendor_times import parse, show

_PAGING = ("offset", "limit")
HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} [\d:]{8} GMT"
)
"""A date in an HTTP header."""
_NO_TIME = "01 Jan 1970"
_UTC = "1970-01-01T00:00:00.000+00:00"


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """An answer, in effect from `offset` (ms after the first poll) until the next one."""

    offset: int
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """The answers about one job, or for one page of a list.

    Attributes:
        operation: The operation's id.
        match: The parameters, as text, that a request must have to get these answers.
        began: When the first poll was (ms since 1970).
        steps: The answers, in order.
        tenant: The parameters that have pseudonyms in the recording. A request may have any values for them; equal ones are
            only preferred if several jobs match.
        window: The times (ms) between which the first poll asked for jobs, if the operation has such parameters.
        place: The file that it comes from, with a pointer if that is known.
    """

    operation: str
    match: Mapping[str, str]
    began: int
    steps: tuple[RecordedAnswer, ...]
    tenant: Mapping[str, str] = field(default_factory=dict)
    window: tuple[float, float] | None = None
    place: str = ""

    def at(self, elapsed: int) -> RecordedAnswer:
        """The answer in effect `elapsed` ms after the first poll."""
        return self.steps[max(0, bisect_right(self.steps, elapsed, key=lambda step: step.offset) - 1)]

    def as_json(self) -> dict[str, Any]:
        """The job as in fixture files."""
        steps = [
            {
                "at": step.offset,
                "status": step.status,
                "headers": [list(pair) for pair in step.headers],
                **body_as_json(step.body),
            }
            for step in self.steps
        ]
        result: dict[str, Any] = {"operation": self.operation, "match": dict(self.match)}
        if self.tenant:
            result["tenant"] = dict(self.tenant)
        if self.window:
            result["window"] = list(self.window)
        return {**result, "began": show("rfc3339", self.began, _UTC), "steps": steps}


def recorded_job_from(value: Mapping[str, Any]) -> RecordedJob:
    """A job from a fixture file that fits the schema. Raises ValueError for a time or a body that can't be read."""
    began = parse("rfc3339", value["began"])
    if began is None:
        raise ValueError(f"began is {value['began']!r}; allowed: a time, such as 2026-11-21T08:00:00.000+00:00")
    steps = tuple(
        RecordedAnswer(
            item["at"], item["status"], tuple((name, text) for name, text in item.get("headers", ())), body_from_json(item)
        )
        for item in sorted(value["steps"], key=lambda item: int(item["at"]))
    )
    window = value.get("window")
    return RecordedJob(
        value["operation"], value["match"], began, steps, value.get("tenant", {}), (window[0], window[1]) if window else None
    )


def text_of(value: Any) -> str:
    """A parameter's value as text: the same for 1, 1.0 and "1"."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def values_of(operation: Operation, texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of an operation's parameters: as sent (as text if they can't be read), else their defaults."""
    values: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.name in texts:
            try:
                values[parameter.name] = read_value(parameter, texts[parameter.name])
            except ValueError:
                values[parameter.name] = texts[parameter.name]
        elif "default" in parameter.schema:
            values[parameter.name] = parameter.schema["default"]
    return values


def window_of(operation: Operation, values: Mapping[str, Any]) -> tuple[float, float] | None:
    """The times (ms) between which jobs are asked for; None if there are no such parameters, or they are not numbers."""
    window = operation.observation.window if operation.observation else None
    if window is None:
        return None
    times = [values.get(name) for name in (window.start, window.end)]
    if not all(isinstance(time, int | float) for time in times):
        return None
    return float(times[0] or 0), float(times[1] or 0)


def identity(operation: Operation, values: Mapping[str, Any]) -> dict[str, str]:
    """The parameters, as text, that identify the job, or the page of a list, that a request is about.

    A time window doesn't identify a job, because pollers move it on; nor do optional headers.
    """
    window = operation.observation.window if operation.observation else None
    times = (window.start, window.end) if window else ()
    return {
        parameter.name: text_of(values[parameter.name])
        for parameter in operation.parameters
        if parameter.name in values
        and parameter.name not in times
        and (parameter.required or parameter.location != "header")
    }


class Replays:
    """Recorded jobs, to be found by requests."""

    def __init__(self, recorded_jobs: Iterable[RecordedJob] = ()) -> None:
        self.all = tuple(recorded_jobs)
        self._by_operation: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[int]]] = {}
        for number, recorded_job in enumerate(self.all):
            names = tuple(sorted(recorded_job.match))
            values = tuple(recorded_job.match[name] for name in names)
            self._by_operation.setdefault((recorded_job.operation, names), {}).setdefault(values, []).append(number)

    def find(self, operation: Operation, values: Mapping[str, Any], now: int) -> tuple[int, RecordedJob] | None:
        """The job (and its number) that answers a request with these values at `now` (ms); None if there is none.

        Of several, the one of the same tenant is taken, or else the one whose first poll asked for the nearest times.
        """
        identifying = identity(operation, values)
        candidates = self._candidates(operation.id, identifying)
        numbers = [
            number for number in candidates if set(identifying) <= {*self.all[number].match, *self.all[number].tenant}
        ]
        if not numbers:
            return None
        window = window_of(operation, values)
        number = min(
            numbers,
            key=lambda item: (
                _tenant_mismatches(self.all[item], identifying),
                _window_distance(self.all[item], window, now),
            ),
        )
        return number, self.all[number]

    def _candidates(self, operation: str, identifying: Mapping[str, str]) -> Iterator[int]:
        for (recorded_operation, names), numbers_by_values in self._by_operation.items():
            if recorded_operation == operation and all(name in identifying for name in names):
                yield from numbers_by_values.get(tuple(identifying[name] for name in names), ())


def _tenant_mismatches(recorded_job: RecordedJob, identifying: Mapping[str, str]) -> int:
    return sum(identifying.get(name) != value for name, value in recorded_job.tenant.items())


def _window_distance(recorded_job: RecordedJob, window: tuple[float, float] | None, now: int) -> float:
    if recorded_job.window is None or window is None:
        return 0.0
    return sum(
        abs((asked_time - now) - (recorded_time - recorded_job.began))
        for asked_time, recorded_time in zip(window, recorded_job.window, strict=True)
    )


def move_times(text: str, observation: JobMapping | None, shift: int) -> str:
    """An answer's text with its times moved by `shift` ms: those that the definition names, and HTTP dates (except 1970).

    Nothing else changes: neither order nor spaces, and for most forms of time not even the length.
    """
    new_by_old = {} if observation is None else _moved_times(text, observation, shift)
    parts = [f"(?<![0-9]){re.escape(old)}(?![0-9])" for old in sorted(new_by_old, key=len, reverse=True)]
    pattern = re.compile("|".join([*parts, f"(?P<date>{HTTP_DATE.pattern})"]))
    return pattern.sub(lambda match: move_date(match[0], shift) if match.lastgroup == "date" else new_by_old[match[0]], text)


def move_date(text: str, shift: int) -> str:
    """An HTTP date, moved by `shift` ms; any other text as it is."""
    if not HTTP_DATE.fullmatch(text) or _NO_TIME in text:
        return text
    try:
        moment = parsedate_to_datetime(text)
        return format_datetime(moment.fromtimestamp(moment.timestamp() + shift / 1_000, moment.tzinfo), usegmt=True)
    except (ValueError, OverflowError):
        return text


def _moved_times(text: str, observation: JobMapping, shift: int) -> dict[str, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    new_by_old: dict[str, str] = {}
    for time_field in observation.times:
        for _, old in matches(value, observation.jobs + time_field.at):
            milliseconds = parse(time_field.form, old)
            if milliseconds is not None:
                try:
                    new_by_old[str(old)] = str(show(time_field.form, milliseconds + shift, old))
                except (ValueError, OverflowError):  # a time that the form can't express stays as it is
                    continue
    return new_by_old
