"""A result arranged as reports show it: by operation, findings of one kind and place together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ...definitions import Operation
from ..coverage import Coverage, OperationCoverage
from ..findings import SEVERITIES, Finding
from ..result import Judged, Result, Timeline
from .text import counted, lasting

KIND_TITLES = {
    "http": "HTTP statuses",
    "errors": "Error codes",
    "states": "Job statuses",
    "transitions": "Transitions",
    "faults": "Faults",
}
"""What is counted of an operation, in words."""

_INDEX = re.compile(r"(?<=/)\d+(?=/|\Z)")


@dataclass(frozen=True, slots=True)
class Instance:
    """A finding and the exchange that has it."""

    judged: Judged
    finding: Finding


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one code at one place, rows of lists taken together (`/rows/*/status`), in the order of the run."""

    pattern: str
    instances: tuple[Instance, ...]

    @property
    def first(self) -> Instance:
        """The finding that stands for all."""
        return self.instances[0]

    @property
    def finding(self) -> Finding:
        """The first one's finding."""
        return self.instances[0].finding

    @property
    def numbers(self) -> list[int]:
        """The exchanges that have it, each once."""
        return list(dict.fromkeys(instance.judged.number for instance in self.instances))


@dataclass(frozen=True, slots=True)
class Share:
    """What of a kind was seen (with how often), and what was not, in the document's order."""

    kind: str
    seen: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]

    @property
    def title(self) -> str:
        """The kind in words."""
        return KIND_TITLES[self.kind]

    @property
    def of(self) -> int:
        """How many could be seen."""
        return len(self.seen) + len(self.missing)


@dataclass(frozen=True, slots=True)
class Section:
    """An operation of the run. `operation` is None for requests that no operation has; `clean` exchanges have no finding,
    and of these `more` are only counted."""

    operation: Operation | None
    judged: tuple[Judged, ...]
    groups: tuple[Group, ...]
    timelines: tuple[Timeline, ...]
    shares: tuple[Share, ...]
    strange: tuple[tuple[str, int], ...]
    percent: float
    more: int = 0

    @property
    def name(self) -> str:
        """The operation's id, or what stands for none."""
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
        """How many exchanges have no finding."""
        return self.more + sum(not judgement.findings for judgement in self.judged)

    @property
    def exchanges(self) -> int:
        """How many exchanges were judged."""
        return self.more + len(self.judged)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity."""
        by_severity = Counter(finding.severity for judgement in self.judged for finding in judgement.findings)
        return {severity: by_severity[severity] for severity in SEVERITIES}


@dataclass(frozen=True, slots=True)
class View:
    """A whole result. `verdict` is PASS, FAIL or INCOMPLETE, as the exit code says; `unasked` operations saw no request."""

    result: Result
    verdict: str
    sections: tuple[Section, ...]
    unasked: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One line: what came out."""
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
    seen, could = coverage.share()
    return f"coverage {coverage.percent():.1f}% ({seen}/{could}, of what was asked)"


def view_of(result: Result, fail_on: str = "warning", fail_under: float | None = None) -> View:
    """The view of a result; `fail_on` (a severity) and `fail_under` (percent of coverage) decide the verdict."""
    verdict = ("PASS", "FAIL", "INCOMPLETE")[result.exit_code(fail_on, fail_under)]
    by_operation: dict[str | None, list[Judged]] = {}
    for judged in result.judged:
        by_operation.setdefault(judged.operation, []).append(judged)
    called = {*result.coverage.exercised(), *filter(None, [*by_operation, *result.more])} | {
        t.operation for t in result.timelines
    }
    names = [name for name in result.coverage.operations if name in called]
    sections = [_section_of(result, name, by_operation.get(name, [])) for name in names]
    strangers = [
        judgement
        for name, judgements in by_operation.items()
        if name not in result.coverage.operations
        for judgement in judgements
    ]
    more = sum(count for name, count in result.more.items() if name not in result.coverage.operations)
    if strangers or more:
        sections.append(Section(None, tuple(strangers), groups_of(strangers), (), (), (), 0.0, more))
    unasked = tuple(name for name in result.coverage.operations if name not in called)
    return View(result, verdict, tuple(sections), unasked)


def _section_of(result: Result, name: str, judged: list[Judged]) -> Section:
    counted = result.coverage.of(name)
    timelines = tuple(timeline for timeline in result.timelines if timeline.operation == name)
    strange = tuple(counted.strange.items())
    percent, groups, shares = result.coverage.percent([name]), groups_of(judged), shares_of(counted)
    return Section(counted.operation, tuple(judged), groups, timelines, shares, strange, percent, result.more[name])


def shares_of(counted: OperationCoverage) -> tuple[Share, ...]:
    """What was seen of an operation, and what was not, for each kind that there is something of."""
    kinds = [kind for kind in counted.kinds if counted.documented[kind]]
    return tuple(Share(kind, tuple(counted.seen_in_order(kind).items()), tuple(counted.missing(kind))) for kind in kinds)


def groups_of(judged: Iterable[Judged]) -> tuple[Group, ...]:
    """Findings together by severity, code, part and place; the worst first, then as they came."""
    by_key: dict[tuple[str, ...], list[Instance]] = {}
    for judgement in judged:
        for finding in judgement.findings:
            key = (finding.severity, finding.code, finding.part, pattern_of(finding.pointer))
            by_key.setdefault(key, []).append(Instance(judgement, finding))
    groups = [Group(key[3], tuple(instances)) for key, instances in by_key.items()]
    return tuple(sorted(groups, key=lambda group: SEVERITIES.index(group.finding.severity)))


def pattern_of(pointer: str) -> str:
    """A pointer with every index of a row as `*`."""
    return _INDEX.sub("*", pointer)


def place_of(finding: Finding, pointer: str | None = None) -> str:
    """Where a finding is: the part of the exchange, and the place in it."""
    return f"{finding.part} {finding.pointer if pointer is None else pointer}".strip()


def asked_of(judged: Judged) -> str:
    """The request in one line: method, path and query."""
    request = judged.exchange.request
    return f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")


def documented_of(finding: Finding) -> str:
    """What is documented, with the basis where it isn't a document of the vendor."""
    return finding.documented + ("" if finding.basis == "documented" else f" [{finding.basis}]")
