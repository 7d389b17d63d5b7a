"""A hazard on scenario: its job and faults declared in a test's mock, and what happens on the clock while a poller waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..declare_job import DeclaredJob
from ..definitions import Operation
from ..faults.declared_fault import DeclaredFault
from ..jobs.clock import SECOND
from ..testing.mock_server import MockServer
from .hazard import Hazard
from .service_profiles import profile_of

_CROWD = {"count": 150, "every": 0.5, "life": "hangs"}


class Scenario:
    """The job of a hazard, and its events, which come when the clock has reached them.

    `starts`: the job waits for the call that starts it.
    """

    def __init__(
        self, double: MockServer, hazard: Hazard, service: str, fields: Mapping[str, Any], starts: bool = False
    ) -> None:
        self._double, self._hazard = double, hazard
        self._fields = dict(fields)
        self._profile = profile_of(double.mock.definitions, service)
        self._began = double.clock.now()
        self._waiting = list(hazard.events)
        self._closed: DeclaredFault | None = None
        waiting = {"started": False} if starts else {}
        self._job = self._declare(hazard.life(self._profile), {**hazard.job, **waiting})
        for fault in hazard.faults(self._profile):
            double.fail(fault.get("on", self._profile.operation.id), **{k: v for k, v in fault.items() if k != "on"})

    def _declare(self, life: Any, more: Mapping[str, Any]) -> DeclaredJob:
        return self._double.job(self._profile.service, life=life, **{**self._fields, **more})

    @property
    def hangs(self) -> bool:
        """Whether a call gets no answer."""
        return self._hazard.hangs

    def runs(self) -> int:
        """How often the job was started, by whatever call."""
        jobs = self._job.namespace.declared.all()
        mine = [job for job in jobs if job.made_by or job.number == self._job.number]
        return sum(1 + len(job.history) for job in mine if not job.waiting)

    def answered(self, operation: Operation) -> None:
        """A call was answered: one that would have stopped the job may have come too late."""
        if self._hazard.ends_at_stop and operation in self._profile.stops:
            self._job.end_as(self._profile.succeeded)

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
