"""The house: one mock (and its server) of a process, with a namespace for each test that moves in."""

from __future__ import annotations

import ssl
import tempfile
from collections import deque
from itertools import count
from pathlib import Path

from ..definitions import Operation, load
from ..mock import Mock
from ..model import Request, Response
from ..namespace import DEFAULT_NAMESPACE, Namespace
from ..server.mock_http_server import MockHttpServer
from ..settings import DEFAULT_APP_KEY, DEFAULT_APP_SECRET, Settings
from .client_settings import Credentials, endpoints
from .mock_options import REJECT, MockOptions
from .mock_server import MockServer

PROJECT = "0605767a5780d5762fc5c0118072a564"
_SECRET = "mockserver0secret0key0for0tests"  # noqa: S105 - public on purpose, it protects nothing
_KEPT = 50
"""So many namespaces of tests that are over stay, so that a thread that one left behind still speaks to its own."""

_numbers = count(1)


class SharedServer:
    """A mock for tests, on a socket or on none; tests move in one after the other. `stop` ends it.

    Raises InputError for a setting, a definition or a fixture file that is wrong.
    """

    def __init__(self, choice: MockOptions, socket: bool = True) -> None:
        definitions = None if choice.wide.get("definitions") else load()
        self.mock = Mock(Settings(**{**REJECT, **choice.settings()}), definitions=definitions)
        self.mock.on_answer = self._answered
        self._trusted = tempfile.TemporaryDirectory(prefix="mockserver-") if socket and self.mock.settings.tls else None
        tls, trusted = self._authority() if self._trusted else (None, {})
        self._server = MockHttpServer(self.mock, tls=tls).start() if socket else None
        self._url = self._server.url if self._server else None
        self._endpoints = {**endpoints(self.mock.definitions, self._url), **trusted}
        self._tenants: dict[str, MockServer] = {}
        self._over: deque[str] = deque()
        self._before: set[str] = set()

    def _authority(self) -> tuple[ssl.SSLContext, dict[str, str]]:
        """What the server speaks TLS by, and the variables that let clients trust it."""
        from ..server.certificates import context_made_up, trust_variables, write_trust_file

        assert self._trusted is not None
        context, trusted = context_made_up("")
        file = Path(self._trusted.name) / "ca.pem"
        write_trust_file(file, trusted)
        return context, trust_variables(file)

    def acquire(self, choice: MockOptions) -> MockServer:
        """A namespace of its own for a test, and home of all requests that say nothing of a namespace."""
        access_key = f"MOCKSERVER{next(_numbers):010d}"
        pair = choice.own.get("credentials") or {access_key: _SECRET}
        app = choice.own.get("apps") or {DEFAULT_APP_KEY: DEFAULT_APP_SECRET}
        projects = choice.own.get("projects") or (PROJECT,)
        own = {**choice.own, "credentials": dict(pair), "apps": dict(app)}
        namespace = self.mock.namespace(access_key, **own)
        (key, secret), (app_key, app_secret) = next(iter(pair.items())), next(iter(app.items()))
        credentials = Credentials(key, secret, projects[0], app_key, app_secret)
        tenant = MockServer(self.mock, namespace, self._url, credentials, self._endpoints)
        self._before = set(self.mock.namespace_names())
        self._tenants[access_key] = tenant
        self.mock.default_namespace = access_key
        return tenant

    def release(self, tenant: MockServer) -> None:
        """End a test's time: its clients are closed, its namespace stays for a while for threads that it left behind."""
        tenant.close()
        self.mock.default_namespace = DEFAULT_NAMESPACE
        self.mock.begin_again()  # faults of the port are the default namespace's
        for name in set(self.mock.namespace_names()) - self._before:
            self.mock.delete_namespace(name)
        self._over.append(tenant.namespace)
        if len(self._over) > _KEPT:
            old = self._over.popleft()
            self.mock.delete_namespace(old)
            self._tenants.pop(old, None)

    def stop(self) -> None:
        """Close the socket."""
        if self._server:
            self._server.stop()
        if self._trusted:
            self._trusted.cleanup()

    def _answered(
        self, time: int, request: Request, response: Response, operation: Operation | None, namespace: Namespace
    ) -> None:
        tenant = self._tenants.get(namespace.name)
        if tenant is not None:
            tenant.note(time, request, response, operation)


class ServerPool:
    """The houses of a process: one for all tests, and more for those that choose settings which a whole mock has."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, bool], SharedServer] = {}

    def house(self, choice: MockOptions, socket: bool = True) -> SharedServer:
        """The house for a choice, on a socket or on none. Raises InputError for settings that are wrong."""
        key = (choice.key(), socket)
        if key not in self._by_key:
            self._by_key[key] = SharedServer(choice, socket)
        return self._by_key[key]

    def stop(self) -> None:
        """End them all."""
        while self._by_key:
            self._by_key.popitem()[1].stop()
