"""The settings that a test may choose: for its own namespace, and for the mock behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError, did_you_mean
from ..setting_values import check_settings
from ..settings import TABLE, Settings

MOCK_SETTINGS = ("definitions", "fixtures", "switches", "tls")
"""Settings of a whole mock: tests that differ in them get different mocks."""
SERVER_SETTINGS = ("host", "port", "access_log", "control_hosts", "control_token", "tls_cert", "tls_key", "port_file")
"""Settings that a test can't choose."""
REJECT = {"unknown_ids": "reject"}
"""The default in tests, unlike in a server: an id that a test didn't declare is a mistake, not a job."""

NAMES = tuple(row.name for row in TABLE if row.name not in SERVER_SETTINGS)


@dataclass(frozen=True)
class MockOptions:
    """The options of a test: settings of the mock and of its namespace, and whether unknown paths are allowed."""

    mock_settings: Mapping[str, Any] = field(default_factory=dict)
    namespace_settings: Mapping[str, Any] = field(default_factory=dict)
    allow_unexpected: bool = False

    def key(self) -> str:
        """Equal for options that one mock can serve."""
        return repr(sorted(self.settings().items()))

    def settings(self) -> dict[str, Any]:
        """The settings of the mock, in the form of `Settings`."""
        return {name: tuple(value) if isinstance(value, list) else value for name, value in self.mock_settings.items()}


def mock_options(options: Mapping[str, Any], where: str = "@pytest.mark.mockserver") -> MockOptions:
    """The options in these keywords. Raises InputError for an unknown one, with the nearest, or for a wrong value."""
    allowed = [*NAMES, "allow_unexpected"]
    for name in options:
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise InputError(f"{where} has no {name!r}{hint or '.'} Allowed: {', '.join(allowed)}")
    allow_unexpected = options.get("allow_unexpected", False)
    if not isinstance(allow_unexpected, bool):
        raise InputError(f"{where}: allow_unexpected is {allow_unexpected!r}; allowed: True or False")
    mock_settings = {name: value for name, value in options.items() if name in MOCK_SETTINGS}
    namespace_settings = {
        name: _as_setting_value(value) for name, value in options.items() if name not in (*MOCK_SETTINGS, "allow_unexpected")
    }
    new_options = MockOptions(mock_settings, {**REJECT, **namespace_settings}, allow_unexpected)
    if options:
        try:
            check_settings(Settings(**{**new_options.settings(), **new_options.namespace_settings}))
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    return new_options


def _as_setting_value(value: Any) -> Any:
    """The value in the form of `Settings`: a tuple for a list."""
    return tuple(value) if isinstance(value, list) else value
