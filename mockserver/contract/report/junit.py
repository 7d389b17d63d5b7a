"""The report as JUnit XML, as Jenkins and GitLab read it: a test suite for each operation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree as Xml

from ..findings import SEVERITIES, Finding, at_least
from ..result import Judgement
from .source_location import file_of
from .text import counted, visible
from .view import Section, View, asked_of

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CASES_SUITE = "cases not run"
"""The suite of the cases that were skipped or could not be run: their operation is not known."""


def junit(view: View, fail_on: str = "warning") -> str:
    """The view as JUnit XML. Findings as bad as `fail_on` or worse fail their test case; others become its output."""
    suites = [_suite(section.name, _testcases(section, fail_on)) for section in view.sections]
    result = view.result
    if result.skipped or result.failed:
        unrun_cases = [("error", "CannotRun", *case) for case in result.failed] + [
            ("skipped", "", *case) for case in result.skipped
        ]
        suites.append(_suite(CASES_SUITE, [_unrun_testcase(*unrun_case) for unrun_case in unrun_cases]))
    root = Xml.Element("testsuites", {"name": visible(f"mockserver contract: {result.target}")})
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.set("time", f"{result.seconds:.3f}")
    root.extend(suites)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, testcases: list[Xml.Element]) -> Xml.Element:
    suite = Xml.Element("testsuite", {"name": visible(name), "tests": str(len(testcases))})
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(testcase.find(tag) is not None for testcase in testcases)))
    suite.set("time", f"{sum(float(testcase.get('time', '0')) for testcase in testcases):.3f}")
    times = [time for testcase in testcases if (time := testcase.attrib.pop("timestamp", None))]
    if times:
        suite.set("timestamp", min(times))
    suite.extend(testcases)
    return suite


def _testcases(section: Section, fail_on: str) -> list[Xml.Element]:
    """A test case for each contract case of the operation, and for each exchange that belongs to no case."""
    by_name: dict[str, list[Judgement]] = {}
    for judgement in section.judgements:
        name = judgement.case or f"exchange {judgement.number}: {asked_of(judgement)}"
        by_name.setdefault(name, []).append(judgement)
    testcases = [_testcase(section, name, judgements, fail_on) for name, judgements in by_name.items()]
    if section.more:
        name = f"{counted(section.more, 'more exchange')} without findings"
        attributes = {"classname": visible(f"contract.{section.name}"), "name": name, "time": "0.000"}
        testcases.append(Xml.Element("testcase", attributes))
    return testcases


def _testcase(section: Section, name: str, judgements: list[Judgement], fail_on: str) -> Xml.Element:
    testcase = Xml.Element("testcase", {"classname": visible(f"contract.{section.name}"), "name": visible(name)})
    testcase.set("time", f"{sum(judgement.exchange.duration or 0.0 for judgement in judgements):.3f}")
    times = [judgement.exchange.time for judgement in judgements if judgement.exchange.time is not None]
    if times and (timestamp := _timestamp(min(times))):
        testcase.set("timestamp", timestamp)
    file, line = file_of(judgements[0].exchange.source)
    if file:
        testcase.set("file", visible(file))
    if line:
        testcase.set("line", str(line))
    findings = sorted(
        (finding for judgement in judgements for finding in judgement.findings),
        key=lambda finding: SEVERITIES.index(finding.severity),
    )
    failing = at_least(findings, fail_on)
    if failing:
        more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
        failure = Xml.SubElement(testcase, "failure", {"type": failing[0].code})
        failure.set("message", visible(f"{failing[0].code} at {failing[0].part} {failing[0].pointer}".rstrip() + more))
        failure.text = _finding_lines(failing)
    others = findings[len(failing) :]
    if others:
        Xml.SubElement(testcase, "system-out").text = _finding_lines(others)
    return testcase


def _timestamp(time: int) -> str | None:
    """An ISO 8601 time (UTC) from milliseconds since 1970; None if the calendar doesn't go so far."""
    try:
        return (_EPOCH + timedelta(milliseconds=time)).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError:
        return None


def _unrun_testcase(tag: str, kind: str, name: str, reason: str) -> Xml.Element:
    testcase = Xml.Element("testcase", {"classname": "contract", "name": visible(name), "time": "0.000"})
    note = Xml.SubElement(testcase, tag, {"message": visible(reason)})
    if kind:
        note.set("type", kind)
        note.text = visible(reason)
    return testcase


def _finding_lines(findings: Iterable[Finding]) -> str:
    return "\n".join(visible(str(finding)) for finding in findings)
