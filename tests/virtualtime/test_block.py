"""A block of virtual time: what moves it and what holds it, what is refused, and that time is always put back."""

from __future__ import annotations

import _thread
import asyncio
import collections
import ctypes
import datetime
import gc
import importlib
import multiprocessing
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import time_machine
import uvloop
from freezegun import freeze_time

import mockserver
from mockserver import Clock, real_time
from mockserver.virtualtime import AlreadyDriven, CannotDrive, engine, virtual_time
from mockserver.virtualtime.replace import Holders
from mockserver.virtualtime.replace import put_back as put_back_places

PATH = "/v1.1/p/clusters/c/cdm/job/j/status"
HEADERS = {"X-Auth-Token": "t"}
START = 1_767_225_600_000


def real_ones() -> tuple[Any, ...]:
    """What a block replaces."""
    return (
        time.sleep, time.monotonic, time.perf_counter, time.time, threading.Lock, threading.Thread.join, queue.SimpleQueue,
        vars(__import__("socket").socket).get("recv"), subprocess.Popen.__init__, uvloop.run, datetime.datetime.now(),
    )[:10]  # fmt: skip


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Whatever a test does, time is the real one afterwards."""
    before, began = real_ones(), time.time()
    yield
    assert real_ones() == before
    assert 0 <= time.time() - began < 600


# What moves, and what holds


def test_no_jump_while_requests_are_in_flight() -> None:
    """Five threads whose answers take 20 ms: each polls as often as is due, and none sees a request take long."""
    polls: collections.Counter[int] = collections.Counter()
    longest: list[float] = []

    def wait(base: str, number: int) -> None:
        http = requests.Session()
        while True:
            began = time.monotonic()
            answer = http.get(f"{base}/v1.1/p/clusters/c/cdm/job/j{number}/status", headers=HEADERS).json()
            longest.append(time.monotonic() - began)
            polls[number] += 1
            if answer["submissions"][0]["status"] == "SUCCEEDED":
                return
            time.sleep(30)

    with mockserver.running() as mock:
        for number in range(5):
            mock.job("cdm", job_name=f"j{number}", life=[("BOOTING", 30), ("RUNNING", "20m"), ("SUCCEEDED", None)])
        mock.fail("cdm", delay=0.02)
        with mock.clock.drive():
            threads = [threading.Thread(target=wait, args=(mock.url, number)) for number in range(5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert sorted(polls.values()) == [42] * 5
    assert max(longest) < 5


def test_many_tasks_and_their_clients_timeouts() -> None:
    """Twenty tasks of one loop, with httpx's own timeout of five seconds: none times out, each polls as often as is due."""

    async def wait(http: httpx.AsyncClient, number: int) -> int:
        polls = 0
        while True:
            polls += 1
            answer = await http.get(f"/v1.1/p/clusters/c/cdm/job/j{number}/status", headers=HEADERS)
            if answer.json()["submissions"][0]["status"] == "SUCCEEDED":
                return polls
            await asyncio.sleep(15)

    async def everybody(base: str) -> list[int]:
        async with httpx.AsyncClient(base_url=base) as http:
            return await asyncio.gather(*(wait(http, number) for number in range(20)))

    with mockserver.running() as mock:
        for number in range(20):
            mock.job("cdm", job_name=f"j{number}", life=[("RUNNING", "5m"), ("SUCCEEDED", None)])
        with mock.clock.drive():
            assert asyncio.run(everybody(mock.url)) == [21] * 20


async def _with_httpx(url: str) -> None:
    async with httpx.AsyncClient(timeout=2) as http:
        await http.get(url, headers=HEADERS)


async def _with_aiohttp(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http, http.get(url, headers=HEADERS):
        pass


async def _with_wait_for(url: str) -> None:
    async with httpx.AsyncClient(timeout=None) as http:
        await asyncio.wait_for(http.get(url, headers=HEADERS), 2)


@pytest.mark.parametrize("ask", [_with_httpx, _with_aiohttp, _with_wait_for, "requests"])
def test_a_call_that_hangs_takes_the_clients_timeout(ask: Any) -> None:
    """Every client's timeout rings, at its time on the clock."""
    with mockserver.running() as mock:
        mock.job("cdm", job_name="j")
        mock.fail("cdm", fault="HANG", times=1)
        with mock.clock.drive() as clock:
            began = clock.now()
            with pytest.raises((httpx.TimeoutException, asyncio.TimeoutError, TimeoutError, requests.Timeout)):
                if ask == "requests":
                    requests.get(mock.url + PATH, headers=HEADERS, timeout=2)
                else:
                    asyncio.run(ask(mock.url + PATH))
            assert 2_000 <= clock.now() - began < 2_100


def test_monotonic_time_never_stands_still() -> None:
    """It creeps whenever somebody looks, and time that is slept is exact."""
    with virtual_time(Clock(START, speed=0)):
        looks = [time.monotonic_ns() for _ in range(1_000)]
        began = time.perf_counter()
        time.sleep(7_200)
        assert 7_200 <= time.perf_counter() - began < 7_200.1
    assert all(before < after for before, after in pairwise(looks))


def test_queues_of_processes_return() -> None:
    """A queue of multiprocessing gives up at its time."""
    numbers: multiprocessing.Queue[int] = multiprocessing.get_context("fork").Queue()
    with virtual_time(Clock(START, speed=0)) as clock:
        with pytest.raises(queue.Empty):
            numbers.get(timeout=60)
        assert 60_000 <= clock.now() - START < 61_000


def test_time_stands_still_while_a_program_runs() -> None:
    """A subprocess lives in real time, and virtual time waits for it; a timeout of ours doesn't ring falsely."""
    with virtual_time(Clock(START, speed=0)) as clock:
        done = subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)"], check=True, timeout=60)
        assert done.returncode == 0
        assert clock.now() - START < 60_000


def test_a_mutex_is_waited_for() -> None:
    """A thread that sleeps while it holds a lock, made before the block, holds up nobody's time."""
    lock, order = threading.Lock(), list[str]()
    with virtual_time(Clock(START, speed=0)):

        def holder() -> None:
            with lock:
                time.sleep(30)
                order.append("holder")

        thread = threading.Thread(target=holder)
        thread.start()
        time.sleep(1)
        with lock:
            order.append("main")
        thread.join()
    assert order == ["holder", "main"]


def test_dates_go_with_the_clock() -> None:
    """Dates, and names that were imported before: all show the time of the block."""
    with virtual_time(Clock("2030-05-06T07:08:09Z", speed=0)):
        assert datetime.datetime.now(datetime.timezone.utc).year == 2030
        time.sleep(86_400)
        assert datetime.date.today().isoformat() == "2030-05-07"
        assert datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds") == "2030-05-07T07:08:09+00:00"
        assert time.gmtime().tm_yday == 127


@pytest.mark.parametrize("frozen", [freeze_time("2026-01-01"), time_machine.travel("2026-01-01T00:00:00Z", tick=False)])
def test_the_mocks_clock_doesn_t_follow_what_others_freeze(frozen: Any) -> None:
    """A job from before a block of freezegun or time-machine is found in it; driving goes on from their time."""
    with mockserver.running() as mock:
        mock.job("cdm", job_name="j", life="succeeds")
        with frozen:
            assert requests.get(mock.url + PATH, headers=HEADERS).status_code == 200
            with mock.clock.drive():
                time.sleep(3_600)
                assert datetime.datetime.now(datetime.timezone.utc).isoformat()[:16] == "2026-01-01T01:00"


def test_the_users_own_travels_within_a_block_go_on_with_it() -> None:
    """A block of time-machine that ticks ticks by virtual time; one that doesn't stands still, as it was asked to."""
    with virtual_time(Clock(START, speed=0)):
        for tick, hours in ((True, 1), (False, 0)):
            with time_machine.travel("2020-01-01T00:00:00Z", tick=tick):
                time.sleep(3_600)
                shown = datetime.datetime.now(datetime.timezone.utc)
                assert (shown.year, shown.hour, shown.minute) == (2020, hours, 0)


def test_every_clock_of_the_time_module_is_driven() -> None:
    """Texts, and clocks by number, too."""

    def looks() -> list[Any]:
        numbers = [time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(time.CLOCK_REALTIME), time.time_ns() / 1e9]
        return [*numbers, time.ctime(), time.asctime(), time.strftime("%H"), time.localtime().tm_hour]

    with virtual_time(Clock(START, speed=0)):
        before = looks()
        time.sleep(3_600)
        after = looks()
    assert all(3_600 <= late - early < 3_601 for early, late in zip(before[:3], after[:3], strict=True))
    assert all(early != late for early, late in zip(before, after, strict=True))


def test_a_date_of_a_block_is_like_any_other() -> None:
    """Its class is `datetime`, it can be pickled, and subclasses make instances of their own."""

    class Stamp(datetime.datetime):
        pass

    with virtual_time(Clock(START, speed=0)):
        moment = datetime.datetime.now()
        assert type(moment) is datetime.datetime
        assert pickle.loads(pickle.dumps(moment)) == moment
        assert type(Stamp.now()) is Stamp
    assert isinstance(moment, datetime.datetime)


def _double(number: int) -> int:
    return 2 * number


def test_a_pool_of_processes_works_in_no_time() -> None:
    """Its threads, which wait for bytes in pipes, hold nothing up; while a process works, time stands still."""
    with virtual_time(Clock(START, speed=0)) as clock, multiprocessing.get_context("fork").Pool(1) as pool:
        for number in range(3):
            assert pool.apply(_double, (number,)) == 2 * number
            time.sleep(600)
        assert 1_800_000 <= clock.now() - START < 1_802_000


def test_a_signal_s_handler_rings_in_real_time() -> None:
    """An alarm that guards a test counts real seconds."""

    def ring(*_: object) -> None:
        raise _Alarm

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(60)
    try:
        with virtual_time(Clock(START, speed=0)):
            time.sleep(7_200)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# What is refused


def _by_rlock() -> None:
    lock, taken = threading.RLock(), threading.Event()

    def hold() -> None:
        with lock, suppress(CannotDrive):
            taken.set()
            threading.Event().wait()

    threading.Thread(target=hold).start()
    taken.wait()
    lock.acquire(timeout=1)


def _by_signal() -> None:
    signal.pause()


def _by_signal_in_time() -> None:
    signal.sigtimedwait([signal.SIGUSR1], 30)


def _by_lock_of_c() -> None:
    lock = _thread.allocate_lock()
    lock.acquire()
    lock.acquire(timeout=30)


def _by_uvloop() -> None:
    uvloop.Loop().run_until_complete(asyncio.Event().wait())


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("wait", "name"),
    [
        (_by_rlock, r"lock\.acquire"), (_by_lock_of_c, r"lock\.acquire"), (_by_signal, r"signal\.pause"),
        (_by_signal_in_time, r"signal\.sigtimedwait"), (_by_uvloop, "an event loop of uvloop"),
    ],
)  # fmt: skip
def test_a_wait_that_can_t_be_driven_is_refused_by_its_line(wait: Any, name: str) -> None:
    """At once, not by the watchdog."""
    began = mockserver.real_time.monotonic()
    with pytest.raises(CannotDrive, match=rf"it waits in {name}.* at .*test_block\.py:\d+"), virtual_time(Clock()):
        wait()
    assert mockserver.real_time.monotonic() - began < 10


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"])
def handler_of_interrupts(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What a process does on SIGINT; one that a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, before)


def test_the_watchdog_ends_what_swallows_its_interrupts(handler_of_interrupts: Any) -> None:
    """As the main loops of some frameworks do: it interrupts again."""
    swallowed: list[BaseException] = []

    def stubborn() -> None:
        reader, _ = os.pipe()
        while len(swallowed) < 2:
            try:
                os.read(reader, 1)
            except KeyboardInterrupt as error:
                swallowed.append(error)

    with pytest.raises(CannotDrive, match="time has stood still"), virtual_time(Clock(), watchdog=0.3):
        stubborn()
    assert len(swallowed) == 2
    assert signal.getsignal(signal.SIGINT) == handler_of_interrupts


def test_a_sleep_in_c_is_refused_by_its_line() -> None:
    """A wait that nobody can drive is an error at once, by name and line."""
    with pytest.raises(CannotDrive, match=r"it waits in a sleep in C at .*test_block\.py:\d+"), virtual_time(Clock()):
        thread = threading.Thread(target=lambda: ctypes.CDLL(None).usleep(300_000))
        thread.start()
        thread.join()
    thread.join()


def test_short_sleeps_in_c_are_no_waits() -> None:
    """`time.sleep(0)`, as `sched` does between two events, and a pause of a millisecond: they run, and nobody is refused."""
    pause = ctypes.CDLL(None).usleep
    clock = Clock(START, speed=0)

    def work() -> None:
        for _ in range(2_000):
            time.sleep(0)
        for _ in range(50):
            pause(1_000)
        time.sleep(30)

    with virtual_time(clock):
        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(30)
        thread.join()
    assert 30_000 <= clock.now() - START < 30_100


def test_a_lock_from_before_the_block_is_refused_with_a_timeout() -> None:
    """Only locks that are made in the block have timeouts on its time."""
    lock = threading.Lock()
    lock.acquire()

    def wait() -> None:
        lock.acquire(timeout=0.5)

    with (
        pytest.raises(CannotDrive, match=r"it waits in lock\.acquire\(timeout=\.\.\.\) at .*test_block\.py"),
        virtual_time(Clock()),
    ):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    thread.join()


def _child(answer: Any) -> None:
    try:
        time.sleep(30)
    except CannotDrive as error:
        answer.put(str(error))


def test_a_forked_child_is_refused_and_the_test_hears_of_it() -> None:
    """It would sleep for real, or not at all: it fails, and so does the block."""
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    process = context.Process(target=_child, args=(answer,))
    with (
        pytest.raises(
            CannotDrive, match=r"in the process \d+: it waits in time\.sleep at .*test_block\.py:\d+; it is a forked"
        ),
        virtual_time(Clock()),
    ):
        process.start()
        time.sleep(600)
    process.join()
    assert "it waits in time.sleep" in answer.get(timeout=5)


def test_uvloop_is_a_stock_loop_in_a_block_or_refused() -> None:
    """A loop of uvloop that is made in the block is asyncio's own, one from before is refused."""

    async def hurried() -> None:
        await asyncio.wait_for(asyncio.sleep(1_000), 30)

    before = uvloop.new_event_loop()
    clock = Clock(START, speed=0)
    with virtual_time(clock):
        with pytest.raises(asyncio.TimeoutError):
            uvloop.run(hurried())
        assert clock.now() == START + 30_000
        coroutine = hurried()
        with pytest.raises(CannotDrive, match=r"it waits in an event loop of uvloop at .*test_block\.py"):
            before.run_until_complete(coroutine)
        coroutine.close()
    before.close()


def test_the_watchdog_ends_a_block_that_stands_still() -> None:
    """With every thread's stack, and each task's, and what it waits for."""

    async def stuck() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(CannotDrive) as caught, virtual_time(Clock(), watchdog=0.3):
        asyncio.run(stuck())
    told = str(caught.value)
    assert "time has stood still for 0.3 real seconds (setting drive_watchdog)" in told
    assert "thread MainThread: waits in an event loop or selector" in told
    assert "in stuck" in told


def test_the_watchdog_ends_a_wait_without_a_timeout() -> None:
    """Where the thread of the block waits for ever."""
    with pytest.raises(CannotDrive, match="time has stood still"), virtual_time(Clock(), watchdog=0.3):
        threading.Event().wait()


def test_there_is_one_block_at_a_time() -> None:
    """A block in a block is refused; the outer one goes on."""
    with virtual_time(Clock(START, speed=0)) as clock:
        with pytest.raises(AlreadyDriven), virtual_time(Clock()):
            pass
        time.sleep(10)
        assert clock.now() == START + 10_000


# Putting it back


def test_what_is_imported_in_a_block_is_real_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that takes a name in a block has the real one after it, and the driven one in the next."""
    (tmp_path / "lazy_module.py").write_text("from time import monotonic, sleep\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    clock = Clock(START, speed=0)
    with virtual_time(clock):
        lazy = importlib.import_module("lazy_module")
        lazy.sleep(30)
    assert lazy.sleep is time.sleep
    assert lazy.monotonic is time.monotonic
    with virtual_time(clock):
        lazy.sleep(30)
    assert clock.now() == START + 60_000


class _Injected:
    held = time.sleep

    def __init__(self, sleep: Any = time.sleep) -> None:
        self.sleep = sleep


def test_functions_are_found_where_they_are_held() -> None:
    """In instances, in classes, as defaults, in closures: driven in the block, and the real ones after it."""
    real_sleep = time.sleep
    before = _Injected()

    def closure() -> None:
        real_sleep(30)

    def by_keyword(*, sleep: Any = time.sleep) -> None:
        sleep(30)

    clock = Clock(START, speed=0)
    with virtual_time(clock):
        before.sleep(30)
        _Injected().sleep(30)
        _Injected.held(30)
        closure()
        by_keyword()
    assert clock.now() == START + 150_000
    assert before.sleep is _Injected.held is time.sleep


def test_who_holds_a_function_is_looked_for_again_only_where_it_changed() -> None:
    """Two blocks with the same holders are one look at the heap; another holder in a place of the first is found."""
    holders = Holders()
    looks: list[int] = []
    gc.collect()

    def drive(poller: _Injected) -> None:
        places = holders.replace([(time.sleep, looks.append)])
        poller.sleep(30)
        put_back_places(places)

    poller = _Injected()
    drive(poller)
    remembered = list(holders._places)
    drive(poller)
    assert remembered
    assert [id(place) for place in holders._places] == [id(place) for place in remembered]
    assert looks == [30, 30]
    del poller
    drive(_Injected())  # the count of references is the same
    assert looks == [30, 30, 30]


@pytest.mark.parametrize("late", [False, True], ids=["before the next block", "within the next block"])
def test_a_thread_that_is_left_behind_moves_nothing(late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sleeps on for real, whatever time it has still to sleep; the next block isn't its own, whenever it gets to run."""
    clock, other = Clock(START, speed=0), Clock(START, speed=0)
    woken, gate = threading.Event(), _thread.allocate_lock()
    sleep = real_time.sleep

    def sleep_on(seconds: float) -> None:
        with gate:
            pass
        sleep(seconds)

    def work() -> None:
        time.sleep(30)
        woken.set()

    def busy() -> None:
        while not ended:
            pass

    ended: list[int] = []
    monkeypatch.setattr(real_time, "sleep", sleep_on)
    gate.acquire()
    with virtual_time(clock):
        hold = threading.Thread(target=busy)
        hold.start()
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
    ended.append(1)
    hold.join()
    assert not woken.is_set()
    assert clock.now() == START
    if not late:
        gate.release()
        sleep(0.01)
    with virtual_time(other):
        if late:
            gate.release()
            end = real_time.monotonic() + 0.1
            while real_time.monotonic() < end:
                sum(range(1_000))
        time.sleep(5)
    assert other.now() == START + 5_000
    assert clock.now() == START


def _sleeps(thread: threading.Thread) -> bool:
    assert engine.active is not None
    sleeper = engine.active.sleepers.get(thread)
    return sleeper is not None and sleeper.what == "time.sleep"


def test_ctrl_c_in_a_wait_comes_out_of_it() -> None:
    """An interrupt ends a wait in a block, and the block."""
    main = threading.current_thread()
    interrupted: list[int] = []

    def interrupt() -> None:
        while not _sleeps(main):
            pass  # an interrupt in Thread.start() would leave its lock as no thread expects it: CPython's own trouble
        os.kill(os.getpid(), signal.SIGINT)
        while not interrupted:
            pass  # time stands still as long as this runs

    with virtual_time(Clock()):
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(1_000_000)
        interrupted.append(1)
    thread.join()


def test_an_interrupt_of_the_watchdog_that_comes_late_hides_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes out of the block; a KeyboardInterrupt would end all of pytest."""
    with pytest.raises(CannotDrive, match="for a test"), virtual_time(Clock()):
        assert engine.active is not None
        finish = engine.active.end

        def end_late() -> None:
            finish()
            signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(engine.active, "end", end_late)
        engine.active.interrupted = True
        engine.active.fail(CannotDrive("for a test"))


class _RingsWhenTaken:
    """A lock that sends SIGINT each time that it is taken or given back."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock

    def acquire(self, blocking: bool = True) -> bool:
        taken = bool(self.lock.acquire(blocking))
        signal.raise_signal(signal.SIGINT)
        return taken

    def release(self) -> None:
        signal.raise_signal(signal.SIGINT)
        self.lock.release()


def test_ctrl_c_where_a_lock_is_taken_leaves_it_free() -> None:
    """An interrupt between two lines of the engine's own comes out of the block, which other threads don't wait for."""
    with pytest.raises(KeyboardInterrupt), virtual_time(Clock()):
        assert engine.active is not None
        lock: Any = engine.active.lock
        lock._lock = _RingsWhenTaken(lock._lock)
        try:
            time.sleep(30)
        finally:
            lock._lock = lock._lock.lock


class _Alarm(Exception):
    """What a handler raises."""


@pytest.fixture
def alarms() -> Iterator[list[int]]:
    """The times (ms since START) at which SIGALRM came; no alarm is left behind."""
    times: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: times.append(round(time.time() * 1_000) - START))
    yield times
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_alarm_comes_at_its_virtual_time(alarms: list[int]) -> None:
    """Once, again and again, moved, or called off; whoever waits then, in whatever thread."""
    with virtual_time(Clock(START, speed=0)):
        assert signal.alarm(600) == 0
        time.sleep(30)
        assert signal.alarm(300) == 570
        time.sleep(1_000)
        assert alarms == [330_000]
        assert signal.setitimer(signal.ITIMER_REAL, 10, 20) == (0.0, 0.0)
        thread = threading.Thread(target=time.sleep, args=(45,))
        thread.start()
        thread.join()
        assert [at - 1_030_000 for at in alarms[1:]] == [10_000, 30_000]
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert (round(left), interval) == (5, 20)
        assert round(signal.setitimer(signal.ITIMER_REAL, 0)[0]) == 5
        time.sleep(1_000)
        assert len(alarms) == 3
        with pytest.raises(ValueError, match="-1 seconds; allowed: 0"):
            signal.setitimer(signal.ITIMER_REAL, -1)


def test_time_waits_for_the_handler_of_an_alarm(alarms: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may deliver a signal late; the thread that it is for sleeps until then."""
    kill, due = signal.pthread_kill, real_time.Lock()
    due.acquire()

    def deliver() -> None:
        due.acquire()
        real_time.sleep(0.1)
        kill(threading.main_thread().ident or 0, signal.SIGALRM)

    threading.Thread(target=deliver, name="mockserver-test", daemon=True).start()
    monkeypatch.setattr(signal, "pthread_kill", lambda *_: due.release())

    def run_until_main_sleeps() -> None:
        while not _sleeps(threading.main_thread()):
            pass  # so it isn't the main thread that moves time on, and rings

    with virtual_time(Clock(START, speed=0)):
        thread = threading.Thread(target=run_until_main_sleeps)
        thread.start()
        signal.alarm(300)
        time.sleep(1_000)
        thread.join()
    assert alarms == [300_000]


def test_what_an_alarm_raises_ends_the_wait(alarms: list[int]) -> None:
    """As timeout_decorator, stopit and Airflow's execution_timeout have it."""

    def ring(*_: object) -> None:
        raise _Alarm

    signal.signal(signal.SIGALRM, ring)
    clock = Clock(START, speed=0)
    with virtual_time(clock):
        signal.setitimer(signal.ITIMER_REAL, 600)
        with pytest.raises(_Alarm):
            while True:
                time.sleep(37)
    assert clock.now() == START + 600_000
    assert alarms == []


def test_an_alarm_of_before_the_block_is_real(alarms: list[int]) -> None:
    """Pytest-timeout's, say. One that is set in the block and hasn't come goes on for real, if there is no other."""
    signal.alarm(1_000)
    with virtual_time(Clock(START, speed=0)):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        signal.alarm(50)
        time.sleep(20)
    assert 990 < signal.alarm(0) <= 1_000
    with virtual_time(Clock(START, speed=0)):
        signal.alarm(50)
        time.sleep(20)
    assert 25 < signal.getitimer(signal.ITIMER_REAL)[0] <= 30
    assert alarms == []


AFTER = [0.001, *(pytest.param(after, marks=pytest.mark.exhaustive) for after in (0.0001, 0.0005, 0.002, 0.004, 0.008))]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may come while Python closes a file
@pytest.mark.parametrize("after", AFTER)
def test_a_signal_in_setting_up_or_cleaning_up(after: float) -> None:
    """Whenever it comes, time is put back, and another block can begin."""

    def ring(*_: object) -> None:
        raise _Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        for _ in range(4):
            try:
                signal.setitimer(signal.ITIMER_REAL, after)
                with virtual_time(Clock(START, speed=0)):
                    pass
            except _Alarm:
                pass
            finally:
                with suppress(_Alarm):  # it may come at last here
                    signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    with virtual_time(Clock(START, speed=0)) as clock:
        time.sleep(30)
    assert clock.now() == START + 30_000
