"""The result of a run: what every report is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..exchanges.exchange import Exchange
from .coverage import Coverage
from .findings import SEVERITIES, Finding


@dataclass(frozen=True, slots=True)
class Judged:
    """An exchange and what was found in it. `case` names the case that made it, `operation` is None where none matched.

    The exchange is redacted: what reports print holds no secret.
    """

    number: int
    exchange: Exchange
    operation: str | None
    findings: tuple[Finding, ...]
    case: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """One look at a job: when (ms), its status as sent (None: an error came), the HTTP status, the exchange's number.

    It stands for so many looks (`times`) that showed the same.
    """

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
    """What a run has found. `skipped` are cases with the reason; `failed` are cases that could not be run, with the reason.

    `target` is what was judged, `mode` how (as documented, or strict), `seconds` how long it took. `judged` are exchanges in
    order: all that have findings, and the first ones of the others; how many more there are, by operation, says `more`.
    """

    target: str
    mode: str
    coverage: Coverage
    judged: list[Judged] = field(default_factory=list)
    timelines: list[Timeline] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    more: Counter[str | None] = field(default_factory=Counter)

    @property
    def exchanges(self) -> int:
        """How many exchanges were judged."""
        return len(self.judged) + self.more.total()

    def findings(self) -> Iterator[tuple[Judged, Finding]]:
        """Every finding with the exchange that has it."""
        return ((judged, finding) for judged in self.judged for finding in judged.findings)

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        result = Counter(finding.severity for _, finding in self.findings())
        return {severity: result[severity] for severity in SEVERITIES}

    def exit_code(self, fail_on: str = "warning", fail_under: float | None = None) -> int:
        """0 clean, 1 findings as bad as `fail_on` or too little coverage (percent), 2 where cases could not be run."""
        if self.failed:
            return 2
        worst = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        if any(self.counts()[severity] for severity in worst):
            return 1
        return 1 if fail_under is not None and self.coverage.percent() < fail_under else 0
