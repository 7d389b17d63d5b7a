"""What a check has to say: findings, each with a stable code that `mockserver explain` tells more of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..definitions import Provenance
from ..errors import excerpt
from .codes import CODES

SEVERITIES = ("error", "warning", "note")
"""From worst to least."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One departure from what is documented.

    Parameters: `code`, a key of `CODES`; `severity`, one of `SEVERITIES`; `part`, what of the exchange is meant: status,
    header, body, request, or polls (several answers together); `pointer`, a JSON pointer into the body, which goes on
    through strings that hold JSON (or a header's, a parameter's name); `found` and `documented`, in words; `source`, where
    the document says so (`file#pointer`); `basis`, the provenance of that fact; `operation`, its id; `job`, who it is about;
    `declared`, where the user of a mock declared what answered so (`file:line`), in words.
    """

    code: str
    severity: str
    part: str
    pointer: str
    found: str
    documented: str
    source: str = ""
    basis: str = "documented"
    operation: str | None = None
    job: str = ""
    declared: str = ""

    @property
    def consequence(self) -> str:
        """What it does to a caller that polls."""
        return CODES[self.code].consequence

    def __str__(self) -> str:
        place = f"{self.part} {self.pointer}".strip()
        basis = "" if self.basis == "documented" else f" [{self.basis}]"
        job = f" ({self.job})" if self.job else ""
        return (
            f"{self.severity} {self.code} at {place}{job}: found {self.found}; documented{basis}: {self.documented}."
            f" {self.consequence}"
            + (f" See {self.source}" if self.source else "")
            + (f" Declared: {self.declared}" if self.declared else "")
        )

    def as_json(self) -> dict[str, Any]:
        """The finding as reports have it."""
        fields = ("code", "severity", "operation", "part", "pointer", "found", "documented", "basis", "source", "job")
        return {**{name: getattr(self, name) for name in fields}, "consequence": self.consequence}


def finding(
    code: str, part: str, pointer: str, result: Any, documented: str, source: str = "", provenance: Provenance | None = None
) -> Finding:
    """A finding with the severity of its code; what is documented nowhere can't be an error, only a warning."""
    basis = provenance.kind if provenance else "documented"
    severity = CODES[code].severity
    if severity == "error" and basis in ("analogous", "invented"):
        severity = "warning"
    return Finding(
        code, severity, part, pointer, result if isinstance(result, str) else excerpt(result), documented, source, basis
    )


def at_least(findings: list[Finding], severity: str) -> list[Finding]:
    """Those as bad as `severity` or worse."""
    return [item for item in findings if SEVERITIES.index(item.severity) <= SEVERITIES.index(severity)]
