"""What of the documentation was seen: HTTP statuses, errors, job statuses, transitions, faults; and what wasn't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..definitions import Definitions, Operation

KINDS = ("http", "errors", "states", "transitions")
"""What a contract run counts of an operation: HTTP statuses, errors by name, statuses of jobs, their changes."""


def documented(operation: Operation, faults: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """What could be seen of an operation, by kind, in the document's order. A transition is `FROM -> TO`."""
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
    """How often each documented thing of an operation was seen, by kind; what is not documented is in `strange`."""

    def __init__(self, operation: Operation, kinds: Sequence[str], faults: Sequence[str]) -> None:
        self.operation, self.kinds = operation, kinds
        self.documented = documented(operation, faults)
        self.seen: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
        self.strange: Counter[str] = Counter()
        self.polls = 0

    def count(self, kind: str, name: str, times: int = 1) -> None:
        """Count something seen; what isn't documented doesn't count, but is kept."""
        if name in self.documented[kind]:
            self.seen[kind][name] += times
        else:
            self.strange[f"{kind}: {name}"] += times

    def missing(self, kind: str) -> list[str]:
        """What is documented, and wasn't seen."""
        return [name for name in self.documented[kind] if name not in self.seen[kind]]

    def seen_in_order(self, kind: str) -> dict[str, int]:
        """How often each was seen, in the document's order."""
        return {name: self.seen[kind][name] for name in self.documented[kind] if name in self.seen[kind]}

    def as_json(self) -> dict[str, Any]:
        """For each kind: what was seen how often, and what was not."""
        kinds: dict[str, Any] = {
            kind: {"seen": self.seen_in_order(kind), "missing": self.missing(kind)} for kind in self.kinds
        }
        return {**kinds, "undocumented": dict(self.strange)}


class Coverage:
    """The counts of a run, for each operation. Those of several tests or processes are added up.

    Args:
        definitions: What is documented.
        kinds: What is counted: of `KINDS`, and "faults".
        faults: The faults that there are, where they are counted.
    """

    def __init__(self, definitions: Definitions, kinds: Sequence[str] = KINDS, faults: Sequence[str] = ()) -> None:
        self.operations = {operation.id: operation for operation in definitions.operations}
        self.kinds, self._faults = kinds, faults
        self._counted: dict[str, OperationCoverage] = {}

    def of(self, name: str) -> OperationCoverage:
        """What was counted of an operation."""
        if name not in self._counted:
            self._counted[name] = OperationCoverage(self.operations[name], self.kinds, self._faults)
        return self._counted[name]

    def count(self, operation: str, kind: str, name: str) -> None:
        """Count something that was seen of an operation."""
        self.of(operation).count(kind, name)

    def exercised(self) -> list[str]:
        """The operations of which anything was seen, in the order of the definitions."""
        counted = {name for name, item in self._counted.items() if item.polls or item.strange or any(item.seen.values())}
        return [name for name in self.operations if name in counted]

    def share(self, operations: Iterable[str] | None = None) -> tuple[int, int]:
        """How many documented things were seen, of how many. Default: of all operations that were called."""
        counted = [self.of(name) for name in (self.exercised() if operations is None else operations)]
        seen = sum(len(item.seen[kind]) for item in counted for kind in self.kinds)
        return seen, sum(len(item.documented[kind]) for item in counted for kind in self.kinds)

    def percent(self, operations: Iterable[str] | None = None) -> float:
        """The share in percent; 0 where there is nothing to see."""
        seen, could = self.share(operations)
        return 100.0 * seen / could if could else 0.0

    def as_json(self, operations: Iterable[str] | None = None) -> dict[str, Any]:
        """What was counted of each operation (default: of all). Another process adds it up by `add`."""
        return {name: self.of(name).as_json() for name in (self.operations if operations is None else operations)}

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add what another test or process counted (`as_json`)."""
        for name, kinds in counts.items():
            if name in self.operations:
                mine = self.of(name)
                mine.polls += kinds.get("polls", 0)
                for kind in self.kinds:
                    mine.seen[kind].update(kinds[kind]["seen"])
                mine.strange.update(kinds.get("undocumented", {}))
