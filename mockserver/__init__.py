"""A local mock server for the job-status APIs of cloud data platforms."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from .app import create_app
    from .jobs.clock import Clock
    from .mock import Mock
    from .server.mock_http_server import MockHttpServer
    from .server.mock_http_server import MockHttpServer as ThreadedServer
    from .settings import Settings
    from .testing.mock_server import MockServer
    from .testing.running import running
    from .virtualtime import drive, virtual_time

__all__ = [
    "Clock", "Mock", "MockHttpServer", "MockServer", "Settings", "ThreadedServer", "create_app", "drive", "running",
    "virtual_time",
]  # fmt: skip

_HOMES = {
    "Clock": ".jobs.clock",
    "Mock": ".mock",
    "MockServer": ".testing.mock_server",
    "Settings": ".settings",
    "MockHttpServer": ".server.mock_http_server",
    "ThreadedServer": ".server.mock_http_server",
    "create_app": ".app",
    "drive": ".virtualtime",
    "running": ".testing.running",
    "virtual_time": ".virtualtime",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when first used: `mockserver --help` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mockserver' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name], __name__), name)
