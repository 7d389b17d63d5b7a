"""The fixture `contract`: every exchange of a test checked against the definitions, alone and over time."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..contract import CODES, Finding, Session, exchange_of
from ..contract.cases import Profile
from ..contract.findings import SEVERITIES, at_least
from ..contract.result import Judged, Result
from ..contract.strictness import mode_of
from ..definitions import Definitions, load, strict_ids
from ..errors import InputError, did_you_mean
from ..exchanges.exchange import Exchange

if TYPE_CHECKING:
    import requests

MARKER = "@pytest.mark.mockserver_contract"
_NAMES = ("strict", "fail_on", "ignore")


@dataclass(frozen=True)
class ContractOptions:
    """How a test wants to be held: `strict` as of `contract.check`; from which severity on findings fail it (`fail_on`);
    which codes are left out (`ignore`)."""

    strict: bool | tuple[str, ...] = False
    fail_on: str = "warning"
    ignore: frozenset[str] = frozenset()

    def without(self, code: str) -> ContractOptions:
        """The same, with one more code left out."""
        return replace(self, ignore=self.ignore | {code})


def contract_options(options: Mapping[str, Any], definitions: Definitions) -> ContractOptions:
    """The terms that a marker's keywords make. Raises InputError for an unknown name, code, severity or contradiction, with
    the nearest."""
    for name in options:
        _check_allowed(name, _NAMES, f"{MARKER} has no {name!r}")
    fail_on = options.get("fail_on", "warning")
    _check_allowed(fail_on, SEVERITIES, f"{MARKER}: fail_on is {fail_on!r}")
    ignore = _texts_option("ignore", options.get("ignore", ()))
    for code in ignore:
        _check_allowed(code, CODES, f"{MARKER}: ignore has {code!r}, which is not a code of a finding")
    strict = options.get("strict", False)
    if not isinstance(strict, bool):
        strict = _texts_option("strict", strict)
        for identifier in strict:
            _check_allowed(
                identifier,
                ("all", *strict_ids(definitions.documents)),
                f"{MARKER}: strict has {identifier!r}, no contradiction's id",
            )
    return ContractOptions(strict, fail_on, frozenset(ignore))


def _check_allowed(name: Any, allowed: Collection[str], complaint: str) -> None:
    if name not in allowed:
        hint = did_you_mean(name, allowed)
        raise InputError(f"{complaint}{hint or '.'} Allowed: {', '.join(allowed)}")


def _texts_option(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InputError(f"{MARKER}: {name} is {value!r}; allowed: a list, such as {name}=[{str(value)!r}]")
    return tuple(value)


def session_for(options: ContractOptions, definitions: Definitions, files: Iterable[str] = ()) -> Session:
    """A session on these terms. `files` are the documents beside the shipped ones that the definitions were read from."""
    mode = mode_of(options.strict)
    strictly = load((Path(file) for file in files), mode.ids) if mode.ids else definitions
    return Session(strictly, mode)


@dataclass
class ContractJudge:
    """Judges by a session, and keeps what it found, but for what is ignored. Thread-safe."""

    session: Session
    ignore: frozenset[str]
    judged_findings: list[tuple[Judged, Finding]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, exchange: Exchange, case: str = "") -> Judged:
        """Judge an exchange with a service."""
        judged = self.session.check(exchange, case)
        self.keep(judged, judged.findings)
        return judged

    def result(self, target: str, seconds: float = 0) -> Result:
        """All that was judged."""
        return self.session.result(target, seconds)

    def keep(self, judged: Judged, findings: Iterable[Finding], ignore: Collection[str] = ()) -> None:
        """Keep findings about an exchange."""
        with self._lock:
            self.judged_findings += (
                (judged, finding) for finding in findings if finding.code not in self.ignore and finding.code not in ignore
            )


class Subject(Protocol):
    """What is held: a test's mock, or a service behind a proxy."""

    @property
    def url(self) -> str:
        """Where it answers."""

    @property
    def env(self) -> dict[str, str]:
        """The variables that turn SDK code to it."""

    def client(self) -> requests.Session:
        """A session that knows the URL and signs."""

    def settle(self) -> None:
        """Judge all that was answered so far."""

    def close(self) -> list[str]:
        """Judge the rest, and end; what could not be judged."""


class Contract:
    """What the fixture `contract` is: `findings` so far, `check` for answers got by other ways, and how to ask.

    Its text shows nothing of what was asked and answered.
    """

    def __init__(self, side: Subject, judge: ContractJudge, options: ContractOptions, profile: Profile) -> None:
        self._side, self._judge, self._terms, self._profile = side, judge, options, profile
        self._unjudged: list[str] = []

    @property
    def url(self) -> str:
        """Where to ask: the mock, or the proxy in front of the service. Without a slash at the end."""
        return self._side.url

    @property
    def env(self) -> dict[str, str]:
        """The variables that turn SDK code there; they are set for the test."""
        return self._side.env

    @property
    def session(self) -> Session:
        """The session that judges."""
        return self._judge.session

    @property
    def findings(self) -> list[Finding]:
        """What was found so far, but for ignored codes."""
        self._side.settle()
        return [item for _, item in self._judge.judged_findings]

    def client(self) -> requests.Session:
        """A `requests` session that knows the URL and signs: `client().get("/v3/.../jobs?id=1")`."""
        return self._side.client()

    def ids(self, service: str) -> dict[str, str]:
        """Ids to ask a service with, by the vendor's names: of the profile. Raises InputError for an unknown service."""
        _check_allowed(service, self._profile, f"the profile has no service {service!r}")
        return dict(self._profile[service])

    def check(self, answer: Any, request: Any = None) -> list[Finding]:
        """What departs from the documentation in an answer that was got by other ways; parameters as of `contract.check`.

        It is judged beside the others that come here, and fails nothing by itself: `assert not contract.check(answer)`.
        """
        judged = self._judge.session.check(exchange_of(answer, request), namespace="by other ways")
        return [finding for finding in judged.findings if finding.code not in self._judge.ignore]

    def close(self) -> None:
        """Judge what is left; the side ends."""
        self._unjudged = self._side.close()

    def complaint(self) -> str:
        """All findings as text, where they are as bad as `fail_on`, or where something could not be judged; else nothing."""
        bad = at_least([item for _, item in self._judge.judged_findings], self._terms.fail_on)
        if not bad and not self._unjudged:
            return ""
        head = (
            f"the contract is broken: {len(bad)} finding{'s' * (len(bad) != 1)} of severity {self._terms.fail_on} or worse"
        )
        return "\n".join([f"{head} (`mockserver explain CODE` tells more)", *self.lines()])

    def lines(self) -> list[str]:
        """All findings, a line each."""
        matches = [f"#{judged.number} {_request_line(judged)}: {item}" for judged, item in self._judge.judged_findings]
        return [*matches, *(f"not judged: {reason}" for reason in self._unjudged)]


def _request_line(judged: Judged) -> str:
    request = judged.exchange.request
    return f"{judged.operation or f'{request.method} {request.path}'} {judged.exchange.response.status or 'no answer'}"


def declared_at(findings: Iterable[Finding], place: str) -> list[Finding]:
    """Findings about an answer, with the place where the test declared what answered so."""
    return [finding if finding.part == "request" or not place else replace(finding, declared=place) for finding in findings]
