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
    ]
    assert node["security"] == [{"X-Auth-Token": []}]
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


def draft(tmp_path: Path, text: str) -> tuple[Any, list[str]]:
    """The one operation of a page's draft, and its gaps."""
    (tmp_path / "page.txt").write_text(text, encoding="utf-8")
    document, gaps = draft_of_page(tmp_path / "page.txt")
    item = next(iter(document["paths"].values()))
    return next(iter(item.values())), gaps


BESIDE_A_LINK = """Get Export¶
Request Format¶
GET https://{gateway}/exports/v1/runs
Request Parameters (URI)¶
Name |
Location (Path/Query) |
Mandatory/Optional |
Data Type |
Description |
---|---|---|---|---|
runId |
Query |
Mandatory |
String |
The run. |
Response Parameters¶
Name |
Data Type |
Description |
---|---|---|
data |
List<JSONObject> |
All about the run. For details, see Run |
Run¶
Sample¶
{"id": "r1", "state": 1, "note": null}
Parameters¶
Name |
Data Type |
Description |
---|---|---|
id |
String |
Its id:
- of letters
|
state |
Integer |
Where it is. |
note |
String |
A note. |
Error Codes¶
Code |
Error Information |
Description |
---|---|---|
77401 |
No such run. |
There is none. |
Samples¶
Request Sample¶
url: https://{gateway}/exports/v1/runs?action=get&runId=r1
Return Sample¶
{"code": 0, "msg": "OK", "data": {"id": "r1", "state": 1, "note": null}}
"""


def test_a_structure_stands_where_a_link_names_it_and_the_example_adds_what_no_table_has(tmp_path: Path) -> None:
    """The draft allows its own example; where example and table differ is said."""
    node, gaps = draft(tmp_path, BESIDE_A_LINK)
    assert [(item["in"], item["name"], item["required"]) for item in node["parameters"]] == [
        ("query", "runId", True),
        ("query", "action", False),
    ]
    properties = node["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    array, single = properties["data"]["anyOf"]
    assert set(array["items"]["properties"]) == set(single["properties"]) == {"id", "state", "note"}
    assert (properties["code"]["type"], single["properties"]["note"]["type"]) == ("integer", ["string", "null"])
    error = node["responses"]["default"]["content"]["application/json"]["examples"]["77401"]
    assert error["value"] == {"code": 77401, "msg": "No such run."}
    assert "200 /data: array in its table, object in the example" in gaps
    assert "200 /code: only in the example" in gaps


PARAGRAPHS = """Updated on 2026-01-01

Querying an Export

URI

GET /v1/{project_id}/exports

Table 1 Query parameters

Parameter

Mandatory

Type

Description

name

String

The name.

Status of the export.

limit

No

Integer

How many.

Response Parameters

Status code: 200

Table 2 Response body parameters

Parameter

Type

Description

exports

Array of Export objects

The exports.

total

Long

All of them.

Table 3 Export

Parameter

Type

Description

status

String

QUEUED: it waits; RUNNING: it runs; FAILED: it failed

tags

Array of strings

Tags.

Status Code

Status Code

Description

200

Good.

404

Not there.
"""


def test_cells_that_are_paragraphs_are_read_and_lost_ones_are_said(tmp_path: Path) -> None:
    """Empty cells are lost in such a text: whether a parameter is required is a gap, not a guess."""
    node, gaps = draft(tmp_path, PARAGRAPHS)
    assert {item["name"]: item["required"] for item in node["parameters"]} == {"name": False, "limit": False}
    assert "query name: whether it is required is not said" in gaps
    export = node["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["exports"]["items"][
        "properties"
    ]
    assert export["status"]["enum"] == ["QUEUED", "RUNNING", "FAILED"]
    assert export["tags"] == {"type": "array", "items": {"type": "string"}, "description": "Tags."}
    assert set(node["responses"]) == {"200", "404"}


ROWS = """Start an export
POST /v1/exports/{kind}
Request Header Parameters
| Parameter | Mandatory | Type | Description |
|---|---|---|---|
| X-Auth-Token | Yes | String | A token. |
| X-Language | No | String | A language. |
Request Body Parameters
| Parameter | Mandatory | Type | Description |
|---|---|---|---|
| table | Yes | String | Which table. |
| columns | No | Array of Column objects | Which columns. |

Table 3 Column
| Parameter | Mandatory | Type | Description |
|---|---|---|---|
| name | Yes | String | Its name. |
Example Request
{"table": "t", "columns": [{"name": "a", "width": 3}]}
Response Parameters
Parameter\tType\tDescription
id\tString\tThe export.
"""


def test_a_request_s_body_and_tables_whose_rows_are_lines(tmp_path: Path) -> None:
    """Bars or tabs between cells; the body has its structures and its example."""
    node, gaps = draft(tmp_path, ROWS)
    assert [(item["in"], item["name"]) for item in node["parameters"]] == [("header", "X-Language")]
    media = node["requestBody"]["content"]["application/json"]
    assert media["schema"]["properties"]["columns"]["items"]["properties"].keys() == {"name", "width"}
    assert "request /columns/*/width: only in the example" in gaps
    assert "no example of an answer" in gaps
    assert node["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["id"]["type"] == "string"


def test_a_draft_is_compared_field_by_field_source_by_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--compare` says how much of a hand-written document a draft has, and which fields differ."""
    (tmp_path / "page.txt").write_text(PAGE, encoding="utf-8")
    document, _ = draft_of_page(tmp_path / "page.txt")
    answer = document["paths"]["/v1/{project_id}/jobs/{job_id}"]["get"]["responses"]["200"]
    job = answer["content"]["application/json"]["schema"]["properties"]["job"]["properties"]
    job["rows"]["type"], job["owner"] = "string", {"type": "string", "x-provenance": {"kind": "invented"}}
    (tmp_path / "own.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["import", "page", str(tmp_path / "page.txt"), "--compare", str(tmp_path / "own.json")]) == 0
    _, total, *lines = capsys.readouterr().out.splitlines()
    assert total == "6 of 8 fields, 1 of another type, 1 missing, 0 more"
    assert lines == [
        "  documented, page: 6 of 7",
        "  invented: 0 of 1",
        "  another type: answer job rows (documented, page)",
        "  missing: answer job owner (invented)",
    ]
    assert main(["import", "page", str(tmp_path / "page.txt"), "--compare"]) == 2
    assert "no operation GET /v1/{project_id}/jobs/{job_id} to compare with" in capsys.readouterr().err
    assert main(["import", "sdk", "huaweicloudsdktics", "--compare"]) == 2
    assert "--compare doesn't go with import sdk" in capsys.readouterr().err
