"""The pollers' coverage as one HTML page, in the style of the contract report."""

from __future__ import annotations

from dataclasses import dataclass

from ..contract.coverage import Coverage
from ..contract.report.html import page
from ..contract.report.transition_matrix import Matrix, matrix_of
from ..contract.report.view import KIND_TITLES, Share, shares_of
from . import poller_coverage


@dataclass(frozen=True, slots=True)
class CoverageSection:
    """An operation on the page; `line` is its method and path, `undocumented` what was seen but is not documented."""

    name: str
    line: str
    anchor: str
    polls: int
    percent: float
    shares: tuple[Share, ...]
    matrix: Matrix | None
    undocumented: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Total:
    """How many names of one kind were seen, and how many there are, over all operations."""

    title: str
    shown: int
    of: int


def html(coverage: Coverage, least: float | None = None) -> str:
    """The coverage as HTML. `least` is the percentage that the run requires, if any."""
    percent = poller_coverage.percent(coverage)
    sections = [_section_of(position, name, coverage) for position, name in enumerate(coverage.exercised(), 1)]
    totals = [_total(kind, sections) for kind in poller_coverage.KINDS]
    verdict = "PASS" if least is not None and percent >= least else "INCOMPLETE" if least is None else "FAIL"
    return page(
        "shown.html",
        percent=percent,
        least=least,
        verdict="PASS" if percent >= 100 else verdict,
        polls=sum(section.polls for section in sections),
        totals=[total for total in totals if total.of],
        operations=sections,
    )


def _section_of(position: int, name: str, coverage: Coverage) -> CoverageSection:
    counts = coverage.of(name)
    operation, shares, undocumented = (
        counts.operation,
        shares_of(counts),
        tuple(counts.undocumented.items()),
    )
    line = f"{operation.method} {operation.path}"
    matrix = matrix_of(operation, shares, undocumented)
    percent = coverage.percent([name])
    return CoverageSection(name, line, f"operation-{position}", counts.polls, percent, shares, matrix, undocumented)


def _total(kind: str, sections: list[CoverageSection]) -> Total:
    shares = [share for section in sections for share in section.shares if share.kind == kind]
    return Total(KIND_TITLES[kind], sum(len(share.seen) for share in shares), sum(share.of for share in shares))
