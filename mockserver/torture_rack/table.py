"""The grades of pollers as a table: a line for each hazard, a column for each poller; and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..definitions import Definitions
from .hazard import Hazard
from .hazards import hazards
from .service_profiles import services, starters

VERSION = 1
Graded = Mapping[str, Any]
"""A report as plain JSON (`Report.as_json`), and `test`, the poller's name."""


def table(graded: Sequence[Graded]) -> list[str]:
    """The lines of a table for each service; the hazards that most pollers don't survive come first."""
    lines: list[str] = []
    for service in dict.fromkeys(item["service"] for item in sorted(graded, key=lambda item: str(item["service"]))):
        lines += _of_service(service, [item for item in graded if item["service"] == service])
    return lines


def _of_service(service: str, graded: Sequence[Graded]) -> list[str]:
    pollers = sorted({item["test"] for item in graded})
    cells = {(item["hazard"], item["test"]): item for item in graded}
    names = sorted({item["hazard"] for item in graded}, key=lambda name: (-_failed(cells, name, pollers), name))
    rows = [[name, *(_cell(cells.get((name, poller))) for poller in pollers)] for name in names]
    head = [f"{service}: hazard", *pollers]
    totals = [f"{len(names)} hazards", *(_total(graded, poller) for poller in pollers)]
    widths = [max(len(row[column]) for row in (head, totals, *rows)) for column in range(len(head))]
    drawn = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in (head, *rows, totals)]
    rule = "  ".join("-" * width for width in widths)
    return [line.rstrip() for line in (drawn[0], rule, *drawn[1:-1], rule, drawn[-1])]


def _failed(cells: Mapping[tuple[str, str], Graded], name: str, pollers: Sequence[str]) -> int:
    return sum(not cells[name, poller]["passed"] for poller in pollers if (name, poller) in cells)


def _cell(item: Graded | None) -> str:
    if item is None:
        return ""
    return ("     " if item["passed"] else "FAIL ") + str(item["grade"])


def _total(graded: Sequence[Graded], poller: str) -> str:
    mine = [item for item in graded if item["test"] == poller]
    return f"{sum(bool(item['passed']) for item in mine)} of {len(mine)} survived"


def as_json(graded: Sequence[Graded]) -> dict[str, Any]:
    """All grades, sorted, for `--mockserver-torture-json`."""
    matches = sorted(graded, key=lambda item: (item["service"], item["hazard"], item["test"]))
    return {"version": VERSION, "grades": [dict(item) for item in matches]}


def hazards_markdown(definitions: Definitions, starting: bool = False) -> str:
    """The hazards of all services as a table for docs/torture.md; `starting`: those of starting alone."""
    collected: dict[str, tuple[Hazard, list[str]]] = {}
    possible = starters(definitions) if starting else services(definitions)
    for service in possible:
        polling = {hazard.name for hazard in hazards(definitions, service)}
        for hazard in hazards(definitions, service, starting):
            if not starting or hazard.name not in polling:
                collected.setdefault(hazard.name, (hazard, []))[1].append(service)
    lines = ["| hazard | what happens | what it does to who isn't ready | what passes | where |", "|---|---|---|---|---|"]
    for name, (hazard, places) in sorted(collected.items(), key=lambda item: not item[0].startswith("ends-")):
        where = "all" if len(places) == len(possible) else ", ".join(places)
        passes = " or ".join(hazard.good) + f" ({' or '.join(hazard.verdicts)})"
        lines.append(f"| `{name}` | {hazard.summary} | {hazard.hurts} | {passes} | {where} |")
    return "\n".join(lines)
