"""The torture rack's earlier name; it is `mockserver.torture`."""

from __future__ import annotations

from ..torture import Report, torture

__all__ = ["Report", "torture"]
