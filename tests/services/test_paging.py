"""Pages of services that list runs: nothing twice, nothing missing, whatever happens meanwhile, however many there are."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.jobs.clock import DAY, SECOND, Clock, parse_time
from mockserver.jobs.history import RunSeries, page, total
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

DEFINITIONS = load()
START = parse_time("2026-01-01T00:00:00Z")
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
MOST = {"dataarts": 1_000, "tics": 100}
MILLION = 1_000_000
IDENTITY: dict[str, dict[str, Any]] = {"dataarts": {"task_id": "7", "job_name": "n"}, "tics": {"league_id": "l"}}
FILTER: dict[str, str] = {"dataarts": "workspace_id", "tics": "job_id"}
NEWEST_FIRST = pytest.mark.parametrize("order", [1, -1], ids=["oldest-declared-first", "newest-declared-first"])
EACH = pytest.mark.parametrize("service", IDENTITY)
Row = dict[str, Any]
Run = tuple[str, int, int]

INTERLEAVED: Sequence[dict[str, Any]] = (
    {"count": 137, "every": "1h"},
    {"count": 50, "every": "90m", "age": "30m"},
    {"count": 41, "every": "1h", "age": "5h"},
    {"age": "5h"},
    {"count": 9, "every": 1, "age": "5h"},
    {"age": "1000h"},
)


def _filter(service: str, value: str) -> dict[str, Any]:
    return {FILTER[service]: value}


def new_mock(**options: Any) -> Mock:
    """A mock that knows no job, its clock standing still."""
    return Mock(Settings(auth="off", **options), Clock(START, speed=0), DEFINITIONS)


def ask(mock: Mock, service: str, offset: int, limit: int, name: str | None = None, **query: str) -> tuple[list[Row], int]:
    """The rows of a page and the total that it tells; `name` is what the list is of."""
    headers = {"instance": "i" * 32}
    paging = {"offset": str(offset), "limit": str(limit), **query}
    if service == "tics":
        path = f"/v1/p/leagues/{name or 'l'}/job-instances"
    else:
        path = f"/v1/p/datamap/node/{name or '7'}/instances"
        paging = {"job_name": "n", "start_time": "0", "end_time": str(START + 9_000 * DAY), **paging}
    answer = mock.handle(Request("GET", path, urlencode(paging), headers))
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    assert list(DEFINITIONS.operation_of(service).responses[200](body)) == []
    if service == "dataarts":
        body = json.loads(body["body"])
    return body["lists" if service == "tics" else "rows"], body["total"]


def born(row: Row) -> int:
    """When the run of a row began, in milliseconds."""
    if "submitTime" in row:
        return int(row["submitTime"])
    return round(datetime.fromisoformat(row["start_time"]).timestamp() * SECOND)


def who(row: Row) -> Any:
    """What no two runs have in common."""
    return row.get("taskRunningLogId") or row["id"]


def whole(mock: Mock, service: str, size: int, **asked: Any) -> list[Row]:
    """All rows, by pages of this size; each page tells the same total."""
    rows, count = ask(mock, service, 0, size, **asked)
    while True:
        more, again = ask(mock, service, len(rows), size, **asked)
        assert again == count
        rows += more
        if not more:
            assert len(rows) == count
            return rows


def check_pages(mock: Mock, service: str, wanted: Sequence[int]) -> None:
    """Pages of many sizes and at many offsets are the list that was declared, which began at these times."""
    rows = whole(mock, service, MOST[service])
    assert [born(row) for row in rows] == list(wanted)
    assert len({who(row) for row in rows}) == len(wanted)
    for size in (3, 10, 64, 99):
        assert whole(mock, service, size) == rows
    chance = random.Random(7)
    for _ in range(40):
        offset, limit = chance.randrange(len(rows) + 20), chance.randrange(1, 101)
        assert ask(mock, service, offset, limit) == (rows[offset : offset + limit], len(rows))


def times_of(declared: dict[str, Any]) -> list[int]:
    """When the runs of a declaration began, newest first, by its own words."""
    units = {"h": HOUR, "m": MINUTE}
    age, every = (
        0 if value is None else value * SECOND if isinstance(value, int) else int(value[:-1]) * units[value[-1]]
        for value in (declared.get("age"), declared.get("every"))
    )
    return [START - age - index * every for index in range(declared.get("count", 1))]


@EACH
@pytest.mark.parametrize(
    "count", [1, 101, *(pytest.param(count, marks=pytest.mark.exhaustive) for count in (2, 99, 100, 350))]
)
def test_pages_of_a_declared_list(service: str, count: int) -> None:
    """Of count runs, one every so often, each page has those that arithmetic gives, newest first, and total is count."""
    mock = new_mock(unknown_ids="reject")
    mock.job(service, **IDENTITY[service], count=count, every="90m")
    check_pages(mock, service, [START - index * 90 * MINUTE for index in range(count)])


@EACH
@NEWEST_FIRST
def test_pages_of_interleaved_declarations(service: str, order: int) -> None:
    """Several declarations for one list are merged by time, in whatever order they were declared."""
    mock = new_mock(unknown_ids="reject")
    for declared in INTERLEAVED[::order]:
        mock.job(service, **IDENTITY[service], **declared)
    wanted = sorted((time for declared in INTERLEAVED for time in times_of(declared)), reverse=True)
    assert len(wanted) > len(set(wanted))
    check_pages(mock, service, wanted)


@EACH
def test_of_runs_born_together_the_later_declared_is_newer(service: str) -> None:
    """Ties have an order, so that pages can neither repeat nor miss a run: the later declaration's comes first."""
    mock = new_mock()
    for owner in "abcde":
        mock.job(service, **IDENTITY[service], **_filter(service, owner), count=3, every="1h")
    alone = {owner: ask(mock, service, 0, 3, **{FILTER[service]: owner})[0] for owner in "edcba"}
    together = [rows[index] for index in range(3) for rows in alone.values()]
    assert whole(mock, service, 2) == together


@EACH
def test_pages_of_a_filtered_list(service: str) -> None:
    """A filter leaves a list of its own: its total, its pages, the same runs in the same order."""
    mock = new_mock()
    for number in range(12):
        mock.job(service, **IDENTITY[service], **_filter(service, "abc"[number % 3]), count=number + 1, every="37m")
    rows = whole(mock, service, 100)
    parts = [whole(mock, service, 7, **{FILTER[service]: owner}) for owner in "abc"]
    assert [len(part) for part in parts] == [22, 26, 30]
    for part in parts:
        assert [row for row in rows if row in part] == part
    assert sum(map(len, parts)) == len(rows) == 78


@EACH
@pytest.mark.parametrize("number", [0, *(pytest.param(number, marks=pytest.mark.exhaustive) for number in range(1, 8))])
def test_pages_of_a_made_up_history(service: str, number: int) -> None:
    """Made-up runs lie at even distances; pages of any size have them all."""
    mock = new_mock(seed=number)
    rows = whole(mock, service, MOST[service], name=f"x{number}")
    times = [born(row) for row in rows]
    assert len({newer - older for newer, older in pairwise(times)}) == 1
    assert times[0] == START
    assert len({who(row) for row in rows}) == len(rows)
    for size in (1, 4, 9, len(rows)):
        assert whole(mock, service, size, name=f"x{number}") == rows


@EACH
def test_pages_do_not_shift_while_made_up_runs_begin(service: str) -> None:
    """Runs that begin while a caller turns pages are not in them; a new first page shows them."""
    mock = new_mock()
    before = [who(row) for row in whole(mock, service, 5)]
    turned = [who(row) for row in ask(mock, service, 0, 5)[0]]
    while len(turned) < len(before):
        mock.clock.advance(86_400)
        rows, count = ask(mock, service, len(turned), 5)
        assert count == len(before)
        turned += [who(row) for row in rows]
    assert turned == before
    after = [who(row) for row in whole(mock, service, 5)]
    assert len(after) > len(before) + len(before) // 5
    assert after[-len(before) :] == before


@EACH
@pytest.mark.parametrize("seconds", [0, 0.001, 3_600])
def test_pages_do_not_shift_while_runs_are_declared(service: str, seconds: float) -> None:
    """Nor do runs that a test declares or reruns meanwhile, be it at the same instant, or made in the past."""
    mock = new_mock()
    job = mock.job(service, **IDENTITY[service], count=30, every="1h")
    before = [who(row) for row in ask(mock, service, 0, 30)[0]]
    turned = []
    for offset in range(0, 30, 5):
        rows, count = ask(mock, service, offset, 5)
        assert count == 30
        turned += [who(row) for row in rows]
        mock.clock.advance(seconds)
        if offset == 10:
            job.rerun()
            mock.job(service, **IDENTITY[service], age="8h")
    assert turned == before
    rows, count = ask(mock, service, 0, 50)
    assert count == 32
    assert [who(row) for row in rows if who(row) in before] == before


@EACH
def test_each_list_has_pages_of_its_own(service: str) -> None:
    """A new first page of one list, or of one filter of it, leaves the pages of the others as they are."""
    mock = new_mock()
    ask(mock, service, 0, 5)
    ask(mock, service, 0, 5, name="other")
    mock.clock.advance(30 * 86_400)
    (_, old), (_, new) = ask(mock, service, 5, 5), ask(mock, service, 0, 5, name="other")
    ask(mock, service, 0, 5, **{FILTER[service]: "x"})
    assert ask(mock, service, 5, 5)[1] == old
    assert ask(mock, service, 5, 5, name="other")[1] == new
    assert ask(mock, service, 0, 5)[1] > old
    assert ask(mock, service, 5, 5)[1] > old


@EACH
def test_a_list_that_nobody_began_is_shown_as_it_is_now(service: str) -> None:
    """A page other than the first, asked for alone, follows the clock."""
    mock = new_mock()
    mock.job(service, **IDENTITY[service])
    assert ask(mock, service, 1, 5) == ([], 1)
    mock.clock.advance(1)
    mock.job(service, **IDENTITY[service])
    assert ask(mock, service, 1, 5)[1] == 2


def test_a_clock_set_back_takes_pages_with_it() -> None:
    """Runs of a time that the clock has left again are not listed."""
    mock = new_mock()
    mock.job("tics", league_id="l", count=10, every="1h")
    assert ask(mock, "tics", 0, 5)[1] == 10
    mock.clock.set(START - 3 * HOUR)
    assert ask(mock, "tics", 5, 5)[1] == 7


@EACH
def test_runs_are_listed_from_when_they_are_visible(service: str) -> None:
    """Declared with visible_after, each run of a list is in it only that long after its beginning."""
    mock = new_mock(unknown_ids="reject")
    mock.job(service, **IDENTITY[service], count=4, every="1h", visible_after="90m")
    seen = []
    for _ in range(5):
        seen.append(ask(mock, service, 0, 10)[1])
        mock.clock.advance(1_800)
    assert seen == [2, 3, 3, 4, 4]


@pytest.mark.parametrize("offset", [0, 1, 99, 100, 499_950, 999_899, 999_900, 999_901, 999_999, 1_000_000, 2_147_483_647])
def test_any_page_of_a_million_runs(offset: int) -> None:
    """A league of 1,000,000 runs has every page where arithmetic puts it, and its total on each."""
    mock = new_mock()
    mock.job("tics", league_id="l", count=MILLION, every="1m")
    rows, count = ask(mock, "tics", offset, 100)
    assert count == MILLION
    wanted = range(offset, min(offset + 100, MILLION))
    assert [born(row) for row in rows] == [START - index * MINUTE for index in wanted]
    assert len({who(row) for row in rows}) == len(wanted)


def test_a_million_runs_among_others() -> None:
    """Newer and older runs of other declarations shift the million by as many as they are."""
    mock = new_mock()
    mock.job("tics", league_id="l", count=MILLION, every="1m", age="1d")
    alone = [ask(mock, "tics", offset, 100)[0] for offset in (0, 999_900)]
    mock.job("tics", league_id="l", count=250, every="1m")
    mock.job("tics", league_id="l", created="1999-01-01T00:00:00Z")
    assert ask(mock, "tics", 0, 1)[1] == MILLION + 251
    assert [ask(mock, "tics", offset, 100)[0] for offset in (250, 1_000_150)] == alone
    assert [born(row) for row in ask(mock, "tics", MILLION + 250, 100)[0]] == [parse_time("1999-01-01T00:00:00Z")]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 59), (1, 60), (59, 61), (60, 60_000), (0, 59_999_999)])
def test_a_window_of_a_million_runs(start: int, end: int) -> None:
    """Of a million runs of DataArts Studio a time range, both its ends included, has as many as it has minutes."""
    mock = new_mock()
    mock.job("dataarts", task_id="7", count=MILLION, every="1m")
    window = {"start_time": str(START - end * SECOND), "end_time": str(START - start * SECOND)}
    _, count = ask(mock, "dataarts", 0, 1, **window)
    assert count == end // 60 - -(-start // 60) + 1
    rows, _ = ask(mock, "dataarts", count - 1, 1, **window)
    assert [born(row) for row in rows] == [START - end // 60 * MINUTE]


@pytest.mark.parametrize(
    "fields", [{"count": MILLION}, {"count": 2, "every": "20500d"}, {"age": "20500d"}, {"count": 10**9, "every": "1m"}]
)
def test_runs_before_1970_are_refused(fields: dict[str, Any]) -> None:
    """A list that would reach back to before 1970, and so show less than its count, is refused."""
    with pytest.raises(InputError, match="before 1970"):
        new_mock().job("tics", league_id="l", **fields)


SOME = st.builds(
    RunSeries,
    source=st.sampled_from("abc"),
    first=st.integers(-50, 200),
    period=st.one_of(st.just(0), st.integers(1, 25)),
    count=st.integers(0, 25),
    number=st.integers(0, 1_000),
)
MANY = st.lists(SOME, max_size=6)
EXAMPLES = settings(max_examples=400, deadline=None, derandomize=True, database=None)


def runs_of(stretch: RunSeries[str]) -> list[Run]:
    """Source, number and birth of each run of a stretch, the oldest first."""
    return [(stretch.source, stretch.number + index, stretch.born(index)) for index in range(stretch.count)]


def in_order(stretches: Sequence[RunSeries[str]]) -> list[Run]:
    """All runs, by sorting them: newest first, of two born together the later stretch's first."""
    runs = [
        (run[2], place, index, run) for place, stretch in enumerate(stretches) for index, run in enumerate(runs_of(stretch))
    ]
    return [run for *_, run in sorted(runs, reverse=True)]


@EXAMPLES
@given(stretches=MANY, offset=st.integers(0, 160), limit=st.integers(-1, 160))
def test_a_page_is_a_slice_of_all_runs(stretches: list[RunSeries[str]], offset: int, limit: int) -> None:
    """Whatever stretches lie side by side, a page is what sorting all their runs gives."""
    wanted = in_order(stretches)
    assert page(stretches, offset, limit) == wanted[offset : offset + max(0, limit)]
    assert total(stretches) == len(wanted)


@EXAMPLES
@given(stretches=MANY, size=st.integers(1, 40))
def test_pages_are_all_runs(stretches: list[RunSeries[str]], size: int) -> None:
    """Pages of any size, one after the other, neither overlap nor miss a run."""
    turned = [run for offset in range(0, total(stretches) + size, size) for run in page(stretches, offset, size)]
    assert turned == in_order(stretches)


@EXAMPLES
@given(stretch=SOME, low=st.integers(-80, 900), high=st.integers(-80, 900))
def test_a_window_is_a_filter(stretch: RunSeries[str], low: int, high: int) -> None:
    """The runs between two times are those that a filter leaves, and keep their numbers."""
    wanted = [run for run in runs_of(stretch) if low <= run[2] <= high]
    assert runs_of(stretch.between(low, high)) == wanted
    assert stretch.before(low) == sum(run[2] < low for run in runs_of(stretch))


@EXAMPLES
@given(stretches=MANY, low=st.integers(-80, 400), high=st.integers(-80, 400), offset=st.integers(0, 60))
def test_a_page_of_a_window(stretches: list[RunSeries[str]], low: int, high: int, offset: int) -> None:
    """A page of what a window leaves is a slice of the sorted and filtered runs."""
    wanted = [run for run in in_order(stretches) if low <= run[2] <= high]
    assert page([stretch.between(low, high) for stretch in stretches], offset, 10) == wanted[offset : offset + 10]


@EXAMPLES
@given(
    periods=st.lists(st.integers(1, 10**9), min_size=1, max_size=4),
    share=st.floats(0, 1, exclude_max=True),
    count=st.integers(1, 10**9),
)
def test_pages_of_endless_stretches(periods: list[int], share: float, count: int) -> None:
    """Of up to a billion runs a stretch, a page anywhere begins with the run that has `offset` newer ones."""
    stretches = [RunSeries(place, START - (count - 1) * period, period, count) for place, period in enumerate(periods)]
    offset = int(share * total(stretches))
    result = page(stretches, offset, 3)
    assert len(result) == min(3, total(stretches) - offset)
    place, number, time = result[0]
    newer = sum(stretch.count - stretch.before(time + 1) for stretch in stretches)
    together = [stretch.source for stretch in stretches[place + 1 :] if stretch.before(time + 1) > stretch.before(time)]
    assert newer + len(together) == offset
    assert stretches[place].born(number) == time


@pytest.mark.parametrize("count", [100, MILLION, 10**9])
def test_a_page_looks_at_few_runs(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many runs there are, a page of ten costs some dozens of looks at where time divides them."""
    looks = []
    before = RunSeries.before

    def counted(stretch: RunSeries[str], time: int) -> int:
        looks.append(time)
        return before(stretch, time)

    monkeypatch.setattr(RunSeries, "before", counted)
    result = page([RunSeries("a", 0, MINUTE, count)], count // 2, 10)
    assert [number for _, number, _ in result] == list(range(count - 1 - count // 2, count - 11 - count // 2, -1))
    assert len(looks) < 70
