"""How documents are read: with their examples accepted, or strictly."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..definitions.strict_mode import ALL


@dataclass(frozen=True)
class Strictness:
    """The contradictions that are read strictly (ids, or `all`). If empty, the documents' own examples are accepted."""

    ids: frozenset[str] = frozenset()

    @property
    def strict(self) -> bool:
        """True if everything is read strictly."""
        return ALL in self.ids

    def accepts(self, contradiction: str | None) -> bool:
        """True if what an example shows is accepted in spite of this contradiction."""
        return contradiction is not None and not self.strict and contradiction not in self.ids

    @property
    def name(self) -> str:
        """The mode in words, for reports."""
        return "strict" if self.strict else "as documented" + (f", strict {', '.join(sorted(self.ids))}" if self.ids else "")


AS_DOCUMENTED = Strictness()
STRICT = Strictness(frozenset({ALL}))


def mode_of(strict: bool | Collection[str]) -> Strictness:
    """The strictness for True, False or a collection of ids."""
    return (STRICT if strict else AS_DOCUMENTED) if isinstance(strict, bool) else Strictness(frozenset(strict))
