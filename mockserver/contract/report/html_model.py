"""The values that the HTML page's template shows, with everything that could grow without limit cut short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ...definitions import Definitions
from ..codes import CODES, Code
from .exchange_view import ExchangeView, exchange_view
from .job_timeline import JobLane, lane_of
from .json_lines import Gap, Line
from .sources import title_of
from .transition_matrix import Matrix, matrix_of
from .view import Group, Instance, Section, View

GROUPS_PER_CODE = 20
"""An operation's section shows at most so many places of one code."""
FULL_PER_GROUP = 3
FULL_PER_CODE = 10
"""The whole page shows at most so many exchanges of one code in full."""
LANES = 40
_NUMBERS = 30


@dataclass(frozen=True, slots=True)
class InstanceView:
    """A finding with its whole exchange; `fragment` are the lines around it; `missing` is the part of its pointer that
    nothing stands at."""

    instance: Instance
    fragment: tuple[Line | Gap, ...]
    missing: str
    exchange: ExchangeView


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as the page shows it: some of its instances in full (`shown`), others by number (`also`)."""

    group: Group
    code: Code
    title: str
    shown: tuple[InstanceView, ...]
    also: tuple[int, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class SectionView:
    """An operation's section of the page. `groups_left_out`: the number of groups that are not shown, by code."""

    section: Section
    anchor: str
    groups: tuple[GroupView, ...]
    groups_left_out: tuple[tuple[str, int], ...]
    matrix: Matrix | None
    lanes: tuple[JobLane, ...]
    lanes_left_out: int


def section_views(view: View, definitions: Definitions) -> list[SectionView]:
    """The sections of the page, in order."""
    shown_by_code: Counter[str] = Counter()
    return [
        _section_view(position, section, definitions, shown_by_code) for position, section in enumerate(view.sections, 1)
    ]


def _section_view(position: int, section: Section, definitions: Definitions, shown_by_code: Counter[str]) -> SectionView:
    groups: list[GroupView] = []
    group_counts, left_out = Counter[str](), Counter[str]()
    for group in section.groups:
        code = group.finding.code
        group_counts[code] += 1
        if group_counts[code] > GROUPS_PER_CODE:
            left_out[code] += 1
        else:
            groups.append(_group_view(group, definitions, shown_by_code))
    lanes = _lanes(section)
    matrix = matrix_of(section.operation, section.shares, section.undocumented) if section.operation else None
    return SectionView(
        section,
        f"operation-{position}",
        tuple(groups),
        tuple(left_out.items()),
        matrix,
        lanes[:LANES],
        max(len(lanes) - LANES, 0),
    )


def _lanes(section: Section) -> tuple[JobLane, ...]:
    """The jobs with findings first, then those that didn't end or had errors, then the others."""
    operation = section.operation
    if operation is None:
        return ()
    jobs_with_findings = {finding.job for judgement in section.judgements for finding in judgement.findings if finding.job}
    lanes = [lane for timeline in section.timelines if (lane := lane_of(timeline, operation))]
    return tuple(sorted(lanes, key=lambda lane: (lane.job not in jobs_with_findings, lane.ended and not lane.errors)))


def _group_view(group: Group, definitions: Definitions, shown_by_code: Counter[str]) -> GroupView:
    code = group.finding.code
    shown: list[Instance] = []
    for instance in _first_of_each_exchange(group.instances):
        if len(shown) == FULL_PER_GROUP or shown_by_code[code] == FULL_PER_CODE:
            break
        shown.append(instance)
        shown_by_code[code] += 1
    other_numbers = group.numbers[len(shown) :]
    return GroupView(
        group,
        CODES[code],
        title_of(group.finding.source, definitions),
        tuple(_instance_view(instance) for instance in shown),
        tuple(other_numbers[:_NUMBERS]),
        max(len(other_numbers) - _NUMBERS, 0),
    )


def _first_of_each_exchange(instances: Iterable[Instance]) -> list[Instance]:
    """The first finding of each exchange."""
    first: dict[int, Instance] = {}
    for instance in instances:
        first.setdefault(instance.judgement.number, instance)
    return list(first.values())


def _instance_view(instance: Instance) -> InstanceView:
    exchange, fragment, missing = exchange_view(instance)
    return InstanceView(instance, fragment, missing, exchange)
