"""Secrets out, before anything is kept or printed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote_plus

HIDDEN = "[redacted]"
_SECRET_HEADERS = {
    "x-auth-token", "x-subject-token", "x-security-token", "apim-accesstoken", "apim-signature", "cookie", "set-cookie",
    "proxy-authorization",
}  # fmt: skip
_SECRET_HEADER = re.compile(
    r"(?:token|secret|password|signature|api-?key|access-?key|app-?key|credential|cookie|authorization)$"
)
_SIGNED = re.compile(r"(Access|Credential|Signature)=[^,\s]+")
_SIGNED_ECHO = re.compile(r"(Access|Credential|Signature)=[^,\s&;\"'\\<>]+")
_SIGNED_VALUE = re.compile(r"(Access|Credential|Signature)=([^,\s]+)")
_SECRET_NAME = re.compile(
    "token|password|secret|signature|authorization|encryption|app_?key|access_?key|cred", re.IGNORECASE
)
MEMBERS = (
    r"(?i:[\w-]*(?:password|passwd|secret|token|signature|authorization|credential|cookie|encryption"
    r"|(?:private|access|secret|api|app)[_-]?key)(?:[_-]?(?:id|value))?|pwd|ak|sk|access)"
)
"""Names of members whose values are secrets, wherever they stand."""
_LOOSE = re.compile(  # in messages, SQL and addresses
    r"(?i:\b(?:password|passwd|pwd|secret|(?:secret|access|api|app)[_-]?key|[a-z_-]*token|ak|sk)=)"
    r"(?P<value>[^\s&;,\"'\\<>]+)|://[^/\s:@\"'\\]*:(?P<login>[^/\s@\"'\\]+)@|\b(?:Bearer|Basic) +(?P<scheme>[\w+/=.~-]{8,})"
)
_HINTS = (  # in lower case; a text with none of them has nothing that the patterns could find
    "password", "passwd", "pwd", "secret", "token", "signature", "authorization", "credential", "cookie", "encryption",
    "key",
    "access", '"ak', '"sk', "ak=", "sk=", "bearer", "basic", "@",
)  # fmt: skip
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Member:
    """A member found in a text: its name; its value as it stands there, between `start` and `end`; `level` says how deep in
    strings that hold JSON it stands (0: in none), None for a number."""

    name: str
    start: int
    end: int
    value: str
    level: int | None


def hidden(_secret: str) -> str:
    """What stands in place of a secret."""
    return HIDDEN


def headers(values: Mapping[str, str]) -> dict[str, str]:
    """Headers without credentials; of a signature, its algorithm and the names of the signed headers stay."""
    return {name: header(name, value) for name, value in values.items()}


def header(name: str, value: str) -> str:
    """A header's value without credentials."""
    name = name.lower()
    if name == "authorization":
        return _SIGNED.sub(rf"\1={HIDDEN}", value) if _SIGNED.search(value) else HIDDEN
    return HIDDEN if name in _SECRET_HEADERS or _SECRET_HEADER.search(name) else value


def secrets_of(values: Mapping[str, str]) -> list[str]:
    """The secrets in a request's headers, to be taken out of whatever echoes them."""
    found = [value for name, value in values.items() if name.lower() in _SECRET_HEADERS]
    found += [secret for _, secret in _SIGNED_VALUE.findall(values.get("authorization", ""))]
    found = [secret for secret in found if len(secret) >= _SHORTEST]
    return found + [encoded for secret in found if (encoded := quote(secret, "", errors="replace")) != secret]


def header_secrets(name: str, value: str) -> list[str]:
    """The secrets in one header: the whole value, or its parts where they have names."""
    name = name.lower()
    if name in ("cookie", "set-cookie"):
        first = value.split(";") if name == "cookie" else [value.split(";", 1)[0]]
        return [value, *(part.partition("=")[2].strip() for part in first)]
    if name in ("authorization", "proxy-authorization"):
        parts = [secret for _, secret in _SIGNED_VALUE.findall(value)]
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
    return [unquote_plus(secret) for name, _, secret in pairs if _SECRET_NAME.search(name)]


def text_secrets(value: str) -> list[str]:
    """The secrets in a body: the values of members that are named like secrets, and what looks like one in a message."""
    found = [plain(member) for member in members(value, MEMBERS)]
    return found + [match[match.lastgroup or 0] for match in _LOOSE.finditer(value)]


def forms_of(secret: str) -> list[str]:
    """The forms in which a secret may come back: as it is, URL-encoded once or twice, escaped in JSON, hexadecimal, and
    inside base64, wherever it begins there."""
    if len(secret) < _SHORTEST:
        return []
    raw = secret.encode("utf-8", "surrogatepass")
    once, plus = quote(raw, ""), quote_plus(raw)
    found = [secret, once, plus, quote(raw), quote(once, ""), raw.hex(), raw.hex().upper()]
    found += [re.sub("%..", lambda code: code[0].lower(), form) for form in (once, plus)]
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        found += [escaped, json.dumps(escaped, ensure_ascii=ascii_only)[1:-1], escaped.replace("/", "\\/")]
    for offset in range(3):
        core = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")[(0, 2, 3)[offset] :]
        core = core if (offset + len(raw)) % 3 == 0 else core[:-1]  # the last one also holds bits of what follows
        if len(core) >= 6:
            found += [core, core.replace("+", "-").replace("/", "_"), quote(core, "")]
    return sorted(set(found), key=len, reverse=True)


def query(value: str, secrets: list[str]) -> str:
    """A query without the values of parameters that are named like secrets, and without these secrets."""
    return text("&".join(map(_parameter, value.split("&"))), secrets)


def _parameter(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    return f"{name}={HIDDEN}" if sign and _SECRET_NAME.search(name) else pair


def text(value: str, secrets: Iterable[str], hide: Callable[[str], str] = hidden) -> str:
    """Text without the values of secret members of JSON, and without these secrets; `hide` says what stands for them."""
    if _may_hold_secrets(value):
        value = replaced(value, members(value, MEMBERS), lambda member: _hidden_value(member, hide))
        value = _LOOSE.sub(lambda match: _hide_group(match, hide), value)
        value = _SIGNED_ECHO.sub(lambda match: f"{match[1]}={hide(match[0][len(match[1]) + 1 :])}", value)
    for secret in secrets:
        if secret in value:
            value = value.replace(secret, hide(secret))
    return value


def _may_hold_secrets(value: str) -> bool:
    lowered = value.lower()
    return any(hint in lowered for hint in _HINTS)


def _hidden_value(member: Member, hide: Callable[[str], str]) -> str:
    return re.sub(r"\d", "1", member.value) if member.level is None else hide(member.value)  # a number stays one


def _hide_group(match: re.Match[str], hide: Callable[[str], str]) -> str:
    group = match.lastgroup or "value"
    start, end = (at - match.start() for at in match.span(group))
    return match[0][:start] + hide(match[group]) + match[0][end:]


def replaced(value: str, found: Iterable[Member], by: Callable[[Member], str]) -> str:
    """Text in which something else stands for the values of members."""
    parts, at = [], 0
    for member in found:
        parts += [value[at : member.start], by(member)]
        at = member.end
    return "".join([*parts, value[at:]])


_PATTERNS: dict[str, re.Pattern[str]] = {}


def members(value: str, names: str) -> Iterator[Member]:
    """The members whose names match, also those in strings that hold JSON, at any depth; the text need not be whole."""
    pattern = _PATTERNS.get(names) or _PATTERNS.setdefault(names, _member_pattern(names))
    at = 0
    while match := pattern.search(value, at):
        at = match.end()
        if match["number"] is not None:
            yield Member(match["name"], *match.span("number"), match["number"], None)
            continue
        slashes = len(match["quote"])
        at = _closing(value, match.end(), slashes)
        yield Member(match["name"], match.end(), at, value[match.end() : at], (slashes + 1).bit_length() - 1)


def _member_pattern(names: str) -> re.Pattern[str]:
    blank = r"(?:\s|\\+[nrt])*"
    opening = rf'(?<!\\)(?P<quote>\\*)"(?P<name>{names})(?P=quote)"{blank}:{blank}'
    return re.compile(rf'{opening}(?:(?P=quote)"|(?P<number>-?\d+)(?![\d.eE]))')


def _closing(value: str, start: int, slashes: int) -> int:
    """Where the string ends whose quotes have so many backslashes; the end of the text, where it isn't closed."""
    at = value.find('"', start)
    while at >= 0:
        before = at
        while before > start and value[before - 1] == "\\":
            before -= 1
        count = at - before
        if count >= slashes and (count - slashes) // (slashes + 1) % 2 == 0:
            return at - slashes
        at = value.find('"', at + 1)
    return len(value)


def plain(member: Member) -> str:
    """A member's value without the escapes of the strings it stands in; as it is where they are cut."""
    found = member.value
    for _ in range(0 if member.level is None else member.level + 1):
        try:
            found = str(json.loads(f'"{found}"', strict=False))
        except ValueError:
            break
    return found
