"""The mock: its namespaces, the declarations in them, and the handling of requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .answering import Answering
from .declare_job import DeclaredJob, LifeGiven, declare, without_none
from .definitions import Definitions, Operation, load
from .errors import ControlError, InputError, did_you_mean
from .faults.declared_fault import DeclaredFault
from .faults.parse import fault_from
from .fixtures import read_fixtures, read_replays
from .jobs.clock import Clock
from .jobs.store import Store
from .journal import Journal, JournalEntry
from .memory import Memory
from .model import RawRequest, Request, Response, headers_from, request_from
from .namespace import DEFAULT_NAMESPACE, Namespace
from .prepared import LARGEST_REQUEST, Prepared, SentHeaders
from .setting_values import check_settings
from .settings import Settings
from .steps import select_namespace

_LOG = logging.getLogger("mockserver")


_MOST_NAMESPACES = 100_000
REMEMBERED = 1_024
"""So many prepared requests are remembered."""
_HEADERS_REMEMBERED = 128
_perf_counter_ns = time.perf_counter_ns
_Lines = tuple[tuple[bytes, bytes], ...]
OnAnswer = Callable[[int, Request, Response, Operation | None, Namespace], None]
"""Called after each exchange with the namespace's time (ms since 1970), the request and the answer (with their secrets), the
operation or None, and the namespace."""


class Mock:
    """A mock of the documented services. Thread-safe.

    Args:
        settings: The settings of the mock, and of its default namespace.
        clock: The clock of the default namespace. Default: as the settings say.
        definitions: The definitions. Default: the shipped ones, and those that the settings name.
        on_exchange: Called with each exchange once it is answered.
        on_answer: An `OnAnswer`; it may also be set later.
        remembered: How many prepared requests are remembered (0: none). Answers are the same.

    Attributes:
        default_namespace: The name of the namespace for requests that name none.
        reports_lost: How many calls of `on_exchange` and `on_answer` raised; the exchange was answered nevertheless.

    Raises:
        InputError: For a wrong setting, definition or fixture.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        clock: Clock | None = None,
        definitions: Definitions | None = None,
        on_exchange: Callable[[JournalEntry], None] | None = None,
        on_answer: OnAnswer | None = None,
        remembered: int = REMEMBERED,
    ) -> None:
        self.settings = check_settings(settings or Settings())
        self.definitions = definitions or load(Path(path) for path in self.settings.definitions)
        self.on_exchange = on_exchange
        self.on_answer = on_answer
        self.log_lines_lost: Callable[[], int] = lambda: 0
        """Returns how many lines of its log a server couldn't write."""
        self.switches = switches_from(self.definitions, self.settings.switches)
        self._answering = Answering(self.definitions, self.settings, self.switches)
        self._prepared: Memory[tuple[object, ...], Prepared] = Memory(remembered)
        self._seen_once: Memory[int, bool] = Memory(4 * remembered)
        self._headers: Memory[_Lines, tuple[_Lines, SentHeaders]] = Memory(min(remembered, _HEADERS_REMEMBERED))
        self.reports_lost = 0
        self._lock = threading.Lock()
        self.default_namespace = DEFAULT_NAMESPACE
        self._namespaces = {DEFAULT_NAMESPACE: Namespace.new(DEFAULT_NAMESPACE, self.settings, clock)}
        files = [Path(path) for path in self.settings.fixtures]
        self._fixtures = {str(path): read_fixtures(path) for path in files}
        self._replays = read_replays(files, self.definitions)
        self._declare_fixtures(self.namespace())

    def __repr__(self) -> str:
        return f"<Mock {', '.join(self.definitions.services)}; {len(self._namespaces)} namespaces; {self.clock!r}>"

    def namespace(self, name: str = DEFAULT_NAMESPACE, **settings: Any) -> Namespace:
        """The namespace with this name; a new one if there is none yet, or if `settings` are given.

        A new one has the jobs of the fixtures. Raises InputError for a wrong setting, ControlError for an invalid name, for
        settings of the default namespace, and for too many namespaces.
        """
        with self._lock:
            namespace = self._namespaces.get(name)
            if namespace is None or settings:
                namespace = self._new_namespace(select_namespace.check_name(name), settings)
                self._namespaces[name] = namespace
            return namespace

    def _new_namespace(self, name: str, settings: Mapping[str, Any]) -> Namespace:
        if name == DEFAULT_NAMESPACE:
            raise ControlError(
                "Invalid namespace", f"the namespace {DEFAULT_NAMESPACE!r} has the mock's own settings; reset it instead"
            )
        if name not in self._namespaces and len(self._namespaces) >= _MOST_NAMESPACES:
            raise ControlError("Too many namespaces", f"there are {_MOST_NAMESPACES}; delete some", 429)
        namespace = Namespace.new(name, check_settings(replace(self.settings, **settings), settings))
        self._declare_fixtures(namespace)
        return namespace

    def delete_namespace(self, name: str) -> None:
        """Forget a namespace. The default one is reset."""
        if name == DEFAULT_NAMESPACE:
            self.reset()
        else:
            with self._lock:
                self._namespaces.pop(name, None)

    def namespace_names(self) -> list[str]:
        """The names of all namespaces, the default one first."""
        return list(self._namespaces)

    @property
    def clock(self) -> Clock:
        """The default namespace's clock."""
        return self.namespace().clock

    @property
    def store(self) -> Store:
        """The default namespace's state."""
        return self.namespace().store

    @property
    def journal(self) -> Journal:
        """The default namespace's journal."""
        return self.namespace().journal

    def job(
        self,
        service: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        life: LifeGiven = None,
        progress: str = "time",
        created: str | datetime | None = None,
        age: float | str | None = None,
        visible_after: float | str | None = None,
        count: int = 1,
        every: float | str | None = None,
        facts: Mapping[str, Any] | None = None,
        started: bool | None = None,
        **identity: str | int,
    ) -> DeclaredJob:
        """Declare a job.

        Args:
            service: `dataarts`, `enos`, `cdm`, `tics` or `taurusdb`.
            namespace: The namespace that the job belongs to.
            life: A life's name, or its steps: a status, or (status, duration); None lasts forever. Default: `succeeds`.
            progress: What moves the job on: `time`, `immediate`, `polls`, or `polls:N` (N answers for each status).
            created: When the job was created, ISO 8601. Default: now.
            age: How long ago it was created, instead of `created`.
            visible_after: How long after its creation it can be found. Default: at once.
            count: The number of runs, of which this is the newest; for lists only.
            every: The time between runs. Default: an hour.
            facts: Values that would be made up otherwise, such as times and row counts.
            started: False: the job waits for a call that starts it.
            identity: Parts of its identity, by the vendor's names; parts that are left out match any value.

        A duration is seconds, or text such as `2h`.

        Returns:
            The job, which can be rerun, cancelled, failed and deleted.

        Raises:
            InputError: For an unknown service, name, life or status, or a value that is not allowed.
        """
        options = {"life": life, "created": created, "age": age, "visible_after": visible_after, "every": every,
                   "facts": facts, "started": started}  # fmt: skip
        fields = {"progress": progress, "count": count, **identity, **without_none(options)}
        return declare(self.definitions, self.namespace(namespace), service, fields)

    def fail(
        self,
        target: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        error: str | None = None,
        status: int | None = None,
        quota: Mapping[str, Any] | None = None,
        fault: str | Mapping[str, Any] | None = None,
        patch: Sequence[Mapping[str, Any]] | None = None,
        body: Any = None,
        times: int | None = None,
        after: int | None = None,
        share: float | None = None,
        window: Sequence[Any] | None = None,
        delay: float | str | Mapping[str, Any] | None = None,
        clock: str | None = None,
        retry_after: float | str | bool | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
        **match: str | float,
    ) -> DeclaredFault:
        """Declare a fault: what some requests get instead of their answer, or in addition to it. See `docs/faults.md`.

        Args:
            target: A service, an operation id, or `*` for all, in this `namespace`.
            error, status, quota, fault, patch, body: The effect: one of these (`body` goes with `status`).
            times, after, share, window: How many get it, how many pass first, which share (0 to 1), from when to when.
            delay, clock, headers: With any effect, or alone: a duration, on which clock (`real`, `mock`), more headers.
            retry_after, content_type: The header of a refusal; the media type of `body`.
            match: Only requests with these parameters, by the vendor's names.

        Returns:
            The fault: it counts the requests that got it, and can be removed. If several apply, the oldest is taken.

        Raises:
            InputError: For an unknown target, name, error or kind, or effects that don't go together.
        """
        options = {
            "error": error, "status": status, "quota": quota, "fault": fault, "patch": patch, "body": body, "times": times,
            "after": after, "share": share, "window": window, "delay": delay, "clock": clock, "retry_after": retry_after,
            "headers": headers, "content_type": content_type,
        }  # fmt: skip
        target_namespace = self.namespace(namespace)
        new_fault = fault_from(self.definitions, target, {**match, **without_none(options)}, target_namespace.clock.now())
        if new_fault.listener and target_namespace.name != DEFAULT_NAMESPACE:
            raise InputError(
                f"{new_fault.fault} is about the port, which all namespaces share; declare it in {DEFAULT_NAMESPACE!r}"
            )
        return DeclaredFault(target_namespace.faults, target_namespace.faults.add(new_fault))

    def reset(self, namespace: str = DEFAULT_NAMESPACE) -> None:
        """Forget all declarations and exchanges, restart the clock, and declare the fixtures again."""
        self.begin_again(namespace)
        self._prepared.clear()

    def begin_again(self, namespace: str = DEFAULT_NAMESPACE) -> None:
        """Like `reset`, but prepared requests stay remembered."""
        target_namespace = self.namespace(namespace)
        target_namespace.reset()
        self._declare_fixtures(target_namespace)

    def handle(self, request: Request, namespace: str | None = None) -> Response:
        """The answer to a request. Never raises; adds the exchange to the journal.

        Args:
            request: The request.
            namespace: The namespace, unless the request names one. Default: as its credential says.
        """
        key = None
        if not request.body and not request.body_size:
            key = (request.method, request.path, request.query, tuple(request.headers.items()), request.segments)
            prepared = self._prepared.get(key)
            if prepared is not None:
                return self._exchange(prepared, namespace)
        headers = SentHeaders(dict(request.headers))
        return self._exchange(self._prepare(key, replace(request, headers=headers.by_name), headers), namespace)

    def handle_raw(self, raw: RawRequest) -> Response:
        """The answer to a request as it came from a socket. Never raises; adds the exchange to the journal."""
        has_no_body = not raw.body_size and not raw.body
        if has_no_body:
            prepared = self._prepared.get((raw.method, raw.target, raw.headers))
            if prepared is not None:
                return self._exchange(prepared)
        lines_and_headers = self._headers.get(raw.headers)
        if lines_and_headers is None:
            lines_and_headers = (raw.headers, SentHeaders(headers_from(raw.headers)))
            self._headers.put(raw.headers, lines_and_headers)
        lines, headers = lines_and_headers  # requests with the same headers share these objects
        key = (raw.method, raw.target, lines) if has_no_body else None
        return self._exchange(self._prepare(key, request_from(raw, headers.by_name), headers))

    def _prepare(self, key: tuple[object, ...] | None, request: Request, headers: SentHeaders) -> Prepared:
        """Prepare a request; it is remembered by `key` (None: not at all) when it comes the second time.

        Requests that come only once would push out others, and keeping their many objects would cost a tenth of the answer.
        """
        prepared = Prepared(self.definitions, request, headers)
        if key is not None and prepared.size <= LARGEST_REQUEST:
            key_hash = hash(key)
            if self._seen_once.get(key_hash):
                self._prepared.put(key, prepared)
            else:
                self._seen_once.put(key_hash, True)
        return prepared

    def _exchange(self, prepared: Prepared, default: str | None = None) -> Response:
        began = _perf_counter_ns()
        namespace, operation = self._namespaces[DEFAULT_NAMESPACE], prepared.operation
        control_error = prepared.headers.namespace_error
        if control_error is None:
            try:
                namespace = self._namespace_of(prepared, default)
            except ControlError as error:
                control_error = error
        now = namespace.clock.now()
        if control_error is None:
            response = self._answering.response(prepared, namespace, now)
        else:
            response, operation = self._answering.refusal(prepared, namespace, now, control_error), None
        if namespace.clock.tick and operation and operation.job:
            namespace.clock.poll()
        micros = (_perf_counter_ns() - began) // 1_000
        name = operation.id if operation else None
        exchange = namespace.journal.add(now, micros, name, prepared.request, response, prepared.size)
        if self.on_exchange:
            self._report(self.on_exchange, exchange)
        if self.on_answer:
            self._report(self.on_answer, now, prepared.request, response, operation, namespace)
        return response

    def _namespace_of(self, prepared: Prepared, default: str | None) -> Namespace:
        name = prepared.headers.namespace_name or default
        if name is not None:
            return self._namespaces.get(name) or self.namespace(name)
        if len(self._namespaces) > 1:
            namespace = self._namespaces.get(prepared.claim() or self.default_namespace)
            if namespace is not None:
                return namespace
        return self._namespaces.get(self.default_namespace) or self._namespaces[DEFAULT_NAMESPACE]

    def _report(self, callback: Callable[..., None], *facts: object) -> None:
        """Call a callback. It must not stop the answer, so its exceptions are counted, and the first one is logged."""
        try:
            callback(*facts)
        except Exception:
            self.reports_lost += 1
            if self.reports_lost == 1:
                with suppress(Exception):  # the log may be what can't be written
                    _LOG.exception("mockserver could not report an exchange; further ones are only counted")

    def _declare_fixtures(self, namespace: Namespace) -> None:
        namespace.replays = self._replays
        for path, fixtures in self._fixtures.items():
            for index, job in enumerate(fixtures.jobs):
                with _errors_name_place(place := f"{path}#/jobs/{index}"):
                    declare(self.definitions, namespace, job["service"], _without("service", job), place)
            for index, fault in enumerate(fixtures.faults):
                with _errors_name_place(place := f"{path}#/faults/{index}"):
                    fields, now = _without("target", fault), namespace.clock.now()
                    new_fault = fault_from(self.definitions, fault["target"], fields, now)
                if namespace.name == DEFAULT_NAMESPACE or not new_fault.listener:  # there is one port for all namespaces
                    namespace.faults.add(new_fault, place)


def _without(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {other: value for other, value in fields.items() if other != name}


@contextmanager
def _errors_name_place(where: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def switches_from(definitions: Definitions, chosen: Mapping[str, str]) -> dict[str, str]:
    """The value of every switch: the user's choice or the default. Raises InputError for an unknown one."""
    for name, value in chosen.items():
        if name not in definitions.switches:
            names = ", ".join(definitions.switches)
            raise InputError(f"{name!r} is not a switch{did_you_mean(name, definitions.switches) or f'; known: {names}'}")
        if value not in definitions.switches[name].values:
            allowed = ", ".join(definitions.switches[name].values)
            raise InputError(f"switch {name} is {value!r}; allowed: {allowed}")
    return {name: chosen.get(name, switch.default) for name, switch in definitions.switches.items()}
