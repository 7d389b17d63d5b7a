"""What can be asserted of the code under test, through the object that tests get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from mockserver import MockServer, running
from mockserver.errors import InputError

JOB = "/v1.1/p/clusters/c/cdm/job/{}/status"


@pytest.fixture
def mock() -> Iterator[MockServer]:
    """A mock whose clock stands still, with a job that succeeds after two minutes."""
    with running(speed=0) as mock:
        mock.job("cdm", job_name="load", life=[("BOOTING", 30), ("RUNNING", 90), ("SUCCEEDED", None)])
        yield mock


def ask(mock: MockServer, *names: str, every: float = 0, headers: dict[str, str] | None = None) -> None:
    """Ask for jobs, one after the other."""
    client = mock.client()
    for name in names:
        client.get(JOB.format(name), headers=headers)
        mock.clock.advance(every)


def said(assertion: Any, *args: Any, **kwargs: Any) -> str:
    """The message of an assertion that must fail."""
    with pytest.raises(AssertionError) as caught:
        assertion(*args, **kwargs)
    return str(caught.value)


def test_what_was_called_passes(mock: MockServer) -> None:
    """By operation, by service, by how often, by parameters and headers."""
    ask(mock, "load", "load", headers={"X-Trace": "7"})
    mock.assert_called("ShowJobStatus")
    mock.assert_called("cdm", times=2)
    mock.assert_called("cdm", times=0, params={"job_name": "other"})
    mock.assert_called("cdm", params={"job_name": "load", "cluster_id": ANY}, headers={"x-trace": 7, "Authorization": ANY})
    mock.assert_not_called("cdm", params={"job_name": "other"})
    mock.assert_not_called("taurusdb")
    assert [call.parameters["job_name"] for call in mock.calls("cdm")] == ["load", "load"]


def test_the_nearest_request_is_shown(mock: MockServer) -> None:
    """Of several requests that differ, the one that differs least, and in what."""
    ask(mock, "other", "load-all", "load", headers={"X-Trace": "7"})
    text = said(mock.assert_called, "cdm", params={"job_name": "lod"}, headers={"X-Trace": "7", "X-Run": "1"})
    assert text.startswith("cdm with job_name='lod', X-Trace='7', X-Run='1' was called 0 times, wanted at least once")
    assert "#3 " in text
    assert "parameter job_name: wanted 'lod', sent 'load'" in text
    assert "header X-Run: wanted '1', not sent" in text
    assert "X-Trace: wanted" not in text


def test_another_operation_can_be_the_nearest(mock: MockServer) -> None:
    """Where the operation was never called, the message says what was called instead."""
    ask(mock, "load")
    assert "operation: wanted taurusdb, sent ShowJobStatus" in said(mock.assert_called, "taurusdb")


def test_nothing_was_asked(mock: MockServer) -> None:
    """With no request at all, the message points at the client."""
    assert "is the client pointed at the mock?" in said(mock.assert_called, "cdm")
    assert "is the client pointed at the mock?" in said(mock.assert_polled, "cdm", job_name="load")


def test_too_many_calls_are_listed(mock: MockServer) -> None:
    """With a wrong number of calls, the calls are listed."""
    ask(mock, "load", "load")
    assert "was called 2 times, wanted 1 times" in said(mock.assert_called, "cdm", times=1)
    text = said(mock.assert_not_called, "cdm", params={"job_name": "load"})
    assert "was called 2 times, wanted never" in text
    assert text.count("200 BOOTING") == 2


def test_secrets_are_not_told(mock: MockServer) -> None:
    """A header that holds a secret can be asked for by ANY; its value is in no message."""
    mock.client().get(JOB.format("load"), headers={"X-Auth-Token": "s3cr3t-token"})
    mock.assert_called("cdm", headers={"X-Auth-Token": ANY})
    text = said(mock.assert_called, "cdm", headers={"X-Auth-Token": "other"})
    assert "sent a secret, which isn't kept" in text
    assert "s3cr3t-token" not in text + mock.report() + repr(mock.seen) + repr(mock.journal)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("assert_called", "cmd"), "'cmd' is neither an operation nor a service; did you mean 'cdm'?"),
        (("assert_called", "ShowJobStatu"), "did you mean 'ShowJobStatus'?"),
        (("assert_not_called", "cmd"), "'cmd' is neither an operation nor a service"),
        (("assert_polled", "iam"), "'iam' has no jobs to poll; allowed: "),
    ],
)
def test_an_unknown_name_is_refused(mock: MockServer, call: tuple[str, str], message: str) -> None:
    """A name that is none would make an assertion that always holds, or never: it is refused."""
    with pytest.raises(InputError) as caught:
        getattr(mock, call[0])(call[1])
    assert message in str(caught.value)


def test_unknown_parameters_and_rules_are_refused(mock: MockServer) -> None:
    """With the nearest name."""
    with pytest.raises(InputError, match="cdm has no parameter 'jobname'; did you mean 'job_name'"):
        mock.assert_not_called("cdm", params={"jobname": "x"})
    with pytest.raises(
        InputError, match="'min_intervall' is neither a rule nor a parameter of cdm; did you mean 'min_interval'"
    ):
        mock.assert_polled("cdm", min_intervall=30)
    with pytest.raises(InputError, match=r"backoff is 0\.1"):
        mock.assert_polled("cdm", backoff=0.1)  # even without a single poll


def test_a_poller_that_does_well_passes(mock: MockServer) -> None:
    """Every rule at once."""
    ask(mock, *["load"] * 5, every=30)
    mock.assert_polled(
        "cdm", job_name="load", cluster_id="c", min_interval=30, max_polls=5, backoff=True, honours_retry_after=True,
        stops_after_terminal=True, gives_up_within="2m",
    )  # fmt: skip
    assert [poll.runs[0].state for poll in mock.polls("cdm", job_name="load")] == ["BOOTING", *["RUNNING"] * 3, "SUCCEEDED"]


def test_whether_a_librarys_retry_is_a_poll_is_the_tests_choice(mock: MockServer) -> None:
    """By default it is one; with `retries_within`, a call so soon after one that failed isn't, and others are."""
    ask(mock, "load", every=30)
    mock.fail("cdm", status=503, times=1)
    ask(mock, "load", every=2)
    ask(mock, *["load"] * 2, every=30)
    assert "2 s after the poll before, wanted 30 s" in said(mock.assert_polled, "cdm", min_interval=30)
    mock.assert_polled("cdm", min_interval=30, retries_within=5)
    assert "2 s after" in said(mock.assert_polled, "cdm", min_interval=30, retries_within=1)
    ask(mock, *["load"] * 2, every=2)
    assert "2 s after" in said(mock.assert_polled, "cdm", min_interval=30, retries_within=5)


def test_a_poller_that_does_badly_gets_a_timeline(mock: MockServer) -> None:
    """The message names the rules, and shows time, status and what is wrong where."""
    ask(mock, *["load"] * 4, every=30)
    ask(mock, *["load"] * 3, every=5)
    text = said(mock.assert_polled, "cdm", job_name="load", min_interval=30, stops_after_terminal=True)
    assert "cdm project_id=p, cluster_id=c, job_name=load was not polled as wanted:" in text
    assert "min_interval: poll 6: 5 s after the poll before, wanted 30 s (and 1 more)" in text
    assert "stops_after_terminal: poll 6: asked again after poll 5 had shown SUCCEEDED (and 1 more)" in text
    line = next(line for line in text.splitlines() if line.split()[0] == "6")
    assert "+5 s" in line
    assert "200 SUCCEEDED" in line
    assert "<- min_interval" in line


def test_each_job_is_judged_by_itself(mock: MockServer) -> None:
    """Two jobs polled by turns keep intervals of their own; a part of the identity that is left out matches both."""
    mock.job("cdm", job_name="other")
    ask(mock, *["load", "other"] * 3, every=15)
    mock.assert_polled("cdm", min_interval=30)
    text = said(mock.assert_polled, "cdm", max_polls=2)
    assert "job_name=load was not" in text
    assert "job_name=other was not" in text


def test_never_polled(mock: MockServer) -> None:
    """A job that nobody asked for was not polled; wanted or not."""
    ask(mock, "load")
    assert "with job_name='lode' was never polled" in said(mock.assert_polled, "cdm", job_name="lode")
    mock.assert_polled("cdm", job_name="lode", max_polls=0)


def test_turning_pages_is_no_poll(mock: MockServer) -> None:
    """Of a list, only the first page counts; the list has ended once all that it shows has."""
    mock.job("tics", league_id="l", count=25, every="1h", life=[("RUNNING", 50), ("SUCCEEDED", None)])
    client = mock.client()
    for _ in range(3):
        for offset in (0, 10, 20):
            client.get("/v1/p/leagues/l/job-instances", params={"limit": 10, "offset": offset})
        mock.clock.advance(30)
    mock.assert_polled("tics", league_id="l", min_interval=30, max_polls=3, stops_after_terminal=True)
    assert [poll.summary for poll in mock.polls("tics")] == ["200 RUNNING, 9 SUCCEEDED"] * 2 + ["200 10 SUCCEEDED"]


def test_a_report_is_short_and_complete(mock: MockServer) -> None:
    """A report has the exchanges, those that are alike as one, and the bars of each job."""
    ask(mock, *["load"] * 100, every=1)
    mock.client().get("/v1.1/nothing/known")
    report = mock.report()
    assert len(report.splitlines()) < 15
    assert "... 28 like it" in report
    assert "GET /v1.1/nothing/known  404 api-not-found" in report
    assert "cdm project_id=p, cluster_id=c, job_name=load: 100 polls in 1m 39s" in report
    mock.seen.clear()  # or `running` would complain of the unknown path
