"""Judges of JSON values that are made when they are first needed: most requests are answered without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .model import Document, Errors

if TYPE_CHECKING:
    from referencing import Registry


class Judges:
    """Makes judges whose schemas may refer to the documents' own."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._registry: Registry[Any] | None = None

    def judge(self, schema: Any) -> Errors:
        """A judge of values by this schema, or by the one that this function puts together."""
        errors: Errors | None = None

        def judged(value: Any) -> Iterator[Any]:
            nonlocal errors
            if errors is None:
                errors = self._errors_of(schema() if callable(schema) else schema)
            return errors(value)

        return judged

    def _errors_of(self, schema: Any) -> Errors:
        from .embedded import errors_of, registry_of  # jsonschema takes 60 ms

        if self._registry is None:
            self._registry = registry_of(self._documents)
        return errors_of(schema, self._registry)
