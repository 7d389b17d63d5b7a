"""Where a fact is documented, in words: the vendor's page behind a place in a definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...definitions import Definitions
from ...definitions.pointer import at, parts_of


def title_of(source: str, definitions: Definitions) -> str:
    """The title of the page that `file#pointer` was written from; empty where the document names none."""
    name, _, pointer = source.partition("#")
    document = definitions.documents.get(name)
    if document is None:
        return ""
    key = _nearest(document, parts_of(pointer))
    entry = document.get("x-sources", {}).get(key, {})
    return str(entry.get("title", "")) if isinstance(entry, dict) else ""


def _nearest(document: Any, parts: Sequence[str]) -> str | None:
    """The source of the nearest x-provenance at or around a place."""
    for length in range(len(parts), -1, -1):
        try:
            node = at(document, parts[:length])
        except KeyError:
            continue
        keyword = parts[length] if length == len(parts) - 1 else ""
        own = node.get("x-provenance-of", {}).get(keyword) if isinstance(node, dict) else None
        provenance = own or (node.get("x-provenance") if isinstance(node, dict) else None)
        if isinstance(provenance, dict):
            return provenance.get("source")
    return None
