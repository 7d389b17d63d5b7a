"""Waits that can't be driven, and are refused where they begin: it says where."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

from . import engine as engines
from .engine import Patch
from .errors import ADVICE, CannotDrive

_GEVENT = "gevent keeps its timers in C; run this test without gevent"


def refused(original: Callable[..., Any], what: str, advice: str = ADVICE) -> Callable[..., Any]:
    """What raises CannotDrive in the place of a function, as long as time is driven."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        if engines.engine_of_thread() is not None:
            raise CannotDrive.here(what, advice)
        return original(*args, **kwargs)

    return refuse


def patches() -> list[Patch]:
    """Waiting for signals."""
    names = [name for name in ("pause", "sigtimedwait") if hasattr(signal, name)]
    return [(signal, name, refused(getattr(signal, name), f"signal.{name}")) for name in names]


def gevent_patches() -> list[Patch]:
    """Sleeping in gevent."""
    modules: list[Any] = [sys.modules.get("gevent"), sys.modules.get("gevent.hub")]
    return [
        (module, "sleep", refused(module.sleep, "gevent.sleep", _GEVENT)) for module in modules if hasattr(module, "sleep")
    ]
