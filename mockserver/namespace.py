"""A namespace: everything that belongs to one test, or one access key, alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from .answers.resources import Resources
from .exchanges.replays import Replays
from .faults.registry import FaultRegistry
from .jobs.clock import Clock, parse_time
from .jobs.job_registry import JobRegistry
from .jobs.store import Store
from .jobs.trajectory import Progress
from .journal import Journal
from .settings import Settings

DEFAULT_NAMESPACE = "default"
_SERIALS = count(1)


@dataclass
class Namespace:
    """The settings, clock, declared jobs and faults, replays of recorded jobs, state and journal of a namespace.

    `epoch` is when made-up jobs begin (ms since 1970; None: at their first request); `resets` is how often it was reset.
    `serial` is a different number for each namespace, and after each reset.
    """

    name: str
    settings: Settings
    clock: Clock
    declared: JobRegistry = field(default_factory=JobRegistry)
    store: Store = field(default_factory=Store)
    journal: Journal = field(default_factory=Journal)
    epoch: int | None = None
    replays: Replays = field(default_factory=Replays)
    faults: FaultRegistry = field(default_factory=FaultRegistry)
    resets: int = 0
    resources: Resources = field(default_factory=Resources)
    serial: int = field(default_factory=_SERIALS.__next__)

    def __repr__(self) -> str:
        return f"<Namespace {self.name!r}, {len(self.declared.all())} jobs, {self.clock!r}>"

    @classmethod
    def new(cls, name: str, settings: Settings, clock: Clock | None = None) -> Namespace:
        """An empty namespace. Raises InputError for a wrong setting."""
        Progress.parse(settings.progress)
        epoch = parse_time(settings.epoch) if settings.epoch else None
        start = parse_time(settings.time) if settings.time else None
        clock = clock or Clock(start, settings.speed, settings.tick)
        clock.watchdog = settings.drive_watchdog
        return cls(name, settings, clock, epoch=epoch, faults=FaultRegistry(settings.seed))

    def changes(self) -> int:
        """A number that grows with each change, other than time, that answers depend on: as long as it stays, the same
        request at the same time gets the same answer."""
        return self.declared.changes + self.store.changes + self.resources.changes

    def reset(self) -> None:
        """Forget jobs, faults, state and journal, and restart the clock."""
        self.resets += 1
        self.serial = next(_SERIALS)
        self.declared.clear()
        self.faults.clear()
        self.store.clear()
        self.resources.clear()
        self.journal.clear()
        self.clock.restart()
