"""Who may use the control API: a page in a browser must not drive the mock of the developer who visits it.

On a loopback address, every call must name this machine as its Host (against DNS rebinding), and come from no other
origin (against cross-site forms). On any other address the network could call, so a bearer token is required.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from .errors import ControlError
from .settings import Settings

_PUBLIC_PATH = "/health"
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]*)(:\d{1,5})?", re.IGNORECASE)


def check_access(settings: Settings, path: str, headers: Mapping[str, str]) -> None:
    """Refuse a call of somebody who may not use the control API.

    Args:
        settings: The server's: `host`, where it listens; `control_hosts`, more names that pass; `control_token`.
        path: The call's path, without the prefix.
        headers: The request's, by lower-case name.

    Raises:
        ControlError: The call may not pass: 401 without the token, 403 for a foreign Host or Origin.
    """
    _check_origin(settings, headers)
    if settings.control_token or not is_loopback(settings.host):
        if path != _PUBLIC_PATH:  # probes have no token, and health gives nothing away
            _check_token(settings, headers.get("authorization", ""))
    elif "host" in headers:
        name = _host_name(headers["host"])
        if not _is_allowed_name(settings, name):
            raise ControlError(
                "Host not allowed", f"the Host header is {headers['host'][:80]!r}; {_allowed_names(settings)}", 403
            )


def _check_origin(settings: Settings, headers: Mapping[str, str]) -> None:
    origin = headers.get("origin")
    if origin is None:  # no page, or a page's GET, whose answer other origins can't read
        return
    try:
        name = urlsplit(origin).hostname or ""
    except ValueError:
        name = ""
    if not _is_allowed_name(settings, name):
        raise ControlError("Origin not allowed", f"the Origin header is {origin[:80]!r}; {_allowed_names(settings)}", 403)


def _check_token(settings: Settings, authorization: str) -> None:
    if not settings.control_token:
        detail = f"the server listens on {settings.host}, where others reach it; start it with --control-token TOKEN"
        raise ControlError("Token wanted", detail, 401)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), settings.control_token.encode()):
        detail = "send Authorization: Bearer TOKEN, with the token that the server printed at its start (--control-token)"
        raise ControlError("Token wanted", detail, 401)


def _is_allowed_name(settings: Settings, name: str) -> bool:
    names = {settings.host.lower(), *(host.lower() for host in settings.control_hosts)}
    return is_loopback(name) or name in names


def _allowed_names(settings: Settings) -> str:
    more = "".join(f", {host}" for host in dict.fromkeys((settings.host, *settings.control_hosts)) if not is_loopback(host))
    return f"allowed: localhost, 127.0.0.1, [::1]{more}; --control-host NAME adds one"


def _host_name(host: str) -> str:
    """A Host header's name, without the port and brackets; "" for no such header."""
    match = _HOST.fullmatch(host.strip())
    return match[1].strip("[]").lower() if match else ""


def is_loopback(host: str) -> bool:
    """Whether a name or an address can only mean this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
