"""What a poller was ever shown: documented statuses, transitions, errors and faults, counted over a whole run.

{"version": 2, "percent": 31.2, "operations": {"ShowJobStatus": {"polls": 242, "states": {"seen": {"BOOTING": 1},
 "missing": ["NEW"]}, "transitions": ..., "errors": ..., "faults": ..., "undocumented": {"states: ARCHIVED": 1}}}}
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..contract.checks.sequence import reachable
from ..contract.coverage import Coverage, OperationCoverage
from ..definitions import Definitions, Operation
from ..faults.kinds import KINDS as FAULT_KINDS
from .recorded_call import RecordedCall, identity

VERSION = 2
KINDS = ("states", "transitions", "errors", "faults")
FAULTS = (*(name for name, kind in FAULT_KINDS.items() if not kind.listener), "status", "quota", "patch", "delay")
"""The faults that can come upon a request, by family: `status:502` is a `status`."""
_TITLES = {"states": "statuses"}
_WIDTH = 100


def coverage_of(definitions: Definitions, calls: Sequence[RecordedCall] = (), faults: Sequence[str] = FAULTS) -> Coverage:
    """The counts of one test's calls, oldest first."""
    coverage = Coverage(definitions, KINDS, faults)
    last: dict[tuple[str, ...], str] = {}
    for call in calls:
        operation = coverage.operations.get(call.operation or "")
        if operation is not None and operation.job:
            _count(operation, call, coverage.of(operation.id), last)
    return coverage


def _count(operation: Operation, call: RecordedCall, mine: OperationCoverage, last: dict[tuple[str, ...], str]) -> None:
    mine.polls += call.poll
    if call.error:
        mine.count("errors", call.error)
    family = (call.fault or "").partition(":")[0]
    if family and family != "error":  # those are counted by their names
        mine.count("faults", family)
    for run in call.runs:
        mine.count("states", run.state)
        key = (operation.id, *identity(operation, call.parameters), *run.key)
        before = last.get(key)
        if before is not None and before != run.state and not _skips(operation, before, run.state):
            mine.count("transitions", f"{before} -> {run.state}")
        last[key] = run.state


def _skips(operation: Operation, before: str, after: str) -> bool:
    """Whether documented ways lead from one status to the other, but no single one: between two polls nobody saw them."""
    job = operation.job
    if job is None or before not in job.states or after in job.transitions.get(before, ()):
        return False
    return after in reachable(job, before)


def counts_of(coverage: Coverage) -> dict[str, Any]:
    """The counts as plain JSON, for the operations that were called: what `added` takes."""
    names = coverage.exercised()
    return {name: {"polls": coverage.of(name).polls, **item} for name, item in coverage.as_json(names).items()}


def added(definitions: Definitions, several: Iterable[Mapping[str, Any]]) -> Coverage:
    """The sum of the counts of several tests or processes."""
    coverage = coverage_of(definitions)
    for counts in several:
        coverage.add(counts)
    return coverage


def percent(coverage: Coverage) -> float:
    """How much was shown of what is documented of the operations that were called, to one digit."""
    return round(coverage.percent(), 1)


def report(coverage: Coverage) -> dict[str, Any]:
    """The counts, what was never shown, and the percentage in all, as `--mockserver-report-json` writes them.

    `undocumented` are patched statuses, and changes that no documented way leads to. What a job passed through between two
    polls counts as not seen.
    """
    return {"version": VERSION, "percent": percent(coverage), "operations": counts_of(coverage)}


def text(coverage: Coverage) -> list[str]:
    """The coverage as lines for a terminal."""
    lines = []
    for name in coverage.exercised():
        mine = coverage.of(name)
        lines.append(f"{mine.operation.service} ({name}): {mine.polls} polls")
        lines += [line for kind in KINDS if mine.documented_names[kind] for line in _lines(mine, kind)]
    return [*lines, f"shown to the code under test: {percent(coverage)} % of what is documented"]


def _lines(mine: OperationCoverage, kind: str) -> list[str]:
    missing, undocumented = mine.missing(kind), [item for item in mine.undocumented if item.startswith(f"{kind}: ")]
    head = f"  {_TITLES.get(kind, kind):<12}{len(mine.seen[kind]):>4} of {len(mine.documented_names[kind]):<4}"
    tail = f" never shown: {', '.join(missing)}" if missing else " all shown"
    extra = f"; undocumented: {', '.join(item.removeprefix(f'{kind}: ') for item in undocumented)}" if undocumented else ""
    indent = " " * 26
    return textwrap.wrap(
        head + tail + extra, _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
