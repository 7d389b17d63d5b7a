"""The pytest plugin: the fixtures `mockserver`, `mockserver_app`, `contract`, markers, reports of failed tests, coverage.

It is small on purpose: pytest loads it in every run, and heavy modules are only imported when a test uses a fixture.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import pytest_documents, pytest_torture
from .errors import InputError
from .pytest_documents import own_documents

if TYPE_CHECKING:
    from .definitions import Definitions
    from .testing.contract_fixture import Contract
    from .testing.mock_options import MockOptions
    from .testing.mock_server import MockServer
    from .testing.server_pool import ServerPool


class MockserverWarning(pytest.PytestWarning):
    """A mock has served a request with undocumented parameters."""


_MOCK_SERVERS = pytest.StashKey[list["MockServer"]]()
_FAILED = pytest.StashKey[bool]()
_CONTRACT = pytest.StashKey["Contract"]()
_CONTRACT_COMPLAINED = pytest.StashKey[bool]()
_SERVER_POOL = pytest.StashKey["ServerPool"]()
_COUNTS = pytest.StashKey[list[dict[str, Any]]]()
_SERVED = pytest.StashKey[dict[str, None]]()
_COVERAGE = pytest.StashKey[Any]()
_COMPLAINTS = pytest.StashKey[list[str]]()
_MARKER = (
    "mockserver(seed, auth, unknown_ids, speed, ..., allow_unexpected=False): settings of the test's mock, by their names in"
    " mockserver.Settings; allow_unexpected lets requests pass that no operation has"
)
_CONTRACT_MARKER = (
    "mockserver_contract(strict=False, fail_on='warning', ignore=[]): how the fixture contract holds a test: documents read"
    " strictly, from which severity on findings fail it, and codes (`mockserver explain`) that are left out"
)
_EGRESS = ("fixture", "all", "off")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add options and ini settings, and register the torture rack."""
    pluginmanager.register(pytest_torture, "mockserver-torture")
    pytest_documents.pytest_addoption(parser)
    group = parser.getgroup("mockserver")
    group.addoption(
        "--mockserver-intercept",
        action="store_true",
        help="answer what tests with a mockserver fixture send by `requests` to the vendors' public hosts",
    )
    group.addoption(
        "--mockserver-report", action="store_true", help="show which statuses, errors and faults the tests' pollers saw"
    )
    group.addoption("--mockserver-report-json", metavar="FILE", help="write the same as JSON")
    group.addoption("--mockserver-report-html", metavar="FILE", help="write the same as an HTML page")
    group.addoption(
        "--mockserver-fail-under",
        type=float,
        metavar="PERCENT",
        help="fail the run if the pollers saw less than this of what is documented",
    )
    group.addoption(
        "--contract-target",
        metavar="URL",
        help="the service to hold against its documentation, not the mock: tests with the fixture contract ask it",
    )
    group.addoption("--contract-profile", metavar="FILE", help="ids to ask it with, as contracts/profile.json has them")
    parser.addini("mockserver_intercept", "as --mockserver-intercept", type="bool", default=False)
    parser.addini("mockserver_hosts", "more patterns of hosts to intercept and to guard", type="linelist", default=[])
    parser.addini(
        "mockserver_egress", "tests that may not reach the vendors' real hosts: fixture, all or off", default="fixture"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Add the markers, and the guard for all tests if the ini file asks for it."""
    config.addinivalue_line("markers", _MARKER)
    config.addinivalue_line("markers", _CONTRACT_MARKER)
    config.stash[_COUNTS] = []
    config.stash[_SERVED] = {}
    config.stash[_COMPLAINTS] = []
    egress = config.getini("mockserver_egress")
    if egress not in _EGRESS:
        raise pytest.UsageError(f"mockserver_egress is {egress!r}; allowed: {', '.join(_EGRESS)}")
    if egress == "all" and not config.getoption("--contract-target"):
        config.pluginmanager.register(_GuardsAll(), "mockserver-guards-all")


class _GuardsAll:
    @pytest.fixture(autouse=True)
    def _mockserver_egress(self, request: pytest.FixtureRequest) -> Iterator[None]:
        from .testing.guard import egress_guard

        blocked: list[str] = []
        with egress_guard(blocked.append, request.config.getini("mockserver_hosts")):
            yield
        if blocked and not request.node.stash.get(_FAILED, False):
            pytest.fail("\n".join(dict.fromkeys(blocked)), pytrace=False)


@pytest.fixture
def mockserver(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """A mock of the vendors' APIs for this test alone: declare jobs, control its clock, assert how it was polled.

    It answers on a socket; SDK code is pointed at it by the environment, which is set for the test.
    """
    _needs_control(request.config)
    with _running_mock_server(request, socket=True) as mock_server:
        yield mock_server


@pytest.fixture
def mockserver_app(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """The same mock without a socket: `.app`, `.test_client()`, `.client()`, `.intercept()`."""
    _needs_control(request.config)
    with _running_mock_server(request, socket=False) as mock_server:
        yield mock_server


@pytest.fixture
def contract(request: pytest.FixtureRequest) -> Iterator[Contract]:
    """Checks every exchange of the test (request and answer) against the vendors' documents, by itself and over time.

    The exchanges are those with the test's mock (a new one if the test doesn't take `mockserver`), or, with
    --contract-target, those with the service.
    """
    with ExitStack() as stack:
        patch = stack.enter_context(_patch(request))
        names = [name for name in ("mockserver", "mockserver_app") if name in request.fixturenames]
        mock_servers = [request.getfixturevalue(name) for name in names]
        try:
            if request.config.getoption("--contract-target"):
                result = _contract_for_target(request, patch)
            else:
                defaults = {"unknown_ids": "create"}
                mock_servers = mock_servers or [
                    stack.enter_context(_running_mock_server(request, socket=True, defaults=defaults))
                ]
                result = _contract_for_test_mock(request, mock_servers)
        except InputError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        request.node.stash[_CONTRACT] = result
        _show_to_unittest(request, patch, result)
        try:
            yield result
        finally:
            result.close()
        complaint = result.complaint()
        if complaint and not request.node.stash.get(_FAILED, False):
            request.node.stash[_CONTRACT_COMPLAINED] = True
            troubles = [trouble for mock_server in mock_servers for trouble in mock_server.troubles(allow_unexpected=True)]
            pytest.fail("\n".join([complaint, *dict.fromkeys(troubles)]), pytrace=False)


def _contract_for_test_mock(request: pytest.FixtureRequest, mock_servers: list[MockServer]) -> Contract:
    """Raises InputError."""
    from .testing.contract_fixture import contract_options
    from .testing.contract_on_mock import contract_for_mock

    options = contract_options(_marker_keywords(request.node, "mockserver_contract"), mock_servers[0].mock.definitions)
    if _options_of(request.node).allow_unexpected:
        options = options.without("request-unknown")
    return contract_for_mock(mock_servers, options, _profile(request.config, mock_servers[0].mock.definitions))


def _contract_for_target(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> Contract:
    """Raises InputError."""
    from .definitions import load
    from .testing.contract_fixture import contract_options
    from .testing.contract_on_service import contract_for_service
    from .testing.environ import Environment

    files = own_documents(request.node)
    definitions = load(map(Path, files))
    options = contract_options(_marker_keywords(request.node, "mockserver_contract"), definitions)
    url = request.config.getoption("--contract-target")
    profile = _profile(request.config, definitions)
    result = contract_for_service(url, options, profile, dict(os.environ), definitions, files)
    patch.setitem(Environment(hide=()), "contract", result.env)
    return result


def _profile(config: pytest.Config, definitions: Definitions | None = None) -> dict[str, dict[str, str]]:
    """The ids for requests. Raises InputError."""
    from .contract.cases import read_profile

    path = config.getoption("--contract-profile")
    return read_profile(Path(path) if path else None, os.environ, definitions)


def _needs_control(config: pytest.Config) -> None:
    """Skip tests that control their mock if the run is about a real service."""
    url = config.getoption("--contract-target")
    if url:
        from .contract.target import target_of

        try:
            target = target_of(url)
        except InputError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        pytest.skip(f"needs a mock that it can control; --contract-target is {target}")


@contextmanager
def _patch(request: pytest.FixtureRequest) -> Iterator[pytest.MonkeyPatch]:
    """The test's own `monkeypatch` if it has one, so that the last change is undone first; else a new one."""
    if "monkeypatch" in request.fixturenames:
        yield request.getfixturevalue("monkeypatch")
    else:
        with pytest.MonkeyPatch.context() as patch:
            yield patch


def _server_pool(config: pytest.Config) -> ServerPool:
    """The shared servers of this run; `pytest_unconfigure` stops them."""
    if _SERVER_POOL not in config.stash:
        from .testing.server_pool import ServerPool

        config.stash[_SERVER_POOL] = ServerPool()
    return config.stash[_SERVER_POOL]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared servers."""
    if _SERVER_POOL in config.stash:
        config.stash[_SERVER_POOL].stop()


@contextmanager
def _running_mock_server(
    request: pytest.FixtureRequest, socket: bool, defaults: dict[str, Any] | None = None
) -> Iterator[MockServer]:
    try:
        options = _options_of(request.node, defaults)
        shared_server = _server_pool(request.config).server(options, socket)
        mock_server = shared_server.acquire(options)
    except InputError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    from .testing.environ import Environment

    request.node.stash.setdefault(_MOCK_SERVERS, []).append(mock_server)
    try:
        with _patch(request) as patch, _hosts(request.config, mock_server):
            patch.setitem(Environment(), "mockserver", mock_server.env)
            _show_to_unittest(request, patch, mock_server)
            yield mock_server
    finally:
        shared_server.release(mock_server)
        if _wants_coverage(request.config):
            request.config.stash[_COUNTS].append(mock_server.counts())
            request.config.stash[_SERVED].update(dict.fromkeys(mock_server.mock.settings.definitions))
    for notice in mock_server.notices():
        request.node.warn(MockserverWarning(notice))
    troubles = mock_server.troubles(options.allow_unexpected)
    reported = request.node.stash.get(_FAILED, False) or request.node.stash.get(_CONTRACT_COMPLAINED, False)
    if troubles and not reported:
        pytest.fail("\n".join(dict.fromkeys(troubles)), pytrace=False)


def _options_of(node: Any, defaults: dict[str, Any] | None = None) -> MockOptions:
    """The settings of the markers around a test, on top of `defaults` and the run's documents. Raises InputError."""
    from .testing.mock_options import mock_options

    documents = own_documents(node)
    return mock_options(
        {**({"definitions": documents} if documents else {}), **(defaults or {}), **_marker_keywords(node, "mockserver")}
    )


def _marker_keywords(node: Any, name: str) -> dict[str, Any]:
    """The keywords of the markers of this name around a test, the nearest last. Raises InputError."""
    keywords: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(name))):
        if marker.args:
            raise InputError(f"@pytest.mark.{name} takes keywords only; found {marker.args!r}")
        keywords |= marker.kwargs
    return keywords


def _show_to_unittest(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch, mock_server: Any) -> None:
    """Tests of `unittest.TestCase` can't take fixtures as arguments: they get an attribute instead."""
    unittest = sys.modules.get("unittest")
    if unittest and request.cls is not None and issubclass(request.cls, unittest.TestCase):
        patch.setattr(request.instance or request.cls, request.fixturename or "mockserver", mock_server, raising=False)


@contextmanager
def _hosts(config: pytest.Config, mock_server: MockServer) -> Iterator[None]:
    hosts = config.getini("mockserver_hosts")
    with ExitStack() as stack:
        if config.getini("mockserver_egress") != "off":
            from .testing.guard import egress_guard

            stack.enter_context(egress_guard(mock_server.blocked.append, hosts))
        if config.getoption("--mockserver-intercept") or config.getini("mockserver_intercept"):
            stack.enter_context(mock_server.intercept(*hosts))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the exchanges of its mocks to a failed test's report."""
    report = yield
    if report.failed and not item.stash.get(_FAILED, False):
        item.stash[_FAILED] = True
        for mock_server in item.stash.get(_MOCK_SERVERS, []):
            text = "\n".join([*dict.fromkeys(mock_server.troubles()), mock_server.report()]).strip()
            report.sections.append(("mockserver", text or "nothing was asked: is the client pointed at the mock?"))
        item_contract = item.stash.get(_CONTRACT, None)
        if item_contract is not None and item_contract.findings:
            report.sections.append(("mockserver: contract", "\n".join(item_contract.lines())))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - xdist's signature
    """Take over the counts of a pytest-xdist worker that has ended."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[_COUNTS] += output.get("mockserver", [])
    node.config.stash[_SERVED].update(dict.fromkeys(output.get("mockserver_documents", [])))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add up the coverage of the pollers; a worker gives its counts to the process that started it."""
    config = session.config
    counts, served, least_percent = config.stash[_COUNTS], config.stash[_SERVED], config.getoption("--mockserver-fail-under")
    if hasattr(config, "workeroutput"):
        config.workeroutput |= {"mockserver": counts, "mockserver_documents": list(served)}
        return
    if not _wants_coverage(config):
        return
    from .definitions import load
    from .testing import poller_coverage

    coverage = config.stash[_COVERAGE] = poller_coverage.sum_of_counts(load(map(Path, served)), counts)
    percent = poller_coverage.percent(coverage)
    complaints = config.stash[_COMPLAINTS]
    files = {form: config.getoption(f"--mockserver-report-{form}") for form in ("json", "html")}
    if files["json"]:
        _write(files["json"], json.dumps(poller_coverage.report(coverage), indent=2) + "\n", complaints)
    if files["html"]:
        from .testing import poller_coverage_html

        _write(files["html"], poller_coverage_html.html(coverage, least_percent), complaints)
    if least_percent is not None and percent < least_percent:
        complaints.append(f"mockserver: {percent} % was shown, wanted {least_percent:g} % at least")
    if complaints and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _wants_coverage(config: pytest.Config) -> bool:
    """True if an option asks for the coverage of the pollers."""
    files = any(config.getoption(f"--mockserver-report-{form}") for form in ("json", "html"))
    return bool(config.getoption("--mockserver-report") or files or config.getoption("--mockserver-fail-under") is not None)


def _write(file: str, text: str, complaints: list[str]) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        complaints.append(f"mockserver: can't write {file}: {error.strerror}")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the coverage of the pollers, and the complaints."""
    coverage = config.stash.get(_COVERAGE, None)
    if coverage is not None and config.getoption("--mockserver-report"):
        from .testing import poller_coverage

        terminalreporter.section("mockserver: shown to the code under test")
        for line in poller_coverage.text(coverage):
            terminalreporter.line(line)
    for complaint in config.stash[_COMPLAINTS]:
        terminalreporter.line(complaint, red=True)
