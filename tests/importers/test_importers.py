"""Drafts from an SDK's package and from pages: what they hold is served, and what they lack is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdktics.v1 import ShowLeagueRequest, TicsClient

import mockserver
from mockserver.cli import main
from mockserver.errors import InputError
from mockserver.importers.page import draft_of_page
from mockserver.importers.sdk import document_of

PAGE = """查询作业
URI
GET /v1/{project_id}/jobs/{job_id}
参数 |
是否必选 |
参数类型 |
描述 |
---|---|---|---|
project_id |
是 |
String |
项目ID。 |
job_id |
是 |
String |
作业ID。 |
请求参数
参数 |
是否必选 |
参数类型 |
描述 |
---|---|---|---|
X-Auth-Token |
是 |
String |
用户Token。 |
响应参数
状态码: 200
参数 |
参数类型 |
描述 |
---|---|---|
job |
Job object |
作业。 |
参数 |
参数类型 |
描述 |
---|---|---|
id |
String |
作业ID。 |
rows |
Long |
行数。 |
响应示例
{"job": {"id": "j1", "rows": 3}}
状态码
描述
200
OK。
404
Not Found。
"""


def test_an_sdk_s_package_becomes_a_document_that_its_client_can_call(tmp_path: Path) -> None:
    """Paths, parameters and models come from the package; an answer comes back as the SDK's own type."""
    file = tmp_path / "tics.json"
    file.write_text(json.dumps(document_of("huaweicloudsdktics")), encoding="utf-8")
    with mockserver.running(auth="off", unknown_ids="create", definitions=(str(file),)) as server:
        credentials = BasicCredentials("AK", "SK", "p" * 32)
        client: Any = TicsClient.new_builder().with_credentials(credentials).with_endpoint(server.url).build()
        answer = client.show_league(ShowLeagueRequest(league_id="l" * 32))
    assert type(answer).__name__ == "ShowLeagueResponse"
    assert answer.status_code == 200


def test_a_package_that_is_none_is_named() -> None:
    """What can't be imported is said, with what can."""
    with pytest.raises(InputError, match="allowed: an installed package"):
        document_of("huaweicloudsdknothing")


def test_a_page_becomes_a_draft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parameters, nested tables, statuses and the example stand in the draft; what no page says is listed."""
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    document, gaps = draft_of_page(page)
    node = document["paths"]["/v1/{project_id}/jobs/{job_id}"]["get"]
    assert [(parameter["in"], parameter["name"]) for parameter in node["parameters"]] == [
        ("path", "project_id"),
        ("path", "job_id"),
        ("header", "X-Auth-Token"),
    ]
    content = node["responses"]["200"]["content"]["application/json"]
    job = content["schema"]["properties"]["job"]["properties"]
    assert (job["rows"]["type"], content["examples"]["documented"]["value"]["job"]["rows"]) == ("integer", 3)
    assert set(node["responses"]) == {"200", "404"}
    assert any("mockserver init" in gap for gap in gaps)
    assert main(["import", "page", str(page), "--out", str(tmp_path / "draft.json")]) == 0
    assert "gap:" in capsys.readouterr().err
    assert main(["lint", str(tmp_path / "draft.json")]) == 0


def test_a_page_without_a_call_is_refused(tmp_path: Path) -> None:
    """A page that names no method and path can't be drafted."""
    (tmp_path / "page.txt").write_text("Hello", encoding="utf-8")
    with pytest.raises(InputError, match="names no call"):
        draft_of_page(tmp_path / "page.txt")
