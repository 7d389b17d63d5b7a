"""The pytest plugin: fixtures `mockserver`, `mockserver_app`, `contract`, markers, what a failed report shows, the counts.

Thin on purpose: pytest loads it in every run, and nothing heavy is imported before a test uses a fixture.
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
    """What a mock served although no document has it: an unknown query parameter."""


_DOUBLES = pytest.StashKey[list["MockServer"]]()
_FAILED = pytest.StashKey[bool]()
_CONTRACT = pytest.StashKey["Contract"]()
_TOLD = pytest.StashKey[bool]()
_HOUSES = pytest.StashKey["ServerPool"]()
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
    """Options and ini settings; and the plugin's other half, the torture rack."""
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
    """The marker, and the guard over all tests where the ini file wants it."""
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
    """A mock of the vendors' APIs for this test alone: declare jobs, drive its clock, assert how it was polled.

    It answers on a socket; SDK code is pointed at it by the environment, which is set for the test.
    """
    _needs_control(request.config)
    with _living(request, socket=True) as double:
        yield double


@pytest.fixture
def mockserver_app(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """The same on no socket: `.app`, `.test_client()`, `.client()`, `.intercept()`."""
    _needs_control(request.config)
    with _living(request, socket=False) as double:
        yield double


@pytest.fixture
def contract(request: pytest.FixtureRequest) -> Iterator[Contract]:
    """Holds every exchange of the test against what the vendors document, requests and answers, alone and over time.

    Those with the test's mock (its own where it takes no mockserver), or with --contract-target those with the service.
    """
    with ExitStack() as stack:
        patch = stack.enter_context(_patch(request))
        names = [name for name in ("mockserver", "mockserver_app") if name in request.fixturenames]
        doubles = [request.getfixturevalue(name) for name in names]
        try:
            if request.config.getoption("--contract-target"):
                result = _held_service(request, patch)
            else:
                own = {"unknown_ids": "create"}
                doubles = doubles or [stack.enter_context(_living(request, socket=True, own=own))]
                result = _held_mock(request, doubles)
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
            request.node.stash[_TOLD] = True
            troubles = [trouble for double in doubles for trouble in double.troubles(allow_unexpected=True)]
            pytest.fail("\n".join([complaint, *dict.fromkeys(troubles)]), pytrace=False)


def _held_mock(request: pytest.FixtureRequest, doubles: list[MockServer]) -> Contract:
    """Raises InputError."""
    from .testing.contract_fixture import contract_options
    from .testing.contract_on_mock import contract_for_mock

    expected = contract_options(_marked(request.node, "mockserver_contract"), doubles[0].mock.definitions)
    if _choice(request.node).allow_unexpected:
        expected = expected.without("request-unknown")
    return contract_for_mock(doubles, expected, _profile(request.config, doubles[0].mock.definitions))


def _held_service(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> Contract:
    """Raises InputError."""
    from .definitions import load
    from .testing.contract_fixture import contract_options
    from .testing.contract_on_service import contract_for_service
    from .testing.environ import Environment

    files = own_documents(request.node)
    definitions = load(map(Path, files))
    expected = contract_options(_marked(request.node, "mockserver_contract"), definitions)
    url = request.config.getoption("--contract-target")
    profile = _profile(request.config, definitions)
    result = contract_for_service(url, expected, profile, dict(os.environ), definitions, files)
    patch.setitem(Environment(hide=()), "contract", result.env)
    return result


def _profile(config: pytest.Config, definitions: Definitions | None = None) -> dict[str, dict[str, str]]:
    """The ids to ask with. Raises InputError."""
    from .contract.cases import read_profile

    path = config.getoption("--contract-profile")
    return read_profile(Path(path) if path else None, os.environ, definitions)


def _needs_control(config: pytest.Config) -> None:
    """Skip tests that tell their mock what to do, where the run is about a real service."""
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
    """The test's own `monkeypatch`, where it has one: what was set last is undone first. Else one that costs no fixture."""
    if "monkeypatch" in request.fixturenames:
        yield request.getfixturevalue("monkeypatch")
    else:
        with pytest.MonkeyPatch.context() as patch:
            yield patch


def _houses(config: pytest.Config) -> ServerPool:
    """The mocks of this run; `pytest_unconfigure` stops them."""
    if _HOUSES not in config.stash:
        from .testing.server_pool import ServerPool

        config.stash[_HOUSES] = ServerPool()
    return config.stash[_HOUSES]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the tests used."""
    if _HOUSES in config.stash:
        config.stash[_HOUSES].stop()


@contextmanager
def _living(request: pytest.FixtureRequest, socket: bool, own: dict[str, Any] | None = None) -> Iterator[MockServer]:
    try:
        chosen = _choice(request.node, own)
        house = _houses(request.config).server(chosen, socket)
        double = house.acquire(chosen)
    except InputError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    from .testing.environ import Environment

    request.node.stash.setdefault(_DOUBLES, []).append(double)
    try:
        with _patch(request) as patch, _hosts(request.config, double):
            patch.setitem(Environment(), "mockserver", double.env)
            _show_to_unittest(request, patch, double)
            yield double
    finally:
        house.release(double)
        if _reports(request.config):
            request.config.stash[_COUNTS].append(double.counts())
            request.config.stash[_SERVED].update(dict.fromkeys(double.mock.settings.definitions))
    for notice in double.notices():
        request.node.warn(MockserverWarning(notice))
    troubles = double.troubles(chosen.allow_unexpected)
    reported = request.node.stash.get(_FAILED, False) or request.node.stash.get(_TOLD, False)
    if troubles and not reported:
        pytest.fail("\n".join(dict.fromkeys(troubles)), pytrace=False)


def _choice(node: Any, own: dict[str, Any] | None = None) -> MockOptions:
    """The settings of the markers around a test, on top of `own` and the run's documents. Raises InputError."""
    from .testing.mock_options import mock_options

    documents = own_documents(node)
    return mock_options({**({"definitions": documents} if documents else {}), **(own or {}), **_marked(node, "mockserver")})


def _marked(node: Any, name: str) -> dict[str, Any]:
    """The keywords of the markers of this name around a test, the nearest last. Raises InputError."""
    supplied: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(name))):
        if marker.args:
            raise InputError(f"@pytest.mark.{name} takes keywords only; found {marker.args!r}")
        supplied |= marker.kwargs
    return supplied


def _show_to_unittest(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch, double: Any) -> None:
    """Tests of `unittest.TestCase` take no fixtures as arguments: theirs is an attribute of the test."""
    unittest = sys.modules.get("unittest")
    if unittest and request.cls is not None and issubclass(request.cls, unittest.TestCase):
        patch.setattr(request.instance or request.cls, request.fixturename or "mockserver", double, raising=False)


@contextmanager
def _hosts(config: pytest.Config, double: MockServer) -> Iterator[None]:
    hosts = config.getini("mockserver_hosts")
    with ExitStack() as stack:
        if config.getini("mockserver_egress") != "off":
            from .testing.guard import egress_guard

            stack.enter_context(egress_guard(double.blocked.append, hosts))
        if config.getoption("--mockserver-intercept") or config.getini("mockserver_intercept"):
            stack.enter_context(double.intercept(*hosts))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test's report shows what its mocks were asked and answered."""
    report = yield
    if report.failed and not item.stash.get(_FAILED, False):
        item.stash[_FAILED] = True
        for double in item.stash.get(_DOUBLES, []):
            text = "\n".join([*dict.fromkeys(double.troubles()), double.report()]).strip()
            report.sections.append(("mockserver", text or "nothing was asked: is the client pointed at the mock?"))
        held = item.stash.get(_CONTRACT, None)
        if held is not None and held.findings:
            report.sections.append(("mockserver: contract", "\n".join(held.lines())))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - xdist's signature
    """A worker of pytest-xdist has ended: what its tests counted comes here."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[_COUNTS] += output.get("mockserver", [])
    node.config.stash[_SERVED].update(dict.fromkeys(output.get("mockserver_documents", [])))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add up what the pollers saw; a worker hands it to the process that started it."""
    config = session.config
    counts, served, least = config.stash[_COUNTS], config.stash[_SERVED], config.getoption("--mockserver-fail-under")
    if hasattr(config, "workeroutput"):
        config.workeroutput |= {"mockserver": counts, "mockserver_documents": list(served)}
        return
    if not _reports(config):
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

        _write(files["html"], poller_coverage_html.html(coverage, least), complaints)
    if least is not None and percent < least:
        complaints.append(f"mockserver: {percent} % was shown, wanted {least:g} % at least")
    if complaints and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reports(config: pytest.Config) -> bool:
    """Whether somebody wants to know what the pollers saw."""
    files = any(config.getoption(f"--mockserver-report-{form}") for form in ("json", "html"))
    return bool(config.getoption("--mockserver-report") or files or config.getoption("--mockserver-fail-under") is not None)


def _write(file: str, text: str, complaints: list[str]) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        complaints.append(f"mockserver: can't write {file}: {error.strerror}")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """What the pollers were shown, and whether that is enough."""
    coverage = config.stash.get(_COVERAGE, None)
    if coverage is not None and config.getoption("--mockserver-report"):
        from .testing import poller_coverage

        terminalreporter.section("mockserver: shown to the code under test")
        for line in poller_coverage.text(coverage):
            terminalreporter.line(line)
    for complaint in config.stash[_COMPLAINTS]:
        terminalreporter.line(complaint, red=True)
