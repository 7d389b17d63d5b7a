"""Exchanges without secrets and, if asked, without what tells whose they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace

from ..definitions import Definitions, load
from ..exchanges.exchange import Exchange
from ..model import Request, Response
from . import redact
from .content_coding import changed, unpacked
from .echoes import Echoes
from .pseudonyms import Pseudonyms
from .tenant_pseudonymizer import TenantPseudonymizer
from .tenants import Tenants

Clean = Callable[[str], str]
"""Takes out of a text what was taken out of an exchange."""


class Redactor:
    """Takes the secrets out of exchanges: access keys, signatures, tokens, passwords, in whatever form they come back.

    By default also puts pseudonyms of the same form in place of what identifies a tenant: ids of projects, accounts,
    clusters, instances and the like, names of users, IP addresses, e-mail addresses. Names and ids of jobs stay. Bodies keep
    their lengths and fit their schemas as before; compressed ones are unpacked. Thread-safe.

    Args:
        keep_ids: Leave tenants as they are.
        salt: Makes the pseudonyms. By default a new one each time: then those of two redactors differ, and nobody can find
            the values again by trying.
        definitions: Say what identifies a tenant; by default the shipped ones.
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
            # A key, nothing made up: it must not be guessed, and is kept nowhere.
            pseudonyms = Pseudonyms(os.urandom(32) if salt is None else salt)
            self._pseudonymizer = TenantPseudonymizer(definitions, self._tenants, pseudonyms)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters and members that get pseudonyms; none where ids are kept."""
        return () if self._tenants is None else self._tenants.names

    def redact(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets, and without tenants unless they are kept."""
        return self.for_exchange(exchange)[0]

    def for_exchange(self, exchange: Exchange) -> tuple[Exchange, Clean]:
        """The exchange as `redact` returns it, and what cleans any text that quotes it in the same way."""
        exchange = unpacked(exchange)
        hide = Echoes(_secrets(exchange.request, exchange.response)).hide
        clean = _without_secrets(exchange, hide)
        if self._pseudonymizer is None:
            return clean, hide
        with self._lock:
            clean, pseudonymize = self._pseudonymizer.for_exchange(clean)
        return clean, lambda text: pseudonymize(hide(text))


def _without_secrets(exchange: Exchange, hide: Clean) -> Exchange:
    """The exchange without credentials, in whatever form they come back; everything else as it was."""
    request, response = exchange.request, exchange.response
    return replace(
        exchange,
        origin=hide(exchange.origin),
        request=replace(
            request,
            path=hide(request.path),
            query=hide(redact.query(request.query, [])),
            headers={name: hide(redact.header(name, value)) for name, value in request.headers.items()},
            body=changed(request.body, hide),
        ),
        response=replace(
            response,
            headers=tuple((name, hide(redact.header(name, value))) for name, value in response.headers),
            body=changed(response.body, hide),
            problem=hide(response.problem) if response.problem else response.problem,
        ),
    )


def _secrets(request: Request, response: Response) -> list[str]:
    """Every secret that the exchange shows in a place that is known for secrets; those of headers and query first."""
    collected: list[str] = []
    for name, value in (*request.headers.items(), *response.headers):
        collected += redact.header_secrets(name, value)
    collected += redact.query_secrets(request.query)
    for text in (request.path, request.query, *(body.decode("utf-8", "replace") for body in (request.body, response.body))):
        collected += redact.text_secrets(text)
    return collected
