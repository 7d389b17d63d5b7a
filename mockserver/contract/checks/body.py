"""The body as text: there, in UTF-8, JSON."""

from __future__ import annotations

from typing import Any

from ...definitions import ResponseSpec
from ...errors import shortened
from ...exchanges.json_path import MISSING, parsed
from ...model import Response
from ..findings import Finding, finding


def read_body(response: Response, answers: ResponseSpec | None) -> tuple[Any, list[Finding]]:
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
    try:
        value = parsed(text)
    except (ValueError, RecursionError) as error:
        why = shortened(text.lstrip("\ufeff").strip(), 60)
        return MISSING, [finding("body-not-json", "body", "", f"{error}: {why}", "JSON", source)]
    return value, []
