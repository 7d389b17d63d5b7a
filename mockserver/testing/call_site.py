"""Finds the place in the user's code that called this package, so that reports can name it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE = str(Path(__file__).parent.parent) + os.sep


def caller() -> str:
    """`file:line` of the nearest caller outside this package; "" if there is none."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            return ""
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def shortened(place: str) -> str:
    """The place, relative to the current folder if it is in it."""
    current_folder = str(Path.cwd()) + os.sep
    return place.removeprefix(current_folder)
