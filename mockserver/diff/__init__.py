"""What changed between two definitions, or two recordings, and what each change does to a client that polls."""

from __future__ import annotations

from .change import ABSENT, Change, at_least
from .compare import compare
from .rules import LEVELS, RULES, Rule
from .sources import Source, read_source

__all__ = ["ABSENT", "LEVELS", "RULES", "Change", "Rule", "Source", "at_least", "compare", "read_source"]
