"""Which headers a proxy passes on, and which end at it.

Source: RFC 9110, sections 7.6.1 (Connection and the headers of one hop), 10.1.1 (Expect: the body has already arrived), 11.7
(Proxy-Authenticate and similar headers are between a client and its proxy), 6.6.2 (Trailer: trailers are not passed on).
No Via is added, although 7.6.3 requires it: gateways that check signed headers must see the same headers as without a proxy.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

Header = tuple[str, str]
"""A header's name and value as sent, with each byte as a character (Latin-1)."""

_ONE_HOP = {
    "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
_NEVER_NAMED = {"content-length", "host"}


def tokens(headers: Sequence[Header], name: str) -> list[str]:
    """The comma-separated members of all headers of this (lower-case) name, in lower case."""
    parts = (part.strip().lower() for key, value in headers if key.lower() == name for part in value.split(","))
    return [part for part in parts if part]


def end_to_end(headers: Sequence[Header], keep: Collection[str] = ()) -> list[Header]:
    """The headers that are passed on, in order.

    Args:
        headers: All headers of a message.
        keep: Names (in lower case) of one-hop headers that stay, such as those for the framing of the body.
    """
    dropped = ((set(tokens(headers, "connection")) - _NEVER_NAMED) | _ONE_HOP) - set(keep)
    return [(name, value) for name, value in headers if name.lower() not in dropped]


def replace_headers(headers: Sequence[Header], changes: dict[str, str]) -> list[Header]:
    """The headers with new values for some (lower-case) names, in their old places; new names come last."""
    remaining = dict(changes)
    result: list[Header] = []
    for name, value in headers:
        if name.lower() not in changes:
            result.append((name, value))
        elif name.lower() in remaining:
            result.append((name, remaining.pop(name.lower())))
    return result + list(remaining.items())
