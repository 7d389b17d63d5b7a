"""A result as reports show it: by operation, with findings of one kind and place together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ...definitions import Operation
from ..coverage import Coverage, OperationCoverage
from ..findings import SEVERITIES, Finding
from ..result import Judgement, Result, Timeline
from .text import counted, lasting

KIND_TITLES = {
    "http": "HTTP statuses",
    "errors": "Error codes",
    "states": "Job statuses",
    "transitions": "Transitions",
    "faults": "Faults",
}
"""The kinds of names that are counted for each operation, in words."""

_INDEX = re.compile(r"(?<=/)\d+(?=/|\Z)")


@dataclass(frozen=True, slots=True)
class Instance:
    """A finding and its exchange."""

    judgement: Judgement
    finding: Finding


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one code at one place, in the order of the run. All rows of a list are one place (`/rows/*/status`)."""

    pattern: str
    instances: tuple[Instance, ...]

    @property
    def first(self) -> Instance:
        """The instance that stands for all of them."""
        return self.instances[0]

    @property
    def finding(self) -> Finding:
        """The finding of the first instance."""
        return self.instances[0].finding

    @property
    def numbers(self) -> list[int]:
        """The numbers of the exchanges with such a finding, each once."""
        return list(dict.fromkeys(instance.judgement.number for instance in self.instances))


@dataclass(frozen=True, slots=True)
class Share:
    """The names of one kind that were seen (with counts), and those that were not, in the document's order."""

    kind: str
    seen: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]

    @property
    def title(self) -> str:
        """The kind in words."""
        return KIND_TITLES[self.kind]

    @property
    def of(self) -> int:
        """How many names are documented."""
        return len(self.seen) + len(self.missing)


@dataclass(frozen=True, slots=True)
class Section:
    """An operation in the run; `operation` is None for the requests that match no operation. `more` exchanges without
    findings are only counted."""

    operation: Operation | None
    judgements: tuple[Judgement, ...]
    groups: tuple[Group, ...]
    timelines: tuple[Timeline, ...]
    shares: tuple[Share, ...]
    undocumented: tuple[tuple[str, int], ...]
    percent: float
    more: int = 0

    @property
    def name(self) -> str:
        """The operation's id, or a text for no operation."""
        return self.operation.id if self.operation else "(no operation)"

    @property
    def line(self) -> str:
        """Method and path."""
        return (
            f"{self.operation.method.upper()} {self.operation.path}"
            if self.operation
            else "Requests to no documented operation"
        )

    @property
    def clean(self) -> int:
        """The number of exchanges without findings."""
        return self.more + sum(not judgement.findings for judgement in self.judgements)

    @property
    def exchanges(self) -> int:
        """The number of exchanges that were judged."""
        return self.more + len(self.judgements)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity."""
        by_severity = Counter(finding.severity for judgement in self.judgements for finding in judgement.findings)
        return {severity: by_severity[severity] for severity in SEVERITIES}


@dataclass(frozen=True, slots=True)
class View:
    """A whole result. `verdict` is PASS, FAIL or INCOMPLETE, like the exit code; `unasked` operations got no request."""

    result: Result
    verdict: str
    sections: tuple[Section, ...]
    unasked: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        result, counts = self.result, self.result.counts()
        operations = [section for section in self.sections if section.operation]
        parts = [
            f"{', '.join(counted(counts[severity], severity) for severity in SEVERITIES)} in"
            f" {counted(result.exchanges, 'exchange')} of {counted(len(operations), 'operation')}",
            *([f"{counted(len(result.failed), 'case')} could not be run"] if result.failed else []),
            *([f"{len(result.skipped)} skipped"] if result.skipped else []),
            _coverage(result.coverage),
            lasting(result.seconds),
        ]
        return f"{self.verdict}: {'; '.join(parts)}"


def _coverage(coverage: Coverage) -> str:
    seen_count, total_count = coverage.share()
    return f"coverage {coverage.percent():.1f}% ({seen_count}/{total_count}, of what was asked)"


def view_of(result: Result, fail_on: str = "warning", fail_under: float | None = None) -> View:
    """The view of a result; `fail_on` (a severity) and `fail_under` (percent of coverage) decide the verdict."""
    verdict = ("PASS", "FAIL", "INCOMPLETE")[result.exit_code(fail_on, fail_under)]
    by_operation: dict[str | None, list[Judgement]] = {}
    for judgement in result.judged:
        by_operation.setdefault(judgement.operation, []).append(judgement)
    called_operations = (
        set(result.coverage.exercised())
        | {name for name in (*by_operation, *result.more) if name}
        | {timeline.operation for timeline in result.timelines}
    )
    names = [name for name in result.coverage.operations if name in called_operations]
    sections = [_section_of(result, name, by_operation.get(name, [])) for name in names]
    without_operation = [
        judgement
        for name, judgements in by_operation.items()
        if name not in result.coverage.operations
        for judgement in judgements
    ]
    more = sum(count for name, count in result.more.items() if name not in result.coverage.operations)
    if without_operation or more:
        sections.append(Section(None, tuple(without_operation), groups_of(without_operation), (), (), (), 0.0, more))
    unasked = tuple(name for name in result.coverage.operations if name not in called_operations)
    return View(result, verdict, tuple(sections), unasked)


def _section_of(result: Result, name: str, judgements: list[Judgement]) -> Section:
    coverage = result.coverage.of(name)
    timelines = tuple(timeline for timeline in result.timelines if timeline.operation == name)
    undocumented = tuple(coverage.undocumented.items())
    return Section(
        coverage.operation,
        tuple(judgements),
        groups_of(judgements),
        timelines,
        shares_of(coverage),
        undocumented,
        result.coverage.percent([name]),
        result.more[name],
    )


def shares_of(coverage: OperationCoverage) -> tuple[Share, ...]:
    """The share of each kind that the operation documents anything of."""
    kinds = [kind for kind in coverage.kinds if coverage.documented_names[kind]]
    return tuple(Share(kind, tuple(coverage.seen_in_order(kind).items()), tuple(coverage.missing(kind))) for kind in kinds)


def groups_of(judgements: Iterable[Judgement]) -> tuple[Group, ...]:
    """Findings grouped by severity, code, part and place; the worst first, then in the order of the run."""
    by_key: dict[tuple[str, ...], list[Instance]] = {}
    for judgement in judgements:
        for finding in judgement.findings:
            key = (finding.severity, finding.code, finding.part, pattern_of(finding.pointer))
            by_key.setdefault(key, []).append(Instance(judgement, finding))
    groups = [Group(key[3], tuple(instances)) for key, instances in by_key.items()]
    return tuple(sorted(groups, key=lambda group: SEVERITIES.index(group.finding.severity)))


def pattern_of(pointer: str) -> str:
    """A pointer with every index of a list as `*`."""
    return _INDEX.sub("*", pointer)


def place_of(finding: Finding, pointer: str | None = None) -> str:
    """The place of a finding: the part of the exchange, and the pointer into it."""
    return f"{finding.part} {finding.pointer if pointer is None else pointer}".strip()


def asked_of(judgement: Judgement) -> str:
    """The request in one line: method, path and query."""
    request = judgement.exchange.request
    return f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")


def documented_of(finding: Finding) -> str:
    """What is documented, with the basis if it isn't a vendor's document."""
    return finding.documented + ("" if finding.basis == "documented" else f" [{finding.basis}]")
