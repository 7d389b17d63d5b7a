"""Recordings of jobs, folded and replayed: the same answers, in their order, with right times, at any pace of polling."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from sample_requests import NOW, request_for
from sdk_clients import CDM, CLUSTER, Connect, Server
from werkzeug.serving import make_server

from mockserver import Clock, Mock, Settings, create_app
from mockserver.cli import recording_commands
from mockserver.contract.session import Session
from mockserver.definitions import Definitions, load
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange, exchange_of, response_from
from mockserver.exchanges.har_writing import write
from mockserver.exchanges.recording import Recorder, Recording, read
from mockserver.exchanges.recording_to_replay import replays_from
from mockserver.exchanges.replays import RecordedAnswer, RecordedJob, Replays, move_times, recorded_job_from
from mockserver.jobs.clock import SECOND
from mockserver.model import Request, Response
from mockserver.redaction.redactor import Redactor

DEFINITIONS = load()
LATER = NOW + 400 * 86_400 * SECOND
LIFE = [("BOOTING", 90), ("RUNNING", 900), ("SUCCEEDED", None)]
PLAIN = Settings(auth="off", unknown_ids="reject")


@dataclass
class Wire:
    """A mock behind a socket of 127.0.0.1."""

    url: str


@contextmanager
def on_wire(mock: Mock) -> Iterator[Any]:
    """The mock, answering on a free port."""
    server = make_server("127.0.0.1", 0, create_app(mock=mock), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Wire(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def command(*arguments: str) -> int:
    """Run one of the commands around recordings; its exit status."""
    parser = argparse.ArgumentParser()
    recording_commands.add(parser.add_subparsers())
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


def submission(body: bytes | str) -> dict[str, Any]:
    """The run in an answer of CDM."""
    result: dict[str, Any] = json.loads(body)["submissions"][0]
    return result


def record_cdm(path: Path, connect: Connect, keep_ids: bool = False) -> list[tuple[int, int, str]]:
    """Record 40 polls by the CDM SDK, 30 s apart, the first two before the job can be found and one a 502.

    Gives (ms after the first poll, HTTP status, the job's status).
    """
    mock = Mock(PLAIN, Clock(NOW, 0))
    mock.job("cdm", job_name="orders", life=LIFE, visible_after=60)
    seen = []
    with on_wire(mock) as wire, Recorder(path, Redactor(keep_ids, "s", mock.definitions), wire.url, NOW) as recorder:
        client = connect(CDM, wire)
        for poll in range(40):
            try:
                client.ask(job_name="orders")
            except Exception as error:
                assert "Cdm.0100" in str(error)
            exchange = exchange_of(client.answer, time=mock.clock.now())
            if poll == 20:
                page = "<html><h1>502 Bad Gateway</h1></html>"
                exchange = replace(exchange, response=response_from(502, {"Content-Type": "text/html"}, page))
            recorder.add(exchange)
            status = submission(exchange.response.body)["status"] if exchange.response.status == 200 else ""
            seen.append((mock.clock.now() - NOW, exchange.response.status, status))
            mock.clock.advance(30)
    return seen


def polls(mock: Mock, every: float, count: int, **values: str) -> Iterator[tuple[int, Response]]:
    """The answers to polls of CDM's job, with the time of each (ms after the first)."""
    operation = mock.definitions.operation("ShowJobStatus")
    began = mock.clock.now()
    for _ in range(count):
        yield mock.clock.now() - began, mock.handle(request_for(operation, None, job_name="orders", **values))
        mock.clock.advance(every)


@pytest.mark.parametrize("every", [7, 30, 45])
def test_a_recording_replays_at_any_pace(every: int, tmp_path: Path, connect: Connect) -> None:
    """40 polls of the SDK, errors on the way included, come back when they are due, whoever asks how often."""
    path = tmp_path / "run.jsonl"
    recorded = record_cdm(path, connect)
    assert {status for _, status, _ in recorded} == {200, 400, 502}
    assert {state for _, _, state in recorded} == {"", "BOOTING", "RUNNING", "SUCCEEDED"}
    mock = Mock(replace(PLAIN, fixtures=(str(path),)), Clock(LATER, 0))
    for elapsed, answer in polls(mock, every, 1_400 // every, project_id="another", cluster_id="any"):
        due = [(status, state) for offset, status, state in recorded if offset <= elapsed][-1]
        result = submission(answer.body)["status"] if answer.status == 200 else ""
        assert (answer.status, result) == due, elapsed
        assert answer.header("Content-Length") == str(len(answer.body))


def test_times_in_answers_move_with_the_replay(tmp_path: Path, connect: Connect) -> None:
    """Ages stay what they were: how long ago a job was made and changed."""
    path = tmp_path / "run.jsonl"
    record_cdm(path, connect)
    mock = Mock(replace(PLAIN, fixtures=(str(path),)), Clock(LATER, 0))
    runs = [submission(answer.body) for _, answer in polls(mock, 30, 40) if answer.status == 200]
    assert {run["creation-date"] for run in runs} == {LATER}
    assert next(run["last-update-date"] for run in runs if run["status"] == "RUNNING") == LATER + 90 * SECOND
    assert runs[-1]["last-update-date"] == LATER + 990 * SECOND
    assert json.loads(path.read_text().splitlines()[-1])["response"]["body"].count(str(NOW)) >= 1


def test_a_replay_over_a_socket_satisfies_the_sdk_and_the_checks(
    tmp_path: Path, connect: Connect, shipped: Definitions
) -> None:
    """The SDK reads replayed answers as it read the real ones; the kit finds nothing that it didn't find before."""
    path = tmp_path / "run.jsonl"
    recorded = record_cdm(path, connect)
    mock = Mock(replace(PLAIN, fixtures=(str(path),)), Clock(LATER, 0))
    session, before = Session(shipped), Session(shipped)
    for exchange in read(path).exchanges:
        before.check(exchange)
    with on_wire(mock) as wire:
        client = connect(CDM, wire)
        for _, status, state in recorded:
            if status == 200:
                assert client.ask(job_name="orders").submissions[0].status == state
            else:
                with pytest.raises(Exception, match=r"Cdm\.0100|502"):
                    client.ask(job_name="orders")
            session.check(exchange_of(client.answer, time=mock.clock.now()))
            mock.clock.advance(30)
    kinds = [{one.code for _, one in run.result("x").findings()} for run in (before, session)]
    assert kinds[1] <= kinds[0]


def test_reset_and_namespaces_begin_the_replay_anew(tmp_path: Path, connect: Connect) -> None:
    """Each namespace has its own start of a replay; a reset forgets it, and keeps the recording."""
    path = tmp_path / "run.jsonl"
    record_cdm(path, connect)
    mock = Mock(replace(PLAIN, fixtures=(str(path),)), Clock(LATER, 0))
    assert [answer.status for _, answer in polls(mock, 60, 3)] == [400, 200, 200]
    mock.namespace("other", time="2031-01-01T00:00:00Z", speed=0.0)
    operation = mock.definitions.operation("ShowJobStatus")
    other = request_for(operation, {"x-mock-namespace": "other"}, job_name="orders")
    assert mock.handle(other).status == 400
    assert next(polls(mock, 0, 1))[1].status == 200
    mock.reset()
    assert next(polls(mock, 0, 1))[1].status == 400
    assert len(mock.journal.last()) == 1


def test_other_requests_are_answered_as_ever(tmp_path: Path, connect: Connect) -> None:
    """Authentication, validation, Prefer and other ids are no business of a recording."""
    path = tmp_path / "run.jsonl"
    record_cdm(path, connect, keep_ids=True)
    mock = Mock(Settings(unknown_ids="reject", unknown_query="reject", fixtures=(str(path),)), Clock(LATER, 0))
    operation = mock.definitions.operation("ShowJobStatus")
    ours = {"project_id": "0605767a5780d5762fc5c0118072a564", "cluster_id": CLUSTER, "job_name": "orders"}

    def ask(headers: dict[str, str] | None = None, **values: str) -> Response:
        return mock.handle(request_for(operation, headers, **{**ours, **values}))

    ask()
    mock.clock.advance(60)
    assert ask().status == 200
    assert ask({"x-auth-token": ""}).status == 401
    assert ask({"prefer": "code=500"}).status == 500
    assert ask(job_name="others").status == 400
    assert ask(project_id="another").status == 400, "ids that were kept must be the same"
    bad = replace(request_for(operation, None, **ours), query="x=1")
    assert mock.handle(bad).status == 400


def exchanges_of(mock: Mock, requests_: list[Request], advance: float) -> Iterator[Exchange]:
    """Each request's answer, then the clock moves on."""
    for request in requests_:
        yield Exchange(request, mock.handle(request), mock.clock.now())
        mock.clock.advance(advance)


def test_lists_are_folded_by_page_and_windows_move_on(shipped: Definitions) -> None:
    """A poller of DataArts that asks up to now, two pages each time: two trajectories, found again at another time."""
    operation = shipped.operation("ShowInstanceInfos")
    mock = Mock(Settings(auth="off"), Clock(NOW, 0))
    pages = ({"offset": "0", "limit": "3"}, {"offset": "3", "limit": "3"})
    exchanges: list[Exchange] = []
    for _ in range(10):
        window = {"start_time": str(mock.clock.now() - 86_400_000), "end_time": str(mock.clock.now())}
        exchanges += exchanges_of(mock, [request_for(operation, None, **window, **page) for page in pages], 0)
        mock.clock.advance(60)
    redactor = Redactor(salt="s", definitions=shipped)
    recording = Recording(tuple(map(redactor.redact, exchanges)), pseudonyms=redactor.names)
    trajectories = replays_from(recording, shipped)
    assert [(trajectory.match["offset"], set(trajectory.tenant)) for trajectory in trajectories] == [
        ("0", {"project_id", "instance"}),
        ("3", {"project_id", "instance"}),
    ]
    assert "start_time" not in trajectories[0].match
    later = Mock(PLAIN, Clock(LATER, 0))
    later.namespace().replays = Replays(trajectories)
    window = {"start_time": str(LATER - 86_400_000), "end_time": str(LATER)}
    answer = json.loads(later.handle(request_for(operation, None, instance="f" * 32, **window, **pages[0])).body)
    inner, was = json.loads(answer["body"]), json.loads(json.loads(exchanges[0].response.body)["body"])
    assert [row["status"] for row in inner["rows"]] == [row["status"] for row in was["rows"]]
    assert [row["submitTime"] for row in inner["rows"]] == [row["submitTime"] + LATER - NOW for row in was["rows"]]
    ends = [row["endTime"] and row["endTime"] + LATER - NOW for row in was["rows"]]
    assert [row["endTime"] for row in inner["rows"]] == ends
    assert answer["header_map"]["Content-Length"] == str(len(answer["body"].encode()))
    assert answer["header_map"]["Date"] == "Wed, 18 Dec 2024 22:13:20 GMT"
    assert later.handle(request_for(operation, None, **window, offset="6", limit="3")).status == 404, "a page never recorded"


def test_two_windows_polled_in_turn_stay_apart(shipped: Definitions) -> None:
    """Yesterday's runs and today's are two lists; a request finds the one whose times lie as its own do."""
    operation = shipped.operation("ShowInstanceInfos")
    mock = Mock(Settings(auth="off"), Clock(NOW, 0))
    day = 86_400_000
    windows = [{"start_time": str(NOW - back), "end_time": str(NOW - back + day)} for back in (day, 2 * day)]
    asked = [request_for(operation, None, **window) for _ in range(4) for window in windows]
    trajectories = replays_from(Recording(tuple(exchanges_of(mock, asked, 30))), shipped)
    assert [trajectory.window for trajectory in trajectories] == [(NOW - day, NOW), (NOW - 2 * day, NOW - day)]
    later = Mock(PLAIN, Clock(LATER, 0))
    later.namespace().replays = Replays(trajectories)
    for back, one in zip((day, 2 * day), trajectories, strict=True):
        window = {"start_time": str(LATER - back), "end_time": str(LATER - back + day)}
        result = json.loads(later.handle(request_for(operation, None, **window)).body)
        assert json.loads(result["body"])["total"] == json.loads(json.loads(one.steps[0].body)["body"])["total"]


@pytest.mark.parametrize("service", ["enos", "taurusdb", "tics"])
def test_every_form_of_times_moves(service: str, shipped: Definitions) -> None:
    """EnOS, TaurusDB and TICS: replayed at another time, the answers are those of a mock whose job began then."""
    operation = shipped.operation_of(service)
    life = {
        "enos": [("RUNNING", 90), ("SUCCESS", None)],
        "taurusdb": [("Pending", 30), ("Running", 60), ("Completed", None)],
        "tics": [("NEW", 30), ("SUBMITING", 30), ("ACCEPTED", None)],
    }[service]

    def answers(start: int, replays: Replays | None) -> list[Any]:
        mock = Mock(PLAIN, Clock(start, 0))
        if replays is None:
            mock.job(service, life=life)
        else:
            mock.namespace().replays = replays
        changes = exchanges_of(mock, [request_for(operation)] * 6, 30)
        return list(changes)

    recorded = answers(NOW, None)
    trajectories = replays_from(Recording(tuple(recorded)), shipped)
    assert len(trajectories) == 1
    replayed, lived = answers(LATER, Replays(trajectories)), answers(LATER, None)
    bodies = [[json.loads(exchange.response.body) for exchange in run] for run in (replayed, lived, recorded)]
    if service == "enos":  # the flow's id and the schedule are made of the time: names, no times
        for item in (answer for run in bodies for answer in run):
            item["data"].pop("flowInstId"), item["data"].pop("freq")
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


def test_equal_neighbours_are_one_step(shipped: Definitions) -> None:
    """Twenty equal answers make one step, and an error between them three."""
    operation = shipped.operation("ShowGaussMySqlJobInfo")
    ok, bad = response_from(200, [("Date", "x")], b'{"job":{}}'), response_from(503, [], b"busy")
    run = [ok] * 10 + [bad] + [ok] * 10
    exchanges = tuple(Exchange(request_for(operation), one, NOW + index * 1_000) for index, one in enumerate(run))
    (found,) = replays_from(Recording(exchanges), shipped)
    assert [(step.offset, step.status) for step in found.steps] == [(0, 200), (10_000, 503), (11_000, 200)]


def test_the_clock_of_the_service_counts(shipped: Definitions) -> None:
    """A recording of a mock on a fast clock of its own replays by the times that its answers had."""
    operation = shipped.operation("ShowJobStatus")
    mock = Mock(Settings(auth="off"), Clock(LATER, 0))
    exchanges = [
        replace(one, time=NOW + index * 500)
        for index, one in enumerate(exchanges_of(mock, [request_for(operation)] * 5, 60))
    ]
    (found,) = replays_from(Recording(tuple(exchanges)), shipped)
    assert found.began == LATER
    assert [step.offset for step in found.steps][:2] == [0, 60_000]
    with pytest.raises(InputError, match="neither a time nor a Date"):
        replays_from(Recording((replace(exchanges[0], time=None, response=response_from(200, [], b"")),)), shipped)


def test_exported_replays_are_a_fixture_file(tmp_path: Path, connect: Connect) -> None:
    """`export --replays` writes what `--fixtures` takes; from HAR and from JSON Lines the same, and mixed with jobs."""
    path, har, out = tmp_path / "run.jsonl", tmp_path / "run.har", tmp_path / "replays.json"
    record_cdm(path, connect)
    assert command("export", str(path), "--har", str(har)) == 0
    bodies = []
    for source in (path, har):
        assert command("export", str(source), "--replays", str(out)) == 0
        value = json.loads(out.read_text())
        out.write_text(json.dumps({**value, "jobs": [{"service": "tics"}]}))
        mock = Mock(replace(PLAIN, fixtures=(str(out),)), Clock(LATER, 0))
        bodies.append([answer.body for _, answer in polls(mock, 45, 25)])
        assert mock.handle(request_for(mock.definitions.operation("ListInstanceHistory"))).status == 200
    assert bodies[0] == bodies[1]


def test_replay_serves_a_recording(tmp_path: Path, connect: Connect, start: Callable[..., Server]) -> None:
    """`mockserver replay FILE --speed 3600` plays the run in a moment; what was not recorded is unknown."""
    path = tmp_path / "run.jsonl"
    record_cdm(path, connect)
    server = start("--fixtures", str(path), "--speed", "3600", "--auth", "off", "--unknown-ids", "reject")
    url = f"{server.url}/v1.1/p/clusters/c/cdm/job"
    assert requests.get(f"{url}/orders/status", timeout=10).status_code == 400
    requests.patch(f"{server.url}/_mock/clock", json={"advance": "1h"}, timeout=10)
    assert submission(requests.get(f"{url}/orders/status", timeout=10).text)["status"] == "SUCCEEDED"
    assert requests.get(f"{url}/others/status", timeout=10).status_code == 400


def test_the_replay_command_takes_serve_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command serves with the recording among the fixtures, and unknown ids rejected unless asked otherwise."""
    served: list[Settings] = []

    def serve(settings: Settings) -> int:
        served.append(settings)
        return 0

    monkeypatch.setattr("mockserver.server.serve.serve", serve)
    assert command("replay", "a.jsonl", "b.har", "--speed", "60", "--fixtures", "jobs.json") == 0
    assert command("replay", "a.jsonl", "--unknown-ids", "create") == 0
    assert served[0].fixtures == ("jobs.json", "a.jsonl", "b.har")
    assert (served[0].speed, served[0].unknown_ids, served[1].unknown_ids) == (60, "reject", "create")
    with pytest.raises(InputError, match="not a recording by its name"):
        command("replay", "jobs.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"operation": "ShowJobStatu"}, "did you mean 'ShowJobStatus'"),
        ({"began": "soon"}, "began is 'soon'"),
        ({"steps": []}, "/replays/0/steps"),
        ({"steps": [{"at": -1, "status": 200, "body": ""}]}, "/replays/0/steps/0/at"),
        ({"steps": [{"at": 0, "status": 200, "body": "?", "encoding": "base64"}]}, "/replays/0"),
        ({"tenants": {}}, "/replays/0"),
    ],
)
def test_wrong_replays_are_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    """A mistake in a fixture file's replays is told with its place."""
    good = {"operation": "ShowJobStatus", "match": {}, "began": "2026-01-01T00:00:00.000+00:00",
            "steps": [{"at": 0, "status": 200, "body": "{}"}]}  # fmt: skip
    file = tmp_path / "replays.json"
    file.write_text(json.dumps({"replays": [good]}))
    Mock(Settings(fixtures=(str(file),)))
    file.write_text(json.dumps({"replays": [{**good, **change}]}))
    with pytest.raises(InputError, match=message):
        Mock(Settings(fixtures=(str(file),)))


@given(
    steps=st.lists(st.tuples(st.integers(0, 10**9), st.integers(100, 599), st.binary(max_size=30)), min_size=1, max_size=8),
    elapsed=st.integers(-(10**6), 2 * 10**9),
    began=st.integers(0, LATER),
)
def test_any_trajectory_survives_its_file_form(steps: list[tuple[int, int, bytes]], elapsed: int, began: int) -> None:
    """As JSON and back it is the same, and the step in effect is the last one that has begun."""
    ordered = sorted({offset: (status, body) for offset, status, body in steps}.items())
    one = RecordedJob(
        "X", {"a": "b"}, began, tuple(RecordedAnswer(at, status, (("A", "b"),), body) for at, (status, body) in ordered)
    )
    assert recorded_job_from(json.loads(json.dumps(one.as_json()))) == one
    due = [step for step in one.steps if step.offset <= elapsed]
    assert one.at(elapsed) == (due[-1] if due else one.steps[0])


@given(st.text(), st.integers(-(10**15), 10**15))
def test_moving_times_never_fails(text: str, by: int) -> None:
    """Whatever an answer is, and wherever its times would go."""
    observation = DEFINITIONS.operation("ShowJobStatus").observation
    move_times(text, observation, by)
    answer = json.dumps({"submissions": [{"creation-date": NOW, "status": text}]})
    result = json.loads(move_times(answer, observation, by))
    assert result["submissions"][0]["status"] == text


def test_a_recording_without_jobs_replays_nothing(tmp_path: Path, shipped: Definitions) -> None:
    """Calls for tokens and projects are left to the mock."""
    mock = Mock(Settings(auth="off"), Clock(NOW, 0))
    operations = [operation for operation in shipped.operations if operation.job is None]
    recording = Recording(tuple(exchanges_of(mock, [request_for(operation) for operation in operations], 1)))
    assert replays_from(recording, shipped) == []
    write(tmp_path / "x.har", recording)
    assert Mock(Settings(fixtures=(str(tmp_path / "x.har"),))).namespace().replays.all == ()
