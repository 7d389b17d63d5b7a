"""The reports that programs read: JUnit XML, JSON, GitHub's commands and its Markdown."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from jsonschema import Draft202012Validator
from sample_result import CDM, HOSTILE, hostile, sample

from mockserver.contract.findings import Finding
from mockserver.contract.report import render, step_summary
from mockserver.contract.report.markdown import LIMIT
from mockserver.contract.result import Result
from mockserver.definitions import Definitions
from mockserver.package_data import folder

BOTH = pytest.mark.parametrize("make", [sample, hostile], ids=["sample", "hostile"])
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase", "system-out", "system-err"],
    "testcase": ["skipped", "error", "failure", "system-out", "system-err"],
}
"""Which elements Jenkins' junit.xsd allows in which, in this order."""
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors", "skipped"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"classname", "name", "time", "file", "line", "timestamp"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
REQUIRED = {"testsuite": {"name", "tests"}, "testcase": {"name", "classname"}}


def junit_of(result: Result, definitions: Definitions, **options: Any) -> Xml.Element:
    """The JUnit report, read back from what a file would hold."""
    return Xml.fromstring(render(result, "junit", definitions, **options).encode())


def check_junit(element: Xml.Element) -> None:
    """The element and all in it are as Jenkins' schema has them."""
    assert set(element.attrib) <= ATTRIBUTES[element.tag]
    assert set(element.attrib) >= REQUIRED.get(element.tag, set())
    order = CHILDREN.get(element.tag, [])
    places = [order.index(child.tag) for child in element]
    assert places == sorted(places)
    for name in ("tests", "failures", "errors", "skipped", "line"):
        assert re.fullmatch(r"\d+", element.get(name, "0"))
    assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))
    for child in element:
        check_junit(child)


@BOTH
def test_junit_has_the_form_that_jenkins_and_gitlab_read(shipped: Definitions, make: Any) -> None:
    """Elements, their order and attributes are those of the schema, and the counts are right at every level."""
    root = junit_of(make(shipped), shipped)
    assert root.tag == "testsuites"
    check_junit(root)
    for owner in (root, *root.findall("testsuite")):
        cases = list(owner.iter("testcase"))
        assert int(owner.get("tests", "")) == len(cases)
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(owner.get(count, "")) == sum(case.find(tag) is not None for case in cases)


def test_junit_has_a_test_case_for_each_case(shipped: Definitions) -> None:
    """Exchanges of one case are one test case; the findings are the failure's text, notes are output."""
    root = junit_of(sample(shipped), shipped)
    suite = next(suite for suite in root if suite.get("name") == CDM)
    cases = {case.get("name", ""): case for case in suite.findall("testcase")}
    assert cases["cdm:documented"].find("failure") is None
    polled = cases["cdm:poll-to-the-end"]
    assert (polled.get("file"), polled.get("line")) == ("tests/test_poller.py", "12")
    failure = polled.find("failure")
    assert failure is not None
    assert failure.get("type") == "status-unknown"
    assert failure.get("message") == "status-unknown at body /submissions/0/status and 2 more"
    assert (failure.text or "").count("error status-unknown at body /submissions/0/status: found STARTING") == 3
    alone = next(case for name, case in cases.items() if name.startswith("exchange 12: GET /v1.1/"))
    assert (alone.findtext("system-out") or "").startswith("note error-message-differs at body /externalMessage")
    unrun = next(suite for suite in root if suite.get("name") == "cases not run")
    assert [case.find("error") is not None for case in unrun] == [True, False, False]
    assert [case.find("skipped") is not None for case in unrun] == [False, True, True]


def test_junit_fails_what_fail_on_says(shipped: Definitions) -> None:
    """With fail_on note, notes fail too; with error, warnings don't."""
    failures = [
        int(junit_of(sample(shipped), shipped, fail_on=item).get("failures", "")) for item in ("error", "warning", "note")
    ]
    assert failures == sorted(failures)
    assert failures[0] < failures[2]


@BOTH
def test_json_is_as_its_schema_says(shipped: Definitions, make: Any) -> None:
    """The report checks against the shipped schema, in which every member is described, and can be read by any parser."""
    schema = json.loads((folder("schemas") / "mockserver" / "contract-report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    text = render(make(shipped), "json", shipped)
    assert text.isascii()
    value = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    json.dumps(value, ensure_ascii=False).encode()  # no lone surrogates
    assert [error.message for error in Draft202012Validator(closed(schema)).iter_errors(value)] == []


def closed(schema: Any) -> Any:
    """The schema with no member allowed that it doesn't have, so that none goes undescribed."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(child) for key, child in schema.items()}
    if "properties" in inner and "required" in inner:
        inner.setdefault("additionalProperties", False)
    return inner


def test_json_has_everything(shipped: Definitions) -> None:
    """Every finding with its exchange, every exchange, every poll, the cases not run."""
    result = sample(shipped)
    value = json.loads(render(result, "json", shipped))
    assert value["verdict"] == "incomplete"
    assert value["counts"] == {"error": 21, "warning": 2, "note": 1}
    assert len(value["findings"]) == 24
    assert value["findings"][-1]["exchange"] == value["exchanges"][-1]["number"]
    assert (value["findings"][0]["pointer"], value["findings"][0]["pattern"]) == (
        "/submissions/0/status",
        "/submissions/*/status",
    )
    assert len(value["exchanges"]) == len(result.judged)
    assert [len(timeline["polls"]) for timeline in value["timelines"]] == [
        len(timeline.polls) for timeline in result.timelines
    ]
    assert value["failed"][0]["case"] == "enos:token-expired"
    assert value["coverage"]["operations"][CDM]["states"]["seen"]["RUNNING"] == 249


COMMAND = re.compile(
    r"::(error|warning|notice) ((?:file|line|title)=[^:,\r\n]*(?:,(?:file|line|title)=[^:,\r\n]*)*)::([^\r\n]*)"
)


def command_of(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it."""
    match = COMMAND.fullmatch(line)
    assert match, line

    def data(text: str) -> str:
        return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

    def value(text: str) -> str:
        return data(text.replace("%3A", ":").replace("%2C", ","))

    properties = dict(pair.split("=", 1) for pair in match[2].split(","))
    return match[1], {key: value(text) for key, text in properties.items()}, data(match[3])


@BOTH
def test_github_lines_are_commands_and_nothing_else(shipped: Definitions, make: Any) -> None:
    """Every line is one command of ours; no text from outside ends it, adds a property or a line."""
    lines = render(make(shipped), "github", shipped).removesuffix("\n").split("\n")
    for name, properties, message in map(command_of, lines):
        assert name in ("error", "warning", "notice")
        assert re.fullmatch(r"[a-z-]+", properties["title"])
        assert "\x1b" not in message
        assert all(part.isprintable() for part in message.split("\n"))


def test_github_names_file_line_and_code(shipped: Definitions) -> None:
    """A group is one command, at the line that its first exchange comes from; the summary is a notice at the end."""
    commands = [command_of(line) for line in render(sample(shipped), "github", shipped).splitlines()]
    unknown = next(command for command in commands if command[1]["title"] == "status-unknown")
    assert unknown[:2] == ("error", {"title": "status-unknown", "file": "tests/test_poller.py", "line": "12"})
    assert unknown[2].startswith("ShowJobStatus, body /submissions/*/status, 3 times\nfound: STARTING\ndocumented: one of")
    levels = [name for name, properties, _ in commands if properties["title"] not in ("case-skipped", "contract")]
    assert levels == sorted(levels, key=["error", "warning", "notice"].index)
    assert "coverage 8.0% (31/387, of what was asked);" in commands[-1][2]


def test_github_escapes_what_would_end_a_command(shipped: Definitions) -> None:
    """Percent signs, colons and commas arrive as they were, in properties and messages."""
    result = sample(shipped)
    odd = dataclasses.replace(result.judged[6].exchange, source="a,line=9:b%3A.py:7")
    result.judged[6] = dataclasses.replace(result.judged[6], exchange=odd)
    matches = [command_of(line) for line in render(result, "github", shipped).splitlines()]
    assert {"title": "status-unknown", "file": "a,line=9:b%3A.py", "line": "7"} in [
        properties for _, properties, _ in matches
    ]


@BOTH
def test_markdown_takes_nothing_from_outside_for_markup(shipped: Definitions, make: Any) -> None:
    """In the Markdown the only tags are ours, and no line begins but with ours."""
    text = step_summary(make(shipped), shipped)
    assert set(re.findall(r"<[^>]*>?", text)) <= {"<code>", "</code>", "<br>"}
    assert not re.search(r"[\[\]`]|\x1b|(?<!\*)\*(?!\*)", text)
    for line in text.splitlines():
        assert re.match(r"(## Contract: |### |\*\*|\||- \*\*|\Z)", line), line
    assert "::error" not in text


def test_markdown_has_a_table_and_the_findings(shipped: Definitions) -> None:
    """A row for each operation, an item for each group."""
    text = step_summary(sample(shipped), shipped)
    assert "| ShowJobStatus | 12 | 7 | 1 | 1 | 15.9% |" in text
    assert "- **error status-unknown**, 3 times at <code>body /submissions/&#42;/status</code>" in text
    assert "### Could not be run" in text


def test_markdown_stays_under_githubs_limit(shipped: Definitions) -> None:
    """A report that is too long is cut between its parts, and says so."""
    result = sample(shipped)
    last = result.judged[-1]
    many = tuple(
        Finding("value-wrong", "error", "body", f"/member{number}", "任" * 900, "x" * 900) for number in range(2_000)
    )
    result.judged[-1] = dataclasses.replace(last, findings=many)
    text = step_summary(result, shipped)
    assert len(text.encode()) <= LIMIT
    result.judged[-1] = dataclasses.replace(last, findings=(dataclasses.replace(many[0], found="z" * 2_000_000),))
    long = step_summary(result, shipped)
    assert "z... (1,999,000 characters more)" in re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), long)
    assert "did not fit" not in long
    assert re.search(r"_[\d,]+ parts of this report did not fit here\._\n+\Z", text)


@pytest.mark.parametrize("form", ["console", "junit", "json", "html", "github"])
def test_hostile_texts_are_still_readable(shipped: Definitions, form: str) -> None:
    """Every form is UTF-8, has no control characters but line breaks, and still shows the text in its escapes."""
    text = render(hostile(shipped), form, shipped)
    text.encode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    assert "gpj.exe" in text
    assert HOSTILE not in text
