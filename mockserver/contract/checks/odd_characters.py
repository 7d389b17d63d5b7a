"""Characters that look like others, or like nothing: named, so that a finding doesn't show the same text twice."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from ..findings import Finding

_ABOUT_TEXTS = (
    "id-mismatch", "filter-ignored", "project-mismatch", "status-unknown", "value-wrong", "pattern-wrong",
    "identity-changed", "member-undeclared", "error-code-unknown", "header-invalid", "content-type-wrong", "time-impossible",
)  # fmt: skip
"""Codes whose finding quotes the text that is wrong, whole."""

_NAMED = 3
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_ALIKE = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that look like Latin ones."""


def odd_characters(finding: Finding) -> str:
    """What the text of a finding has that can't be seen, or looks like something else, as an addition to it; "" for none."""
    if finding.code not in _ABOUT_TEXTS or finding.found.isascii():
        return ""
    odd = list(dict.fromkeys(_odd(finding.found)))
    if not odd:
        return ""
    more = f" and {len(odd) - _NAMED} more" if len(odd) > _NAMED else ""
    return f" (with {', '.join(map(_character_name, odd[:_NAMED]))}{more})"


def _odd(text: str) -> Iterator[str]:
    decomposed = unicodedata.normalize("NFC", text) != text
    latin = any("a" <= character.lower() <= "z" for character in text)
    for character in text:
        if character.isascii():
            continue
        kind = unicodedata.category(character)
        hidden = kind in ("Cf", "Cc", "Zs", "Zl", "Zp", "Co", "Cn", "Cs") or ord(character) in _FULL_WIDTH
        alike = latin and kind in ("Lu", "Ll") and unicodedata.name(character, "").startswith(_ALIKE)
        if hidden or alike or (decomposed and unicodedata.combining(character)):
            yield character


def _character_name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"
