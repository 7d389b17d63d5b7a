"""The faults of a namespace: which one a request gets, and how often each was served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..generate import fraction
from .model import Fault

Watcher = Callable[[], None]


@dataclass(slots=True, eq=False)
class ActiveFault:
    """A declared fault with its counts: `matched` requests that it is meant for, `served` requests that got it.

    `began` is when the quota's window began (ms), `passed` how many calls have passed in it. `place` is where the fault was
    declared (`file:line` or `file#pointer`), if that is known.
    """

    number: int
    fault: Fault
    matched: int = 0
    served: int = 0
    began: int | None = None
    passed: int = 0
    place: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fault as `/_mock/faults` shows it."""
        return {
            "number": self.number,
            "target": self.fault.target,
            "kind": self.fault.kind,
            "served": self.served,
            "fields": dict(self.fault.fields),
        }


@dataclass(frozen=True, slots=True)
class MatchedFault:
    """A fault that a request gets.

    `turn` is the ordinal of this request among those that the fault matches (from 1); `left` is the rest of the quota's
    window (ms).
    """

    number: int
    fault: Fault
    turn: int
    left: int = 0


class FaultRegistry:
    """The declared faults, oldest first. Thread-safe.

    `entries` may be read without the lock: it is replaced as a whole. `seed` is the namespace's.
    """

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self._count = 0
        self._watchers: tuple[Watcher, ...] = ()
        self.entries: tuple[ActiveFault, ...] = ()

    def add(self, fault: Fault, place: str = "") -> ActiveFault:
        """Add a fault; `place` is where it was declared."""
        with self._lock:
            self._count += 1
            entry = ActiveFault(self._count, fault, place=place)
            self.entries = (*self.entries, entry)
        self._notify()
        return entry

    def remove(self, number: int) -> None:
        """Remove the fault with this number, if it is still there."""
        with self._lock:
            self.entries = tuple(entry for entry in self.entries if entry.number != number)
        self._notify()

    def get(self, number: int) -> ActiveFault:
        """The fault with this number. Raises InputError if there is none."""
        match = next((entry for entry in self.entries if entry.number == number), None)
        if match is None:
            raise InputError(f"there is no fault {number}")
        return match

    def clear(self) -> None:
        """Remove all faults; numbers begin at 1 again."""
        with self._lock:
            removed, self.entries = self.entries, ()
            self._count = 0
        if removed:
            self._notify()

    def take(self, operation: str, values: Callable[[], Mapping[str, str]], now: int) -> MatchedFault | None:
        """The oldest fault that applies to a request of this operation, counted as served; None if none applies.

        `values` gives the request's parameters; it is only called if they matter.
        """
        with self._lock:
            for entry in self.entries:
                if _matches(entry.fault, operation, values, now) and (matched_fault := self._try_to_serve(entry, now)):
                    return matched_fault
        return None

    def _try_to_serve(self, entry: ActiveFault, now: int) -> MatchedFault | None:
        fault = entry.fault
        if fault.times is not None and entry.served >= fault.times:
            return None
        left = 0
        if fault.quota:
            left = _milliseconds_until_quota(entry, fault.quota.limit, fault.quota.per, now)
            if not left:
                return None
        entry.matched += 1
        if entry.matched <= fault.after:
            return None
        if fault.share is not None and fraction("share", self._seed, entry.number, entry.matched) >= fault.share:
            return None
        entry.served += 1
        return MatchedFault(entry.number, fault, entry.matched, left)

    def release(self, matched_fault: MatchedFault) -> None:
        """Take a match back: the request never came as far as its fault."""
        with self._lock:
            for entry in self.entries:
                if entry.number == matched_fault.number:
                    entry.matched -= 1
                    entry.served -= 1

    def listening(self, kind: str, now: int) -> ActiveFault | None:
        """The oldest fault of the port, of this kind, that applies now."""
        return next((entry for entry in self.entries if entry.fault.fault == kind and entry.fault.open_at(now)), None)

    def count(self, entry: ActiveFault) -> None:
        """Count a fault of the port as served."""
        with self._lock:
            entry.served += 1

    def has_listener_faults(self) -> bool:
        """True if any fault is about the port."""
        return any(entry.fault.listener for entry in self.entries)

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` after each change, in the thread that made the change."""
        with self._lock:
            self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Stop calling `watcher`."""
        with self._lock:
            self._watchers = tuple(other for other in self._watchers if other != watcher)

    def _notify(self) -> None:
        for watcher in self._watchers:
            watcher()


def _matches(fault: Fault, operation: str, values: Callable[[], Mapping[str, str]], now: int) -> bool:
    if operation not in fault.operations or fault.listener or not fault.open_at(now):
        return False
    return not fault.match or _contains(values(), fault.match.items())


def _contains(values: Mapping[str, str], required: Iterable[tuple[str, str]]) -> bool:
    return all(values.get(name) == value for name, value in required)


def _milliseconds_until_quota(entry: ActiveFault, limit: int, per: int, now: int) -> int:
    """Milliseconds to the end of the window if its calls are used up; 0 for a call that passes.

    A window begins with the first call after the last window ended; the vendors don't say what kind of windows they use.
    """
    if entry.began is None or not entry.began <= now < entry.began + per:
        entry.began, entry.passed = now, 0
    if entry.passed < limit:
        entry.passed += 1
        return 0
    return entry.began + per - now
