"""What a newcomer meets first: hints where something is refused, and options that are never ignored."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mockserver import Mock, Settings, running
from mockserver.cli import main
from mockserver.model import Request

PROJECT = "054e292c9880d4992f02c0196d3ea468"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        (f"/v3/{PROJECT}/job", "/v3/{project_id}/jobs"),
        ("/v3/p/job", "/v3/{project_id}/jobs"),
        (
            f"/v1.1/{PROJECT}/clusters/{PROJECT}/cdm/jobs/orders/status",
            "/v1.1/{project_id}/clusters/{cluster_id}/cdm/job/{job_name}/status",
        ),
        (f"/v1/{PROJECT}/league/{PROJECT}/job-instances", "/v1/{project_id}/leagues/{league_id}/job-instances"),
        ("/batch-processing-service/v2.1/taskInstance", "/batch-processing-service/v2.1/taskInstances"),
        ("/docs", None),
        ("/a/b/c/d/e/f/g/h", None),
        ("/" * 1_000, None),
    ],
)  # fmt: skip
def test_the_nearest_path_is_found_segment_by_segment(path: str, near: str | None) -> None:
    """However long the ids in it are, a path's likeness is that of its fixed parts."""
    answer = Mock(Settings(auth="off")).handle(Request("GET", path))
    hint = f"nearest: {near}" if near else "`mockserver operations` lists them"
    assert answer.problem == f"no operation has this path; {hint}"


def test_a_report_says_why_a_request_was_refused() -> None:
    """The line of X-Mock-Problem stands under the exchange in a failed test's report."""
    with running() as mock:
        mock.client().get(f"/v1.1/{PROJECT}/clusters/c/cdm/job/nope/status")
        assert "    why: no job has project_id" in mock.report()


@pytest.mark.parametrize(
    "words", [["--rate", "fast"], ["--insecure"], ["--keep-ids"], ["--token", "t"], ["--allow-method", "PUT"]], ids=" ".join
)
def test_verify_ignores_no_option(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What only asking a service takes is refused without --target."""
    assert main(["verify", *words]) == 2
    assert f"{words[0]} is about a service; give --target URL" in capsys.readouterr().err


def test_unknown_query_parameters_are_served_and_reported() -> None:
    """With `report`, openstacksdk's `skip_cache=True` gets its answer, and X-Mock-Problem names it."""
    mock = Mock(Settings(auth="off", unknown_query="report"))
    answer = mock.handle(Request("GET", f"/v3/{PROJECT}/jobs", "id=1&skip_cache=True"))
    assert (answer.status, json.loads(answer.body)["job"]["id"]) == (200, "1")
    assert "query parameter 'skip_cache' is not documented" in (answer.header("X-Mock-Problem") or "")
    assert mock.handle(Request("GET", f"/v3/{PROJECT}/jobs", "id=1")).header("X-Mock-Problem") is None


def test_a_quick_clock_and_verified_signatures_are_warned_about() -> None:
    """`serve --speed 60 --auth verify` says when the SDKs' signatures expire."""
    command = [sys.executable, "-m", "mockserver", "--port", "0", "--speed", "60", "--auth", "verify"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            assert "after 0.25 minutes their signatures are refused" in server.stderr.readline()
        finally:
            server.terminate()
        server.wait(10)
