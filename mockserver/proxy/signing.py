"""Signs requests again with the user's own keys: only documented ones, and only from callers on this machine."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from ..contract.sending import Sign
from ..contract.target import is_loopback
from ..definitions import Definitions
from ..errors import InputError, did_you_mean
from ..model import Request
from .upstream_failures import ProxyError


class Resigner:
    """Signs requests again that a caller has signed for the proxy's host.

    Args:
        sign: Gives the headers that prove who sends a request.
        definitions: The documented operations.
        allowed: Methods, and ids of operations, that may be signed, beside GET.
        hosts: Names under which callers may reach the proxy, beside those of this machine.

    Raises:
        InputError: For a name in `allowed` that is neither a documented operation nor the method of one.
    """

    def __init__(self, sign: Sign, definitions: Definitions, allowed: Collection[str], hosts: Collection[str]) -> None:
        known_names = {name for operation in definitions.operations for name in (operation.id, operation.method)}
        for name in allowed:
            if name not in known_names:
                raise InputError(
                    f"--resign-allow: no documented operation is called {name!r}, or has that method"
                    f"{did_you_mean(name, known_names)}; known: {', '.join(sorted(known_names))}"
                )
        self._sign, self._definitions = sign, definitions
        self._allowed = {"GET", *allowed}
        self._hosts = {host.lower() for host in hosts if not is_loopback(host)}

    def check(self, request: Request) -> None:
        """Raise ProxyError for a request that must not be signed: from another site's page, or undocumented."""
        headers = request.headers
        for name in ("host", "origin"):
            if name in headers and not self._is_allowed_host(headers[name] if name == "origin" else f"//{headers[name]}"):
                other_hosts = "".join(f", {host}" for host in sorted(self._hosts))
                allowed = f"localhost, 127.0.0.1, [::1]{other_hosts}; --allow-host NAME adds one"
                raise _refused(f"its {name.capitalize()} is {headers[name][:80]!r}; allowed: {allowed}")
        operation = self._definitions.operation_at(request.method, request.path)
        if operation is None:
            raise _refused("no document has it")
        if not {operation.id, operation.method} & self._allowed:
            allowed = f"{', '.join(sorted(self._allowed))}; --resign-allow {operation.id} allows it"
            raise _refused(f"{operation.id} is a {operation.method}; allowed: {allowed}")

    def sign(self, request: Request) -> dict[str, str]:
        """The headers that sign an outgoing request, by lower-case names. Raises ProxyError."""
        try:
            return {name.lower(): value for name, value in self._sign(request).items()}
        except InputError as error:
            raise ProxyError(502, "Can't sign", f"the request can't be signed again: {error}") from None

    def _is_allowed_host(self, url: str) -> bool:
        try:
            name = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return False
        return is_loopback(name) or name in self._hosts


def _refused(reason: str) -> ProxyError:
    return ProxyError(403, "Not signed", f"the request is not signed again: {reason}")
