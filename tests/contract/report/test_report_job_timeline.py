"""Jobs over time: stretches, marks and axes of the drawing, and the matrix of transitions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sample_result import CDM, ENOS, START, sample

from mockserver.contract.report.job_timeline import MARKS, JobLane, lane_of
from mockserver.contract.report.transition_matrix import matrix_of
from mockserver.contract.report.view import view_of
from mockserver.contract.result import Poll, Timeline
from mockserver.definitions import Definitions, load

DEFINITIONS = load()
STATES = some.none() | some.sampled_from(["BOOTING", "RUNNING", "SUCCEEDED", "STARTING"])


def lane(polls: list[tuple[float, str | None]], operation: str = CDM) -> JobLane:
    """The lane of polls given as (seconds, status)."""
    known = DEFINITIONS.operation(operation).job
    assert known is not None
    ends = {state.name for state in known.states.values() if state.terminal}
    made = tuple(
        Poll(START + round(seconds * 1000), state, 200 if state else 502, number, state in ends)
        for number, (seconds, state) in enumerate(polls, 1)
    )
    result = lane_of(Timeline(operation, "job", made), DEFINITIONS.operation(operation))
    assert result is not None
    return result


def test_a_job_is_drawn_from_first_poll_to_last() -> None:
    """Stretches follow each other without holes, the last one past the last poll; the end is marked."""
    result = lane([(0, "BOOTING"), (30, "RUNNING"), (60, "RUNNING"), (100, "SUCCEEDED")])
    assert [(stretch.label, stretch.polls) for stretch in result.spans] == [
        ("BOOTING", 1),
        ("RUNNING", 2),
        ("SUCCEEDED", 1),
    ]
    edges = [(stretch.left, stretch.left + stretch.width) for stretch in result.spans]
    assert edges[0][0] == 0
    assert all(before[1] == pytest.approx(after[0], abs=0.01) for before, after in pairwise(edges))
    assert edges[-1][1] == pytest.approx(100, abs=0.01)
    assert [mark.kind for mark in result.marks] == ["poll", "poll", "poll", "end"]
    assert [tick.label for tick in result.ticks] == ["0 s", "30 s", "1 min", "1 min 30 s"]
    assert result.outcome == "Ended as SUCCEEDED."


def test_errors_are_marked_and_belong_to_the_status_before() -> None:
    """An error neither ends a status nor is one."""
    result = lane([(0, None), (10, "RUNNING"), (20, None), (30, "RUNNING")])
    assert [(stretch.label, stretch.polls, stretch.lasted) for stretch in result.spans] == [("RUNNING", 2, 20)]
    assert [mark.kind for mark in result.marks] == ["error", "poll", "error", "poll"]
    assert result.errors == 2
    assert result.outcome == "Not ended: still RUNNING after 30 s."


def test_states_are_known_by_name_and_by_wire_code_and_strange_ones_stand_out() -> None:
    """EnOS' numbers are shown with their names; a status that isn't documented is `odd`."""
    result = lane([(0, "RUNNING"), (5, "3"), (10, "99"), (20, "SUCCESS")], ENOS)
    labels = [(stretch.label, stretch.tone == "odd") for stretch in result.spans]
    assert labels == [("RUNNING", False), ("SUSPEND (3)", False), ("99", True), ("SUCCESS", False)]
    assert "not documented" in result.spans[2].title


def test_a_job_that_only_gave_errors_has_no_status() -> None:
    """Nothing but errors is said in words."""
    assert lane([(0, None), (10, None)]).outcome == "Never showed a status in 10 s."
    assert lane_of(Timeline(CDM, "job", ()), DEFINITIONS.operation(CDM)) is None


def test_thousands_of_polls_are_thinned_but_errors_and_changes_stay() -> None:
    """About `MARKS` marks are drawn, with every error, every change, the first and the last poll among them."""
    polls: list[tuple[float, str | None]] = [(second, "RUNNING") for second in range(10_000)]
    polls[777] = (777, None)
    polls[5_003] = (5_003, "UNKNOWN")
    result = lane([*polls, (10_000, "SUCCEEDED")])
    assert len(result.marks) <= MARKS + 10
    titles = "\n".join(mark.title for mark in result.marks)
    for number in (1, 778, 5_004, 5_005, 10_001):
        assert f"(exchange {number})" in titles
    assert result.polls == 10_001


@given(some.lists(some.tuples(some.integers(0, 10**9), STATES), min_size=1, max_size=30))
def test_any_polls_can_be_drawn(polls: list[tuple[int, str | None]]) -> None:
    """In whatever order and however far apart: places are within the drawing, and there are few ticks."""
    result = lane([(float(seconds), state) for seconds, state in polls])
    lefts = (
        [stretch.left for stretch in result.spans]
        + [mark.left for mark in result.marks]
        + [tick.left for tick in result.ticks]
    )
    assert all(0 <= left <= 100 for left in lefts)
    assert all(0 <= stretch.width <= 100 - stretch.left + 0.01 for stretch in result.spans)
    assert 1 <= len(result.ticks) <= 5
    assert sum(stretch.polls for stretch in result.spans) + result.errors == len(polls)


@pytest.mark.parametrize("time", [-(10**15), 10**17])
def test_times_that_no_calendar_has_are_shown_as_numbers(time: int) -> None:
    """A clock gone astray doesn't end the report."""
    result = lane_of(Timeline(CDM, "job", (Poll(time, "RUNNING", 200, 1),)), DEFINITIONS.operation(CDM))
    assert result is not None
    assert str(time) in result.begin


def test_the_matrix_shows_seen_unseen_and_undocumented(shipped: Definitions) -> None:
    """Rows and columns are the statuses that have something in them, undocumented ones at the end."""
    section = next(section for section in view_of(sample(shipped)).sections if section.name == CDM)
    assert section.operation is not None
    matrix = matrix_of(section.operation, section.shares, section.undocumented)
    assert matrix is not None
    cells = {(before, after): cell for before, row in matrix.rows for after, cell in zip(matrix.columns, row, strict=True)}
    assert (cells["RUNNING", "UNKNOWN"].kind, cells["RUNNING", "UNKNOWN"].count) == ("seen", 9)
    assert cells["NEW", "PENDING"].kind == "missing"
    assert cells["STARTING", "FAILED"].kind == "odd"
    assert cells["NEW", "RUNNING"].kind == "none"
    assert matrix.columns[-1] == "STARTING"
    assert all(any(cell.kind != "none" for cell in row) for _, row in matrix.rows)
