"""The checks of a body by itself (its schema, its members), done once for each body that is in order."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from ...definitions import Definitions, Operation, ResponseSpec
from ...model import Response
from ..findings import Finding
from .request import REMEMBERED
from .schema import check_schema
from .undeclared import Shapes


class BodyChecks:
    """Judges bodies. Those in order are remembered by their digests, because most polls get the same answer as the last one.

    Not for several threads at a time.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._shapes = Shapes()
        self._in_order: set[tuple[str, int, bytes]] = set()

    def check(self, operation: Operation, response_spec: ResponseSpec, response: Response, body: Any) -> list[Finding]:
        """The findings about a body, whatever was asked and answered before."""
        key = (operation.id, response.status, blake2b(response.body, digest_size=16).digest())
        if key in self._in_order:
            return []
        findings = check_schema(self._definitions, operation, response.status, body) + self._shapes.check(
            response_spec, body
        )
        if not findings:
            if len(self._in_order) >= REMEMBERED:
                self._in_order.clear()
            self._in_order.add(key)
        return findings
