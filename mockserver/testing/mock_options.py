"""What a test may choose: settings of its own namespace, and of the mock behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError, did_you_mean
from ..setting_values import check_settings
from ..settings import TABLE, Settings

MOCK_SETTINGS = ("definitions", "fixtures", "switches", "tls")
"""Settings that a whole mock has: tests that differ in them get different mocks."""
SERVER_SETTINGS = ("host", "port", "access_log", "control_hosts", "control_token", "tls_cert", "tls_key", "port_file")
"""Settings that a test has no say in."""
REJECT = {"unknown_ids": "reject"}
"""What tests differ in from a server by default: an id that a test didn't declare is a mistake, not a job."""

NAMES = tuple(row.name for row in TABLE if row.name not in SERVER_SETTINGS)


@dataclass(frozen=True)
class MockOptions:
    """A test's choice: `wide` settings of the mock, `own` ones of its namespace, and whether unknown paths are allowed."""

    wide: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    allow_unexpected: bool = False

    def key(self) -> str:
        """The same for choices that one mock can serve."""
        return repr(sorted(self.settings().items()))

    def settings(self) -> dict[str, Any]:
        """The mock-wide settings, in the form of `Settings`."""
        return {name: tuple(value) if isinstance(value, list) else value for name, value in self.wide.items()}


def mock_options(options: Mapping[str, Any], where: str = "@pytest.mark.mockserver") -> MockOptions:
    """The choice that these keywords make. Raises InputError for an unknown one, with the nearest, or a wrong value."""
    allowed = [*NAMES, "allow_unexpected"]
    for name in options:
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise InputError(f"{where} has no {name!r}{hint or '.'} Allowed: {', '.join(allowed)}")
    allow = options.get("allow_unexpected", False)
    if not isinstance(allow, bool):
        raise InputError(f"{where}: allow_unexpected is {allow!r}; allowed: True or False")
    wide = {name: value for name, value in options.items() if name in MOCK_SETTINGS}
    own = {name: _tidy(value) for name, value in options.items() if name not in (*MOCK_SETTINGS, "allow_unexpected")}
    result = MockOptions(wide, {**REJECT, **own}, allow)
    if options:
        try:
            check_settings(Settings(**{**result.settings(), **result.own}))
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    return result


def _tidy(value: Any) -> Any:
    """Lists as Settings have them, and whole numbers where a float is wanted as they are written: `speed=0`."""
    return tuple(value) if isinstance(value, list) else value
