"""The torture rack in pytest: the marker `mockserver_torture`, the fixture `hazard`, and the table at the end of the run.

Part of the plugin, which registers it; nothing heavy is imported before a test is marked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .errors import InputError
from .pytest_documents import own_documents

if TYPE_CHECKING:
    from .definitions import Definitions
    from .testing.mock_server import MockServer
    from .torture_rack.runner import HazardRun, TortureOptions

_GRADED = pytest.StashKey[list[dict[str, Any]]]()
_COMPLAINTS = pytest.StashKey[list[str]]()
_MARK = "mockserver_torture"
_MARKER = (
    f"{_MARK}(service, only=, skip=, allow=, give_up='6h', max_polls=3000, watchdog=10, starts=False, **job): run the test"
    " once for each hazard of the service, given to it as `hazard`; starts: the code starts its job, and there are hazards"
    " of starting; job: parts of the job's identity, and facts"
)
_WORKER = "mockserver_torture"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option for the table as JSON."""
    parser.getgroup("mockserver").addoption(
        "--mockserver-torture-json", metavar="FILE", help="write the grades of the torture rack as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", _MARKER)
    config.stash[_GRADED] = []
    config.stash[_COMPLAINTS] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `hazard` becomes one for each hazard of its marker."""
    marker = metafunc.definition.get_closest_marker(_MARK)
    if "hazard" not in metafunc.fixturenames or marker is None:
        return
    try:
        chosen = _options(marker, own_documents(metafunc.definition))
    except (InputError, TypeError) as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: @pytest.mark.{_MARK}: {error}") from None
    supplied = [pytest.param((chosen, hazard), id=hazard.name) for hazard in chosen.hazards]
    metafunc.parametrize("hazard", supplied, indirect=True)


def _options(marker: pytest.Mark, documents: tuple[str, ...]) -> TortureOptions:
    """What the marker chooses. Raises InputError, and TypeError for arguments that don't fit."""
    from .torture_rack.runner import options

    return options(_definitions(documents), *marker.args, **marker.kwargs)


@cache
def _definitions(documents: tuple[str, ...]) -> Definitions:
    from .definitions import load

    return load(map(Path, documents))


@pytest.fixture
def hazard(request: pytest.FixtureRequest, mockserver: MockServer) -> Iterator[HazardRun]:
    """One hazard: `hazard.run(lambda: wait_for("jdbc2hive"))` runs a poller in it, and grades it."""
    from .torture_rack.runner import HazardRun

    if not hasattr(request, "param"):
        pytest.fail(f"the fixture hazard goes with @pytest.mark.{_MARK}(service, ...)", pytrace=False)
    chosen, which = request.param
    item = HazardRun(mockserver, which, chosen)
    yield item
    if item.report is None:
        pytest.fail(f"hazard {item.name} was never run: call hazard.run(...) in the test", pytrace=False)
    request.config.stash[_GRADED].append({"test": _poller(request.node, item.name), **item.report.as_json()})


def _poller(node: Any, name: str) -> str:
    """The test's name, without the hazard's."""
    rest = "-".join(part for part in node.callspec.id.replace(name, "").split("-") if part)
    return f"{node.originalname}[{rest}]" if rest else str(node.originalname)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - xdist's signature
    """A worker of pytest-xdist has ended: what its tests graded comes here."""
    node.config.stash[_GRADED] += getattr(node, "workeroutput", {}).get(_WORKER, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the grades; a worker hands them to the process that started it."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput[_WORKER] = config.stash[_GRADED]
        return
    graded, target = config.stash[_GRADED], config.getoption("--mockserver-torture-json")
    if not target:
        return
    from .torture_rack.table import as_json

    try:
        Path(target).write_text(json.dumps(as_json(graded), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        config.stash[_COMPLAINTS].append(f"mockserver: can't write {target}: {error.strerror}")
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table of grades: a line for each hazard, a column for each poller."""
    graded = config.stash[_GRADED]
    if graded:
        from .torture_rack.table import table

        terminalreporter.section("mockserver: torture rack")
        for line in table(graded):
            terminalreporter.line(line)
    for complaint in config.stash[_COMPLAINTS]:
        terminalreporter.line(complaint, red=True)
