"""Benchmark: what a fixture costs a test, beside other mocks' fixtures: `python tests/bench_fixture.py [TESTS]`.

Each runs a file of that many tests (1,000), with one request each by `requests`, in a pytest of its own of this
interpreter; the others' packages (pytest-httpserver, responses, requests-mock, moto) are to be installed. The cost of a test
is the run's time beyond that of the same tests with nothing in them. Then: starting and stopping, and a poll of two hours.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import mockserver

PATH = "/v1.1/p/clusters/c/cdm/job/j/status"
HEAD = "import pytest, requests\n\n"
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


def seconds_of(test: str, count: int, folder: Path) -> float:
    """How long a run of the tests takes, from the start of its process to its end."""
    decorated = test.replace("def test_it", EACH.format(count=count) + "def test_it")
    if test.startswith(("import", "from")):
        imports, _, rest = test.partition("\n\n")
        decorated = f"{imports}\n\n{EACH.format(count=count)}{rest}"
    (folder / "test_it.py").write_text(HEAD + decorated, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "test_it.py"]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "NO_PROXY": "*"}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    took = time.perf_counter() - began
    assert f"{count} passed" in done.stdout, done.stdout[-2_000:] + done.stderr[-2_000:]
    return took


def compare(count: int) -> None:
    """Print each fixture's cost of a test, and its ratio to mockserver's."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for title, (package, test) in TESTS.items():
            if importlib.util.find_spec(package):
                many, one = (min(seconds_of(test, size, Path(name)) for _ in range(2)) for size in (count, 1))
                found[title] = many - one
            else:
                print(f"  {title}: not installed")
    mine = found["mockserver"] - found["nothing"]
    print(f"a test with one request, beyond an empty one ({found['nothing'] / count * 1_000:.2f} ms), over {count} tests:")
    for title, took in found.items():
        if title != "nothing":
            print(
                f"  {title:<28}{(took - found['nothing']) / count * 1_000:8.2f} ms {(took - found['nothing']) / mine:8.2f} x"
            )


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
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
