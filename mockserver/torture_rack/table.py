"""The grades of pollers as a table: a line for each hazard, a column for each poller; and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..definitions import Definitions
from .hazards import Hazard, hazards
from .service_profiles import PROFILES

VERSION = 1
Graded = Mapping[str, Any]
"""A report as plain JSON (`Report.as_json`), and `test`, the poller's name."""


def table(graded: Sequence[Graded]) -> list[str]:
    """The lines of a table for each service; the hazards that most pollers don't survive come first."""
    lines: list[str] = []
    for service in dict.fromkeys(one["service"] for one in sorted(graded, key=lambda one: str(one["service"]))):
        lines += _of_service(service, [one for one in graded if one["service"] == service])
    return lines


def _of_service(service: str, graded: Sequence[Graded]) -> list[str]:
    pollers = sorted({one["test"] for one in graded})
    cells = {(one["hazard"], one["test"]): one for one in graded}
    names = sorted({one["hazard"] for one in graded}, key=lambda name: (-_failed(cells, name, pollers), name))
    rows = [[name, *(_cell(cells.get((name, poller))) for poller in pollers)] for name in names]
    head = [f"{service}: hazard", *pollers]
    totals = [f"{len(names)} hazards", *(_total(graded, poller) for poller in pollers)]
    widths = [max(len(row[column]) for row in (head, totals, *rows)) for column in range(len(head))]
    drawn = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in (head, *rows, totals)]
    rule = "  ".join("-" * width for width in widths)
    return [line.rstrip() for line in (drawn[0], rule, *drawn[1:-1], rule, drawn[-1])]


def _failed(cells: Mapping[tuple[str, str], Graded], name: str, pollers: Sequence[str]) -> int:
    return sum(not cells[name, poller]["passed"] for poller in pollers if (name, poller) in cells)


def _cell(one: Graded | None) -> str:
    if one is None:
        return ""
    return ("     " if one["passed"] else "FAIL ") + str(one["grade"])


def _total(graded: Sequence[Graded], poller: str) -> str:
    mine = [one for one in graded if one["test"] == poller]
    return f"{sum(bool(one['passed']) for one in mine)} of {len(mine)} survived"


def as_json(graded: Sequence[Graded]) -> dict[str, Any]:
    """All grades, sorted, for `--mockserver-torture-json`."""
    found = sorted(graded, key=lambda one: (one["service"], one["hazard"], one["test"]))
    return {"version": VERSION, "grades": [dict(one) for one in found]}


def hazards_markdown(definitions: Definitions) -> str:
    """The hazards of all services as a table for docs/torture.md."""
    found: dict[str, tuple[Hazard, list[str]]] = {}
    for service in PROFILES:
        for hazard in hazards(definitions, service):
            found.setdefault(hazard.name, (hazard, []))[1].append(service)
    lines = ["| hazard | what happens | what it does to who isn't ready | what passes | where |", "|---|---|---|---|---|"]
    for name, (hazard, services) in sorted(found.items(), key=lambda item: not item[0].startswith("ends-")):
        where = "all" if len(services) == len(PROFILES) else ", ".join(services)
        passes = " or ".join(hazard.good) + f" ({' or '.join(hazard.verdicts)})"
        lines.append(f"| `{name}` | {hazard.summary} | {hazard.hurts} | {passes} | {where} |")
    return "\n".join(lines)
