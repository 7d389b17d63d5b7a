"""Child processes, whose time is the real one: while one works, or sleeps, virtual time stands still."""

from __future__ import annotations

import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .at_rest import SLEEPS
from .engine import Patch

_WORK = SLEEPS | {"running", "-1"}
"""What a task does that waits for nobody: it sleeps, was about to wait, or waits for a page of memory."""


class Children:
    """The child processes that were started in a block."""

    def __init__(self) -> None:
        self._popens: weakref.WeakSet[subprocess.Popen[Any]] = weakref.WeakSet()

    def busy(self) -> bool:
        """Whether one works or sleeps: not so those that wait for input, or for a connection."""
        return any(_works(pid) for pid in self._pids())

    def _pids(self) -> Iterator[int]:
        for popen in list(self._popens):
            if popen.returncode is None:
                yield popen.pid
        processes: Any = sys.modules.get("multiprocessing.process")
        for process in list(getattr(processes, "_children", ())):
            if process.pid is not None:
                yield process.pid

    def patches(self) -> list[Patch]:
        """What tells of the processes that are started."""
        original = subprocess.Popen.__init__

        def init(popen: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> None:
            original(popen, *args, **kwargs)
            self._popens.add(popen)

        return [(subprocess.Popen, "__init__", init)]


def _works(pid: int) -> bool:
    try:
        return any(_task_works(task) for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return False  # it has ended, or nobody can tell


def _task_works(folder: Path) -> bool:
    try:
        state = (folder / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
        if state != "S":
            return state not in "ZX"
        return (folder / "syscall").read_text("ascii").split()[0] in _WORK
    except OSError:
        return False
