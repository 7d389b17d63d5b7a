"""The report for a terminal: 100 columns, in the language of the documents."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ...definitions import Definitions
from .sources import title_of
from .text import counted, lasting, visible
from .view import Group, Section, View, asked_of, place_of

WIDTH = 100
_COLOURS = {"error": "31", "warning": "33", "note": "36", "PASS": "32", "FAIL": "31", "INCOMPLETE": "35", "bold": "1"}
_NUMBERS_SHOWN = 8


def console(view: View, definitions: Definitions, colours: bool = False) -> str:
    """The view as text; `colours`: with ANSI colours. What can't be seen is escaped."""
    return "\n".join(_lines(view, definitions, colours)) + "\n"


def _lines(view: View, definitions: Definitions, colours: bool) -> Iterator[str]:
    result = view.result
    title = f"Contract of {visible(result.target)}, {visible(result.mode)}: {counted(result.exchanges, 'exchange')}"
    yield from _wrapped(f"{title} in {lasting(result.seconds)}", "", "  ")
    for section in view.sections:
        yield ""
        yield from _section_lines(section, definitions, colours)
    if view.unasked:
        yield ""
        yield from _wrapped(f"Not asked: {visible(', '.join(view.unasked))}", "", "  ")
    yield from _cases("Could not be run", result.failed)
    yield from _cases("Skipped", result.skipped)
    yield ""
    first, *rest = _wrapped(view.summary, "", "  ")
    yield _painted(view.verdict, view.verdict, colours) + first[len(view.verdict) :]
    yield from rest


def _section_lines(section: Section, definitions: Definitions, colours: bool) -> Iterator[str]:
    first, *rest = _wrapped(f"{visible(section.name)}  {visible(section.line)}", "", "  ")
    yield _painted(first, "bold", colours)
    yield from rest
    counts = f"{counted(section.exchanges, 'exchange')} judged, {section.clean:,} without findings"
    if section.operation:
        shares = ", ".join(f"{share.kind} {len(share.seen)}/{share.of}" for share in section.shares)
        counts += f"; coverage {section.percent:.1f}%" + (f" ({shares})" if shares else "")
    yield from _wrapped(counts, "  ", "    ")
    if section.strange:
        seen = ", ".join(f"{visible(name)} x{times}" for name, times in section.strange)
        yield from _wrapped(f"undocumented: {seen}", "  ", "    ")
    for group in section.groups:
        yield ""
        yield from _group(group, definitions, colours)


def _group(group: Group, definitions: Definitions, colours: bool) -> Iterator[str]:
    finding, judged = group.finding, group.first.judged
    times = f", {len(group.instances):,} times" if len(group.instances) > 1 else ""
    yield f"  {_painted(finding.severity, finding.severity, colours)} {_painted(finding.code, 'bold', colours)}{times}"
    where = place_of(finding, group.pattern)
    if group.pattern != finding.pointer:
        where += f" (first: {finding.pointer})"
    source = finding.source
    if source and (title := title_of(source, definitions)):
        source += f" ({title})"
    exchange = f"{judged.number}: {asked_of(judged)}" + (f" (case {judged.case})" if judged.case else "")
    yield from _row("at", where)
    yield from _row("job", finding.job)
    yield from _row("found", finding.found)
    yield from _row("documented", finding.documented)
    yield from _row("source", source)
    yield from _row("basis", finding.basis)
    yield from _row("means", finding.consequence)
    yield from _row("exchange", exchange)
    yield from _row("also in", _numbers(group.numbers[1:]))


def _numbers(numbers: list[int]) -> str:
    more = f" and {len(numbers) - _NUMBERS_SHOWN:,} more" if len(numbers) > _NUMBERS_SHOWN else ""
    return ", ".join(str(number) for number in numbers[:_NUMBERS_SHOWN]) + more


def _row(name: str, value: str) -> Iterator[str]:
    if value:
        yield from _wrapped(visible(value), f"    {name:<12}", " " * 16)


def _cases(title: str, cases: list[tuple[str, str]]) -> Iterator[str]:
    """Each reason once, with the cases that have it."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in cases:
        by_reason.setdefault(reason, []).append(name)
    if cases:
        yield ""
        yield f"{title}:"
    for reason, names in by_reason.items():
        yield from _wrapped(f"{visible(', '.join(names))}: {visible(reason)}", "  ", "    ")


def _wrapped(text: str, first: str, others: str) -> list[str]:
    """Lines of `WIDTH` characters. What has no space (a URL, a pointer) is not broken: it is there to be copied."""
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False, break_long_words=False
    )
    return lines or [first.rstrip()]


def _painted(text: str, colour: str, colours: bool) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if colours else text
