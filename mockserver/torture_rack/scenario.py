"""A hazard on scenario: its job and faults declared in a test's mock, and what happens on the clock while a poller waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..declare_job import DeclaredJob
from ..faults.declared_fault import DeclaredFault
from ..jobs.clock import SECOND
from ..testing.mock_server import MockServer
from .hazard import Hazard
from .service_profiles import profile_of

_CROWD = {"count": 150, "every": 0.5, "life": "hangs"}


class Scenario:
    """The job of a hazard, and its events, which come when the clock has reached them."""

    def __init__(self, double: MockServer, hazard: Hazard, service: str, fields: Mapping[str, Any]) -> None:
        self._double, self._hazard = double, hazard
        self._fields = dict(fields)
        self._profile = profile_of(double.mock.definitions, service)
        self._began = double.clock.now()
        self._waiting = list(hazard.events)
        self._closed: DeclaredFault | None = None
        self._job = self._declare(hazard.life(self._profile), hazard.job)
        for fault in hazard.faults(self._profile):
            double.fail(service, **fault)

    def _declare(self, life: Any, more: Mapping[str, Any]) -> DeclaredJob:
        return self._double.job(self._profile.service, life=life, **{**self._fields, **more})

    @property
    def hangs(self) -> bool:
        """Whether a call gets no answer."""
        return self._hazard.hangs

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let events happen while the block runs; a port that was closed is open after it."""
        self._double.clock.watch(self._look)
        try:
            yield
        finally:
            self._double.clock.unwatch(self._look)
            self.open_port()

    def _look(self) -> None:
        passed = (self._double.clock.now() - self._began) / SECOND
        while self._waiting and self._waiting[0][0] <= passed:
            getattr(self, f"_{self._waiting.pop(0)[1]}")()

    def _delete(self) -> None:
        self._job.delete()

    def _rerun(self) -> None:
        self._declare(self._profile.life_to(self._profile.failed), {})

    def _crowd(self) -> None:
        mine = ("facts", *self._profile.other_job)
        others = {name: value for name, value in self._fields.items() if name not in mine}
        self._double.job(self._profile.service, **{**others, **self._profile.other_job, **_CROWD})

    def _refuse(self) -> None:
        self.close_port()

    def _accept(self) -> None:
        self.open_port()

    def close_port(self) -> None:
        """From now on nobody listens, and all connections are closed."""
        if self._closed is None:
            self._closed = self._double.fail("*", fault="CONNECTION_REFUSED")

    def open_port(self) -> None:
        """Listen again."""
        if self._closed is not None:
            self._closed.remove()
            self._closed = None
