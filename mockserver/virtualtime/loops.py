"""Event loops: one is asleep when its selector has nothing for it. Then time may go on to its next timer, whoever set it."""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import engine as engines
from .engine import Engine, Patch
from .errors import CannotDrive, running_loop
from .file_waits import READ, WRITE, Watched, wait_for_files
from .forked import refuse_in_child
from .refused import refused
from .sleeper import nothing

_UVLOOP = (
    "event loops of uvloop keep their timers in C; begin the block before the loop is made (it is a stock loop then), or run"
    " this test on asyncio's own loop"
)


def _driven(original: Callable[..., Any]) -> Callable[..., Any]:
    def driven_select(self: Any, timeout: float | None = None) -> Any:
        engine = engines.engine_of_thread()
        if engine is None or (timeout is not None and timeout <= 0):
            refuse_in_child("an event loop", timeout is not None and timeout > 0)
            return original(self, timeout)
        events = original(self, 0)
        if events:
            return events
        until = None if timeout is None else engine.after(timeout)
        return original(self, wait_for_files(engine, _watched(self), until, "an event loop or selector"))

    return driven_select


def _watched(selector: Any) -> Watched:
    if hasattr(selector, "fileno"):
        return [(selector.fileno(), READ)]
    masks = {selectors.EVENT_READ: READ, selectors.EVENT_WRITE: WRITE, 3: READ | WRITE}
    return [(key.fd, masks[key.events]) for key in selector.get_map().values()]


def patches() -> list[Patch]:
    """What makes event loops, and whoever uses a selector, wait by virtual time."""
    kinds = {getattr(selectors, name, None) for name in ("EpollSelector", "KqueueSelector", "DevpollSelector")}
    kinds |= {selectors.SelectSelector, getattr(selectors, "_PollLikeSelector", None)}
    collected: list[Patch] = [
        (kind, "select", _driven(vars(kind)["select"])) for kind in kinds if kind and "select" in vars(kind)
    ]
    return collected


def uvloop_patches() -> list[Patch]:
    """A loop of uvloop that is made while time is driven is a stock one; one that was made before is refused."""
    uvloop: Any = sys.modules.get("uvloop")
    if uvloop is None:
        return []

    def run(main: Any, *, loop_factory: Any = None, debug: bool | None = None, **more: Any) -> Any:  # noqa: ARG001
        return asyncio.run(main, debug=debug, **more)

    return [
        (uvloop.Loop, "run_forever", refused(uvloop.Loop.run_forever, "an event loop of uvloop", _UVLOOP)),
        (uvloop.Loop, "run_until_complete", refused(uvloop.Loop.run_until_complete, "an event loop of uvloop", _UVLOOP)),
        (uvloop, "new_event_loop", asyncio.SelectorEventLoop),
        (uvloop, "run", run),
    ]


def refuse_running_loop() -> None:
    """Raises CannotDrive where the block begins within a loop that can't be driven."""
    loop = asyncio._get_running_loop()
    if loop is not None and not hasattr(loop, "_selector") and type(loop).__module__.partition(".")[0] == "uvloop":
        raise CannotDrive.here("an event loop of uvloop", _UVLOOP)


def rouse(engine: Engine) -> None:
    """Let loops of other threads, which wait for real since before the block, come and wait by virtual time."""
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and engine.takes_part(thread):
            loop = running_loop(frames.get(thread.ident or 0))
            if loop is not None:
                loop.call_soon_threadsafe(nothing)
