"""The rules of polling and the drawn polls: pure functions over times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mockserver.errors import InputError
from mockserver.testing.poll_timeline import bars, span, table
from mockserver.testing.polling import Rules, findings
from mockserver.testing.recorded_call import RecordedCall, ShownRun

START = 1_700_000_000_000


def poll(
    at: float, state: str = "RUNNING", *, ends: bool = False, retry: float | None = None, status: int = 200
) -> RecordedCall:
    """A poll so many seconds after the start."""
    time = START + round(at * 1_000)
    runs = (ShownRun(("j",), state, ends),) if status == 200 else ()
    retry_at = None if retry is None else time + round(retry * 1_000)
    return RecordedCall(0, time, "GET", "/p", "ShowJobStatus", "cdm", {}, {}, status, None, runs, retry_at)


def at(*seconds: float) -> list[RecordedCall]:
    """Polls at these seconds."""
    return [poll(second) for second in seconds]


def broken(polls: Sequence[RecordedCall], **rules: Any) -> list[tuple[str, int | None]]:
    """Which rules are broken, and at which poll."""
    return [(finding.rule, finding.index) for finding in findings(polls, Rules(**rules))]


@pytest.mark.parametrize(
    ("polls", "rules", "wrong"),
    [
        (at(0, 30, 60), {"min_interval": 30}, []),
        (at(0, 29.999, 60), {"min_interval": "30s"}, []),  # the clock's rounding
        (at(0, 29.998, 60), {"min_interval": 30}, [1]),
        (at(0, 5, 35, 36), {"min_interval": 30}, [1, 3]),
        (at(), {"min_interval": 30}, []),
        (at(0, 30), {"max_polls": 2}, []),
        (at(0, 30, 60), {"max_polls": 2}, [2]),
        (at(0), {"max_polls": 0}, [0]),
        (at(0, 1, 2, 3), {"backoff": True}, []),
        (at(0, 1, 3, 4), {"backoff": True}, [3]),
        (at(0, 1, 3, 4), {"backoff": False}, []),
        (at(0, 1, 3, 7), {"backoff": 2}, []),
        (at(0, 1, 3, 4.5), {"backoff": 2}, [3]),
        (at(0, 1, 3, 7, 12, 17), {"backoff": 2}, []),  # up to a ceiling of 5 s
        (at(0, 1, 2, 3), {"backoff": 2}, [2, 3]),  # what never grows has reached no ceiling
        ([poll(0, retry=60), poll(60)], {"honours_retry_after": True}, []),
        ([poll(0, retry=60), poll(30), poll(61)], {"honours_retry_after": True}, [1]),
        ([poll(0, retry=60), poll(30), poll(50)], {"honours_retry_after": True}, [1, 2]),
        ([poll(0), poll(1, "SUCCEEDED", ends=True)], {"stops_after_terminal": True}, []),
        ([poll(0, "FAILED", ends=True), poll(1), poll(2)], {"stops_after_terminal": True}, [1, 2]),
        (at(0, 3_600), {"gives_up_within": "1h"}, []),
        (at(0, 3_600, 3_630, 3_660), {"gives_up_within": "1h"}, [2]),
    ],
)
def test_each_rule_says_which_poll_breaks_it(polls: list[RecordedCall], rules: dict[str, Any], wrong: list[int]) -> None:
    """A rule finds the polls that break it, and no others."""
    (name,) = rules
    assert broken(polls, **rules) == [(name, index) for index in wrong]


def test_several_rules_are_found_at_once() -> None:
    """All broken rules are told, not the first one."""
    polls = [poll(0), poll(1, "SUCCEEDED", ends=True), poll(2)]
    rules = {"min_interval": 10, "max_polls": 2, "stops_after_terminal": True}
    assert {rule for rule, _ in broken(polls, **rules)} == set(rules)


@pytest.mark.parametrize(
    "rules",
    [{"min_interval": -1}, {"min_interval": "soon"}, {"max_polls": 1.5}, {"max_polls": True}, {"backoff": 0.5},
     {"backoff": "yes"}, {"backoff": float("inf")}, {"gives_up_within": "x"}],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(rules: dict[str, Any]) -> None:
    """A wrong rule is an InputError that shows what was given, not a rule that always holds."""
    with pytest.raises(InputError) as caught:
        findings(at(0, 1, 2), Rules(**rules))
    assert str(next(iter(rules.values()))) in str(caught.value)
    assert "allowed" in str(caught.value)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0 ms"), (999, "999 ms"), (1_500, "1.5 s"), (30_000, "30 s"), (90_000, "1m 30s"), (7_230_000, "2h 0m 30s"),
     (-5_000, "-5 s")],
)  # fmt: skip
def test_lengths_of_time_are_written_as_people_do(milliseconds: int, text: str) -> None:
    """Milliseconds, seconds, minutes and hours."""
    assert span(milliseconds) == text


def test_a_table_shows_what_is_wrong_where() -> None:
    """A note stands at its poll, with the interval before it."""
    drawn = table([poll(0, "BOOTING"), poll(5), poll(35, status=502)], {1: ["min_interval: too soon"]}).splitlines()
    assert drawn[1].split() == ["1", "22:13:20.000", "200", "BOOTING"]
    assert drawn[2].split("<-")[1].strip() == "min_interval: too soon"
    assert "+5 s" in drawn[2]
    assert drawn[3].split()[-1] == "502"


def test_a_long_table_is_short() -> None:
    """Hundreds of polls that look alike are one line, with their number; the last one stands by itself."""
    drawn = table([*at(*range(0, 30_000, 30)), poll(30_000, "SUCCEEDED", ends=True)], {}).splitlines()
    assert len(drawn) == 6
    assert "(997 polls)" in drawn[3]
    assert drawn[4].split()[0] == "1000"
    assert drawn[5].endswith("SUCCEEDED")
    noted = table(at(*range(100)), {index: ["too soon"] for index in range(1, 100)}).splitlines()
    assert "the same 97 times" in noted[3]


def test_bars_show_when_each_answer_was_given() -> None:
    """A bar for each answer, on one scale of time."""
    drawn = bars("cdm job", [poll(0, "BOOTING"), *at(*range(30, 3_000, 30)), poll(3_000, "SUCCEEDED", ends=True)])
    title, booting, running, succeeded = drawn.splitlines()
    assert title == "cdm job: 101 polls in 50m 0s, from 22:13:20.000"
    assert booting.split("|")[1].rstrip() == "#"
    assert running.split("|")[1].count("#") == 39
    assert succeeded.split("|")[1].strip() == "#"
    assert succeeded.endswith("from +50m 0s")
    assert bars("cdm job", [poll(0)]).count("#") == 1
