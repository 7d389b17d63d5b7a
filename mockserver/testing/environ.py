"""The environment of a test: the variables that turn SDK code to its mock, set and taken back in one go."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

REGIONS = (
    "ae-ad-1", "af-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "cn-east-2",
    "cn-east-3", "cn-east-4", "cn-east-5", "cn-north-1", "cn-north-11", "cn-north-2", "cn-north-4", "cn-north-9",
    "cn-south-1", "cn-south-2", "cn-south-4", "cn-southwest-2", "cn-southwest-3", "eu-west-101", "la-north-2", "la-south-2",
    "me-east-1", "my-kualalumpur-1", "na-mexico-1", "ru-moscow-1", "ru-northwest-2", "sa-brazil-1", "tr-west-1",
)  # fmt: skip
"""Regions that `with_region` is pointed at the mock for. Source: huaweicloudsdk{cdm,gaussdb,tics,dataartsstudio} 3.1.219."""
SDKS = "HUAWEICLOUD_SDK_"
"""How the names begin that a developer may have set for a real cloud: a project, a token."""


_ENVIRONMENT: Any = os.environb if os.supports_bytes_environ else os.environ
"""The environment as the system has it: a test sets some 130 variables, and to encode each of them costs as much again."""
_native: Callable[[str], Any] = lru_cache(maxsize=1_024)(os.fsencode) if os.supports_bytes_environ else str


def without_proxy(variables: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY with this machine in it, and what these variables have there."""
    here = "127.0.0.1,localhost"
    others = variables.get("NO_PROXY") or variables.get("no_proxy")
    return dict.fromkeys(("NO_PROXY", "no_proxy"), f"{others},{here}" if others else here)


class Environment(dict[str, Mapping[str, str]]):
    """The process's environment as one entry: `monkeypatch.setitem` sets all of it at once, and takes it back.

    `monkeypatch` undoes in reverse order, so that what a test itself sets of these variables is gone before they are.
    Variables that begin with `hide` and aren't set are gone meanwhile.
    """

    def __init__(self, hide: str | tuple[str, ...] = SDKS) -> None:
        super().__init__()
        self._hide = tuple(map(_native, (hide,) if isinstance(hide, str) else hide))
        self._set: dict[Any, Any] = {}
        self._before: dict[Any, Any] = {}

    def __setitem__(self, key: str, variables: Mapping[str, str]) -> None:
        """Set the variables."""
        self._set = {_native(name): _native(value) for name, value in variables.items()}
        self._before = {
            name: _ENVIRONMENT[name] for name in list(_ENVIRONMENT) if name in self._set or name.startswith(self._hide)
        }
        for name in self._before.keys() - self._set.keys():
            del _ENVIRONMENT[name]
        _ENVIRONMENT.update(self._set)
        super().__setitem__(key, variables)

    def __delitem__(self, key: str) -> None:
        """Put everything back as it was."""
        super().__delitem__(key)
        for name in self._set:
            if name not in self._before:
                with suppress(KeyError):  # gone already; to look first would cost as much again
                    del _ENVIRONMENT[name]
        _ENVIRONMENT.update(self._before)
