"""The title of the vendor's page behind a place in a definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...definitions import Definitions
from ...definitions.pointer import at, parts_of


def title_of(source: str, definitions: Definitions) -> str:
    """The title of the page that the fact at `file#pointer` comes from; "" if the document names none."""
    name, _, pointer = source.partition("#")
    document = definitions.documents.get(name)
    if document is None:
        return ""
    key = _nearest_source(document, parts_of(pointer))
    entry = document.get("x-sources", {}).get(key, {})
    return str(entry.get("title", "")) if isinstance(entry, dict) else ""


def _nearest_source(document: Any, parts: Sequence[str]) -> str | None:
    """The source of the nearest x-provenance at or above a pointer."""
    for length in range(len(parts), -1, -1):
        try:
            node = at(document, parts[:length])
        except KeyError:
            continue
        keyword = parts[length] if length == len(parts) - 1 else ""
        keyword_provenance = node.get("x-provenance-of", {}).get(keyword) if isinstance(node, dict) else None
        provenance = keyword_provenance or (node.get("x-provenance") if isinstance(node, dict) else None)
        if isinstance(provenance, dict):
            return provenance.get("source")
    return None
