"""What a newcomer meets first: hints where something is refused, and options that are never ignored."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver import Mock, Settings, running
from mockserver.cli import main
from mockserver.model import Request

pytest_plugins = ["pytester"]

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


def test_looking_for_the_nearest_path_takes_no_time_to_speak_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path of a thousand names is like none that is documented: not all of them are compared with all."""
    compared = []

    class Matcher(difflib.SequenceMatcher[str]):
        def ratio(self) -> float:
            compared.append(self)
            return super().ratio()

    monkeypatch.setattr(difflib, "SequenceMatcher", Matcher)
    mock = Mock(Settings(auth="off"))
    for path in ("/name" * 1_000, "/".join(["", *map(str, range(12))])):
        compared.clear()
        assert mock.handle(Request("GET", path)).status == 404
        assert len(compared) < 5_000


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
    """Unless told otherwise: openstacksdk's `skip_cache=True` gets its answer, and X-Mock-Problem names it."""
    mock = Mock(Settings(auth="off"))
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


def test_a_mock_just_started_passes_its_own_kit(capsys: pytest.CaptureFixture[str]) -> None:
    """`mockserver & mockserver verify --target`: no credential needs to be set, and ids that are made up are a note."""
    with running(unknown_ids="create") as mock:
        status = main(["verify", "--target", mock.url])
    out = capsys.readouterr().out
    assert status == 0, out
    assert "note id-made-up" in out
    assert "查询作业状态" in out, "the document's own title, not escaped"


def test_an_error_asked_for_is_no_vanished_job(capsys: pytest.CaptureFixture[str]) -> None:
    """`--prefer` asks a mock for the error of an unknown job beside polls of the same one."""
    with running(unknown_ids="create", speed=0) as mock:
        status = main(["verify", "--target", mock.url, "--prefer", "--only", "cdm:*", "--interval", "0"])
    out = capsys.readouterr().out
    assert (status, "job-vanished" in out) == (0, False), out


def test_the_coverage_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    """The share in the summary is that of the operations above it together."""
    main(["verify", "--only", "cdm:status", "--only", "taurusdb:status", "--report", "json"])
    coverage = json.loads(capsys.readouterr().out)["coverage"]
    asked = [item for item in coverage["operations"].values() if item["percent"]]
    kinds = [item[kind] for item in asked for kind in ("http", "errors", "states", "transitions")]
    seen, missing = (sum(len(kind[name]) for kind in kinds) for name in ("seen", "missing"))
    assert (coverage["seen"], coverage["of"]) == (seen, seen + missing)
    assert coverage["percent"] == round(100 * seen / (seen + missing), 2)


@pytest.mark.parametrize("name", ["no such file", "nothere.yaml"])
def test_a_file_that_is_not_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said in words of one line, without Python's."""
    assert main(["serve", "--port", "0", "--fixtures", name]) == 2
    assert capsys.readouterr().err == f"mockserver: can't read {name}: No such file or directory\n"


def test_a_wrong_duration_in_a_file_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not by the pattern of its schema."""
    file = tmp_path / "jobs.yaml"
    file.write_text("jobs:\n- {service: cdm, age: 2hours}\n")
    assert main(["serve", "--port", "0", "--fixtures", str(file)]) == 2
    assert "Seconds, or text such as 90s, 2h, 1h30m" in capsys.readouterr().err


def test_an_unknown_query_parameter_is_a_warning_of_the_test(pytester: pytest.Pytester) -> None:
    """The test passes; the report names what no document has."""
    pytester.makepyfile(
        """
        def test_it(mockserver):
            mockserver.job("taurusdb", id="1")
            url = "/v3/054e292c9880d4992f02c0196d3ea468/jobs?id=1&skip_cache=True"
            assert mockserver.client().get(url).status_code == 200
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=60)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*MockserverWarning: GET /v3/*/jobs: query parameter 'skip_cache' is not documented*"])
