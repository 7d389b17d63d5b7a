"""What the built-in services have works for an API of one's own: its document, and what `init` proposes of it, no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import mockserver
from mockserver.cli import main
from mockserver.errors import InputError
from mockserver.testing.mock_server import MockServer

pytest_plugins = ["pytester"]

API = Path(__file__).parent / "job_apis" / "airflow.yaml"
ENDS = ("success", "failed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The document, with its mockserver.yaml beside it."""
    file = tmp_path / "runs.yaml"
    file.write_text(API.read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["init", str(file), "--out", str(tmp_path / "mockserver.yaml")]) == 0
    return file


@pytest.fixture
def mock(file: Path) -> Iterator[MockServer]:
    """It, served."""
    with mockserver.running(definitions=[str(file)], auth="off") as mock:
        yield mock


def wait_for(url: str, run: str = "r1", step: float = 30) -> str:
    """A client's loop; it lives through bad gateways."""
    while True:
        answer = requests.get(f"{url}/dags/d/dagRuns/{run}", timeout=5)
        if answer.status_code < 400:
            state = str(answer.json()["state"])
            if state in ENDS:
                return state
        time.sleep(step)


def test_the_clock_faults_and_assertions(mock: MockServer) -> None:
    """A job of two hours in no time, a gateway error on the way, and what the loop did is asserted."""
    mock.job("airflow-like", dag_id="d", dag_run_id="r1", life=[("queued", 30), ("running", "2h"), ("failed", None)])
    mock.fail("airflow-like", status=502, times=2)
    with mock.clock.drive():
        assert wait_for(mock.url) == "failed"
    mock.assert_polled("airflow-like", dag_run_id="r1", min_interval=30, stops_after_terminal=True)
    mock.assert_called("get_dag_run", params={"dag_run_id": "r1"})
    with pytest.raises(AssertionError):
        mock.assert_polled("airflow-like", dag_run_id="r1", min_interval=31)


@pytest.mark.exhaustive
def test_recorded_checked_replayed_and_compared(mock: MockServer, file: Path, tmp_path: Path) -> None:
    """What a proxy recorded of it passes `check`, is replayed as it was, and is no difference for `diff`."""
    recording = tmp_path / "run.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "mockserver", "record", "--upstream", mock.url, "--port", "0", "--out", str(recording),
         "--definitions", str(file), "--keep-ids"],
        stdout=subprocess.PIPE, text=True,
    ) as proxy:  # fmt: skip
        try:
            assert proxy.stdout is not None
            url = "http://" + proxy.stdout.readline().split("http://")[1].split()[0].strip("/,;")
            mock.clock.freeze()
            mock.job("airflow-like", dag_id="d", dag_run_id="r1", life="succeeds")
            for _ in range(4):
                assert requests.get(f"{url}/dags/d/dagRuns/r1", timeout=10).status_code == 200
                mock.clock.advance("7s")
        finally:
            proxy.terminate()
    assert main(["check", str(recording), "--definitions", str(file)]) == 0
    with mockserver.running(definitions=[str(file)], fixtures=[str(recording)], auth="off") as again:
        again.clock.freeze()
        states = []
        for _ in range(4):
            states.append(requests.get(f"{again.url}/dags/d/dagRuns/r1", timeout=5).json()["state"])
            again.clock.advance("7s")
    assert states == ["queued", "queued", "running", "success"]
    changed = tmp_path / "changed" / "runs.yaml"
    changed.parent.mkdir()
    changed.write_text(
        file.read_text(encoding="utf-8").replace("[queued, running,", "[queued, running, paused,"), encoding="utf-8"
    )
    assert main(["diff", str(file), str(file), "--fail-on", "harmless"]) == 0
    assert main(["diff", str(file), str(changed), "--fail-on", "risky"]) == 1


def test_the_kit_finds_what_the_document_forbids(file: Path, tmp_path: Path, capsys: Any) -> None:
    """A HAR of an answer with a state that the document doesn't have is an error."""
    body = {"dag_run_id": "r1", "dag_id": "d", "state": "on fire", "conf": {}}
    request = {
        "method": "GET",
        "url": "https://airflow.example.org/api/v1/dags/d/dagRuns/r1",
        "headers": [],
        "queryString": [],
    }
    answer = {"status": 200, "headers": [{"name": "content-type", "value": "application/json"}],
              "content": {"mimeType": "application/json", "text": json.dumps(body)}}  # fmt: skip
    entry = {"startedDateTime": "2026-11-21T08:00:00.000Z", "time": 1, "request": request, "response": answer}
    (tmp_path / "run.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}), encoding="utf-8")
    assert main(["check", str(tmp_path / "run.har"), "--definitions", str(file)]) == 1
    assert "on fire" in capsys.readouterr().out


def test_its_servers_hosts_are_intercepted(mock: MockServer) -> None:
    """In the block, a client that calls the document's own server gets the mock's answer."""
    mock.job("airflow-like", dag_id="d", dag_run_id="r1", life="fails", age="1h")
    with mock.intercept():
        answer = requests.get("https://airflow.example.org/api/v1/dags/d/dagRuns/r1", timeout=5)
    assert answer.json()["state"] == "failed"


def test_a_running_server_takes_its_jobs(mock: MockServer, tmp_path: Path, capsys: Any) -> None:
    """`mockserver jobs add` and a fixture file declare them."""
    port = mock.url.rpartition(":")[2]
    add = ["jobs", "add", "airflow-like", "dag_id=d", "dag_run_id=r1", "--life", "fails", "--port", port]
    assert main(add) == 0
    assert main(["jobs", "--port", port]) == 0
    assert "dag_run_id=r1" in capsys.readouterr().out
    jobs = tmp_path / "jobs.json"
    jobs.write_text(json.dumps({"jobs": [{"service": "airflow-like", "dag_run_id": "f", "age": "1h", "life": "fails"}]}))
    definitions = list(mock.mock.settings.definitions)
    with mockserver.running(definitions=definitions, fixtures=[str(jobs)], auth="off") as other:
        assert wait_for(other.url, "f") == "failed"


PLUGIN_TEST = """
import pytest, requests

pytestmark = pytest.mark.mockserver(definitions=[{file!r}])


def test_it(mockserver):
    mockserver.job("airflow-like", dag_id="d", dag_run_id="r1", life="fails", age="1h")
    assert requests.get(mockserver.url + "/dags/d/dagRuns/r1").json()["state"] == "failed"


def test_each_test_has_its_own(mockserver):
    assert requests.get(mockserver.url + "/dags/d/dagRuns/r1").status_code == 404


@pytest.mark.mockserver_torture("airflow-like", dag_id="d", dag_run_id="r1", only=["ends-failed", "ends-success"])
def test_survives(hazard):
    from my_code import wait_for

    hazard.run(lambda: wait_for(hazard.mock.url))
"""


@pytest.mark.exhaustive
def test_the_plugin(file: Path) -> None:
    """The fixture by a marker; each test with jobs of its own; the rack by its marker."""
    own = Path(__file__).read_text(encoding="utf-8")
    loop = own[own.index("def wait_for") : own.index("def test_the_clock")]
    (file.parent / "my_code.py").write_text(f"import time\nimport requests\nENDS = {ENDS!r}\n\n\n{loop}", encoding="utf-8")
    (file.parent / "test_it.py").write_text(PLUGIN_TEST.format(file=str(file)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_it.py"]
    done = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=120, check=False)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


SHADOW = """
openapi: 3.1.0
info: {title: Shadow, version: "1"}
paths:
  /v3/{project}/jobs:
    get:
      parameters: [{name: project, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: d, content: {application/json: {schema: {const: mine}}}}}
  /odd#path: {get: {responses: {"200": {description: d}}}}
"""


def test_the_start_tells_what_is_left_out_and_what_is_in_another_s_place(tmp_path: Path) -> None:
    """A path that can't be served, and one that a shipped operation has: named by file and pointer; the user's is served."""
    (tmp_path / "shadow.yaml").write_text(SHADOW, encoding="utf-8")
    command = [sys.executable, "-m", "mockserver", "--port", "0", "--auth", "off", "--definitions", "shadow.yaml"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = server.stdout.readline().split()[-1]
        try:
            assert requests.get(f"{url}/v3/p/jobs", timeout=5).json() == "mine"
        finally:
            server.terminate()
        said = server.stderr.read()
    assert "shadow.yaml#/paths/~1odd#path: found the path" in said
    assert "shadow.yaml#/paths/~1v3~1{project}~1jobs/get: found GET /v3/{project}/jobs; served in the place of" in said


def test_verify_asks_for_each_life_of_an_own_job(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`mockserver verify --definitions`: ids are made as the parameters want them, and the mock keeps its own contract."""
    assert main(["verify", "--definitions", str(file), "--only", "airflow*"]) == 0
    out = capsys.readouterr().out
    assert "PASS: 0 errors, 0 warnings" in out
    assert int(out.split(" exchanges of ")[0].rpartition(" ")[2]) > 20


def test_the_rack_takes_the_documents_of_the_settings(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`torture()` without pytest: MOCKSERVER_DEFINITIONS names the documents, or `definitions=` does."""
    identity: Any = {"dag_id": "d", "dag_run_id": "r1"}

    def wait() -> str:
        return wait_for(os.environ["ENOS_URL"])

    monkeypatch.setenv("MOCKSERVER_DEFINITIONS", str(file))
    (first,) = mockserver.torture("airflow-like", wait, only="ends-success", **identity)
    monkeypatch.delenv("MOCKSERVER_DEFINITIONS")
    (second,) = mockserver.torture("airflow-like", wait, only="ends-success", definitions=[str(file)], **identity)
    assert (first.grade, second.grade) == ("returned right", "returned right")
    with pytest.raises(InputError, match="airflow"):
        next(iter(mockserver.torture("airflow-like", wait)))


def test_a_test_on_an_own_api_keeps_the_contract(pytester: pytest.Pytester) -> None:
    """The fixture `contract`: headers are read by their schemas, errors by the document's own; ids are there to ask with."""
    pytester.makefile(".yaml", runs=RETRY)
    pytester.makepyfile(
        """
        import pytest, requests

        pytestmark = pytest.mark.mockserver(definitions=["runs.yaml"], auth="off")

        def test_keeps(mockserver, contract):
            made = requests.post(mockserver.url + "/runs", timeout=5)
            assert (made.status_code, made.headers["Retry-After"].isdecimal()) == (202, True)
            assert requests.get(mockserver.url + "/runs/none", timeout=5).status_code == 404
            assert contract.ids("runs").keys() == {"id"}
            assert contract.findings == []
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", timeout=60)
    assert result.parseoutcomes() == {"passed": 1}, result.outlines


RETRY = """
openapi: 3.1.0
info: {title: Runs, version: "1"}
paths:
  /runs:
    post:
      operationId: start
      responses:
        "202": {description: It began., headers: {Retry-After: {required: true, schema: {type: integer}}}}
  /runs/{id}:
    get:
      operationId: getRun
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema: {type: object, required: [status], properties: {status: {enum: [queued, done, failed]}}}
        "404":
          description: None.
          content:
            application/json:
              schema: {type: object, required: [code], properties: {code: {type: integer}, message: {type: string}}}
x-mockserver:
  service: runs
  jobs: {getRun: {status: /status, states: {queued: 10s, done: end, failed: end}, start: start}}
"""
