"""Which documents of the project's own the mock of a test serves: those of its marker, else those of the whole run."""

from __future__ import annotations

from typing import Any

import pytest

_OF_THE_RUN = pytest.StashKey[tuple[str, ...]]()
INI = "mockserver_definitions"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini setting that names them."""
    about = "OpenAPI documents of your own that the tests' mocks serve, relative to the ini file"
    parser.addini(INI, about, type="paths", default=[])


def own_documents(node: Any) -> tuple[str, ...]:
    """The documents of a test: what the nearest marker `mockserver` says, else the run's. Raises InputError."""
    for marker in node.iter_markers("mockserver"):
        if "definitions" in marker.kwargs:
            return tuple(map(str, marker.kwargs["definitions"]))
    return documents_of_run(node.config)


def documents_of_run(config: pytest.Config) -> tuple[str, ...]:
    """Those of the ini setting, else of `MOCKSERVER_DEFINITIONS` or `[tool.mockserver]`. Raises InputError."""
    if _OF_THE_RUN not in config.stash:
        from .setting_values import settings_from

        listed = config.getini(INI)
        config.stash[_OF_THE_RUN] = tuple(map(str, listed)) or settings_from({}, folder=config.rootpath).definitions
    return config.stash[_OF_THE_RUN]
