"""Headers of an answer, changed."""

from __future__ import annotations

from collections.abc import Iterable


def with_headers(headers: Iterable[tuple[str, str]], changes: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers with these added, or in the place of those of the same name."""
    result = list(headers)
    for name, value in changes:
        places = [index for index, (other, _) in enumerate(result) if other.lower() == name.lower()]
        if places:
            result[places[0]] = (name, value)
            result = [header for index, header in enumerate(result) if index not in places[1:]]
        else:
            result.append((name, value))
    return tuple(result)
