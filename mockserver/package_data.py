"""Where the shipped data is: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `schemas`, `fixtures` or `contracts`. Raises FileNotFoundError where an installation lacks it."""
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"{name}/ is missing from this installation of mockserver, looked in {_PACKAGE}")
