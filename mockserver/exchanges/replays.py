"""Replays: what each job of a recording answered, from its first poll on, and which request gets which answer when."""

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
from .recording import body_as_json, body_from_json
from .vendor_times import parse, show

_PAGING = ("offset", "limit")
HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} [\d:]{8} GMT"
)
"""A date as HTTP's headers have it."""
_NEVER = "01 Jan 1970"
_UTC = "1970-01-01T00:00:00.000+00:00"


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """An answer, from `offset` (ms after the first poll) on until the next one."""

    offset: int
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """What one job, or one page of a list, answered.

    `match` are the parameters, as text, that a request must have to get these answers; `tenant` those that have pseudonyms
    in the recording: a request may have any, and the same ones count only where several jobs match. `window` are the times
    (ms) between which the first poll asked for jobs, where the operation has such parameters; `began` is when that was.
    `place` is the file that it comes from, with a pointer where that is known.
    """

    operation: str
    match: Mapping[str, str]
    began: int
    steps: tuple[RecordedAnswer, ...]
    tenant: Mapping[str, str] = field(default_factory=dict)
    window: tuple[float, float] | None = None
    place: str = ""

    def at(self, elapsed: int) -> RecordedAnswer:
        """The answer in effect so many ms after the first poll."""
        return self.steps[max(0, bisect_right(self.steps, elapsed, key=lambda step: step.offset) - 1)]

    def as_json(self) -> dict[str, Any]:
        """The trajectory as fixture files have it."""
        steps = [
            {
                "at": step.offset,
                "status": step.status,
                "headers": [list(pair) for pair in step.headers],
                **body_as_json(step.body),
            }
            for step in self.steps
        ]
        shape: dict[str, Any] = {"operation": self.operation, "match": dict(self.match)}
        if self.tenant:
            shape["tenant"] = dict(self.tenant)
        if self.window:
            shape["window"] = list(self.window)
        return {**shape, "began": show("rfc3339", self.began, _UTC), "steps": steps}


def recorded_job_from(value: Mapping[str, Any]) -> RecordedJob:
    """A trajectory from a fixture file that fits the schema. Raises ValueError for a time or a body that can't be read."""
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
    """The values of an operation's parameters as sent, with the defaults of the others; what can't be read is text."""
    collected: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.name in texts:
            try:
                collected[parameter.name] = read_value(parameter, texts[parameter.name])
            except ValueError:
                collected[parameter.name] = texts[parameter.name]
        elif "default" in parameter.schema:
            collected[parameter.name] = parameter.schema["default"]
    return collected


def window_of(operation: Operation, values: Mapping[str, Any]) -> tuple[float, float] | None:
    """Between which times (ms) jobs are asked for; None where there are no such parameters, or they are not numbers."""
    window = operation.observation.window if operation.observation else None
    if window is None:
        return None
    result = [values.get(name) for name in (window.start, window.end)]
    if not all(isinstance(item, int | float) for item in result):
        return None
    return float(result[0] or 0), float(result[1] or 0)


def identity(operation: Operation, values: Mapping[str, Any]) -> dict[str, str]:
    """The parameters, as text, that say which job, or which page of which list, a request is about.

    Times between which jobs are asked for don't: pollers move them on. Nor do headers that may be left out.
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
    """Trajectories, found by requests."""

    def __init__(self, trajectories: Iterable[RecordedJob] = ()) -> None:
        self.all = tuple(trajectories)
        self._by_operation: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[int]]] = {}
        for number, item in enumerate(self.all):
            names = tuple(sorted(item.match))
            values = tuple(item.match[name] for name in names)
            self._by_operation.setdefault((item.operation, names), {}).setdefault(values, []).append(number)

    def find(self, operation: Operation, values: Mapping[str, Any], now: int) -> tuple[int, RecordedJob] | None:
        """The trajectory (and its number) that answers a request of these values at `now` (ms); None where none does.

        Of several, the one of the same tenant, or else the one whose first poll asked for the nearest times.
        """
        requested = identity(operation, values)
        result = self._candidates(operation.id, requested)
        numbers = [number for number in result if set(requested) <= {*self.all[number].match, *self.all[number].tenant}]
        if not numbers:
            return None
        window = window_of(operation, values)
        number = min(
            numbers, key=lambda item: (_strangeness(self.all[item], requested), _distance(self.all[item], window, now))
        )
        return number, self.all[number]

    def _candidates(self, operation: str, requested: Mapping[str, str]) -> Iterator[int]:
        for (name, names), result in self._by_operation.items():
            if name == operation and all(item in requested for item in names):
                yield from result.get(tuple(requested[item] for item in names), ())


def _strangeness(recorded_job: RecordedJob, requested: Mapping[str, str]) -> int:
    return sum(requested.get(name) != value for name, value in recorded_job.tenant.items())


def _distance(recorded_job: RecordedJob, window: tuple[float, float] | None, now: int) -> float:
    if recorded_job.window is None or window is None:
        return 0.0
    return sum(
        abs((here - now) - (there - recorded_job.began)) for here, there in zip(window, recorded_job.window, strict=True)
    )


def moved(text: str, observation: JobMapping | None, by: int) -> str:
    """An answer's text, its times moved by so many ms: those that the definition names, and dates of HTTP (but 1970).

    Nothing else changes: neither order nor spaces, and in most forms not the length.
    """
    news = {} if observation is None else _moves(text, observation, by)
    parts = [f"(?<![0-9]){re.escape(old)}(?![0-9])" for old in sorted(news, key=len, reverse=True)]
    pattern = re.compile("|".join([*parts, f"(?P<date>{HTTP_DATE.pattern})"]))
    return pattern.sub(lambda match: moved_date(match[0], by) if match.lastgroup == "date" else news[match[0]], text)


def moved_date(text: str, by: int) -> str:
    """A date of HTTP, moved by so many ms; another text as it is."""
    if not HTTP_DATE.fullmatch(text) or _NEVER in text:
        return text
    try:
        moment = parsedate_to_datetime(text)
        return format_datetime(moment.fromtimestamp(moment.timestamp() + by / 1_000, moment.tzinfo), usegmt=True)
    except (ValueError, OverflowError):
        return text


def _moves(text: str, observation: JobMapping, by: int) -> dict[str, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    collected: dict[str, str] = {}
    for time in observation.times:
        for _, displayed in matches(value, observation.jobs + time.at):
            at = parse(time.form, displayed)
            if at is not None:
                try:
                    collected[str(displayed)] = str(show(time.form, at + by, displayed))
                except (ValueError, OverflowError):  # a time that the form has no room for stays
                    continue
    return collected
