"""`check` of files of any origin: what is judged, what is left out, and what it says where nothing is left."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mockserver.cli import main

HOST = "https://cdm.cn-north-4.myhuaweicloud.com"
URL = f"{HOST}/v1.1/1551c7f6c808414d8e9f3c514a170f2e/clusters/6ec9a0a4-76be-4262-8697-e7af1fac7920/cdm/job/jdbc2hive/status"
JOB = {"job-name": "jdbc2hive", "progress": 1, "status": "BOOTING", "creation-user": "cdm", "creation-date": 1536905778725}
POLL: dict[str, Any] = {
    "startedDateTime": "2026-11-21T08:00:00.000Z", "time": 12, "cache": {}, "timings": {"send": 0, "wait": 12, "receive": 0},
    "request": {"method": "GET", "url": URL, "headers": [{"name": "X-Auth-Token", "value": "t"}]},
    "response": {
        "status": 200,
        "content": {"size": 9, "mimeType": "application/json", "text": json.dumps({"submissions": [JOB]})},
        "headers": [{"name": "content-type", "value": "application/json"}, {"name": "X-Request-Id", "value": "0" * 32}],
    },
}  # fmt: skip


def entry(url: str = URL, method: str = "GET", **content: Any) -> dict[str, Any]:
    """An entry of a HAR file."""
    made = deepcopy(POLL)
    made["request"] |= {"url": url, "method": method}
    made["response"]["content"] |= content
    return made


def checked(folder: Path, *entries: Any, options: tuple[str, ...] = ()) -> int:
    """The exit status of `mockserver check`."""
    file = folder / "x.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))
    return main(["check", str(file), *options])


def test_noise_of_a_page_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page, a stylesheet, a preflight, an entry that is none: the good poll counts, the others are told."""
    noise = (entry("https://console.example/", mimeType="text/html", text="<html>"), entry(method="OPTIONS"), {"a": 1})
    assert checked(tmp_path, *noise, entry()) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "in 1 exchange of 1 operation" in said and "1 left out: preflights of a browser" in said
    assert "1 left out: requests to no documented operation" in said and "not an entry of HAR 1.2" in said


def test_hosts_and_operations_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By pattern; what a chosen host is asked is judged, whatever it is."""
    wrong = entry(f"{HOST}/v9/nothing")
    assert checked(tmp_path, entry(), wrong, options=("--host", "*.myhuaweicloud.com")) == 1
    assert "request-unknown" in capsys.readouterr().out
    assert checked(tmp_path, entry(), wrong, options=("--only", "cdm")) == 0
    assert checked(tmp_path, entry(), options=("--only", "ShowJob*")) == 0
    assert checked(tmp_path, entry(), options=("--host", "other")) == 2


@pytest.mark.parametrize(
    "entries", [(), (entry(method="OPTIONS"),), (entry(text=None),)], ids=["none", "preflight", "bodiless"]
)
def test_nothing_to_judge_is_no_pass(entries: tuple[Any, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and why nothing is left."""
    assert checked(tmp_path, *entries) == 2
    assert "nothing to judge" in capsys.readouterr().err


def test_an_attached_body_is_read(tmp_path: Path) -> None:
    """As Playwright writes it: a file beside the HAR."""
    (tmp_path / "0a1b.json").write_text(POLL["response"]["content"]["text"])
    made = entry(_file="0a1b.json", size=-1)
    del made["response"]["content"]["text"]
    assert checked(tmp_path, made) == 0
