"""What the pollers were shown, as HTML: one safe file in the dress of the contract's report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from coverage_sample import shown_sample
from html_pages import Page, check_policy, check_safe, words

from mockserver.definitions import Definitions
from mockserver.testing import poller_coverage
from mockserver.testing.poller_coverage_html import html

pytest_plugins = ["pytester"]


def test_the_page_is_well_formed_and_safe(shipped: Definitions) -> None:
    """It loads nothing, holds no script, and names everything that is drawn; headings are in order."""
    text = html(shown_sample(shipped))
    check_safe(text)
    check_policy(text, "style")
    page = Page(text)
    assert [len(page.of(tag)) for tag in ("nav", "main", "footer", "h1")] == [1, 1, 1, 1]


def test_each_kind_is_counted_and_what_is_missing_named(shipped: Definitions) -> None:
    """Statuses, errors and faults as chips; what was never shown, and what is not documented, are told in words."""
    text = html(shown_sample(shipped))
    says = words(text)
    for part in ("ShowJobStatus", "GET /v1.1/{project_id}/clusters/{cluster_id}/cdm/job/{job_name}/status", "11 polls",
                 "Job statuses 3 of 9 seen", "✓ RUNNING ×6 seen", "○ SUCCEEDED not seen", "✓ job-not-found ×1",
                 "✓ HANG ×1 seen", "! states: running ×2", "6 job statuses 12 transitions"):  # fmt: skip
        assert part in says, part
    assert "ListInstanceHistory" not in says


def test_transitions_are_a_matrix(shipped: Definitions) -> None:
    """Seen ones with how often, documented ones that weren't seen, and undocumented ones, marked."""
    text = html(shown_sample(shipped))
    rows = {match[1]: match[2] for match in re.finditer(r'<tr><th scope="row">(\w+)</th>(.*?)</tr>', text, re.DOTALL)}
    assert '<td class="seen">2</td>' in rows["BOOTING"]
    assert '<td class="odd">1!<span class="hidden"> not documented</span></td>' in rows["FAILED"]
    assert rows["NEW"].count('class="missing"') == 2


@pytest.mark.parametrize(("least", "verdict"), [(None, "incomplete"), (1.0, "pass"), (90.0, "fail")])
def test_the_verdict_is_that_of_the_run(shipped: Definitions, least: float | None, verdict: str) -> None:
    """Enough, too little, or nobody said how much."""
    text = html(shown_sample(shipped), least)
    assert f'<span class="verdict {verdict}">' in text
    assert ("Wanted: " in words(text)) == (least is not None)


def test_names_are_text(shipped: Definitions) -> None:
    """A status that a patch made of markup is shown as it is, and runs nothing."""
    coverage = poller_coverage.coverage_of(shipped)
    coverage.count("ShowJobStatus", "states", "<script>alert(1)</script>")
    text = html(coverage)
    check_safe(text)
    check_policy(text, "style")
    assert "&lt;script&gt;alert(1)" in text


def test_nothing_was_shown(shipped: Definitions) -> None:
    """A run without a poll has a page, too."""
    text = html(poller_coverage.coverage_of(shipped))
    check_safe(text)
    assert "No test asked for a job." in text


TESTS = """
def test_one(mockserver):
    mockserver.job("cdm", job_name="j", life="succeeds", progress="polls")
    for _ in range(4):
        mockserver.client().get("/v1.1/p/clusters/c/cdm/job/j/status")
"""


@pytest.mark.exhaustive
def test_the_option_writes_it(pytester: pytest.Pytester) -> None:
    """`--mockserver-report-html FILE`; a file that can't be written is told."""
    pytester.makepyfile(test_it=TESTS)
    pytester.runpytest_subprocess("--mockserver-report-html=shown.html", timeout=120).assert_outcomes(passed=1)
    text = Path(pytester.path / "shown.html").read_text(encoding="utf-8")
    check_safe(text)
    assert "✓ SUCCEEDED ×2 seen" in words(text)
    result = pytester.runpytest_subprocess("--mockserver-report-html=nowhere/shown.html", timeout=120)
    result.stdout.fnmatch_lines(["mockserver: can't write nowhere/shown.html: No such file or directory"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
