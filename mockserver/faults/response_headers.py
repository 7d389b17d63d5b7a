"""Changes the headers of an answer."""

from __future__ import annotations

from collections.abc import Iterable


def with_headers(headers: Iterable[tuple[str, str]], changes: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers with the changes applied: each one replaces the headers of the same name, or is added."""
    result = list(headers)
    for name, value in changes:
        indexes = [index for index, (other, _) in enumerate(result) if other.lower() == name.lower()]
        if indexes:
            result[indexes[0]] = (name, value)
            result = [header for index, header in enumerate(result) if index not in indexes[1:]]
        else:
            result.append((name, value))
    return tuple(result)
