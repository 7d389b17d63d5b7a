"""How much of the documented behaviour pollers have seen: statuses, transitions, errors and faults, over a whole run.

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
"""The faults that a request can get, by family: `status:502` is a `status`."""
_TITLES = {"states": "statuses"}
_WIDTH = 100


def coverage_of(definitions: Definitions, calls: Sequence[RecordedCall] = (), faults: Sequence[str] = FAULTS) -> Coverage:
    """The coverage of one test's calls, which come oldest first."""
    coverage = Coverage(definitions, KINDS, faults)
    last: dict[tuple[str, ...], str] = {}
    for call in calls:
        operation = coverage.operations.get(call.operation or "")
        if operation is not None and operation.job:
            _count(operation, call, coverage.of(operation.id), last)
    return coverage


def _count(operation: Operation, call: RecordedCall, counts: OperationCoverage, last: dict[tuple[str, ...], str]) -> None:
    counts.polls += call.poll
    if call.error:
        counts.count("errors", call.error)
    family = (call.fault or "").partition(":")[0]
    if family and family != "error":  # errors are counted by their names
        counts.count("faults", family)
    for run in call.runs:
        counts.count("states", run.state)
        key = (operation.id, *identity(operation, call.parameters), *run.key)
        before = last.get(key)
        if before is not None and before != run.state and not _skips(operation, before, run.state):
            counts.count("transitions", f"{before} -> {run.state}")
        last[key] = run.state


def _skips(operation: Operation, before: str, after: str) -> bool:
    """True if only several documented transitions lead from one status to the other: no poll saw the states between."""
    job = operation.job
    if job is None or before not in job.states or after in job.transitions.get(before, ()):
        return False
    return after in reachable(job, before)


def counts_of(coverage: Coverage) -> dict[str, Any]:
    """The counts as JSON values, for the operations that were called, as `sum_of_counts` takes them."""
    names = coverage.exercised()
    return {name: {"polls": coverage.of(name).polls, **counts} for name, counts in coverage.as_json(names).items()}


def sum_of_counts(definitions: Definitions, all_counts: Iterable[Mapping[str, Any]]) -> Coverage:
    """The sum of the counts of several tests or processes."""
    coverage = coverage_of(definitions)
    for counts in all_counts:
        coverage.add(counts)
    return coverage


def percent(coverage: Coverage) -> float:
    """How much of the documentation of the called operations was seen, in percent with one digit."""
    return round(coverage.percent(), 1)


def report(coverage: Coverage) -> dict[str, Any]:
    """The counts, the names never seen, and the percentage, as `--mockserver-report-json` writes them.

    `undocumented` has patched statuses, and changes that no documented transitions lead to. States that a job passed through
    between two polls count as not seen.
    """
    return {"version": VERSION, "percent": percent(coverage), "operations": counts_of(coverage)}


def text(coverage: Coverage) -> list[str]:
    """The coverage as lines for a terminal."""
    lines = []
    for name in coverage.exercised():
        counts = coverage.of(name)
        lines.append(f"{counts.operation.service} ({name}): {counts.polls} polls")
        lines += [line for kind in KINDS if counts.documented_names[kind] for line in _lines(counts, kind)]
    return [*lines, f"shown to the code under test: {percent(coverage)} % of what is documented"]


def _lines(counts: OperationCoverage, kind: str) -> list[str]:
    missing, undocumented = (
        counts.missing(kind),
        [name for name in counts.undocumented if name.startswith(f"{kind}: ")],
    )
    head = f"  {_TITLES.get(kind, kind):<12}{len(counts.seen[kind]):>4} of {len(counts.documented_names[kind]):<4}"
    tail = f" never shown: {', '.join(missing)}" if missing else " all shown"
    extra = f"; undocumented: {', '.join(name.removeprefix(f'{kind}: ') for name in undocumented)}" if undocumented else ""
    indent = " " * 26
    return textwrap.wrap(
        head + tail + extra, _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
