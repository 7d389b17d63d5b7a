"""Coverage: which documented HTTP statuses, errors, job statuses, transitions and faults were seen, and which weren't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..definitions import Definitions, Operation

KINDS = ("http", "errors", "states", "transitions")
"""What a contract run counts for each operation: HTTP statuses, errors by name, statuses of jobs, transitions."""


def documented_names(operation: Operation, faults: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """All names documented for an operation, by kind, in the document's order. A transition's name is `FROM -> TO`."""
    job = operation.job
    transitions = [
        f"{before} -> {after}" for before in job.states for after in job.states if after in job.transitions[before]
    ] if job else []  # fmt: skip
    return {
        "http": tuple(str(status) for status in sorted(operation.responses)),
        "errors": tuple(example.name for example in operation.errors()),
        "states": tuple(job.states) if job else (),
        "transitions": tuple(transitions),
        "faults": tuple(faults),
    }


class OperationCoverage:
    """How often each documented name of an operation was seen, by kind; `undocumented` counts what isn't documented."""

    def __init__(self, operation: Operation, kinds: Sequence[str], faults: Sequence[str]) -> None:
        self.operation, self.kinds = operation, kinds
        self.documented_names = documented_names(operation, faults)
        self.seen: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
        self.undocumented: Counter[str] = Counter()
        self.polls = 0

    def count(self, kind: str, name: str, times: int = 1) -> None:
        """Count a name that was seen; an undocumented one is counted apart."""
        if name in self.documented_names[kind]:
            self.seen[kind][name] += times
        else:
            self.undocumented[f"{kind}: {name}"] += times

    def missing(self, kind: str) -> list[str]:
        """The documented names that weren't seen."""
        return [name for name in self.documented_names[kind] if name not in self.seen[kind]]

    def seen_in_order(self, kind: str) -> dict[str, int]:
        """How often each documented name was seen, in the document's order."""
        return {name: self.seen[kind][name] for name in self.documented_names[kind] if name in self.seen[kind]}

    def as_json(self) -> dict[str, Any]:
        """For each kind: the names that were seen, with counts, and those that were not."""
        kinds: dict[str, Any] = {
            kind: {"seen": self.seen_in_order(kind), "missing": self.missing(kind)} for kind in self.kinds
        }
        return {**kinds, "undocumented": dict(self.undocumented)}


class Coverage:
    """The counts of a run, for each operation. Counts of several tests or processes can be added up.

    Args:
        definitions: What is documented.
        kinds: What is counted: some of `KINDS`, and "faults".
        faults: All kinds of faults, if they are counted.
    """

    def __init__(self, definitions: Definitions, kinds: Sequence[str] = KINDS, faults: Sequence[str] = ()) -> None:
        self.operations = {operation.id: operation for operation in definitions.operations}
        self.kinds, self._faults = kinds, faults
        self._by_operation: dict[str, OperationCoverage] = {}

    def of(self, name: str) -> OperationCoverage:
        """The counts of an operation."""
        if name not in self._by_operation:
            self._by_operation[name] = OperationCoverage(self.operations[name], self.kinds, self._faults)
        return self._by_operation[name]

    def count(self, operation: str, kind: str, name: str) -> None:
        """Count a name that was seen at an operation."""
        self.of(operation).count(kind, name)

    def exercised(self) -> list[str]:
        """The operations that anything was seen of, in the order of the definitions."""
        names = {
            name
            for name, coverage in self._by_operation.items()
            if coverage.polls or coverage.undocumented or any(coverage.seen.values())
        }
        return [operation for operation in self.operations if operation in names]

    def share(self, operations: Iterable[str] | None = None) -> tuple[int, int]:
        """How many documented names were seen, and how many there are. Default: of all operations that were called."""
        coverages = [self.of(name) for name in (self.exercised() if operations is None else operations)]
        seen = sum(len(coverage.seen[kind]) for coverage in coverages for kind in self.kinds)
        return seen, sum(len(coverage.documented_names[kind]) for coverage in coverages for kind in self.kinds)

    def percent(self, operations: Iterable[str] | None = None) -> float:
        """The share in percent; 0 if nothing is documented."""
        seen, total = self.share(operations)
        return 100.0 * seen / total if total else 0.0

    def as_json(self, operations: Iterable[str] | None = None) -> dict[str, Any]:
        """The counts of each operation (default: all). Another process can add them to its own by `add`."""
        return {name: self.of(name).as_json() for name in (self.operations if operations is None else operations)}

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add the counts of another test or process (its `as_json`)."""
        for name, kinds in counts.items():
            if name in self.operations:
                coverage = self.of(name)
                coverage.polls += kinds.get("polls", 0)
                for kind in self.kinds:
                    coverage.seen[kind].update(kinds[kind]["seen"])
                coverage.undocumented.update(kinds.get("undocumented", {}))
