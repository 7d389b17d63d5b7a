"""Running a poller that may never end: in virtual time, in a thread of its own that is stopped by force if need be.

Three things stop it: the clock, once the time to give up has passed; the count of its calls; and real time, once it has
neither waited nor asked for so many seconds. The stop comes out of its next wait as `Stopped`, no `Exception`; its thread
gets the same between two lines of Python; and its connections are closed. What survives even that is left behind asleep.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import inspect
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from .. import real_time
from ..definitions import Operation
from ..jobs.clock import SECOND, Stopwatch
from ..model import Request, Response
from ..namespace import Namespace
from ..testing.mock_server import MockServer
from ..testing.poll_timeline import span
from ..virtualtime import CannotDrive, block_state, virtual_time
from .grading import ENDLESS, HAMMERED, UNDRIVEN
from .scenario import Scenario

_MANY = 100
_KILL_SECONDS = 3.0
_SWALLOWED = 20
_LOOK = 0.02
_STUCK_LOOKS = 3


class Stopped(BaseException):
    """The rack stops the poller. No Exception: `except Exception` lets it pass."""


@dataclass(frozen=True)
class Limits:
    """`give_up` seconds of the clock, `max_polls` calls, `watchdog` real seconds without a sleep or a call."""

    give_up: float
    max_polls: int
    watchdog: float


@dataclass(frozen=True)
class Outcome:
    """How it ended: `how` is returned, raised or stopped; `what` the value, the exception, or the grade of a stop.

    `note` says why it was stopped; `seconds` it took on the clock.
    """

    how: str
    what: Any
    note: str
    seconds: float


def supervised(
    double: MockServer,
    operation: Operation,
    scenario: Scenario,
    wait: Callable[[], Any],
    limits: Limits,
    own_thread: bool = True,
) -> Outcome:
    """Run a poller to its end, or to ours. Raises AlreadyDriven where a clock drives already."""
    return Supervisor(double, operation, scenario, limits).run(wait, own_thread)


class Supervisor:
    """Runs one poller in one scenario."""

    def __init__(self, double: MockServer, operation: Operation, scenario: Scenario, limits: Limits) -> None:
        self._double, self._operation, self._scenario, self._limits = double, operation, scenario, limits
        self._began = double.clock.now()
        self._calls = 0
        self._swallowed = 0
        self._stirred = 0
        self._hangs = False
        self._stop: tuple[str, str] | None = None
        self._ended: tuple[str, Any] | None = None
        self._done = threading.Event()

    def run(self, wait: Callable[[], Any], own_thread: bool = True) -> Outcome:
        """See `supervised`."""
        context = contextvars.copy_context()
        poller = threading.Thread(target=lambda: context.run(self._run_poller, wait), name="poller", daemon=True)
        me = threading.current_thread()
        bystanders = {threading.main_thread(), me} if own_thread else {threading.main_thread()} - {me}
        with suppress(CannotDrive), ExitStack() as stack:  # it is in what is stopped
            stack.enter_context(virtual_time(self._double.clock, self._about_to_wait, bystanders, watchdog=0))
            stack.enter_context(self._scenario.active())
            stack.enter_context(self._listening())
            stack.enter_context(_quiet(threading, "excepthook"))
            stack.enter_context(_quiet(sys, "unraisablehook"))
            stack.enter_context(self._no_more_connections(frozenset(bystanders)))
            if own_thread:
                poller.start()
                self._watch(poller)
            else:
                self._run_here(wait, me)
        return self._outcome_of_poller(self._passed())

    def _outcome_of_poller(self, seconds: float) -> Outcome:
        if self._stop:
            return Outcome("stopped", *self._stop, seconds)
        assert self._ended is not None
        how, what = self._ended
        if isinstance(what, CannotDrive):
            return Outcome("stopped", UNDRIVEN, f"{UNDRIVEN}: {what.where or what}", seconds)
        return Outcome(how, what, "", seconds)

    def _run_here(self, wait: Callable[[], Any], me: threading.Thread) -> None:
        """Run the poller in the caller's thread: what it may be bound to is there."""
        watcher = threading.Thread(target=self._supervise, args=(me,), name="mockserver-supervisor", daemon=True)
        watcher.start()
        try:
            self._run_poller(wait)
            watcher.join()
        except Stopped:
            watcher.join()
        finally:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(me.ident or 0), None)

    def _watch(self, poller: threading.Thread) -> None:
        try:
            self._supervise(poller)
        except BaseException:  # Ctrl-C: nothing is left running
            self._halt(ENDLESS, "interrupted")
            self._kill(poller)
            raise

    def _run_poller(self, wait: Callable[[], Any]) -> None:
        try:
            try:
                self._ended = ("returned", _called(wait))
            except BaseException as error:  # SystemExit and the like are an outcome, too
                self._ended = ("raised", error)
        except Stopped:
            pass
        finally:
            self._done.set()

    def _supervise(self, thread: threading.Thread) -> None:
        still, stirred, stuck = Stopwatch(), -1, 0
        while not self._done.wait(_LOOK) and thread.is_alive() and not self._stop:
            stuck = stuck + 1 if block_state.for_ever() else 0
            if stirred != self._stirred:
                still, stirred = Stopwatch(), self._stirred
            if (error := block_state.error()) is not None:
                self._halt(UNDRIVEN, f"{UNDRIVEN}: {error.where or error}")
            elif stuck >= _STUCK_LOOKS:
                self._halt(ENDLESS, self._stuck(thread))
            elif still.seconds() > self._limits.watchdog:
                self._halt(*self._idle(thread))
        if self._stop and thread.is_alive():
            self._kill(thread)

    def _stuck(self, thread: threading.Thread) -> str:
        if self._hangs:
            return "one call got no answer, and it has no timeout: it would wait for ever"
        return f"it waits for what never comes, without a timeout, at {block_state.place(thread)}"

    def _idle(self, thread: threading.Thread) -> tuple[str, str]:
        """The grade of one that neither waits nor asks: it computes, or it waits by means that nobody drives."""
        idle = f"for {self._limits.watchdog:g} s of real time it neither asked nor waited"
        if block_state.computes(thread):
            return ENDLESS, f"{idle}: it computes, at {block_state.place(thread)}"
        return UNDRIVEN, f"{UNDRIVEN}: it waits in a call outside of virtual time at {block_state.place(thread)} ({idle})"

    def _kill(self, thread: threading.Thread) -> None:
        self._scenario.close_port()
        watch = Stopwatch()
        while thread.is_alive() and watch.seconds() < _KILL_SECONDS:
            if not block_state.takes_lock(thread):
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Stopped))
            block_state.wake(thread)
            if self._done.wait(0.001) or self._swallowed > _SWALLOWED:
                break
        else:
            if thread.is_alive() and self._stop:
                more = "; it swallows everything it is stopped by, and goes on in the background"
                self._stop = (self._stop[0], self._stop[1] + more)

    def _passed(self) -> float:
        return (self._double.clock.now() - self._began) / SECOND

    def _halt(self, grade: str, note: str) -> None:
        if self._stop is None and not self._done.is_set():
            self._stop = (grade, note)

    def _about_to_wait(self) -> None:
        self._stirred += 1
        self._check_clock()
        self._obey()

    def _obey(self) -> None:
        """Let the stop come out of what the poller calls."""
        if self._stop and not self._done.is_set():
            self._swallowed += 1
            if self._swallowed > _SWALLOWED:
                _sleep_for_good()  # it swallows what stops it; its thread holds nothing up
            raise Stopped(self._stop[1])

    def _check_clock(self) -> None:
        if self._passed() > self._limits.give_up:
            self._halt(ENDLESS, f"it was still waiting after {span(round(self._limits.give_up * SECOND))} on the clock")

    @contextmanager
    def _listening(self) -> Iterator[None]:
        mock = self._double.mock
        before = mock.on_answer

        def answered(
            time: int, request: Request, response: Response, operation: Operation | None, namespace: Namespace
        ) -> None:
            if before:
                before(time, request, response, operation, namespace)
            if namespace.name == self._double.namespace:
                self._asked(response, operation)

        mock.on_answer = answered
        try:
            yield
        finally:
            mock.on_answer = before

    def _asked(self, response: Response, operation: Operation | None) -> None:
        self._stirred += 1
        self._check_clock()
        if operation is not None and operation.id == self._operation.id:
            self._calls += 1
            passed = self._passed()
            if self._calls >= _MANY and self._calls > passed:
                self._halt(HAMMERED, f"it asked {self._calls} times within {passed:g} s, and was stopped")
                self._scenario.close_port()
            elif self._calls >= self._limits.max_polls:
                self._halt(ENDLESS, f"it was stopped after {self._calls} calls")
        if operation is not None:
            self._scenario.answered(operation)
        self._hangs = response.delivery is not None and response.delivery.fault == "HANG"

    @contextmanager
    def _no_more_connections(self, bystanders: frozenset[threading.Thread]) -> Iterator[None]:
        """A poller that is stopped can't connect any more, which stops what never sleeps."""
        name, original = "connect", socket.socket.connect

        def connect(item: socket.socket, address: Any) -> None:
            if self._stop and threading.current_thread() not in bystanders:
                item.close()  # nobody gets to do it after what comes out of here
                self._obey()
            original(item, address)

        before = vars(socket.socket).get(name)
        setattr(socket.socket, name, connect)
        try:
            yield
        finally:
            if before is None:
                delattr(socket.socket, name)  # it was inherited
            else:
                setattr(socket.socket, name, before)


def _sleep_for_good() -> None:
    lock = real_time.Lock()
    lock.acquire()
    lock.acquire()


def _called(wait: Callable[[], Any]) -> Any:
    value = wait()
    return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value


async def _awaited(value: Any) -> Any:
    return await value


@contextmanager
def _quiet(owner: Any, name: str) -> Iterator[None]:
    """Let a hook for exceptions that nobody catches say nothing of the poller's threads that are stopped."""
    before = getattr(owner, name)

    def hook(arguments: Any) -> None:
        if not issubclass(arguments.exc_type, Stopped):
            before(arguments)

    setattr(owner, name, hook)
    try:
        yield
    finally:
        setattr(owner, name, before)
