"""The package's face: its names, what a prompt completes, and what a user's type checker says."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import mockserver

USER_TEST = """
from mockserver import Client, DeclaredFault, DeclaredJob, InputError, Mock, MockServer, Settings, running


def declared(mock: MockServer) -> DeclaredJob:
    return mock.job("cdm", job_name="x", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)], age="1m")


def test_it(mockserver: MockServer) -> None:
    job = declared(mockserver)
    fault: DeclaredFault = mockserver.fail("cdm", status=502, times=3, job_name="x")
    with mockserver.clock.drive():
        assert job.status == "BOOTING" and fault.served == 0
    mockserver.assert_polled("cdm", job_name="x", min_interval=30, stops_after_terminal=True)
    mockserver.assert_called("ShowJobStatus", times=1, params={"job_name": "x"})


def other() -> None:
    with running(auth="verify") as mock:
        reveal_type(mock)
    reveal_type(Mock(Settings(auth="off")).job("tics", count=3).rerun())
    reveal_type(Client().jobs())
    Mock().job("cdm", life=5)
    raise InputError("x")
"""


def test_every_public_name_is_there() -> None:
    """`__all__` and `dir()` have the same names, each can be imported, and another one is refused with what there is."""
    assert set(mockserver.__all__) <= set(dir(mockserver))
    assert all(getattr(mockserver, name) is not None for name in mockserver.__all__)
    assert {"InputError", "DeclaredJob", "DeclaredFault", "Contract", "Client", "torture"} <= set(mockserver.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Mok'; it has Client, Clock"):
        _ = mockserver.Mok


@pytest.mark.parametrize("name", ["job", "fail"])
def test_a_mock_and_a_test_s_mock_take_the_same(name: str) -> None:
    """`Mock.job` and the fixture's differ in the namespace alone, which a test has already."""
    mine, tests = (inspect.signature(getattr(kind, name)).parameters for kind in (mockserver.Mock, mockserver.MockServer))
    assert [parameter for parameter in mine if parameter != "namespace"] == list(tests)


@pytest.mark.exhaustive
def test_a_user_s_test_is_typed(tmp_path: Path) -> None:
    """`mypy --strict` follows a user's test through the package, and reports a life that is none."""
    (tmp_path / "test_user.py").write_text(USER_TEST, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "test_user.py", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    notes = [
        line.partition(": note: Revealed type is ")[2].strip('"') for line in done.stdout.splitlines() if "note" in line
    ]
    assert [note.rpartition(".")[2] for note in notes[:2]] == ["MockServer", "DeclaredJob"], done.stdout
    assert "RemoteJob" in notes[2]
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1, done.stdout
    assert 'Argument "life" to "job"' in errors[0]
