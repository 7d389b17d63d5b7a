"""From what happened to a schema to the rule: the same step is bad in an answer and good in a request, or the reverse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..definitions.node import Node
from .change import Changes
from .rules import RULES
from .schema_notes import Emit

_ANSWER: Mapping[str, str] = {
    "code-added": "error-code-added",
    "code-removed": "error-code-removed",
    "member-added-required": "member-added",
    "members-opened": "additional-members-changed",
    "members-closed": "additional-members-changed",
    "default-changed": "docs-changed",
}
_WIDER = (
    "alternative-added", "code-added", "embedded-json-dropped", "format-widened", "member-became-optional", "members-opened",
    "nullable-added", "pattern-widened", "range-widened", "status-opened", "status-value-added", "type-widened",
    "value-added", "values-opened",
)  # fmt: skip
_NARROWER = (
    "alternative-removed", "code-removed", "embedded-json-declared", "embedded-json-folded", "embedded-json-unfolded",
    "encoding-changed", "format-changed", "format-narrowed", "member-added-required", "member-became-required",
    "member-renamed", "members-closed", "nullable-removed", "pattern-narrowed", "range-narrowed", "status-value-removed",
    "terminal-status-removed",
    "status-value-renamed", "type-changed", "type-narrowed", "unit-changed", "value-removed", "value-renamed",
    "values-closed",
)  # fmt: skip
_FORMS = ("condition-changed", "member-added", "member-removed", "pattern-changed")


def _of_request(prefix: str) -> dict[str, str]:
    return {
        **dict.fromkeys(_WIDER, f"{prefix}-widened"),
        **dict.fromkeys(_NARROWER, f"{prefix}-narrowed"),
        **dict.fromkeys(_FORMS, f"{prefix}-form-changed"),
        "default-changed": f"{prefix}-default-changed",
    }


_PARAMETER = _of_request("parameter")
_REQUEST = {
    **_of_request("request"),
    "member-added": "request-member-added",
    "member-added-required": "request-member-required",
    "member-became-required": "request-member-required",
    "member-became-optional": "request-member-optional",
    "member-removed": "request-member-removed",
    "member-renamed": "request-member-renamed",
}
_TEXT_NAME = re.compile(r"(?:^|_)(?:msg|message)$|Message$")
PAGE_NAME = re.compile(r"^(?:limit|top|count|size|max_?(?:results|keys|items)|(?:page_?size|per_?page))$", re.IGNORECASE)


def answer(changes: Changes, operation: str) -> Emit:
    """Tells what happened to the answer of a success."""

    def emit(kind: str, at: str, places: tuple[Node, Node], old: Any, new: Any, detail: str) -> None:
        code = _row_change(old, new) if kind == "page-rows-changed" else _ANSWER.get(kind, kind)
        changes.add(code, operation, at, places, old, new, detail=detail)

    return emit


def _row_change(old: Any, new: Any) -> str:
    """Fewer rows are a lower limit only where the new recording has a page that was cut short of what was asked for."""
    sides = [side if isinstance(side, dict) else {} for side in (old, new)]
    fewer = sides[1].get("rows", 0) < sides[0].get("rows", 0)
    return "page-size-lowered" if fewer and sides[1].get("cut") else "seen-page-rows-changed"


def error(changes: Changes, operation: str) -> Emit:
    """Tells what happened to the body of an error: what is not harmless is another envelope."""

    def emit(kind: str, at: str, places: tuple[Node, Node], old: Any, new: Any, detail: str) -> None:
        code = _ANSWER.get(kind, kind)
        if kind.startswith("value") and _TEXT_NAME.search(at.rpartition("/")[2]):
            code = "error-message-changed"
        elif code not in RULES:  # rows of a page have no place in an error
            code = "mock-only-changed"
        elif RULES[code].level != "harmless" and not code.startswith(("error-", "seen-")):
            detail, code = f"{code} {detail}".strip(), "error-envelope-changed"
        changes.add(code, operation, at, places, old, new, detail=detail)

    return emit


def header(changes: Changes, operation: str) -> Emit:
    """Tells what happened to a header of an answer."""

    def emit(kind: str, at: str, places: tuple[Node, Node], old: Any, new: Any, detail: str) -> None:
        code = _ANSWER.get(kind, kind)
        if RULES[code].level != "harmless":
            detail, code = f"{code} {detail}".strip(), "header-changed"
        changes.add(code, operation, at, places, old, new, detail=detail)

    return emit


def parameter(changes: Changes, operation: str, name: str) -> Emit:
    """Tells what happened to a parameter; the greatest value of `limit` and its like is the size of a page."""

    def emit(kind: str, at: str, places: tuple[Node, Node], old: Any, new: Any, detail: str) -> None:
        code = _PARAMETER.get(kind, kind)
        if detail == "maximum" and PAGE_NAME.match(name):
            code = "page-size-lowered" if kind == "range-narrowed" else "page-size-raised"
        note = kind if code != kind and not detail else detail
        changes.add(code, operation, at, places, old, new, detail=note)

    return emit


def request(changes: Changes, operation: str) -> Emit:
    """Tells what happened to the body of a request."""

    def emit(kind: str, at: str, places: tuple[Node, Node], old: Any, new: Any, detail: str) -> None:
        code = _REQUEST.get(kind, kind)
        changes.add(code, operation, at, places, old, new, detail=kind if code != kind and not detail else detail)

    return emit
