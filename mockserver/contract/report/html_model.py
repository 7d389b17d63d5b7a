"""What the HTML page shows of a view: values for its template, with everything that could grow without end cut short."""

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
"""Of one code, an operation's section shows so many places."""
FULL_PER_GROUP = 3
FULL_PER_CODE = 10
"""On the whole page, so many exchanges of one code are shown in full."""
LANES = 40
_NUMBERS = 30


@dataclass(frozen=True, slots=True)
class InstanceView:
    """A finding with its exchange in full; `fragment` is where in it."""

    instance: Instance
    fragment: tuple[Line | Gap, ...]
    missing: str
    exchange: ExchangeView


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as the page shows it: some of its instances in full, others by number."""

    group: Group
    code: Code
    title: str
    shown: tuple[InstanceView, ...]
    also: tuple[int, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class SectionView:
    """An operation's part of the page. `groups_left_out`: places of findings that are only counted, by code."""

    section: Section
    anchor: str
    groups: tuple[GroupView, ...]
    groups_left_out: tuple[tuple[str, int], ...]
    matrix: Matrix | None
    lanes: tuple[JobLane, ...]
    lanes_left_out: int


def section_views(view: View, definitions: Definitions) -> list[SectionView]:
    """The sections of the page, in order."""
    budget: Counter[str] = Counter()
    return [_section_view(place, section, definitions, budget) for place, section in enumerate(view.sections, 1)]


def _section_view(place: int, section: Section, definitions: Definitions, budget: Counter[str]) -> SectionView:
    groups: list[GroupView] = []
    places, left_out = Counter[str](), Counter[str]()
    for group in section.groups:
        code = group.finding.code
        places[code] += 1
        if places[code] > GROUPS_PER_CODE:
            left_out[code] += 1
        else:
            groups.append(_group(group, definitions, budget))
    lanes = _lanes(section)
    matrix = matrix_of(section.operation, section.shares, section.strange) if section.operation else None
    return SectionView(
        section,
        f"operation-{place}",
        tuple(groups),
        tuple(left_out.items()),
        matrix,
        lanes[:LANES],
        max(len(lanes) - LANES, 0),
    )


def _lanes(section: Section) -> tuple[JobLane, ...]:
    """The jobs that findings are about first, then those that didn't end, then the others."""
    operation = section.operation
    if operation is None:
        return ()
    about = {finding.job for judged in section.judged for finding in judged.findings if finding.job}
    lanes = [lane for timeline in section.timelines if (lane := lane_of(timeline, operation))]
    return tuple(sorted(lanes, key=lambda lane: (lane.job not in about, lane.ended and not lane.errors)))


def _group(group: Group, definitions: Definitions, budget: Counter[str]) -> GroupView:
    code = group.finding.code
    full: list[Instance] = []
    for instance in _one_an_exchange(group.instances):
        if len(full) == FULL_PER_GROUP or budget[code] == FULL_PER_CODE:
            break
        full.append(instance)
        budget[code] += 1
    others = group.numbers[len(full) :]
    return GroupView(
        group,
        CODES[code],
        title_of(group.finding.source, definitions),
        tuple(_instance(entry) for entry in full),
        tuple(others[:_NUMBERS]),
        max(len(others) - _NUMBERS, 0),
    )


def _one_an_exchange(instances: Iterable[Instance]) -> list[Instance]:
    """The first finding of each exchange."""
    first: dict[int, Instance] = {}
    for instance in instances:
        first.setdefault(instance.judged.number, instance)
    return list(first.values())


def _instance(instance: Instance) -> InstanceView:
    exchange, fragment, missing = exchange_view(instance)
    return InstanceView(instance, fragment, missing, exchange)
