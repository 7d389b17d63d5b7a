"""The result of a run, from which all reports are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..exchanges.exchange import Exchange
from .coverage import Coverage
from .findings import SEVERITIES, Finding


@dataclass(frozen=True, slots=True)
class Judgement:
    """An exchange and the findings about it. `case` names its contract case; `operation` is None if none matches.

    The exchange is redacted, so that reports print no secret.
    """

    number: int
    exchange: Exchange
    operation: str | None
    findings: tuple[Finding, ...]
    case: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll of a job: when (ms since 1970), the job's status as sent (None: the answer was an error), the HTTP status,
    and the number of the exchange. It stands for `times` polls that showed the same."""

    time: int
    state: str | None
    http: int
    number: int
    terminal: bool = False
    progress: float | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Timeline:
    """The polls of one job, in order."""

    operation: str
    job: str
    polls: tuple[Poll, ...]


@dataclass
class Result:
    """The result of a run. `skipped` are cases that were left out, `failed` those that could not be run, with the reasons.

    `target` says what was judged, `mode` how (as documented, or strict), `seconds` how long it took. `judged` has all
    exchanges with findings, and the first ones without; `more` is how many others have none, by operation.
    """

    target: str
    mode: str
    coverage: Coverage
    judged: list[Judgement] = field(default_factory=list)
    timelines: list[Timeline] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    more: Counter[str | None] = field(default_factory=Counter)

    @property
    def exchanges(self) -> int:
        """The number of exchanges that were judged."""
        return len(self.judged) + self.more.total()

    def findings(self) -> Iterator[tuple[Judgement, Finding]]:
        """Every finding, with its exchange."""
        return ((judged, finding) for judged in self.judged for finding in judged.findings)

    def counts(self) -> dict[str, int]:
        """The number of findings of each severity."""
        counts = Counter(finding.severity for _, finding in self.findings())
        return {severity: counts[severity] for severity in SEVERITIES}

    def exit_code(self, fail_on: str = "warning", fail_under: float | None = None) -> int:
        """0: clean; 1: findings as bad as `fail_on`, or coverage below `fail_under` (percent); 2: cases could not be run."""
        if self.failed:
            return 2
        failing_severities = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        if any(self.counts()[severity] for severity in failing_severities):
            return 1
        return 1 if fail_under is not None and self.coverage.percent() < fail_under else 0
