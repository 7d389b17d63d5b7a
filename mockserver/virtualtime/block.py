"""The block in which time is virtual: what is replaced at its beginning, and put back at its end, whatever happens."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from .. import real_time as real
from ..when_imported import when_imported
from . import alarms, forked, locks, loops, polls, refused, sockets, time_functions, trio_loops, wall
from . import engine as engines
from .children import Children
from .conductor import Conductor
from .engine import Engine, Patch
from .errors import AlreadyDriven
from .replace import Holders, Pair, put_back
from .signals import DeferredSignals
from .turnstile import LOCK_CODE

if TYPE_CHECKING:
    from ..jobs.clock import Clock

_driving = real.Lock()
_holders = Holders()


class VirtualTime(AbstractContextManager["Clock"]):
    """See `virtual_time`."""

    def __init__(
        self, clock: Clock, on_sleep: Callable[[], object], bystanders: Collection[threading.Thread], watchdog: float
    ) -> None:
        self._clock, self._on_sleep, self._bystanders, self._watchdog = clock, on_sleep, bystanders, watchdog
        self._driver = threading.current_thread()
        self._undo = ExitStack()
        protected = (VirtualTime.__enter__.__code__, VirtualTime.__exit__.__code__)
        self._signals = DeferredSignals(protected, LOCK_CODE, self._interrupted)
        self._engine: Engine | None = None

    def __enter__(self) -> Clock:
        self._signals.install()
        try:
            self._enter()
        except BaseException:
            self._signals.remove()
            raise
        if self._signals.pending:
            self._leave()
            self._signals.deliver()
        return self._clock

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leave()
        engine = self._engine
        if engine is not None and engine.interrupted:
            self._signals.drop(signal.SIGINT)  # ours came late: the error is on its way out
        self._signals.deliver()
        if engine is not None and engine.error is not None and error is not engine.error:
            raise engine.error from (None if isinstance(error, KeyboardInterrupt) else error)

    def _enter(self) -> None:
        if not _driving.acquire(False):
            raise AlreadyDriven("time is already driven by a clock in this process; leave that block first")
        self._driver = threading.current_thread()
        try:
            loops.refuse_running_loop()
            self._begin()
            assert self._engine is not None
            loops.rouse(self._engine)
        except BaseException:
            self._end_block()
            raise

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        if self._engine is not None and self._engine.error:
            raise KeyboardInterrupt  # sent by the watchdog; whatever else sends it is still ignored

    def _leave(self) -> None:
        try:
            self._end_block()
        finally:
            self._signals.remove()

    def _begin(self) -> None:
        clock, undo = self._clock, self._undo
        undo.callback(clock.run, clock.speed)
        clock.freeze()
        move_wall, end_wall = wall.begin(clock)
        undo.callback(end_wall)
        engine = self._engine = Engine(clock, self._driver, self._on_sleep, self._bystanders, move_wall)
        engine.lock.signals, engine.lock.deliver = self._signals.pending, self._signals.deliver_between
        undo.callback(forked.begin(engine))
        undo.callback(alarms.begin(engine))
        children = Children()
        engine.holds.append(children.busy)
        time_functions.begin()
        undo.callback(_replace_functions(time_functions.pairs()))
        self._patch([*locks.patches(), *sockets.patches(), *polls.patches(), *loops.patches()])
        self._patch([*alarms.patches(), *refused.patches(), *children.patches()])
        later = (("trio", trio_loops.patches), ("uvloop", loops.uvloop_patches), ("gevent.hub", refused.gevent_patches))
        for module, patches in later:
            undo.callback(when_imported(module, partial(self._patch_with, patches)))
        clock.watch(engine.follow)
        undo.callback(clock.unwatch, engine.follow)
        conductor = Conductor(engine, self._watchdog)
        conductor.start()  # before anybody is driven: to wait for its thread is not a sleep
        undo.callback(conductor.stop)
        engines.activate(engine)
        undo.callback(engines.activate, None)

    def _patch_with(self, patches: Callable[[], list[Patch]]) -> None:
        self._patch(patches())

    def _patch(self, patches: list[Patch]) -> None:
        for owner, name, replacement in patches:
            inherited = name not in vars(owner)
            before = getattr(owner, name)
            setattr(owner, name, replacement)
            if inherited:
                self._undo.callback(delattr, owner, name)
            else:
                self._undo.callback(setattr, owner, name, before)

    def _end_block(self) -> None:
        try:
            if self._engine is not None:
                self._engine.end()  # nothing moves while everything is put back
            self._undo.close()
        finally:
            _driving.release()


def _replace_functions(pairs: list[Pair]) -> Callable[[], None]:
    """Put ours in the place of the real functions. Returns what puts those back, in modules imported meanwhile, too."""
    counts = _counts(pairs)
    places = _holders.replace(pairs)

    def back() -> None:
        put_back(places)
        if _counts(pairs) != counts:
            Holders().replace([(ours, theirs) for theirs, ours in pairs])

    return back


def _counts(pairs: list[Pair]) -> list[int]:
    return [sys.getrefcount(ours) for _, ours in pairs]
