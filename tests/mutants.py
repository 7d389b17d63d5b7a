"""Mutants: valid exchanges with one thing made wrong, each knowing where it must be found and by which name.

Mutants are made by rules from the documents' schemas, never picked by hand. One that is still valid by the document is
equivalent, and not made; each maker's docstring says by which rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mockserver.contract.cases import Case
from mockserver.contract.findings import Finding
from mockserver.contract.runner import Endpoint, Pace, run_case
from mockserver.contract.session import Session
from mockserver.definitions import Definitions
from mockserver.exchanges.exchange import Exchange

BODY, HTTP, TIME, REQUEST = "body", "http", "time", "request"
"""What is wrong of an exchange: what stands in the body; the answer as HTTP and text; several answers; the request."""


@dataclass(frozen=True)
class Mutant:
    """A wrong exchange, after those that came before it (which are right).

    `kind` is what was done, `area` which part of the kit's work it is, `places` are where it must be found (`part pointer`),
    `codes` by which codes; any pair of them is right. `note` says for people what was changed. `before` are valid.
    """

    kind: str
    area: str
    operation: str
    exchange: Exchange
    places: frozenset[str]
    codes: frozenset[str]
    note: str
    before: tuple[Exchange, ...] = ()

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.kind}, {self.operation}: {self.note}"


@dataclass(frozen=True)
class Verdict:
    """What the kit said of a mutant: what it found before (should be nothing), and in the mutant itself."""

    mutant: Mutant
    before: tuple[Finding, ...]
    findings: tuple[Finding, ...]

    @property
    def killed(self) -> bool:
        """Whether anything was found."""
        return bool(self.findings)

    @property
    def at_the_right_place(self) -> bool:
        """Whether a finding has one of the right codes at one of the right places."""
        mutant = self.mutant
        return any(
            finding.code in mutant.codes and f"{finding.part} {finding.pointer}" in mutant.places
            for finding in self.findings
        )

    def __str__(self) -> str:
        findings = "; ".join(f"{finding.code} at {finding.part} {finding.pointer}" for finding in self.findings) or "nothing"
        wanted = f"{' or '.join(sorted(self.mutant.codes))} at {' or '.join(sorted(self.mutant.places))}"
        return f"{self.mutant.name}\n    wanted {wanted}\n    found {findings}"


def mutant(
    kind: str,
    area: str,
    operation: str,
    exchange: Exchange,
    places: Iterable[str],
    codes: Iterable[str],
    note: str,
    before: tuple[Exchange, ...] = (),
) -> Mutant:
    """A mutant."""
    return Mutant(kind, area, operation, exchange, frozenset(places), frozenset(codes), note, before)


def judge(definitions: Definitions, one: Mutant) -> Verdict:
    """What a new session of the kit says; of a job that never ends, what the runner says that polls it."""
    session = Session(definitions)
    if "job-never-ends" in one.codes:
        return Verdict(one, (), tuple(_polled(session, one)))
    before = [finding for exchange in one.before for finding in session.check(exchange).findings]
    return Verdict(one, tuple(before), session.check(one.exchange).findings)


def _polled(session: Session, one: Mutant) -> list[Finding]:
    """The findings of a case that waits for an end, from a target that always gives the same answer."""
    replayed = Endpoint(lambda _request, _credential: one.exchange, lambda: one.exchange.time or 0, lambda _seconds: None)
    service = session.definitions.operation(one.operation).service
    request = {"method": one.exchange.request.method, "path": one.exchange.request.path, "query": one.exchange.request.query}
    case = Case(one.kind, service, one.operation, {"ends": True}, request=request, poll=True)
    return run_case(case, session, replayed, {}, Pace(polls=5))


def with_body(exchange: Exchange, body: bytes) -> Exchange:
    """The exchange with another body, whose length its header tells."""
    headers = tuple(
        (name, str(len(body)) if name.lower() == "content-length" else value) for name, value in exchange.response.headers
    )
    return replace(exchange, response=replace(exchange.response, body=body, headers=headers))


def with_json(exchange: Exchange, value: Any) -> Exchange:
    """The exchange with another JSON body."""
    return with_body(exchange, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def with_header(exchange: Exchange, name: str, value: str | None) -> Exchange:
    """The exchange with another value of a header of its answer; None takes the header away."""
    headers = [(key, one) for key, one in exchange.response.headers if key.lower() != name.lower()]
    return replace(
        exchange,
        response=replace(exchange.response, headers=(*headers, *([(name, value)] if value is not None else []))),
    )


def with_status(exchange: Exchange, status: int) -> Exchange:
    """The exchange with another HTTP status."""
    return replace(exchange, response=replace(exchange.response, status=status))
