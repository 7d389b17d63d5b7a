"""Where a fact in a document comes from: `x-provenance`, here or around it."""

from __future__ import annotations

from dataclasses import dataclass

from .node import Node
from .pointer import at


@dataclass(frozen=True)
class Provenance:
    """Where a fact comes from: `kind` is documented, vendor-sdk, analogous or invented."""

    kind: str
    source: str | None = None
    note: str | None = None


INVENTED = Provenance("invented")


def provenance_of(place: Node) -> Provenance:
    """Where a fact comes from: its own `x-provenance`, or the nearest one around it.

    A keyword of a schema may have one of its own, in `x-provenance-of` beside it.
    """
    keyword = place.parts[-1] if place.parts else ""
    around = at(place.documents[place.name], place.parts[:-1])
    own = around.get("x-provenance-of", {}).get(keyword) if isinstance(around, dict) else None
    return Provenance(**(own or place.inherited("x-provenance") or {"kind": "invented"}))
