"""Which names mean a secret: of headers, query parameters, members, elements and fields of forms."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = (
    "password", "passwd", "passphrase", "passcode", "secret", "token", "signature", "authorization", "authentication",
    "credential", "cookie", "encryption", "privatekey", "accesskey", "secretkey", "apikey", "appkey", "signingkey",
    "authkey", "sessionid",
)  # fmt: skip
"""A name that ends with one of these, its separators left out, is a secret's."""
_PARTS = frozenset({"pass", "pwd", "psw", "passwd", "ak", "sk", "jwt", "otp", "auth", "authz"})
"""A name whose last part is one of these is a secret's: X-Pass, userPwd."""
_EXACT = frozenset({"access", "pw", "pat", "sign", "sig"})
_MISSPELLED = ("password", "passwd", "secret", "token", "signature", "authorization", "credential", "cookie")
_TAIL = re.compile(r"(?:[_-]?(?:id|value|text|plain|hash|old|new|\d+|s))?\Z")
_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_LEET = str.maketrans("013457@$", "olEastas".lower())
_LONGEST = 256
_PUBLIC_HEADERS = ("access-control-", "sec-", "x-mock-")


def _misspellings(word: str) -> set[str]:
    """The word with a letter left out or two letters swapped."""
    left_out = {word[:at] + word[at + 1 :] for at in range(len(word))}
    return left_out | {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}


_NEAR = frozenset(near for word in _MISSPELLED for near in _misspellings(word)) - {"toke"}


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """Whether what has this name is a secret, wherever it stands: `accessToken`, `X-Auth-Tokn`, `user_pass`, `ak`.

    Of a name longer than 256 characters, its end counts.
    """
    name = name[-_LONGEST:]
    lowered = name.lower()
    bare = re.sub(r"[_.-]", "", lowered)
    if lowered in _EXACT or bare.endswith(_WORDS) or _without_tail(lowered).endswith(_WORDS):
        return True
    last = re.split(r"[_.\-]", _CAMEL.sub(r"\1_\2", name).lower())[-1]
    return last in _PARTS or _is_misspelled(last)


def _without_tail(lowered: str) -> str:
    match = _TAIL.search(lowered)
    return re.sub(r"[_.-]", "", lowered[: match.start()] if match else lowered)


def _is_misspelled(part: str) -> bool:
    plain = part.translate(_LEET)
    return part not in _MISSPELLED and (plain in _NEAR or plain in _MISSPELLED)


@lru_cache(maxsize=4_096)
def is_secret_parameter(name: str) -> bool:
    """Whether a query parameter or a header of this name holds a secret: one that has the word anywhere does, too."""
    lowered = name[-_LONGEST:].lower()
    if lowered.startswith(_PUBLIC_HEADERS):
        return False
    bare = re.sub(r"[_.-]", "", lowered)
    parts = re.split(r"[_.\-]", _CAMEL.sub(r"\1_\2", name[-_LONGEST:]).lower())
    return (
        is_secret_name(name)
        or any(word in bare for word in _WORDS)
        or "cred" in lowered
        or any(part in _PARTS or _is_misspelled(part) for part in parts)
    )
