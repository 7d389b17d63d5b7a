"""Takes secrets out of headers, queries and texts, before anything is kept or printed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote_plus

from .names import is_secret_name, is_secret_parameter
from .scan import Member, ordered, replace_members, unescaped, values

HIDDEN = "[redacted]"
LIMIT = 16 * 1024 * 1024
"""The longest text that is searched, in characters; nothing is kept of a longer one."""

_SECRET_HEADERS = {
    "x-auth-token", "x-subject-token", "x-security-token", "apim-accesstoken", "apim-signature", "cookie", "set-cookie",
    "proxy-authorization",
}  # fmt: skip
_SIGNATURE_PART = re.compile(r"\b((?:Access|Credential|Signature)[ \t]*=[ \t]*)([^,\s]+)", re.IGNORECASE)
_UNNAMED: Mapping[str, re.Pattern[str]] = {  # secrets without a name; each key is a text that always occurs with them
    "://": re.compile(r"://[^/\s:@\"'\\]*:(?P<login>[^/\s@\"'\\]+)@"),
    "bearer ": re.compile(r"\b[Bb][Ee][Aa][Rr][Ee][Rr] +(?P<scheme>[\w+/=.~-]{8,})"),
    "basic ": re.compile(r"\b[Bb][Aa][Ss][Ii][Cc] +(?P<scheme>[\w+/=.~-]{8,})"),
    "eyj": re.compile(r"(?<![\w-])(?P<jwt>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"),
    "private key-": re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?P<key>[^-]+)"),
}
_HINTS = (  # in lower case; a text without any of them holds no secrets
    "pass", "pwd", "psw", "secr", "token", "tokn", "tken", "oken", "tokne", "signature", "sign", "auth", "cred", "cooki",
    "encrypt", "key", "session", "access", "otp", "jwt", "eyj", "ak", "sk", "sig", "pat", "bearer", "basic", "@", "%",
    "\\u00",
)  # fmt: skip
_HINT = re.compile("|".join(map(re.escape, _HINTS)))
_MARKS = (":", "=", "<", *(hint for hint in _UNNAMED if ":" not in hint))
"""Every secret stands beside one of these: a sign after or around its name, or a hint. Most paths have none of them."""
REMEMBERED = 8 * 1024
"""For texts up to this length (in characters), the positions of their secrets are remembered."""

_NEVER_SECRET = ("", "true", "false", "null", "none", HIDDEN)
"""Values that are never secrets, whatever their names."""

_SHORTEST = 4


def hide_all(_secret: str) -> str:
    """The default replacement of a secret."""
    return HIDDEN


def headers(items: Mapping[str, str]) -> dict[str, str]:
    """The headers without credentials; a signature keeps its algorithm and the names of the signed headers."""
    return {name: header(name, value) for name, value in items.items()}


def header(name: str, value: str) -> str:
    """The value of a header without credentials."""
    name = name.lower()
    if name == "authorization":
        return _SIGNATURE_PART.sub(rf"\1{HIDDEN}", value) if _SIGNATURE_PART.search(value) else HIDDEN
    return HIDDEN if name in _SECRET_HEADERS or is_secret_parameter(name) else value


def secrets_of(items: Mapping[str, str]) -> list[str]:
    """The secrets in a request's headers, to be removed from all texts that echo them."""
    secrets = [value for name, value in items.items() if name.lower() in _SECRET_HEADERS]
    secrets += [match[2] for match in _SIGNATURE_PART.finditer(items.get("authorization", ""))]
    secrets = [secret for secret in secrets if len(secret) >= _SHORTEST]
    return secrets + [encoded for secret in secrets if (encoded := quote(secret, "", errors="replace")) != secret]


def header_secrets(name: str, value: str) -> list[str]:
    """The secrets in one header: the whole value, or its named parts."""
    name = name.lower()
    if name in ("cookie", "set-cookie"):
        pairs = value.split(";") if name == "cookie" else [value.split(";", 1)[0]]
        return [value, *(part.partition("=")[2].strip() for part in pairs)]
    if name in ("authorization", "proxy-authorization"):
        parts = [match[2] for match in _SIGNATURE_PART.finditer(value)]
        scheme, _, rest = value.partition(" ")
        return parts or [rest.strip() or scheme, *_basic_secrets(scheme, rest)]
    return [] if header(name, value) == value else [value]


def _basic_secrets(scheme: str, rest: str) -> list[str]:
    if scheme.lower() != "basic":
        return []
    try:
        pair = base64.b64decode(rest.strip(), validate=True).decode()
    except ValueError:
        return []
    return [pair, pair.partition(":")[2]]


def query_secrets(value: str) -> list[str]:
    """The values of query parameters that are named like secrets."""
    pairs = (pair.partition("=") for pair in value.split("&"))
    return [unquote_plus(text) for name, _, text in pairs if is_secret_parameter(unquote_plus(name))]


def text_secrets(value: str) -> list[str]:
    """The secrets in a text: values that are named like secrets, and parts that look like secrets."""
    return [unescaped(member) for member in _secret_values(value)] if len(value) <= LIMIT else []


def query(value: str, secrets: list[str]) -> str:
    """The query without the values of parameters that are named like secrets, and without these secrets."""
    return text("&".join(map(_clean_parameter, value.split("&"))), secrets) if value else value


def _clean_parameter(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    return f"{name}={HIDDEN}" if sign and is_secret_parameter(unquote_plus(name)) else pair


def text(value: str, secrets: Iterable[str], hide: Callable[[str], str] = hide_all) -> str:
    """The text without the values that are named like secrets, and without these secrets; `hide` gives the replacements.

    It takes time in proportion to the length of the text. Of a text longer than `LIMIT`, only the length is kept.
    """
    if len(value) > LIMIT:
        return f"[redacted: {len(value)} characters, more than are looked through]"
    if _may_hold_secrets(value):
        value = replace_members(value, _secret_values(value), lambda member: _replacement_of(member, hide))
    for secret in secrets:
        if secret in value:
            value = value.replace(secret, hide(secret))
    return value


def _may_hold_secrets(value: str) -> bool:
    lower_text = value.lower()
    for mark in _MARKS:
        if mark in lower_text:
            return _HINT.search(lower_text) is not None
    return False


def _secret_values(value: str) -> Sequence[Member]:
    return _cached_secret_values(value) if len(value) <= REMEMBERED else _find_secret_values(value)


@lru_cache(maxsize=1_024)  # polls repeat the same requests and answers
def _cached_secret_values(value: str) -> tuple[Member, ...]:
    return tuple(_find_secret_values(value))


def _find_secret_values(value: str) -> list[Member]:
    if not _may_hold_secrets(value):
        return []
    named = [member for member in values(value, is_secret_name) if member.value.strip().lower() not in _NEVER_SECRET]
    return ordered([*named, *_unnamed_secrets(value)])


def _unnamed_secrets(value: str) -> Iterator[Member]:
    lower_text = value.lower()
    for hint, pattern in _UNNAMED.items():
        for match in pattern.finditer(value) if hint in lower_text else ():
            group = match.lastgroup or ""
            yield Member(group, *match.span(group), match[group])


def _replacement_of(member: Member, hide: Callable[[str], str]) -> str:
    return re.sub(r"\d", "1", member.value) if member.numeric else hide(member.value)  # a number stays a number


def forms_of(secret: str) -> list[str]:
    """The forms in which a secret may be echoed: as it is, URL-encoded once or twice, escaped in JSON, hexadecimal, and
    inside base64 at any offset."""
    if len(secret) < _SHORTEST:
        return []
    raw = secret.encode("utf-8", "surrogatepass")
    quoted, plus_quoted = quote(raw, ""), quote_plus(raw)
    forms = [secret, quoted, plus_quoted, quote(raw), quote(quoted, ""), raw.hex(), raw.hex().upper()]
    forms += [re.sub("%..", lambda code: code[0].lower(), form) for form in (quoted, plus_quoted)]
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        forms += [escaped, json.dumps(escaped, ensure_ascii=ascii_only)[1:-1], escaped.replace("/", "\\/")]
    for offset in range(3):
        core = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")[(0, 2, 3)[offset] :]
        core = core if (offset + len(raw)) % 3 == 0 else core[:-1]  # its last character also holds bits of what follows
        if len(core) >= 6:
            forms += [core, core.replace("+", "-").replace("/", "_"), quote(core, "")]
    return sorted(set(forms), key=len, reverse=True)
