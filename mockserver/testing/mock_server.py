"""The mock server of one test: its own namespace of a mock, its declarations and its assertions."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..answering import CRASHED
from ..declare_job import DeclaredJob, LifeGiven, declare, handles, without_none
from ..definitions import Operation
from ..errors import InputError
from ..faults.declared_fault import DeclaredFault
from ..faults.kinds import KINDS
from ..jobs.clock import Clock
from ..journal import JournalEntry
from ..mock import Mock, OnAnswer
from ..model import Request, Response
from ..namespace import DEFAULT_NAMESPACE, Namespace
from . import assertions, poller_coverage
from .assertions import calls, exchanges_drawn, jobs_drawn, polls_of
from .call_site import caller
from .client_settings import Credentials
from .environ import Environment, without_proxy
from .recorded_call import RecordedCall, read

if TYPE_CHECKING:
    import requests
    from flask import Flask
    from flask.testing import FlaskClient

_MOST_REPORT_LINES = 30
_SDKS = ("HUAWEICLOUD_SDK", "CLOUD_SDK")


class MockServer:
    """One test's own namespace in a mock. `url` is its URL (None: without a socket); see `docs/pytest.md`.

    `endpoints` are the variables that point SDK code there (`client_settings.endpoints`). `listeners` are called with each
    exchange as it was, including its secrets.
    """

    def __init__(
        self, mock: Mock, namespace: Namespace, url: str | None, credentials: Credentials, endpoints: Mapping[str, str]
    ) -> None:
        self._mock, self._namespace, self._url, self._endpoints = mock, namespace, url, endpoints
        self.credentials = credentials
        self._calls: list[RecordedCall] = []
        self._unread_exchanges: deque[tuple[int, Request, Response, Operation | None]] = deque()
        self._has_troubles = False
        self._has_notices = False
        self.listeners: list[OnAnswer] = []
        self.blocked: list[str] = []
        self._closers: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        place = self._url or "on no socket"
        return f"<MockServer {place}, namespace {self.namespace}, {len(self.jobs)} jobs, {len(self.seen)} calls>"

    # Its address

    @property
    def url(self) -> str:
        """The mock's URL, without a slash at the end. Raises InputError if it has no socket."""
        if self._url is None:
            raise InputError(
                "mockserver_app is on no socket; use .client(), .test_client(), intercept() or the mockserver fixture"
            )
        return self._url

    @property
    def namespace(self) -> str:
        """The name of its namespace: the access key."""
        return self._namespace.name

    @property
    def mock(self) -> Mock:
        """The mock that the namespace belongs to."""
        return self._mock

    @property
    def env(self) -> dict[str, str]:
        """The variables that point SDK code at it: those of `mockserver env`, for all regions, and NO_PROXY.

        Without a socket, only the credentials: the SDK's own endpoints stay, for `intercept`.
        """
        key, secret = self.credentials.access_key, self.credentials.secret_key
        pairs = {f"{sdk}_AK": key for sdk in _SDKS} | {f"{sdk}_SK": secret for sdk in _SDKS}
        pairs |= {"ENOS_APP_KEY": self.credentials.app_key, "ENOS_APP_SECRET": self.credentials.app_secret}
        return {**self._endpoints, **pairs, **(without_proxy(os.environ) if self._url else {})}

    @property
    def app(self) -> Flask:
        """The mock as a Flask app, which is also a WSGI app."""
        from ..app import create_app

        return create_app(mock=self._mock)

    def test_client(self) -> FlaskClient:
        """Flask's test client of the app: `test_client().get("/v3/...")`."""
        return self.app.test_client()

    # Declarations

    @property
    def clock(self) -> Clock:
        """The test's clock: `advance(seconds)`, `set`, `freeze`, `run`, and `drive()`, which replaces sleeping."""
        return self._namespace.clock

    def job(
        self,
        service: str,
        *,
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
        """Declare a job of this test. Arguments and errors: see `Mock.job`."""
        options = {"life": life, "created": created, "age": age, "visible_after": visible_after, "every": every,
                   "facts": facts, "started": started}  # fmt: skip
        fields = {"progress": progress, "count": count, **identity, **without_none(options)}
        return declare(self._mock.definitions, self._namespace, service, fields, caller())

    def fail(
        self,
        target: str,
        *,
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
        """Declare a fault for this test's requests. Arguments and errors: see `Mock.fail`.

        CONNECTION_REFUSED and TLS_ERROR are about the port, which has no test's clock: they take no `window`, and last until
        `remove()`, or the end of the test.
        """
        kind = KINDS.get(fault) if isinstance(fault, str) else None
        is_about_port = kind is not None and kind.listener
        if is_about_port and window is not None:
            raise InputError(f"{fault} takes no window in a test; end it by .remove()")
        namespace = DEFAULT_NAMESPACE if is_about_port else self.namespace
        new_fault = self._mock.fail(
            target, error=error, status=status, quota=quota, fault=fault, patch=patch, body=body, times=times, after=after,
            share=share, window=window, delay=delay, clock=clock, retry_after=retry_after, headers=headers,
            content_type=content_type, namespace=namespace, **match,
        )  # fmt: skip
        if not is_about_port:
            new_fault.entry.place = caller()
        return new_fault

    @property
    def jobs(self) -> list[DeclaredJob]:
        """The declared jobs, the oldest first."""
        return handles(self._mock.definitions, self._namespace)

    def reset(self) -> None:
        """Forget all declarations and exchanges, and restart the clock."""
        self._mock.reset(self.namespace)
        with self._lock:
            self._calls.clear()
            self._unread_exchanges.clear()
            self._has_troubles = False
            self._has_notices = False

    # Clients

    def client(self) -> requests.Session:
        """A `requests` session that knows the base URL, and signs its requests: `client().get("/v3/.../jobs?id=1")`."""
        from .clients import session

        new_session = session(self._mock, self._namespace, self._url, self.credentials)
        new_session.verify = self._endpoints.get("REQUESTS_CA_BUNDLE", True)
        self._closers.append(new_session.close)
        return new_session

    def sdk(self, service: str) -> Any:
        """The vendor's own client of a service, pointed at the mock: `cdm`, `dataarts`, `taurusdb`, `tics`; or `enos`.

        Raises InputError for an unknown service, and if its package isn't installed.
        """
        from .clients import vendor_client

        client, close = vendor_client(
            self._mock.definitions, service, self._url, self.credentials, self._endpoints.get("REQUESTS_CA_BUNDLE")
        )
        self._closers.append(close)
        return client

    def close(self) -> None:
        """Close all clients that were made."""
        while self._closers:
            self._closers.pop()()

    def intercept(self, *hosts: str) -> AbstractContextManager[None]:
        """For a `with` block, answer requests to the vendors' public hosts in this process (of `requests`, httpx, aiohttp).

        The hosts of the `servers` in your own documents are intercepted, too. `hosts` are more patterns of host names, such
        as `*.cloud.example`.
        """
        from ..definitions.servers import hosts_of
        from .intercept import intercept

        document_hosts = hosts_of(url for operation in self._mock.definitions.operations for url in operation.servers)
        return intercept(self._mock, self.namespace, (*hosts, *document_hosts))

    @contextmanager
    def environ(self) -> Iterator[None]:
        """Set the variables of `env` for a `with` block."""
        environment = Environment(hide=())
        environment["mockserver"] = self.env
        try:
            yield
        finally:
            del environment["mockserver"]

    # The exchanges

    def note(self, time: int, request: Request, response: Response, operation: Operation | None) -> None:
        """Remember an exchange; the mock calls this. `time` is its clock's (ms since 1970)."""
        with self._lock:
            self._unread_exchanges.append((time, request, response, operation))
            self._has_troubles |= operation is None or (response.problem or "").startswith(CRASHED)
            self._has_notices |= response.problem is not None and response.status < 400 and response.error is None
        for listener in list(self.listeners):
            listener(time, request, response, operation, self._namespace)

    @property
    def seen(self) -> list[RecordedCall]:
        """The exchanges so far, oldest first, without secrets. They are only parsed here, because most tests don't need
        them."""
        with self._lock:
            while self._unread_exchanges:
                exchange = self._unread_exchanges.popleft()
                self._calls.append(read(self._mock.definitions, len(self._calls) + 1, *exchange))
            return self._calls

    @property
    def journal(self) -> list[JournalEntry]:
        """The last 10,000 exchanges, oldest first, without secrets and with long bodies cut."""
        return self._namespace.journal.last()

    def calls(
        self, name: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, Any] | None = None
    ) -> list[RecordedCall]:
        """The calls of an operation or a service, oldest first. Raises InputError for an unknown one."""
        return calls(self._mock.definitions, list(self.seen), name, params, headers)

    def polls(self, service: str, **identity: Any) -> list[RecordedCall]:
        """The polls of a service's jobs whose identities have these parts, oldest first. Raises InputError."""
        polls_by_job = polls_of(self._mock.definitions, list(self.seen), service, identity)
        return sorted((poll for polls in polls_by_job.values() for poll in polls), key=lambda poll: poll.number)

    def assert_called(
        self,
        name: str,
        *,
        times: int | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        """See `assertions.assert_called`. Raises AssertionError that shows the nearest request."""
        __tracebackhide__ = True
        assertions.assert_called(self._mock.definitions, list(self.seen), name, times, params, headers)

    def assert_not_called(
        self, name: str, *, params: Mapping[str, Any] | None = None, headers: Mapping[str, Any] | None = None
    ) -> None:
        """See `assertions.assert_not_called`. Raises AssertionError that lists the calls."""
        __tracebackhide__ = True
        assertions.assert_not_called(self._mock.definitions, list(self.seen), name, params, headers)

    def assert_polled(
        self,
        service: str,
        *,
        min_interval: float | str | None = None,
        max_polls: int | None = None,
        backoff: bool | float | None = None,
        honours_retry_after: bool = False,
        stops_after_terminal: bool = False,
        gives_up_within: float | str | None = None,
        retries_within: float | str | None = None,
        **identity: str | int,
    ) -> None:
        """Assert that a service's jobs were polled, each by the rules. Durations are seconds, or text such as `2h`.

        Args:
            service: The service, or its operation's id.
            min_interval: The least time between two polls, on the mock's clock.
            max_polls: The largest number of polls.
            backoff: True: intervals never shrink; or the factor by which each grows, up to the longest.
            honours_retry_after: No poll before the time that an answer's Retry-After names.
            stops_after_terminal: No poll after an answer has shown the job in a terminal state.
            gives_up_within: The longest time from the first poll to the last.
            retries_within: A call so soon after a failed one (an error status, a broken connection) is a retry of the same
                poll by an HTTP library, to which `min_interval` doesn't apply. By default each call is a poll.
            identity: Parts of the jobs' identities, by the vendor's names; parts that are left out match any value.

        Raises:
            AssertionError: If there was no poll, or a rule was broken; the message has a timeline of the polls.
            InputError: For an unknown name, or an invalid rule.
        """
        __tracebackhide__ = True
        rules = {
            "min_interval": min_interval, "max_polls": max_polls, "backoff": backoff,
            "honours_retry_after": honours_retry_after, "stops_after_terminal": stops_after_terminal,
            "gives_up_within": gives_up_within, "retries_within": retries_within,
        }  # fmt: skip
        assertions.assert_polled(self._mock.definitions, list(self.seen), service, **rules, **identity)

    # Problems and reports

    def troubles(self, allow_unexpected: bool = False) -> list[str]:
        """The problems that fail a test: crashes of the mock, requests that match no operation, calls of real hosts."""
        calls = self.seen if self._has_troubles else []
        return [
            *(f"the mock failed to answer {call.method} {call.path}: {call.crash}" for call in calls if call.crash),
            *(_unexpected_text(call) for call in calls if call.unexpected and not allow_unexpected),
            *self.blocked,
        ]

    def notices(self) -> list[str]:
        """Warnings about requests that were served: undocumented parameters."""
        calls = self.seen if self._has_notices else []
        served = [call for call in calls if call.problem and call.status < 400 and call.error is None]
        return list(dict.fromkeys(f"{call.method} {call.path}: {call.problem}" for call in served))

    def counts(self) -> dict[str, Any]:
        """The coverage counts of the code under test, as JSON values that can be added up: see `poller_coverage`."""
        return poller_coverage.counts_of(poller_coverage.coverage_of(self._mock.definitions, list(self.seen)))

    def report(self) -> str:
        """The last exchanges and the bars of all jobs, as text, without secrets."""
        lines = exchanges_drawn(self.seen)
        if len(lines) > _MOST_REPORT_LINES:
            lines = [f"... {len(lines) - _MOST_REPORT_LINES} lines before", *lines[-_MOST_REPORT_LINES:]]
        return "\n".join([*lines, jobs_drawn(self._mock.definitions, list(self.seen))]).rstrip()


def _unexpected_text(call: RecordedCall) -> str:
    advice = "or mark the test: @pytest.mark.mockserver(allow_unexpected=True)"
    return f"unexpected request {call.method} {call.path}: {call.unexpected}; {advice}"
