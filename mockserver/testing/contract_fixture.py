"""The fixture `contract`: checks every exchange of a test against the definitions, by itself and over time."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..contract import CODES, Finding, Session, exchange_of
from ..contract.cases import Profile
from ..contract.findings import SEVERITIES, at_least
from ..contract.result import Judgement, Result
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
    """How a test is checked: `strict` as for `contract.check`; `fail_on`, the least severity that fails the test; `ignore`,
    the codes that are left out."""

    strict: bool | tuple[str, ...] = False
    fail_on: str = "warning"
    ignore: frozenset[str] = frozenset()

    def without(self, code: str) -> ContractOptions:
        """The same options, with one more code left out."""
        return replace(self, ignore=self.ignore | {code})


def contract_options(options: Mapping[str, Any], definitions: Definitions) -> ContractOptions:
    """The options in a marker's keywords. Raises InputError for an unknown name, code, severity or contradiction, with the
    nearest one."""
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
    """A session with these options. `files`: the documents that the definitions were read from, beside the shipped ones."""
    mode = mode_of(options.strict)
    strict_definitions = load((Path(file) for file in files), mode.ids) if mode.ids else definitions
    return Session(strict_definitions, mode)


@dataclass
class ContractJudge:
    """Judges exchanges by a session, and collects the findings except ignored ones. Thread-safe."""

    session: Session
    ignore: frozenset[str]
    judged_findings: list[tuple[Judgement, Finding]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, exchange: Exchange, case: str = "") -> Judgement:
        """Judge an exchange with a service."""
        judged = self.session.check(exchange, case)
        self.add_findings(judged, judged.findings)
        return judged

    def result(self, target: str, seconds: float = 0) -> Result:
        """The result of everything that was judged."""
        return self.session.result(target, seconds)

    def add_findings(self, judged: Judgement, findings: Iterable[Finding], ignore: Collection[str] = ()) -> None:
        """Add the findings about an exchange, except ignored ones."""
        with self._lock:
            self.judged_findings += (
                (judged, finding) for finding in findings if finding.code not in self.ignore and finding.code not in ignore
            )


class Subject(Protocol):
    """The subject of a contract: a test's mock, or a service behind a proxy."""

    @property
    def url(self) -> str:
        """The subject's URL."""

    @property
    def env(self) -> dict[str, str]:
        """The variables that point SDK code at it."""

    def client(self) -> requests.Session:
        """A session that knows the URL, and signs its requests."""

    def settle(self) -> None:
        """Judge all exchanges so far."""

    def close(self) -> list[str]:
        """Judge the rest, and stop; returns what could not be judged."""


class Contract:
    """The object of the fixture `contract`: the `findings` so far, `check` for other answers, and how to send requests.

    Its repr shows nothing of requests and answers.
    """

    def __init__(self, subject: Subject, judge: ContractJudge, options: ContractOptions, profile: Profile) -> None:
        self._subject, self._judge, self._options, self._profile = subject, judge, options, profile
        self._unjudged: list[str] = []

    @property
    def url(self) -> str:
        """The URL of the mock, or of the proxy in front of the service, without a slash at the end."""
        return self._subject.url

    @property
    def env(self) -> dict[str, str]:
        """The variables that point SDK code at this URL; they are set during the test."""
        return self._subject.env

    @property
    def session(self) -> Session:
        """The session that judges."""
        return self._judge.session

    @property
    def findings(self) -> list[Finding]:
        """The findings so far, except ignored codes."""
        self._subject.settle()
        return [item for _, item in self._judge.judged_findings]

    def client(self) -> requests.Session:
        """A `requests` session that knows the URL, and signs its requests: `client().get("/v3/.../jobs?id=1")`."""
        return self._subject.client()

    def ids(self, service: str) -> dict[str, str]:
        """The profile's ids for requests to a service, by the vendor's names. Raises InputError for an unknown service."""
        _check_allowed(service, self._profile, f"the profile has no service {service!r}")
        return dict(self._profile[service])

    def check(self, answer: Any, request: Any = None) -> list[Finding]:
        """The findings about an answer that came another way; parameters as for `contract.check`.

        It is compared with the other answers given here, and doesn't fail the test: use `assert not contract.check(answer)`.
        """
        judged = self._judge.session.check(exchange_of(answer, request), namespace="by other ways")
        return [finding for finding in judged.findings if finding.code not in self._judge.ignore]

    def close(self) -> None:
        """Judge the remaining exchanges, and stop."""
        self._unjudged = self._subject.close()

    def complaint(self) -> str:
        """All findings as text, if one is as bad as `fail_on` or something could not be judged; else ""."""
        failing = at_least([item for _, item in self._judge.judged_findings], self._options.fail_on)
        if not failing and not self._unjudged:
            return ""
        count = f"{len(failing)} finding{'s' * (len(failing) != 1)}"
        head = f"the contract is broken: {count} of severity {self._options.fail_on} or worse"
        return "\n".join([f"{head} (`mockserver explain CODE` tells more)", *self.lines()])

    def lines(self) -> list[str]:
        """All findings, one line each."""
        finding_lines = [f"#{judged.number} {_request_line(judged)}: {item}" for judged, item in self._judge.judged_findings]
        return [*finding_lines, *(f"not judged: {reason}" for reason in self._unjudged)]


def _request_line(judged: Judgement) -> str:
    request = judged.exchange.request
    return f"{judged.operation or f'{request.method} {request.path}'} {judged.exchange.response.status or 'no answer'}"


def declared_at(findings: Iterable[Finding], place: str) -> list[Finding]:
    """The findings about an answer, with the place where the test declared the job or fault that gave it."""
    return [finding if finding.part == "request" or not place else replace(finding, declared=place) for finding in findings]
