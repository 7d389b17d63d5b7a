"""How much of a hand-written operation a draft has: its parameters, members and statuses, field by field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..definitions import Operation, load
from ..definitions.compile import compile_documents, json_media
from ..definitions.inlined import inlined
from ..definitions.node import Node
from ..definitions.notes import Notes
from ..definitions.provenance import Provenance, provenance_of
from ..definitions.read import read_users
from ..definitions.styles import types_of
from ..errors import InputError

_DEEPEST = 6


@dataclass(frozen=True)
class Score:
    """`same` are fields that the draft has with the definition's type, `typed` those of another type, `missing` the others;
    `more` is what only the draft has. `sources` says of each field of the definition where it comes from."""

    same: tuple[str, ...]
    typed: tuple[str, ...]
    missing: tuple[str, ...]
    more: tuple[str, ...]
    sources: Mapping[str, str]

    def __str__(self) -> str:
        total = len(self.same) + len(self.typed) + len(self.missing)
        counts = f"{len(self.typed)} of another type, {len(self.missing)} missing, {len(self.more)} more"
        return f"{len(self.same)} of {total} fields, {counts}"

    def lines(self) -> Iterator[str]:
        """The score, then the same for each source of the definition, then the fields that differ."""
        yield str(self)
        same_by_source = Counter(self.sources[name] for name in self.same)
        for source, total in Counter(self.sources.values()).most_common():
            yield f"  {source}: {same_by_source[source]} of {total}"
        for what, names in (("another type", self.typed), ("missing", self.missing), ("only in the draft", self.more)):
            yield from (f"  {what}: {name}{self._source(name)}" for name in sorted(names))

    def _source(self, name: str) -> str:
        return f" ({self.sources[name]})" if name in self.sources else ""


def score(draft: Operation, definition: Operation) -> Score:
    """The draft's operation beside the definition's."""
    draft_fields = {name: kind for name, kind, _ in _fields(draft)}
    definition_fields = list(_fields(definition))
    defined_fields = {name: kind for name, kind, _ in definition_fields}
    same = tuple(name for name, kind in defined_fields.items() if draft_fields.get(name) == kind)
    typed = tuple(name for name, kind in defined_fields.items() if name in draft_fields and draft_fields[name] != kind)
    sources = {name: _label(provenance) for name, _, provenance in reversed(definition_fields)}
    missing, more = tuple(defined_fields.keys() - draft_fields.keys()), tuple(draft_fields.keys() - defined_fields.keys())
    return Score(same, typed, missing, more, sources)


def _label(provenance: Provenance) -> str:
    return f"{provenance.kind}, {provenance.source}" if provenance.source else provenance.kind


def _fields(operation: Operation) -> Iterator[tuple[str, str, Provenance]]:
    for index, parameter in enumerate(operation.parameters):
        required = "required" if parameter.required else "optional"
        place = operation.source / "parameters" / index
        yield f"{parameter.location} {parameter.name}", f"{parameter.type} {required}", provenance_of(place)
    responses = operation.source.members("responses")
    for status, response in responses.items():
        yield f"status {status}", "", provenance_of(response)
    media = json_media(responses["200"].members("content")) if "200" in responses else None
    schema = (responses["200"] / "content" / media).find("schema") if media is not None else None
    if schema is not None:
        yield from _described_members(schema, "answer", 0)


def _described_members(schema: Node, place: str, depth: int) -> Iterator[tuple[str, str, Provenance]]:
    if not isinstance(schema.value, Mapping) or depth > _DEEPEST:
        return
    alternatives = [part for keyword in ("allOf", "anyOf", "oneOf") for part in schema.items(keyword)]
    for branch in (schema, *alternatives):
        if not isinstance(branch.value, Mapping):
            continue
        for name, child in branch.members("properties").items():
            yield f"{place} {name}", _types(child), provenance_of(child)
            yield from _described_members(child, f"{place} {name}", depth + 1)
        items = branch.find("items")
        if items is not None:
            yield from _described_members(items, f"{place} *", depth + 1)


def _types(schema: Node) -> str:
    return " or ".join(sorted(set(types_of(inlined(schema)))))


def draft_score(document: Mapping[str, Any], definition: Path | None) -> Score:
    """A draft beside the operation with its method and path: of a definition, or of the shipped ones.

    Raises InputError where there is none.
    """
    name = "draft.json"
    files = {name: json.loads(json.dumps(document))}
    files[name].setdefault("components", {})
    files[name]["x-service"] = {"name": "draft", "vendor": "draft", "envelope": "draft", "prefixes": []}
    draft = compile_documents(files).operations[0]
    other = compile_documents(read_users(definition, Notes())) if definition else load()
    operation = other.operation_at(draft.method, draft.path)
    if operation is None:
        known = ", ".join(f"{item.method} {item.path}" for item in other.operations[:20])
        raise InputError(f"no operation {draft.method} {draft.path} to compare with; there are: {known}")
    return score(draft, operation)
