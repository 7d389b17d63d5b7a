"""What can't be driven, said by name and line."""

from __future__ import annotations

import sys
import threading
import traceback
from types import FrameType
from typing import Any

from ..errors import InputError

_INSIDE = ("threading.py", "queue.py", "selectors.py", "subprocess.py", "contextlib.py")


class CannotDrive(BaseException):
    """Somebody waits in a way that virtual time can't drive. No Exception: a poller that swallows those isn't held up by it.

    Attributes:
        where: What waits, and where: "it waits in NAME at FILE:LINE".
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where

    @classmethod
    def of_thread(cls, thread: threading.Thread, what: str) -> CannotDrive:
        """A thread that waits in `what`, by the line of its own code that does."""
        where = f"it waits in {what} at {place_of(sys._current_frames().get(thread.ident or 0))}"
        return cls(f"time can't be driven for the thread {thread.name}: {where}; {ADVICE}", where)

    @classmethod
    def here(cls, what: str, advice: str) -> CannotDrive:
        """The calling thread, which is about to wait in `what`."""
        where = f"it waits in {what} at {place_of(sys._getframe(1))}"
        return cls(f"time can't be driven: {where}; {advice}", where)


class AlreadyDriven(InputError, RuntimeError):
    """Another block drives the time of this process."""


ADVICE = "docs/virtual-time.md has a table of the ways to wait that are driven"


def place_of(frame: FrameType | None) -> str:
    """The file and line of the innermost frame that is neither ours nor the standard library's way of waiting."""
    last = frame
    while frame is not None and _is_inside(frame.f_code.co_filename):
        frame = frame.f_back
    frame = frame or last
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "an unknown place"


def _is_inside(file: str) -> bool:
    slashed = file.replace("\\", "/")
    return "/mockserver/virtualtime/" in slashed or slashed.endswith(_INSIDE) or "/asyncio/" in slashed


def stacks(descriptions: dict[threading.Thread, str]) -> str:
    """Each thread's stack, and each task's of event loops, with what it does."""
    frames = sys._current_frames()
    parts = []
    for thread in threading.enumerate():
        if thread.name.startswith("mockserver"):
            continue
        what = descriptions.get(thread, "lives in real time")
        frame = frames.get(thread.ident or 0)
        stack = "".join(traceback.format_stack(frame)[-12:]) if frame else ""
        parts.append(f"thread {thread.name}: {what}\n{stack}")
    return "\n".join([*parts, *_tasks()])


def _tasks() -> list[str]:
    result = []
    for frame in sys._current_frames().values():
        loop = running_loop(frame)
        for task in sys.modules["asyncio"].all_tasks(loop) if loop is not None else ():
            lines = "".join(traceback.format_list(traceback.StackSummary.extract((f, f.f_lineno) for f in task.get_stack())))
            result.append(f"task {task.get_name()}: {task.get_coro()}\n{lines}")
    return result


def running_loop(frame: FrameType | None) -> Any:
    """The event loop of asyncio's that runs in a thread, which is in this frame; None: no loop."""
    asyncio: Any = sys.modules.get("asyncio")
    while frame is not None and asyncio is not None:
        loop = frame.f_locals.get("self") if frame.f_code.co_name == "run_forever" else None
        if isinstance(loop, asyncio.BaseEventLoop) and not loop.is_closed():
            return loop
        frame = frame.f_back
    return None
