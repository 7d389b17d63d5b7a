"""The report as GitHub workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from .source_location import file_of
from .text import counted, visible
from .view import Group, Section, View, documented_of, place_of

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def commands(view: View) -> str:
    """A command for each group of findings and for each case that was not run, worst first, then the summary as a notice."""
    groups = [(section, group) for section in view.sections for group in section.groups]
    result = view.result
    lines = [_command("error", {"title": "case-not-run"}, f"{name}: {reason}") for name, reason in result.failed]
    for severity in _COMMANDS:
        lines += [_group_command(section, group) for section, group in groups if group.finding.severity == severity]
    lines += [_command("notice", {"title": "case-skipped"}, f"{name}: {reason}") for name, reason in result.skipped]
    lines.append(_command("notice", {"title": "contract"}, f"{result.target}, {result.mode}: {view.summary}"))
    return "\n".join(lines) + "\n"


def _group_command(section: Section, group: Group) -> str:
    finding = group.finding
    file, line = file_of(group.first.judgement.exchange.source)
    properties = {"title": finding.code, "file": file, "line": str(line) if line else ""}
    return _command(_COMMANDS[finding.severity], properties, "\n".join(_message_lines(section, group)))


def _message_lines(section: Section, group: Group) -> Iterator[str]:
    finding, judgement = group.finding, group.first.judgement
    times_text = f", {counted(len(group.instances), 'time')}" if len(group.instances) > 1 else ""
    job_text = f" ({finding.job})" if finding.job else ""
    yield visible(f"{section.name}, {place_of(finding, group.pattern)}{job_text}{times_text}")
    yield visible(f"found: {finding.found}")
    yield visible(f"documented: {documented_of(finding)}")
    if finding.source:
        yield visible(f"source: {finding.source}")
    yield finding.consequence
    yield visible(f"first in exchange {judgement.number}" + (f", case {judgement.case}" if judgement.case else ""))


def _command(name: str, properties: dict[str, str], message: str) -> str:
    property_text = ",".join(f"{key}={_escape_property(visible(value))}" for key, value in properties.items() if value)
    return f"::{name} {property_text}::{_escape_data(visible(message, keep=chr(10)))}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
