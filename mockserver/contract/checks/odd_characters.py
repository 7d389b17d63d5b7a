"""Names characters that are invisible or look like others, so that a finding never shows two texts that look the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from ..findings import Finding

_CODES_THAT_QUOTE = (
    "id-mismatch", "filter-ignored", "project-mismatch", "status-unknown", "value-wrong", "pattern-wrong",
    "identity-changed", "member-undeclared", "error-code-unknown", "header-invalid", "content-type-wrong", "time-impossible",
)  # fmt: skip
"""Codes whose findings quote the whole wrong text."""

_MOST_NAMED = 3
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_LOOKALIKE_SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that look like Latin ones."""


def odd_characters(finding: Finding) -> str:
    """A note for the finding's text that names its invisible and look-alike characters; "" if it has none."""
    if finding.code not in _CODES_THAT_QUOTE or finding.found.isascii():
        return ""
    characters = list(dict.fromkeys(_find_odd_characters(finding.found)))
    if not characters:
        return ""
    more = f" and {len(characters) - _MOST_NAMED} more" if len(characters) > _MOST_NAMED else ""
    return f" (with {', '.join(map(_character_name, characters[:_MOST_NAMED]))}{more})"


def _find_odd_characters(text: str) -> Iterator[str]:
    is_decomposed = unicodedata.normalize("NFC", text) != text
    has_latin = any("a" <= character.lower() <= "z" for character in text)
    for character in text:
        if character.isascii():
            continue
        category = unicodedata.category(character)
        is_invisible = category in ("Cf", "Cc", "Zs", "Zl", "Zp", "Co", "Cn", "Cs") or ord(character) in _FULL_WIDTH
        looks_latin = (
            has_latin and category in ("Lu", "Ll") and unicodedata.name(character, "").startswith(_LOOKALIKE_SCRIPTS)
        )
        if is_invisible or looks_latin or (is_decomposed and unicodedata.combining(character)):
            yield character


def _character_name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"
