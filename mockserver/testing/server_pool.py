"""One mock (and its server), shared by the tests of a process; each test gets a namespace of its own."""

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
_MOST_RELEASED = 50
"""So many namespaces of finished tests stay, so that threads left behind by a test still reach their own namespace."""

_numbers = count(1)


class SharedServer:
    """A mock for tests, with or without a socket. Tests use it one after the other; `stop` ends it.

    Raises InputError for a wrong setting, definition or fixture file.
    """

    def __init__(self, options: MockOptions, socket: bool = True) -> None:
        definitions = None if options.mock_settings.get("definitions") else load()
        self.mock = Mock(Settings(**{**REJECT, **options.settings()}), definitions=definitions)
        self.mock.on_answer = self._record_answer
        self._ca_folder = tempfile.TemporaryDirectory(prefix="mockserver-") if socket and self.mock.settings.tls else None
        tls, trust = self._new_authority() if self._ca_folder else (None, {})
        self._server = MockHttpServer(self.mock, tls=tls).start() if socket else None
        self._url = self._server.url if self._server else None
        self._endpoints = {**endpoints(self.mock.definitions, self._url), **trust}
        self._mock_servers: dict[str, MockServer] = {}
        self._released: deque[str] = deque()
        self._names_before: set[str] = set()

    def _new_authority(self) -> tuple[ssl.SSLContext, dict[str, str]]:
        """The server's TLS context, and the variables that let clients trust it."""
        from ..server.certificates import new_context, trust_variables, write_trust_file

        assert self._ca_folder is not None
        context, certificates = new_context("")
        file = Path(self._ca_folder.name) / "ca.pem"
        write_trust_file(file, certificates)
        return context, trust_variables(file)

    def acquire(self, options: MockOptions) -> MockServer:
        """A new namespace for a test; requests that name no namespace also go there."""
        access_key = f"MOCKSERVER{next(_numbers):010d}"
        pair = options.namespace_settings.get("credentials") or {access_key: _SECRET}
        app = options.namespace_settings.get("apps") or {DEFAULT_APP_KEY: DEFAULT_APP_SECRET}
        projects = options.namespace_settings.get("projects") or (PROJECT,)
        settings = {**options.namespace_settings, "credentials": dict(pair), "apps": dict(app)}
        namespace = self.mock.namespace(access_key, **settings)
        (key, secret), (app_key, app_secret) = next(iter(pair.items())), next(iter(app.items()))
        credentials = Credentials(key, secret, projects[0], app_key, app_secret)
        mock_server = MockServer(self.mock, namespace, self._url, credentials, self._endpoints)
        self._names_before = set(self.mock.namespace_names())
        self._mock_servers[access_key] = mock_server
        self.mock.default_namespace = access_key
        return mock_server

    def release(self, mock_server: MockServer) -> None:
        """End a test's use: its clients are closed; its namespace stays for a while, for threads that it left behind."""
        mock_server.close()
        self.mock.default_namespace = DEFAULT_NAMESPACE
        self.mock.begin_again()  # faults of the port are the default namespace's
        for name in set(self.mock.namespace_names()) - self._names_before:
            self.mock.delete_namespace(name)
        self._released.append(mock_server.namespace)
        if len(self._released) > _MOST_RELEASED:
            oldest = self._released.popleft()
            self.mock.delete_namespace(oldest)
            self._mock_servers.pop(oldest, None)

    def stop(self) -> None:
        """Close the socket."""
        if self._server:
            self._server.stop()
        if self._ca_folder:
            self._ca_folder.cleanup()

    def _record_answer(
        self, time: int, request: Request, response: Response, operation: Operation | None, namespace: Namespace
    ) -> None:
        mock_server = self._mock_servers.get(namespace.name)
        if mock_server is not None:
            mock_server.note(time, request, response, operation)


class ServerPool:
    """The shared servers of a process: one for most tests, and others for tests that choose settings of a whole mock."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, bool], SharedServer] = {}

    def server(self, options: MockOptions, socket: bool = True) -> SharedServer:
        """The shared server for these options, with or without a socket. Raises InputError for wrong settings."""
        key = (options.key(), socket)
        if key not in self._by_key:
            self._by_key[key] = SharedServer(options, socket)
        return self._by_key[key]

    def stop(self) -> None:
        """Stop them all."""
        while self._by_key:
            self._by_key.popitem()[1].stop()
