"""The report as Markdown, for the summary page of a GitHub job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...definitions import Definitions
from .sources import title_of
from .text import counted, cut, lasting, visible
from .view import Group, Section, View, documented_of, place_of

LIMIT = 1_000_000
"""Bytes; GitHub takes 1 MiB for a step."""
_LONGEST_TEXT = 1_000
_ROOM_FOR_NOTE = 200


def markdown(view: View, definitions: Definitions) -> str:
    """The view as Markdown of at most `LIMIT` bytes; parts that don't fit are left out and counted."""
    blocks_that_fit: list[str] = []
    room = LIMIT - _ROOM_FOR_NOTE
    blocks = list(_blocks(view, definitions))
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            blocks_that_fit.append(
                f"\n_{counted(len(blocks) - len(blocks_that_fit), 'part')} of this report did not fit here._\n"
            )
            break
        blocks_that_fit.append(block)
    return "\n".join(blocks_that_fit) + "\n"


def _blocks(view: View, definitions: Definitions) -> Iterator[str]:
    result = view.result
    yield f"## Contract: {view.verdict}\n"
    yield f"**{_escaped(result.target)}**, {_escaped(result.mode)}, {lasting(result.seconds)}. {_escaped(view.summary)}\n"
    yield "| operation | exchanges | errors | warnings | notes | coverage |\n|---|---:|---:|---:|---:|---:|"
    yield from (_table_row(section) for section in view.sections)
    for section in view.sections:
        if section.groups:
            yield f"\n### {_escaped(section.name)}\n"
        yield from (_group_line(group, definitions) for group in section.groups)
    for title, cases in (("Could not be run", result.failed), ("Skipped", result.skipped)):
        if cases:
            yield f"\n### {title}\n"
        yield from (f"- **{_escaped(name)}**: {_escaped(reason)}" for name, reason in cases)


def _table_row(section: Section) -> str:
    counts = section.counts
    cells = [_escaped(section.name), f"{section.exchanges:,}", *(f"{count:,}" for count in counts.values())]
    return f"| {' | '.join(cells)} | {f'{section.percent:.1f}%' if section.operation else ''} |"


def _group_line(group: Group, definitions: Definitions) -> str:
    finding, judgement = group.finding, group.first.judgement
    times_text = f", {len(group.instances):,} times" if len(group.instances) > 1 else ""
    title = title_of(finding.source, definitions)
    source = f" <br>source: {_code(finding.source)}" + (f" ({_escaped(title)})" if title else "") if finding.source else ""
    return (
        f"- **{finding.severity} {finding.code}**{times_text} at {_code(place_of(finding, group.pattern))}"
        f" <br>found: {_code(finding.found)} <br>documented: {_code(documented_of(finding))}{source}"
        f" <br>{_escaped(finding.consequence)} <br>first in exchange {judgement.number}"
        + (f", case {_code(judgement.case)}" if judgement.case else "")
    )


def _code(text: str) -> str:
    return f"<code>{_escaped(text)}</code>"


def _escaped(text: str) -> str:
    """Text without Markdown and HTML: every character but letters, digits and harmless signs is a character reference."""
    return re.sub(r"[^\w ,;/()%+=?.-]|_|(?<=\d)\.", lambda match: f"&#{ord(match[0])};", visible(cut(text, _LONGEST_TEXT)))
