"""The report for a terminal, at most 100 columns wide, in the language of the documents."""

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
    """The view as text, with ANSI colours if `colours` is set. Invisible characters are escaped."""
    return "\n".join(_lines(view, definitions, colours)) + "\n"


def _lines(view: View, definitions: Definitions, colours: bool) -> Iterator[str]:
    result = view.result
    title = f"Contract of {visible(result.target)}, {visible(result.mode)}: {counted(result.exchanges, 'exchange')}"
    yield from _wrap(f"{title} in {lasting(result.seconds)}", "", "  ")
    for section in view.sections:
        yield ""
        yield from _section_lines(section, definitions, colours)
    if view.unasked:
        yield ""
        yield from _wrap(f"Not asked: {visible(', '.join(view.unasked))}", "", "  ")
    yield from _case_lines("Could not be run", result.failed)
    yield from _case_lines("Skipped", result.skipped)
    yield ""
    first, *rest = _wrap(view.summary, "", "  ")
    yield _colour(view.verdict, view.verdict, colours) + first[len(view.verdict) :]
    yield from rest


def _section_lines(section: Section, definitions: Definitions, colours: bool) -> Iterator[str]:
    first, *rest = _wrap(f"{visible(section.name)}  {visible(section.line)}", "", "  ")
    yield _colour(first, "bold", colours)
    yield from rest
    summary = f"{counted(section.exchanges, 'exchange')} judged, {section.clean:,} without findings"
    if section.operation:
        share_texts = ", ".join(f"{share.kind} {len(share.seen)}/{share.of}" for share in section.shares)
        summary += f"; coverage {section.percent:.1f}%" + (f" ({share_texts})" if share_texts else "")
    yield from _wrap(summary, "  ", "    ")
    if section.undocumented:
        names = ", ".join(f"{visible(name)} x{times}" for name, times in section.undocumented)
        yield from _wrap(f"undocumented: {names}", "  ", "    ")
    for group in section.groups:
        yield ""
        yield from _group_lines(group, definitions, colours)


def _group_lines(group: Group, definitions: Definitions, colours: bool) -> Iterator[str]:
    finding, judgement = group.finding, group.first.judgement
    times_text = f", {len(group.instances):,} times" if len(group.instances) > 1 else ""
    yield f"  {_colour(finding.severity, finding.severity, colours)} {_colour(finding.code, 'bold', colours)}{times_text}"
    place = place_of(finding, group.pattern)
    if group.pattern != finding.pointer:
        place += f" (first: {finding.pointer})"
    source = finding.source
    if source and (title := title_of(source, definitions)):
        source += f" ({title})"
    exchange_text = f"{judgement.number}: {asked_of(judgement)}" + (f" (case {judgement.case})" if judgement.case else "")
    yield from _label_lines("at", place)
    yield from _label_lines("job", finding.job)
    yield from _label_lines("found", finding.found)
    yield from _label_lines("documented", finding.documented)
    yield from _label_lines("source", source)
    yield from _label_lines("basis", finding.basis)
    yield from _label_lines("means", finding.consequence)
    yield from _label_lines("exchange", exchange_text)
    yield from _label_lines("also in", _numbers_text(group.numbers[1:]))


def _numbers_text(numbers: list[int]) -> str:
    more = f" and {len(numbers) - _NUMBERS_SHOWN:,} more" if len(numbers) > _NUMBERS_SHOWN else ""
    return ", ".join(str(number) for number in numbers[:_NUMBERS_SHOWN]) + more


def _label_lines(label: str, value: str) -> Iterator[str]:
    if value:
        yield from _wrap(visible(value), f"    {label:<12}", " " * 16)


def _case_lines(title: str, cases: list[tuple[str, str]]) -> Iterator[str]:
    """Each reason once, with all its cases."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in cases:
        by_reason.setdefault(reason, []).append(name)
    if cases:
        yield ""
        yield f"{title}:"
    for reason, names in by_reason.items():
        yield from _wrap(f"{visible(', '.join(names))}: {visible(reason)}", "  ", "    ")


def _wrap(text: str, first: str, others: str) -> list[str]:
    """Lines of at most `WIDTH` characters. Words such as URLs and pointers are not broken, so that they can be copied."""
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False, break_long_words=False
    )
    return lines or [first.rstrip()]


def _colour(text: str, colour: str, colours: bool) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if colours else text
