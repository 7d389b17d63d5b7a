"""The torture rack's earlier name; it is `mockserver.torture_rack`."""

from __future__ import annotations

from ..torture_rack import Report, torture

__all__ = ["Report", "torture"]
