"""Makes text from outside harmless: characters that are invisible, or that no file may hold, are escaped."""

from __future__ import annotations

import math


def visible(text: str, keep: str = "") -> str:
    r"""The text with its invisible characters (control characters, lone surrogates, direction marks) escaped as `\xNN`.

    The characters in `keep` stay. The result can be encoded as UTF-8, and moves no terminal's cursor.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() or character in keep else _escape(character) for character in text)


def _escape(character: str) -> str:
    short_escape = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if short_escape:
        return short_escape
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cut(text: str, limit: int) -> str:
    """The text, cut to `limit` characters, with the number of characters left out."""
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text) - limit:,} characters more)"


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def lasting(seconds: float) -> str:
    """A duration in words: `0.34 s`, `12 s`, `2 min 5 s`, `3 h`, `2 d 4 h`; at most two units."""
    if not math.isfinite(seconds):
        return "?"
    if abs(seconds) < 10:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    rest, parts = round(abs(seconds)), []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}")
    return ("-" if seconds < 0 else "") + " ".join(parts[:2])
