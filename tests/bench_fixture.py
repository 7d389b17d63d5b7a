"""Benchmark: what a fixture costs a test, beside other mocks' fixtures: `python tests/bench_fixture.py [TESTS]`.

Each test sends one request by `requests`. One pytest of this interpreter runs so many of each kind (300), in turns: so a
busy machine is as busy for all of them. The others' packages (pytest-httpserver, responses, requests-mock, moto) are to be
installed. The cost of a test is its median time, from its setup to its teardown, beyond that of an empty test. Then:
starting and stopping, and a poll of two hours.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import mockserver

PATH = "/v1.1/p/clusters/c/cdm/job/j/status"
HEAD = "import pytest, requests\n\n"
_FIRST = 5
EACH = '@pytest.mark.parametrize("number", range({count}))\n'
TESTS: Mapping[str, tuple[str, str]] = {
    "nothing": ("pytest", "def test_it(number):\n    pass\n"),
    "mockserver": (
        "mockserver",
        "def test_it(mockserver, number):\n"
        '    mockserver.job("cdm", job_name="j")\n'
        f'    assert requests.get(mockserver.url + "{PATH}", headers={{"X-Auth-Token": "t"}}).status_code == 200\n',
    ),
    "mockserver_app, intercepted": (
        "mockserver",
        "def test_it(mockserver_app, number):\n"
        '    mockserver_app.job("cdm", job_name="j")\n'
        "    with mockserver_app.intercept():\n"
        f'        url = "https://cdm.cn-north-4.myhuaweicloud.com{PATH}"\n'
        '        assert requests.get(url, headers={"X-Auth-Token": "t"}).status_code == 200\n',
    ),
    "pytest-httpserver": (
        "pytest_httpserver",
        "def test_it(httpserver, number):\n"
        '    httpserver.expect_request("/x").respond_with_json({"status": "RUNNING"})\n'
        '    assert requests.get(httpserver.url_for("/x")).status_code == 200\n',
    ),
    "responses": (
        "responses",
        "import responses\n\n@responses.activate\n"
        "def test_it(number):\n"
        '    responses.get("https://cloud.example/x", json={"status": "RUNNING"})\n'
        '    assert requests.get("https://cloud.example/x").status_code == 200\n',
    ),
    "requests-mock": (
        "requests_mock",
        "def test_it(requests_mock, number):\n"
        '    requests_mock.get("https://cloud.example/x", json={"status": "RUNNING"})\n'
        '    assert requests.get("https://cloud.example/x").status_code == 200\n',
    ),
    "moto's mock_aws": (
        "moto",
        "from moto import mock_aws\n\n@mock_aws\n"
        "def test_it(number):\n"
        '    url = "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"\n'
        "    assert requests.get(url).status_code == 200\n",
    ),
}


PLUGIN = """
import json, os, time
import pytest

TIMES = {}

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    began = time.perf_counter()
    result = yield
    TIMES.setdefault(item.module.__name__, []).append(time.perf_counter() - began)
    return result

def pytest_collection_modifyitems(items):
    order = {}
    for item in items:
        order.setdefault(item.callspec.params["number"], []).append(item)
    items[:] = [item for number in sorted(order) for item in order[number]]

def pytest_sessionfinish():
    with open("times.json", "w") as file:
        json.dump(TIMES, file)
"""


def times_of(tests: Sequence[str], count: int, folder: Path) -> list[list[float]]:
    """How long each run of the tests took (seconds), test by test. The first ones, which import things, are left out."""
    (folder / "conftest.py").write_text(PLUGIN, encoding="utf-8")
    for index, test in enumerate(tests):
        each = EACH.format(count=count + _FIRST)
        imports, _, body = test.rpartition("\n\n")
        (folder / f"test_{index}.py").write_text(f"{HEAD}{imports}\n\n{each}{body}", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "NO_PROXY": "*"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    times = json.loads((folder / "times.json").read_text(encoding="utf-8"))
    return [times[f"test_{index}"][_FIRST:] for index in range(len(tests))]


def compare(count: int) -> None:
    """Print each fixture's cost of a test, and its ratio to mockserver's."""
    installed = {title: test for title, (package, test) in TESTS.items() if importlib.util.find_spec(package)}
    with tempfile.TemporaryDirectory() as name:
        times = times_of(list(installed.values()), count, Path(name))
    medians = {title: statistics.median(column) for title, column in zip(installed, times, strict=True)}
    nothing = medians.pop("nothing")
    print(f"a test with one request, beyond an empty one ({nothing * 1_000:.2f} ms), median of {count} tests:")
    for title, median in medians.items():
        ratio = (median - nothing) / (medians["mockserver"] - nothing)
        print(f"  {title:<28}{(median - nothing) * 1_000:8.2f} ms {ratio:8.2f} x")
    for title in TESTS.keys() - installed:
        print(f"  {title}: not installed")


def start_and_stop() -> None:
    """Print how long a mock takes to start and stop, the first one and later ones."""
    times = []
    for _ in range(11):
        began = time.perf_counter()
        with mockserver.running():
            pass
        times.append(time.perf_counter() - began)
    print(f"start + stop: {times[0] * 1_000:.0f} ms the first, {statistics.median(times[1:]) * 1_000:.0f} ms the next ones")


def two_hours() -> None:
    """Print how long a poll every 30 s takes, of a job of two hours, by `requests`."""
    with mockserver.running() as mock:
        mock.job("cdm", job_name="j", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)])
        client, status = mock.client(), ""
        began = time.perf_counter()
        with mock.clock.drive():
            while status != "SUCCEEDED":
                status = client.get(PATH).json()["submissions"][0]["status"]
                if status != "SUCCEEDED":
                    time.sleep(30)
        took = time.perf_counter() - began
        print(f"two hours polled every 30 s: {len(mock.seen)} polls in {took * 1_000:.0f} ms")


if __name__ == "__main__":
    start_and_stop()
    two_hours()
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
