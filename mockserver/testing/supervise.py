"""Running a poller that may never end: on a driven clock, in a thread of its own that is stopped by force if need be.

Three things stop it: the clock, once the time to give up has passed; the count of its calls; and real time, once it has
neither slept nor asked for so many seconds. The stop comes out of its next sleep as `Stopped`, no `Exception`; its thread
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from ..definitions import Operation
from ..jobs.clock import SECOND, Stopwatch
from ..model import Request, Response
from ..namespace import Namespace
from ..virtualtime import virtual_time
from .grading import ENDLESS, HAMMERED
from .mock_server import MockServer
from .poll_timeline import span
from .stage import Stage

_MANY = 100
_KILL_SECONDS = 3.0
_SWALLOWED = 20
_READ_SECONDS = 0.5
_LEAP_SECONDS = 60.0
_LOOK = 0.05


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


def supervised(double: MockServer, operation: Operation, stage: Stage, wait: Callable[[], Any], limits: Limits) -> Outcome:
    """Run a poller to its end, or to ours. Raises RuntimeError where a clock drives already."""
    return _Watch(double, operation, stage, limits).run(wait)


class _Watch:
    def __init__(self, double: MockServer, operation: Operation, stage: Stage, limits: Limits) -> None:
        self._double, self._operation, self._stage, self._limits = double, operation, stage, limits
        self._began = double.clock.now()
        self._calls = 0
        self._swallowed = 0
        self._stirred = 0
        self._stop: tuple[str, str] | None = None
        self._ended: tuple[str, Any] | None = None
        self._done = threading.Event()
        self._timeout: float | None = None

    def run(self, wait: Callable[[], Any]) -> Outcome:
        """See `supervised`."""
        me = frozenset((threading.main_thread(), threading.current_thread()))
        with ExitStack() as stack:
            stack.enter_context(virtual_time(self._double.clock, self._about_to_sleep, me, watchdog=0))
            stack.enter_context(self._stage.playing())
            stack.enter_context(self._listening())
            stack.enter_context(_quiet(threading, "excepthook"))
            stack.enter_context(_quiet(sys, "unraisablehook"))
            stack.enter_context(self._no_more_connections(me))
            stack.enter_context(self._short_timeouts())
            context = contextvars.copy_context()
            thread = threading.Thread(target=lambda: context.run(self._work, wait), name="poller", daemon=True)
            thread.start()
            try:
                self._supervise(thread)
            except BaseException:  # Ctrl-C: nothing is left running
                self._halt(ENDLESS, "interrupted")
                self._kill(thread)
                raise
            seconds = self._passed()
        if self._stop:
            return Outcome("stopped", *self._stop, seconds)
        assert self._ended is not None
        return Outcome(*self._ended, "", seconds)

    def _work(self, wait: Callable[[], Any]) -> None:
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
        still, stirred = Stopwatch(), -1
        while not self._done.wait(_LOOK) and thread.is_alive() and not self._stop:
            if stirred != self._stirred:
                still, stirred = Stopwatch(), self._stirred
            elif still.seconds() > self._limits.watchdog:
                idle = f"for {self._limits.watchdog:g} s of real time it neither asked nor slept"
                self._halt(ENDLESS, f"{idle} (by time.sleep or asyncio.sleep, called by these names)")
        if self._stop and thread.is_alive():
            self._kill(thread)

    def _kill(self, thread: threading.Thread) -> None:
        self._stage.close_port()
        watch = Stopwatch()
        while thread.is_alive() and watch.seconds() < _KILL_SECONDS:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Stopped))
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

    def _about_to_sleep(self) -> None:
        self._stirred += 1
        self._check_clock()
        self._obey()

    def _obey(self) -> None:
        """Let the stop come out of what the poller calls."""
        if self._stop:
            self._swallowed += 1
            if self._swallowed > _SWALLOWED:
                threading.Event().wait()  # it swallows what stops it: it sleeps for good, in a thread that holds nothing up
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
                self._stage.close_port()
            elif self._calls >= self._limits.max_polls:
                self._halt(ENDLESS, f"it was stopped after {self._calls} calls")
        if response.delivery is not None and response.delivery.fault == "HANG":
            threading.Thread(target=self._hang, args=(self._stirred,), name="mockserver-hang", daemon=True).start()

    @contextmanager
    def _no_more_connections(self, bystanders: frozenset[threading.Thread]) -> Iterator[None]:
        """A poller that is stopped can't connect any more, which stops what never sleeps."""
        name, original = "connect", socket.socket.connect

        def connect(one: socket.socket, address: Any) -> None:
            if self._stop and threading.current_thread() not in bystanders:
                one.close()  # nobody gets to do it after what comes out of here
                self._obey()
            original(one, address)

        before = vars(socket.socket).get(name)
        setattr(socket.socket, name, connect)
        try:
            yield
        finally:
            if before is None:
                delattr(socket.socket, name)  # it was inherited
            else:
                setattr(socket.socket, name, before)

    # A call that hangs: the client's timeout is a real one, and the clock goes on by it

    @contextmanager
    def _short_timeouts(self) -> Iterator[None]:
        """Sockets of clients wait half a second where they would wait longer: what they would wait is remembered."""
        if not self._stage.hangs:
            yield
            return
        name, original = "settimeout", socket.socket.settimeout

        def settimeout(one: socket.socket, value: float | None) -> None:
            theirs = not threading.current_thread().name.startswith("mockserver")
            if theirs:
                self._timeout = value
            original(one, min(value, _READ_SECONDS) if theirs and value else value)

        setattr(socket.socket, name, settimeout)
        try:
            yield
        finally:
            delattr(socket.socket, name)  # it is inherited

    def _hang(self, stirred: int) -> None:
        """Let time pass: by the client's timeout, or, where none is known, until it stirs or has to be stopped."""
        if self._timeout:
            self._double.clock.advance(min(self._timeout, self._limits.give_up))
            return
        watch = Stopwatch()
        watch.pause(_READ_SECONDS)
        while self._stirred == stirred and not self._done.is_set() and not self._stop:
            if self._passed() > self._limits.give_up:
                self._halt(ENDLESS, "one call got no answer, and it has no timeout: it would wait for ever")
            else:
                self._double.clock.advance(_LEAP_SECONDS)
                watch.pause(0.005)


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
