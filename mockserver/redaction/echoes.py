"""Secrets that come back: hidden in all their forms, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from . import redact

IN_ALL_FORMS = 32
"""How many secrets of one exchange are looked for in all their forms; more of them only as whole words, as they are."""

_HEXADECIMAL = re.compile(r"[0-9a-fA-F-]{16,}")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_WORDS = {"", "true", "false", "null", redact.HIDDEN}  # no secrets, whatever stands there
_WORD = re.compile(r"[^\s\"'&;,<>\\]+")
_SHORT = 8


def mask(secret: str) -> str:
    """What stands for a secret inside a body: as long as it is, and of the characters that ids may have if it was."""
    if _HEXADECIMAL.fullmatch(secret):
        return re.sub("[^-]", "0", secret)
    size = len(secret.encode("utf-8", "surrogatepass"))
    word, rest = ("redacted", "x") if _PLAIN.fullmatch(secret) else (redact.HIDDEN, "*")
    return word.ljust(size, rest) if size >= len(word) else rest * size


class Echoes:
    """Hides these secrets in any text, and whatever is named like a secret there."""

    def __init__(self, secrets: Iterable[str]) -> None:
        allowed = [secret for secret in dict.fromkeys(map(str.strip, secrets)) if secret not in _WORDS]
        allowed = [secret for secret in allowed if secret != mask(secret)]
        forms = {form for secret in allowed[:IN_ALL_FORMS] for form in _forms_of(secret)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._words = frozenset(secret for secret in allowed[IN_ALL_FORMS:] if len(secret) >= 4)

    def hide(self, text: str) -> str:
        """The text without them, and as long as it was."""
        text = redact.text(text, (), mask)
        for form in self._forms:
            if form in text:
                text = _replaced(text, form)
        if self._words:
            text = _WORD.sub(lambda match: mask(match[0]) if match[0] in self._words else match[0], text)
        return text


@lru_cache(maxsize=1_024)
def _forms_of(secret: str) -> tuple[str, ...]:
    return tuple(redact.forms_of(secret))


def _replaced(text: str, form: str) -> str:
    """A short word, such as a test's token `token`, is not a secret inside another word or as the name of a member."""
    if len(form) > _SHORT or not form.isalpha():
        return text.replace(form, mask(form))
    return re.sub(rf'(?<![A-Za-z0-9]){form}(?![A-Za-z0-9])(?!\\*"\s*:)', lambda match: mask(match[0]), text)
