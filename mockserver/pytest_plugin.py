"""The pytest plugin: fixtures `mockserver` and `mockserver_app`, the marker, what a failed test's report shows, the counts.

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

from . import pytest_torture
from .errors import InputError

if TYPE_CHECKING:
    from .testing.double import MockServer
    from .testing.house import Houses
    from .testing.options import Choice

_DOUBLES = pytest.StashKey[list["MockServer"]]()
_FAILED = pytest.StashKey[bool]()
_COUNTS = pytest.StashKey[list[dict[str, Any]]]()
_REPORT = pytest.StashKey[dict[str, Any]]()
_COMPLAINTS = pytest.StashKey[list[str]]()
_MARKER = (
    "mockserver(seed, auth, unknown_ids, speed, ..., allow_unexpected=False): settings of the test's mock, by their names in"
    " mockserver.Settings; allow_unexpected lets requests pass that no operation has"
)
_EGRESS = ("fixture", "all", "off")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Options and ini settings; and the plugin's other half, the torture rack."""
    pluginmanager.register(pytest_torture, "mockserver-torture")
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
    group.addoption(
        "--mockserver-fail-under",
        type=float,
        metavar="PERCENT",
        help="fail the run if the pollers saw less than this of what is documented",
    )
    group.addoption("--contract-target", metavar="URL", help="the service to hold against its documentation, not the mock")
    group.addoption("--contract-profile", metavar="FILE", help="ids to ask it with, as contracts/profile.json has them")
    parser.addini("mockserver_intercept", "as --mockserver-intercept", type="bool", default=False)
    parser.addini("mockserver_hosts", "more patterns of hosts to intercept and to guard", type="linelist", default=[])
    parser.addini(
        "mockserver_egress", "tests that may not reach the vendors' real hosts: fixture, all or off", default="fixture"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and the guard over all tests where the ini file wants it."""
    config.addinivalue_line("markers", _MARKER)
    config.stash[_COUNTS] = []
    config.stash[_COMPLAINTS] = []
    egress = config.getini("mockserver_egress")
    if egress not in _EGRESS:
        raise pytest.UsageError(f"mockserver_egress is {egress!r}; allowed: {', '.join(_EGRESS)}")
    if egress == "all":
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


@pytest.fixture(scope="session")
def _mockserver_houses() -> Iterator[Houses]:
    from .testing.house import Houses

    houses = Houses()
    yield houses
    houses.stop()


@pytest.fixture
def mockserver(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _mockserver_houses: Houses
) -> Iterator[MockServer]:
    """A mock of the vendors' APIs for this test alone: declare jobs, drive its clock, assert how it was polled.

    It answers on a socket; SDK code is turned to it by the environment, which is set for the test.
    """
    with _living(request, monkeypatch, _mockserver_houses, socket=True) as double:
        yield double


@pytest.fixture
def mockserver_app(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _mockserver_houses: Houses
) -> Iterator[MockServer]:
    """The same on no socket: `.app`, `.test_client()`, `.client()`, `.intercept()`."""
    with _living(request, monkeypatch, _mockserver_houses, socket=False) as double:
        yield double


@contextmanager
def _living(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, houses: Houses, socket: bool
) -> Iterator[MockServer]:
    try:
        chosen = _choice(request.node)
        house = houses.house(chosen, socket)
        double = house.move_in(chosen)
    except InputError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    _set_environment(monkeypatch, double.env)
    _show_to_unittest(request, monkeypatch, double)
    request.node.stash.setdefault(_DOUBLES, []).append(double)
    try:
        with _hosts(request.config, double):
            yield double
    finally:
        house.move_out(double)
        request.config.stash[_COUNTS].append(double.counts())
    troubles = double.troubles(chosen.allow_unexpected)
    if troubles and not request.node.stash.get(_FAILED, False):
        pytest.fail("\n".join(dict.fromkeys(troubles)), pytrace=False)


def _choice(node: Any) -> Choice:
    """The settings of the markers around a test, the nearest last. Raises InputError."""
    from .testing.options import choice

    given: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("mockserver"))):
        if marker.args:
            raise InputError(f"@pytest.mark.mockserver takes keywords only; found {marker.args!r}")
        given |= marker.kwargs
    return choice(given)


def _set_environment(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Set the variables; those for the SDKs that the developer has set, a real project or token, are gone for the test."""
    for name in [name for name in os.environ if name.startswith("HUAWEICLOUD_SDK_") and name not in variables]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def _show_to_unittest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, double: MockServer) -> None:
    """Tests of `unittest.TestCase` take no fixtures as arguments: theirs is an attribute of the test."""
    unittest = sys.modules.get("unittest")
    if unittest and request.cls is not None and issubclass(request.cls, unittest.TestCase):
        monkeypatch.setattr(request.instance or request.cls, request.fixturename or "mockserver", double, raising=False)


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
            shown = "\n".join([*dict.fromkeys(double.troubles()), double.report()]).strip()
            report.sections.append(("mockserver", shown or "nothing was asked: is the client turned to the mock?"))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - xdist's signature
    """A worker of pytest-xdist has ended: what its tests counted comes here."""
    node.config.stash[_COUNTS] += getattr(node, "workeroutput", {}).get("mockserver", [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add up what the pollers saw; a worker hands it to the process that started it."""
    config = session.config
    counts, least = config.stash[_COUNTS], config.getoption("--mockserver-fail-under")
    target = config.getoption("--mockserver-report-json")
    if hasattr(config, "workeroutput"):
        config.workeroutput["mockserver"] = counts
        return
    if not (config.getoption("--mockserver-report") or target or least is not None):
        return
    from .definitions import load
    from .testing import shown

    found = config.stash[_REPORT] = shown.report(load(), shown.merge(counts))
    complaints = config.stash[_COMPLAINTS]
    if target:
        try:
            Path(target).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            complaints.append(f"mockserver: can't write {target}: {error.strerror}")
    if least is not None and found["percent"] < least:
        complaints.append(f"mockserver: {found['percent']} % was shown, wanted {least:g} % at least")
    if complaints and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """What the pollers were shown, and whether that is enough."""
    found = config.stash.get(_REPORT, None)
    if found is not None and config.getoption("--mockserver-report"):
        from .testing import shown

        terminalreporter.section("mockserver: shown to the code under test")
        for line in shown.text(found):
            terminalreporter.line(line)
    for complaint in config.stash[_COMPLAINTS]:
        terminalreporter.line(complaint, red=True)
