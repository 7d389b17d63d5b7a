"""The report as JUnit XML, in the form that Jenkins and GitLab read: a suite for each operation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree as Xml

from ..findings import SEVERITIES, Finding, at_least
from ..result import Judged
from .source_location import file_of
from .text import counted, visible
from .view import Section, View, asked_of

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CASES_SUITE = "cases not run"
"""The suite of the cases that were skipped or failed to run: which operation they would have asked is not known."""


def junit(view: View, fail_on: str = "warning") -> str:
    """The view as JUnit XML; findings as bad as `fail_on` or worse fail a test case, others are its output."""
    suites = [_suite(section.name, _testcases(section, fail_on)) for section in view.sections]
    result = view.result
    if result.skipped or result.failed:
        notes = [("error", "CannotRun", *case) for case in result.failed] + [
            ("skipped", "", *case) for case in result.skipped
        ]
        suites.append(_suite(CASES_SUITE, [_unrun(*note) for note in notes]))
    root = Xml.Element("testsuites", {"name": _safe(f"mockserver contract: {result.target}")})
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.set("time", f"{result.seconds:.3f}")
    root.extend(suites)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, testcases: list[Xml.Element]) -> Xml.Element:
    suite = Xml.Element("testsuite", {"name": _safe(name), "tests": str(len(testcases))})
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(testcase.find(tag) is not None for testcase in testcases)))
    suite.set("time", f"{sum(float(testcase.get('time', '0')) for testcase in testcases):.3f}")
    times = [time for testcase in testcases if (time := testcase.attrib.pop("timestamp", None))]
    if times:
        suite.set("timestamp", min(times))
    suite.extend(testcases)
    return suite


def _testcases(section: Section, fail_on: str) -> list[Xml.Element]:
    """A test case for each case of the operation, and for each exchange that belongs to none."""
    together: dict[str, list[Judged]] = {}
    for judged in section.judged:
        name = judged.case or f"exchange {judged.number}: {asked_of(judged)}"
        together.setdefault(name, []).append(judged)
    cases = [_testcase(section, name, judged, fail_on) for name, judged in together.items()]
    if section.more:
        name = f"{counted(section.more, 'more exchange')} without findings"
        cases.append(
            Xml.Element("testcase", {"classname": _safe(f"contract.{section.name}"), "name": name, "time": "0.000"})
        )
    return cases


def _testcase(section: Section, name: str, judged: list[Judged], fail_on: str) -> Xml.Element:
    testcase = Xml.Element("testcase", {"classname": _safe(f"contract.{section.name}"), "name": _safe(name)})
    testcase.set("time", f"{sum(judgement.exchange.duration or 0.0 for judgement in judged):.3f}")
    times = [judgement.exchange.time for judgement in judged if judgement.exchange.time is not None]
    if times and (timestamp := _timestamp(min(times))):
        testcase.set("timestamp", timestamp)
    file, line = file_of(judged[0].exchange.source)
    if file:
        testcase.set("file", _safe(file))
    if line:
        testcase.set("line", str(line))
    findings = sorted(
        (judgement for each in judged for judgement in each.findings),
        key=lambda judgement: SEVERITIES.index(judgement.severity),
    )
    bad = at_least(findings, fail_on)
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        failure = Xml.SubElement(testcase, "failure", {"type": bad[0].code})
        failure.set("message", _safe(f"{bad[0].code} at {bad[0].part} {bad[0].pointer}".rstrip() + more))
        failure.text = _finding_lines(bad)
    mild = findings[len(bad) :]
    if mild:
        Xml.SubElement(testcase, "system-out").text = _finding_lines(mild)
    return testcase


def _timestamp(time: int) -> str | None:
    """An ISO 8601 time (UTC) from milliseconds; None for one that no calendar has."""
    try:
        return (_EPOCH + timedelta(milliseconds=time)).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError:
        return None


def _unrun(tag: str, kind: str, name: str, reason: str) -> Xml.Element:
    testcase = Xml.Element("testcase", {"classname": "contract", "name": _safe(name), "time": "0.000"})
    note = Xml.SubElement(testcase, tag, {"message": _safe(reason)})
    if kind:
        note.set("type", kind)
        note.text = _safe(reason)
    return testcase


def _finding_lines(findings: Iterable[Finding]) -> str:
    return "\n".join(_safe(str(finding)) for finding in findings)


def _safe(text: str) -> str:
    return visible(text)
