"""Recordings as files: nothing of an answer is lost, and what is wrong with a file is told with its line."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_exchanges import exchanges, sample
from sample_requests import NOW

from mockserver.definitions import Definitions, load
from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange
from mockserver.exchanges.har import read_har
from mockserver.exchanges.har_writing import har_of, write
from mockserver.exchanges.recording import Recorder, Recording, read
from mockserver.exchanges.recording_lines import as_json, from_json
from mockserver.redaction.redactor import Redactor

DEFINITIONS = load()
KEEPING = Redactor(keep_ids=True, definitions=DEFINITIONS)
HEAD = '{"mockserver-recording":1,"version":"0","created":"","target":"","pseudonyms":[]}\n'
LINE = (
    '{"time":1,"duration":null,"origin":"","request":{"method":"GET","path":"/","query":"","headers":[],"body":""},'
    '"response":{"status":200,"headers":[],"body":""}}\n'
)


@given(exchanges)
def test_an_exchange_survives_its_line(exchange: Exchange) -> None:
    """Whatever it holds, the line gives it back, header order and doubles included."""
    assert from_json(json.loads(json.dumps(as_json(exchange))), "") == exchange


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(exchanges, max_size=4))
def test_a_recording_survives_har_and_files(tmp_path: Path, some: list[Exchange]) -> None:
    """JSON Lines to HAR to JSON Lines: the same exchanges, in the same order."""
    recording = Recording(tuple(some), "target", "2026-01-01T00:00:00.000+00:00", ("orgId",))
    write(tmp_path / "x.har", recording)
    back = read_har(tmp_path / "x.har")
    assert [as_json(exchange) for exchange in back.exchanges] == [as_json(item) for item in some]
    assert (back.target, back.created, back.pseudonyms) == (recording.target, recording.created, recording.pseudonyms)
    assert har_of(back) == har_of(recording)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(exchanges, max_size=4))
def test_what_the_recorder_writes_can_be_read(tmp_path: Path, some: list[Exchange]) -> None:
    """A recorder's file holds exactly the redacted exchanges, each with its line as source."""
    path = tmp_path / "run.jsonl"
    path.unlink(missing_ok=True)
    with Recorder(path, KEEPING, "http://x", NOW) as recorder:
        for item in some:
            recorder.add(item)
    result = read(path)
    assert [as_json(exchange) for exchange in result.exchanges] == [as_json(KEEPING.redact(item)) for item in some]
    assert [exchange.source for exchange in result.exchanges] == [f"{path}:{number}" for number in range(2, len(some) + 2)]
    assert (result.target, result.created, result.notes) == ("http://x", "2023-11-14T22:13:20.000+00:00", ())


def test_a_recording_goes_on(tmp_path: Path) -> None:
    """A second recorder appends; each line is there at once; a half-written one before it is cut off."""
    path = tmp_path / "run.jsonl"
    with Recorder(path, KEEPING) as recorder:
        recorder.add(sample("a"))
        assert len(read(path).exchanges) == 1, "before it is closed"
    with path.open("ab") as file:
        file.write(LINE.encode()[:70])
    assert len(read(path).exchanges) == 1
    (note,) = read(path).notes
    assert note == f"{path}:3: the last line was only half written, and is left out"
    with Recorder(path, KEEPING) as recorder:
        recorder.add(sample("b"))
        assert "half written" in recorder.notes[0]
    assert [exchange.request.path.split("/")[-2] for exchange in read(path).exchanges] == ["a", "b"]
    assert read(path).notes == ()


def test_a_last_line_without_its_end_counts(tmp_path: Path) -> None:
    """Only the end of the line is missing: it is whole, and what is appended begins a new one."""
    path = tmp_path / "run.jsonl"
    path.write_text(HEAD + LINE.rstrip("\n"))
    assert len(read(path).exchanges) == 1
    with Recorder(path, KEEPING) as recorder:
        recorder.add(sample())
    assert len(read(path).exchanges) == 2


def test_a_half_written_header_begins_anew(tmp_path: Path) -> None:
    """A crash in the very first line leaves a file that can be recorded to."""
    path = tmp_path / "run.jsonl"
    path.write_text(HEAD[:30])
    with pytest.raises(InputError, match=r"run\.jsonl:1"):
        read(path)
    with Recorder(path, KEEPING) as recorder:
        recorder.add(sample())
    assert len(read(path).exchanges) == 1


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    """Eight threads, 25 exchanges each: 200 lines, none torn."""
    path = tmp_path / "run.jsonl"
    with Recorder(path, KEEPING) as recorder:

        def record() -> None:
            for number in range(25):
                recorder.add(sample(f"job{number}"))

        threads = [threading.Thread(target=record) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert recorder.count == 200
    assert len(read(path).exchanges) == 200


def test_pseudonyms_and_real_ids_do_not_mix(tmp_path: Path, shipped: Definitions) -> None:
    """A recording with real ids isn't gone on with by a redactor that makes pseudonyms, and the other way round."""
    path = tmp_path / "run.jsonl"
    Recorder(path, KEEPING).close()
    with pytest.raises(InputError, match="choose another file"):
        Recorder(path, Redactor(definitions=shipped))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "found what is not JSON"),
        ("[]", r"found \[\]; allowed: a JSON object"),
        ("{}", "request is missing"),
        (LINE.replace('"status":200', '"status":"200"'), 'status is "200"; allowed: a whole number'),
        (LINE.replace('"status":200', '"status":99'), "status is 99"),
        (LINE.replace('"status":200', '"status":true'), "status is true"),
        (LINE.replace('"method"', '"methode"'), "did you mean 'method'"),
        (LINE.replace('"headers":[]', '"headers":[["a"]]', 1), r'headers has \["a"\]'),
        (LINE.replace('"time":1', '"time":"now"'), 'time is "now"'),
        (LINE.replace('"body":""', '"body":null', 1), "body is null"),
        (LINE.replace('"body":""', '"body":"?","encoding":"base64"', 1), "body can't be read"),
        (LINE.replace('"body":""', '"body":"","encoding":"gzip"', 1), 'encoding is "gzip"'),
        (LINE.replace('"body":""', '"body":"\\ud800"', 1), "body can't be read"),
        ("\x00" * 20, "found what is not JSON"),
    ],
)
def test_bad_lines_are_named(line: str, message: str, tmp_path: Path) -> None:
    """A wrong line that is whole is a mistake, wherever it stands: file, line, found, allowed."""
    path = tmp_path / "run.jsonl"
    path.write_text(HEAD + LINE + line.rstrip("\n") + "\n" + LINE)
    with pytest.raises(InputError, match=rf"run\.jsonl:3: .*{message}"):
        read(path)
    path.write_text(HEAD + line.rstrip("\n") + "\n")
    with pytest.raises(InputError, match=r"run\.jsonl:2"):
        read(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}\n",
        LINE,
        "[1]\n",
        HEAD.replace(":1,", ":2,"),
        HEAD.replace("[]", "[1]"),
        HEAD.replace('"target":""', '"target":1'),
    ],
)
def test_other_files_are_no_recordings(text: str, tmp_path: Path) -> None:
    """A file that doesn't begin with the header is refused, to read and (unless empty) to go on with."""
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=r"run\.jsonl:1"):
        read(path)
    if text:
        with pytest.raises(InputError, match=r"run\.jsonl"):
            Recorder(path, KEEPING)
        assert path.read_text() == text


def test_files_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    """A folder, a missing folder, a closed recorder."""
    with pytest.raises(InputError, match="can't read"):
        read(tmp_path)
    with pytest.raises(InputError, match="can't write"):
        Recorder(tmp_path / "no" / "run.jsonl", KEEPING)
    recorder = Recorder(tmp_path / "run.jsonl", KEEPING)
    recorder.close()
    with pytest.raises(InputError, match="can't write"):
        recorder.add(sample())
