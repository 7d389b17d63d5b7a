"""The same seed and clock give the same answers: in any process, thread and order; and time moves jobs one way only.

Run as a script (`python tests/test_determinism.py SEED`), it prints the answers that another process must give, too.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from sample_requests import NOW, request_for

from mockserver.definitions import JobLife, Operation, load
from mockserver.definitions.magic_ids import magic_id
from mockserver.jobs import made_up_jobs
from mockserver.jobs.clock import SECOND, Clock
from mockserver.mock import Mock
from mockserver.model import Request, Response
from mockserver.settings import Settings

Json = dict[str, Any]

DEFINITIONS = load()
SINGLES = ("cdm", "enos", "taurusdb")
LISTS = ("dataarts", "tics")
JOBS = (*SINGLES, *LISTS)
ID = {"cdm": "job_name", "enos": "taskInstId", "taurusdb": "id", "dataarts": "task_id", "tics": "league_id"}
MOST = {"dataarts": 1_000, "tics": 100}
"""The longest page."""

each_job = pytest.mark.parametrize("service", JOBS)
each_single = pytest.mark.parametrize("service", SINGLES)
each_list = pytest.mark.parametrize("service", LISTS)


def job_request(service: str, number: int = 1, /, **values: str) -> Request:
    """A request for one of many jobs of a service."""
    return request_for(DEFINITIONS.operation_of(service), None, **{ID[service]: f"load{number}", **values})


ACTING = [item for item in DEFINITIONS.operations if item.action and item.action.do not in ("read", "list")]
"""Operations that do something to jobs."""
READING = [operation for operation in DEFINITIONS.operations if operation not in ACTING]


def some_requests(operations: Sequence[Operation] = DEFINITIONS.operations) -> list[Request]:
    """Some 50 requests, to all operations: jobs, errors, calls that fail."""
    result = [job_request(service, number) for service in JOBS for number in range(6)]
    for operation in operations:
        wishes = [
            f"example={next(iter(operation.examples))}",
            *(f"example={error.name}" for error in operation.errors()[:2]),
        ]
        result += [request_for(operation), *(request_for(operation, {"prefer": wish}) for wish in wishes)]
    result += [Request("GET", "/v1.1/nowhere"), Request("PUT", "/v3/projects"), Request("GET", "/nobody's")]
    return result


def frozen(seed: int = 0, /, now: int = NOW, **settings: Any) -> Mock:
    return Mock(Settings(seed=seed, **settings), Clock(now, 0.0), DEFINITIONS)


def forget() -> None:
    """Empty the process's memory of what was made up, so that the next mock has to make it up again."""
    made_up_jobs._life_by_chance.cache_clear()
    made_up_jobs._facts.cache_clear()


def text_of(response: Response) -> str:
    """Status, headers and body, all of it."""
    return json.dumps([response.status, response.headers, response.body.decode()])


def answers(seed: int) -> list[str]:
    """What a mock says to all of the requests, at two moments."""
    mock = frozen(seed)
    result = []
    for seconds in (0, 45):
        mock.clock.advance(seconds)
        result += [text_of(mock.handle(request)) for request in some_requests()]
    return result


def body_of(mock: Mock, request: Request) -> Json:
    response = mock.handle(request)
    assert response.status == 200, response.body
    body: Json = json.loads(response.body)
    return body


def page(mock: Mock, service: str, **values: str) -> tuple[list[Json], int]:
    """The rows of a page, and the total that it tells."""
    body = body_of(mock, job_request(service, **values))
    if service == "dataarts":
        body = json.loads(body["body"])
    return body["rows" if service == "dataarts" else "lists"], body["total"]


def all_rows(mock: Mock, service: str, **values: str) -> list[Json]:
    rows, total = page(mock, service, limit=str(MOST[service]), **values)
    assert len(rows) == total
    return rows


def job_life(service: str) -> JobLife:
    job = DEFINITIONS.operation_of(service).job
    assert job is not None
    return job


def status_of(service: str, body: Json) -> str:
    """The state of the one job in an answer."""
    if service == "cdm":
        return str(body["submissions"][0]["status"])
    return str(body["data"]["stsDesc"] if service == "enos" else body["job"]["status"])


def steps(statuses: list[str]) -> list[str]:
    """The statuses, each as often in a row as it was entered: once."""
    return [status for index, status in enumerate(statuses) if index == 0 or statuses[index - 1] != status]


def same_order(part: list[str], whole: list[str]) -> bool:
    """Whether the part's items stand in the whole, in the part's order."""
    rest = iter(whole)
    return all(item in rest for item in part)


@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.exhaustive), 7])
def test_two_processes_give_the_same_bytes(seed: int) -> None:
    """Status, headers and body of some 50 requests are the same in processes that hash differently, and in this one."""
    outputs = []
    for hash_seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, __file__, str(seed)]
        outputs.append(subprocess.run(command, env=environ, check=True, capture_output=True, timeout=60).stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].decode().splitlines() == answers(seed)
    assert len(answers(seed)) > 100


def test_two_mocks_give_the_same_bytes_in_any_order() -> None:
    """What else was asked before, and in which order, changes no answer, but for calls that do something to jobs."""
    requests = some_requests(READING)
    usual = [text_of(frozen().handle(request)) for request in requests]
    for shuffle in range(3):
        forget()
        mock, order = frozen(), list(range(len(requests)))
        random.Random(shuffle).shuffle(order)
        again = {index: text_of(mock.handle(requests[index])) for index in order}
        assert [again[index] for index in range(len(requests))] == usual


def test_asking_twice_changes_nothing() -> None:
    """At a standstill, a second request gets the first one's answer."""
    mock = frozen()
    for request in some_requests(READING):
        assert text_of(mock.handle(request)) == text_of(mock.handle(request))


def test_calls_on_other_jobs_change_nothing() -> None:
    """What calls do to jobs of another project changes no answer about these, and they do it in any order."""
    requests = some_requests(READING)
    usual = [text_of(frozen().handle(request)) for request in requests]
    acting = [request_for(item, None, project_id="1" * 32) for item in ACTING if item.vendor == "huaweicloud"]
    for shuffle in range(3):
        mock = frozen()
        random.Random(shuffle).shuffle(acting)
        assert sum(mock.handle(request).status < 300 for request in acting) > len(acting) / 2
        assert [text_of(mock.handle(request)) for request in requests] == usual


def test_a_reset_mock_answers_like_a_new_one() -> None:
    """After a reset nothing is left of what was asked before."""
    mock = frozen()
    used = [text_of(mock.handle(request)) for request in some_requests()]
    mock.clock.advance(30)
    mock.reset()
    mock.clock.set(NOW)
    assert [text_of(mock.handle(request)) for request in some_requests()] == used


@each_job
def test_another_seed_gives_other_facts(service: str) -> None:
    """Of 20 seeds no two make up the same job; ids that were asked for are kept."""
    bodies = [json.dumps(body_of(frozen(seed, epoch="2023-11-14T22:00:00Z"), job_request(service))) for seed in range(20)]
    assert len(set(bodies)) == 20


def test_another_seed_gives_other_shared_facts() -> None:
    """What the rows of a list share is one for a seed, and another one for another seed."""
    shared = {"dataarts": ("owner", "jobId", "jobName"), "tics": ("job_name", "job_instance_type", "round_id")}
    for service, names in shared.items():
        seen: list[tuple[Any, ...]] = []
        for seed in range(20):
            rows = all_rows(frozen(seed), service, job_id="f9533bfefca7467e88feca4f592c3b04")
            facts = {tuple(row[name] for name in names) for row in rows}
            assert len(facts) == 1
            seen += facts
        assert len(set(seen)) == 20


def test_another_seed_gives_other_tokens_and_lives() -> None:
    """Seeds differ in the tokens they give, and in which jobs fail."""
    token = request_for(DEFINITIONS.operation("GetAccessToken"))
    assert len({body_of(frozen(seed), token)["data"]["accessToken"] for seed in range(20)}) == 20
    ends = set()
    for seed in range(60):
        mock = frozen(seed)
        mock.handle(job_request("taurusdb"))
        mock.clock.advance(3_600)
        ends.add(status_of("taurusdb", body_of(mock, job_request("taurusdb"))))
    assert ends == {"Completed", "Failed", "Canceled"}


def test_threads_get_what_a_single_thread_gets() -> None:
    """32 threads that ask for different ids at once get the answers that one thread gets, one after the other."""
    requests = [[job_request(service, number) for service in JOBS for number in range(of, 320, 32)] for of in range(32)]
    start = threading.Barrier(32)
    forget()
    mock = frozen()

    def ask(mine: list[Request]) -> list[str]:
        start.wait(timeout=30)
        return [text_of(mock.handle(request)) for request in mine]

    with ThreadPoolExecutor(32) as pool:
        together = list(pool.map(ask, requests))
    forget()
    alone = frozen()
    assert together == [[text_of(alone.handle(request)) for request in mine] for mine in requests]


def test_threads_that_ask_for_one_id_agree() -> None:
    """32 threads that ask for the same id at once get the same answer: it is born once."""
    forget()
    mock = Mock(Settings(), Clock(NOW, 0.0), DEFINITIONS)
    for service in JOBS:
        with ThreadPoolExecutor(32) as pool:
            assert len(set(pool.map(lambda _, item=service: text_of(mock.handle(job_request(item))), range(64)))) == 1


@each_job
def test_epoch_makes_answers_independent_of_when_an_id_was_first_asked_for(service: str) -> None:
    """With --epoch an id looks the same whether it was asked for before or not; without, its life begins when asked for."""
    for epoch, same in (("2023-11-14T22:13:00Z", True), ("", False)):
        early, late = frozen(epoch=epoch), frozen(now=NOW + 70 * SECOND, epoch=epoch)
        for number in range(10):
            early.handle(job_request(service, number))
        early.clock.advance(70)
        equal = [early.handle(job_request(service, n)) == late.handle(job_request(service, n)) for n in range(10)]
        assert all(equal) == same


def test_epoch_may_have_any_zone() -> None:
    """The same instant in another zone, or in UTC without one, is the same epoch."""
    forms = ("2023-11-14T22:13:00Z", "2023-11-15T06:13:00+08:00", "2023-11-14T22:13:00")
    assert len({text_of(frozen(epoch=form).handle(job_request("cdm"))) for form in forms}) == 1


@each_single
def test_a_polled_job_goes_through_its_life_and_stays_at_its_end(service: str) -> None:
    """Polled every second, a job shows the states of one life in order, and once it has ended never changes again."""
    job = job_life(service)
    courses = {tuple(state for state, _ in life.steps) for life in job.lives.values() if life.weight}
    seen: set[tuple[str, ...]] = set()
    for number in range(100):
        if seen == courses:
            break
        mock, bodies = frozen(), []
        for _ in range(400):
            bodies.append(body_of(mock, job_request(service, number)))
            mock.clock.advance(1)
        statuses = [status_of(service, body) for body in bodies]
        course = tuple(steps(statuses))
        assert course in courses
        seen.add(course)
        ended = [body for body, status in zip(bodies, statuses, strict=True) if job.states[status].terminal]
        assert ended
        assert all(body == ended[0] for body in ended)
        mock.clock.advance(20 * 86_400)
        assert body_of(mock, job_request(service, number)) == ended[0]
    assert seen == courses


@each_single
def test_a_job_s_course_does_not_depend_on_how_often_it_is_polled(service: str) -> None:
    """A job polled every second and one polled once look the same at the same moment."""
    often, seldom = frozen(), frozen()
    for number in range(5):
        seldom.handle(job_request(service, number))
        often.handle(job_request(service, number))
    for _ in range(100):
        often.clock.advance(1)
        often.handle(job_request(service, 0))
    seldom.clock.advance(100)
    for number in range(5):
        assert often.handle(job_request(service, number)) == seldom.handle(job_request(service, number))


def test_progress_never_falls() -> None:
    """CDM's progress and TaurusDB's process only rise, unless the job fails."""
    for number in range(20):
        mock, progress, process = frozen(), [], []
        for _ in range(130):
            run = body_of(mock, job_request("cdm", number))["submissions"][0]
            progress += [] if run["status"] in ("FAILED", "FAILURE_ON_SUBMIT") else [run["progress"]]
            process.append(body_of(mock, job_request("taurusdb", number))["job"]["process"])
            mock.clock.advance(1)
        assert progress == sorted(progress)
        percents = [int(text.rstrip("%")) for text in process if text]
        assert percents == sorted(percents)
        assert len(set(percents)) > 50


@each_single
def test_a_running_clock_takes_a_job_to_its_end(service: str) -> None:
    """On a clock that runs, only faster, a job gets to its end by itself, without a step back."""
    job, mock = job_life(service), Mock(Settings(), Clock(NOW, 1_000.0), DEFINITIONS)
    statuses, deadline = [""], time.monotonic() + 10
    while statuses[-1] not in job.states or not job.states[statuses[-1]].terminal:
        assert time.monotonic() < deadline
        statuses.append(status_of(service, body_of(mock, job_request(service))))
    courses = [[state for state, _ in life.steps] for life in job.lives.values()]
    assert any(same_order(steps(statuses[1:]), course) for course in courses)


@each_list
def test_rows_that_ended_never_change_and_new_ones_come_on_top(service: str) -> None:
    """A history only grows: old rows keep their place and, once ended, every value; new ones are newer."""
    job, key = job_life(service), "taskRunningLogId" if service == "dataarts" else "id"
    mock = frozen()
    before = all_rows(mock, service)
    for _ in range(12):
        mock.clock.advance(3_600)
        after = all_rows(mock, service)
        assert [row[key] for row in after[len(after) - len(before) :]] == [row[key] for row in before]
        ended = {row[key]: row for row in before if job.states[row["status"]].terminal}
        assert all(row == ended.get(row[key], row) for row in after)
        before = after
    assert len(before) > len(all_rows(frozen(), service))


@each_list
def test_pages_neither_overlap_nor_miss(service: str) -> None:
    """Pages of any size, one after the other, are the whole list: newest first, nothing twice, the total on each."""
    key, began = ("taskRunningLogId", "planTime") if service == "dataarts" else ("id", "start_time")
    for number in range(6):
        mock, one = frozen(number), {"task_id": f"t{number}", "league_id": f"l{number}"}
        whole = all_rows(mock, service, **one)
        assert len(whole) > 3
        assert len({row[key] for row in whole}) == len(whole)
        assert all(newer[began] > older[began] for newer, older in pairwise(whole))
        for size in (1, 3, 7, len(whole), len(whole) + 1):
            pages = []
            for offset in range(0, len(whole) + size, size):
                rows, total = page(mock, service, offset=str(offset), limit=str(size), **one)
                assert total == len(whole)
                assert len(rows) == max(0, min(size, len(whole) - offset))
                pages += rows
            assert pages == whole


@each_list
def test_pages_beyond_the_end_are_empty(service: str) -> None:
    """An offset past the last row gets no rows, and the total all the same; so does TICS's limit of 0."""
    total = len(all_rows(frozen(), service))
    for offset in (total, total + 1, 2_147_483_647):
        assert page(frozen(), service, offset=str(offset)) == ([], total)
    if service == "tics":
        assert page(frozen(), service, limit="0") == ([], total)


def test_dataarts_windows_neither_overlap_nor_miss() -> None:
    """Time ranges that lie side by side split the list of runs, and both their ends count."""
    mock = frozen()
    whole = all_rows(mock, "dataarts")
    middle = whole[len(whole) // 2]["submitTime"]
    older = all_rows(mock, "dataarts", end_time=str(middle))
    newer = all_rows(mock, "dataarts", start_time=str(middle + 1))
    assert newer + older == whole
    assert older[0]["submitTime"] == middle
    assert all_rows(mock, "dataarts", start_time=f"{middle - 0.5}", end_time=f"{middle + 0.5}") == [older[0]]
    assert page(mock, "dataarts", start_time=str(NOW + 1)) == ([], 0)


@pytest.mark.parametrize(
    ("service", "status", "code"),
    [
        ("cdm", 400, "Cdm.0100"),
        ("dataarts", 404, "DLF.0810"),
        ("enos", 200, 62102),
        ("taurusdb", 400, "DBS.200543"),
        ("tics", 404, "TICS.0404"),
    ],
)
def test_unknown_ids_can_be_rejected(service: str, status: int, code: str | int) -> None:
    """With --unknown-ids reject an id never heard of gets the documented error, whatever is asked how often."""
    operation, mock = DEFINITIONS.operation_of(service), frozen(unknown_ids="reject")
    for number in (1, 1, 2):
        response = mock.handle(job_request(service, number))
        assert response.status == status
        assert code in json.loads(response.body).values()
        assert response.problem is not None
        assert list(operation.responses[status](json.loads(response.body))) == []


@each_job
def test_rejected_ids_leave_what_is_asked_for(service: str) -> None:
    """With --unknown-ids reject, the documented example and magic ids still get their answers."""
    operation, mock = DEFINITIONS.operation_of(service), frozen(unknown_ids="reject")
    response = mock.handle(request_for(operation, {"prefer": "example=documented"}))
    assert json.loads(response.body) == operation.examples["documented"].value
    for error in operation.errors():
        magic = magic_id(operation, error.name)
        assert magic is not None
        assert mock.handle(job_request(service, **{ID[service]: magic})).status == error.status(mock.switches)


if __name__ == "__main__":
    print("\n".join(answers(int(sys.argv[1]))))
