"""Checks of one list's pages, read one after the other: none overlaps with another, and together they have every row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ...definitions import Operation
from ...errors import excerpt
from ...exchanges.job_view import JobView
from ..findings import Finding, finding
from .sequence import Span

T = TypeVar("T")
LISTS = 1_000
"""At most so many lists are remembered: those whose walks began last."""


@dataclass
class PageWalk:
    """A walk through a list: the total on its first and on its last page, the next page's offset, when the last page was
    received (ms), and for each id of a row the offset of its page and its job."""

    total: int
    last_total: int
    next_offset: int = 0
    received: float | None = None
    offsets: dict[str, int] = field(default_factory=dict)
    views: dict[str, JobView] = field(default_factory=dict)


@dataclass
class PageWalks:
    """The walks in progress, by list (the operation and all parameters but offset and limit), and the jobs that the last
    complete walk found. Offset 0 begins a new walk."""

    by_list: OrderedDict[Hashable, PageWalk] = field(default_factory=OrderedDict)
    last_complete: OrderedDict[Hashable, dict[str, JobView]] = field(default_factory=OrderedDict)

    def page(
        self, operation: Operation, key: Hashable, offset: int, total: int, rows: Sequence[JobView], span: Span | None = None
    ) -> list[Finding]:
        """Remember a page; returns the findings about it beside the pages before. A page out of turn is not judged.

        A page whose request was sent before the last page was received (`span`) belongs to another client's walk.
        """
        if offset == 0:
            _remember(self.by_list, key, PageWalk(total, total))
        walk = self.by_list.get(key)
        is_other_walk = walk is not None and walk.received is not None and span is not None and span[0] < walk.received
        if walk is None or is_other_walk or offset != walk.next_offset:
            self.by_list.pop(key, None)
            return []
        findings = [*_check_overlaps(operation, walk, rows), *_check_same_total(operation, walk, offset, total)]
        walk.offsets.update((row.id, offset) for row in rows if row.id)
        walk.views.update((row.id, row) for row in rows if row.id)
        walk.next_offset, walk.received = offset + len(rows), span and span[1]
        if walk.next_offset >= total and not findings:
            findings += self._check_vanished_jobs(operation, key, walk)
        at_end = rows and walk.next_offset >= total
        if at_end and all(row.id for row in rows) and len(walk.offsets) < walk.total:
            actual = f"{len(walk.offsets)} rows on all pages"
            documented = f"{walk.total}, the total on the first page"
            findings.append(
                finding("page-missed", "polls", rows[0].pointer.rpartition("/")[0], actual, documented, _source(operation))
            )
        return findings

    def _check_vanished_jobs(self, operation: Operation, key: Hashable, walk: PageWalk) -> list[Finding]:
        """Findings for the runs that the last complete walk had and this one hasn't.

        A service may forget old runs: a missing run is wrong only if it hadn't ended, or if an older run is still listed.
        """
        if len(walk.views) != walk.total:
            return []
        before = self.last_complete.get(key, {})
        _remember(self.last_complete, key, walk.views)
        oldest = min((_first_time(view) for view in walk.views.values()), default=None)
        vanished = [
            view
            for name, view in before.items()
            if name not in walk.views and (not view.terminal or (oldest is not None and _first_time(view) > oldest))
        ]
        return [_vanished_finding(operation, view) for view in vanished]


def _remember(values: OrderedDict[Hashable, T], key: Hashable, value: T) -> None:
    values[key] = value
    values.move_to_end(key)
    if len(values) > LISTS:
        values.popitem(last=False)


def _first_time(view: JobView) -> int:
    return next((time for _, time in view.times if time is not None), 0)


def _vanished_finding(operation: Operation, view: JobView) -> Finding:
    actual = f"{view.id} is not listed, after it was {view.state or excerpt(view.sent)}"
    pointer = view.pointer.rpartition("/")[0]
    documented = "older runs are, and this one" if view.terminal else "the job, until it has ended"
    return replace(finding("job-vanished", "polls", pointer, actual, documented, _source(operation)), job=view.id)


def _check_same_total(operation: Operation, walk: PageWalk, offset: int, total: int) -> list[Finding]:
    """The total must stay the same from page to page: if a run begins in between, the rows move, too."""
    before, walk.last_total = walk.last_total, total
    observation = operation.observation
    if total == before or observation is None:
        return []
    actual = f"{before}, then {total} on the page at offset {offset}"
    documented = "the same total on all pages"
    return [finding("total-changed", "polls", observation.total or "", actual, documented, _source(operation))]


def _source(operation: Operation) -> str:
    return f"{operation.place}/x-observation"


def _check_overlaps(operation: Operation, walk: PageWalk, rows: Sequence[JobView]) -> list[Finding]:
    observation = operation.observation
    assert observation is not None
    return [
        finding(
            "page-overlap",
            "polls",
            row.pointer + (observation.id or ""),
            f"{row.id}, which the page at offset {walk.offsets[row.id]} had",
            "each row on one page",
            _source(operation),
        )
        for row in rows
        if row.id in walk.offsets
    ]
