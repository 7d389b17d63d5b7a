"""What `requests` sends within `intercept` is answered at once where urllib3 changes nothing: as if it had been there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

import mockserver
from mockserver.testing import direct

HOST = "https://cdm.cn-north-4.myhuaweicloud.com"
STATUS = "/v1.1/p/clusters/c/cdm/job/j/status"
TOKEN = {"X-Auth-Token": "t"}
USER = {"name": "u", "password": "p", "domain": {"name": "d"}}
LOGIN = {"auth": {"identity": {"methods": ["password"], "password": {"user": USER}}}}
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "get": ("GET", STATUS, {"headers": TOKEN}),
    "query": ("GET", "/v3/p/jobs", {"headers": TOKEN, "params": {"id": "ü/1 2"}}),
    "head": ("HEAD", STATUS, {"headers": TOKEN}),
    "json": ("POST", "/v3/auth/tokens", {"json": LOGIN}),
    "text": ("POST", "/v3/auth/tokens", {"data": json.dumps(LOGIN), "headers": {"Content-Type": "application/json"}}),
    "form": ("POST", "/v3/auth/tokens", {"data": {"a": "b"}}),
    "empty": ("POST", "/v3/auth/tokens", {}),
    "nowhere": ("GET", "/nowhere", {}),
    "encoded slash": ("GET", "/v1.1/p/clusters/c/cdm/job/a%2Fb/status", {"headers": TOKEN}),
    "cookies": ("GET", "/cookies", {}),
    "bytes": ("GET", STATUS, {"headers": {"X-Auth-Token": b"t"}}),
    "prefer": ("GET", STATUS, {"headers": {**TOKEN, "Prefer": "code=404"}}),
    "login": ("GET", STATUS, {"auth": ("user", "password")}),
    "namespace": ("GET", STATUS, {"headers": {**TOKEN, "X-Mock-Namespace": "default"}}),
}


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[mockserver.MockServer]:
    """A mock that also has a call whose answer sets cookies."""
    cookies = {"description": "Good.", "headers": {"Set-Cookie": {"schema": {"type": "string"}, "example": "a=1; Path=/"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/cookies": {"get": {"operationId": "cookies", "responses": {"200": cookies}}}},
    }
    file = tmp_path / "cookies.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    with mockserver.running(definitions=[str(file)], allow_unexpected=True, speed=0) as mock:
        mock.job("cdm", job_name="j")
        yield mock


def facts(answer: requests.Response) -> dict[str, Any]:
    """What a client can see of an answer."""
    return {
        "status": (answer.status_code, answer.reason, answer.raw.version),
        "headers": {name: value for name, value in answer.headers.items() if name != "X-Request-Id"},
        "body": (answer.content, answer.encoding, answer.url),
        "cookies": dict(answer.cookies),
        "sent": (answer.request.method, answer.request.url, answer.request.body),
    }


@pytest.mark.parametrize("name", REQUESTS)
def test_an_answer_given_at_once_is_the_one_that_urllib3_would_give(
    mock: mockserver.MockServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Client and journal see the same whether urllib3 was there or not."""
    method, path, options = REQUESTS[name]
    direct_answers: list[object] = []
    build = HTTPAdapter.build_response

    def seen(adapter: HTTPAdapter, request: Any, raw: Any) -> requests.Response:
        direct_answers.append(raw._connection is None and raw._pool is None)
        return build(adapter, request, raw)

    monkeypatch.setattr(HTTPAdapter, "build_response", seen)
    with mock.intercept(), requests.Session() as at_once, requests.Session() as by_urllib3:
        by_urllib3.mount("https://", HTTPAdapter(max_retries=Retry(total=1, status=0)))
        answers = [session.request(method, HOST + path, **options) for session in (at_once, by_urllib3)]
    assert facts(answers[0]) == facts(answers[1])
    assert direct_answers == [name != "namespace", False]
    journal = [call.as_json() for call in [*mock.journal, *mock.mock.journal.last()]]
    first, second = ({**call["request"], "headers": dict(sorted(call["request"]["headers"].items()))} for call in journal)
    assert first == second


def test_what_could_be_broken_on_its_way_goes_by_urllib3(mock: mockserver.MockServer) -> None:
    """A fault is met as on a socket: with the exceptions and the retries of the client."""
    mock.fail("cdm", fault="CONNECTION_RESET_BY_PEER", times=1)
    with mock.intercept():
        with pytest.raises(requests.ConnectionError):
            requests.get(HOST + STATUS, headers=TOKEN, timeout=1)
        assert requests.get(HOST + STATUS, headers=TOKEN, timeout=1).ok


def test_bodies_that_are_read_in_parts_go_by_urllib3(mock: mockserver.MockServer) -> None:
    """A body from a file or a generator reaches the mock whole."""
    text = json.dumps(LOGIN).encode()
    with mock.intercept():
        answers = [
            requests.post(f"{HOST}/v3/auth/tokens", data=data, headers={"Content-Type": "application/json"})
            for data in (iter([text[:9], text[9:]]), text)
        ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert direct.direct_answer(HTTPAdapter(), requests.Request("POST", HOST, data=iter([text])).prepare(), None) is None  # type: ignore[arg-type]
