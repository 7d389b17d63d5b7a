"""The one clock: what it drives, how it is moved, and sleeping that moves it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.app import create_app
from mockserver.cli import main
from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.jobs.clock import Clock, parse_time, utc
from mockserver.jobs.duration import seconds
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings
from mockserver.virtualtime import drive

DEFINITIONS = load()
START = 1_767_225_600_000
PATH = "/v1.1/p/clusters/c/cdm/job/x/status"


def frozen(**settings: Any) -> Mock:
    """A mock without authentication whose clock stands still."""
    return Mock(Settings(auth="off", time="2026-01-01T00:00:00Z", speed=0.0, **settings), definitions=DEFINITIONS)


def test_a_frozen_clock_moves_only_when_told() -> None:
    """set, advance and advance_to move a frozen clock; nothing else does."""
    clock = Clock(START, speed=0)
    assert clock.now() == clock.now() == START
    clock.advance(1.5)
    assert clock.now() == START + 1_500
    clock.advance_to(START)
    assert clock.now() == START + 1_500
    clock.advance_to(START + 2_000)
    clock.set(START - 1)
    assert clock.now() == START - 1


def test_a_scaled_clock_runs_faster() -> None:
    """At speed 3600 a real hundredth of a second is more than half a minute."""
    clock = Clock(START, speed=3_600)
    time.sleep(0.01)
    assert clock.now() >= START + 36_000
    clock.freeze()
    shown = clock.now()
    assert clock.now() == shown


def test_the_real_clock_shows_the_time() -> None:
    """Without a start the clock shows what the machine's does."""
    before = time.time_ns() // 1_000_000
    assert before <= Clock().now() <= time.time_ns() // 1_000_000


@pytest.mark.parametrize("call", [lambda: Clock(speed=-1), lambda: Clock().advance(-1), lambda: Clock().run(float("nan"))])
def test_a_clock_refuses_what_is_no_pace(call: Any) -> None:
    """Negative or endless paces are named."""
    with pytest.raises(InputError, match="allowed: 0 or more"):
        call()


def test_the_clock_drives_headers_bodies_and_jobs() -> None:
    """Date, times in bodies and the states of jobs follow the same clock."""
    mock = frozen()
    mock.clock.set(parse_time("2030-05-06T07:08:09Z"))
    answer = mock.handle(Request("GET", PATH))
    assert answer.header("Date") == "Mon, 06 May 2030 07:08:09 GMT"
    run = json.loads(answer.body)["submissions"][0]
    assert utc(run["creation-date"]).isoformat() == "2030-05-06T07:08:09+00:00"
    mock.clock.advance(3_600)
    later = mock.handle(Request("GET", PATH))
    assert parsedate_to_datetime(str(later.header("Date"))).hour == 8
    assert json.loads(later.body)["submissions"][0]["status"] in ("SUCCEEDED", "FAILED", "FAILURE_ON_SUBMIT")


def test_polls_can_tick_the_clock() -> None:
    """With a tick each answered poll moves the clock on, and other requests don't."""
    mock = frozen(tick=30.0)
    mock.job("cdm", life=[("BOOTING", 60), ("RUNNING", 60), ("SUCCEEDED", None)])
    seen = [json.loads(mock.handle(Request("GET", PATH)).body)["submissions"][0]["status"] for _ in range(6)]
    assert seen == ["BOOTING", "BOOTING", "RUNNING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]
    mock.handle(Request("GET", "/v3/projects"))
    assert mock.clock.now() == START + 6 * 30_000


def test_reset_starts_the_clock_anew() -> None:
    """After a reset the clock shows its start again."""
    mock = frozen()
    mock.clock.advance(99)
    mock.reset()
    assert mock.clock.now() == START


def test_driving_makes_two_hours_of_polling_quick_and_exact() -> None:
    """A loop that polls every 30 s for two hours sees each state when it should, and hardly any real time passes."""
    mock = frozen()
    mock.job("cdm", life=[("BOOTING", 30), ("RUNNING", "2h"), ("SUCCEEDED", None)])
    polls, began = 0, time.monotonic()
    with drive(mock.clock):
        started = time.time()
        while True:
            polls += 1
            if json.loads(mock.handle(Request("GET", PATH)).body)["submissions"][0]["status"] == "SUCCEEDED":
                break
            time.sleep(30)
        waited = time.time() - started
    assert (polls, round(waited, 3)) == (242, 7_230)  # a float of this size has microseconds to spare
    assert time.monotonic() - began < 7_230 / 10


def test_driving_replaces_every_way_to_tell_time() -> None:
    """time, monotonic and their nanoseconds keep step with the clock, and are the real ones again afterwards."""
    clock, real = Clock(START, speed=0), (time.sleep, time.time, time.monotonic, time.time_ns, asyncio.sleep)
    with drive(clock):
        before = (time.time(), time.monotonic(), time.time_ns(), time.monotonic_ns())
        time.sleep(90)
        after = (time.time(), time.monotonic(), time.time_ns(), time.monotonic_ns())
        assert [round(b - a, 3) for a, b in zip(before[:2], after, strict=False)] == [90, 90]
        for earlier, later in zip(before[2:], after[2:], strict=True):
            assert 90 * 10**9 <= later - earlier < 90 * 10**9 + 10**6  # it creeps whenever somebody looks
        with pytest.raises(ValueError, match="non-negative"):
            time.sleep(-1)
    assert real == (time.sleep, time.time, time.monotonic, time.time_ns, asyncio.sleep)


def test_driving_gives_time_back_after_a_failure() -> None:
    """An exception in the block leaves nothing replaced, and the clock runs as before."""
    clock, sleep = Clock(START, speed=2), time.sleep
    with pytest.raises(KeyError), drive(clock):
        raise KeyError
    assert time.sleep is sleep
    assert clock.speed == 2


def test_only_one_clock_drives() -> None:
    """A second drive in the same process is refused, whoever asks for it."""
    with drive(Clock(START)), pytest.raises(RuntimeError, match="already driven"), drive(Clock(START)):
        pass


def test_driven_threads_sleep_side_by_side() -> None:
    """Three threads that each sleep 20 times 30 s take ten minutes of the clock, not thirty (a busy machine: some more)."""
    clock = Clock(START, speed=0)

    def work() -> None:
        for _ in range(20):
            time.sleep(30)

    with drive(clock):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert START + 600_000 <= clock.now() < START + 1_200_000


def test_driven_tasks_sleep_side_by_side() -> None:
    """asyncio tasks wake in the order of their times, whatever order they fell asleep in."""
    clock, woken = Clock(START, speed=0), []

    async def work(name: str, delay: float, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(delay)
            woken.append((name, (clock.now() - START) // 1_000))

    async def both() -> None:
        await asyncio.gather(work("slow", 50, 2), work("quick", 20, 5))

    with drive(clock):
        asyncio.run(both())
    assert [entry for entry in woken if entry[1] < 100] == [
        ("quick", 20), ("quick", 40), ("slow", 50), ("quick", 60), ("quick", 80),
    ]  # fmt: skip
    assert sorted(woken[-2:]) == [("quick", 100), ("slow", 100)]


def test_driven_timeouts_ring_on_the_clock() -> None:
    """asyncio.wait_for gives up at its time on the clock, before a longer sleep is over; results of sleeps come through."""
    clock = Clock(START, speed=0)

    async def hurried() -> str:
        try:
            return await asyncio.wait_for(asyncio.sleep(1_000, "slept"), 30)
        except asyncio.TimeoutError:
            return "timed out"

    with drive(clock):
        assert asyncio.run(hurried()) == "timed out"
        assert clock.now() == START + 30_000
        assert asyncio.run(asyncio.wait_for(asyncio.sleep(10, "slept"), 30)) == "slept"
        assert asyncio.run(asyncio.sleep(0, "at once")) == "at once"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (90, 90),
        (0.5, 0.5),
        ("90", 90),
        ("90s", 90),
        ("2h", 7_200),
        ("1h30m", 5_400),
        ("1.5h", 5_400),
        ("250ms", 0.25),
        ("1d 2h", 93_600),
    ],
)
def test_durations_are_read(text: object, wanted: float) -> None:
    """Seconds, or text with units."""
    assert seconds(text) == wanted


@given(st.one_of(st.none(), st.booleans(), st.text(), st.floats(max_value=-0.001), st.lists(st.integers())))
def test_other_durations_are_refused_or_read(value: object) -> None:
    """Whatever is given, the answer is a number of seconds or an error that says what is allowed."""
    try:
        assert seconds(value) >= 0
    except InputError as error:
        assert "is not a length of time; allowed" in str(error)


def test_the_control_api_moves_the_clock() -> None:
    """PATCH /_mock/clock sets, freezes, advances, scales and ticks; GET shows it."""
    client = create_app(mock=frozen()).test_client()
    changed = client.patch("/_mock/clock", json={"set": "2026-02-03T04:05:06Z", "advance": "1h", "tick": "30s"}).get_json()
    assert changed == {
        "time": parse_time("2026-02-03T05:05:06Z"),
        "iso": "2026-02-03T05:05:06.000+00:00",
        "speed": 0,
        "tick": 30,
    }
    assert client.get("/_mock/clock").get_json() == changed
    assert client.patch("/_mock/clock", json={"speed": 60}).get_json()["speed"] == 60
    assert client.patch("/_mock/clock", json={"freeze": True}).get_json()["speed"] == 0


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"sett": "2026"}, "did you mean 'set'"),
        ({"set": "noon"}, "ISO 8601"),
        ({"advance": "-1h"}, "is not a length of time"),
        ({"speed": "fast"}, "allowed: a number"),
        ({"freeze": False}, "allowed: true"),
        ({"set": "2027-01-01T00:00:00Z", "advance": "soon"}, "is not a length of time"),
        ([], "allowed: a JSON object"),
    ],
)
def test_the_control_api_names_mistakes(body: Any, detail: str) -> None:
    """A wrong change of the clock is a 400 that says what is allowed, and changes nothing."""
    mock = frozen()
    answer = create_app(mock=mock).test_client().patch("/_mock/clock", json=body)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert detail in answer.get_json()["detail"]
    assert mock.clock.now() == START


def test_the_command_line_needs_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no server answers, `mockserver clock` says so and exits with 2."""
    assert main(["clock", "--port", "1"]) == 2
    assert "no mockserver answers at http://127.0.0.1:1" in capsys.readouterr().err
    assert main(["clock", "advance"]) == 2
    assert "needs a duration" in capsys.readouterr().err
    assert main(["clock", "freeze", "1"]) == 2
    assert "takes no value" in capsys.readouterr().err


def test_watchers_hear_of_every_move_and_of_nothing_else() -> None:
    """Whoever watches a clock is called by each call that moves it, and no more once it stopped watching."""
    start = 1_700_000_000_000
    clock = Clock(start, speed=0, tick=1)
    heard: list[int] = []

    def watcher() -> None:
        heard.append(clock.now() - start)

    clock.watch(watcher)
    clock.advance(1)
    clock.set(start + 5_000)
    clock.poll()
    clock.advance_to(start + 9_000)
    clock.run(0)
    clock.restart()
    clock.now()
    assert heard == [1_000, 5_000, 6_000, 9_000, 9_000, 0]
    clock.unwatch(watcher)
    clock.advance(1)
    assert len(heard) == 6


def test_what_on_sleep_raises_comes_out_of_the_sleep() -> None:
    """Whoever drives can stop sleepers, in threads and in event loops, before they wait and when they wake."""

    class Enough(BaseException):
        """Stops the sleeper."""

    def on_sleep() -> None:
        if clock.now() == START + 20_000:
            raise Enough

    async def sleep_on() -> None:
        while True:
            await asyncio.sleep(10)

    clock = Clock(START, speed=0)
    with drive(clock, on_sleep):
        time.sleep(10)
        with pytest.raises(Enough):
            asyncio.run(sleep_on())
    assert clock.now() == START + 20_000


def test_a_timer_rings_when_another_thread_moves_the_clock() -> None:
    """An event loop that only waits, with a timeout, wakes once somebody else has moved the clock past it."""
    clock = Clock(START, speed=0)

    async def wait_for_nothing() -> None:
        threading.Timer(0.05, clock.advance, [600]).start()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 300)

    with drive(clock):
        asyncio.run(wait_for_nothing())


def test_with_bystanders_daemons_are_waited_for() -> None:
    """A daemon that is started in the block has its turn before the clock moves on; the thread that looks on has none."""
    clock, seen = Clock(START, speed=0), list[int]()

    def work() -> None:
        for _ in range(3):
            seen.append(clock.now() - START)
            time.sleep(10)

    def start_and_sleep() -> None:
        helper = threading.Thread(target=work, daemon=True)
        helper.start()
        time.sleep(60)
        helper.join()

    with drive(clock, bystanders={threading.current_thread()}):
        thread = threading.Thread(target=start_and_sleep, daemon=True)
        thread.start()
        thread.join()
    assert seen == [0, 10_000, 20_000]


@pytest.mark.parametrize(
    ("value", "expected"), [(90, 90), (0.5, 0.5), ("90", 90), ("90s", 90), ("2h", 7_200), ("1h30m", 5_400)]
)
def test_durations_are_seconds_or_text(value: float | str, expected: float) -> None:
    """`advance` and `tick` take what fixtures and the command line take."""
    clock = Clock(START, speed=0)
    clock.advance(value)
    clock.tick = value
    assert (clock.now(), clock.tick) == (START + expected * 1_000, expected)
    assert Clock(START, tick=value).tick == expected


@pytest.mark.parametrize(
    "value",
    [
        START,
        "2026-01-01T00:00:00Z",
        "2026-01-01T08:00:00+08:00",
        "2026-01-01",
        datetime.fromisoformat("2026-01-01T00:00:00+00:00"),
    ],
    ids=["milliseconds", "utc", "zone", "date", "datetime"],
)
def test_times_are_milliseconds_or_iso(value: Any) -> None:
    """`set` and the clock's start take a number, ISO 8601 text or a datetime."""
    clock = Clock(speed=0)
    clock.set(value)
    assert clock.now() == Clock(value, speed=0).now() == START


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda clock: clock.set(5), "5 ms since 1970 would be in the first days of 1970; allowed: milliseconds, or text"),
        (lambda clock: clock.set("soon"), "'soon' is not a time; allowed: ISO 8601"),
        (lambda clock: clock.set(None), "None is not a time; allowed: ISO 8601"),
        (lambda clock: clock.advance("soon"), "advance: 'soon' is not a length of time; allowed: seconds"),
        (lambda clock: clock.advance(None), "advance is None; allowed: seconds"),
        (lambda clock: clock.advance(-1), "advance is -1; allowed: 0 or more"),
        (lambda clock: setattr(clock, "tick", "x"), "tick: 'x' is not a length of time"),
    ],
    ids=["set-5", "set-text", "set-none", "advance-text", "advance-none", "advance-negative", "tick"],
)
def test_what_is_no_time_is_refused(change: Callable[[Clock], None], message: str) -> None:
    """A value that is no time or no length of time is refused with what is allowed, and the clock stays."""
    clock = Clock(START, speed=0)
    with pytest.raises(InputError) as caught:
        change(clock)
    assert message in str(caught.value)
    assert clock.now() == START


def test_a_clock_says_what_it_shows() -> None:
    """Its repr is one short line."""
    assert repr(Clock(START, speed=0)) == "<Clock 2026-01-01T00:00:00.000Z, frozen>"
    assert repr(Clock(START, speed=0, tick=30)) == "<Clock 2026-01-01T00:00:00.000Z, frozen, 30 s a poll>"
