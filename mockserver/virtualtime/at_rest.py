"""What a thread does that waits by no means that virtual time knows: the kernel says it, at that very moment.

On Linux `/proc/self/task/ID/syscall` shows the system call that a thread is blocked in, and "running" for one that runs,
or could: there is no moment to wait for. A thread that waits for the interpreter's own lock (the GIL) could run, too; it
waits at an address within the interpreter's data. Elsewhere a thread is at rest whose Python frame hasn't moved on for a
twentieth of a second, which is less exact.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import select
import stat
import sys
import threading
from enum import Enum
from pathlib import Path

from .. import real_time as real
from .system_calls import SystemCalls

_NUMBERS: dict[str, tuple[str, str, frozenset[str], frozenset[str]]] = {
    "x86_64": ("202", "0", frozenset({"35", "230"}), frozenset({"7", "23", "232", "270", "271", "281"})),
    "aarch64": ("98", "63", frozenset({"101", "115"}), frozenset({"22", "72", "73"})),
}
"""By machine: the numbers of futex, of read, of nanosleep and clock_nanosleep, of poll, select, epoll_wait and their kin."""
FUTEX, READ, SLEEPS, POLLS = _NUMBERS.get(platform.machine(), ("", "", frozenset[str](), frozenset[str]()))
_WAIT_BITSET, _COMMAND = 9, 0x7F
_POLL = select.poll
_INTERPRETER_BYTES = 4 << 20
_SETTLED_SECONDS = 0.05
_SWITCHES = re.compile(r"^voluntary_ctxt_switches:\s*(\d+)", re.MULTILINE)


class State(Enum):
    """What a thread does that is not registered as waiting."""

    RUNS = "runs, or waits for something outside of this process: it holds time up"
    """It runs, could run, or waits for something outside of this process: time stands still."""
    RESTS = "waits for another thread"
    """It waits, without a time limit, for another thread; or as it did before the block began."""
    TIMED_LOCK = "lock.acquire(timeout=...)"
    """It waits for a lock with a timeout that nobody drives."""
    C_SLEEP = "a sleep in C"
    """It sleeps in C."""
    POLLS = "waits for files in C"
    """It waits for files in C, such as trio's event loop."""


class ThreadStates:
    """What threads do. Made when a block of virtual time begins: what waits in the same call since then is at rest.

    Args:
        driver: The thread that begins the block; what it waits in is its own doing.
    """

    def __init__(self, driver: threading.Thread) -> None:
        self._calls = SystemCalls()
        self._exact = FUTEX != "" and self._calls.of(threading.get_native_id()) is not None
        self._runtime = _address_of_runtime() if self._exact else 0
        self._frames: dict[int, tuple[int, int, float]] = {}
        self._waits: dict[threading.Thread, tuple[str, float]] = {}
        others = [thread for thread in threading.enumerate() if thread is not driver]
        self._at_start = {thread: self._calls.of(thread.native_id) for thread in others} if self._exact else {}

    def close(self) -> None:
        """Look no more."""
        self._calls.close()

    def of(self, thread: threading.Thread) -> State:
        """What this thread does now."""
        if thread.native_id is None:  # it is about to begin
            return State.RUNS
        if not self._exact:
            return self._by_frame(thread)
        call = self._calls.of(thread.native_id)
        if call is None:
            return State.RESTS  # it has just ended
        if call == self._at_start.get(thread, ""):
            return State.RESTS if call != "running" else State.RUNS
        return self._by_call(call.split())

    def lasts(self, thread: threading.Thread) -> bool:
        """Whether a thread has been in one and the same wait for a twentieth of a second: `time.sleep(0)` isn't long."""
        wait, now = _wait_of(thread.native_id, self._calls.of(thread.native_id)), real.monotonic()
        before = self._waits.get(thread)
        if before is None or before[0] != wait:
            self._waits[thread] = (wait, now)
            return False
        return wait != "" and now - before[1] > _SETTLED_SECONDS

    def waits_begun(self, thread: threading.Thread) -> str:
        """How often a thread has begun to wait in the kernel; "" where nobody can tell."""
        return _wait_of(thread.native_id, "") if self._exact else ""

    def is_computing(self, thread: threading.Thread) -> bool:
        """Whether a thread runs, or waits for the interpreter's lock."""
        call = self._calls.of(thread.native_id) if self._exact else "running"
        return call == "running" or (call is not None and call.split()[0] == FUTEX and self._is_interpreters(call.split()))

    def _is_interpreters(self, call: list[str]) -> bool:
        return 0 <= int(call[1], 16) - self._runtime < _INTERPRETER_BYTES

    def _by_call(self, call: list[str]) -> State:
        if call[0] in SLEEPS:
            return State.C_SLEEP
        if call[0] in POLLS:
            return State.POLLS
        if call[0] == READ:
            return State.RESTS if _is_empty_pipe(int(call[1], 16)) else State.RUNS
        if call[0] != FUTEX or int(call[2], 16) & _COMMAND != _WAIT_BITSET:
            return State.RUNS
        if self._is_interpreters(call):
            return State.RUNS
        return State.RESTS if int(call[4], 16) == 0 else State.TIMED_LOCK

    def _by_frame(self, thread: threading.Thread) -> State:
        frame = sys._current_frames().get(thread.ident or 0)
        if frame is None:
            return State.RESTS
        place = (id(frame), frame.f_lasti)
        seen = self._frames.get(thread.ident or 0)
        if seen is None or seen[:2] != place:
            self._frames[thread.ident or 0] = (*place, real.monotonic())
            return State.RUNS
        return State.RESTS if real.monotonic() - seen[2] > _SETTLED_SECONDS else State.RUNS


def _is_empty_pipe(file: int) -> bool:
    """Whether this is a pipe without a byte, by which another thread, or a child, will speak. Not so standard input."""
    try:
        kind = os.fstat(file).st_mode
    except OSError:
        return False
    poll = _POLL()
    poll.register(file, select.POLLIN)
    return file != 0 and (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)) and not poll.poll(0)


def _wait_of(native_id: int | None, call: str | None) -> str:
    """The system call that a thread is in, and how often it has begun to wait: the same twice, it is one wait."""
    try:
        status = Path(f"/proc/self/task/{native_id}/status").read_text("ascii", "replace")
    except OSError:
        return ""
    return f"{call}; {_SWITCHES.findall(status)}"


def _address_of_runtime() -> int:
    return ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
