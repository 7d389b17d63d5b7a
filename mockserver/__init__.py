"""A local mock server for the job-status APIs of cloud data platforms.

The public names: `Mock` (the mock in this process), `MockHttpServer` (on a socket), `running` (both, for a `with` block),
`MockServer` (what tests get), `Client` (of a server in another process), `Settings`, `Clock`, `virtual_time`, `torture`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from .app import create_app as create_app
    from .client import Client as Client
    from .declare_job import DeclaredJob as DeclaredJob
    from .errors import InputError as InputError
    from .faults.declared_fault import DeclaredFault as DeclaredFault
    from .jobs.clock import Clock as Clock
    from .mock import Mock as Mock
    from .server.mock_http_server import MockHttpServer as MockHttpServer
    from .settings import Settings as Settings
    from .testing.contract_fixture import Contract as Contract
    from .testing.mock_server import MockServer as MockServer
    from .testing.running import running as running
    from .torture_rack import HazardRun as HazardRun
    from .torture_rack import torture as torture
    from .virtualtime import drive as drive
    from .virtualtime import virtual_time as virtual_time

__all__ = [
    "Client",
    "Clock",
    "Contract",
    "DeclaredFault",
    "DeclaredJob",
    "HazardRun",
    "InputError",
    "Mock",
    "MockHttpServer",
    "MockServer",
    "Settings",
    "create_app",
    "drive",
    "running",
    "torture",
    "virtual_time",
]  # fmt: skip

_HOMES = {
    "Client": ".client",
    "Clock": ".jobs.clock",
    "Contract": ".testing.contract_fixture",
    "DeclaredFault": ".faults.declared_fault",
    "DeclaredJob": ".declare_job",
    "InputError": ".errors",
    "Mock": ".mock",
    "MockHttpServer": ".server.mock_http_server",
    "MockServer": ".testing.mock_server",
    "HazardRun": ".torture_rack",
    "Settings": ".settings",
    "create_app": ".app",
    "drive": ".virtualtime",
    "running": ".testing.running",
    "torture": ".torture_rack",
    "virtual_time": ".virtualtime",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when first used: `mockserver --help` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mockserver' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    """What a prompt completes: the public names, imported or not."""
    return sorted([*__all__, "__version__"])
