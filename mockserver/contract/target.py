"""Where requests go: the URL of a service, split into its parts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ..errors import InputError

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """The URL of a service. `prefix` is the path in front of every request's path, without a slash at its end."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        """Host and port as in the Host header: the scheme's default port is left out."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.authority}"

    @property
    def loopback(self) -> bool:
        """True if it is this machine: then no proxy is used, and the rate isn't limited."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return self.origin + self.prefix


def is_loopback(host: str) -> bool:
    """True if a host's name or address means this machine."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def target_of(url: str) -> TargetUrl:
    """The parts of a URL such as `https://cdm.cn-north-4.myhuaweicloud.com`.

    Raises InputError for anything else. Its text never repeats a part that could be a secret: user information, a query.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise InputError(f"a URL can't be read ({error}); allowed: https://HOST, https://HOST:PORT/PREFIX") from None
    _check_url(parts)
    host = str(parts.hostname)
    return TargetUrl(parts.scheme, host, _DEFAULT_PORTS[parts.scheme] if port is None else port, parts.path.rstrip("/"))


def _check_url(parts: SplitResult) -> None:
    allowed = "allowed: http://HOST, https://HOST, with :PORT and /PREFIX where needed"
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise InputError(f"{parts.scheme or parts.path.partition('@')[0]!r} begins no URL of a service; {allowed}")
    if "@" in parts.netloc:
        raise InputError(f"the URL of {parts.hostname} holds a user or a password: give credentials in the environment")
    if parts.query or parts.fragment:
        raise InputError(f"the URL of {parts.hostname} holds a query or a fragment; {allowed}")
    if not (parts.netloc + parts.path).isascii() or any(char <= " " for char in parts.netloc + parts.path):
        raise InputError(f"the URL of {parts.hostname!r} holds characters that must be encoded; {allowed}")
