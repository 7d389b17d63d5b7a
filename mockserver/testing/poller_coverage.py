"""What a poller was ever shown: documented statuses, transitions, errors and faults, counted over a whole run.

The counts are plain JSON, and add up: those of tests to a run's, those of processes to one.

    {"version": 1, "services": {"cdm": {"polls": 242, "statuses": {"BOOTING": 1}, "transitions": {"BOOTING>RUNNING": 1},
     "errors": {"job-not-found": 1}, "faults": {"status": 1}}}}
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..contract.checks.sequence import reachable
from ..definitions import Definitions, Operation
from ..faults.model import KINDS as FAULT_KINDS
from .recorded_call import RecordedCall, identity

VERSION = 1
KINDS = ("statuses", "transitions", "errors", "faults")
FAULTS = (*(name for name, kind in FAULT_KINDS.items() if not kind.listener), "status", "quota", "patch", "delay")
"""The faults that can come upon a request, by family: `status:502` is a `status`."""
Counts = dict[str, Any]
_WIDTH = 100


def nothing() -> Counts:
    """The counts of nobody."""
    return {"version": VERSION, "services": {}}


def count(definitions: Definitions, seen: Sequence[RecordedCall]) -> Counts:
    """The counts of one test's exchanges, oldest first."""
    result = nothing()
    last: dict[tuple[str, ...], str] = {}
    operations = {operation.id: operation for operation in definitions.operations if operation.job}
    for call in seen:
        if call.operation in operations:
            mine = result["services"].setdefault(call.service, {"polls": 0, **{kind: {} for kind in KINDS}})
            _count_one(operations[call.operation], call, mine, last)
    return result


def _count_one(operation: Operation, call: RecordedCall, mine: Counts, last: dict[tuple[str, ...], str]) -> None:
    mine["polls"] += call.poll
    if call.error:
        _add(mine["errors"], call.error)
    family = (call.fault or "").partition(":")[0]
    if family and family != "error":  # those are counted by their names
        _add(mine["faults"], family)
    for run in call.runs:
        _add(mine["statuses"], run.state)
        key = (operation.id, *identity(operation, call.parameters), *run.key)
        before = last.get(key)
        if before is not None and before != run.state and not _skips(operation, before, run.state):
            _add(mine["transitions"], f"{before}>{run.state}")
        last[key] = run.state


def _skips(operation: Operation, before: str, after: str) -> bool:
    """Whether documented ways lead from one status to the other, but no single one: between two polls nobody saw them."""
    job = operation.job
    if job is None or before not in job.states or after in job.transitions.get(before, ()):
        return False
    return after in reachable(job, before)


def _add(counts: dict[str, int], name: str, number: int = 1) -> None:
    counts[name] = counts.get(name, 0) + number


def merge(several: Iterable[Mapping[str, Any]]) -> Counts:
    """The sum of counts."""
    result = nothing()
    for item in several:
        for service, theirs in item["services"].items():
            mine = result["services"].setdefault(service, {"polls": 0, **{kind: {} for kind in KINDS}})
            mine["polls"] += theirs["polls"]
            for kind in KINDS:
                for name, number in theirs[kind].items():
                    _add(mine[kind], name, number)
    return result


def documented(operation: Operation, faults: Sequence[str] = FAULTS) -> dict[str, list[str]]:
    """What there is to be shown of an operation: its statuses, transitions and errors, and the kinds of faults."""
    assert operation.job is not None
    ways = [
        f"{state}>{after}" for state in operation.job.states for after in sorted(operation.job.transitions.get(state, ()))
    ]
    errors = [example.name for example in operation.errors()]
    return {"statuses": list(operation.job.states), "transitions": ways, "errors": errors, "faults": list(faults)}


def report(definitions: Definitions, counts: Mapping[str, Any], faults: Sequence[str] = FAULTS) -> Counts:
    """The counts, and beside each kind what was never shown, for the services that were asked; and the percentage in all.

    `extra` are the undocumented ones that were shown all the same: patched statuses, and changes that no documented
    way leads to. What a job passed through between two polls counts as not seen.
    """
    services = {}
    for operation in definitions.operations:
        mine = counts["services"].get(operation.service)
        if operation.job and mine:
            services[operation.service] = {"operation": operation.id, "polls": mine["polls"]} | {
                kind: _kind(mine[kind], names) for kind, names in documented(operation, faults).items()
            }
    displayed = sum(len(service[kind]["shown"]) for service in services.values() for kind in KINDS)
    there = sum(shown_and_missing(service[kind]) for service in services.values() for kind in KINDS)
    percent = round(100 * displayed / there, 1) if there else 0.0
    return {"version": VERSION, "percent": percent, "services": services}


def shown_and_missing(kind: Mapping[str, Any]) -> int:
    """How many documented ones there are of a kind in a report."""
    return len(kind["shown"]) + len(kind["missing"])


def _kind(counted: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
    return {
        "shown": {name: counted[name] for name in names if name in counted},
        "missing": [name for name in names if name not in counted],
        "extra": {name: number for name, number in counted.items() if name not in names},
    }


def text(result: Mapping[str, Any]) -> list[str]:
    """A report as lines for a terminal."""
    lines = []
    for service, item in result["services"].items():
        lines.append(f"{service} ({item['operation']}): {item['polls']} polls")
        for kind in KINDS:
            counted = item[kind]
            if not shown_and_missing(counted):
                continue
            head = f"  {kind:<12}{len(counted['shown']):>4} of {shown_and_missing(counted):<4}"
            missing = ", ".join(counted["missing"])
            extra = f"; undocumented: {', '.join(counted['extra'])}" if counted["extra"] else ""
            line = head + (f" never shown: {missing}" if missing else " all shown") + extra
            lines += textwrap.wrap(line, _WIDTH, subsequent_indent=" " * 26, break_on_hyphens=False, break_long_words=False)
    return [*lines, f"shown to the code under test: {result['percent']} % of what is documented"]
