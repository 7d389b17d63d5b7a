"""What of the documentation a run has seen: HTTP statuses, error codes, job statuses, transitions, and what it hasn't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..definitions import Definitions, Operation

KINDS = ("http", "errors", "states", "transitions")
"""What is counted of an operation: HTTP statuses, documented errors by name, statuses of jobs, their changes."""


@dataclass
class Seen:
    """How often each documented thing of an operation was seen; what is not documented is in `strange`."""

    http: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    transitions: Counter[str] = field(default_factory=Counter)
    strange: Counter[str] = field(default_factory=Counter)

    def of(self, kind: str) -> Counter[str]:
        """The counts of a kind."""
        counts: Counter[str] = getattr(self, kind)
        return counts


def documented(operation: Operation) -> dict[str, tuple[str, ...]]:
    """What could be seen of an operation, by kind, in the document's order. A transition is `FROM -> TO`."""
    job = operation.job
    transitions = [f"{before} -> {after}" for before in job.states for after in _ordered(operation, before)] if job else []
    return {
        "http": tuple(str(status) for status in sorted(operation.responses)),
        "errors": tuple(example.name for example in operation.errors()),
        "states": tuple(job.states) if job else (),
        "transitions": tuple(transitions),
    }


def _ordered(operation: Operation, before: str) -> Iterable[str]:
    assert operation.job is not None
    return [state for state in operation.job.states if state in operation.job.transitions[before]]


class Coverage:
    """The counts of a run, for each operation. Runs of several processes are added up."""

    def __init__(self, definitions: Definitions) -> None:
        self.operations = {operation.id: operation for operation in definitions.operations}
        self.seen: dict[str, Seen] = {name: Seen() for name in self.operations}
        self._documented: dict[str, dict[str, tuple[str, ...]]] = {}

    def _of(self, name: str) -> dict[str, tuple[str, ...]]:
        if name not in self._documented:
            self._documented[name] = documented(self.operations[name])
        return self._documented[name]

    def count(self, operation: str, kind: str, name: str) -> None:
        """Count something seen; what isn't documented doesn't count, but is kept."""
        seen = self.seen[operation]
        if name in self._of(operation)[kind]:
            seen.of(kind)[name] += 1
        else:
            seen.strange[f"{kind}: {name}"] += 1

    def exercised(self) -> list[str]:
        """The operations that were asked at all."""
        return [name for name, seen in self.seen.items() if seen.http or seen.strange]

    def share(self, operations: Iterable[str] | None = None, kinds: Iterable[str] = KINDS) -> tuple[int, int]:
        """How many documented things were seen, of how many; of all operations that were asked, if not said otherwise."""
        names = self.exercised() if operations is None else list(operations)
        could = [(name, kind, len(self._of(name)[kind])) for name in names for kind in kinds]
        seen = sum(len(self.seen[name].of(kind)) for name, kind, _ in could)
        return seen, sum(count for _, _, count in could)

    def percent(self, operations: Iterable[str] | None = None, kinds: Iterable[str] = KINDS) -> float:
        """The share in percent."""
        seen, could = self.share(operations, kinds)
        return 100.0 * seen / could if could else 0.0

    def as_json(self) -> dict[str, Any]:
        """For each operation and kind: what was seen how often, and what was not."""
        return {name: self._operation(name) for name in self.operations}

    def _operation(self, name: str) -> dict[str, Any]:
        seen, could = self.seen[name], self._of(name)
        kinds: dict[str, Any] = {
            kind: {"seen": dict(seen.of(kind)), "missing": [item for item in could[kind] if item not in seen.of(kind)]}
            for kind in KINDS
        }
        return {**kinds, "undocumented": dict(seen.strange)}

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add what another process counted (`as_json`)."""
        for name, kinds in counts.items():
            if name in self.seen:
                for kind in KINDS:
                    self.seen[name].of(kind).update(kinds[kind]["seen"])
                self.seen[name].strange.update(kinds.get("undocumented", {}))
