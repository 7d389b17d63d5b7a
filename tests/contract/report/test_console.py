"""The report for a terminal, what all forms share, and what is left of texts from outside."""

from __future__ import annotations

import re

import pytest
from sample_result import CDM, hostile, sample

from mockserver.contract.coverage import Coverage
from mockserver.contract.findings import finding
from mockserver.contract.report import FORMS, render
from mockserver.contract.report.source_location import file_of
from mockserver.contract.report.sources import title_of
from mockserver.contract.report.text import cut, lasting, visible
from mockserver.contract.report.view import groups_of, pattern_of, view_of
from mockserver.contract.result import Result
from mockserver.definitions import Definitions
from mockserver.errors import InputError

ANSI = re.compile(r"\x1b\[\d+m")


@pytest.fixture(scope="module")
def text(shipped: Definitions) -> str:
    return render(sample(shipped), "console", shipped)


def unwrapped(text: str) -> str:
    """The report with its rows on one line each."""
    return re.sub(r"\s+", " ", text)


def test_a_finding_has_place_found_documented_source_and_consequence(text: str) -> None:
    """A group is there once, with how often it was found, its first instance and all that is known of it."""
    assert text.count("error status-unknown") == 1
    start = text.index("  error status-unknown, 3 times")
    row = unwrapped(text[start : text.index("\n\n", start)])
    for part in (
        "at body /submissions/*/status (first: /submissions/0/status)",
        "found STARTING",
        "documented one of BOOTING, RUNNING",
        "source huaweicloud/cdm.json#/components/schemas/Submission/properties/status (huaweicloudsdkcdm",
        "basis documented",
        "means A poller that waits for documented end states never ends",
        "exchange 7: GET /v1.1/",
        "(case cdm:poll-to-the-end)",
        "also in 8, 9",
    ):
        assert part in row


def test_each_operation_says_what_was_judged_and_covered(text: str) -> None:
    """An operation has its counts and its coverage in percent; those that were not asked are named."""
    assert "12 exchanges judged, 6 without findings; coverage 15.9% (http 3/13, errors 1/46, states 5/9" in unwrapped(text)
    assert "undocumented: states: STARTING x1" in unwrapped(text)
    assert "Not asked: GetAccessToken, RefreshAccessToken" in text
    assert "Requests to no documented operation" in text


def test_cases_not_run_and_the_summary(text: str) -> None:
    """Skipped and failed cases have their reasons; the last lines sum up."""
    assert "enos:token-expired: no connection to 127.0.0.1:4010 after 3 tries: connection refused" in text
    assert "cdm:throttled: 429 can't be provoked" in text
    last = unwrapped(text[text.rindex("INCOMPLETE: ") :])
    assert last.startswith(
        "INCOMPLETE: 21 errors, 2 warnings, 1 note in 24 exchanges of 5 operations; 1 case could not be run"
    )
    assert "coverage 8.0%" in last


@pytest.mark.parametrize("make", [sample, hostile], ids=["sample", "hostile"])
def test_console_is_100_columns_of_what_can_be_seen(shipped: Definitions, make: type) -> None:
    """No line is longer than 100 columns, where it can be broken; every character can be seen."""
    result: Result = make(shipped)
    for line in render(result, "console", shipped).splitlines():
        assert len(line) <= 100 or max(map(len, line.split())) > 60, "only what has no space is longer"
        assert line.isprintable()


def test_colours_only_if_asked_for_and_the_text_is_the_same(shipped: Definitions, text: str) -> None:
    """Colours come on top of the text; hostile text adds none of its own."""
    coloured = render(sample(shipped), "console", shipped, colours=True)
    assert "\x1b[31merror\x1b[0m" in coloured
    assert ANSI.sub("", coloured) == text
    assert set(ANSI.findall(render(hostile(shipped), "console", shipped, colours=True))) <= {
        f"\x1b[{number}m" for number in (0, 1, 31, 33, 35, 36)
    }


def test_a_clean_run_passes_and_an_empty_one_too(shipped: Definitions) -> None:
    """Without findings every form can be made, and the verdict is PASS."""
    clean = sample(shipped)
    clean.judged = [judged for judged in clean.judged if not judged.findings]
    clean.failed = []
    empty = Result("nothing", "as documented", Coverage(shipped))
    for result in (clean, empty):
        assert "PASS: 0 errors, 0 warnings, 0 notes" in render(result, "console", shipped)
        for form in FORMS:
            assert render(result, form, shipped)


def test_the_verdict_is_the_exit_code(shipped: Definitions) -> None:
    """fail_on and fail_under decide the verdict as they decide the exit code."""
    result = sample(shipped)
    assert view_of(result).verdict == "INCOMPLETE"
    result.failed = []
    assert view_of(result).verdict == "FAIL"
    result.judged = [judged for judged in result.judged if not judged.findings]
    assert view_of(result).verdict == "PASS"
    assert view_of(result, fail_under=99.0).verdict == "FAIL"


def test_an_unknown_form_names_the_nearest(shipped: Definitions) -> None:
    """A form that there isn't is an InputError with the allowed ones."""
    with pytest.raises(InputError, match=r"'junti' is not a form of a report; did you mean 'junit'\? allowed: console"):
        render(sample(shipped), "junti", shipped)


def test_groups_take_rows_together_but_not_parts(shipped: Definitions) -> None:
    """The same code at the same place in any row is one group; the worst groups come first."""
    result = sample(shipped)
    judged = [item for item in result.judged if item.operation == CDM]
    groups = groups_of(judged)
    first = groups[0]
    assert (first.finding.code, len(first.instances), first.numbers) == ("status-unknown", 3, [7, 8, 9])
    ranks = [["error", "warning", "note"].index(group.finding.severity) for group in groups]
    assert ranks == sorted(ranks)
    assert pattern_of("/a/0/1/b2/33") == "/a/*/*/b2/*"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("run.jsonl:3", ("run.jsonl", 3)),
        ("tests/test_x.py:12: in test_y", ("tests/test_x.py", 12)),
        ("tests/test_x.py::test_y[a:1]", ("tests/test_x.py", None)),
        ("run.har", ("run.har", None)),
        (r"C:\runs\run.jsonl:3", (r"C:\runs\run.jsonl", 3)),
        ("http://127.0.0.1:80", ("", None)),
        ("", ("", None)),
        ("by hand", ("", None)),
        ("run.jsonl:0", ("", None)),
    ],
)
def test_the_source_of_an_exchange_is_a_file_and_line(source: str, expected: tuple[str, int | None]) -> None:
    """Sources that name a file are read; others are left alone."""
    assert file_of(source) == expected


def test_a_source_has_the_title_of_its_page(shipped: Definitions) -> None:
    """The nearest x-provenance at or around a pointer names the page; what names nothing has no title."""
    submission = "huaweicloud/cdm.json#/components/schemas/Submission"
    assert "ShowJobStatus" in title_of(f"{submission}/properties/job-name", shipped)
    assert "API Explorer" in title_of(f"{submission}/required", shipped), "the keyword's own x-provenance-of"
    assert title_of("huaweicloud/cdm.json#/nowhere/at/all", shipped) == title_of("huaweicloud/cdm.json", shipped) != ""
    assert title_of("other.json#/x", shipped) == title_of("", shipped) == ""


def test_texts() -> None:
    """Invisible characters become escapes; times and cuts are in words."""
    assert visible("a\x1b[31m\n\u202e\ud800\U000e0001任") == "a\\x1b[31m\\n\\u202e\\ud800\\U000e0001任"
    assert visible("a\nb", "\n") == "a\nb"
    assert visible("任\t") == "任\\t"
    assert cut("abcdef", 4) == "abcd... (2 characters more)"
    assert [lasting(seconds) for seconds in (0, 0.344, 59.6, 3600, 7265, 200_000, -30, float("inf"))] == [
        "0 s", "0.34 s", "1 min", "1 h", "2 h 1 min", "2 d 7 h", "-30 s", "?",
    ]  # fmt: skip


def test_severity_follows_the_basis_in_reports(shipped: Definitions) -> None:
    """What no vendor documents is a warning, and says so."""
    assert finding("job-never-ends", "polls", "", "x", "y").severity == "error"
    assert "warning job-never-ends" in render(sample(shipped), "console", shipped)
