"""What the pollers were shown as one HTML page, in the dress of the contract's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..contract.report.html import page
from ..contract.report.transition_matrix import Matrix, matrix_of
from ..contract.report.view import KIND_TITLES, Share
from ..definitions import Definitions
from .poller_coverage import KINDS, shown_and_missing

_STATES = {"statuses": "states"}
"""What a kind is called in the contract's report, where that is something else."""


@dataclass(frozen=True, slots=True)
class OperationCoverage:
    """An operation on the page: `strange` is what was shown, but is not documented; `line` its method and path."""

    name: str
    line: str
    anchor: str
    polls: int
    percent: float
    shares: tuple[Share, ...]
    matrix: Matrix | None
    strange: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Total:
    """Of one kind, over all operations: how many were shown, of how many."""

    title: str
    shown: int
    of: int


def html(report: Mapping[str, Any], definitions: Definitions, least: float | None = None) -> str:
    """The report of `shown.report` as HTML. `least` is the percentage that the run wants, where it wants one."""
    services: Mapping[str, Any] = report["services"]
    operations = [_operation(place, service, definitions) for place, service in enumerate(services.values(), 1)]
    totals = [_total(kind, services) for kind in KINDS]
    verdict = "PASS" if least is not None and report["percent"] >= least else "INCOMPLETE" if least is None else "FAIL"
    return page(
        "shown.html",
        percent=report["percent"],
        least=least,
        verdict="PASS" if report["percent"] >= 100 else verdict,
        polls=sum(service["polls"] for service in services.values()),
        totals=[total for total in totals if total.of],
        operations=operations,
    )


def _operation(place: int, entry: Mapping[str, Any], definitions: Definitions) -> OperationCoverage:
    operation = definitions.operation(entry["operation"])
    shares = tuple(_share(kind, entry[kind]) for kind in KINDS if shown_and_missing(entry[kind]))
    strange = tuple(
        (f"{kind}: {_name(kind, name)}", times) for kind in KINDS for name, times in entry[kind]["extra"].items()
    )
    counted = [(len(share.seen), share.of) for share in shares]
    percent = 100 * sum(seen for seen, _ in counted) / max(1, sum(of for _, of in counted))
    line = f"{operation.method} {operation.path}"
    matrix = matrix_of(operation, shares, strange)
    return OperationCoverage(operation.id, line, f"operation-{place}", entry["polls"], percent, shares, matrix, strange)


def _share(kind: str, counted: Mapping[str, Any]) -> Share:
    seen = tuple((_name(kind, name), times) for name, times in counted["shown"].items())
    return Share(_STATES.get(kind, kind), seen, tuple(_name(kind, name) for name in counted["missing"]))


def _name(kind: str, name: str) -> str:
    return name.replace(">", " -> ") if kind == "transitions" else name


def _total(kind: str, services: Mapping[str, Any]) -> Total:
    text = sum(len(service[kind]["shown"]) for service in services.values())
    return Total(
        KIND_TITLES[_STATES.get(kind, kind)], text, sum(shown_and_missing(service[kind]) for service in services.values())
    )
