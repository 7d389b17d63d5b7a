"""Fixtures of the tests that talk to the real server process, and the count of the SDK calls that passed."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

pytest.register_assert_rewrite("sdk_clients")
gc.set_threshold(50_000, 20, 20)  # most objects of a test process stay: to look at all of them takes a sixth of the time

from sdk_clients import CALL_NOTE, MODES, POSEIDON, REGION, SDKS, Connect, Server, forget  # noqa: E402

from mockserver import MockServer, running  # noqa: E402
from mockserver.definitions import Definitions, load  # noqa: E402
from mockserver.listing import environment  # noqa: E402
from mockserver.settings import Settings  # noqa: E402

Start = Callable[..., Server]


@pytest.fixture(scope="session", autouse=True)
def straight() -> Iterator[None]:
    """No proxy stands between the tests and 127.0.0.1."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1")
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server as it starts by default: `--auth presence`."""
    with Server("--auth", "presence") as server:
        yield server


@pytest.fixture(scope="session")
def strict_server() -> Iterator[Server]:
    """The server that wants right credentials: `--auth verify`."""
    with Server("--auth", "verify") as server:
        yield server


@pytest.fixture(scope="session")
def shared() -> Iterator[Start]:
    """Gives the server with these options: one for all tests, which may `reset` but not stop it."""
    running: dict[tuple[str, ...], Server] = {}
    with ExitStack() as stack:

        def shared(*options: str) -> Server:
            if options not in running:
                running[options] = stack.enter_context(Server(*options))
            return running[options]

        yield shared


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server with these options for one test alone; it stops with the test."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(Server(*options))


@pytest.fixture
def connect(record_property: Callable[[str, object], None]) -> Iterator[Connect]:
    """Builds SDK clients; they are closed with the test."""
    connect = Connect(record_property)
    yield connect
    connect.close()


@pytest.fixture(scope="module")
def module_mock() -> Iterator[MockServer]:
    """A mock for all tests of a file."""
    with running() as mock:
        yield mock


@pytest.fixture
def mock(module_mock: MockServer) -> MockServer:
    """The mock of the file, as new; its clock stands still."""
    module_mock.reset()
    module_mock.clock.freeze()
    return module_mock


@pytest.fixture(scope="session")
def shipped() -> Definitions:
    """The shipped definitions."""
    return load()


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch, shipped: Definitions) -> Iterator[Callable[[Server], None]]:
    """Turns SDK code to a server by nothing but the variables of `mockserver env`."""

    def turn(server: Server) -> None:
        for name, value in environment(shipped, Settings(port=server.port), [REGION]).items():
            monkeypatch.setenv(name, value)

    for name in ("PROJECT_ID", "SECURITY_TOKEN", "IDP_ID", "ID_TOKEN_FILE"):
        monkeypatch.delenv(f"HUAWEICLOUD_SDK_{name}", raising=False)
    forget()
    yield turn
    forget()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many calls of each SDK passed, and how many of the documented errors they saw; with -v, each error."""
    calls: dict[str, list[list[str]]] = defaultdict(list)
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == CALL_NOTE and report.when == "call":
                calls[value[0]].append(value)
    if not calls:
        return
    definitions = load()
    operations = {sdk.package: sdk.operation for sdk in SDKS} | {POSEIDON: "GetTaskInstance"}
    terminalreporter.section("SDK calls that passed")
    terminalreporter.line(f"{'SDK':<30}{'calls':>6}{'answers':>9}{'errors':>8}  documented errors seen")
    for package, operation in operations.items():
        made = calls[package]
        if not made:
            continue
        errors = [call for call in made if call[2] == "error"]
        known = definitions.operation(operation).errors()
        seen = {mode: {call[3] for call in errors if call[1] == mode} & {error.name for error in known} for mode in MODES}
        parts = ", ".join(f"{len(names)} of {len(known)} {mode}" for mode, names in seen.items() if names)
        counts = f"{len(made):>6}{len(made) - len(errors):>9}{len(errors):>8}"
        terminalreporter.line(f"{package:<30}{counts}  {parts or 'none'}")
        if terminalreporter.verbosity >= 0:  # -v, since pyproject.toml has -q
            for error in known:
                times = sum(call[3] == error.name for call in errors)
                terminalreporter.line(f"    {error.statuses[0]} {(error.error or {})['code']:<12}{error.name:<24}{times:>4}")
