"""The torture rack: every grade by pollers made for it, the recommended poller on every hazard, and the plugin."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import http.client
import json
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import robust_poller as robust
from torture_pollers import JOB, graded

from mockserver.definitions import load
from mockserver.errors import InputError
from mockserver.settings import DEFAULT_APP_KEY, DEFAULT_APP_SECRET
from mockserver.testing.mock_server import MockServer
from mockserver.testing.running import running
from mockserver.torture_rack.grading import (
    CLEAR,
    ENDLESS,
    GRADES,
    HAMMERED,
    RIGHT,
    UNCLEAR,
    UNDRIVEN,
    WRONG,
    is_clear,
    verdict_of,
)
from mockserver.torture_rack.hazards import HAZARDS, hazards
from mockserver.torture_rack.runner import HazardRun, Report, options, torture
from mockserver.torture_rack.service_profiles import ServiceProfile, profile_of, services
from mockserver.torture_rack.table import hazards_markdown, table

pytest_plugins = ["pytester"]
pytestmark = [  # what pollers are stopped in the middle of isn't closed; TICS's times are no times to the SDK
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Unable to convert string to datetime"),
]
ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PATH = f"/v1.1/p/clusters/c/cdm/job/{JOB}/status"
HEADERS = {"X-Auth-Token": "t"}
IDENTITIES: dict[str, dict[str, Any]] = {
    "cdm": {"job_name": JOB},
    "taurusdb": {"id": ID},
    "tics": {"league_id": "league1", "facts": {"id": ID}},
    "dataarts": {"task_id": "937987", "job_name": "etl", "instance": ID, "facts": {"log": 4711}},
    "enos": {"taskInstId": "nightly-77"},
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The SDKs log every error."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True, scope="module")
def closed_clients() -> Iterator[None]:
    """What pollers leave open is closed before other tests."""
    yield
    gc.collect()


def url() -> str:
    """Where the mock answers: SDK code is pointed at it by the environment."""
    return os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"]


def ask() -> str:
    """One honest poll."""
    answer = requests.get(url() + PATH, headers=HEADERS, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["submissions"][0]["status"])


def one(name: str, wait: Callable[[], Any], service: str = "cdm", **given: Any) -> Report:
    """What becomes of a poller in one hazard."""
    (report,) = torture(service, wait, only=name, **{**IDENTITIES[service], **given})
    return report


# The recommended poller, and three as people write them

EACH_SERVICE = [pytest.param(name, marks=() if name == "taurusdb" else pytest.mark.exhaustive) for name in services(load())]


def _look(service: str) -> tuple[str, Callable[[], str], robust.States]:
    sdks = {
        "cdm": ("huaweicloudsdkcdm.v1", "Cdm"), "taurusdb": ("huaweicloudsdkgaussdb.v3", "GaussDB"),
        "tics": ("huaweicloudsdktics.v1", "Tics"), "dataarts": ("huaweicloudsdkdataartsstudio.v1", "DataArtsStudio"),
    }  # fmt: skip
    if service == "enos":
        look = robust.look_at_enos((DEFAULT_APP_KEY, DEFAULT_APP_SECRET), url(), "nightly-77", "u", "o")
        return "EnOS task nightly-77", look, robust.ENOS
    client = _client(*sdks[service])
    window = {"start_time": 0, "end_time": 4_000_000_000_000, "instance": ID, "task_id": "937987", "job_name": "etl"}
    looks: dict[str, Callable[[], tuple[str, Callable[[], str], robust.States]]] = {
        "cdm": lambda: (f"CDM job {JOB}", robust.look_at_cdm(client, "c", JOB), robust.CDM),
        "taurusdb": lambda: (f"job {ID}", robust.look_at_taurusdb(client, ID), robust.TAURUSDB),
        "tics": lambda: (f"instance {ID}", robust.look_at_tics(client, "league1", ID), robust.TICS),
        "dataarts": lambda: ("run 4711 of etl", robust.look_at_dataarts(client, 4711, **window), robust.DATAARTS),
    }
    return looks[service]()


def _client(package: str, prefix: str) -> Any:
    import importlib

    region = getattr(importlib.import_module(f"{package}.region.{prefix.lower()}_region"), f"{prefix}Region")
    kind = getattr(importlib.import_module(package), f"{prefix}Client")
    return kind.new_builder().with_region(region.value_of("cn-north-4")).build()


@pytest.mark.parametrize("service", EACH_SERVICE)
def test_the_recommended_poller_survives_everything(service: str) -> None:
    """No bad grade in any hazard of any service; and none passes because nothing happened: it polled each time."""

    def wait() -> str:
        return robust.wait_for(*_look(service))

    reports = list(torture(service, wait, **IDENTITIES[service]))
    assert [report.text for report in reports if not report.passed] == []
    assert all(report.polls for report in reports)
    assert [report.hazard for report in reports] == [hazard.name for hazard in hazards(load(), service)]


def test_there_are_enough_hazards() -> None:
    """At least 25 for each service, with names of their own, each with its words."""
    for service in services(load()):
        names = [hazard.name for hazard in hazards(load(), service)]
        assert len(names) >= 25
        assert len(set(names)) == len(names)
    assert all(hazard.summary and hazard.hurts and hazard.advice for hazard in HAZARDS)


PATHS = {
    "cdm": PATH,
    "taurusdb": f"/v3/0605767a5780d5762fc5c0118072a564/jobs?id={ID}",
    "tics": "/v1/p/leagues/league1/job-instances?limit=10&offset=0",
    "dataarts": "/v1/p/datamap/node/937987/instances?job_name=etl&start_time=0&end_time=4000000000000&offset=0&limit=10",
    "enos": "/batch-processing-service/v2.1/taskInstances?action=get&taskInstId=nightly-77&userId=u&orgId=o",
}


@pytest.mark.parametrize("service", EACH_SERVICE)
def test_every_hazard_happens(service: str) -> None:
    """Whoever polls for a quarter of an hour gets each of a hazard's faults, its events, and its end."""
    definitions = load()
    for hazard in hazards(definitions, service):
        with running() as mock:
            shown: list[str] = []
            faults, alone = mock._namespace.faults, not (hazard.events or hazard.faults(_profile(service)))
            done = partial(_has_happened, mock, hazard.life(_profile(service))[-1][0], shown, alone)
            wait = _quarter_of_an_hour(mock.client(), service, shown, done)
            HazardRun(mock, hazard, options(definitions, service, **IDENTITIES[service])).judge(wait)
            assert [entry.as_json() for entry in faults.entries if not entry.served] == [], hazard.name
            assert [text for text in shown if "can't be applied" in text] == [], hazard.name
            assert done(), (hazard.name, mock.report())


def _has_happened(mock: MockServer, end: str, shown: list[str], alone: bool) -> bool:
    """Whether a hazard has shown all of itself; of one that is a life alone, the end."""
    if alone:
        return bool(mock.seen and mock.seen[-1].runs and mock.seen[-1].runs[0].state == end)
    return len(set(shown)) > 1 and all(entry.served for entry in mock._namespace.faults.entries)


def _quarter_of_an_hour(
    client: requests.Session, service: str, shown: list[str], done: Callable[[], bool]
) -> Callable[[], None]:
    def wait() -> None:
        for _ in range(30):
            with contextlib.suppress(requests.RequestException):
                answer = client.get(PATHS[service], headers={"instance": ID}, timeout=60)
                shown.append(answer.headers.get("X-Mock-Problem", "") + answer.text)
            if done():
                return
            time.sleep(30)

    return wait


def _profile(service: str) -> ServiceProfile:
    return profile_of(load(), service)


ENDLESS_ONES = {
    "ends-FAILURE_ON_SUBMIT", "undocumented-status", "status-in-another-case", "status-with-spaces", "status-in-chinese",
    "status-of-another-type", "runs-for-ever", "never-starts",
}  # fmt: skip
DECEIVING = {"end-that-is-taken-back", "last-run-s-end-first", "another-job-s-answer"}
NOT_JSON = {"cut-json", "html-with-200", "empty-body", "login-page"}


def _failed(name: str) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {}
    for grade in graded((name,)):
        if not grade["passed"]:
            result.setdefault(grade["grade"], set()).add(grade["hazard"])
    return result


@pytest.mark.exhaustive
def test_the_naive_loop() -> None:
    """It never ends where a status is new to it, dies of the first bad gateway, and of JSON that is none."""
    assert _failed("1 naive loop") == {
        ENDLESS: ENDLESS_ONES,
        WRONG: DECEIVING,
        UNCLEAR: NOT_JSON | {"nothing-in-the-answer"},
        CLEAR: {
            "not-found-at-first", "one-502", "one-error-of-the-service", "hang", "connection-reset", "short-body",
        },
    }  # fmt: skip


@pytest.mark.exhaustive
def test_the_loop_with_tenacity() -> None:
    """It gets over errors, but hammers when it is throttled, and its RetryError names nothing."""
    assert _failed("2 with tenacity") == {
        HAMMERED: {"throttled", "throttled-with-retry-after", "quota"},
        WRONG: DECEIVING,
        UNCLEAR: NOT_JSON | {"nothing-in-the-answer"} | (ENDLESS_ONES - {"ends-FAILURE_ON_SUBMIT"}),
        CLEAR: {"not-found-at-first", "short-body"},
    }


@pytest.mark.exhaustive
def test_the_deferred_sensor() -> None:
    """It gets over nearly everything, in its event loop, but believes every end, and takes not-yet for never."""
    assert _failed("3 deferred sensor") == {WRONG: DECEIVING, CLEAR: {"not-found-at-first"}}


def test_the_table() -> None:
    """A line a hazard, those that fewest survive first; a column a poller; totals."""
    matches = [
        {"test": name, "service": "cdm", "hazard": hazard, "grade": grade, "passed": grade == RIGHT}
        for name, hazard, grade in (("a", "x", RIGHT), ("a", "y", WRONG), ("b", "x", RIGHT), ("b", "y", RIGHT))
    ]
    assert table(matches) == [
        "cdm: hazard  a                    b",
        "-----------  -------------------  -------------------",
        "y            FAIL wrong verdict        returned right",
        "x                 returned right       returned right",
        "-----------  -------------------  -------------------",
        "2 hazards    1 of 2 survived      2 of 2 survived",
    ]


# Pollers that have to be stopped


def test_a_busy_loop_is_stopped_after_100_calls() -> None:
    """Without a sleep it hammers, and is stopped in the middle of it."""

    def wait() -> None:
        while ask() != "SUCCEEDED":
            pass

    report = one("ends-SUCCEEDED", wait)
    assert (report.grade, report.polls, report.passed) == (HAMMERED, 100, False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("pause", [30, 0])
def test_one_that_swallows_everything(pause: float) -> None:
    """Not even a bare `except:` keeps it running."""

    def wait() -> None:
        while True:
            try:
                if ask() == "SUCCEEDED":
                    time.sleep(pause)
                time.sleep(pause)
            except:  # noqa: E722 - that is what it is about
                pass

    report = one("ends-SUCCEEDED", wait, give_up="1h")
    assert report.grade == (ENDLESS if pause else HAMMERED)
    assert report.seconds <= 3_700


@pytest.mark.exhaustive
def test_one_that_swallows_everything_and_never_sleeps() -> None:
    """One that only asks, on errors too, is stopped between two of its lines."""

    def wait() -> None:
        while True:
            try:  # noqa: SIM105
                ask()
            except:  # noqa: E722 - that is what it is about
                pass

    assert one("one-502", wait).grade == HAMMERED


@pytest.mark.exhaustive
def test_one_that_computes_for_ever() -> None:
    """Real time stops what neither asks nor waits; the message says so, and where."""

    def wait() -> None:
        ask()
        while True:
            pass

    report = one("ends-SUCCEEDED", wait, watchdog=0.5)
    assert report.grade == ENDLESS
    assert "for 0.5 s of real time it neither asked nor waited: it computes, at " in report.did
    assert f"{__file__}:" in report.did


def test_one_that_waits_for_what_never_comes() -> None:
    """A wait without a timeout, with nobody there to end it, is seen at once."""
    report = one("ends-SUCCEEDED", lambda: ask() and threading.Event().wait())
    assert report.grade == ENDLESS
    assert "it waits for what never comes, without a timeout, at " in report.did


@pytest.mark.parametrize("how", ["sleeps in C", "waits for a program"])
def test_one_that_can_t_be_driven_is_not_blamed(how: str) -> None:
    """What waits outside of virtual time is graded apart, by what and where it waits."""
    in_c = ctypes.CDLL(None)

    def wait() -> str:
        ask()
        if how == "waits for a program":
            subprocess.run(["sleep", "5"], check=True)
        in_c.sleep(3)
        return "SUCCEEDED"

    report = one("ends-SUCCEEDED", wait, watchdog=0.5)
    assert (report.grade, report.passed) == (UNDRIVEN, False)
    assert report.did.startswith("cannot be driven: it waits in ")
    assert f"{__file__}:" in report.did
    assert "why it hurts" not in report.text


@pytest.mark.parametrize("hazard", ["nothing-in-the-answer", "status-null", "status-missing"])
def test_success_that_no_answer_has_shown_is_a_wrong_verdict(hazard: str) -> None:
    """Whoever takes an empty list, or a status that isn't there, for a success is wrong, although the job succeeds later."""

    def wait() -> str:
        while True:
            runs = requests.get(url() + PATH, headers=HEADERS, timeout=60).json()["submissions"]
            if not runs or runs[0].get("status") in (None, "SUCCEEDED"):
                return "SUCCEEDED"
            time.sleep(30)

    report = one(hazard, wait)
    assert report.grade == WRONG
    assert "no answer had shown that" in report.did


def test_success_in_another_type_is_shown() -> None:
    """EnOS's code 1 as the text "1" says success, to whoever reads it so."""

    def wait() -> str:
        return robust.wait_for(*_look("enos"))

    assert one("status-of-another-type", wait, "enos").grade == RIGHT


def test_a_poller_may_run_in_the_thread_of_its_caller() -> None:
    """Code that is bound to its thread, as Airflow's operators are, finds what it left there; and is stopped there, too."""
    bound = threading.local()
    bound.operator = "mine"
    definitions = load()
    with running() as mock, mock.environ():
        hazard = next(hazard for hazard in hazards(definitions, "cdm") if hazard.name == "ends-SUCCEEDED")
        run = HazardRun(mock, hazard, options(definitions, "cdm", **IDENTITIES["cdm"]))
        assert run.run(lambda: bound.operator and _polled(), own_thread=False).grade == RIGHT
    with running() as mock, mock.environ():
        hazard = next(hazard for hazard in hazards(definitions, "cdm") if hazard.name == "runs-for-ever")
        run = HazardRun(mock, hazard, options(definitions, "cdm", give_up="1h", **IDENTITIES["cdm"]))
        assert run.judge(_polled, own_thread=False).grade == ENDLESS


def _polled() -> str:
    while (status := ask()) != "SUCCEEDED":
        time.sleep(30)
    return status


def test_ctrl_c_leaves_nothing_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt of the test run stops the poller, too, and gives time back."""
    threads: list[threading.Thread] = []
    real_sleep = time.sleep

    def wait() -> None:
        threads.append(threading.current_thread())
        while True:
            ask()
            time.sleep(1_000)

    def interrupt(_watch: object, thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mockserver.torture_rack.supervisor.Supervisor._supervise", interrupt)
    with pytest.raises(KeyboardInterrupt):
        one("runs-for-ever", wait)
    assert time.sleep is real_sleep
    threads[0].join(10)
    assert not threads[0].is_alive()


def test_one_without_a_timeout_hangs_for_ever() -> None:
    """A client without a timeout waits for an answer that never comes; the clock doesn't."""

    def wait() -> str:
        while True:
            connection = http.client.HTTPConnection(urlsplit(url()).netloc)
            connection.request("GET", PATH, headers=HEADERS)
            status = json.loads(connection.getresponse().read())["submissions"][0]["status"]
            if status == "SUCCEEDED":
                return str(status)
            time.sleep(30)

    report = one("hang", wait)
    assert (report.grade, report.polls) == (ENDLESS, 3)
    assert "no timeout" in report.did


def test_a_timeout_takes_its_time_on_the_clock() -> None:
    """A client's timeout of 45 s ends a call that hangs, and the job is 45 s further then."""

    took: list[float] = []

    def wait() -> str:
        for _ in range(3):
            began = time.monotonic()
            try:
                requests.get(url() + PATH, headers=HEADERS, timeout=45)
            except requests.exceptions.ReadTimeout:
                took.append(round(time.monotonic() - began, 3))
        return _polled()

    assert one("hang", wait).grade == RIGHT
    assert took == [45]


def test_max_polls_and_give_up() -> None:
    """A patient poller that goes on is stopped by the count, or by the clock: once it wakes, before it polls again."""

    def wait() -> None:
        while True:
            ask()
            time.sleep(60)

    counted, timed = one("runs-for-ever", wait, max_polls=7), one("runs-for-ever", wait, give_up="10m")
    assert (counted.grade, counted.polls) == (ENDLESS, 7)
    assert (timed.grade, timed.polls, timed.seconds) == (ENDLESS, 11, 660)


def test_time_is_given_back() -> None:
    """After a poller was stopped, the clock, sleeping and sockets are the real ones, and the port is open."""

    def sleepy() -> None:
        for pause in (200, 30_000, 1):
            time.sleep(pause)

    before = (time.sleep, time.time, asyncio.sleep, threading.excepthook, requests.Session.request)
    one("port-closed", sleepy)
    assert before == (time.sleep, time.time, asyncio.sleep, threading.excepthook, requests.Session.request)
    assert one("ends-SUCCEEDED", _polled).grade == RIGHT


# Pollers of all kinds


async def _async_ask() -> str:
    """One poll over asyncio's streams, five seconds at most."""
    parts = urlsplit(url())
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(f"GET {PATH} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: t\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["submissions"][0]["status"])


async def _async_wait() -> str:
    while True:
        try:
            status = await _async_ask()
        except (ValueError, OSError, TimeoutError, asyncio.TimeoutError):
            status = ""
        if status in ("SUCCEEDED", "FAILED"):
            return status
        await asyncio.sleep(30)


@pytest.mark.parametrize("hazard", ["hang", "connection-reset", "ends-FAILED", "cut-json", "port-closed"])
def test_an_asynchronous_poller(hazard: str) -> None:
    """A coroutine function has an event loop of its own, whose timers ring on the clock, also while a call hangs."""
    assert one(hazard, _async_wait).grade == RIGHT


def test_an_asynchronous_poller_that_never_ends() -> None:
    """It is stopped in its sleep, as others are."""
    assert one("runs-for-ever", _async_wait, give_up="1h").grade == ENDLESS


def test_a_poller_in_threads() -> None:
    """One thread polls, one waits for it: each sleeps on the clock, and both are stopped."""

    def wait() -> str:
        result: list[str] = []

        def poll() -> None:
            while not result:
                status = ask()
                if status == "SUCCEEDED":
                    result.append(status)
                time.sleep(30)

        thread = threading.Thread(target=poll)
        thread.start()
        while not result:
            time.sleep(45)
        thread.join()
        return result[0]

    assert one("ends-SUCCEEDED", wait).grade == RIGHT
    assert one("runs-for-ever", wait, give_up="30m").grade == ENDLESS


def test_errors_that_say_nothing() -> None:
    """A KeyError is no clear error, and an exception without a word isn't, either; one that names the job is."""

    def fail(error: Exception) -> Callable[[], None]:
        def wait() -> None:
            ask()
            raise error

        return wait

    for error, grade in (
        (KeyError(JOB), UNCLEAR),
        (ValueError("Expecting value: line 1 column 1 (char 0)"), UNCLEAR),
        (TimeoutError(), UNCLEAR),
        (RuntimeError(f"{JOB} is gone"), CLEAR),
        (RuntimeError("it ended as FAILED"), UNCLEAR),  # that was not what it was shown
        (RuntimeError("it was BOOTING"), CLEAR),
    ):
        assert one("ends-FAILED", fail(error)).grade == grade, error


def test_causes_and_vendors_exceptions_are_read() -> None:
    """What an error was raised from counts; a slip that it was raised from doesn't."""
    inner, outer = RuntimeError("connection refused"), RuntimeError("no luck")
    outer.__cause__ = inner
    assert is_clear(outer, [], load())
    outer.__cause__ = KeyError("connection refused")
    assert not is_clear(outer, [], load())


class _Enum:
    value = "FAILED"


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (None, "succeeded"), (True, "succeeded"), (False, "failed"), ("SUCCEEDED", "succeeded"), ("Failed", "failed"),
        ("FAILURE_ON_SUBMIT", "failed"), ("RUNNING", "unknown"), ("ARCHIVED", "unknown"),
        ({"status": "success"}, "succeeded"),
        ({"state": {"status": "error"}}, "failed"), (_Enum(), "failed"), ([], "unknown"), (1, "unknown"),
    ],
)  # fmt: skip
def test_what_a_returned_value_says(value: object, verdict: str) -> None:
    """The default verdicts."""
    assert verdict_of(value, _profile("cdm")) == verdict


def test_a_verdict_of_the_user_s() -> None:
    """`verdict=` has the first word on what is returned, and none on what is raised; what it says must be a verdict."""
    assert one("ends-FAILED", lambda: [ask(), 3][1], verdict=lambda _value: "failed").grade == RIGHT
    assert one("ends-SUCCEEDED", lambda: ask() and 1 / 0, verdict=lambda _value: "failed").grade == UNCLEAR
    assert verdict_of(1, _profile("enos"), lambda _value: None) == "succeeded"
    with pytest.raises(InputError, match="gave 'done' for 'x'; allowed: succeeded, failed, unknown"):
        verdict_of("x", _profile("cdm"), lambda _value: "done")


@pytest.mark.parametrize(
    ("service", "given", "message"),
    [
        ("cdn", {}, "knows no service 'cdn'"),
        ("cdm", {"only": "one-503"}, "only has 'one-503'; did you mean 'one-502'"),
        ("cdm", {"skip": ["nothing-in-answer"]}, "skip has 'nothing-in-answer'; did you mean 'nothing-in-the-answer'"),
        ("cdm", {"only": "one-502", "skip": "one-*"}, "leave no hazard"),
        ("cdm", {"allow": "never ends"}, "allow has 'never ends'; did you mean 'never ended'"),
        ("cdm", {"give_up": "soon"}, "'soon' is not a length of time"),
        ("cdm", {"max_polls": 0}, "max_polls is 0; allowed: a whole number, 1 or more"),
        ("cdm", {"job_nam": "a"}, "a cdm job has no 'job_nam'; did you mean 'job_name'"),
    ],
)
def test_mistakes_are_told(service: str, given: dict[str, Any], message: str) -> None:
    """What the rack doesn't know is refused, with the nearest name."""
    with pytest.raises(InputError, match=message):
        list(torture(service, lambda: None, **given))


def test_a_poller_that_never_asks_is_told_so() -> None:
    """The text of a report shows what was asked; where nothing was, it says why that may be."""
    report = one("ends-FAILED", lambda: "SUCCEEDED")
    assert report.grade == WRONG
    assert "it never asked: is the client pointed at the mock?" in report.text


# In pytest

USER = f"""
import os, time
import pytest, requests

def wait_for(name):
    while True:
        answer = requests.get(os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"] + {PATH!r}, headers={HEADERS!r}, timeout=60)
        status = answer.json()["submissions"][0]["status"]
        if status in ("SUCCEEDED", "FAILED"):
            return status
        time.sleep(30)

async def wait_in_a_loop():
    return wait_for({JOB!r})
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Runs tests in a pytest of its own."""

    def run(tests: str, *options: str) -> pytest.RunResult:
        pytester.makeini("[pytest]\naddopts = --strict-markers")
        pytester.makepyfile(test_it=USER + textwrap.dedent(tests))
        return pytester.runpytest_subprocess("-p", "no:randomly", *options, timeout=120)

    return run


BOTH = f"""
    @pytest.mark.mockserver_torture("cdm", job_name={JOB!r}, only=["ends-*", "one-502", "runs-for-ever"], give_up="1h")
    @pytest.mark.parametrize("more", [1, 2])
    def test_wait(hazard, more):
        hazard.run(lambda: wait_for({JOB!r}))

    @pytest.mark.mockserver_torture("cdm", only="ends-*", allow=["never ended"], give_up="1h")
    def test_in_a_loop(hazard):
        assert hazard.run(wait_in_a_loop).passed
"""


@pytest.mark.parametrize("options", [(), pytest.param(("-n", "4"), marks=pytest.mark.exhaustive)])
def test_each_hazard_is_a_test(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    """The plugin makes a test of each hazard; grades of all workers are one table, and JSON."""
    result = run(BOTH, "--mockserver-torture-json", "grades.json", *options)
    result.assert_outcomes(passed=2 * 2 + 3, failed=2 * 3)
    assert [line for line in result.outlines if line.startswith(("cdm: hazard", "ends-FAILURE", "runs-for", "5 haz"))] == [
        "cdm: hazard             test_in_a_loop       test_wait[1]                  test_wait[2]",
        "ends-FAILURE_ON_SUBMIT       never ended     FAIL never ended              FAIL never ended",
        "runs-for-ever                                FAIL never ended              FAIL never ended",
        "5 hazards               3 of 3 survived      2 of 5 survived               2 of 5 survived",
    ]
    grades = json.loads((pytester.path / "grades.json").read_text(encoding="utf-8"))
    assert grades["version"] == 1
    assert len(grades["grades"]) == 13
    assert set(grades["grades"][0]) == {
        "test", "service", "hazard", "grade", "good", "did", "polls", "seconds", "passed",
    }  # fmt: skip
    assert {grade["grade"] for grade in grades["grades"]} <= set(GRADES)


def test_the_failure_says_it_all(run: Callable[..., pytest.RunResult]) -> None:
    """What happened, what it did, why that hurts, what to do, and what it was shown."""
    tests = f"""
        @pytest.mark.mockserver_torture("cdm", only="undocumented-status", give_up="20m")
        def test_wait(hazard):
            hazard.run(lambda: wait_for({JOB!r}))
    """
    run(tests).stdout.fnmatch_lines(
        [
            "*hazard undocumented-status (cdm): never ended; wanted: returned right or raised a clear error",
            "*what happens  from the 2nd minute on the status is ARCHIVED, which no page documents",
            "*what it did   it was still waiting after 20m 0s on the clock",
            "*why it hurts  a loop that waits for known ends polls for ever*",
            "*what to do    raise an error that names the job*",
            "*what it was shown, on the mock's clock:",
            "*1  *200 BOOTING",
            "*+30 s  200 ARCHIVED (fault patch)*",
        ]
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("def test_a(hazard): hazard.run(lambda: None)", "*goes with @pytest.mark.mockserver_torture(service, ...)*"),
        (
            "@pytest.mark.mockserver_torture('cdm', only='one-502')\ndef test_a(hazard): pass",
            "*hazard one-502 was never run: call hazard.run(...) in the test*",
        ),
        (
            "@pytest.mark.mockserver_torture('cdm', only='one-503')\ndef test_a(hazard): pass",
            "*test_a: @pytest.mark.mockserver_torture: only has 'one-503'; did you mean 'one-502'?*",
        ),
        (
            "@pytest.mark.mockserver_torture()\ndef test_a(hazard): pass",
            "*test_a: @pytest.mark.mockserver_torture: *missing*'service'*",
        ),
        (
            "@pytest.mark.mockserver_torture('cdm', only='ends-FAILED')\ndef test_a(hazard):\n"
            "    hazard.run(lambda: 'FAILED')\n    hazard.run(lambda: 'FAILED')",
            "*hazard ends-FAILED has had its poller; run each in a test of its own*",
        ),
    ],
)
def test_mistakes_of_a_test_are_told(run: Callable[..., pytest.RunResult], tests: str, message: str) -> None:
    """A marker without a hazard, a hazard without a run, wrong names."""
    result = run(textwrap.dedent(tests))
    assert result.ret != 0
    told = pytest.LineMatcher([*result.outlines, *result.errlines])
    told.fnmatch_lines([message])


@pytest.mark.exhaustive
def test_in_an_asynchronous_test(run: Callable[..., pytest.RunResult]) -> None:
    """`run_async` is `run` for tests that have an event loop already."""
    tests = """
        import anyio

        @pytest.mark.mockserver_torture("cdm", only=["ends-SUCCEEDED", "ends-FAILURE_ON_SUBMIT"], give_up="1h")
        @pytest.mark.anyio
        async def test_it(hazard):
            await hazard.run_async(wait_in_a_loop)

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
    """
    run(tests).assert_outcomes(passed=1, failed=1)


@pytest.mark.exhaustive
def test_json_that_can_t_be_written_is_told(run: Callable[..., pytest.RunResult]) -> None:
    """A run whose grades get lost isn't a good one."""
    tests = """
        @pytest.mark.mockserver_torture("cdm", only="ends-SUCCEEDED")
        def test_wait(hazard):
            hazard.run(wait_in_a_loop)
    """
    result = run(tests, "--mockserver-torture-json", "no/such/folder.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*can't write no/such/folder.json: No such file or directory"])


# The documents

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/torture.md").read_text(encoding="utf-8")


def test_the_table_of_hazards_is_the_code_s() -> None:
    """docs/torture.md lists every hazard, as the code has it."""
    assert PAGE.split("<!-- hazards -->")[1].split("<!-- /hazards -->")[0].strip() == hazards_markdown(load())
    assert PAGE.split("<!-- starting -->")[1].split("<!-- /starting -->")[0].strip() == hazards_markdown(load(), True)
    assert all(f"`{grade}`" in PAGE for grade in GRADES)


@pytest.mark.exhaustive
@pytest.mark.parametrize("document", ["README.md", "docs/torture.md"])
def test_the_documents_tests_run(pytester: pytest.Pytester, document: str) -> None:
    """The block of the README, and of the page, with the naive loop: 19 of 41 pass."""
    (block,) = re.findall(r"^```python torture\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.M | re.S)
    pytester.makepyfile(my_code=(ROOT / "tests/pollers/naive.py").read_text(encoding="utf-8"), test_it=block)
    pytester.runpytest_subprocess("-p", "no:randomly", "-n", "2", timeout=120).assert_outcomes(passed=19, failed=22)


@pytest.mark.exhaustive
def test_the_page_s_script_runs(tmp_path: Path) -> None:
    """The block without pytest prints a line for each end."""
    (block,) = re.findall(r"^```python rack\n(.*?)^```", PAGE, re.M | re.S)
    (tmp_path / "my_code.py").write_text((ROOT / "tests/pollers/naive.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "script.py").write_text(block, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "ends-FAILURE_ON_SUBMIT never ended False",
        "ends-SUCCEEDED returned right True",
        "ends-FAILED returned right True",
    ]
