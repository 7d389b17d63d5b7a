"""Which names mean a secret: names of headers, query parameters, members, elements and form fields."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = (
    "password", "passwd", "passphrase", "passcode", "secret", "token", "signature", "authorization", "authentication",
    "credential", "cookie", "encryption", "privatekey", "accesskey", "secretkey", "apikey", "appkey", "signingkey",
    "authkey", "sessionid",
)  # fmt: skip
"""A name that ends with one of these (separators ignored) is the name of a secret."""
_PARTS = frozenset({"pass", "pwd", "psw", "passwd", "ak", "sk", "jwt", "otp", "auth", "authz"})
"""A name whose last part is one of these is the name of a secret: X-Pass, userPwd."""
_WHOLE_NAMES = frozenset({"access", "pw", "pat", "sign", "sig"})
_MISSPELLED = ("password", "passwd", "secret", "token", "signature", "authorization", "credential", "cookie")
_SUFFIX = re.compile(r"(?:[_-]?(?:id|value|text|plain|hash|old|new|\d+|s))?\Z")
_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_LEET = str.maketrans("013457@$", "olEastas".lower())
_LONGEST = 256
_PUBLIC_HEADERS = ("access-control-", "sec-", "x-mock-")


def _misspellings(word: str) -> set[str]:
    """The word with a letter left out or two letters swapped."""
    left_out = {word[:at] + word[at + 1 :] for at in range(len(word))}
    return left_out | {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}


_ALL_MISSPELLINGS = frozenset(misspelling for word in _MISSPELLED for misspelling in _misspellings(word)) - {"toke"}


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """True if a value with this name is a secret, wherever it stands: `accessToken`, `X-Auth-Tokn`, `user_pass`, `ak`.

    Of a name longer than 256 characters, only the end counts.
    """
    name = name[-_LONGEST:]
    lower_name = name.lower()
    letters = re.sub(r"[_.-]", "", lower_name)
    if lower_name in _WHOLE_NAMES or letters.endswith(_WORDS) or _without_suffix(lower_name).endswith(_WORDS):
        return True
    last_part = re.split(r"[_.\-]", _CAMEL.sub(r"\1_\2", name).lower())[-1]
    return last_part in _PARTS or _is_misspelled(last_part)


def _without_suffix(lower_name: str) -> str:
    match = _SUFFIX.search(lower_name)
    return re.sub(r"[_.-]", "", lower_name[: match.start()] if match else lower_name)


def _is_misspelled(part: str) -> bool:
    without_digits = part.translate(_LEET)
    return part not in _MISSPELLED and (without_digits in _ALL_MISSPELLINGS or without_digits in _MISSPELLED)


@lru_cache(maxsize=4_096)
def is_secret_parameter(name: str) -> bool:
    """True if a query parameter or a header with this name holds a secret: here the word may stand anywhere in the name."""
    lower_name = name[-_LONGEST:].lower()
    if lower_name.startswith(_PUBLIC_HEADERS):
        return False
    letters = re.sub(r"[_.-]", "", lower_name)
    parts = re.split(r"[_.\-]", _CAMEL.sub(r"\1_\2", name[-_LONGEST:]).lower())
    return (
        is_secret_name(name)
        or any(word in letters for word in _WORDS)
        or "cred" in lower_name
        or any(part in _PARTS or _is_misspelled(part) for part in parts)
    )
