"""The body as text: there, in UTF-8, JSON, and no member twice."""

from __future__ import annotations

import json
from typing import Any

from ..definitions import Answers
from ..model import Response
from .findings import Finding, finding, shortened
from .places import MISSING


def read_body(response: Response, answers: Answers | None) -> tuple[Any, list[Finding]]:
    """The JSON in a body (MISSING where there is none to judge), and what is wrong with its text."""
    source = answers.place if answers else ""
    if not response.body:
        if answers is not None and answers.schema is None:
            return MISSING, []
        return MISSING, [finding("body-empty", "body", "", "no body", "a JSON body", source)]
    try:
        text = response.body.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {response.body[error.start]:#04x} at {error.start}"
        return MISSING, [finding("body-encoding", "body", "", found, "UTF-8", source)]
    doubled: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            doubled.extend(sorted({name for name in names if names.count(name) > 1}))
        return value

    try:
        value = json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError) as error:
        why = shortened(text.lstrip("\ufeff").strip(), 60)
        return MISSING, [finding("body-not-json", "body", "", f"{error}: {why}", "JSON", source)]
    return value, [finding("member-doubled", "body", "", f"{name!r} twice", "each member once", source) for name in doubled]
