"""Every life of every service, at any instant: what must hold whatever the seed and the time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from read_job import READERS, SUCCESS, Seen

from mockserver.definitions import JobLife, Operation, load
from mockserver.jobs.clock import DAY, Clock
from mockserver.mock import Mock
from mockserver.model import Request
from mockserver.settings import Settings

DEFINITIONS = load()
PAIRS = [(op.service, life) for op in DEFINITIONS.operations if op.job for life in op.job.lives]
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
SWITCHES = {name: list(switch.values) for name, switch in DEFINITIONS.switches.items()}
COUNTED: Counter[str] = Counter()

ASKED = {
    "cdm": ("/v1.1/p/clusters/c/cdm/job/job/status", ""),
    "enos": ("/batch-processing-service/v2.1/taskInstances", "action=get&taskInstId=77-2025123123&userId=u&orgId=o"),
    "taurusdb": ("/v3/" + "a" * 32 + "/jobs", "id=f9959f52"),
    "tics": ("/v1/p/leagues/l/job-instances", "limit=10&offset=0"),
    "dataarts": (
        "/v1/p/datamap/node/7/instances",
        f"job_name=n&start_time={START - DAY}&end_time={START + 900 * DAY}&offset=0&limit=10",
    ),
}


@st.composite
def instants(draw: st.DrawFn) -> list[float]:
    """Moments in a life, in seconds since the job was declared; dense at the beginning, where states change."""
    quick = st.floats(0, 200, allow_nan=False)
    slow = st.floats(0, 3 * 3_600, allow_nan=False)
    return sorted(draw(st.lists(st.one_of(quick, slow), min_size=4, max_size=10)))


def mock_with(service: str, life: str, seed: int, switches: dict[str, str]) -> Mock:
    """A mock with one declared job, its clock standing still."""
    chosen = Settings(seed=seed, auth="off", unknown_ids="reject", switches=switches)
    mock = Mock(chosen, Clock(START, speed=0), DEFINITIONS)
    mock.job(service, life=life)
    return mock


def ask(mock: Mock, service: str) -> Any:
    """The job as a caller sees it now."""
    path, query = ASKED[service]
    answer = mock.handle(Request("GET", path, query, {"instance": "i" * 32, "content-type": "application/json"}))
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    assert list(DEFINITIONS.operation_of(service).responses[200](body)) == []
    return body


def watch(mock: Mock, service: str, times: list[float]) -> Iterator[tuple[int, Seen]]:
    """What is seen at these moments."""
    for seconds in times:
        mock.clock.set(START + round(seconds * 1_000))
        yield mock.clock.now(), READERS[service](ask(mock, service))


@pytest.mark.exhaustive
@pytest.mark.parametrize(("service", "life"), PAIRS)
def test_every_life_is_coherent_at_every_instant(service: str, life: str, record_property: Any) -> None:
    """The invariants of the service hold at all instants of the life, whatever the seed and the switches."""

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(
        times=instants(),
        seed=st.integers(0, 2**32),
        switches=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in SWITCHES.items()}),
    )
    def holds(times: list[float], seed: int, switches: dict[str, str]) -> None:
        mock = mock_with(service, life, seed, switches)
        seen = list(watch(mock, service, times))
        for now, one in seen:
            check_times(one, now, terminal(service, one))
            check_progress(service, one)
        for (_, before), (_, after) in pairwise(seen):
            check_step(service, before, after)
        COUNTED[service] += 1

    holds()
    record_property("examples", COUNTED[service])


def operation_of(service: str) -> tuple[Operation, JobLife]:
    """The service's operation and the life of its jobs."""
    operation = DEFINITIONS.operation_of(service)
    assert operation.job is not None
    return operation, operation.job


def terminal(service: str, one: Seen) -> bool:
    """Whether the job has ended."""
    return operation_of(service)[1].states[one.status].terminal


def check_times(one: Seen, now: int, ended: bool) -> None:
    """created <= submitted <= started <= updated <= ended <= now, as far as they are known; the end only once ended."""
    known = [(name, time) for name, time in one.times if time is not None]
    for (_, before), (name, after) in pairwise(known):
        assert before <= after, (name, one.times)
    assert known[-1][1] <= now + one.rounding
    last, end = one.times[-1]
    if last in ("end", "ended", "endTime"):
        assert (end is not None) == ended, one


def check_progress(service: str, one: Seen) -> None:
    """100 only at success, -1 only at failure, an error's text only where the job failed."""
    succeeded = one.status == SUCCESS[service]
    if one.progress is not None and service == "cdm":
        assert (one.progress == 100) == succeeded
        assert (one.progress == -1) == (one.status in ("FAILED", "FAILURE_ON_SUBMIT"))
    if one.progress is not None and service == "taurusdb":
        assert 0 <= one.progress < 100
    assert one.error is None or one.status in ("FAILED", "Failed")
    assert all(count >= 0 for count in one.done)


def check_step(service: str, before: Seen, after: Seen) -> None:
    """From one look to the next: only documented ways, no way back, nothing constant changes, an ended job stays."""
    definition = operation_of(service)[1]
    reachable, grown = {before.status}, 0
    while grown != len(reachable):
        grown = len(reachable)
        reachable |= {follower for state in reachable for follower in definition.transitions[state]}
    assert after.status in reachable
    if definition.states[before.status].terminal:
        assert after == before
    assert after.constant == before.constant
    if before.progress is not None and after.progress is not None and after.progress != -1:
        assert after.progress >= before.progress
    assert all(new >= old for new, old in zip(after.done, before.done, strict=False))
    for (name, old), (_, new) in zip(before.times, after.times, strict=True):
        assert old is None or new is not None, name
        assert old is None or (new or 0) >= old, name
        assert name == "update" or old is None or new == old, name


@pytest.mark.parametrize(("service", "life"), PAIRS)
def test_every_life_comes_to_its_end(service: str, life: str) -> None:
    """Polled on, a life goes through its steps one by one, each at its time, and ends where the definition says."""
    definition = operation_of(service)[1]
    mock = mock_with(service, life, 7, {})
    statuses = []
    for status, seconds in definition.lives[life].steps:
        statuses.append((READERS[service](ask(mock, service)).status, status))
        mock.clock.advance(seconds or 10 * 3_600)
    assert all(shown == wanted for shown, wanted in statuses)
    assert READERS[service](ask(mock, service)).status == definition.lives[life].steps[-1][0]


@pytest.mark.parametrize(("service", "life"), PAIRS)
@pytest.mark.parametrize("polls", [1, pytest.param(3, marks=pytest.mark.exhaustive)])
def test_every_life_moves_with_polls(service: str, life: str, polls: int) -> None:
    """With progress polls:N each status is answered N times, and what is shown stays coherent."""
    definition = operation_of(service)[1]
    mock = Mock(Settings(auth="off", unknown_ids="reject"), Clock(START, speed=0, tick=1), DEFINITIONS)
    mock.job(service, life=life, progress=f"polls:{polls}")
    wanted = [status for status, _ in definition.lives[life].steps for _ in range(polls)]
    seen = [READERS[service](ask(mock, service)) for _ in wanted]
    assert [call.status for call in seen] == wanted
    for before, after in pairwise(seen):
        check_step(service, before, after)


@pytest.mark.parametrize(("service", "life"), PAIRS)
def test_every_life_can_be_over_at_once(service: str, life: str) -> None:
    """With progress immediate a job shows the last status of its life from the first answer on."""
    mock = Mock(Settings(auth="off", unknown_ids="reject"), Clock(START, speed=0), DEFINITIONS)
    mock.job(service, life=life, progress="immediate")
    one = READERS[service](ask(mock, service))
    assert one.status == operation_of(service)[1].lives[life].steps[-1][0]
    check_times(one, START, terminal(service, one))
    check_progress(service, one)


def test_there_is_a_life_for_every_fate() -> None:
    """Each service has the ready-made lives that a poller must survive, under the same names."""
    fates = {"succeeds", "fails", "fails-on-submit", "cancelled", "times-out", "hangs", "never-ran"}
    for service in READERS:
        assert fates <= set(operation_of(service)[1].lives), service
    for service in ("enos", "dataarts"):
        assert "retried-then-succeeds" in operation_of(service)[1].lives
