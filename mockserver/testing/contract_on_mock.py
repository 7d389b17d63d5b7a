"""The contract of a test's own mock: collects its exchanges, judges them later, and says which declaration answered."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..contract import Session
from ..definitions import Operation
from ..definitions.parameter_values import texts_of
from ..exchanges.exchange import Exchange
from ..exchanges.replays import values_of
from ..model import Request, Response
from ..namespace import Namespace
from ..services import single_of
from .call_site import shortened
from .contract_fixture import Contract, ContractJudge, ContractOptions, declared_at, session_for
from .mock_server import MockServer

if TYPE_CHECKING:
    import requests

_HARMLESS_FAULTS = ("delay", "SLOW_DRIBBLE")
"""Faults that don't change the answer."""
_MOST_PENDING = 500
_MOST_PLACES = 3


@dataclass(frozen=True, slots=True, repr=False)
class _PendingExchange:
    """An exchange that is to be judged. It still holds secrets, so it has no repr.

    `namespace` names the group of exchanges that it is compared with; `place` is where its answer was declared; `fault` is
    the kind of fault that changed it.
    """

    exchange: Exchange
    namespace: str
    place: str
    fault: str | None
    needs_credential: bool


def contract_for_mock(
    mocks: Iterable[MockServer], options: ContractOptions, profile: Mapping[str, Mapping[str, str]]
) -> Contract:
    """The contract for these mocks of one test. Raises InputError."""
    first, *_ = mocks_of_test = list(mocks)
    judge = ContractJudge(session_for(options, first.mock.definitions, first.mock.settings.definitions), options.ignore)
    project = first.credentials.project_id
    ids = {
        service: {name: project if name == "project_id" else value for name, value in service_ids.items()}
        for service, service_ids in profile.items()
    }
    return Contract(MockSubject(mocks_of_test, judge), judge, options, ids)


class MockSubject:
    """Collects the exchanges of mocks, and judges them when the findings are needed."""

    def __init__(self, mocks: list[MockServer], judge: ContractJudge) -> None:
        self._mocks, self._judge = mocks, judge
        self._pending: deque[_PendingExchange] = deque()
        self._lock = threading.Lock()
        for mock in mocks:
            mock.listeners.append(self._note)

    @property
    def url(self) -> str:
        """The mock's URL. Raises InputError if it has no socket."""
        return self._mocks[0].url

    @property
    def env(self) -> dict[str, str]:
        """The mock's variables."""
        return self._mocks[0].env

    def client(self) -> requests.Session:
        """The mock's client."""
        return self._mocks[0].client()

    def settle(self) -> None:
        """Judge all exchanges that were collected."""
        with self._lock:
            while self._pending:
                self._judge_pending(self._pending.popleft())

    def close(self) -> list[str]:
        """Judge the rest, and stop collecting."""
        for mock in self._mocks:
            mock.listeners.remove(self._note)
        self.settle()
        return []

    def _note(
        self, time: int, request: Request, response: Response, operation: Operation | None, namespace: Namespace
    ) -> None:
        exchange = Exchange(request, replace(response, delivery=None), time)
        group, place = _comparison_group(namespace, request, operation, time)
        kind = response.fault.kind if response.fault and response.fault.kind not in _HARMLESS_FAULTS else None
        if kind is not None and response.fault:
            place = next((entry.place for entry in namespace.faults.entries if entry.number == response.fault.number), place)
        self._pending.append(_PendingExchange(exchange, group, shortened(place), kind, namespace.settings.auth != "off"))
        if len(self._pending) > _MOST_PENDING:
            self.settle()

    def _judge_pending(self, pending: _PendingExchange) -> None:
        judged = self._judge.session.check(pending.exchange, namespace=pending.namespace, answer=pending.fault is None)
        findings = declared_at(judged.findings, pending.place)
        if pending.fault == "patch":
            findings += self._notes_about_patch(pending)
        ignore = () if pending.needs_credential else ("request-credential-missing",)
        self._judge.add_findings(judged, findings, ignore)

    def _notes_about_patch(self, pending: _PendingExchange) -> list[Any]:
        """Findings about a patched answer, as notes only, because the test itself asked for the patch."""
        separate_session = Session(self._judge.session.definitions, self._judge.session.mode)
        findings = separate_session.check(pending.exchange, request=False).findings
        return declared_at((replace(finding, severity="note") for finding in findings), pending.place)


def _comparison_group(namespace: Namespace, request: Request, operation: Operation | None, now: int) -> tuple[str, str]:
    """The group of exchanges that this one is compared with, and where its job was declared ("": nowhere).

    Jobs of two declarations are never compared, nor exchanges before and after a reset, because the test itself makes the
    difference. Rows of a list are told apart by their ids.
    """
    group = f"{namespace.name}/{namespace.resets}"
    if operation is None or operation.job is None:
        return group, ""
    values = values_of(operation, texts_of(operation, request))
    replayed = namespace.replays.find(operation, values, now)
    if replayed is not None:
        return f"{group}/replay {replayed[0]}", replayed[1].place
    specs = namespace.declared.matching(operation.job.kind, values)
    if single_of(operation) is not None:
        return (f"{group}/{specs[0].number}", specs[0].place) if specs else (group, "")
    return group, ", ".join(list(dict.fromkeys(spec.place for spec in specs if spec.place))[:_MOST_PLACES])
