"""Test ids depend on nothing but the tests: all workers of pytest-xdist must collect the same ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ELSEWHERE = {
    "LANG": "C",
    "LC_ALL": "C",
    "TZ": "Asia/Tokyo",
    "USER": "somebody",
    "LOGNAME": "somebody",
    "PYTHONHASHSEED": "2",
}


def collect(folder: Path, **variables: str) -> subprocess.Popen[str]:
    """Start collecting all tests, from this folder, with these environment variables."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-o",
        "addopts=--import-mode=importlib -p no:randomly",
    ]
    command += ["-p", "no:cacheprovider", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    command += [str(ROOT / name) for name in ("tests", "contracts", "examples")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | variables
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), environ.get("PYTHONPATH", "")])
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def node_ids(collecting: subprocess.Popen[str]) -> list[str]:
    """The ids, in order."""
    output, _ = collecting.communicate(timeout=300)
    assert collecting.returncode == 0, output[-3000:]
    return [line for line in output.splitlines() if "::" in line]


@pytest.mark.exhaustive
def test_ids_are_the_same_everywhere(tmp_path: Path) -> None:
    """At another time, with another hash seed, locale, time zone, folder, user and worker, the ids are the same."""
    here = node_ids(collect(ROOT, PYTHONHASHSEED="1"))
    there = node_ids(collect(tmp_path, **ELSEWHERE, HOME=str(tmp_path), PYTEST_XDIST_WORKER="gw7"))
    assert len(here) > 1_000
    assert [pair for pair in zip(here, there, strict=True) if pair[0] != pair[1]] == []
    assert [line for line in here if str(ROOT) in line or " object at 0x" in line] == []
