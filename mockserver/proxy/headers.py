"""What is passed on of a message's headers, and what ends at a proxy.

Source: RFC 9110, section 7.6.1 (Connection and the headers of one hop), 10.1.1 (Expect: the body is here already), 11.7
(Proxy-Authenticate and its kin are between a client and its proxy), 6.6.2 (Trailer: trailers are not passed on).
No Via is added, although 7.6.3 asks for it: gateways that sign or list headers must see what they would see without us.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

Header = tuple[str, str]
"""Name and value as they were sent, each byte a character (Latin-1)."""

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
    """The headers that are passed on, in their order.

    Args:
        headers: All headers of a message.
        keep: Names (in lower case) that stay although they are about one hop: how the body is framed.
    """
    dropped = ((set(tokens(headers, "connection")) - _NEVER_NAMED) | _ONE_HOP) - set(keep)
    return [(name, value) for name, value in headers if name.lower() not in dropped]


def replaced(headers: Sequence[Header], changes: dict[str, str]) -> list[Header]:
    """The headers with new values for some (lower-case) names, where they stood; what is new comes last."""
    left = dict(changes)
    result: list[Header] = []
    for name, value in headers:
        if name.lower() not in changes:
            result.append((name, value))
        elif name.lower() in left:
            result.append((name, left.pop(name.lower())))
    return result + list(left.items())
