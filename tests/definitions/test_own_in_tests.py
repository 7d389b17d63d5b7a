"""An API of one's own in a project's tests: documents named once, facts, lists with pages, verdicts of numbers and flags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import mockserver
from mockserver.cli import main
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.testing.mock_server import MockServer
from mockserver.torture_rack.grading import verdict_of
from mockserver.torture_rack.hazards import hazards
from mockserver.torture_rack.service_profiles import profile_of

pytest_plugins = ["pytester"]

APIS = Path(__file__).parent / "job_apis"


def with_proposal(name: str, folder: Path) -> Path:
    """A copy of one of the documents, and what `init` proposes beside it, in a file for this document alone."""
    file = folder / f"{name}.yaml"
    file.write_text((APIS / file.name).read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["init", str(file), "--out", str(folder / f"{name}.mockserver.yaml")]) == 0
    return file


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[MockServer]:
    """Two documents of one folder, served."""
    files = [str(with_proposal(name, tmp_path)) for name in ("pipelines", "google")]
    with mockserver.running(definitions=files, auth="off") as mock:
        mock.clock.freeze()
        yield mock


def get(mock: MockServer, path: str) -> Any:
    """The answer's value."""
    return requests.get(mock.url + path, timeout=5).json()


PROJECT = """
import time
import pytest, requests

def wait(url):
    while (status := requests.get(url + "/pipeline-runs/8", timeout=5).json().get("status")) not in (2, 3, 4):
        time.sleep(30)
    return status

def test_both(mockserver, contract):
    mockserver.job("long-running", name="op", life="fails", age="1h")
    assert "error" in requests.get(mockserver.url + "/v1/operations/op", timeout=5).json()
    assert contract.findings == []

@pytest.mark.mockserver_torture("pipelines", run_id=8, only="ends-*")
def test_survives(hazard):
    hazard.run(lambda: wait(hazard.mock.url))
"""


def test_a_project_names_its_documents_once(pytester: pytest.Pytester) -> None:
    """The ini setting gives them to the fixtures, the torture rack and the report."""
    for name in ("pipelines", "google"):
        with_proposal(name, pytester.path)
    pytester.makeini("[pytest]\nmockserver_definitions =\n    pipelines.yaml\n    google.yaml")
    pytester.makepyfile(PROJECT)
    options = ("-p", "no:randomly", "--mockserver-report-json=report.json")
    result = pytester.runpytest_subprocess(*options, timeout=60)
    assert result.parseoutcomes() == {"passed": 4}, result.outlines
    counted = json.loads((pytester.path / "report.json").read_text(encoding="utf-8"))["operations"]
    seen = counted["getRun"]["states"]["seen"]
    assert seen.keys() == {"Queued", "Running", "Succeeded", "Broken", "Cancelled"}


def test_the_settings_of_the_project_serve_its_tests(pytester: pytest.Pytester) -> None:
    """`[tool.mockserver] definitions`, which `serve` reads, too."""
    with_proposal("pipelines", pytester.path)
    pytester.makepyprojecttoml('[tool.mockserver]\ndefinitions = ["pipelines.yaml"]\n')
    pytester.makepyfile(
        """
        def test_it(mockserver):
            mockserver.job("pipelines", run_id=1)
        """
    )
    assert pytester.runpytest_subprocess("-p", "no:randomly", timeout=60).parseoutcomes() == {"passed": 1}


def test_facts_are_members_of_the_job(mock: MockServer) -> None:
    """As the schema has them; what the life decides is none, and what the schema doesn't allow is refused."""
    mock.job("pipelines", run_id=7, facts={"pipeline": "nightly"}, life="fails", age="1h")
    assert get(mock, "/pipeline-runs/7") | {"endTime": 0, "branch": ""} == {
        "id": 7, "pipeline": "nightly", "branch": "", "status": 3, "endTime": 0,
    }  # fmt: skip
    with pytest.raises(InputError, match="no fact 'status'; allowed: id, pipeline, branch"):
        mock.job("pipelines", run_id=8, facts={"status": 3})
    with pytest.raises(InputError, match="/pipeline is 5"):
        mock.job("pipelines", run_id=8, facts={"pipeline": 5})


def test_a_list_is_of_its_path_and_has_an_end(mock: MockServer) -> None:
    """Runs that were started there, page by page by the token of the page before; the last page has none."""
    for _ in range(5):
        made = requests.post(f"{mock.url}/pipelines/nightly/runs", json={"branch": "main"}, timeout=5).json()
        assert (made["pipeline"], made["branch"]) == ("nightly", "main")
        mock.clock.advance("1s")
    requests.post(f"{mock.url}/pipelines/weekly/runs", json={}, timeout=5)
    runs, query = [], ""
    for expected in (True, True, False):
        answer = get(mock, f"/pipelines/nightly/runs{query}")
        runs += answer["runs"]
        assert (answer["page"]["total"], answer["page"]["has_more"]) == (5, expected)
        assert ("next_page_token" in answer["page"]) is expected
        query = f"?page_token={answer['page'].get('next_page_token')}"
    assert len({run["id"] for run in runs}) == 5
    assert {run["pipeline"] for run in runs} == {"nightly"}


def test_a_flag_and_what_stands_beside_it_say_how_it_ended(mock: MockServer) -> None:
    """Google's `done` is true of both ends: `error` tells that it failed."""
    for operation, life in (("good", "succeeds"), ("bad", "fails")):
        mock.job("long-running", name=operation, life=life, age="1h")
        get(mock, f"/v1/operations/{operation}")
    assert [call.runs[0].state for call in mock.calls("long-running")] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("value", "verdict"), [(2, "succeeded"), (3, "failed"), ("4", "failed"), (1, "unknown"), ({"status": 3}, "failed")]
)
def test_a_number_says_what_the_document_calls_it(tmp_path: Path, value: object, verdict: str) -> None:
    """The rack takes a returned number, or the answer itself, for the state that it stands for."""
    definitions = load([with_proposal("pipelines", tmp_path)])
    assert verdict_of(value, profile_of(definitions, "pipelines")) == verdict
    names = {hazard.name for hazard in hazards(definitions, "pipelines")}
    assert {"status-of-another-type", "undocumented-status"} < names
    assert not {"status-in-another-case", "status-with-spaces", "status-in-chinese"} & names  # there are no words
