"""Where the user's code stands that called into this package: what a declaration says of itself when it turns out wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE = str(Path(__file__).parent.parent) + os.sep


def caller() -> str:
    """`file:line` of the nearest caller outside of this package; empty where there is none."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            return ""
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def shortened(place: str) -> str:
    """A place as people read it: from the folder they are in, where it is below that."""
    here = str(Path.cwd()) + os.sep
    return place.removeprefix(here)
