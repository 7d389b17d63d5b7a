"""Secrets out of headers, queries and texts, before anything is kept or printed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote_plus

from .names import is_secret_name, is_secret_parameter
from .scan import Member, ordered, plain, replaced, values

HIDDEN = "[redacted]"
LIMIT = 16 * 1024 * 1024
"""The longest text that is looked through, in characters; of a longer one nothing stays."""

_SECRET_HEADERS = {
    "x-auth-token", "x-subject-token", "x-security-token", "apim-accesstoken", "apim-signature", "cookie", "set-cookie",
    "proxy-authorization",
}  # fmt: skip
_SIGNED = re.compile(r"\b((?:Access|Credential|Signature)[ \t]*=[ \t]*)([^,\s]+)", re.IGNORECASE)
_UNNAMED: Mapping[str, re.Pattern[str]] = {  # secrets that no name announces, each by a hint that its texts have
    "://": re.compile(r"://[^/\s:@\"'\\]*:(?P<login>[^/\s@\"'\\]+)@"),
    "bearer ": re.compile(r"\b[Bb][Ee][Aa][Rr][Ee][Rr] +(?P<scheme>[\w+/=.~-]{8,})"),
    "basic ": re.compile(r"\b[Bb][Aa][Ss][Ii][Cc] +(?P<scheme>[\w+/=.~-]{8,})"),
    "eyj": re.compile(r"(?<![\w-])(?P<jwt>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"),
    "private key-": re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?P<key>[^-]+)"),
}
_HINTS = (  # in lower case; a text with none of them has nothing that could be found
    "pass", "pwd", "psw", "secr", "token", "tokn", "tken", "oken", "tokne", "signature", "sign", "auth", "cred", "cooki",
    "encrypt", "key", "session", "access", "otp", "jwt", "eyj", "ak", "sk", "sig", "pat", "bearer", "basic", "@", "%",
    "\\u00",
)  # fmt: skip
_HINT = re.compile("|".join(map(re.escape, _HINTS)))
_MARKS = (":", "=", "<", *(hint for hint in _UNNAMED if ":" not in hint))
"""What stands after a name, around it, or in what no name announces: paths mostly have none of it."""
REMEMBERED = 8 * 1024
"""The longest text of which it is remembered where its secrets are, in characters."""

_NEVER = ("", "true", "false", "null", "none", HIDDEN)
"""What is not a secret, whatever its name."""

_SHORTEST = 4


def hidden(_secret: str) -> str:
    """What stands in place of a secret."""
    return HIDDEN


def headers(items: Mapping[str, str]) -> dict[str, str]:
    """Headers without credentials; of a signature, its algorithm and the names of the signed headers stay."""
    return {name: header(name, value) for name, value in items.items()}


def header(name: str, value: str) -> str:
    """A header's value without credentials."""
    name = name.lower()
    if name == "authorization":
        return _SIGNED.sub(rf"\1{HIDDEN}", value) if _SIGNED.search(value) else HIDDEN
    return HIDDEN if name in _SECRET_HEADERS or is_secret_parameter(name) else value


def secrets_of(items: Mapping[str, str]) -> list[str]:
    """The secrets in a request's headers, to be taken out of whatever echoes them."""
    matches = [value for name, value in items.items() if name.lower() in _SECRET_HEADERS]
    matches += [match[2] for match in _SIGNED.finditer(items.get("authorization", ""))]
    matches = [secret for secret in matches if len(secret) >= _SHORTEST]
    return matches + [encoded for secret in matches if (encoded := quote(secret, "", errors="replace")) != secret]


def header_secrets(name: str, value: str) -> list[str]:
    """The secrets in one header: the whole value, or its parts where they have names."""
    name = name.lower()
    if name in ("cookie", "set-cookie"):
        first = value.split(";") if name == "cookie" else [value.split(";", 1)[0]]
        return [value, *(part.partition("=")[2].strip() for part in first)]
    if name in ("authorization", "proxy-authorization"):
        parts = [match[2] for match in _SIGNED.finditer(value)]
        scheme, _, rest = value.partition(" ")
        return parts or [rest.strip() or scheme, *_of_basic(scheme, rest)]
    return [] if header(name, value) == value else [value]


def _of_basic(scheme: str, rest: str) -> list[str]:
    if scheme.lower() != "basic":
        return []
    try:
        pair = base64.b64decode(rest.strip(), validate=True).decode()
    except ValueError:
        return []
    return [pair, pair.partition(":")[2]]


def query_secrets(value: str) -> list[str]:
    """The values of parameters that are named like secrets."""
    pairs = (pair.partition("=") for pair in value.split("&"))
    return [unquote_plus(secret) for name, _, secret in pairs if is_secret_parameter(unquote_plus(name))]


def text_secrets(value: str) -> list[str]:
    """The secrets in a body: the values that are named like secrets, and what looks like one in a message."""
    return [plain(member) for member in _secret_values(value)] if len(value) <= LIMIT else []


def query(value: str, secrets: list[str]) -> str:
    """A query without the values of parameters that are named like secrets, and without these secrets."""
    return text("&".join(map(_clean_parameter, value.split("&"))), secrets) if value else value


def _clean_parameter(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    return f"{name}={HIDDEN}" if sign and is_secret_parameter(unquote_plus(name)) else pair


def text(value: str, secrets: Iterable[str], hide: Callable[[str], str] = hidden) -> str:
    """Text without the values that are named like secrets, and without these secrets; `hide` says what stands for them.

    It takes time in proportion to the text; of one longer than `LIMIT` only the length stays.
    """
    if len(value) > LIMIT:
        return f"[redacted: {len(value)} characters, more than are looked through]"
    if _may_hold_secrets(value):
        value = replaced(value, _secret_values(value), lambda member: _hidden_value(member, hide))
    for secret in secrets:
        if secret in value:
            value = value.replace(secret, hide(secret))
    return value


def _may_hold_secrets(value: str) -> bool:
    lowered = value.lower()
    for mark in _MARKS:
        if mark in lowered:
            return _HINT.search(lowered) is not None
    return False


def _secret_values(value: str) -> Sequence[Member]:
    return _remembered_values(value) if len(value) <= REMEMBERED else _found_values(value)


@lru_cache(maxsize=1_024)  # polls ask and answer the same things again and again
def _remembered_values(value: str) -> tuple[Member, ...]:
    return tuple(_found_values(value))


def _found_values(value: str) -> list[Member]:
    if not _may_hold_secrets(value):
        return []
    result = [member for member in values(value, is_secret_name) if member.value.strip().lower() not in _NEVER]
    return ordered([*result, *_unnamed(value)])


def _unnamed(value: str) -> Iterator[Member]:
    lowered = value.lower()
    for hint, pattern in _UNNAMED.items():
        for match in pattern.finditer(value) if hint in lowered else ():
            group = match.lastgroup or ""
            yield Member(group, *match.span(group), match[group])


def _hidden_value(member: Member, hide: Callable[[str], str]) -> str:
    return re.sub(r"\d", "1", member.value) if member.numeric else hide(member.value)  # a number stays one


def forms_of(secret: str) -> list[str]:
    """The forms in which a secret may come back: as it is, URL-encoded once or twice, escaped in JSON, hexadecimal, and
    inside base64, wherever it begins there."""
    if len(secret) < _SHORTEST:
        return []
    raw = secret.encode("utf-8", "surrogatepass")
    once, plus = quote(raw, ""), quote_plus(raw)
    matches = [secret, once, plus, quote(raw), quote(once, ""), raw.hex(), raw.hex().upper()]
    matches += [re.sub("%..", lambda code: code[0].lower(), form) for form in (once, plus)]
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        matches += [escaped, json.dumps(escaped, ensure_ascii=ascii_only)[1:-1], escaped.replace("/", "\\/")]
    for offset in range(3):
        core = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")[(0, 2, 3)[offset] :]
        core = core if (offset + len(raw)) % 3 == 0 else core[:-1]  # the last one also holds bits of what follows
        if len(core) >= 6:
            matches += [core, core.replace("+", "-").replace("/", "_"), quote(core, "")]
    return sorted(set(matches), key=len, reverse=True)
