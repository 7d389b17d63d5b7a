"""HAR files: ours are valid by the published schema, and those of browsers and proxies are read."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from random_exchanges import exchanges, sample
from referencing import Registry
from referencing.jsonschema import DRAFT6

from mockserver.errors import InputError
from mockserver.exchanges.exchange import Exchange, response_from
from mockserver.exchanges.har import read_any, read_har
from mockserver.exchanges.har_writing import har_of, write
from mockserver.exchanges.recording import Recording

SCHEMAS = {file.name: json.loads(file.read_text()) for file in (Path(__file__).parent / "har_schema").glob("*.json")}
REGISTRY: Registry[Any] = Registry().with_resources(
    (f"{name}#", DRAFT6.create_resource(schema)) for name, schema in SCHEMAS.items()
)
URL = "https://cdm.cn-north-4.myhuaweicloud.com/v1.1/p/clusters/c/cdm/job/a%20b/status?x=1"


def schema_errors(value: Any) -> list[str]:
    """What the HAR 1.2 schema of har-schema says of a document."""
    bare = {name.removesuffix("#"): schema for name, schema in SCHEMAS.items()}
    registry = REGISTRY.with_resources((name, DRAFT6.create_resource(schema)) for name, schema in bare.items())
    return [error.message for error in Draft6Validator(SCHEMAS["har.json"], registry=registry).iter_errors(value)]


def entry(**changes: Any) -> dict[str, Any]:
    """An entry as Chrome writes it."""
    content = {"size": 2, "mimeType": "application/json", "text": "{}"}
    made = {
        "startedDateTime": "2026-11-21T08:00:00.123Z",
        "time": 250.5,
        "request": {"method": "GET", "url": URL, "httpVersion": "http/2.0", "headers": [{"name": ":method", "value": "GET"},
                    {"name": "X-Auth-Token", "value": "t"}], "queryString": [], "cookies": [],
                    "headersSize": -1, "bodySize": 0},
        "response": {"status": 200, "statusText": "", "httpVersion": "http/2.0", "cookies": [], "redirectURL": "",
                     "headers": [{"name": "content-type", "value": "application/json"}], "content": content, "bodySize": 2},
        "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0},
    }  # fmt: skip
    return {**made, **changes}


def answer(content: dict[str, Any], *headers: tuple[str, str], status: Any = 200, **changes: Any) -> dict[str, Any]:
    """An entry whose answer has this content."""
    response = entry()["response"]
    named = [{"name": name, "value": value} for name, value in headers]
    return entry(response={**response, "status": status, "headers": named, "content": content, **changes})


def read_entries(tmp_path: Path, *entries: Any) -> Recording:
    """A HAR file of these entries, read."""
    file = tmp_path / "x.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8-sig")
    return read_har(file)


@given(st.lists(exchanges, max_size=4))
def test_what_is_written_is_valid_har(some: list[Exchange]) -> None:
    """Whatever a recording holds."""
    assert schema_errors(har_of(Recording(tuple(some)))) == []


def test_the_schema_finds_mistakes() -> None:
    """The check of the tests is one."""
    good = har_of(Recording((sample(),)))
    del good["log"]["entries"][0]["timings"]["wait"]
    assert schema_errors(good) == ["'wait' is a required property"]


def test_a_browsers_entry_is_read(tmp_path: Path) -> None:
    """Time is when the answer came; HTTP/2's pseudo headers are no headers; the path is decoded."""
    (found,) = read_entries(tmp_path, entry()).exchanges
    assert found.time == 1_795_248_000_123 + 250
    assert found.duration == 0.2505
    assert (found.request.method, found.request.path, found.request.query) == (
        "GET", "/v1.1/p/clusters/c/cdm/job/a b/status", "x=1",
    )  # fmt: skip
    assert found.request.headers == {"x-auth-token": "t"}
    assert found.origin == "https://cdm.cn-north-4.myhuaweicloud.com"
    assert found.source == f"{tmp_path / 'x.har'}#/log/entries/0"


def test_bodies_of_every_kind_are_read(tmp_path: Path) -> None:
    """Text, base64, unpacked with the headers of packing left, packed bytes as base64, none."""
    packed = base64.b64encode(gzip.compress(b'{"a":1}')).decode()
    headers = (("Content-Encoding", "gzip"), ("Content-Length", "27"), ("X", "1"), ("X", "2"))
    changes = read_entries(
        tmp_path,
        answer({"size": 7, "mimeType": "", "text": '{"a":1}', "compression": -20}, *headers),
        answer({"size": 7, "mimeType": "", "text": packed, "encoding": "base64"}, *headers),
        answer({"size": 2, "mimeType": "", "text": "/w==", "encoding": "base64"}),
        answer({"size": 0, "mimeType": ""}, status=204),
    ).exchanges
    assert [item.response.body for item in changes] == [b'{"a":1}', b'{"a":1}', b"\xff", b""]
    assert [item.response.headers for item in changes[:2]] == [(("X", "1"), ("X", "2"))] * 2


def test_what_is_no_exchange_is_left_out_and_told(tmp_path: Path) -> None:
    """Blocked requests, data URLs, answers whose body the browser didn't keep."""
    result = read_entries(
        tmp_path,
        answer({"size": 0, "mimeType": ""}, status=0),
        entry(request={**entry()["request"], "url": "data:text/plain,x"}),
        answer({"size": 512, "mimeType": "application/json"}),
        entry(),
    )
    assert len(result.exchanges) == 1
    assert [note.split(": ", 1)[1] for note in result.notes] == [
        "it got no answer (status 0); left out",
        "'data:text/plain,x' is not a URL of HTTP; left out",
        "the answer's body (512 bytes) is not in the file; left out",
    ]


@pytest.mark.parametrize(
    ("text", "time"),
    [("2026-11-21T16:00:00.5+08:00", 1_795_248_000_500), ("2026-11-21T08:00:00.1234567Z", 1_795_248_000_123),
     ("2026-11-21T08:00:00", 1_795_248_000_000), ("", None), ("yesterday", None)],
)  # fmt: skip
def test_times_in_every_form_are_read(text: str, time: int | None, tmp_path: Path) -> None:
    """Any fraction, any zone, none; what is no time is unknown, and so is a duration of -1."""
    (found,) = read_entries(tmp_path, entry(startedDateTime=text, time=-1)).exchanges
    assert (found.time, found.duration) == (time, None)


def test_entries_come_in_the_order_of_time(tmp_path: Path) -> None:
    """Browsers write them in the order in which they began or ended."""
    changes = read_entries(tmp_path, entry(startedDateTime="2026-11-21T09:00:00Z"), entry()).exchanges
    assert [item.source[-1] for item in changes] == ["1", "0"]


def test_doubled_request_headers_are_joined(tmp_path: Path) -> None:
    """As HTTP allows: cookies by semicolons, others by commas."""
    pairs = [("Cookie", "a=1"), ("cookie", "b=2"), ("Accept", "x"), ("accept", "y")]
    request = {**entry()["request"], "headers": [{"name": name, "value": value} for name, value in pairs]}
    (found,) = read_entries(tmp_path, entry(request=request)).exchanges
    assert found.request.headers == {"cookie": "a=1; b=2", "accept": "x, y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON"), ("[]", "allowed: a HAR file"), ('{"log":{}}', "allowed: a HAR file"),
     ("[" * 100_000, "not JSON")],
)  # fmt: skip
def test_wrong_files_are_named(text: str, message: str, tmp_path: Path) -> None:
    """File, entry, found, allowed."""
    file = tmp_path / "x.har"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_har(file)
    with pytest.raises(InputError, match="can't read"):
        read_har(tmp_path / "none.har")
    with pytest.raises(InputError, match="can't write"):
        write(tmp_path / "no" / "x.har", Recording(()))


def test_odd_entries_are_left_out_and_told(tmp_path: Path) -> None:
    """Each with its place and what is wrong with it; the others stay."""
    attached = {"size": -1, "mimeType": "application/json"}
    (tmp_path / "0a.json").write_text('{"a": 1}')
    url = {**entry()["request"], "url": "http://[x/"}
    result = read_entries(
        tmp_path, 1, {}, entry(request=url), answer({"text": "?", "encoding": "base64"}), answer({"text": ""}, status="ok"),
        answer({"text": ""}, status=10**20), answer(attached), answer({**attached, "_file": "../../etc/passwd"}),
        answer({**attached, "_file": "gone.json"}), answer({**attached, "_file": "0a.json"}), entry(),
    )  # fmt: skip
    assert [exchange.response.body for exchange in result.exchanges][:1] == [b'{"a": 1}'] and len(result.exchanges) == 2
    assert [note.split(": ", 1)[1] for note in result.notes] == [
        "it is not an entry of HAR 1.2 (TypeError); left out",
        "it is not an entry of HAR 1.2 (no 'request'); left out",
        "it is not an entry of HAR 1.2 (ValueError); left out",
        'its body is "?", which is not base64; left out',
        'its status is "ok"; left out',
        "100000000000000000000 is not an HTTP status; left out",
        "the answer's body (2 bytes) is not in the file; left out",
        'its body is in "../../etc/passwd", which is not a file beside this one; left out',
        "its body is in gone.json, which is not beside this file; left out",
    ]


def test_a_har_file_is_known_by_name_or_content(tmp_path: Path) -> None:
    """`.har`, or a JSON document that begins with its log; anything else is JSON Lines."""
    file = tmp_path / "x.json"
    write(file, Recording((sample(),)))
    assert len(read_any(file).exchanges) == 1
    file.write_text("nothing")
    with pytest.raises(InputError, match=r"x\.json:1"):
        read_any(file)


def test_packed_answers_are_unpacked_once(tmp_path: Path) -> None:
    """An answer that is still packed goes into HAR and comes back as it is."""
    body = gzip.compress(b"{}")
    packed = Exchange(sample().request, response_from(200, [("Content-Encoding", "gzip")], body), 5)
    write(tmp_path / "x.har", Recording((packed,)))
    assert read_har(tmp_path / "x.har").exchanges[0].response == packed.response


def posting(**data: Any) -> dict[str, Any]:
    """An entry whose request has this body."""
    return entry(request={**entry()["request"], "method": "POST", "postData": data})


JSON: dict[str, Any] = {"size": 7, "mimeType": "application/json"}


@pytest.mark.parametrize(
    ("odd", "body"),
    [
        (answer({**JSON, "encoding": "BASE64", "text": "eyJhIjoxfQ=="}), b'{"a":1}'),
        (answer({**JSON, "encoding": "base64", "text": "eyJhIjoxfQ"}), b'{"a":1}'),
        (answer({**JSON, "encoding": "base64", "text": "eyJhIjoiPz4_In0"}), b'{"a":"?>?"}'),
        (answer({**JSON, "text": {"a": 1}}), b'{"a": 1}'),
        (answer({**JSON, "text": "{}"}, status="200"), b"{}"),
        (answer({**JSON, "_sha1": "0a.json"}), b'{"a": 1}'),
        (answer({**JSON, "text": '{"a":1}'}, comment="by hand"), b'{"a":1}'),
        ({name: value for name, value in entry().items() if name not in ("timings", "cache", "startedDateTime")}, b"{}"),
        (entry(response={**entry()["response"], "headers": {"content-type": "application/json", ":status": "200"}}), b"{}"),
        (entry(response={**entry()["response"], "headers": [{"name": "x", "value": None}]}), b"{}"),
    ],
)
def test_odd_kinds_of_entries_are_read(tmp_path: Path, odd: dict[str, Any], body: bytes) -> None:
    """Base64 in any spelling, JSON as itself, headers by name, a status in quotes, bodies in files, missing parts."""
    (tmp_path / "0a.json").write_text('{"a": 1}')
    result = read_entries(tmp_path, odd)
    assert ([exchange.response.body for exchange in result.exchanges], result.notes) == ([body], ())


@pytest.mark.parametrize(
    ("odd", "note"),
    [
        (answer({**JSON, "text": "[REDACTED]"}), "the answer's body was redacted"),
        (answer({**JSON, "text": "*****"}), "the answer's body was redacted"),
        (answer({**JSON, "size": 400, "text": '{"a": [1, 2'}), "the answer's body was cut (11 of 400 bytes"),
        (answer({}, status=101), "upgraded to another protocol"),
        (answer({}, status=0, _error="net::ERR_BLOCKED_BY_CLIENT"), "no answer (status 0: net::ERR_BLOCKED_BY_CLIENT)"),
        (entry(request={**entry()["request"], "headers": "[redacted]"}), 'its headers are "[redacted]", no list'),
        (entry(request={**entry()["request"], "url": "wss://a.example/ws"}), "is not a URL of HTTP"),
        (entry(response={**entry()["response"], "content": "gone"}), 'its content is "gone", no object'),
        (posting(mimeType="application/json", _file="gone.json"), "its body is in gone.json"),
        (posting(mimeType="application/json", text="?", encoding="base64"), "which is not base64"),
    ],
)
def test_odd_kinds_of_entries_are_left_out_with_the_reason(tmp_path: Path, odd: dict[str, Any], note: str) -> None:
    """What is redacted, cut, blocked or no HTTP is never judged; the entry beside it is."""
    result = read_entries(tmp_path, odd, entry())
    assert len(result.exchanges) == 1
    assert note in result.notes[0]


def test_a_form_that_stands_as_parameters_and_a_file_in_utf_16_are_read(tmp_path: Path) -> None:
    """Browsers list a form's fields; some editors save UTF-16."""
    fields = [{"name": "a", "value": "b c"}, {"name": "d"}]
    odd = posting(mimeType="application/x-www-form-urlencoded", params=fields)
    file = tmp_path / "x.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": [odd]}}), encoding="utf-16")
    assert [exchange.request.body for exchange in read_har(file).exchanges] == [b"a=b+c&d="]
