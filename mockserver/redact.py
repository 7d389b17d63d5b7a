"""Secrets out, before anything is kept or printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

HIDDEN = "[redacted]"
_SECRET_HEADERS = {
    "x-auth-token", "x-subject-token", "x-security-token", "apim-accesstoken", "apim-signature", "cookie", "set-cookie",
    "proxy-authorization",
}  # fmt: skip
_SIGNED = re.compile(r"(Access|Credential|Signature)=[^,\s]+")
_SIGNED_VALUE = re.compile(r"(Access|Credential|Signature)=([^,\s]+)")
_SECRET_MEMBERS = re.compile(
    r'("(?:password|accessToken|appKey|appSecret|encryption|refreshToken|apim_refreshtoken|secret|secretKey)"\s*:\s*)'
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)',  # to the end of the text, where it isn't closed
    re.DOTALL,
)
_SECRET_NAME = re.compile("token|password|secret|signature|authorization|encryption|app_?key", re.IGNORECASE)


def headers(values: Mapping[str, str]) -> dict[str, str]:
    """Headers without credentials; of a signature, its algorithm and the names of the signed headers stay."""
    return {name: _header(name.lower(), value) for name, value in values.items()}


def _header(name: str, value: str) -> str:
    if name in _SECRET_HEADERS:
        return HIDDEN
    if name == "authorization":
        return _SIGNED.sub(rf"\1={HIDDEN}", value) if _SIGNED.search(value) else HIDDEN
    return value


def secrets_of(values: Mapping[str, str]) -> list[str]:
    """The secrets in a request's headers, to be taken out of whatever echoes them."""
    found = [value for name, value in values.items() if name.lower() in _SECRET_HEADERS]
    found += [secret for _, secret in _SIGNED_VALUE.findall(values.get("authorization", ""))]
    found = [secret for secret in found if len(secret) >= 4]
    return found + [encoded for secret in found if (encoded := quote(secret, "", errors="replace")) != secret]


def query(value: str, secrets: list[str]) -> str:
    """A query without the values of parameters that are named like secrets, and without these secrets."""
    return text("&".join(map(_parameter, value.split("&"))), secrets)


def _parameter(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    return f"{name}={HIDDEN}" if sign and _SECRET_NAME.search(name) else pair


def text(value: str, secrets: list[str]) -> str:
    """Text without the values of secret members of JSON, and without these secrets."""
    value = _SECRET_MEMBERS.sub(rf'\1"{HIDDEN}"', value)
    for secret in secrets:
        value = value.replace(secret, HIDDEN)
    return value
