"""Hides secrets that are echoed, in all their forms, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from . import redact

IN_ALL_FORMS = 32
"""So many secrets of one exchange are looked for in all their forms; further ones only as whole words, unchanged."""

_HEXADECIMAL = re.compile(r"[0-9a-fA-F-]{16,}")
_SAFE_CHARACTERS = re.compile(r"[A-Za-z0-9_-]+")
_NEVER_SECRET = {"", "true", "false", "null", redact.HIDDEN}  # never secrets
_WORD = re.compile(r"[^\s\"'&;,<>\\]+")
_SHORT_WORD = 8


def mask(secret: str) -> str:
    """The replacement of a secret in a body: of the same length, and with characters that ids may have if it had such."""
    if _HEXADECIMAL.fullmatch(secret):
        return re.sub("[^-]", "0", secret)
    size = len(secret.encode("utf-8", "surrogatepass"))
    word, fill = ("redacted", "x") if _SAFE_CHARACTERS.fullmatch(secret) else (redact.HIDDEN, "*")
    return word.ljust(size, fill) if size >= len(word) else fill * size


class Echoes:
    """Hides these secrets in any text, and also every value that is named like a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        distinct_secrets = [secret for secret in dict.fromkeys(map(str.strip, secrets)) if secret not in _NEVER_SECRET]
        distinct_secrets = [secret for secret in distinct_secrets if secret != mask(secret)]
        forms = {form for secret in distinct_secrets[:IN_ALL_FORMS] for form in _forms_of(secret)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._words = frozenset(secret for secret in distinct_secrets[IN_ALL_FORMS:] if len(secret) >= 4)

    def hide(self, text: str) -> str:
        """The text with secrets masked; its length stays the same."""
        text = redact.text(text, (), mask)
        for form in self._forms:
            if form in text:
                text = _mask_form(text, form)
        if self._words:
            text = _WORD.sub(lambda match: mask(match[0]) if match[0] in self._words else match[0], text)
        return text


@lru_cache(maxsize=1_024)
def _forms_of(secret: str) -> tuple[str, ...]:
    return tuple(redact.forms_of(secret))


def _mask_form(text: str, form: str) -> str:
    """Mask a form. A short word, such as a test's token `token`, stays inside other words and as the name of a member."""
    if len(form) > _SHORT_WORD or not form.isalpha():
        return text.replace(form, mask(form))
    return re.sub(rf'(?<![A-Za-z0-9]){form}(?![A-Za-z0-9])(?!\\*"\s*:)', lambda match: mask(match[0]), text)
