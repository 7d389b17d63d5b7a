"""Pages of one list, turned one after the other: none overlaps with another, and together they have every row."""

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
"""So many lists are remembered: those whose walks began last."""


@dataclass
class PageWalk:
    """A walk through a list: the total on its first page and that on the last one, where the next page begins, and which
    rows were seen where, with whether they had ended."""

    total: int
    last_total: int
    following: int = 0
    received: float | None = None
    seen: dict[str, int] = field(default_factory=dict)
    views: dict[str, JobView] = field(default_factory=dict)


@dataclass
class PageWalks:
    """The walks under way, by list: the operation and all parameters but offset and limit. Offset 0 begins a walk again."""

    by_list: OrderedDict[Hashable, PageWalk] = field(default_factory=OrderedDict)
    whole: OrderedDict[Hashable, dict[str, JobView]] = field(default_factory=OrderedDict)

    def page(
        self, operation: Operation, key: Hashable, offset: int, total: int, rows: Sequence[JobView], span: Span | None = None
    ) -> list[Finding]:
        """Remember a page; what is wrong with it beside those before. A page out of turn is not judged.

        One that was asked for before the last one had come (`span`: when it was sent and received) is another walker's.
        """
        if offset == 0:
            _remember(self.by_list, key, PageWalk(total, total))
        walk = self.by_list.get(key)
        overlaps = walk is not None and walk.received is not None and span is not None and span[0] < walk.received
        if walk is None or overlaps or offset != walk.following:
            self.by_list.pop(key, None)
            return []
        result = [*_overlaps(operation, walk, rows), *_check_total(operation, walk, offset, total)]
        walk.seen.update((look.id, offset) for look in rows if look.id)
        walk.views.update((look.id, look) for look in rows if look.id)
        walk.following, walk.received = offset + len(rows), span and span[1]
        if walk.following >= total and not result:
            result += self._check_whole(operation, key, walk)
        at_end = rows and walk.following >= total
        if at_end and all(look.id for look in rows) and len(walk.seen) < walk.total:
            what = f"{len(walk.seen)} rows on all pages"
            documented = f"{walk.total}, the total on the first page"
            result.append(
                finding("page-missed", "polls", rows[0].pointer.rpartition("/")[0], what, documented, _place(operation))
            )
        return result

    def _check_whole(self, operation: Operation, key: Hashable, walk: PageWalk) -> list[Finding]:
        """A run that the last whole walk had, and this one hasn't: wrong while it hadn't ended, or an older one is still
        there; a service may forget old runs."""
        if len(walk.views) != walk.total:
            return []
        before = self.whole.get(key, {})
        _remember(self.whole, key, walk.views)
        oldest = min((_began(view) for view in walk.views.values()), default=None)
        gone = [
            view
            for name, view in before.items()
            if name not in walk.views and (not view.terminal or (oldest is not None and _began(view) > oldest))
        ]
        return [_vanished(operation, view) for view in gone]


def _remember(values: OrderedDict[Hashable, T], key: Hashable, value: T) -> None:
    values[key] = value
    values.move_to_end(key)
    if len(values) > LISTS:
        values.popitem(last=False)


def _began(view: JobView) -> int:
    return next((time for _, time in view.times if time is not None), 0)


def _vanished(operation: Operation, view: JobView) -> Finding:
    actual = f"{view.id} is not listed, after it was {view.state or excerpt(view.sent)}"
    place = view.pointer.rpartition("/")[0]
    documented = "older runs are, and this one" if view.terminal else "the job, until it has ended"
    return replace(finding("job-vanished", "polls", place, actual, documented, _place(operation)), job=view.id)


def _check_total(operation: Operation, walk: PageWalk, offset: int, total: int) -> list[Finding]:
    """The total stays from page to page; where a run begins in between, the rows move as well."""
    before, walk.last_total = walk.last_total, total
    observation = operation.observation
    if total == before or observation is None:
        return []
    what = f"{before}, then {total} on the page at offset {offset}"
    documented = "the same total on all pages"
    return [finding("total-changed", "polls", observation.total or "", what, documented, _place(operation))]


def _place(operation: Operation) -> str:
    return f"{operation.place}/x-observation"


def _overlaps(operation: Operation, walk: PageWalk, rows: Sequence[JobView]) -> list[Finding]:
    observation = operation.observation
    assert observation is not None
    return [
        finding(
            "page-overlap",
            "polls",
            look.pointer + (observation.id or ""),
            f"{look.id}, which the page at offset {walk.seen[look.id]} had",
            "each row on one page",
            _place(operation),
        )
        for look in rows
        if look.id in walk.seen
    ]
