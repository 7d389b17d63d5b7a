"""Turns a recording into replays: the polls of each job in it, with equal consecutive answers made one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime

from ..definitions import Definitions, Operation
from ..definitions.parameter_values import texts_of
from ..errors import InputError
from ..redaction.tenants import is_tenant
from .exchange import Exchange
from .recording import Recording
from .replays import HTTP_DATE, RecordedAnswer, RecordedJob, identity, values_of, window_of

_CLOCK_TOLERANCE = 2_000  # ms
_WINDOW_SLACK = 60_000  # ms
_OWN_HEADERS = {  # made anew for each answer, or valid for one connection only
    "connection", "content-encoding", "content-length", "date", "keep-alive", "proxy-authenticate", "set-cookie", "te",
    "trailer", "transfer-encoding", "upgrade", "x-mock-problem", "x-request-id",
}  # fmt: skip

Key = tuple[str, tuple[tuple[str, str], ...]]
Window = tuple[float, float] | None


class _PollSeries:
    """The polls of one job, or of one page of a list, collected so far."""

    def __init__(self, operation: Operation, values: dict[str, str], tenants: set[str], window: Window, began: int) -> None:
        self.operation = operation
        self.match = {name: text for name, text in values.items() if name not in tenants}
        self.tenant = {name: text for name, text in values.items() if name in tenants}
        self.window = self.last_window = window
        self.began = self.last = began
        self.steps: list[RecordedAnswer] = []

    def continues(self, window: Window, time: int) -> bool:
        """True if the poll's time window equals the last one, or moved on by no more than the time that passed."""
        if window is None or self.last_window is None:
            return window == self.last_window
        most_moved = time - self.last + _WINDOW_SLACK
        return all(0 <= current - before <= most_moved for current, before in zip(window, self.last_window, strict=True))

    def add(self, exchange: Exchange, window: Window, time: int) -> None:
        """Add a poll; an answer equal to the one before adds nothing."""
        response = exchange.response
        headers = tuple((name, value) for name, value in response.headers if name.lower() not in _OWN_HEADERS)
        step = RecordedAnswer(time - self.began, response.status, headers, response.body)
        self.last, self.last_window = time, window
        before = self.steps[-1] if self.steps else None
        if before is None or (before.status, before.headers, before.body) != (step.status, step.headers, step.body):
            self.steps.append(step)


def replays_from(recording: Recording, definitions: Definitions) -> list[RecordedJob]:
    """The replays of the jobs in a recording, in the order of their first polls.

    Polls of one job have the same parameters; each page of a list is a job of its own here. A time window in the parameters
    may move on with the polls. Calls that ask for no job are left out. Raises InputError for an exchange without a time.
    """
    series_by_key: dict[Key, list[_PollSeries]] = {}
    for time, exchange in sorted(_with_service_times(recording.exchanges), key=lambda item: item[0]):
        request = exchange.request
        operation = definitions.operation_at(request.method, request.path, request.query)
        if operation is None or operation.job is None:
            continue
        values = values_of(operation, texts_of(operation, request))
        identifying, window = identity(operation, values), window_of(operation, values)
        candidates = series_by_key.setdefault((operation.id, tuple(sorted(identifying.items()))), [])
        series = next((item for item in reversed(candidates) if item.continues(window, time)), None)
        if series is None:
            tenant_names = {name for name in identifying if name in recording.pseudonyms and is_tenant(operation, name)}
            series = _PollSeries(operation, identifying, tenant_names, window, time)
            candidates.append(series)
        series.add(exchange, window, time)
    return [
        RecordedJob(item.operation.id, item.match, item.began, tuple(item.steps), item.tenant, item.window)
        for item in sorted((item for group in series_by_key.values() for item in group), key=lambda item: item.began)
    ]


def _with_service_times(exchanges: Iterable[Exchange]) -> Iterator[tuple[int, Exchange]]:
    """When each answer was given, by the service's clock, but as exactly as the recorder's clock tells it.

    The times in the answers are by the service's clock: a mock's clock may be far from ours, or run faster.
    """
    skew = 0
    for exchange in exchanges:
        date = _date_of(exchange)
        if exchange.time is None and date is None:
            raise InputError(
                f"{exchange.source}: found neither a time nor a Date header; allowed: one of them, for a replay"
            )
        if date is not None and exchange.time is not None and abs(date - exchange.time - skew) > _CLOCK_TOLERANCE:
            skew = date - exchange.time
        yield (date or 0) if exchange.time is None else exchange.time + skew, exchange


def _date_of(exchange: Exchange) -> int | None:
    text = exchange.response.header("Date") or ""
    try:  # two dates in one header, as a server and the app behind it may send, can't be used
        return int(parsedate_to_datetime(text).timestamp() * 1_000) if HTTP_DATE.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None
