"""The mock: its namespaces, what is declared in them, and what is called for each exchange."""

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
from .prepared import LARGEST, Prepared, SentHeaders
from .setting_values import check_settings
from .settings import Settings
from .steps import select_namespace

_LOG = logging.getLogger("mockserver")


_MOST_NAMESPACES = 100_000
REMEMBERED = 1_024
"""Of how many requests a mock remembers what they come to."""
_HEADERS_REMEMBERED = 128
_perf_counter_ns = time.perf_counter_ns
_Lines = tuple[tuple[bytes, bytes], ...]
OnAnswer = Callable[[int, Request, Response, Operation | None, Namespace], None]
"""Called after each exchange: the namespace's time (milliseconds), the request and the answer as they are, secrets and all,
the operation, where there is one, and the namespace."""


class Mock:
    """A mock of the documented services, whatever door requests come through. Thread-safe.

    Parameters: `settings`; `clock` of the default namespace, by default as the settings say; `definitions`, by default the
    shipped ones and those that the settings name; `on_exchange`, called with each exchange once it is answered; `on_answer`,
    an `OnAnswer`, may also be set later; `remembered`, of how many requests it remembers what they come to (0: of none;
    answers are the same). Raises InputError for a setting, a definition or a fixture that is wrong.

    `default_namespace` names the namespace of requests that name none, by default the default one. `reports_lost` counts
    the calls of `on_exchange` and `on_answer` that raised: the exchange was answered all the same.
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
        """How many lines of its log a server couldn't write."""
        self.switches = switches_from(self.definitions, self.settings.switches)
        self._answering = Answering(self.definitions, self.settings, self.switches)
        self._prepared: Memory[tuple[object, ...], Prepared] = Memory(remembered)
        self._asked: Memory[int, bool] = Memory(4 * remembered)
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
        """The namespace of this name; a new one if there is none yet, or if `settings` differ from the mock's.

        A new one knows the jobs of the fixtures. Raises InputError for a setting that is wrong, ControlError for an
        invalid name, for settings of the default namespace, and for too many namespaces.
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
        """The namespaces there are, the default one first."""
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
            namespace: Whose job it is.
            life: A life's name, or its steps: a status, or (status, duration); None lasts for ever. Default: `succeeds`.
            progress: What moves it on: `time`, `immediate`, `polls`, or `polls:N` (N answers for each status).
            created: When it was made, ISO 8601. Default: now.
            age: How long ago it was made, in place of `created`.
            visible_after: How long after that it can be found. Default: at once.
            count: How many runs, of which this is the newest; lists only.
            every: How far apart these are. Default: an hour.
            facts: What would be made up otherwise, such as times and row counts.
            started: False: it waits for a call that starts it.
            identity: Parts of its identity, by the vendor's names; those that are left out match any.

        A duration is seconds, or text such as `2h`.

        Returns:
            The job, which can be rerun, cancelled, failed and deleted.

        Raises:
            InputError: An unknown service, name, life or status, or a value that is not allowed.
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
        """Declare a fault: what some requests get instead of their answer, or on top of it. `docs/faults.md` has all of it.

        Args:
            target: A service, an operation id, or `*` for all; `namespace` says whose requests.
            error, status, quota, fault, patch, body: What they get: one of these (`body` goes with `status`).
            times, after, share, window: How many, how many are spared first, which share (0 to 1), from when to when.
            delay, clock, headers: With any effect, or alone: a duration, and whose (`real`, `mock`); more headers.
            retry_after, content_type: The header of a refusal; the type of `body`.
            match: Only requests with these parameters, by the vendor's names.

        Returns:
            The fault: how many requests got it, and its end. Of several that apply, the oldest is taken.

        Raises:
            InputError: An unknown target, name, error or kind, or effects that don't go together.
        """
        options = {
            "error": error, "status": status, "quota": quota, "fault": fault, "patch": patch, "body": body, "times": times,
            "after": after, "share": share, "window": window, "delay": delay, "clock": clock, "retry_after": retry_after,
            "headers": headers, "content_type": content_type,
        }  # fmt: skip
        selected = self.namespace(namespace)
        result = fault_from(self.definitions, target, {**match, **without_none(options)}, selected.clock.now())
        if result.listener and selected.name != DEFAULT_NAMESPACE:
            raise InputError(
                f"{result.fault} is about the port, which all namespaces share; declare it in {DEFAULT_NAMESPACE!r}"
            )
        return DeclaredFault(selected.faults, selected.faults.add(result))

    def reset(self, namespace: str = DEFAULT_NAMESPACE) -> None:
        """Forget what was declared, asked and answered; the clock starts again. Fixtures are declared again."""
        self.begin_again(namespace)
        self._prepared.clear()

    def begin_again(self, namespace: str = DEFAULT_NAMESPACE) -> None:
        """As `reset`, but what requests come to by definitions and settings alone stays remembered."""
        selected = self.namespace(namespace)
        selected.reset()
        self._declare_fixtures(selected)

    def handle(self, request: Request, namespace: str | None = None) -> Response:
        """The answer to a request. Never raises; every exchange goes into the journal.

        Args:
            request: The request.
            namespace: Whose it is, unless it names one. Default: as its credential says.
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
        """The answer to a request as it came from a socket. Never raises; every exchange goes into the journal."""
        bare = not raw.body_size and not raw.body
        if bare:
            prepared = self._prepared.get((raw.method, raw.target, raw.headers))
            if prepared is not None:
                return self._exchange(prepared)
        known = self._headers.get(raw.headers)
        if known is None:
            known = (raw.headers, SentHeaders(headers_from(raw.headers)))
            self._headers.put(raw.headers, known)
        lines, headers = known  # one object each, however many requests have the same headers
        key = (raw.method, raw.target, lines) if bare else None
        return self._exchange(self._prepare(key, request_from(raw, headers.by_name), headers))

    def _prepare(self, key: tuple[object, ...] | None, request: Request, headers: SentHeaders) -> Prepared:
        """What the request comes to, remembered by the key (None: not at all) from its second time on.

        A request that comes once would only push out others; kept, its dozens of objects cost a tenth of its answer.
        """
        prepared = Prepared(self.definitions, request, headers)
        if key is not None and prepared.size <= LARGEST:
            number = hash(key)
            if self._asked.get(number):
                self._prepared.put(key, prepared)
            else:
                self._asked.put(number, True)
        return prepared

    def _exchange(self, prepared: Prepared, default: str | None = None) -> Response:
        began = _perf_counter_ns()
        namespace, operation = self._namespaces[DEFAULT_NAMESPACE], prepared.operation
        misuse = prepared.headers.misnamed
        if misuse is None:
            try:
                namespace = self._namespace_of(prepared, default)
            except ControlError as error:
                misuse = error
        now = namespace.clock.now()
        if misuse is None:
            response = self._answering.response(prepared, namespace, now)
        else:
            response, operation = self._answering.refusal(prepared, namespace, now, misuse), None
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
        name = prepared.headers.named or default
        if name is not None:
            return self._namespaces.get(name) or self.namespace(name)
        if len(self._namespaces) > 1:
            namespace = self._namespaces.get(prepared.claim() or self.default_namespace)
            if namespace is not None:
                return namespace
        return self._namespaces.get(self.default_namespace) or self._namespaces[DEFAULT_NAMESPACE]

    def _report(self, callback: Callable[..., None], *facts: object) -> None:
        """Call whoever wants to know. What only reports must not stop what answers: an exception is counted and logged."""
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
                with _naming_place(place := f"{path}#/jobs/{index}"):
                    declare(self.definitions, namespace, job["service"], _but("service", job), place)
            for index, fault in enumerate(fixtures.faults):
                with _naming_place(place := f"{path}#/faults/{index}"):
                    fields, now = _but("target", fault), namespace.clock.now()
                    read = fault_from(self.definitions, fault["target"], fields, now)
                if namespace.name == DEFAULT_NAMESPACE or not read.listener:  # there is one port for all namespaces
                    namespace.faults.add(read, place)


def _but(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {other: value for other, value in fields.items() if other != name}


@contextmanager
def _naming_place(where: str) -> Iterator[None]:
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
