"""Every constraint of a schema has a mark that is true of it: own, or inherited where the source has such a fact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.definitions import load
from mockserver.definitions.node import node_at
from mockserver.definitions.pointer import join, parts_of
from mockserver.definitions.provenance import provenance_of
from mockserver.definitions.read import read_documents
from mockserver.listing import operations_markdown

ROOT = Path(__file__).parent.parent.parent
CONSTRAINTS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "minItems",
    "maxItems", "uniqueItems", "required", "x-max-bytes",
}  # fmt: skip
LISTED = json.loads((ROOT / "tests/definitions/marks.json").read_text(encoding="utf-8"))
"""Each constraint with its mark; of the inherited ones, that somebody read it in the source."""


def constraints(node: Any, parts: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the constraints of a document stand."""
    if isinstance(node, list):
        for index, child in enumerate(node):
            yield from constraints(child, (*parts, str(index)))
    if isinstance(node, dict):
        schema = "properties" not in parts[-1:] and not {"name", "in"} <= set(node)
        for key, child in node.items():
            if (
                key in CONSTRAINTS
                and schema
                and not isinstance(child, dict | bool)
                and (key != "required" or isinstance(child, list))
            ):
                yield (*parts, key)
            if key not in (
                "value",
                "example",
                "examples",
                "default",
                "const",
                "enum",
                "x-provenance-of",
                "x-contradictions",
            ):
                yield from constraints(child, (*parts, key))


def marks(name: str) -> dict[str, str]:
    """The mark of each constraint of a document: its kind and source, and whether it is inherited."""
    documents = read_documents()  # operations that are like another one say only what is their own
    result = {}
    for parts in constraints(documents[name]):
        place = node_at(documents, name, parts)
        around = node_at(documents, name, parts[:-1]).value
        own = parts[-1] in around.get("x-provenance-of", {}) or "x-provenance" in around
        provenance = provenance_of(place)
        mark = f"{provenance.kind} {provenance.source or ''}".strip()
        result[join(*parts)] = mark if own else f"{mark}, inherited"
    return result


@pytest.mark.parametrize("name", sorted(load().documents))
def test_each_constraint_is_listed_with_its_mark(name: str) -> None:
    """A new constraint, or another mark, must be written into marks.json by somebody who looked at the source.

    An inherited `documented` is refused unless it is listed: it says that the source has this very fact.
    """
    assert marks(name) == LISTED.get(name, {}), "look at the source, mark the keyword (x-provenance-of), then list it"


def test_what_no_document_has_is_not_marked_as_documented() -> None:
    """The audit's findings: limits and patterns that the mock chose are warnings of the kit, not errors."""
    invented = {
        "huaweicloud/cdm.json": ["/components/schemas/Submission/properties/submission-id/minimum"],
        "huaweicloud/dataartsstudio.json": ["/components/schemas/Row/required", "/components/schemas/InstanceBody/required"],
        "huaweicloud/tics.json": ["/components/schemas/TicsJobInstanceVo/properties/end_time/pattern"],
        "enos/batch-processing.json": ["/components/schemas/TaskInstance/required"],
        "enos/apim-token.json": ["/components/schemas/TokenRequest/properties/appKey/pattern"],
    }
    documents = load().documents
    for name, pointers in invented.items():
        for pointer in pointers:
            assert provenance_of(node_at(documents, name, parts_of(pointer))).kind == "invented", pointer
    required = node_at(documents, "huaweicloud/cdm.json", ("components", "schemas", "CdmError", "required"))
    assert provenance_of(required).kind == "analogous"


def test_magic_ids_are_listed_in_the_form_that_works() -> None:
    """TICS takes no `-`."""
    assert "Magic ids (`mock_error_NAME (with _ for each -)`) go into league_id." in operations_markdown(load())
