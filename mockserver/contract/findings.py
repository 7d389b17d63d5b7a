"""Findings: what checks report, each with a stable code that `mockserver explain` explains."""

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

    Attributes:
        code: A key of `CODES`.
        severity: One of `SEVERITIES`.
        part: The part of the exchange: status, header, body, request, or polls (several answers together).
        pointer: A JSON pointer into the body, also into strings that hold JSON; or the name of a header or a parameter.
        found: What was found, in words.
        documented: What is documented, in words.
        source: Where the document says so (`file#pointer`).
        basis: The provenance of that fact.
        operation: The operation's id.
        job: The job's id or name.
        declared: Where the mock's user declared the job or fault that gave this answer (`file:line`), in words.
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
        """What the finding means for a caller that polls."""
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
        """The finding as it stands in JSON reports."""
        fields = ("code", "severity", "operation", "part", "pointer", "found", "documented", "basis", "source", "job")
        return {**{name: getattr(self, name) for name in fields}, "consequence": self.consequence}


def finding(
    code: str, part: str, pointer: str, found: Any, documented: str, source: str = "", provenance: Provenance | None = None
) -> Finding:
    """A finding with the severity of its code; if the fact is analogous or invented, an error is only a warning."""
    basis = provenance.kind if provenance else "documented"
    severity = CODES[code].severity
    if severity == "error" and basis in ("analogous", "invented"):
        severity = "warning"
    return Finding(
        code, severity, part, pointer, found if isinstance(found, str) else excerpt(found), documented, source, basis
    )


def at_least(findings: list[Finding], severity: str) -> list[Finding]:
    """The findings of this severity or a worse one."""
    return [item for item in findings if SEVERITIES.index(item.severity) <= SEVERITIES.index(severity)]
