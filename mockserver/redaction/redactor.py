"""Takes secrets and, if asked, everything that identifies a tenant out of exchanges."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace

from ..definitions import Definitions, load
from ..exchanges.exchange import Exchange
from ..model import Request, Response
from . import redact
from .content_coding import map_text, with_unpacked_bodies
from .echoes import Echoes
from .pseudonyms import Pseudonyms
from .tenant_pseudonymizer import TenantPseudonymizer
from .tenants import Tenants

Clean = Callable[[str], str]
"""Takes the same secrets and tenants out of a text that were taken out of an exchange."""


class Redactor:
    """Takes the secrets out of exchanges: access keys, signatures, tokens, passwords, in all forms that they are echoed in.

    By default, values that identify a tenant are also replaced by pseudonyms of the same form: ids of projects, accounts,
    clusters, instances and the like, names of users, IP addresses, e-mail addresses. Names and ids of jobs stay. Bodies keep
    their lengths and still fit their schemas; compressed bodies are unpacked. Thread-safe.

    Args:
        keep_ids: Leave the values that identify tenants as they are.
        salt: The key of the pseudonyms. Default: a new random one, so that two redactors give different pseudonyms, and
            nobody can find the values by trying.
        definitions: The definitions that say what identifies a tenant. Default: the shipped ones.
    """

    def __init__(
        self, keep_ids: bool = False, salt: str | bytes | None = None, definitions: Definitions | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._tenants: Tenants | None = None
        self._pseudonymizer: TenantPseudonymizer | None = None
        if not keep_ids:
            definitions = definitions or load()
            self._tenants = Tenants(definitions)
            # Not from `generate.py`: this is a key, which nobody may guess, and which is stored nowhere.
            pseudonyms = Pseudonyms(os.urandom(32) if salt is None else salt)
            self._pseudonymizer = TenantPseudonymizer(definitions, self._tenants, pseudonyms)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters and members that get pseudonyms; empty if ids are kept."""
        return () if self._tenants is None else self._tenants.names

    def redact(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets and, unless ids are kept, without tenants."""
        return self.for_exchange(exchange)[0]

    def for_exchange(self, exchange: Exchange) -> tuple[Exchange, Clean]:
        """The exchange as `redact` returns it, and a function that cleans any text that quotes it in the same way."""
        exchange = with_unpacked_bodies(exchange)
        hide = Echoes(_secrets(exchange.request, exchange.response)).hide
        redacted = _without_secrets(exchange, hide)
        if self._pseudonymizer is None:
            return redacted, hide
        with self._lock:
            redacted, pseudonymize = self._pseudonymizer.for_exchange(redacted)
        return redacted, lambda text: pseudonymize(hide(text))


def _without_secrets(exchange: Exchange, hide: Clean) -> Exchange:
    """The exchange without its secrets, in all forms; everything else stays."""
    request, response = exchange.request, exchange.response
    return replace(
        exchange,
        origin=hide(exchange.origin),
        request=replace(
            request,
            path=hide(request.path),
            query=hide(redact.query(request.query, [])),
            headers={name: hide(redact.header(name, value)) for name, value in request.headers.items()},
            body=map_text(request.body, hide),
        ),
        response=replace(
            response,
            headers=tuple((name, hide(redact.header(name, value))) for name, value in response.headers),
            body=map_text(response.body, hide),
            problem=hide(response.problem) if response.problem else response.problem,
        ),
    )


def _secrets(request: Request, response: Response) -> list[str]:
    """Every secret at a place of the exchange that is known for secrets; those of headers and query first."""
    secrets: list[str] = []
    for name, value in (*request.headers.items(), *response.headers):
        secrets += redact.header_secrets(name, value)
    secrets += redact.query_secrets(request.query)
    for text in (request.path, request.query, *(body.decode("utf-8", "replace") for body in (request.body, response.body))):
        secrets += redact.text_secrets(text)
    return secrets
