"""Faults at the mock itself: which request gets which, when, what comes of it, and what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from sample_requests import NOW, request_for

from mockserver import Clock, Mock, MockHttpServer, Settings, create_app
from mockserver.definitions import Definitions
from mockserver.errors import InputError
from mockserver.model import Delivery, Request, Response, ServedFault

HTML = "text/html"
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.fixture
def mock(shipped: Definitions) -> Mock:
    """A mock that wants no credentials, at a time that stands still."""
    return Mock(Settings(auth="off", seed=5), Clock(NOW, speed=0), shipped)


def ask(mock: Mock, operation: str = "ShowJobStatus", **values: str) -> Response:
    """The answer to an ordinary request."""
    return mock.handle(request_for(mock.definitions.operation(operation), None, **values))


def statuses(mock: Mock, count: int, **values: str) -> list[int]:
    """The HTTP statuses of so many requests in a row."""
    return [ask(mock, **values).status for _ in range(count)]


# which requests


def test_a_service_and_parts_of_the_identity(mock: Mock) -> None:
    """Only requests of this service with these parameters get it; the handle counts them, the journal names it."""
    fault = mock.fail("cdm", job_name="jdbc2hive", status=502)
    assert ask(mock).status == 200
    assert ask(mock, "ShowGaussMySqlJobInfo").status == 200
    assert ask(mock, job_name="jdbc2hive").status == 502
    assert fault.served == 1
    assert [exchange.as_json()["fault"] for exchange in mock.journal.last()] == [
        None,
        None,
        {"number": 1, "kind": "status:502"},
    ]


def test_an_operation_and_a_query_parameter(mock: Mock) -> None:
    """An operation id is as good as a service, and query parameters as those of the path."""
    mock.fail("ListInstanceHistory", limit=7, error="league-not-found")
    assert ask(mock, "ListInstanceHistory").status == 200
    assert ask(mock, "ListInstanceHistory", limit="7").status == 404


def test_everything(mock: Mock) -> None:
    """The target * is all operations."""
    mock.fail("*", status=503)
    assert {ask(mock, operation.id).status for operation in mock.definitions.operations} == {503}


def test_an_error_that_only_some_operations_have(mock: Mock) -> None:
    """Of several operations those get it that document it."""
    mock.fail("*", error="job-not-running")
    assert ask(mock).status == 400
    assert ask(mock, "GetTaskInstance").status == 200


# when


def test_times_and_after(mock: Mock) -> None:
    """The first n are spared, then as many are served as it says."""
    fault = mock.fail("cdm", status=502, after=2, times=3)
    assert statuses(mock, 7) == [200, 200, 502, 502, 502, 200, 200]
    assert fault.served == 3


def test_the_oldest_that_still_applies_wins(mock: Mock) -> None:
    """Two faults on one request: the older one is served until it is used up, and counts alone."""
    first, second = mock.fail("cdm", status=502, times=1), mock.fail("cdm", status=503, after=1)
    assert statuses(mock, 3) == [502, 200, 503]
    assert (first.served, second.served) == (1, 1)


def test_a_share_is_reproducible(shipped: Definitions) -> None:
    """About three of ten, the same ones under the same seed and after a reset, others under another seed."""

    def shares(seed: int) -> list[int]:
        mock = Mock(Settings(auth="off", seed=seed), Clock(NOW, speed=0), shipped)
        result = []
        for _ in range(2):
            mock.fail("cdm", status=502, share=0.3)
            result.append(statuses(mock, 200))
            mock.reset()
        assert result[0] == result[1]
        return result[0]

    one, other = shares(1), shares(2)
    assert one == shares(1) != other
    assert 40 <= one.count(502) <= 80


@pytest.mark.parametrize("window", [("1m", "3m"), ("2023-11-14T22:14:20Z", "2023-11-14T22:16:20Z"), (60, 180)])
def test_a_window_of_the_clock(mock: Mock, window: tuple[Any, Any]) -> None:
    """It applies from its beginning up to, but not including, its end."""
    mock.fail("cdm", status=502, window=window)
    result = []
    for seconds in (59.999, 0.001, 119.999, 0.001):
        mock.clock.advance(seconds)
        result.append(ask(mock).status)
    assert result == [200, 502, 502, 200]


def test_half_open_windows(mock: Mock) -> None:
    """None is no beginning, or no end."""
    mock.fail("cdm", status=502, window=(None, "1m"))
    mock.fail("cdm", status=503, window=("2m", None))
    result = []
    for _ in range(4):
        result.append(ask(mock).status)
        mock.clock.advance(60)
    assert result == [502, 200, 503, 503]


def test_removal_and_reset(mock: Mock) -> None:
    """A removed fault is over, its count stays; a reset removes all, and numbers starts again."""
    fault = mock.fail("cdm", status=502)
    assert statuses(mock, 2) == [502, 502]
    fault.remove()
    fault.remove()
    assert ask(mock).status == 200
    assert fault.served == 2
    old = mock.fail("cdm", status=502)
    mock.reset()
    assert ask(mock).status == 200
    assert mock.fail("cdm", status=502).number == 1
    old.remove()
    assert ask(mock).status == 502


def test_namespaces_have_their_own(mock: Mock) -> None:
    """A fault of one namespace is none of another's."""
    mock.fail("cdm", namespace="other", status=502)
    operation = mock.definitions.operation("ShowJobStatus")
    assert ask(mock).status == 200
    assert mock.handle(request_for(operation, {"x-mock-namespace": "other"})).status == 502


def test_many_threads(mock: Mock) -> None:
    """Of 32 threads' 640 requests exactly 100 get a fault that is for 100 times."""
    fault = mock.fail("cdm", status=502, times=100)
    result: list[int] = []
    threads = [threading.Thread(target=lambda: result.extend(statuses(mock, 20))) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (result.count(502), result.count(200), fault.served) == (100, 540, 100)
    assert sum(exchange.response.fault is not None for exchange in mock.journal.last()) == 100


# what: errors and statuses


def test_a_documented_error(mock: Mock) -> None:
    """It comes in its own envelope, with its status and the request's own facts, to requests that are in order."""
    mock.fail("cdm", error="job-not-found")
    answer = ask(mock, job_name="orders")
    assert (answer.status, json.loads(answer.body)["externalMessage"]) == (400, "Job[orders] doesn't exist.")


def test_every_documented_error_of_every_operation(mock: Mock) -> None:
    """Whatever is documented can be asked for, and carries its documented status."""
    for operation in mock.definitions.operations:
        for error in operation.errors():
            fault = mock.fail(operation.id, error=error.name)
            answer = ask(mock, operation.id)
            assert (answer.status, fault.served) == (error.status(mock.switches), 1), (operation.id, error.name)
            fault.remove()


def test_refused_requests_do_not_count_for_the_service_s_faults(shipped: Definitions) -> None:
    """Without a credential error, patch and headers wait for the next request; a gateway's status doesn't."""
    mock = Mock(Settings(), Clock(NOW, speed=0), shipped)
    operation = mock.definitions.operation("ShowJobStatus")
    bare = Request("GET", request_for(operation).path)
    faults = [
        mock.fail("cdm", error="job-invalid", times=1),
        mock.fail("cdm", patch=[{"op": "remove", "path": "/submissions"}], times=1),
        mock.fail("cdm", headers={"X-A": "b"}, times=1),
    ]
    assert [mock.handle(bare).status for _ in range(2)] == [401, 401]
    assert [fault.served for fault in faults] == [0, 0, 0]
    assert {exchange.response.fault for exchange in mock.journal.last()} == {None}
    assert [ask(mock).status for _ in range(3)] == [400, 200, 200]
    assert [fault.served for fault in faults] == [1, 1, 1]
    mock.fail("cdm", status=502, times=1)
    assert mock.handle(bare).status == 502


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_in_front(mock: Mock, status: int) -> None:
    """502, 503 and 504 are a page of nginx's, without a word of the vendor's, though vendors document such errors."""
    mock.fail("cdm", status=status)
    answer = ask(mock)
    assert (answer.status, answer.header("Content-Type"), answer.header("Server")) == (status, HTML, "nginx")
    assert b"<hr><center>nginx</center>" in answer.body
    assert f"<h1>{status} ".encode() in answer.body
    assert answer.header("X-Request-Id") is None
    assert answer.header("Content-Length") == str(len(answer.body))


def test_a_status_that_is_documented(mock: Mock) -> None:
    """429 and 500 are the operation's documented errors; what it doesn't document is a page; a body replaces either."""
    mock.fail("cdm", status=429, times=1)
    mock.fail("cdm", status=500, times=1)
    mock.fail("cdm", status=418, times=1)
    mock.fail("cdm", status=500, body={"oops": "你"}, times=1)
    mock.fail("cdm", status=500, body="<x/>", content_type="text/xml")
    assert [json.loads(ask(mock).body)[name] for name in ("error_code", "errCode")] == ["APIGW.0308", "Cdm.0000"]
    page = ask(mock)
    assert (page.status, page.header("Content-Type")) == (418, HTML)
    own, text = ask(mock), ask(mock)
    assert (own.status, own.body, own.header("Content-Type")) == (500, '{"oops":"你"}'.encode(), "application/json")
    assert (text.status, text.body, text.header("Content-Type")) == (500, b"<x/>", "text/xml")


def test_enos_errors_with_http_200(mock: Mock) -> None:
    """A documented error of EnOS's that comes with HTTP 200 does so as a fault, too."""
    mock.fail("enos", error="no-privilege")
    answer = ask(mock, "GetTaskInstance")
    assert (answer.status, "code" in json.loads(answer.body)) == (200, True)
    assert answer.fault == ServedFault(1, "error:no-privilege")


def test_a_body_of_one_s_own(mock: Mock) -> None:
    """A body alone is a 200, text or JSON."""
    mock.fail("cdm", body="", times=1)
    mock.fail("cdm", body=[], times=1)
    empty, json_list = ask(mock), ask(mock)
    assert (empty.status, empty.body) == (200, b"")
    assert (json_list.status, json_list.body) == (200, b"[]")


@pytest.mark.parametrize(
    ("asked", "header"),
    [
        (30, "30"),
        (1.2, "2"),
        ("2m", "120"),
        (DATE, DATE),
        (None, None),
    ],
)
def test_retry_after(mock: Mock, asked: Any, header: str | None) -> None:
    """Seconds, rounded up, an HTTP date, or none; with a status and with an error."""
    mock.fail("cdm", status=429, retry_after=asked, times=1)
    mock.fail("cdm", error="throttled-user", retry_after=asked)
    for _ in range(2):
        answer = ask(mock)
        assert (answer.status, answer.header("Retry-After")) == (429, header)


def test_a_quota_on_the_mock_s_clock(mock: Mock) -> None:
    """120 calls pass in a minute, the 121st is throttled as documented; then a new minute begins."""
    fault = mock.fail("cdm", quota={"limit": 120, "per": "1m", "error": "throttled-user"}, retry_after=True)
    mock.clock.advance(1_000)
    for _ in range(2):
        assert statuses(mock, 120) == [200] * 120
        mock.clock.advance(20)
        refused = ask(mock)
        assert (refused.status, refused.header("Retry-After")) == (429, "40")
        assert json.loads(refused.body)["error_msg"].endswith("policy user over ratelimit,limit:120,time:1 minute")
        mock.clock.advance(39.999)
        assert ask(mock).status == 429
        mock.clock.advance(0.001)
    assert fault.served == 4
    mock.clock.set(NOW)
    assert ask(mock).status == 200


def test_a_quota_counts_its_own_requests_only(mock: Mock) -> None:
    """Other services, and what an older fault took, leave it alone."""
    mock.fail("cdm", status=502, times=1)
    mock.fail("cdm", quota={"limit": 1, "per": 60})
    assert ask(mock, "GetTaskInstance").status == 200
    assert statuses(mock, 3) == [502, 200, 429]


# what: delays, headers, patches


def test_delays_on_the_mock_s_clock(mock: Mock) -> None:
    """The clock goes on by the delay after the answer, and nobody is told to wait."""
    mock.fail("cdm", delay="2.5s", clock="mock", times=1)
    answer = ask(mock)
    assert (mock.clock.now(), answer.delivery, answer.status) == (NOW + 2_500, None, 200)
    assert answer.fault == ServedFault(1, "delay")


def test_delays_in_real_time(mock: Mock) -> None:
    """The door is told how long to wait; the mock's clock stays; a delay goes with any other fault."""
    mock.fail("cdm", delay=2, times=1)
    mock.fail("cdm", delay="10ms", status=502, times=1)
    mock.fail("cdm", delay=1, fault="HANG")
    assert [ask(mock).delivery for _ in range(3)] == [Delivery(2.0), Delivery(0.01), Delivery(1.0, "HANG")]
    assert mock.clock.now() == NOW


@pytest.mark.parametrize(
    ("delay", "low", "high", "middle"),
    [
        ({"type": "uniform", "lower": 1, "upper": "3s"}, 1.0, 3.0, (1.8, 2.2)),
        ({"type": "lognormal", "median": 2, "sigma": 0.5}, 0.2, 20.0, (1.8, 2.2)),
    ],
)
def test_delays_by_chance(
    shipped: Definitions, delay: dict[str, Any], low: float, high: float, middle: tuple[float, float]
) -> None:
    """They differ from request to request, keep to their distribution, and are the same under the same seed."""

    def drawn(seed: int) -> list[float]:
        mock = Mock(Settings(auth="off", seed=seed), Clock(NOW, speed=0), shipped)
        mock.fail("cdm", delay=delay)
        answers = [ask(mock) for _ in range(300)]
        return [answer.delivery.delay for answer in answers if answer.delivery]

    result = drawn(1)
    assert result == drawn(1) != drawn(2)
    assert len(set(result)) == 300
    assert low <= min(result) <= max(result) <= high
    assert middle[0] <= sorted(result)[150] <= middle[1]


def test_headers(mock: Mock) -> None:
    """They are added, or replace one of the same name whatever its case, on an otherwise normal answer."""
    mock.fail("cdm", headers={"date": "Thu, 01 Jan 1970 00:00:00 GMT", "X-New": "é"}, times=1)
    answer, normal = ask(mock), ask(mock)
    assert answer.body == normal.body
    names = [name.lower() for name, _ in answer.headers]
    assert names.count("date") == 1
    assert (answer.header("Date"), answer.header("x-new")) == ("Thu, 01 Jan 1970 00:00:00 GMT", "é")


def test_a_patched_answer(mock: Mock) -> None:
    """Undocumented statuses, case drift and progress that can't be are made by patches; the length follows, order stays."""
    normal = json.loads(ask(mock).body)
    steps: list[dict[str, Any]] = [
        {"op": "replace", "path": "/submissions/0/status", "value": "running"},
        {"op": "replace", "path": "/submissions/0/progress", "value": 1.0},
    ]
    mock.fail("cdm", patch=steps)
    answer = ask(mock)
    wanted = [{**normal["submissions"][0], "status": "running", "progress": 1.0}, *normal["submissions"][1:]]
    assert json.loads(answer.body) == {**normal, "submissions": wanted}
    assert answer.header("Content-Length") == str(len(answer.body))


def test_a_patch_leaves_documented_examples_as_they_are(mock: Mock) -> None:
    """The next caller gets the documented example unharmed."""
    operation = mock.definitions.operation("ShowJobStatus")
    asked = request_for(operation, {"prefer": "example=documented"})
    normal = mock.handle(asked)
    mock.fail("cdm", patch=[{"op": "replace", "path": "/submissions/0/status", "value": "x"}], times=1)
    assert mock.handle(asked).body != normal.body == mock.handle(asked).body


def test_a_patch_of_dataarts_rows(mock: Mock) -> None:
    """Pointers go on into the inner answer; its announced length follows, unless the patch is about that."""
    row = {"op": "replace", "path": "/body/rows/0/status", "value": "手动停止了"}
    length = {"op": "replace", "path": "/header_map/Content-Length", "value": "1"}
    mock.fail("dataarts", patch=[row], times=1)
    mock.fail("dataarts", patch=[row, length], times=1)
    answer, own, normal = (json.loads(ask(mock, "ShowInstanceInfos").body) for _ in range(3))
    assert json.loads(answer["body"])["rows"][0]["status"] == "手动停止了"
    assert answer["header_map"]["Content-Length"] == str(len(answer["body"].encode()))
    assert own["header_map"]["Content-Length"] == "1"
    assert list(answer) == list(normal)
    assert answer["body"].count("\n") == normal["body"].count("\n")


def test_a_patch_that_tests(mock: Mock) -> None:
    """Where a test fails the answer stays as it is, and the fault isn't used up."""
    mock.job("cdm", job_name="load", life=[("BOOTING", 30), ("RUNNING", 30), ("SUCCEEDED", None)])
    steps = [
        {"op": "test", "path": "/submissions/0/status", "value": "RUNNING"},
        {"op": "replace", "path": "/submissions/0/status", "value": "FAILED"},
    ]
    fault = mock.fail("cdm", patch=steps, times=1)
    seen = []
    for _ in range(5):
        seen.append(json.loads(ask(mock).body)["submissions"][0]["status"])
        mock.clock.advance(15)
    assert seen == ["BOOTING", "BOOTING", "FAILED", "RUNNING", "SUCCEEDED"]
    assert fault.served == 1


def test_a_patch_that_fits_nowhere(mock: Mock) -> None:
    """The caller gets a 500 that says which fault and where, instead of an answer that looks well."""
    mock.fail("cdm", patch=[{"op": "replace", "path": "/submission/0", "value": 1}])
    answer = ask(mock)
    assert answer.status == 500
    detail = json.loads(answer.body)["detail"]
    assert "fault 1: patch/0 (replace /submission/0): there is no 'submission'; did you mean 'submissions'?" in detail


# what: content that is wrong in sound HTTP, and what only doors can do


def test_broken_content(mock: Mock) -> None:
    """Cut JSON, no body, a page with 200, and bytes that are no UTF-8: each a whole HTTP answer with the right length."""
    for kind in ("TRUNCATED_JSON", "EMPTY_BODY", "HTML_200", "WRONG_ENCODING"):
        mock.fail("cdm", fault=kind, times=1)
    cut, empty, page, wrong, normal = (ask(mock) for _ in range(5))
    assert {answer.status for answer in (cut, empty, page, wrong)} == {200}
    assert normal.body.startswith(cut.body)
    assert 0 < len(cut.body) < len(normal.body)
    assert empty.body == b""
    assert (page.header("Content-Type"), page.body[:6]) == (HTML, b"<html>")
    assert wrong.header("Content-Type") == "application/json; charset=utf-8"
    with pytest.raises(UnicodeDecodeError):
        wrong.body.decode()
    for answer in (cut, empty, page, wrong):
        assert answer.header("Content-Length") == str(len(answer.body))
        assert answer.delivery is None


def test_what_direct_callers_see_of_socket_faults(mock: Mock) -> None:
    """`delivery` says what a server would do; status 0 is no HTTP answer; all are in the journal."""
    kinds = ["EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER", "HANG",
             "CLOSE_MID_BODY", "SHORT_BODY", "SLOW_DRIBBLE"]  # fmt: skip
    for kind in kinds:
        mock.fail("cdm", fault=kind, times=1)
    answers = [ask(mock) for _ in kinds]
    assert [answer.delivery.fault for answer in answers if answer.delivery] == kinds
    assert [answer.status for answer in answers] == [0, 200, 0, 0, 0, 200, 200, 200]
    assert [(exchange.as_json()["fault"] or {})["kind"] for exchange in mock.journal.last()] == kinds
    assert answers[2].body != b""
    assert answers[7].delivery == Delivery(0.0, "SLOW_DRIBBLE", 1.0, 5)


def test_network_faults_break_refusals_too(shipped: Definitions) -> None:
    """What breaks a body on its way breaks an error's body as well."""
    mock = Mock(Settings(), Clock(NOW, speed=0), shipped)
    fault = mock.fail("cdm", fault="TRUNCATED_JSON")
    answer = mock.handle(Request("GET", request_for(mock.definitions.operation("ShowJobStatus")).path))
    assert (answer.status, fault.served) == (401, 1)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(answer.body)


# declaring


def test_fixture_files_declare_faults(tmp_path: Path, shipped: Definitions) -> None:
    """`faults` beside or without `jobs`, in JSON and YAML, apply from the start and again after a reset."""
    file = tmp_path / "bad_day.yaml"
    file.write_text("faults:\n- {target: cdm, job_name: load, fault: EMPTY_BODY, times: 1, window: [0, 1h]}\n")
    mock = Mock(Settings(auth="off", fixtures=(str(file),)), Clock(NOW, speed=0), shipped)
    for _ in range(2):
        assert [ask(mock).body == b"" for _ in range(2)] == [True, False]
        mock.reset()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"faults": [{"status": 502}]}', "#/faults/0: found"),
        ('{"faults": [{"target": "cdm", "status": 502}, {"target": "cdn", "status": 502}]}', "#/faults/1: 'cdn' is neither"),
        ('{"faults": [{"target": "cdm", "fault": "HANGS"}]}', "#/faults/0/fault: found"),
        ('{"faults": [{"target": "cdm", "jobname": "x", "status": 502}]}', "#/faults/0: a fault of cdm has no 'jobname'"),
    ],
)
def test_mistakes_in_fixture_files(tmp_path: Path, shipped: Definitions, text: str, why: str) -> None:
    """They are refused with the file and the place."""
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        Mock(Settings(fixtures=(str(file),)), definitions=shipped)
    assert f"{file}{why}" in str(refused.value)


def test_the_control_api(mock: Mock) -> None:
    """POST, GET and DELETE of /_mock/faults declare, show, count and take away."""
    client = create_app(mock=mock).test_client()
    made = client.post("/_mock/faults", json={"target": "cdm", "job_name": "load", "status": 502, "window": [0, "1h"]})
    fields = {"job_name": "load", "status": 502, "window": [0, "1h"]}
    wanted = {"number": 1, "target": "cdm", "kind": "status:502", "served": 0, "fields": fields}
    assert (made.status_code, made.get_json()) == (201, wanted)
    assert ask(mock).status == 502
    assert client.get("/_mock/faults").get_json() == {"faults": [{**wanted, "served": 1}]}
    assert client.get("/_mock/faults/1").get_json()["served"] == 1
    assert client.delete("/_mock/faults/1").status_code == 204
    assert ask(mock).status == 200
    assert client.delete("/_mock/faults/1").status_code == 404
    client.post("/_mock/faults", json={"target": "cdm", "status": 502})
    assert client.delete("/_mock/faults").status_code == 204
    assert ask(mock).status == 200
    assert client.get("/_mock/journal").get_json()["exchanges"][0]["fault"] == {"number": 1, "kind": "status:502"}


def test_refusing_connections_for_ever_is_not_for_the_control_api(mock: Mock) -> None:
    """It would lock the caller out: it needs an end, and a clock that runs."""
    client = create_app(mock=mock).test_client()
    for window in (None, [0, None], [0, 1]):
        answer = client.post("/_mock/faults", json={"target": "*", "fault": "CONNECTION_REFUSED", "window": window})
        assert answer.status_code == 400
        assert "has to end by itself" in answer.get_json()["detail"]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("cdn", {"status": 502}, "did you mean 'cdm'?"),
    ("showjobstatus", {"status": 502}, "did you mean 'ShowJobStatus'?"),
    ("cdm", {}, "the fault does nothing"),
    ("cdm", {"job_nam": "x", "status": 502}, "did you mean 'job_name'?"),
    ("cdm", {"job_name": ["x"], "status": 502}, "job_name is ['x']"),
    ("cdm", {"status": 502, "error": "job-invalid"}, "error and status are each a fault of its own"),
    ("cdm", {"patch": [], "body": ""}, "patch and body"),
    ("cdm", {"error": "job-not-fond"}, "did you mean 'job-not-found'?"),
    ("cdm", {"error": 5}, "error is 5, which is not a documented error of any of these operations"),
    ("cdm", {"status": 99}, "200 to 599"),
    ("cdm", {"status": 200}, "or 200 to 599 with a body"),
    ("cdm", {"status": True}, "status is True"),
    ("cdm", {"status": "502"}, "status is '502'"),
    ("cdm", {"status": 204, "body": "x"}, "has no body"),
    ("cdm", {"status": 502, "times": 0}, "times is 0"),
    ("cdm", {"status": 502, "times": 1.5}, "times is 1.5"),
    ("cdm", {"status": 502, "after": -1}, "after is -1"),
    ("cdm", {"status": 502, "share": 0}, "share is 0"),
    ("cdm", {"status": 502, "share": 1.1}, "share is 1.1"),
    ("cdm", {"status": 502, "share": "half"}, "share is 'half'"),
    ("cdm", {"status": 502, "window": "1h"}, "allowed: (from, to)"),
    ("cdm", {"status": 502, "window": ("2h", "1h")}, "ends before it begins"),
    ("cdm", {"status": 502, "window": (0, "soon")}, "window has 'soon'"),
    ("cdm", {"status": 502, "window": (-5, 5)}, "-5 is not a length of time"),
    ("cdm", {"quota": {"limit": 120}}, '"per": "1m"'),
    ("cdm", {"quota": {"limit": 120, "per": 0}}, "quota/per is 0"),
    ("cdm", {"quota": {"limit": -1, "per": 1}}, "quota/limit is -1"),
    ("cdm", {"quota": {"limit": 1, "per": 1, "error": "throttled"}}, "did you mean 'throttled-"),
    ("cdm", {"fault": "HANG", "retry_after": 3}, "with status, error or quota"),
    ("cdm", {"status": 429, "retry_after": True}, "retry_after is True"),
    ("cdm", {"status": 429, "retry_after": "soon"}, "an HTTP date"),
    ("cdm", {"delay": -1}, "-1 is not a length of time"),
    ("cdm", {"delay": "2d"}, "at most 86400 s"),
    ("cdm", {"delay": {"type": "normal", "mean": 1}}, '"uniform"'),
    ("cdm", {"delay": {"type": "uniform", "lower": 2, "upper": 1}}, "less than lower"),
    ("cdm", {"delay": {"type": "lognormal", "median": 2, "sigma": -1}}, "delay/sigma is -1"),
    ("cdm", {"delay": 1, "clock": "wall"}, "clock is 'wall'"),
    ("cdm", {"status": 502, "clock": "mock"}, "give a delay, too"),
    ("cdm", {"fault": "CONNECTION_RESET_BY_PER"}, "did you mean 'CONNECTION_RESET_BY_PEER'?"),
    ("cdm", {"fault": "hang"}, "did you mean 'HANG'?"),
    ("cdm", {"fault": 7}, "fault is 7"),
    ("cdm", {"fault": {"type": ["HANG"]}}, "fault is ['HANG']"),
    ("cdm", {"fault": {"type": "HANG", "duration": 1}}, "fault HANG has 'duration'; allowed: type, limit"),
    ("cdm", {"fault": {"type": "SLOW_DRIBBLE", "chunks": 0}}, "fault/chunks is 0"),
    ("cdm", {"fault": "CONNECTION_REFUSED"}, "about the port, not one operation; allowed: target '*'"),
    ("*", {"fault": "CONNECTION_REFUSED", "project_id": "x"}, "about the port"),
    ("*", {"fault": "CONNECTION_REFUSED", "times": 3}, "can't be counted"),
    ("*", {"fault": "TLS_ERROR", "delay": 3}, "can't be counted"),
    ("*", {"fault": "TLS_ERROR", "namespace": "other"}, "which all namespaces share"),
    ("*", {"fault": {"type": "TLS_ERROR"}, "namespace": "other"}, "which all namespaces share"),
    ("cdm", {"fault": "EMPTY_RESPONSE", "headers": {"A": "b"}}, "sends no headers"),
    ("cdm", {"headers": {"content-length": "5"}}, "which the server writes"),
    ("cdm", {"headers": {"a b": "5"}}, "a header's name"),
    ("cdm", {"headers": {"A": "b\r\nC: d"}}, "without line breaks"),
    ("cdm", {"headers": {"A": 5}}, "the header A is 5"),
    ("cdm", {"headers": "A: b"}, "allowed: an object"),
    ("cdm", {"body": {1, 2}}, "JSON"),
    ("cdm", {"body": "x", "content_type": "a\nb"}, "content_type is"),
    ("cdm", {"status": 502, "content_type": "text/plain"}, "content_type goes with body"),
    ("cdm", {"patch": [{"op": "move", "path": "/a"}]}, "allowed: add, replace, remove, test"),
]


@pytest.mark.parametrize(("target", "fields", "why"), BAD, ids=[why for _, _, why in BAD])
def test_what_is_refused(mock: Mock, target: str, fields: dict[str, Any], why: str) -> None:
    """A mistake in a declaration is refused with what was sent and what is allowed, and nothing is declared."""
    with pytest.raises(InputError) as refused:
        mock.fail(target, **fields)
    assert why in str(refused.value)
    assert mock.namespace().faults.entries == ()
    assert mock.namespace("other").faults.entries == ()


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_the_control_api_refuses(mock: Mock, number: int) -> None:
    """The same mistakes as JSON get a 400, not a crash."""
    target, fields, _ = BAD[number]
    client = create_app(mock=mock).test_client()
    body = json.dumps({"target": target, **fields}, default=list)
    if "namespace" not in fields and "ends" not in body and not isinstance(fields.get("body"), set):
        answer = client.post("/_mock/faults", data=body)
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
        assert mock.namespace().faults.entries == ()


# on_answer


def test_on_answer_sees_all_as_it_is(shipped: Definitions) -> None:
    """It gets time, request, answer, operation and namespace of each exchange, uncut and unredacted."""
    seen: list[Any] = []
    mock = Mock(Settings(auth="off"), Clock(NOW, speed=0), shipped, on_answer=lambda *one: seen.append(one))
    operation = mock.definitions.operation("ShowJobStatus")
    request = request_for(operation, {"x-auth-token": "a-very-secret-token"})
    answer = mock.handle(request)
    mock.handle(Request("GET", "/nowhere"))
    assert seen[0] == (NOW, request, answer, operation, mock.namespace())
    assert seen[0][1].headers["x-auth-token"] == "a-very-secret-token"
    assert (seen[1][1].path, seen[1][3]) == ("/nowhere", None)
    mock.on_answer = None
    mock.handle(request)
    assert len(seen) == 2


def test_an_app_of_its_own_refuses_what_breaks_sockets(tmp_path: Path) -> None:
    """Over the control API and in fixture files; the message names what can do it. What WSGI can do is taken."""
    client = create_app(Settings(auth="off")).test_client()
    for fault in ("CONNECTION_RESET_BY_PEER", {"type": "SHORT_BODY"}, "TLS_ERROR"):
        refused = client.post("/_mock/faults", json={"target": "cdm", "fault": fault})
        assert refused.status_code == 400
        assert "no WSGI server can do it; `mockserver serve`" in json.loads(refused.data)["detail"]
    for kind in ("HANG", "SLOW_DRIBBLE", "TRUNCATED_JSON", "EMPTY_BODY", "HTML_200", "WRONG_ENCODING"):
        assert client.post("/_mock/faults", json={"target": "cdm", "fault": kind}).status_code == 201
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"faults": [{"target": "cdm", "fault": "EMPTY_RESPONSE"}]}))
    with pytest.raises(InputError, match=r"faults.json#/faults/0: EMPTY_RESPONSE: no WSGI server can do it"):
        create_app(Settings(fixtures=(str(file),)))


def test_what_an_app_makes_of_a_shared_mock_s_faults(mock: Mock) -> None:
    """What breaks connections is a 502 that says so, HANG a 504 after its limit; delays and pieces come in their time."""
    client = create_app(mock=mock).test_client()
    path = request_for(mock.definitions.operation("ShowJobStatus")).path
    normal = client.get(path).data
    mock.fail("cdm", fault="CONNECTION_RESET_BY_PEER", times=1)
    broken = client.get(path)
    assert (broken.status_code, "CONNECTION_RESET_BY_PEER: no WSGI" in broken.headers["X-Mock-Problem"]) == (502, True)
    mock.fail("cdm", fault={"type": "HANG", "limit": "10ms"}, times=1)
    assert client.get(path).status_code == 504
    mock.fail("cdm", fault={"type": "SLOW_DRIBBLE", "chunks": 3, "duration": "30ms"}, delay="10ms", times=1)
    assert client.get(path).data == normal


Door = Callable[[Mock, dict[str, Any]], None]


def by_python(mock: Mock, fault: dict[str, Any]) -> None:
    """Declare it by `Mock.fail`."""
    mock.fail(**fault)


def by_control(mock: Mock, fault: dict[str, Any]) -> None:
    """Declare it over HTTP."""
    with MockHttpServer(mock) as server:
        assert requests.post(server.url + "/_mock/faults", json=fault, timeout=10).status_code == 201


@pytest.mark.parametrize("door", [by_python, by_control])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"error": "job-invalid"}, "error:job-invalid"),
        ({"status": 500, "retry_after": 3}, "status:500"),
        ({"quota": {"limit": 0, "per": "1m"}, "retry_after": True}, "quota"),
        ({"fault": {"type": "SLOW_DRIBBLE", "chunks": 2, "duration": "1s"}, "delay": 1}, "SLOW_DRIBBLE"),
        ({"patch": [{"op": "add", "path": "/new", "value": None}]}, "patch"),
        ({"headers": {"A": "b"}}, "headers"),
        ({"delay": {"type": "uniform", "lower": 0, "upper": 1}, "clock": "mock"}, "delay"),
        ({"body": {"a": [1]}, "content_type": "application/x"}, "body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_door_declares_the_same(mock: Mock, tmp_path: Path, door: Door, fault: dict[str, Any], kind: str) -> None:
    """Python, the control API and a fixture file give the same answer, and name the same fault."""
    declared = {"target": "cdm", "job_name": "load", "after": 0, "times": 1, **fault}
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"jobs": [], "faults": [declared]}))
    filed = Mock(Settings(auth="off", seed=5, fixtures=(str(file),)), Clock(NOW, speed=0), mock.definitions)
    door(mock, declared)
    one, other = ask(mock), ask(filed)
    assert one == other
    assert one.fault == ServedFault(1, kind)
