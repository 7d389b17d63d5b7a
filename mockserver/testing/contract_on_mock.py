"""The contract held by a test's own mock: its exchanges as they were, judged later; whose declaration answered."""

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

_SOUND = ("delay", "SLOW_DRIBBLE")
"""Faults that leave an answer as it was."""
_WAITING = 500
_PLACES = 3


@dataclass(frozen=True, slots=True, repr=False)
class _Noted:
    """An exchange to judge, secrets and all, which is why it has no text.

    `namespace` is whose answers it is compared with; `place` where its answer was declared; `fault` what spoiled it.
    """

    exchange: Exchange
    namespace: str
    place: str
    fault: str | None
    needs_credential: bool


def hold_mock(doubles: Iterable[MockServer], options: ContractOptions, profile: Mapping[str, Mapping[str, str]]) -> Contract:
    """The contract that these doubles of one test are held to. Raises InputError."""
    first, *_ = mine = list(doubles)
    judge = ContractJudge(session_for(options, first.mock.definitions, first.mock.settings.definitions), options.ignore)
    project = first.credentials.project_id
    ids = {
        service: {name: project if name == "project_id" else value for name, value in allowed.items()}
        for service, allowed in profile.items()
    }
    return Contract(MockSubject(mine, judge), judge, options, ids)


class MockSubject:
    """Notes what doubles ask and answer, and has it judged when somebody wants to know."""

    def __init__(self, doubles: list[MockServer], judge: ContractJudge) -> None:
        self._doubles, self._judge = doubles, judge
        self._noted: deque[_Noted] = deque()
        self._lock = threading.Lock()
        for double in doubles:
            double.listeners.append(self._note)

    @property
    def url(self) -> str:
        """Where the mock answers. Raises InputError where it is on no socket."""
        return self._doubles[0].url

    @property
    def env(self) -> dict[str, str]:
        """The mock's variables."""
        return self._doubles[0].env

    def client(self) -> requests.Session:
        """The mock's client."""
        return self._doubles[0].client()

    def settle(self) -> None:
        """Judge all that was noted."""
        with self._lock:
            while self._noted:
                self._judge_noted(self._noted.popleft())

    def close(self) -> list[str]:
        """Judge the rest, and note no more."""
        for double in self._doubles:
            double.listeners.remove(self._note)
        self.settle()
        return []

    def _note(
        self, time: int, request: Request, response: Response, operation: Operation | None, namespace: Namespace
    ) -> None:
        exchange = Exchange(request, replace(response, delivery=None), time)
        among, place = _answered_by(namespace, request, operation, time)
        kind = response.fault.kind if response.fault and response.fault.kind not in _SOUND else None
        if kind is not None and response.fault:
            place = next((entry.place for entry in namespace.faults.entries if entry.number == response.fault.number), place)
        self._noted.append(_Noted(exchange, among, shortened(place), kind, namespace.settings.auth != "off"))
        if len(self._noted) > _WAITING:
            self.settle()

    def _judge_noted(self, noted: _Noted) -> None:
        judged = self._judge.session.check(noted.exchange, namespace=noted.namespace, answer=noted.fault is None)
        result = declared_at(judged.findings, noted.place)
        if noted.fault == "patch":
            result += self._patched(noted)
        ignore = () if noted.needs_credential else ("request-credential-missing",)
        self._judge.keep(judged, result, ignore)

    def _patched(self, noted: _Noted) -> list[Any]:
        """What a test's patch made of an answer is what the test wanted: it is reported, but only as a note."""
        apart = Session(self._judge.session.definitions, self._judge.session.mode)
        findings = apart.check(noted.exchange, request=False).findings
        return declared_at((replace(finding, severity="note") for finding in findings), noted.place)


def _answered_by(namespace: Namespace, request: Request, operation: Operation | None, now: int) -> tuple[str, str]:
    """Which answers this one is compared with, and where its job was declared (empty: nowhere).

    Jobs of two declarations are never compared, nor what was before a reset with what came after: the test itself made the
    difference. Rows of a list tell themselves apart.
    """
    among = f"{namespace.name}/{namespace.resets}"
    if operation is None or operation.job is None:
        return among, ""
    values = values_of(operation, texts_of(operation, request))
    replayed = namespace.replays.find(operation, values, now)
    if replayed is not None:
        return f"{among}/replay {replayed[0]}", replayed[1].place
    result = namespace.declared.matching(operation.job.kind, values)
    if single_of(operation) is not None:
        return (f"{among}/{result[0].number}", result[0].place) if result else (among, "")
    return among, ", ".join(list(dict.fromkeys(item.place for item in result if item.place))[:_PLACES])
